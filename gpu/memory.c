#include "gpu/memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

// --- sizes ---------------------------------------------------------------------------------------------

static svari_cu_properties_t
properties_on(const svari_device_t *device)
{
  return (svari_cu_properties_t){.type = SVARI_CU_PINNED,
                                 .handle_types = SVARI_CU_POSIX_FD,
                                 .location = {SVARI_CU_ON_DEVICE, device->device}};
}

svar_ret_t
svari_memory_granularity(const svari_device_t *device, uint64_t *out_bytes)
{
  svari_cu_properties_t properties = properties_on(device);
  size_t bytes = 0;
  svari_cu_result_t result = device->driver->calls.cuMemGetAllocationGranularity(
      &bytes, &properties, SVARI_CU_GRANULARITY_MINIMUM);
  SVAR_TRY(svari_driver_result(device->driver, result,
                               "asking GPU %d (%s) in what steps it gives memory", device->ordinal,
                               device->name));
  if (bytes == 0 || (bytes & (bytes - 1)) != 0) {
    return svar_fail(SVAR_ERR_DEVICE,
                     "GPU %d (%s) gives memory in steps of %zu bytes, which is no power of two: "
                     "install another driver",
                     device->ordinal, device->name, bytes);
  }
  *out_bytes = bytes;
  return SVAR_OK;
}

// Rounds *bytes up to a multiple of a power of two; false if there is none.
static bool
round_up(uint64_t *bytes, uint64_t step)
{
  bool overflows = __builtin_add_overflow(*bytes, step - 1, bytes);
  *bytes &= ~(step - 1);
  return !overflows;
}

static svar_ret_t
memory_new(svari_device_t *device, uint32_t slot_count, uint64_t slot_bytes,
           svari_memory_t **out_memory)
{
  uint64_t stride = slot_bytes;
  uint64_t total = 0;
  if (slot_count == 0 || slot_bytes == 0 || !round_up(&stride, SVARI_SLOT_ALIGNMENT_BYTES) ||
      __builtin_mul_overflow(stride, slot_count, &total) ||
      !round_up(&total, device->granularity_bytes)) {
    return svar_fail(SVAR_ERR_NO_SPACE, "no GPU has %u slots of %llu bytes: ask for less",
                     slot_count, (unsigned long long)slot_bytes);
  }
  svar_allocator_t heap = device->allocator;
  svari_memory_t *memory = heap.allocate(sizeof(*memory), _Alignof(svari_memory_t), heap.state);
  if (memory == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the handle of device memory");
  }
  *memory = (svari_memory_t){
      .device = device, .slot_count = slot_count, .stride_bytes = stride, .total_bytes = total};
  *out_memory = memory;
  return SVAR_OK;
}

// --- allocation and mapping, in the device's context -----------------------------------------------------

static svar_ret_t
allocate(svari_memory_t *memory)
{
  const svari_device_t *device = memory->device;
  svari_cu_properties_t properties = properties_on(device);
  svari_cu_result_t result =
      device->driver->calls.cuMemCreate(&memory->allocation, memory->total_bytes, &properties, 0);
  memory->has_allocation = result == SVARI_CU_SUCCESS;
  return svari_driver_result(
      device->driver, result, "allocating %llu bytes on GPU %d (%s) for %u slots",
      (unsigned long long)memory->total_bytes, device->ordinal, device->name, memory->slot_count);
}

static svar_ret_t
adopt(svari_memory_t *memory, int fd)
{
  const svari_device_t *device = memory->device;
  svari_cu_result_t result = device->driver->calls.cuMemImportFromShareableHandle(
      &memory->allocation, (void *)(uintptr_t)fd, SVARI_CU_POSIX_FD);
  memory->has_allocation = result == SVARI_CU_SUCCESS;
  return svari_driver_result(
      device->driver, result, "taking %llu bytes of GPU %d (%s) from descriptor %d",
      (unsigned long long)memory->total_bytes, device->ordinal, device->name, fd);
}

static svar_ret_t
reserve(const svari_device_t *device, uint64_t size_bytes, svari_cu_address_t *out_address)
{
  svari_cu_address_t address = 0;
  svari_cu_result_t result =
      device->driver->calls.cuMemAddressReserve(&address, size_bytes, 0, 0, 0);
  SVAR_TRY(svari_driver_result(device->driver, result,
                               "reserving addresses for %llu bytes of GPU %d (%s)",
                               (unsigned long long)size_bytes, device->ordinal, device->name));
  *out_address = address;
  return SVAR_OK;
}

static svar_ret_t
map(svari_memory_t *memory, svari_memory_access_t access)
{
  const svari_device_t *device = memory->device;
  const svari_driver_calls_t *calls = &device->driver->calls;
  uint64_t bytes = memory->total_bytes;
  if (memory->address == 0) {
    SVAR_TRY(reserve(device, bytes, &memory->address));
    memory->has_addresses = true;
  }
  svari_cu_result_t result = calls->cuMemMap(memory->address, bytes, 0, memory->allocation, 0);
  memory->is_mapped = result == SVARI_CU_SUCCESS;
  if (memory->is_mapped) {
    svari_cu_access_t grant = {{SVARI_CU_ON_DEVICE, device->device}, (int)access};
    result = calls->cuMemSetAccess(memory->address, bytes, &grant, 1);
  }
  return svari_driver_result(device->driver, result, "mapping %llu bytes of GPU %d (%s)",
                             (unsigned long long)bytes, device->ordinal, device->name);
}

