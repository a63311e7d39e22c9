// What the GPU driver's calls take and give: the part of its binary interface that we use, as it was in CUDA
// 12.0, declared here so that the library is built without a toolkit. Where one is found,
// tests/gpu/test_driver_abi.cpp compares each size, offset and number with it.
#ifndef SVARI_GPU_DRIVER_TYPES_H
#define SVARI_GPU_DRIVER_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

typedef int svari_cu_result_t; // enums are int-sized in this interface
typedef int svari_cu_attribute_t;
typedef int svari_cu_handle_type_t;
typedef int svari_cu_granularity_t;
typedef int svari_cu_query_t;
typedef int svari_cu_capture_t;
typedef int svari_cu_capture_mode_t;
typedef int svari_cu_device_t;
typedef unsigned long long svari_cu_address_t;    // of device memory: no host code may follow it
typedef unsigned long long svari_cu_allocation_t; // physical memory, mapped or not
typedef uint64_t svari_cu_flags_t;
typedef struct CUctx_st *svari_cu_context_t;
typedef struct CUstream_st *svari_cu_stream_t;
typedef struct CUevent_st *svari_cu_event_t;
typedef struct CUmod_st *svari_cu_module_t;
typedef struct CUfunc_st *svari_cu_function_t;
typedef void (*svari_cu_host_function_t)(void *context);

typedef struct svari_cu_uuid {
  char bytes[16];
} svari_cu_uuid_t;

typedef struct svari_cu_location {
  int type;
  int id;
} svari_cu_location_t;

typedef struct svari_cu_properties { // of an allocation
  int type;
  int handle_types;
  svari_cu_location_t location;
  void *windows;
  struct {
    unsigned char compression;
    unsigned char rdma;
    unsigned short usage;
    unsigned char reserved[4];
  } flags;
} svari_cu_properties_t;

typedef struct svari_cu_access {
  svari_cu_location_t location;
  int access;
} svari_cu_access_t;

