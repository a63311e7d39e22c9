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

// The kernels that a device has been asked for. SVAR_ERR_NO_MEMORY
svar_ret_t svari_kernel_cache_create(const svar_allocator_t *allocator,
                                     svari_kernel_cache_t **out_cache);
void svari_kernel_cache_destroy(svari_device_t *device);

SVAR_END_DECLS
#endif
