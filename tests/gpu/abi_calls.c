// Prototypes: our list of calls with the toolkit's types in the place of ours.
#include <cuda.h>
#include <cudaTypedefs.h>

#define SVARI_GPU_DRIVER_TYPES_H
typedef CUresult svari_cu_result_t;
typedef CUdevice_attribute svari_cu_attribute_t;
typedef CUmemAllocationHandleType svari_cu_handle_type_t;
typedef CUmemAllocationGranularity_flags svari_cu_granularity_t;
typedef CUdriverProcAddressQueryResult svari_cu_query_t;
typedef CUstreamCaptureStatus svari_cu_capture_t;
typedef CUstreamCaptureMode svari_cu_capture_mode_t;
typedef CUdevice svari_cu_device_t;
typedef CUdeviceptr svari_cu_address_t;
typedef CUmemGenericAllocationHandle svari_cu_allocation_t;
typedef cuuint64_t svari_cu_flags_t;
typedef CUcontext svari_cu_context_t;
typedef CUstream svari_cu_stream_t;
typedef CUevent svari_cu_event_t;
typedef CUmodule svari_cu_module_t;
typedef CUfunction svari_cu_function_t;
typedef CUhostFn svari_cu_host_function_t;
typedef CUuuid svari_cu_uuid_t;
typedef CUmemAllocationProp svari_cu_properties_t;
typedef CUmemAccessDesc svari_cu_access_t;
#include "gpu/driver_calls.h"
#include "tests/gpu/abi.h"

// The type of a call as CUDA 12.0 had it: the list says since when.
#define CALL(name, version, parameters)                                                            \
  {#name " of version " #version,                                                                  \
   __builtin_types_compatible_p(svari_cu_result_t(*) parameters, PFN_##name##_v##version) &&       \
       (version) <= SVARI_DRIVER_VERSION,                                                          \
   1},
const abi_number_t abi_calls[] = {SVARI_DRIVER_CALLS(CALL){
    "cuGetProcAddress of version 12000",
    __builtin_types_compatible_p(svari_driver_lookup_t, PFN_cuGetProcAddress_v12000), 1}};
const size_t abi_call_count = sizeof(abi_calls) / sizeof(abi_calls[0]);
