#include "gpu/host_pages.h"

static svar_ret_t
check_read_only(const svari_device_t *device)
{
  int takes_them = 0;
  svari_cu_result_t result = device->driver->calls.cuDeviceGetAttribute(
      &takes_them, SVARI_CU_HAS_READ_ONLY_HOST, device->device);
  SVAR_TRY(svari_driver_result(device->driver, result,
                               "asking GPU %d (%s) whether it takes read-only pages",
                               device->ordinal, device->name));
  if (!takes_them) {
    return svar_fail(
        SVAR_ERR_UNSUPPORTED,
        "GPU %d (%s) takes no read-only pages of the host: copies from them go through "
        "the driver's own buffers",
        device->ordinal, device->name);
  }
  return SVAR_OK;
}

svar_ret_t
svari_host_pages_register(const svari_device_t *device, void *start, uint64_t size_bytes,
                          bool is_read_only)
{
  if (is_read_only) {
    SVAR_TRY(check_read_only(device));
  }
  unsigned flags = SVARI_CU_REGISTER_PORTABLE | (is_read_only ? SVARI_CU_REGISTER_READ_ONLY : 0);
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result = device->driver->calls.cuMemHostRegister(start, size_bytes, flags);
  svari_device_leave(device);
  return svari_driver_result(device->driver, result,
                             "making %llu bytes of the host known to GPU %d (%s)",
                             (unsigned long long)size_bytes, device->ordinal, device->name);
}

void
svari_host_pages_unregister(const svari_device_t *device, void *start)
{
  if (svari_device_try_enter(device)) {
    device->driver->calls.cuMemHostUnregister(start);
    svari_device_leave(device);
  }
}
