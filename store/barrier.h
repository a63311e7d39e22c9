// The holder's side of the readers' missing fence.
#ifndef SVARI_STORE_BARRIER_H
#define SVARI_STORE_BARRIER_H

#include <stdbool.h>

// Registers this process (once) so that others' barriers reach it. False: its pins need fences.
bool svari_barrier_register(void);
// True if this process can issue barriers that reach registered processes.
bool svari_barrier_is_available(void);
// Every running thread of every registered process executes a full fence before this returns.
void svari_barrier_issue(void);

#endif
