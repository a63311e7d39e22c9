// GPUs as homes of shared variables: svar_shared_options_t.target. The driver is loaded at run time, when a GPU is
// first asked for; the library needs neither driver nor toolkit for anything else.
#ifndef SHARED_VARIABLE_GPU_H
#define SHARED_VARIABLE_GPU_H

#include <stdint.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// How many GPUs this process sees: their numbers go from 0 to one less, and another process may count
/// otherwise.
/// @contract{allocates: at the first call of the process, which loads the driver (tens of milliseconds, or a
/// second); thread: any}
/// @retval SVAR_ERR_UNSUPPORTED there is no driver, or none that works (the message says which)
/// @retval SVAR_ERR_CONTEXT there is no GPU, or none that this process may see
/// @retval SVAR_ERR_FORKED a child of a process that has loaded the driver
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_count(int32_t *out_count);

/// From now on svar_shared() puts arrays of real numbers on this GPU, unless its options say where (Theano's
/// device=cuda). -1: in host memory again, as at the start.
/// @contract{as svar_gpu_count()}
/// @retval SVAR_ERR_CONTEXT there is no such GPU
/// @retval as svar_gpu_count(); then nothing has changed
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_default_set(int32_t gpu);
/// -1: none. @contract{allocates: no; blocks: no; thread: any}
SVAR_PUBLIC int32_t svar_gpu_default(void);

SVAR_END_DECLS
#endif
