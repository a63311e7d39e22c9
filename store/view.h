// Views: from an entry and a pinned version to a tensor. The hot path of every read, hence inline.
#ifndef SVARI_STORE_VIEW_H
#define SVARI_STORE_VIEW_H

#include <string.h>

#include "store/container.h"

// Fills a view of the value that the variable has in `version`, which the caller has pinned; all but its
// pin. Does what svari_view() leaves out, slowly.
// SVAR_ERR_UNSET, SVAR_ERR_CORRUPT; on a GPU also as svari_device_reach()
svar_ret_t svari_view_search(svari_store_container_t *container, uint64_t version,
                             svar_value_t *out_view) __attribute__((noinline));

// The record of the value that the variable has in `version`, which the caller has pinned. out_view->version becomes
// that of the commit that made, or unset, it; 0 if there is none. SVAR_ERR_UNSET
svar_ret_t svari_view_record(const svari_store_container_t *container, uint64_t version,
                             svar_value_t *out_view, const svari_record_t **out_record);

// The error for a record that svari_view_fill() refuses. SVAR_ERR_CORRUPT
svar_ret_t svari_view_misfit(const svari_store_container_t *container,
                             const svari_record_t *record);

// Copies the shape out of the record and multiplies it up. False on overflow or a negative extent.
static inline bool
svari_view_shape(const svari_store_container_t *container, const svari_record_t *record,
                 int64_t *shape, uint64_t *out_size_bytes)
{
  uint64_t size_bytes = container->element_bytes;
  for (int32_t i = 0; i < container->view_head.ndim; i++) {
    int64_t extent = record->shape[i];
    shape[i] = extent;
    if (__builtin_expect(extent < 0, 0) ||
        __builtin_mul_overflow(size_bytes, (uint64_t)extent, &size_bytes)) {
      return false;
    }
  }
  *out_size_bytes = size_bytes;
  return true;
}

// Makes out_view, whose shape is filled, a view of data.
static inline void
svari_view_point(const svari_store_container_t *container, const uint8_t *data,
                 svar_value_t *out_view)
{
  DLTensor *tensor = &out_view->tensor;
  tensor->data = (void *)(uintptr_t)data;
  static_assert(offsetof(DLTensor, dtype) + sizeof(DLDataType) - offsetof(DLTensor, device) ==
                    sizeof(container->view_head),
                "device, ndim and dtype follow each other");
  memcpy(&tensor->device, &container->view_head, sizeof(container->view_head));
  tensor->shape = out_view->shape;
  tensor->strides = NULL;
  tensor->byte_offset = 0;
  out_view->is_alias = true;
}

// Fills a view of one record, whose offset is in space, all but its pin. False if the record does not fit its type
// or what is known of the space: copied, checked, and only the copy used, for the file may be an enemy's.
static inline bool
svari_view_fill(const svari_store_container_t *container, const svari_space_t *space,
                const svari_record_t *record, uint64_t begin, svar_value_t *out_view)
{
  out_view->version = begin;
  uint64_t size_bytes;
  if (__builtin_expect(!svari_view_shape(container, record, out_view->shape, &size_bytes), 0)) {
    return false;
  }
  uint64_t offset = record->offset;
  uint64_t end;
  if (__builtin_expect(offset % SVARI_ALIGNMENT != 0 ||
                           __builtin_add_overflow(offset, size_bytes, &end) ||
                           end > svari_space_known_bytes(space),
                       0)) {
    return false;
  }
  svari_view_point(container, space->read_base + offset, out_view);
  return true;
}

// The record of that version, if the hint of svari_entry.newest leads to it; else NULL.
static inline const svari_record_t *
svari_view_newest(const svari_store_container_t *container, uint64_t version, uint64_t *out_begin)
{
  const svari_entry_t *entry = container->entry;
  uint32_t newest = atomic_load_explicit(&entry->newest, memory_order_acquire);
  if (__builtin_expect(newest >= SVARI_RING_RECORDS, 0)) {
    return NULL;
  }
  // Acquire, pairs with the commit's store of begin: the record behind it is whole.
  *out_begin = atomic_load_explicit(&entry->begin[newest], memory_order_acquire);
  return __builtin_expect(*out_begin <= version, 1) // then no other record can be nearer
             ? &entry->records[newest]
             : NULL;
}

// The common case: the hint leads to the record, and nothing is wrong. No call, so that it costs its caller no saved
// register. False: svari_view_search() does it.
static inline bool
svari_view(const svari_store_container_t *container, uint64_t version, svar_value_t *out_view)
{
  uint64_t begin;
  const svari_record_t *record = svari_view_newest(container, version, &begin);
  return __builtin_expect(record != NULL, 1) &&
         svari_view_fill(container, container->space, record, begin, out_view);
}

#endif
