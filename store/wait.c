// Waiting for a commit: a futex on the low half of the version word. The kernel takes it on a
// read-only mapping.
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "store/crash_point.h"
#include "store/slot.h"

static const int64_t SECOND_NS = 1000000000;

// The low 32 bits of the version: what the kernel compares. 2^32 commits between a waiter's look and
// its sleep would be needed to fool it.
static uint32_t *
futex_word(const svari_header_t *header)
{
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half comes first");
  return (uint32_t *)(uintptr_t)&header->version;
}

// The flag is cleared before the change and looked at once more after it. A waiter for what was there
// before sets it early enough to be found by the one or the other; a waiter for what comes next sets it
// after the change, and nothing clears it before the next one.
bool
svari_wake_prepare(svar_store_t *store)
{
  svari_readers_t *readers = store->region->readers;
  return atomic_load_explicit(&readers->waiting, memory_order_relaxed) != 0 &&
         atomic_exchange_explicit(&readers->waiting, 0, memory_order_seq_cst) != 0;
}

void
svari_wake_sleepers(svar_store_t *store)
{
  syscall(SYS_futex, futex_word(store->header), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void
svari_wake(svar_store_t *store, bool has_waiters)
{
  // seq_cst, after the seq_cst store of the change: a waiter that this look misses has not looked at
  // the version yet, and will find the new one.
  if (has_waiters ||
      atomic_load_explicit(&store->region->readers->waiting, memory_order_seq_cst) != 0) {
    svari_wake_sleepers(store);
  }
  svari_watchers_tell(&store->watchers);
}

// For a new holder. A waiter may sleep already, or be about to, with the flag that it set cleared by a
// holder that died before it woke anybody: the next commit must look for it.
void
svari_wake_all(svar_store_t *store)
{
  atomic_store_explicit(&store->region->readers->waiting, 1, memory_order_seq_cst);
  svari_wake(store, true);
}

static int64_t
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

// Sleeps until a wake-up, or the deadline. Returns 0 or an errno.
static int
sleep_on(svar_store_t *store, uint64_t version, int64_t deadline_ns)
{
  svari_pin_rest(store); // of no use any more when this thread wakes up
  atomic_store_explicit(&store->region->readers->waiting, 1, memory_order_seq_cst);
  SVARI_CRASH_POINT("wait.flag_set");
  if (atomic_load_explicit(&store->header->version, memory_order_seq_cst) != version ||
      svari_store_is_retired(store)) {
    return 0;
  }
  struct timespec deadline = {deadline_ns / SECOND_NS, deadline_ns % SECOND_NS};
  long ret = syscall(SYS_futex, futex_word(store->header), FUTEX_WAIT_BITSET, (uint32_t)version,
                     &deadline, NULL, FUTEX_BITSET_MATCH_ANY);
  return ret == 0 || errno == EAGAIN ? 0 : errno;
}

// One sleep of at most a second: files that vanish without a word (logind's RemoveIPC) are noticed in
// between.
svar_ret_t
svari_wait_once(svar_store_t *store, uint64_t version, int64_t deadline_ns)
{
  int64_t now = now_ns();
  if (now >= deadline_ns) {
    return SVAR_TIMEOUT;
  }
  int64_t slice_end = deadline_ns - now > SECOND_NS ? now + SECOND_NS : deadline_ns;
  int error = sleep_on(store, version, slice_end);
  if (error == EINTR) {
    return SVAR_INTERRUPTED;
  }
  if (error == ETIMEDOUT && svari_store_is_gone(store)) {
    return svari_store_fail_stale(store);
  }
  return SVAR_OK;
}

static svar_ret_t
wait_for_version(svar_store_t *store, uint64_t after_version, int64_t timeout_ns,
                 uint64_t *out_version)
{
  int64_t deadline_ns = INT64_MAX;
  if (timeout_ns >= 0 && timeout_ns < INT64_MAX / 2) {
    deadline_ns = now_ns() + timeout_ns;
  }
  for (;;) {
    SVAR_TRY(svari_store_check(store));
    uint64_t version = svar_store_version(store);
    if (version > after_version) {
      if (out_version != NULL) {
        *out_version = version;
      }
      return SVAR_OK;
    }
    if (svari_store_is_retired(store)) {
      return svari_store_fail_stale(store);
    }
    SVAR_TRY(svari_wait_once(store, version, deadline_ns));
  }
}

svar_ret_t
svar_store_wait(svar_store_t *store, uint64_t after_version, int64_t timeout_ns,
                uint64_t *out_version)
{
  SVAR_REQUIRE(store != NULL);
  svari_store_ref(store); // another thread may close the handle meanwhile
  svar_ret_t ret = wait_for_version(store, after_version, timeout_ns, out_version);
  svari_store_unref(store);
  return ret;
}
