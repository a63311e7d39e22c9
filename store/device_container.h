// Containers whose values lie on a device: how values get there and back.
#ifndef SVARI_STORE_DEVICE_CONTAINER_H
#define SVARI_STORE_DEVICE_CONTAINER_H

#include "store/container.h"
#include "variable/filter.h"

// Takes the memory on the variable's GPU into use that the holder writes its values to, if it is not yet.
// Holder only. As svari_store_device_open()
svar_ret_t svari_device_require(svari_store_container_t *container);

// The device's address of an offset in the holder's memory there, as views have it.
// @pre svari_device_require()
static inline void *
svari_device_address(const svari_store_container_t *container, uint64_t offset)
{
  const svari_device_region_t *device = container->device;
  return (void *)(uintptr_t)(device->space.read_base + offset);
}

// What a device container asks of a source beyond the filter, which is then shown *out_filtered: it looks at
// no elements of arrays, so arrays on the container's device pass as the host's.
// SVAR_ERR_VALUE: an array on another device. SVAR_ERR_TYPE: a strict variable takes arrays on its device only,
// once it has had a value.
// And as svari_device_require()
svar_ret_t svari_device_check_source(svari_store_container_t *container,
                                     const svar_source_t *source, svar_source_t *out_filtered);

// Writes the filtered value to offset in the holder's memory there. It is there, and source is not needed any more,
// when this returns SVAR_OK.
// SVAR_ERR_VALUE: a source on the device that is not aligned. SVAR_ERR_NO_SPACE: it lies oddly and is of another
// dtype, and there is no room on the device to make it compact. SVAR_ERR_NO_MEMORY, and those of the device
svar_ret_t svari_device_write(const svari_store_container_t *container,
                              const svari_filter_plan_t *plan, const svar_source_t *source,
                              uint64_t offset);

#endif
