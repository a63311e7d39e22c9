// Sizes, offsets and constants: ours and the toolkit's, side by side.
#include <cuda.h>

#include "gpu/driver_types.h"
#include "tests/gpu/abi.h"

#define SIZE(ours, theirs) {"sizeof " #theirs, sizeof(ours), sizeof(theirs)},
#define OFFSET(ours, our_member, theirs, their_member)                                             \
  {"offset of " #theirs "." #their_member, offsetof(ours, our_member),                             \
   offsetof(theirs, their_member)},
#define CONSTANT(ours, theirs, number) {#theirs, ours, theirs},

const abi_number_t abi_numbers[] = {
    SIZE(svari_cu_result_t, CUresult) SIZE(svari_cu_attribute_t, CUdevice_attribute) SIZE(
        svari_cu_handle_type_t, CUmemAllocationHandleType) SIZE(svari_cu_granularity_t,
                                                                CUmemAllocationGranularity_flags)
        SIZE(svari_cu_query_t, CUdriverProcAddressQueryResult) SIZE(svari_cu_capture_t,
                                                                    CUstreamCaptureStatus)
            SIZE(svari_cu_capture_mode_t, CUstreamCaptureMode) SIZE(svari_cu_device_t, CUdevice)
                SIZE(svari_cu_address_t, CUdeviceptr) SIZE(svari_cu_flags_t, cuuint64_t) SIZE(
                    svari_cu_allocation_t, CUmemGenericAllocationHandle)
                    SIZE(svari_cu_uuid_t, CUuuid) SIZE(svari_cu_location_t, CUmemLocation) SIZE(
                        svari_cu_properties_t, CUmemAllocationProp) SIZE(svari_cu_access_t,
                                                                         CUmemAccessDesc)
                        OFFSET(svari_cu_location_t, type, CUmemLocation, type) OFFSET(
                            svari_cu_location_t, id, CUmemLocation,
                            id) OFFSET(svari_cu_properties_t, type, CUmemAllocationProp, type)
                            OFFSET(svari_cu_properties_t, handle_types, CUmemAllocationProp,
                                   requestedHandleTypes) OFFSET(svari_cu_properties_t, location,
                                                                CUmemAllocationProp, location)
                                OFFSET(svari_cu_properties_t, windows, CUmemAllocationProp,
                                       win32HandleMetaData) OFFSET(svari_cu_properties_t, flags,
                                                                   CUmemAllocationProp, allocFlags)
                                    OFFSET(svari_cu_properties_t, flags.compression,
                                           CUmemAllocationProp, allocFlags.compressionType)
                                        OFFSET(svari_cu_properties_t, flags.rdma,
                                               CUmemAllocationProp, allocFlags.gpuDirectRDMACapable)
                                            OFFSET(svari_cu_properties_t, flags.usage,
                                                   CUmemAllocationProp, allocFlags.usage)
                                                OFFSET(svari_cu_access_t, location, CUmemAccessDesc,
                                                       location) OFFSET(svari_cu_access_t, access,
                                                                        CUmemAccessDesc, flags)
                                                    SVARI_CU_CONSTANTS(CONSTANT)};
const size_t abi_number_count = sizeof(abi_numbers) / sizeof(abi_numbers[0]);