// Ours, the driver's own name, the number.
#define SVARI_CU_CONSTANTS(X)                                                                      \
  X(SVARI_CU_SUCCESS, CUDA_SUCCESS, 0)                                                             \
  X(SVARI_CU_INVALID_VALUE, CUDA_ERROR_INVALID_VALUE, 1)                                           \
  X(SVARI_CU_OUT_OF_MEMORY, CUDA_ERROR_OUT_OF_MEMORY, 2)                                           \
  X(SVARI_CU_NOT_INITIALIZED, CUDA_ERROR_NOT_INITIALIZED, 3)                                       \
  X(SVARI_CU_STUB_LIBRARY, CUDA_ERROR_STUB_LIBRARY, 34)                                            \
  X(SVARI_CU_DEVICE_UNAVAILABLE, CUDA_ERROR_DEVICE_UNAVAILABLE, 46)                                \
  X(SVARI_CU_NO_DEVICE, CUDA_ERROR_NO_DEVICE, 100)                                                 \
  X(SVARI_CU_INVALID_DEVICE, CUDA_ERROR_INVALID_DEVICE, 101)                                       \
  X(SVARI_CU_INVALID_CONTEXT, CUDA_ERROR_INVALID_CONTEXT, 201)                                     \
  X(SVARI_CU_NO_BINARY_FOR_GPU, CUDA_ERROR_NO_BINARY_FOR_GPU, 209)                                 \
  X(SVARI_CU_ECC_UNCORRECTABLE, CUDA_ERROR_ECC_UNCORRECTABLE, 214)                                 \
  X(SVARI_CU_INVALID_PTX, CUDA_ERROR_INVALID_PTX, 218)                                             \
  X(SVARI_CU_JIT_COMPILER_NOT_FOUND, CUDA_ERROR_JIT_COMPILER_NOT_FOUND, 221)                       \
  X(SVARI_CU_UNSUPPORTED_PTX_VERSION, CUDA_ERROR_UNSUPPORTED_PTX_VERSION, 222)                     \
  X(SVARI_CU_OPERATING_SYSTEM, CUDA_ERROR_OPERATING_SYSTEM, 304)                                   \
  X(SVARI_CU_INVALID_HANDLE, CUDA_ERROR_INVALID_HANDLE, 400)                                       \
  X(SVARI_CU_NOT_FOUND, CUDA_ERROR_NOT_FOUND, 500)                                                 \
  X(SVARI_CU_NOT_READY, CUDA_ERROR_NOT_READY, 600)                                                 \
  X(SVARI_CU_ILLEGAL_ADDRESS, CUDA_ERROR_ILLEGAL_ADDRESS, 700)                                     \
  X(SVARI_CU_LAUNCH_TIMEOUT, CUDA_ERROR_LAUNCH_TIMEOUT, 702)                                       \
  X(SVARI_CU_ASSERT, CUDA_ERROR_ASSERT, 710)                                                       \
  X(SVARI_CU_HOST_ALREADY_REGISTERED, CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, 712)              \
  X(SVARI_CU_HOST_NOT_REGISTERED, CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, 713)                      \
  X(SVARI_CU_HARDWARE_STACK_ERROR, CUDA_ERROR_HARDWARE_STACK_ERROR, 714)                           \
  X(SVARI_CU_LAUNCH_FAILED, CUDA_ERROR_LAUNCH_FAILED, 719)                                         \
  X(SVARI_CU_NOT_PERMITTED, CUDA_ERROR_NOT_PERMITTED, 800)                                         \
  X(SVARI_CU_NOT_SUPPORTED, CUDA_ERROR_NOT_SUPPORTED, 801)                                         \
  X(SVARI_CU_MPS_CLIENT_TERMINATED, CUDA_ERROR_MPS_CLIENT_TERMINATED, 810)                         \
  X(SVARI_CU_CAPTURE_UNSUPPORTED, CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, 900)                      \
  X(SVARI_CU_CAPTURE_IMPLICIT, CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, 906)                            \
  X(SVARI_CU_EXTERNAL_DEVICE, CUDA_ERROR_EXTERNAL_DEVICE, 911)                                     \
  X(SVARI_CU_PROCESSOR_COUNT, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 16)                        \
  X(SVARI_CU_COMPUTE_MODE, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE, 20)                                   \
  X(SVARI_CU_HAS_VMM, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, 102)                \
  X(SVARI_CU_HAS_POSIX_FD, CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED, 103)   \
  X(SVARI_CU_HAS_READ_ONLY_HOST, CU_DEVICE_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED, 113)       \
  X(SVARI_CU_MODE_DEFAULT, CU_COMPUTEMODE_DEFAULT, 0)                                              \
  X(SVARI_CU_MODE_PROHIBITED, CU_COMPUTEMODE_PROHIBITED, 2)                                        \
  X(SVARI_CU_MODE_EXCLUSIVE, CU_COMPUTEMODE_EXCLUSIVE_PROCESS, 3)                                  \
  X(SVARI_CU_PINNED, CU_MEM_ALLOCATION_TYPE_PINNED, 1)                                             \
  X(SVARI_CU_ON_DEVICE, CU_MEM_LOCATION_TYPE_DEVICE, 1)                                            \
  X(SVARI_CU_POSIX_FD, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 1)                                \
  X(SVARI_CU_GRANULARITY_MINIMUM, CU_MEM_ALLOC_GRANULARITY_MINIMUM, 0)                             \
  X(SVARI_CU_READ, CU_MEM_ACCESS_FLAGS_PROT_READ, 1)                                               \
  X(SVARI_CU_READ_WRITE, CU_MEM_ACCESS_FLAGS_PROT_READWRITE, 3)                                    \
  X(SVARI_CU_STREAM_NON_BLOCKING, CU_STREAM_NON_BLOCKING, 1)                                       \
  X(SVARI_CU_CAPTURE_NONE, CU_STREAM_CAPTURE_STATUS_NONE, 0)                                       \
  X(SVARI_CU_CAPTURE_GLOBAL, CU_STREAM_CAPTURE_MODE_GLOBAL, 0)                                     \
  X(SVARI_CU_CAPTURE_RELAXED, CU_STREAM_CAPTURE_MODE_RELAXED, 2)                                   \
  X(SVARI_CU_EVENT_DISABLE_TIMING, CU_EVENT_DISABLE_TIMING, 2)                                     \
  X(SVARI_CU_REGISTER_PORTABLE, CU_MEMHOSTREGISTER_PORTABLE, 1)                                    \
  X(SVARI_CU_LEGACY_STREAM, CU_GET_PROC_ADDRESS_LEGACY_STREAM, 1)
#define SVARI_CU_CONSTANT(ours, theirs, number) ours = number,
enum { SVARI_CU_CONSTANTS(SVARI_CU_CONSTANT) };
#undef SVARI_CU_CONSTANT

SVAR_END_DECLS
#endif
