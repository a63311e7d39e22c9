// Devices and contexts of the stand-in driver.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/fakes/driver/fake_driver.h"

enum { STACK_MAX = 8, PROCESSORS = 4 };

// A context is its device's place here.
static struct {
  pthread_mutex_t lock;
  int references;
  svari_cu_result_t error;
} devices[FAKE_DEVICES_MAX] = {{PTHREAD_MUTEX_INITIALIZER, 0, 0},
                               {PTHREAD_MUTEX_INITIALIZER, 0, 0},
                               {PTHREAD_MUTEX_INITIALIZER, 0, 0},
                               {PTHREAD_MUTEX_INITIALIZER, 0, 0}};
static _Thread_local int stack[STACK_MAX];
static _Thread_local int depth;
static _Thread_local svari_cu_capture_mode_t capture_mode = SVARI_CU_CAPTURE_GLOBAL;

int
fake_device_count(void)
{
  int count = fake_option("FAKE_DRIVER_DEVICES", 1);
  return count < FAKE_DEVICES_MAX ? count : FAKE_DEVICES_MAX;
}

svari_cu_result_t
fake_device_error(int device)
{
  pthread_mutex_lock(&devices[device].lock);
  svari_cu_result_t error = devices[device].error;
  pthread_mutex_unlock(&devices[device].lock);
  return error;
}

void
fake_device_break(int device, svari_cu_result_t error)
{
  pthread_mutex_lock(&devices[device].lock);
  if (devices[device].error == SVARI_CU_SUCCESS) {
    devices[device].error = error;
  }
  pthread_mutex_unlock(&devices[device].lock);
}

svari_cu_result_t
cuThreadExchangeStreamCaptureMode(svari_cu_capture_mode_t *mode)
{
  svari_cu_capture_mode_t earlier = capture_mode;
  FAKE_TRY(fake_enter(__func__));
  capture_mode = *mode;
  *mode = earlier;
  return SVARI_CU_SUCCESS;
}

// Which calls a capture forbids to other threads nobody tells: all of them, here, but the one that asks for it.
static bool
is_forbidden_by_capture(const char *call)
{
  return fake_stream_captured() != NULL && capture_mode != SVARI_CU_CAPTURE_RELAXED &&
         strcmp(call, "cuStreamIsCapturing") != 0;
}

svari_cu_result_t
fake_enter_context(const char *call, int *out_device)
{
  FAKE_TRY(fake_enter(call));
  if (is_forbidden_by_capture(call)) {
    return SVARI_CU_CAPTURE_UNSUPPORTED;
  }
  if (depth == 0) {
    return SVARI_CU_INVALID_CONTEXT;
  }
  FAKE_TRY(fake_device_error(stack[depth - 1]));
  *out_device = stack[depth - 1];
  return SVARI_CU_SUCCESS;
}

// --- devices ---------------------------------------------------------------------------------------------

static svari_cu_result_t
enter_device(const char *call, svari_cu_device_t device)
{
  FAKE_TRY(fake_enter(call));
  return device >= 0 && device < fake_device_count() ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_DEVICE;
}

svari_cu_result_t
cuDeviceGetCount(int *out_count)
{
  FAKE_TRY(fake_enter(__func__));
  *out_count = fake_device_count();
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuDeviceGet(svari_cu_device_t *out_device, int ordinal)
{
  FAKE_TRY(enter_device(__func__, ordinal));
  *out_device = ordinal;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuDeviceGetName(char *out_name, int size_bytes, svari_cu_device_t device)
{
  FAKE_TRY(enter_device(__func__, device));
  snprintf(out_name, (size_t)size_bytes, "stand-in %d", device);
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuDeviceGetUuid(svari_cu_uuid_t *out_uuid, svari_cu_device_t device)
{
  FAKE_TRY(enter_device(__func__, device));
  memset(out_uuid, 0x5a, sizeof(*out_uuid));
  out_uuid->bytes[15] = (char)device;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuDeviceGetAttribute(int *out_value, svari_cu_attribute_t attribute, svari_cu_device_t device)
{
  FAKE_TRY(enter_device(__func__, device));
  switch (attribute) {
  case SVARI_CU_HAS_VMM:
  case SVARI_CU_HAS_POSIX_FD:
  case SVARI_CU_HAS_READ_ONLY_HOST:
    *out_value = fake_option("FAKE_DRIVER_NO_VMM", 0) == 0;
    return SVARI_CU_SUCCESS;
  case SVARI_CU_COMPUTE_MODE:
    *out_value = fake_option("FAKE_DRIVER_COMPUTE_MODE", SVARI_CU_MODE_DEFAULT);
    return SVARI_CU_SUCCESS;
  case SVARI_CU_PROCESSOR_COUNT:
    *out_value = PROCESSORS;
    return SVARI_CU_SUCCESS;
  default:
    return SVARI_CU_INVALID_VALUE;
  }
}

// --- contexts --------------------------------------------------------------------------------------------

svari_cu_result_t
cuDevicePrimaryCtxRetain(svari_cu_context_t *out_context, svari_cu_device_t device)
{
  FAKE_TRY(enter_device(__func__, device));
  if (fake_option("FAKE_DRIVER_COMPUTE_MODE", SVARI_CU_MODE_DEFAULT) != SVARI_CU_MODE_DEFAULT) {
    return SVARI_CU_DEVICE_UNAVAILABLE;
  }
  pthread_mutex_lock(&devices[device].lock);
  devices[device].references++;
  pthread_mutex_unlock(&devices[device].lock);
  fake_count(1);
  *out_context = (svari_cu_context_t)(void *)&devices[device];
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuDevicePrimaryCtxRelease(svari_cu_device_t device)
{
  FAKE_TRY(enter_device(__func__, device));
  pthread_mutex_lock(&devices[device].lock);
  bool is_held = devices[device].references > 0;
  devices[device].references -= is_held;
  pthread_mutex_unlock(&devices[device].lock);
  fake_count(is_held ? -1 : 0);
  return is_held ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_CONTEXT;
}

svari_cu_result_t
cuCtxPushCurrent(svari_cu_context_t context)
{
  FAKE_TRY(fake_enter(__func__));
  for (int device = 0; device < FAKE_DEVICES_MAX && depth < STACK_MAX; ++device) {
    pthread_mutex_lock(&devices[device].lock);
    bool is_it = (void *)context == (void *)&devices[device] && devices[device].references > 0;
    pthread_mutex_unlock(&devices[device].lock);
    if (is_it) {
      stack[depth++] = device;
      return SVARI_CU_SUCCESS;
    }
  }
  return SVARI_CU_INVALID_CONTEXT;
}

svari_cu_result_t
cuCtxPopCurrent(svari_cu_context_t *out_context)
{
  FAKE_TRY(fake_enter(__func__));
  if (depth == 0) {
    return SVARI_CU_INVALID_CONTEXT;
  }
  *out_context = (svari_cu_context_t)(void *)&devices[stack[--depth]];
  return SVARI_CU_SUCCESS;
}
