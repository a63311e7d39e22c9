// The network of a legged robot's walking policy: LSTM -> Linear -> ELU -> Linear, of any sizes, in
// float32. It owns the running state (hidden and cell) and the scratch; the weights stay where they
// are and are passed to each step, so they may be views of a shared store that differ from step to step.
// It runs where they lie: on the host, or on a GPU.
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

/// The sizes of the network that these weights make.
/// @contract{allocates: no; blocks: no}
/// @retval SVAR_ERR_TYPE a tensor is not float32, or its rank or shape does not fit the others: the
/// message names the tensor and what the others ask for
SVAR_MUST_USE svar_ret_t svari_policy_sizes_of(
    const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT], svari_policy_sizes_t *out_sizes);

typedef struct svari_policy_network svari_policy_network_t;

/// A network of these sizes with zero state, for weights on that device: {kDLCPU, 0} or {kDLCUDA, its number}.
/// @contract{allocates: yes; blocks: on a GPU, a good part of a second where it is the process's first use of it}
/// @param[out] out_network owned: svari_policy_network_destroy()
/// @retval SVAR_ERR_NO_MEMORY
/// @retval as svar_gpu_queue_create()
SVAR_MUST_USE svar_ret_t svari_policy_network_create(const svari_policy_sizes_t *sizes,
                                                     DLDevice device,
                                                     svari_policy_network_t **out_network);
void svari_policy_network_destroy(svari_policy_network_t *network); ///< NULL is a no-op.
const svari_policy_sizes_t *svari_policy_network_sizes(const svari_policy_network_t *network);

/// Whether the network can run on these weights: they lie where it runs, make a network of its sizes, and every
/// number is finite. For weights that are new: it reads all of them.
/// @contract{allocates: no; blocks: on a GPU, until it has looked}
/// @retval SVAR_ERR_TYPE as svari_policy_sizes_of(); other sizes, or another place
/// @retval SVAR_ERR_VALUE a number is infinite or not a number (message: where)
/// @retval SVAR_ERR_DEVICE, SVAR_ERR_UNSUPPORTED, SVAR_ERR_FORKED the GPU's
SVAR_MUST_USE svar_ret_t svari_policy_network_check(
    svari_policy_network_t *network, const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT]);

/// Back to zero state. @retval SVAR_ERR_DEVICE, SVAR_ERR_FORKED the GPU's
SVAR_MUST_USE svar_ret_t svari_policy_network_reset(svari_policy_network_t *network);

/// One step: observation in, action out, the state moves on. On failure it stays as it was.
/// @pre svari_policy_network_check() of these weights
/// @param observation, out_action in host memory
/// @contract{allocates: no (the first step: OpenBLAS, once a thread; or a GPU's driver); blocks: on a GPU, until it
/// is done; system calls: the GPU driver's}
/// @retval SVAR_ERR_DEVICE, SVAR_ERR_UNSUPPORTED, SVAR_ERR_FORKED the GPU's; never on the host
SVAR_MUST_USE svar_ret_t svari_policy_network_step(
    svari_policy_network_t *network, const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT],
    const float *observation, float *out_action);

SVAR_END_DECLS
#endif
