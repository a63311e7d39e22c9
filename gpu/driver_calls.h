// The calls of the GPU driver that we use: one list makes the table of them, the stand-in driver of the
// tests, and the comparison with the toolkit's prototypes. That comparison includes this file with the
// toolkit's types in the place of those of gpu/driver_types.h.
#ifndef SVARI_GPU_DRIVER_CALLS_H
#define SVARI_GPU_DRIVER_CALLS_H

#include "gpu/driver_types.h"

// The driver is asked for each call as CUDA 12.0 had it, never for the newest: a version beyond the
// driver's own is refused for every call, and later versions of some have other parameters.
#define SVARI_DRIVER_VERSION 12000

// X(name, version that the call has had its parameters since, parameters)
#define SVARI_DRIVER_CALLS(X)                                                                      \
  X(cuInit, 2000, (unsigned))                                                                      \
  X(cuDriverGetVersion, 2020, (int *))                                                             \
  X(cuGetErrorName, 6000, (svari_cu_result_t, const char **))                                      \
  X(cuDeviceGetCount, 2000, (int *))                                                               \
  X(cuDeviceGet, 2000, (svari_cu_device_t *, int))                                                 \
  X(cuDeviceGetName, 2000, (char *, int, svari_cu_device_t))                                       \
  X(cuDeviceGetUuid, 11040, (svari_cu_uuid_t *, svari_cu_device_t))                                \
  X(cuDeviceGetAttribute, 2000, (int *, svari_cu_attribute_t, svari_cu_device_t))                  \
  X(cuDevicePrimaryCtxRetain, 7000, (svari_cu_context_t *, svari_cu_device_t))                     \
  X(cuDevicePrimaryCtxRelease, 11000, (svari_cu_device_t))                                         \
  X(cuCtxPushCurrent, 4000, (svari_cu_context_t))                                                  \
  X(cuCtxPopCurrent, 4000, (svari_cu_context_t *))                                                 \
  X(cuMemGetAllocationGranularity, 10020,                                                          \
    (size_t *, const svari_cu_properties_t *, svari_cu_granularity_t))                             \
  X(cuMemCreate, 10020,                                                                            \
    (svari_cu_allocation_t *, size_t, const svari_cu_properties_t *, unsigned long long))          \
  X(cuMemRelease, 10020, (svari_cu_allocation_t))                                                  \
  X(cuMemAddressReserve, 10020,                                                                    \
    (svari_cu_address_t *, size_t, size_t, svari_cu_address_t, unsigned long long))                \
  X(cuMemAddressFree, 10020, (svari_cu_address_t, size_t))                                         \
  X(cuMemMap, 10020,                                                                               \
    (svari_cu_address_t, size_t, size_t, svari_cu_allocation_t, unsigned long long))               \
  X(cuMemUnmap, 10020, (svari_cu_address_t, size_t))                                               \
  X(cuMemSetAccess, 10020, (svari_cu_address_t, size_t, const svari_cu_access_t *, size_t))        \
  X(cuMemExportToShareableHandle, 10020,                                                           \
    (void *, svari_cu_allocation_t, svari_cu_handle_type_t, unsigned long long))                   \
  X(cuMemImportFromShareableHandle, 10020,                                                         \
    (svari_cu_allocation_t *, void *, svari_cu_handle_type_t))                                     \
  X(cuMemHostRegister, 6050, (void *, size_t, unsigned))                                           \
  X(cuMemHostUnregister, 4000, (void *))                                                           \
  X(cuMemcpyHtoDAsync, 3020, (svari_cu_address_t, const void *, size_t, svari_cu_stream_t))        \
  X(cuMemcpyDtoHAsync, 3020, (void *, svari_cu_address_t, size_t, svari_cu_stream_t))              \
  X(cuMemcpyDtoDAsync, 3020, (svari_cu_address_t, svari_cu_address_t, size_t, svari_cu_stream_t))  \
  X(cuMemsetD8Async, 3020, (svari_cu_address_t, unsigned char, size_t, svari_cu_stream_t))         \
  X(cuStreamCreate, 2000, (svari_cu_stream_t *, unsigned))                                         \
  X(cuStreamDestroy, 4000, (svari_cu_stream_t))                                                    \
  X(cuStreamSynchronize, 2000, (svari_cu_stream_t))                                                \
  X(cuStreamQuery, 2000, (svari_cu_stream_t))                                                      \
  X(cuStreamIsCapturing, 10000, (svari_cu_stream_t, svari_cu_capture_t *))                         \
  X(cuThreadExchangeStreamCaptureMode, 10010, (svari_cu_capture_mode_t *))                         \
  X(cuStreamWaitEvent, 3020, (svari_cu_stream_t, svari_cu_event_t, unsigned))                      \
  X(cuEventCreate, 2000, (svari_cu_event_t *, unsigned))                                           \
  X(cuEventDestroy, 4000, (svari_cu_event_t))                                                      \
  X(cuEventRecord, 2000, (svari_cu_event_t, svari_cu_stream_t))                                    \
  X(cuLaunchHostFunc, 10000, (svari_cu_stream_t, svari_cu_host_function_t, void *))                \
  X(cuModuleLoadData, 2000, (svari_cu_module_t *, const void *))                                   \
  X(cuModuleUnload, 2000, (svari_cu_module_t))                                                     \
  X(cuModuleGetFunction, 2000, (svari_cu_function_t *, svari_cu_module_t, const char *))           \
  X(cuLaunchKernel, 4000,                                                                          \
    (svari_cu_function_t, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,    \
     svari_cu_stream_t, void **, void **))

#define SVARI_DRIVER_CALL(name, version, parameters) svari_cu_result_t(*name) parameters;
typedef struct svari_driver_calls {
  SVARI_DRIVER_CALLS(SVARI_DRIVER_CALL)
} svari_driver_calls_t;
#undef SVARI_DRIVER_CALL

// The one call that is looked up by its symbol, SVARI_DRIVER_LOOKUP; it finds the others.
typedef svari_cu_result_t (*svari_driver_lookup_t)(const char *name, void **out_call, int version,
                                                   svari_cu_flags_t flags,
                                                   svari_cu_query_t *out_query);
#define SVARI_DRIVER_LOOKUP "cuGetProcAddress_v2"

#endif
