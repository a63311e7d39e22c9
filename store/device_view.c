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

// Copies the record's shape, and tells where its value ends.
static svar_ret_t
measure(const svari_store_container_t *container, const svari_record_t *record, int64_t *shape,
        uint64_t *out_end)
{
  uint64_t size_bytes;
  return svari_view_shape(container, record, shape, &size_bytes) &&
                 !__builtin_add_overflow(record->offset, size_bytes, out_end)
             ? SVAR_OK
             : svari_view_misfit(container, record);
}

svar_ret_t
svari_device_view_fill(svari_store_container_t *container, const svari_record_t *record,
                       uint64_t begin, svar_value_t *out_view)
{
  svari_device_region_t *region;
  uint64_t end;
  SVAR_TRY(measure(container, record, out_view->shape, &end));
  SVAR_TRY(svari_device_reach(container, record->region, end, &region));
  note(container, region);
  return svari_view_fill(container, &region->space, record, begin, out_view)
             ? SVAR_OK
             : svari_view_misfit(container, record);
}

svar_ret_t
svari_device_describe(const svari_store_container_t *container, uint64_t version,
                      svar_value_t *out_view)
{
  const svari_record_t *record;
  uint64_t end;
  SVAR_TRY(svari_view_record(container, version, out_view, &record));
  SVAR_TRY(measure(container, record, out_view->shape, &end));
  if (!svari_offset_is_address(record->offset)) { // else an array of this process, which is there
    SVAR_TRY(svari_device_check(container, record->region, end));
  }
  out_view->tensor = (DLTensor){
      .device = {kDLCUDA, -1},
      .ndim = container->view_head.ndim,
      .dtype = container->view_head.dtype,
      .shape = out_view->shape,
  };
  out_view->is_alias = true;
  return SVAR_OK;
}
