// A store that a policy takes its weights from, with the variables that hold them.
#ifndef POLICY_SOURCE_H
#define POLICY_SOURCE_H

#include "policy_network.h"
#include "shared_variable/shared_variable.h"

SVAR_BEGIN_DECLS

/// Zero is a valid empty source.
typedef struct svari_policy_source {
  svar_store_t *store;
  svar_variable_t
      *variables[SVARI_POLICY_WEIGHT_COUNT]; ///< in the order of svari_policy_weight_names
} svari_policy_source_t;

/// Finds the weights' variables in the store, which is moved in any case: closed on failure.
/// svari_policy_source_fini() it. Allocates.
/// @retval SVAR_ERR_NOT_FOUND the store does not hold a policy network (message: what it lacks)
SVAR_MUST_USE svar_ret_t svari_policy_source_init(svar_store_t *store,
                                                  svari_policy_source_t *out_source);
void svari_policy_source_fini(svari_policy_source_t *source);

/// Borrows the weights of a snapshot of the source's store; the views are valid until it ends.
/// @param[out] out_views SVARI_POLICY_WEIGHT_COUNT of them
/// @contract{allocates: no; blocks: no}
/// @retval as svar_snapshot_get()
SVAR_MUST_USE svar_ret_t svari_policy_source_view(const svari_policy_source_t *source,
                                                  const svar_snapshot_t *snapshot,
                                                  svar_value_t *out_views);

SVAR_END_DECLS
#endif
