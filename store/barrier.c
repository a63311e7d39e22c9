#include "store/barrier.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_registered;
static bool is_available;

static long
membarrier(int command)
{
  return syscall(SYS_membarrier, command, 0, 0);
}

static void
probe(void)
{
  long commands = membarrier(MEMBARRIER_CMD_QUERY);
  if (commands < 0) { // an old kernel, or a sandbox that filters the call
    return;
  }
  is_available = (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0;
  is_registered = (commands & MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) != 0 &&
                  membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0;
}

bool
svari_barrier_register(void)
{
  pthread_once(&once, probe);
  return is_registered;
}

bool
svari_barrier_is_available(void)
{
  pthread_once(&once, probe);
  return is_available;
}

void
svari_barrier_issue(void)
{
  // Without membarrier every reader fences its pins (header.fence_required); then this thread's own
  // fence completes the pair.
  atomic_thread_fence(memory_order_seq_cst);
  if (svari_barrier_is_available()) {
    membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
  }
}
