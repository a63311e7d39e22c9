// GPUs as homes of shared variables (svar_shared_options_t.target), and reading there in the order of a stream. The driver
// is loaded at run time, when a GPU is first asked for; the library needs neither driver nor toolkit for anything else.
#ifndef SHARED_VARIABLE_GPU_H
#define SHARED_VARIABLE_GPU_H

#include <stdint.h>

#include "shared_variable/snapshot.h"

SVAR_BEGIN_DECLS

/// How many GPUs this process sees: their numbers go from 0 to one less, and another process may count
/// otherwise.
/// @contract{allocates: at the first call of the process, which loads the driver (tens of milliseconds, or a
/// second); thread: any}
/// @retval SVAR_ERR_UNSUPPORTED there is no driver, or none that works (the message says which)
/// @retval SVAR_ERR_CONTEXT there is no GPU, or none that this process may see
/// @retval SVAR_ERR_FORKED a child of a process that has loaded the driver
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_count(int32_t *out_count);

/// From now on svar_shared() puts arrays of real numbers on this GPU, of rank 1 or more and in stores that no other
/// process reads, unless its options say where (Theano's device=cuda). -1: in host memory again, as at the start.
/// @contract{as svar_gpu_count()}
/// @retval SVAR_ERR_CONTEXT there is no such GPU
/// @retval as svar_gpu_count(); then nothing has changed
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_default_set(int32_t gpu);
/// -1: none. @contract{allocates: no; blocks: no; thread: any}
SVAR_PUBLIC int32_t svar_gpu_default(void);

enum { SVAR_GPU_NAME_BYTES = 41 };

/// Which GPU the variable's values lie on, as `nvidia-smi -L` and CUDA_VISIBLE_DEVICES name it, the same in every process:
/// "GPU-5a2b...". No driver is needed.
/// @contract{allocates: no; blocks: no; system calls: no; thread: any}
/// @retval SVAR_ERR_TYPE the variable is on no GPU (svar_variable_backing())
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_variable_gpu_name(const svar_variable_t *variable,
                                                            char out_name[SVAR_GPU_NAME_BYTES]);

/// svar_value_release() for a view of svar_get_device_view() that work on a stream still reads: the pin is released
/// when everything is over that is enqueued on stream so far, without this process's doing. Neither the caller waits
/// nor the stream. Of several streams, let one wait for the others first.
///
///   svar_get_device_view(w, &view);  launch<<<..., stream>>>(view.tensor.data, ...);
///   svar_value_release_after(&view, stream);
///
/// svar_store_close() waits for such work. The end of the process does not: it ends pins as those of any reader. If the
/// GPU fails for good before, nothing there reads any more: pins end with the next call that finds that out (this
/// one, or the close).
/// @param view moved: without data (SVAR_VALUE_INIT) if and only if this returns SVAR_OK; otherwise the
/// caller's as before, to be released by svar_value_release() when the work is over. Without data: a no-op.
/// @param stream a CUstream or cudaStream_t of the view's GPU, which may be destroyed at once; 1 is the default stream
/// and 2 the calling thread's, as for the driver and DLPack
/// @contract{allocates: while more releases are pending than ever before; blocks: short process-private locks; system
/// calls: the driver's; thread: any; after fork: SVAR_ERR_FORKED. Its end runs in a thread of the driver's}
/// @retval SVAR_ERR_ARGUMENT a copy, a view of a snapshot; stream is NULL, which names one default stream or the other
/// @retval SVAR_ERR_TYPE a view of host memory
/// @retval SVAR_ERR_STATE stream is being captured into a graph, the store was closed
/// @retval SVAR_ERR_CONTEXT, SVAR_ERR_DEVICE, SVAR_ERR_NO_MEMORY
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_value_release_after(svar_value_t *view, void *stream);
/// svar_snapshot_end() in the same way, for all that was viewed in it, in host memory and on GPUs.
/// @param snapshot moved, as the view. NULL and {0} are no-ops
/// @param gpu the number of stream's GPU, on which the store has variables
/// @contract{as svar_value_release_after()}
/// @retval SVAR_ERR_CONTEXT the store has no variable on that GPU
/// @retval as svar_value_release_after()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_snapshot_end_after(svar_snapshot_t *snapshot, int32_t gpu,
                                                             void *stream);

SVAR_END_DECLS
#endif
