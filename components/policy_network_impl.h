// What the networks on the host and on a GPU share: a head, and a table of functions.
#ifndef POLICY_NETWORK_IMPL_H
#define POLICY_NETWORK_IMPL_H

#include "policy_network.h"

SVAR_BEGIN_DECLS

// The places in arrays of weights.
enum {
  SVARI_POLICY_WEIGHT_HH,
  SVARI_POLICY_WEIGHT_IH,
  SVARI_POLICY_BIAS_IH,
  SVARI_POLICY_BIAS_HH,
  SVARI_POLICY_ACTOR_0_WEIGHT,
  SVARI_POLICY_ACTOR_0_BIAS,
  SVARI_POLICY_ACTOR_2_WEIGHT,
  SVARI_POLICY_ACTOR_2_BIAS
};
enum { SVARI_POLICY_GATES = 4 };

// As policy_network.h has them; check_finite is the rest of check.
typedef struct svari_policy_network_ops {
  svar_ret_t (*check_finite)(svari_policy_network_t *self, const DLTensor *const weights[]);
  svar_ret_t (*reset)(svari_policy_network_t *self);
  svar_ret_t (*step)(svari_policy_network_t *self, const DLTensor *const weights[],
                     const float *observation, float *out_action);
  void (*destroy)(svari_policy_network_t *self);
} svari_policy_network_ops_t;

// The head of every network.
struct svari_policy_network {
  const svari_policy_network_ops_t *ops;
  svari_policy_sizes_t sizes;
  DLDevice device;
};

svar_ret_t svari_policy_network_on_host(const svari_policy_sizes_t *sizes, DLDevice device,
                                        svari_policy_network_t **out_network);
svar_ret_t svari_policy_network_on_gpu(const svari_policy_sizes_t *sizes, DLDevice device,
                                       svari_policy_network_t **out_network);

SVAR_END_DECLS
#endif
