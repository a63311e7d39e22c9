// A queue of work on a GPU, with memory to work in, for programs that run a network on weights there (views of
// svar_snapshot_get()) and bring no CUDA of their own. Who has CUDA needs none of this: the addresses in views, and
// those here, are good in the device's primary context, which is that of the CUDA runtime, PyTorch and JAX.
//
// What is enqueued runs in order, some time after the call has returned: its tensors' memory stays as it is until
// svar_gpu_queue_wait(), the snapshot that they are views of included. Work that fails is told by a later call,
// at the latest by that one.
#ifndef SHARED_VARIABLE_GPU_QUEUE_H
#define SHARED_VARIABLE_GPU_QUEUE_H

#include <stdint.h>

#include "shared_variable/error.h"
#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

/// Used by one thread at a time.
typedef struct svar_gpu_queue svar_gpu_queue_t;

/// Takes the GPU into use.
/// @param gpu its number, as svar_gpu_count() counts
/// @param device_bytes, host_bytes of memory to work in, on the GPU and in the host; not 0
/// @contract{allocates: yes; blocks: a good part of a second where it is the process's first use of the GPU;
/// system calls: yes; thread: any; after fork: SVAR_ERR_FORKED}
/// @param[out] out_queue owned: svar_gpu_queue_destroy()
/// @retval SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT, SVAR_ERR_FORKED as svar_gpu_count(); a GPU that keeps us out
/// @retval SVAR_ERR_NO_SPACE, SVAR_ERR_NO_MEMORY, SVAR_ERR_DEVICE
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_queue_create(int32_t gpu, uint64_t device_bytes,
                                                           uint64_t host_bytes,
                                                           svar_gpu_queue_t **out_queue);
/// Waits for what is enqueued, and gives everything back. NULL is a no-op.
SVAR_PUBLIC void svar_gpu_queue_destroy(svar_gpu_queue_t *queue);

/// The queue's memory on the GPU: an address that the host must not follow, aligned to 512 bytes. Its contents are
/// undefined at first. It lives as long as the queue.
SVAR_PUBLIC void *svar_gpu_queue_device_memory(const svar_gpu_queue_t *queue);
/// The queue's memory in the host, zeroed, aligned to a page, which the GPU copies from and to by itself.
SVAR_PUBLIC void *svar_gpu_queue_host_memory(const svar_gpu_queue_t *queue);

// All of these enqueue and return.
// Contract: allocates: no (the driver may; a layer's first use loads its kernel, some milliseconds); blocks: no;
// system calls: the driver's; after fork: SVAR_ERR_FORKED
//   SVAR_ERR_TYPE         a tensor that is not compact, not of the dtype, the rank or the shape that the others ask
//                         for, or neither on the queue's GPU nor, for a copy, in the host; the message names the
//                         call, the argument, and what was expected
//   SVAR_ERR_DEVICE       the GPU fails, or work before this failed
//   SVAR_ERR_UNSUPPORTED  a driver that takes no kernels of ours

/// Copies a tensor to another of its dtype and shape; either may lie in the host.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_queue_copy(svar_gpu_queue_t *queue,
                                                         const DLTensor *to, const DLTensor *from);
/// Zeroes a tensor on the GPU.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_queue_zero(svar_gpu_queue_t *queue,
                                                         const DLTensor *to);

/// What a layer does to its sums. The numbers are ABI: append only.
typedef enum svar_activation {
  SVAR_ACTIVATION_NONE = 0,
  SVAR_ACTIVATION_RELU = 1,
  SVAR_ACTIVATION_ELU = 2,
  SVAR_ACTIVATION_TANH = 3
} svar_activation_t;

/// A fully connected layer of float32: out = activation(weight in + bias). Each product and each sum is rounded; the
/// order of the sums depends on the lengths alone, so the same numbers give the same bits, but for the last of
/// exp() and tanh() on another kind of GPU.
/// @param weight (rows, columns)
/// @param bias (rows)
/// @param in (columns)
/// @param out (rows); its memory does not overlap the others'
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_queue_dense(svar_gpu_queue_t *queue,
                                                          const DLTensor *weight,
                                                          const DLTensor *bias,
                                                          svar_activation_t activation,
                                                          const DLTensor *in, const DLTensor *out);

/// The weights of an LSTM, as PyTorch has them: gates stacked in the order input, forget, candidate, output.
typedef struct svar_gpu_lstm {
  const DLTensor *weight_in;     ///< (4 units, inputs)
  const DLTensor *weight_hidden; ///< (4 units, units)
  const DLTensor *bias_in;       ///< (4 units)
  const DLTensor *bias_hidden;   ///< (4 units)
} svar_gpu_lstm_t;
typedef struct svar_gpu_lstm_state {
  const DLTensor *hidden; ///< (units)
  const DLTensor *cell;   ///< (units)
} svar_gpu_lstm_state_t;

/// One step of an LSTM of float32, rounded and ordered as a layer of svar_gpu_queue_dense().
/// @param in (inputs)
/// @param from, to the state before and after; the memory of `to` does not overlap any other
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_queue_lstm(svar_gpu_queue_t *queue,
                                                         const svar_gpu_lstm_t *weights,
                                                         const DLTensor *in,
                                                         const svar_gpu_lstm_state_t *from,
                                                         const svar_gpu_lstm_state_t *to);

/// Until everything enqueued is done. Only then are results there, and known to be right. When it has failed the work
/// is over all the same.
/// @contract{allocates: no; blocks: yes; system calls: the driver's; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_DEVICE some of it failed
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_gpu_queue_wait(svar_gpu_queue_t *queue);

SVAR_END_DECLS
#endif
