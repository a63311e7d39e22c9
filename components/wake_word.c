// Why a futex and not clock_nanosleep: the kernel sleeps both on the same absolute timer, but a futex
// compares the word and goes to sleep in one step. A signal sent to end a clock_nanosleep is lost when it
// arrives just before the call; a condition variable would bring a mutex into the control loop.
#include "components/wake_word.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "components/monotonic_clock.h"

uint32_t
svari_wake_word_wait(svari_wake_word_t *word, uint32_t value, int64_t deadline_ns)
{
  struct timespec deadline = {.tv_sec = deadline_ns / SVARI_NANOSECONDS,
                              .tv_nsec = deadline_ns % SVARI_NANOSECONDS};
  const struct timespec *until = deadline_ns == SVARI_NO_DEADLINE ? NULL : &deadline;
  // acquire, pairs with svari_wake_word_set(): what was written before the order is seen by who obeys.
  while (atomic_load_explicit(&word->value, memory_order_acquire) == value) {
    long result = syscall(SYS_futex, &word->value, FUTEX_WAIT_BITSET_PRIVATE, value, until, NULL,
                          FUTEX_BITSET_MATCH_ANY);
    if (result != 0 && errno == ETIMEDOUT) {
      break;
    }
  }
  return atomic_load_explicit(&word->value, memory_order_acquire);
}

void
svari_wake_word_set(svari_wake_word_t *word, uint32_t value)
{
  atomic_store_explicit(&word->value, value, memory_order_release);
  syscall(SYS_futex, &word->value, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
