#include "gpu/host_pages.h"

svar_ret_t
svari_host_pages_register(const svari_device_t *device, void *start, uint64_t size_bytes)
{
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result =
      device->driver->calls.cuMemHostRegister(start, size_bytes, SVARI_CU_REGISTER_PORTABLE);
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
