// A file of weights on its way to a store.
#ifndef WEIGHTS_FILE_H
#define WEIGHTS_FILE_H

#include "shared_variable/safetensors.h"
#include "shared_variable/shared_variable.h"

SVAR_BEGIN_DECLS

/// Makes the file's tensors one version of the store, or changes nothing. The first makes the variables, on that
/// device; from then on they are the file's all, of its dtypes and ranks, for subscribers rely on that. Only shapes
/// and values may change.
/// @param file has a tensor at least
/// @param device {kDLCPU, 0}: the store's memory in the host, or {kDLCUDA, a GPU's number}
/// @contract{allocates: yes; blocks: reads the file; on a GPU, until the tensors are there}
/// @retval SVAR_ERR_TYPE the store has other variables, or elsewhere
/// @retval SVAR_ERR_STATE the file is being written
/// @retval as svar_shared(), svar_safetensors_read() and svar_transaction_loan()
SVAR_MUST_USE svar_ret_t svari_weights_file_commit(const svar_safetensors_t *file,
                                                   svar_store_t *store, DLDevice device,
                                                   uint64_t *out_version);

SVAR_END_DECLS
#endif
