#include "gpu/device.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gpu/kernels.h"
#include "gpu/memory.h"

// --- what the device says of itself --------------------------------------------------------------------

const char *
svari_uuid_text(const svari_cu_uuid_t *uuid, char text[SVARI_UUID_TEXT_BYTES])
{
  char *end = text + sprintf(text, "GPU");
  for (int i = 0; i < 16; ++i) {
    bool begins_group = i == 0 || i == 4 || i == 6 || i == 8 || i == 10;
    end += sprintf(end, "%s%02x", begins_group ? "-" : "", (unsigned char)uuid->bytes[i]);
  }
  return text;
}

static svar_ret_t
get_attribute(const svari_device_t *device, svari_cu_attribute_t attribute, int *out_value)
{
  svari_cu_result_t result =
      device->driver->calls.cuDeviceGetAttribute(out_value, attribute, device->device);
  return svari_driver_result(device->driver, result, "asking GPU %d (%s) for its attribute %d",
                             device->ordinal, device->name, attribute);
}

static svar_ret_t
identify(svari_device_t *device)
{
  const svari_driver_calls_t *calls = &device->driver->calls;
  svari_cu_result_t result = calls->cuDeviceGet(&device->device, device->ordinal);
  if (result == SVARI_CU_SUCCESS) {
    result = calls->cuDeviceGetName(device->name, sizeof(device->name), device->device);
  }
  if (result == SVARI_CU_SUCCESS) {
    result = calls->cuDeviceGetUuid(&device->uuid, device->device);
  }
  SVAR_TRY(svari_driver_result(device->driver, result, "asking GPU %d who it is", device->ordinal));
  int processor_count = 0;
  SVAR_TRY(get_attribute(device, SVARI_CU_PROCESSOR_COUNT, &processor_count));
  device->processor_count = (uint32_t)processor_count;
  return SVAR_OK;
}

static svar_ret_t
check_sharing(const svari_device_t *device)
{
  int has_vmm = 0;
  int has_descriptors = 0;
  SVAR_TRY(get_attribute(device, SVARI_CU_HAS_VMM, &has_vmm));
  SVAR_TRY(get_attribute(device, SVARI_CU_HAS_POSIX_FD, &has_descriptors));
  if (!has_vmm || !has_descriptors) {
    return svar_fail(SVAR_ERR_UNSUPPORTED,
                     "GPU %d (%s) cannot share memory between processes: it offers virtual memory "
                     "management: %s, file descriptors of memory: %s; both are needed: take "
                     "another GPU, or host memory (SVAR_TARGET_HOST)",
                     device->ordinal, device->name, has_vmm ? "yes" : "no",
                     has_descriptors ? "yes" : "no");
  }
  return SVAR_OK;
}

static svar_ret_t
refused_by_mode(const svari_device_t *device)
{
  int mode = SVARI_CU_MODE_DEFAULT;
  SVAR_TRY(get_attribute(device, SVARI_CU_COMPUTE_MODE, &mode));
  char uuid[SVARI_UUID_TEXT_BYTES]; // nvidia-smi counts otherwise
  (void)svari_uuid_text(&device->uuid, uuid);
  if (mode == SVARI_CU_MODE_DEFAULT) {
    return svar_fail(SVAR_ERR_CONTEXT,
                     "GPU %d (%s) takes no context of this process, though its compute mode is "
                     "DEFAULT: see its state, MIG mode too, with `nvidia-smi -q -i %s`",
                     device->ordinal, device->name, uuid);
  }
  return svar_fail(SVAR_ERR_CONTEXT,
                   "GPU %d (%s) takes no context of this process: its compute mode is %s; "
                   "processes that share variables need DEFAULT (nvidia-smi -i %s -c DEFAULT)",
                   device->ordinal, device->name,
                   mode == SVARI_CU_MODE_PROHIBITED ? "PROHIBITED" : "EXCLUSIVE_PROCESS", uuid);
}

// --- life ----------------------------------------------------------------------------------------------

static svar_ret_t
retain_context(svari_device_t *device)
{
  svari_cu_context_t context = NULL;
  svari_cu_result_t result =
      device->driver->calls.cuDevicePrimaryCtxRetain(&context, device->device);
  if (result == SVARI_CU_DEVICE_UNAVAILABLE) {
    return refused_by_mode(device);
  }
  SVAR_TRY(svari_driver_result(device->driver, result, "making a context on GPU %d (%s)",
                               device->ordinal, device->name));
  device->context = context;
  return SVAR_OK;
}

static svar_ret_t
set_up(svari_device_t *device)
{
  SVAR_TRY(identify(device));
  SVAR_TRY(check_sharing(device));
  SVAR_TRY(svari_memory_granularity(device, &device->granularity_bytes));
  SVAR_TRY(svari_kernel_cache_create(&device->allocator, &device->kernels));
  return retain_context(device);
}

