// The observations that a policy runs on: a [steps, width] table of float32 from a .safetensors file.
#ifndef POLICY_OBSERVATIONS_H
#define POLICY_OBSERVATIONS_H

#include "shared_variable/error.h"
#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

/// Zero is a valid empty table.
typedef struct svari_policy_observations {
  float *values; ///< row after row
  int64_t steps;
  int64_t width;
} svari_policy_observations_t;

/// Read the tensor `observations` (F32, or F64 which is rounded) of the file.
/// svari_policy_observations_fini() it.
/// @retval SVAR_ERR_TYPE, SVAR_ERR_VALUE another dtype or rank, or no step (message: what was found)
/// @retval otherwise as svar_safetensors_open() and svar_safetensors_read()
SVAR_MUST_USE svar_ret_t svari_policy_observations_read(const char *path,
                                                        svari_policy_observations_t *out_table);
/// A table of one step of zeros, for observations that come one by one.
/// @retval SVAR_ERR_NO_MEMORY
SVAR_MUST_USE svar_ret_t svari_policy_observations_init(int64_t width,
                                                        svari_policy_observations_t *out_table);
void svari_policy_observations_fini(svari_policy_observations_t *table);

SVAR_END_DECLS
#endif
