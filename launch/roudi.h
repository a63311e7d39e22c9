// iceoryx's daemon, iox-roudi: whether one runs, and how to start one for messages of components.
#ifndef SVARI_LAUNCH_ROUDI_H
#define SVARI_LAUNCH_ROUDI_H

#include "launch/plan.h"

SVAR_BEGIN_DECLS

// Asks whether a RouDi of this machine answers. Takes about 0.1 ms, leaves no trace.
// SVAR_ERR_PERMISSION: one runs as another user, who does not let this one in.
svar_ret_t svari_roudi_probe(bool *out_is_running);

// Plans the process that runs RouDi, with its configuration file in directory (written by the caller
// as for every planned process). Everything is allocated in arena.
// SVAR_ERR_NOT_FOUND: iox-roudi is not installed. SVAR_ERR_NO_SPACE: /dev/shm cannot hold its memory,
// all of which it takes at once.
svar_ret_t svari_roudi_plan(svari_arena_t *arena, const char *directory,
                            svari_planned_process_t **out_process);

SVAR_END_DECLS
#endif