// Results are not looked at: nothing could be done, and at the process's end the driver may be gone.
static void
give_back(svari_memory_t *memory)
{
  const svari_driver_calls_t *calls = &memory->device->driver->calls;
  if (memory->is_mapped) {
    calls->cuMemUnmap(memory->address, memory->total_bytes);
  }
  if (memory->has_addresses) {
    calls->cuMemAddressFree(memory->address, memory->total_bytes);
  }
  if (memory->has_allocation) {
    calls->cuMemRelease(memory->allocation);
  }
}

// --- life ------------------------------------------------------------------------------------------------

void
svari_memory_destroy(svari_memory_t *memory)
{
  if (memory == NULL) {
    return;
  }
  svari_device_t *device = memory->device;
  if (svari_device_try_enter(device)) {
    give_back(memory);
    svari_device_leave(device);
  }
  device->allocator.deallocate(memory, device->allocator.state);
}

// fd < 0: new memory, else that behind it.
static svar_ret_t
obtain(svari_memory_t *memory, int fd, svari_memory_access_t access)
{
  SVAR_TRY(svari_device_enter(memory->device));
  svar_ret_t ret = fd < 0 ? allocate(memory) : adopt(memory, fd);
  if (ret == SVAR_OK) {
    ret = map(memory, access);
  }
  svari_device_leave(memory->device);
  return ret;
}

// address: where it is mapped; 0: at addresses of its own.
static svar_ret_t
open_memory(svari_device_t *device, int fd, uint32_t slot_count, uint64_t slot_bytes,
            svari_cu_address_t address, svari_memory_access_t access, svari_memory_t **out_memory)
{
  svari_memory_t *memory = NULL;
  SVAR_TRY(memory_new(device, slot_count, slot_bytes, &memory));
  memory->address = address;
  svar_ret_t ret = obtain(memory, fd, access);
  if (ret != SVAR_OK) {
    svari_memory_destroy(memory);
    return ret;
  }
  *out_memory = memory;
  return SVAR_OK;
}

svar_ret_t
svari_memory_create(svari_device_t *device, uint32_t slot_count, uint64_t slot_bytes,
                    svari_memory_t **out_memory)
{
  return open_memory(device, -1, slot_count, slot_bytes, 0, SVARI_MEMORY_READ_WRITE, out_memory);
}

svar_ret_t
svari_memory_create_at(svari_device_t *device, svari_cu_address_t address, uint64_t size_bytes,
                       svari_memory_t **out_memory)
{
  assert(address != 0 && size_bytes % device->granularity_bytes == 0);
  return open_memory(device, -1, 1, size_bytes, address, SVARI_MEMORY_READ_WRITE, out_memory);
}

svar_ret_t
svari_addresses_reserve(const svari_device_t *device, uint64_t size_bytes,
                        svari_cu_address_t *out_address)
{
  SVAR_TRY(svari_device_enter(device));
  svar_ret_t ret = reserve(device, size_bytes, out_address);
  svari_device_leave(device);
  return ret;
}

void
svari_addresses_free(const svari_device_t *device, svari_cu_address_t address, uint64_t size_bytes)
{
  if (address != 0 && svari_device_try_enter(device)) {
    device->driver->calls.cuMemAddressFree(address, size_bytes);
    svari_device_leave(device);
  }
}

svar_ret_t
svari_memory_import(svari_device_t *device, int fd, uint32_t slot_count, uint64_t slot_bytes,
                    svari_memory_access_t access, svari_memory_t **out_memory)
{
  assert(fd >= 0);
  return open_memory(device, fd, slot_count, slot_bytes, 0, access, out_memory);
}

svar_ret_t
svari_memory_import_at(svari_device_t *device, int fd, svari_cu_address_t address,
                       uint64_t size_bytes, svari_memory_t **out_memory)
{
  assert(fd >= 0 && address != 0 && size_bytes % device->granularity_bytes == 0);
  return open_memory(device, fd, 1, size_bytes, address, SVARI_MEMORY_READ, out_memory);
}

svar_ret_t
svari_memory_export(const svari_memory_t *memory, int *out_fd)
{
  const svari_device_t *device = memory->device;
  int fd = -1;
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result = device->driver->calls.cuMemExportToShareableHandle(
      &fd, memory->allocation, SVARI_CU_POSIX_FD, 0);
  svari_device_leave(device);
  SVAR_TRY(svari_driver_result(device->driver, result, "sharing %llu bytes of GPU %d (%s)",
                               (unsigned long long)memory->total_bytes, device->ordinal,
                               device->name));
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) { // the driver does not promise it
    int error = errno;
    close(fd);
    return svar_fail(SVAR_ERR_SYSTEM, "closing a descriptor of device memory on exec: %s",
                     strerror(error));
  }
  *out_fd = fd;
  return SVAR_OK;
}
