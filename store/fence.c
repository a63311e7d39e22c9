#include "store/fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

// Not MEMBARRIER_CMD_GLOBAL_EXPEDITED, which is fast and misses CPUs: docs/design/0001-state-plane.md.

bool
svari_fence_is_available(void)
{
  long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL) != 0;
}

bool
svari_fence_everywhere(void)
{
  return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
}
