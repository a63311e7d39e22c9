#include "components/lifecycle.h"

#include <string.h>

enum { RESULT_COUNT = 3 };

static const struct row {
  svari_lifecycle_transition_t transition;
  svari_lifecycle_state_t from;
  svari_lifecycle_state_t during;
} rows[] = {
    {SVARI_TRANSITION_CONFIGURE, SVARI_STATE_UNCONFIGURED, SVARI_STATE_CONFIGURING},
    {SVARI_TRANSITION_CLEANUP, SVARI_STATE_INACTIVE, SVARI_STATE_CLEANINGUP},
    {SVARI_TRANSITION_ACTIVATE, SVARI_STATE_INACTIVE, SVARI_STATE_ACTIVATING},
    {SVARI_TRANSITION_DEACTIVATE, SVARI_STATE_ACTIVE, SVARI_STATE_DEACTIVATING},
    {SVARI_TRANSITION_SHUTDOWN, SVARI_STATE_UNCONFIGURED, SVARI_STATE_SHUTTINGDOWN},
    {SVARI_TRANSITION_SHUTDOWN, SVARI_STATE_INACTIVE, SVARI_STATE_SHUTTINGDOWN},
    {SVARI_TRANSITION_SHUTDOWN, SVARI_STATE_ACTIVE, SVARI_STATE_SHUTTINGDOWN},
};

static const struct ending {
  svari_lifecycle_state_t during;
  svari_lifecycle_state_t to[RESULT_COUNT]; // by svar_transition_result_t: SUCCESS, FAILURE, ERROR
} endings[] = {
    {SVARI_STATE_CONFIGURING,
     {SVARI_STATE_INACTIVE, SVARI_STATE_UNCONFIGURED, SVARI_STATE_ERRORPROCESSING}},
    {SVARI_STATE_CLEANINGUP,
     {SVARI_STATE_UNCONFIGURED, SVARI_STATE_INACTIVE, SVARI_STATE_ERRORPROCESSING}},
    {SVARI_STATE_ACTIVATING,
     {SVARI_STATE_ACTIVE, SVARI_STATE_INACTIVE, SVARI_STATE_ERRORPROCESSING}},
    {SVARI_STATE_DEACTIVATING,
     {SVARI_STATE_INACTIVE, SVARI_STATE_ACTIVE, SVARI_STATE_ERRORPROCESSING}},
    {SVARI_STATE_SHUTTINGDOWN,
     {SVARI_STATE_FINALIZED, SVARI_STATE_FINALIZED, SVARI_STATE_ERRORPROCESSING}},
    {SVARI_STATE_ERRORPROCESSING,
     {SVARI_STATE_UNCONFIGURED, SVARI_STATE_FINALIZED, SVARI_STATE_FINALIZED}},
};

svar_ret_t
svari_lifecycle_begin(svari_lifecycle_state_t *state, svari_lifecycle_transition_t transition)
{
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
    if (rows[i].transition == transition && rows[i].from == *state) {
      *state = rows[i].during;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_STATE, "the transition '%s' does not begin in the state '%s'",
                   svari_lifecycle_transition_name(transition), svari_lifecycle_state_name(*state));
}

svar_ret_t
svari_lifecycle_end(svari_lifecycle_state_t *state, svar_transition_result_t result)
{
  unsigned column = (unsigned)result < RESULT_COUNT ? (unsigned)result : SVAR_TRANSITION_ERROR;
  for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); ++i) {
    if (endings[i].during == *state) {
      *state = endings[i].to[column];
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_STATE, "no transition is under way in the state '%s'",
                   svari_lifecycle_state_name(*state));
}

const char *
svari_lifecycle_state_name(svari_lifecycle_state_t state)
{
  switch (state) {
  case SVARI_STATE_UNCONFIGURED:
    return "unconfigured";
  case SVARI_STATE_INACTIVE:
    return "inactive";
  case SVARI_STATE_ACTIVE:
    return "active";
  case SVARI_STATE_FINALIZED:
    return "finalized";
  case SVARI_STATE_CONFIGURING:
    return "configuring";
  case SVARI_STATE_CLEANINGUP:
    return "cleaningup";
  case SVARI_STATE_SHUTTINGDOWN:
    return "shuttingdown";
  case SVARI_STATE_ACTIVATING:
    return "activating";
  case SVARI_STATE_DEACTIVATING:
    return "deactivating";
  case SVARI_STATE_ERRORPROCESSING:
    return "errorprocessing";
  }
  return "unknown";
}

const char *
svari_lifecycle_transition_name(svari_lifecycle_transition_t transition)
{
  switch (transition) {
  case SVARI_TRANSITION_CONFIGURE:
    return "configure";
  case SVARI_TRANSITION_CLEANUP:
    return "cleanup";
  case SVARI_TRANSITION_ACTIVATE:
    return "activate";
  case SVARI_TRANSITION_DEACTIVATE:
    return "deactivate";
  case SVARI_TRANSITION_SHUTDOWN:
    return "shutdown";
  }
  return "unknown";
}

svar_ret_t
svari_lifecycle_transition_parse(const char *name, svari_lifecycle_transition_t *out_transition)
{
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); ++i) {
    if (strcmp(name, svari_lifecycle_transition_name(rows[i].transition)) == 0) {
      *out_transition = rows[i].transition;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_VALUE,
                   "there is no transition '%s': configure, activate, deactivate, cleanup or "
                   "shutdown",
                   name);
}
