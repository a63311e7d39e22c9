// One GPU in use by this process: its primary context, which the CUDA runtime, PyTorch and JAX use too, so that
// addresses and streams are good for all of them.
#ifndef SVARI_GPU_DEVICE_H
#define SVARI_GPU_DEVICE_H

#include <stdbool.h>

#include "gpu/driver.h"
#include "shared_variable/allocator.h"

SVAR_BEGIN_DECLS

typedef struct svari_kernel_cache svari_kernel_cache_t; // gpu/kernels.c

typedef struct svari_device {
  const svari_driver_t *driver;
  svar_allocator_t allocator;
  svari_cu_device_t device;
  int ordinal; // among those visible to this process: another process may count differently
  svari_cu_uuid_t uuid;
  char name[96];
  uint32_t processor_count;
  uint64_t granularity_bytes; // memory comes in multiples of this
  svari_cu_context_t context;
  svari_kernel_cache_t *kernels;
} svari_device_t;

// Takes the GPU of that number into use. The first handle of a process makes its context: some 0.2 s, and some
// hundred MiB of the GPU's memory. allocator may be NULL.
// As svari_driver_get(); SVAR_ERR_CONTEXT if there is no such GPU, or if its compute mode keeps this process
// out; SVAR_ERR_UNSUPPORTED if it cannot share memory between processes; SVAR_ERR_NO_MEMORY; SVAR_ERR_DEVICE
svar_ret_t svari_device_open(int ordinal, const svar_allocator_t *allocator,
                             svari_device_t **out_device);
// The number here of the GPU of that identity, which all processes agree on. SVAR_ERR_CONTEXT if it is not visible to this
// one. As svari_driver_get()
svar_ret_t svari_device_find(const svari_cu_uuid_t *uuid, int32_t *out_ordinal);
// Gives it back; what was made on it is gone before. NULL is a no-op.
void svari_device_close(svari_device_t *device);

// Makes the device's context the calling thread's, until leave: around every call that works on it. Captures of other
// streams into graphs neither forbid what is called in between nor take it in.
// SVAR_ERR_FORKED, SVAR_ERR_DEVICE
svar_ret_t svari_device_enter(const svari_device_t *device);
// The same for a teardown, which says nothing: false in a child of the process that opened the device, which
// has nothing to give back, and at the process's end, when the driver is gone.
bool svari_device_try_enter(const svari_device_t *device);
void svari_device_leave(const svari_device_t *device);

// "GPU-5a000000-0000-0000-0000-000000000000", as nvidia-smi writes it.
enum { SVARI_UUID_TEXT_BYTES = 41 };
const char *svari_uuid_text(const svari_cu_uuid_t *uuid, char text[SVARI_UUID_TEXT_BYTES]);

SVAR_END_DECLS
#endif
