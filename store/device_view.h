// Views of values on GPUs: the hot path of their reads, and what it leaves out.
#ifndef SVARI_STORE_DEVICE_VIEW_H
#define SVARI_STORE_DEVICE_VIEW_H

#include "store/view.h"

// As svari_view(): the record lies in memory that this process has, and that the container's last one lay in, too.
static inline bool
svari_device_view(const svari_store_container_t *container, uint64_t version,
                  svar_value_t *out_view)
{
  uint64_t begin;
  const svari_record_t *record = svari_view_newest(container, version, &begin);
  const svari_device_region_t *device =
      atomic_load_explicit(&container->device, memory_order_acquire);
  return record != NULL && device != NULL && record->region == device->number &&
         svari_view_fill(container, &device->space, record, begin, out_view);
}

// Fills a view of a record on a GPU, all but its pin, and attaches to the holder's memory there if need be: the first time,
// and when it has grown.
// SVAR_ERR_CORRUPT; and as svari_device_reach()
svar_ret_t svari_device_view_fill(svari_store_container_t *container, const svari_record_t *record,
                                  uint64_t begin, svar_value_t *out_view);

// svar_snapshot_describe() of a variable on a GPU.
svar_ret_t svari_device_describe(const svari_store_container_t *container, uint64_t version,
                                 svar_value_t *out_view);

#endif
