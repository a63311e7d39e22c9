// The network of a legged robot's walking policy: LSTM -> Linear -> ELU -> Linear, of any sizes, in
// float32. It owns the running state (hidden and cell) and the scratch; the weights stay where they
// are and are passed to each step, so they may be views of a shared store that differ from step to step.
#ifndef POLICY_NETWORK_H
#define POLICY_NETWORK_H

#include "shared_variable/error.h"
#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

enum { SVARI_POLICY_WEIGHT_COUNT = 8 };

/// The names of the tensors, in the order of every `weights` array here. Gates are stacked in the
/// order input, forget, cell, output, as PyTorch has them.
extern const char *const svari_policy_weight_names[SVARI_POLICY_WEIGHT_COUNT];

typedef struct svari_policy_sizes {
  int32_t hidden;
  int32_t observation;
  int32_t actor; ///< width of the layer between
  int32_t action;
} svari_policy_sizes_t;

/// Zero is a valid empty network.
typedef struct svari_policy_network {
  svari_policy_sizes_t sizes;
  float *memory; ///< one allocation that the others point into
  float *hidden, *cell;
  float *gates, *actor;
} svari_policy_network_t;

/// The sizes of the network that these weights make.
/// @contract{allocates: no; blocks: no}
/// @retval SVAR_ERR_TYPE a tensor is not float32, or its rank or shape does not fit the others: the
/// message names the tensor and what the others ask for
SVAR_MUST_USE svar_ret_t svari_policy_sizes_of(
    const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT], svari_policy_sizes_t *out_sizes);
bool svari_policy_sizes_equal(const svari_policy_sizes_t *a, const svari_policy_sizes_t *b);

/// A network of these sizes with zero state. svari_policy_network_fini() it.
/// @retval SVAR_ERR_NO_MEMORY
SVAR_MUST_USE svar_ret_t svari_policy_network_init(const svari_policy_sizes_t *sizes,
                                                   svari_policy_network_t *out_network);
void svari_policy_network_reset(svari_policy_network_t *network); ///< Back to zero state.
void svari_policy_network_fini(svari_policy_network_t *network);

/// One step: observation in, action out, the state moves on.
/// @pre svari_policy_sizes_of() of these weights are the network's
/// @contract{allocates: no (OpenBLAS: at its first call in a thread); blocks: no; system calls: no}
void svari_policy_network_step(svari_policy_network_t *network,
                               const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT],
                               const float *observation, float *out_action);

SVAR_END_DECLS
#endif
