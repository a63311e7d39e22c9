// The life cycle of a ROS 2 managed node, as a table (rcl_lifecycle's default state machine).
//
// A transition leads from a primary state into a transition state; the callback that runs there says how
// it ends. SUCCESS reaches the goal, FAILURE goes back, ERROR goes through errorprocessing, whose own
// callback decides between a fresh start (unconfigured) and the end (finalized).
#ifndef SVARI_COMPONENTS_LIFECYCLE_H
#define SVARI_COMPONENTS_LIFECYCLE_H

#include "shared_variable/component.h"

SVAR_BEGIN_DECLS

// Numbers are ROS 2's (lifecycle_msgs).
typedef enum svari_lifecycle_state {
  SVARI_STATE_UNCONFIGURED = 1,
  SVARI_STATE_INACTIVE = 2,
  SVARI_STATE_ACTIVE = 3,
  SVARI_STATE_FINALIZED = 4,
  SVARI_STATE_CONFIGURING = 10,
  SVARI_STATE_CLEANINGUP = 11,
  SVARI_STATE_SHUTTINGDOWN = 12,
  SVARI_STATE_ACTIVATING = 13,
  SVARI_STATE_DEACTIVATING = 14,
  SVARI_STATE_ERRORPROCESSING = 15
} svari_lifecycle_state_t;

typedef enum svari_lifecycle_transition {
  SVARI_TRANSITION_CONFIGURE,
  SVARI_TRANSITION_CLEANUP,
  SVARI_TRANSITION_ACTIVATE,
  SVARI_TRANSITION_DEACTIVATE,
  SVARI_TRANSITION_SHUTDOWN
} svari_lifecycle_transition_t;

/// Enters the transition's state. SVAR_ERR_STATE, with *state as it was: not a transition from here.
svar_ret_t svari_lifecycle_begin(svari_lifecycle_state_t *state,
                                 svari_lifecycle_transition_t transition);
/// Leaves a transition state, errorprocessing included, by what its callback reported. A result that is
/// none of the three counts as ERROR. SVAR_ERR_STATE: *state is a primary state.
svar_ret_t svari_lifecycle_end(svari_lifecycle_state_t *state, svar_transition_result_t result);

/// "unconfigured", "configuring", ...; "configure", ...
const char *svari_lifecycle_state_name(svari_lifecycle_state_t state);
const char *svari_lifecycle_transition_name(svari_lifecycle_transition_t transition);
/// The transition of that name. SVAR_ERR_VALUE names those there are.
svar_ret_t svari_lifecycle_transition_parse(const char *name,
                                            svari_lifecycle_transition_t *out_transition);

SVAR_END_DECLS
#endif
