#include "store/device_view.h"

#include "store/device_attach.h"
#include "store/device_container.h"

// What is there besides the region is written once, under the lock, before the region is: so who finds that finds it.
static void
note(svari_store_container_t *container, svari_device_region_t *region)
{
  pthread_mutex_lock(&container->store->lock);
  if (atomic_load_explicit(&container->device, memory_order_relaxed) == NULL) {
    container->view_head.device = region->device;
  }
  atomic_store_explicit(&container->device, region, memory_order_release);
  pthread_mutex_unlock(&container->store->lock);
}

svar_ret_t
svari_device_require(svari_store_container_t *container)
{
  svari_device_region_t *region;
  if (atomic_load_explicit(&container->device, memory_order_acquire) != NULL) {
    return SVAR_OK;
  }
  SVAR_TRY(svari_store_device_open(container->store, container->base.device, &region));
  note(container, region);
  return SVAR_OK;
}

svar_ret_t
svari_device_view_fill(svari_store_container_t *container, const svari_record_t *record,
                       uint64_t begin, svar_value_t *out_view)
{
  svari_device_region_t *region;
  uint64_t size_bytes;
  uint64_t end;
  if (!svari_view_shape(container, record, out_view->shape, &size_bytes) ||
      __builtin_add_overflow(record->offset, size_bytes, &end)) {
    return svari_view_misfit(container, record);
  }
  SVAR_TRY(svari_device_reach(container, record->region, end, &region));
  note(container, region);
  return svari_view_fill(container, &region->space, record, begin, out_view)
             ? SVAR_OK
             : svari_view_misfit(container, record);
}
