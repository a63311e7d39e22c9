// Memory of the host that the device reaches by itself, for copies at full speed.
#ifndef SVARI_GPU_HOST_PAGES_H
#define SVARI_GPU_HOST_PAGES_H

#include "gpu/device.h"

SVAR_BEGIN_DECLS

// Locks the pages of [start, start + size_bytes), which can be written, into memory and makes them known to the GPUs of
// this process; takes long (some ms for each 10 MiB). Pages that are not there are faulted in. Not twice for the same
// ones. Private ones are unregistered before a fork: who writes one after it, parent or child, gets another, and the GPU
// keeps the old.
// SVAR_ERR_NO_SPACE, SVAR_ERR_FORKED, SVAR_ERR_DEVICE
svar_ret_t svari_host_pages_register(const svari_device_t *device, void *start,
                                     uint64_t size_bytes);
// Before the pages are unmapped or given back; no copy of them is under way. Says nothing of a failure.
void svari_host_pages_unregister(const svari_device_t *device, void *start);

SVAR_END_DECLS
#endif
