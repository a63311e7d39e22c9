// A reader's way to a holder's device memory: its chunks come as descriptors, by way of the region of the store, and
// are mapped to be read, each at the offset that it has for the holder.
#ifndef SVARI_STORE_DEVICE_ATTACH_H
#define SVARI_STORE_DEVICE_ATTACH_H

#include "store/container.h"

// SVAR_ERR_UNSET: a value there ended with its holder. Asks neither holder nor driver.
svar_ret_t svari_device_check(const svari_store_container_t *container, uint32_t number,
                              uint64_t end_bytes);

// The memory of that number, mapped up to end_bytes at least. Asks the holder, and the driver, for what this handle does not
// have of it yet; then it blocks, for as long as the driver takes to start, the first time.
// SVAR_ERR_UNSET: it ended with its holder, or nobody hands it out. SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM; and then, if the
// holder hands it out, those of the GPU: no driver, not visible to this process
svar_ret_t svari_device_reach(const svari_store_container_t *container, uint32_t number,
                              uint64_t end_bytes, svari_device_region_t **out_region);

void svari_device_drop_older(svar_store_t *store);
// Before reads of values on GPUs, now and then: gives back what earlier holders had where a newer one has memory, if nothing
// is read there any more: no record names it, and the handle has no version in use but the newest.
static inline void
svari_device_tidy(svar_store_t *store)
{
  uint64_t look_at = atomic_load_explicit(&store->older_devices.look_at, memory_order_relaxed);
  if (__builtin_expect(svar_store_version(store) >= look_at, 0)) {
    svari_device_drop_older(store);
  }
}

#endif