svar_ret_t
svari_device_open(int ordinal, const svar_allocator_t *allocator, svari_device_t **out_device)
{
  const svari_driver_t *driver = NULL;
  SVAR_TRY(svari_driver_get(&driver));
  SVAR_TRY(svari_driver_check_number(driver, ordinal));
  svar_allocator_t heap = allocator != NULL ? *allocator : svar_allocator_default();
  svari_device_t *device = heap.allocate(sizeof(*device), _Alignof(svari_device_t), heap.state);
  if (device == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the handle of GPU %d", ordinal);
  }
  *device = (svari_device_t){.driver = driver, .allocator = heap, .ordinal = ordinal};
  svar_ret_t ret = set_up(device);
  if (ret != SVAR_OK) {
    svari_device_close(device);
    return ret;
  }
  *out_device = device;
  return SVAR_OK;
}

svar_ret_t
svari_device_find(const svari_cu_uuid_t *uuid, int32_t *out_ordinal)
{
  const svari_driver_t *driver = NULL;
  SVAR_TRY(svari_driver_get(&driver));
  svar_ret_t ret = SVAR_OK;
  for (int ordinal = 0; ordinal < driver->device_count; ++ordinal) {
    svari_cu_device_t device = 0;
    svari_cu_uuid_t found = {{0}};
    svari_cu_result_t result = driver->calls.cuDeviceGet(&device, ordinal);
    if (result == SVARI_CU_SUCCESS) {
      result = driver->calls.cuDeviceGetUuid(&found, device);
    }
    if (result != SVARI_CU_SUCCESS) { // it may be that one, or another is
      ret = svari_driver_result(driver, result, "asking GPU %d who it is", ordinal);
    } else if (memcmp(&found, uuid, sizeof(found)) == 0) {
      *out_ordinal = ordinal;
      return SVAR_OK;
    }
  }
  SVAR_TRY(ret);
  char text[SVARI_UUID_TEXT_BYTES];
  return svar_fail(SVAR_ERR_CONTEXT,
                   "%s is not visible to this process, which sees %d other GPUs: %s",
                   svari_uuid_text(uuid, text), driver->device_count, SVARI_DRIVER_WHICH_GPUS);
}

// The results are not looked at: the driver may be gone already, at the process's end.
void
svari_device_close(svari_device_t *device)
{
  if (device == NULL) {
    return;
  }
  svari_kernel_cache_destroy(device);
  if (device->context != NULL && device->driver->process == getpid()) {
    device->driver->calls.cuDevicePrimaryCtxRelease(device->device);
  }
  svar_allocator_t allocator = device->allocator;
  allocator.deallocate(device, allocator.state);
}

// --- the calling thread's ------------------------------------------------------------------------------

// How often the thread has entered, and the mode in which streams are captured as it was before.
static _Thread_local struct {
  unsigned depth;
  svari_cu_capture_mode_t capture_mode;
} entered;

// While a stream of somebody's is captured into a graph, which PyTorch does so that it concerns all threads, the
// driver refuses calls that a capture could miss, as waits are, and ends the capture. Ours are not meant for it.
static svari_cu_result_t
relax_captures(const svari_driver_calls_t *calls)
{
  svari_cu_capture_mode_t mode = SVARI_CU_CAPTURE_RELAXED;
  svari_cu_result_t result = calls->cuThreadExchangeStreamCaptureMode(&mode);
  entered.capture_mode = mode;
  return result;
}

static svari_cu_result_t
enter(const svari_device_t *device)
{
  const svari_driver_calls_t *calls = &device->driver->calls;
  svari_cu_result_t result = calls->cuCtxPushCurrent(device->context);
  if (result == SVARI_CU_SUCCESS && entered.depth == 0 &&
      (result = relax_captures(calls)) != SVARI_CU_SUCCESS) {
    calls->cuCtxPopCurrent(&(svari_cu_context_t){NULL});
  }
  entered.depth += result == SVARI_CU_SUCCESS;
  return result;
}

svar_ret_t
svari_device_enter(const svari_device_t *device)
{
  const svari_driver_t *driver = NULL;
  SVAR_TRY(svari_driver_get(&driver)); // refuses in a forked child
  return svari_driver_result(driver, enter(device), "making GPU %d the thread's", device->ordinal);
}

bool
svari_device_try_enter(const svari_device_t *device)
{
  return device->driver->process == getpid() && enter(device) == SVARI_CU_SUCCESS;
}

void
svari_device_leave(const svari_device_t *device)
{
  const svari_driver_calls_t *calls = &device->driver->calls;
  if (--entered.depth == 0) {
    calls->cuThreadExchangeStreamCaptureMode(&entered.capture_mode);
  }
  calls->cuCtxPopCurrent(&(svari_cu_context_t){NULL});
}
