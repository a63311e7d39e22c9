// The weights that a policy runs on: those of one version of a store, pinned, that its network takes. Newer ones
// come in their place as a whole, once they are found good; until then the policy stays on what it has.
#ifndef POLICY_WEIGHTS_H
#define POLICY_WEIGHTS_H

#include "policy_network.h"
#include "policy_source.h"

SVAR_BEGIN_DECLS

/// A version of a store with views of the weights in it. Zero: none.
typedef struct svari_policy_version {
  svar_snapshot_t snapshot;
  svar_value_t views[SVARI_POLICY_WEIGHT_COUNT];
  const DLTensor *tensors[SVARI_POLICY_WEIGHT_COUNT]; ///< the views'
} svari_policy_version_t;

/// Zero is valid: no weights. Not to be copied while open: it points into itself.
typedef struct svari_policy_weights {
  svari_policy_source_t source;
  svari_policy_version_t versions[2]; ///< what the policy runs on, and room for the next
  int good;                           ///< which of them it runs on
  uint64_t refused; ///< the version of the source that was looked at last, and not taken
} svari_policy_weights_t;

/// Pins the newest version of the store, which has one, whatever numbers it holds.
/// @param store moved in any case: closed on failure
/// @param[out] out_weights svari_policy_weights_close() it
/// @retval as svari_policy_source_init() and svari_policy_source_view(); SVAR_ERR_READERS_FULL
SVAR_MUST_USE svar_ret_t svari_policy_weights_open(svar_store_t *store,
                                                   svari_policy_weights_t *out_weights);
void svari_policy_weights_close(svari_policy_weights_t *weights);

/// Of what the policy runs on.
const DLTensor *const *svari_policy_weights_tensors(const svari_policy_weights_t *weights);
uint64_t svari_policy_weights_version(const svari_policy_weights_t *weights);

/// Whether the network takes what was opened. @retval as svari_policy_network_check()
SVAR_MUST_USE svar_ret_t svari_policy_weights_check(const svari_policy_weights_t *weights,
                                                    svari_policy_network_t *network);

/// Moves on to the store's newest version, if the network takes it. One atomic load where there is none; each
/// version is looked at once.
/// @contract{allocates: at a thread's first call; blocks: as svari_policy_network_check(); where the version lies in memory
/// on a GPU that is new to this process, until its holder has handed that out, 5 s at most}
/// @retval SVAR_ERR_TYPE, SVAR_ERR_VALUE, SVAR_ERR_UNSET it does not (message: the version, and why), and the policy
/// stays on what it has
/// @retval SVAR_ERR_SYSTEM, SVAR_ERR_NO_SPACE, SVAR_ERR_NO_MEMORY the version lies in memory on a GPU that cannot be had,
/// and the policy stays on what it has
/// @retval others the store or the GPU fails
SVAR_MUST_USE svar_ret_t svari_policy_weights_renew(svari_policy_weights_t *weights,
                                                    svari_policy_network_t *network);
/// Moves on to the newest version of another store, if the network takes it.
/// @param store moved in any case: closed on failure
/// @retval as svari_policy_weights_open() and svari_policy_weights_renew()
SVAR_MUST_USE svar_ret_t svari_policy_weights_move(svari_policy_weights_t *weights,
                                                   svar_store_t *store,
                                                   svari_policy_network_t *network);

/// Whether that result of renew or move says that the weights are not good, or not to be had, and nothing is wrong with
/// those that the policy has.
bool svari_policy_weights_are_refused(svar_ret_t ret);

SVAR_END_DECLS
#endif
