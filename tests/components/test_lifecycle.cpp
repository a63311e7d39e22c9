#include <gtest/gtest.h>

#include "components/lifecycle.h"

namespace
{

constexpr svari_lifecycle_state_t kStates[] = {
    SVARI_STATE_UNCONFIGURED,   SVARI_STATE_INACTIVE,    SVARI_STATE_ACTIVE,
    SVARI_STATE_FINALIZED,      SVARI_STATE_CONFIGURING, SVARI_STATE_CLEANINGUP,
    SVARI_STATE_SHUTTINGDOWN,   SVARI_STATE_ACTIVATING,  SVARI_STATE_DEACTIVATING,
    SVARI_STATE_ERRORPROCESSING};

struct Edge {
  svari_lifecycle_transition_t transition;
  svari_lifecycle_state_t from, success, failure;
};
// ERROR always leads into errorprocessing.
constexpr Edge kEdges[] = {
    {SVARI_TRANSITION_CONFIGURE, SVARI_STATE_UNCONFIGURED, SVARI_STATE_INACTIVE,
     SVARI_STATE_UNCONFIGURED},
    {SVARI_TRANSITION_CLEANUP, SVARI_STATE_INACTIVE, SVARI_STATE_UNCONFIGURED,
     SVARI_STATE_INACTIVE},
    {SVARI_TRANSITION_ACTIVATE, SVARI_STATE_INACTIVE, SVARI_STATE_ACTIVE, SVARI_STATE_INACTIVE},
    {SVARI_TRANSITION_DEACTIVATE, SVARI_STATE_ACTIVE, SVARI_STATE_INACTIVE, SVARI_STATE_ACTIVE},
    {SVARI_TRANSITION_SHUTDOWN, SVARI_STATE_UNCONFIGURED, SVARI_STATE_FINALIZED,
     SVARI_STATE_FINALIZED},
    {SVARI_TRANSITION_SHUTDOWN, SVARI_STATE_INACTIVE, SVARI_STATE_FINALIZED, SVARI_STATE_FINALIZED},
    {SVARI_TRANSITION_SHUTDOWN, SVARI_STATE_ACTIVE, SVARI_STATE_FINALIZED, SVARI_STATE_FINALIZED},
};
constexpr svari_lifecycle_transition_t kTransitions[] = {
    SVARI_TRANSITION_CONFIGURE, SVARI_TRANSITION_CLEANUP, SVARI_TRANSITION_ACTIVATE,
    SVARI_TRANSITION_DEACTIVATE, SVARI_TRANSITION_SHUTDOWN};

svari_lifecycle_state_t
After(const Edge &edge, svar_transition_result_t result)
{
  svari_lifecycle_state_t state = edge.from;
  EXPECT_EQ(svari_lifecycle_begin(&state, edge.transition), SVAR_OK) << svar_error_message();
  EXPECT_GE(state, SVARI_STATE_CONFIGURING);
  EXPECT_EQ(svari_lifecycle_end(&state, result), SVAR_OK);
  return state;
}

TEST(Lifecycle, EveryResultOfEveryTransitionLeadsWhereRos2Says)
{
  for (const Edge &edge : kEdges) {
    SCOPED_TRACE(svari_lifecycle_transition_name(edge.transition));
    EXPECT_EQ(After(edge, SVAR_TRANSITION_SUCCESS), edge.success);
    EXPECT_EQ(After(edge, SVAR_TRANSITION_FAILURE), edge.failure);
    EXPECT_EQ(After(edge, SVAR_TRANSITION_ERROR), SVARI_STATE_ERRORPROCESSING);
    EXPECT_EQ(After(edge, static_cast<svar_transition_result_t>(77)), SVARI_STATE_ERRORPROCESSING);
    EXPECT_EQ(After(edge, static_cast<svar_transition_result_t>(-1)), SVARI_STATE_ERRORPROCESSING);
  }
}

TEST(Lifecycle, ErrorProcessingDecidesBetweenAFreshStartAndTheEnd)
{
  const struct {
    svar_transition_result_t result;
    svari_lifecycle_state_t to;
  } cases[] = {{SVAR_TRANSITION_SUCCESS, SVARI_STATE_UNCONFIGURED},
               {SVAR_TRANSITION_FAILURE, SVARI_STATE_FINALIZED},
               {SVAR_TRANSITION_ERROR, SVARI_STATE_FINALIZED}};
  for (const auto &c : cases) {
    svari_lifecycle_state_t state = SVARI_STATE_ERRORPROCESSING;
    EXPECT_EQ(svari_lifecycle_end(&state, c.result), SVAR_OK);
    EXPECT_EQ(state, c.to);
  }
}

TEST(Lifecycle, ATransitionThatDoesNotBeginHereIsRefusedAndChangesNothing)
{
  int refused = 0;
  for (svari_lifecycle_state_t from : kStates) {
    for (svari_lifecycle_transition_t transition : kTransitions) {
      bool is_edge = false;
      for (const Edge &edge : kEdges) {
        is_edge = is_edge || (edge.from == from && edge.transition == transition);
      }
      svari_lifecycle_state_t state = from;
      EXPECT_EQ(svari_lifecycle_begin(&state, transition), is_edge ? SVAR_OK : SVAR_ERR_STATE);
      if (!is_edge) {
        EXPECT_EQ(state, from);
        ++refused;
      }
    }
  }
  EXPECT_EQ(refused, 10 * 5 - 7);
}

TEST(Lifecycle, NothingEndsInAPrimaryState)
{
  for (svari_lifecycle_state_t from : {SVARI_STATE_UNCONFIGURED, SVARI_STATE_INACTIVE,
                                       SVARI_STATE_ACTIVE, SVARI_STATE_FINALIZED}) {
    svari_lifecycle_state_t state = from;
    EXPECT_EQ(svari_lifecycle_end(&state, SVAR_TRANSITION_SUCCESS), SVAR_ERR_STATE);
    EXPECT_EQ(state, from);
  }
}

} // namespace
