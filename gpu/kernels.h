// The work of gpu/kernels.cu, enqueued on a stream. Each kernel is translated for the device by its driver when
// it is first asked for: some milliseconds, of which the driver remembers the result on disk.
#ifndef SVARI_GPU_KERNELS_H
#define SVARI_GPU_KERNELS_H

#include "gpu/kernels_layout.h"
#include "gpu/stream.h"
#include "shared_variable/dtype.h"

SVAR_BEGIN_DECLS

// All of these: addresses are multiples of their element's size. What is read and what is written do not overlap,
// unless said otherwise.
// SVAR_ERR_UNSUPPORTED if the driver takes no program of ours; SVAR_ERR_FORKED, SVAR_ERR_DEVICE

// Converts count elements by the rules of variable/convert.h, bit for bit; a NaN may differ in its payload.
// SVAR_ERR_NOT_IMPLEMENTED if one of the two dtypes is only stored
svar_ret_t svari_kernels_convert(const svari_stream_t *stream, svar_dtype_t from,
                                 svari_cu_address_t in, svar_dtype_t to, svari_cu_address_t out,
                                 uint64_t count);
// y += a * x for count elements of a float dtype: 16-bit floats are computed as float32, with a as such.
// x may be y. SVAR_ERR_NOT_IMPLEMENTED for other dtypes
svar_ret_t svari_kernels_add_scaled(const svari_stream_t *stream, svar_dtype_t dtype, double a,
                                    svari_cu_address_t x, svari_cu_address_t y, uint64_t count);
// Copies an array, of which in is the element at index 0, to compact row-major memory. Elements are of 1, 2, 4, 8
// or 16 bytes.
svar_ret_t svari_kernels_pack(const svari_stream_t *stream, uint64_t element_bytes,
                              const svari_kernel_view_t *view, svari_cu_address_t in,
                              svari_cu_address_t out);

// Layers of networks, in float32, on compact row-major matrices. Nothing is contracted: the products of a row are
// rounded, and added by 32 lanes, of which lane k adds number k, k + 32 ... in order; then lanes 16 apart are added,
// 8 apart and so on; the biases come last. So the bits depend on nothing but the numbers and the lengths, and are
// the same on every GPU, but for the last bits of exp() and tanh().

typedef struct svari_kernel_dense {
  svari_cu_address_t weight; // rows x columns
  svari_cu_address_t bias;   // rows
  uint64_t rows, columns;
  int32_t activation; // SVARI_KERNEL_LINEAR ...
} svari_kernel_dense_t;
// out = activation(weight in + bias)
svar_ret_t svari_kernels_dense(const svari_stream_t *stream, const svari_kernel_dense_t *layer,
                               svari_cu_address_t in, svari_cu_address_t out);

// The gates input, forget, candidate and output are stacked in this order, as PyTorch has them.
typedef struct svari_kernel_lstm {
  svari_cu_address_t weight_in;     // 4 units x inputs
  svari_cu_address_t weight_hidden; // 4 units x units
  svari_cu_address_t bias_in, bias_hidden;
  uint64_t inputs, units;
} svari_kernel_lstm_t;
typedef struct svari_kernel_lstm_state {
  svari_cu_address_t hidden, cell;
} svari_kernel_lstm_state_t;
// One step, from one state to another.
svar_ret_t svari_kernels_lstm(const svari_stream_t *stream, const svari_kernel_lstm_t *layer,
                              svari_cu_address_t in, svari_kernel_lstm_state_t from,
                              svari_kernel_lstm_state_t to);

// The kernels that a device has been asked for. SVAR_ERR_NO_MEMORY
svar_ret_t svari_kernel_cache_create(const svar_allocator_t *allocator,
                                     svari_kernel_cache_t **out_cache);
void svari_kernel_cache_destroy(svari_device_t *device);

SVAR_END_DECLS
#endif
