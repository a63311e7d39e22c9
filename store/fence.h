// A full fence on every CPU, executed on behalf of readers that execute none.
#ifndef SVARI_STORE_FENCE_H
#define SVARI_STORE_FENCE_H

#include <stdbool.h>

// True if this kernel can do it: not where it runs CPUs without a tick (nohz_full), nor where a sandbox
// forbids membarrier(2).
bool svari_fence_is_available(void);

// Returns true when every CPU has executed a full fence since the call began. Waits for a grace period
// of the kernel's RCU, milliseconds to tens of them.
bool svari_fence_everywhere(void);

#endif
