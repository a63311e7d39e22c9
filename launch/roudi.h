// iceoryx's daemon, iox-roudi: whether one runs, and how to start one for messages of components.
#ifndef SVARI_LAUNCH_ROUDI_H
#define SVARI_LAUNCH_ROUDI_H

#include <stdint.h>

#include "launch/plan.h"

SVAR_BEGIN_DECLS

// Tells one RouDi from the next: each makes a socket of its own.
typedef struct svari_roudi_id {
  uint64_t device, inode;
  int64_t changed_s, changed_ns;
} svari_roudi_id_t;
bool svari_roudi_id_equal(const svari_roudi_id_t *a, const svari_roudi_id_t *b);

// Asks whether a RouDi of this machine lives. Takes about 0.1 ms, leaves no trace. One that hangs is
// not told from one that is well. out_id: may be NULL.
// SVAR_ERR_PERMISSION: one runs as another user, who does not let this one in.
svar_ret_t svari_roudi_probe(bool *out_is_running, svari_roudi_id_t *out_id);

// Plans the process that runs RouDi, with its configuration file in directory (written by the caller
// as for every planned process). Everything is allocated in arena.
// SVAR_ERR_NOT_FOUND: iox-roudi is not installed. SVAR_ERR_NO_SPACE: /dev/shm cannot hold its memory,
// all of which it takes at once.
svar_ret_t svari_roudi_plan(svari_arena_t *arena, const char *directory,
                            svari_planned_process_t **out_process);

SVAR_END_DECLS
#endif
