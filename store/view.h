// Views: from an entry and a pinned version to a tensor. The hot path of every read, hence inline.
#ifndef SVARI_STORE_VIEW_H
#define SVARI_STORE_VIEW_H

#include "store/container.h"

svar_ret_t svari_view_fail_unset(const svari_store_container_t *container, uint64_t version)
    __attribute__((noinline, cold));
svar_ret_t svari_view_fail_corrupt(const svari_store_container_t *container,
                                   const svari_record_t *record) __attribute__((noinline, cold));

// Index of the record with the largest begin <= version, or SVARI_RING_RECORDS: the search that the
// hint saves.
uint32_t svari_view_search(const svari_entry_t *entry, uint64_t version, uint64_t *out_begin);

// The same, by the hint if it helps.
static inline uint32_t
svari_view_record(const svari_entry_t *entry, uint64_t version, uint64_t *out_begin)
{
  uint32_t newest = atomic_load_explicit(&entry->newest, memory_order_acquire);
  if (__builtin_expect(newest < SVARI_RING_RECORDS, 1)) {
    // Acquire, pairs with the commit's store of begin: the record behind it is whole.
    uint64_t begin = atomic_load_explicit(&entry->begin[newest], memory_order_acquire);
    if (__builtin_expect(begin <= version, 1)) {
      *out_begin = begin; // see svari_entry.newest: no other record can be nearer
      return newest;
    }
  }
  return svari_view_search(entry, version, out_begin);
}

// Copies the shape out of the record and multiplies it up. False on overflow or a negative extent.
static inline bool
svari_view_shape(const svari_record_t *record, const svar_type_t *type, int64_t *shape,
                 uint64_t *out_size_bytes)
{
  uint64_t size_bytes = svar_dtype_bytes(type->dtype);
  for (int32_t i = 0; i < type->ndim; i++) {
    int64_t extent = record->shape[i];
    shape[i] = extent;
    if (extent < 0 || __builtin_mul_overflow(size_bytes, (uint64_t)extent, &size_bytes)) {
      return false;
    }
  }
  *out_size_bytes = size_bytes;
  return true;
}

// Fills a view of the value that the variable has in `version`, which the caller has pinned.
// SVAR_ERR_UNSET, SVAR_ERR_CORRUPT
static inline svar_ret_t
svari_view(const svari_store_container_t *container, uint64_t version, svar_value_t *out_view)
{
  const svari_entry_t *entry = container->entry;
  const svar_type_t *type = &container->base.type;
  uint64_t begin;
  uint32_t index = svari_view_record(entry, version, &begin);
  if (__builtin_expect(index == SVARI_RING_RECORDS, 0)) {
    return svari_view_fail_unset(container, version);
  }
  // Copied, checked, and only the copy used: the file may be an enemy's.
  const svari_record_t *record = &entry->records[index];
  uint64_t offset = record->offset;
  uint64_t size_bytes;
  if (__builtin_expect(!svari_view_shape(record, type, out_view->shape, &size_bytes) ||
                           offset % SVARI_ALIGNMENT != 0 ||
                           !svari_region_covers(container->store->region, offset, size_bytes),
                       0)) {
    return svari_view_fail_corrupt(container, record);
  }
  out_view->tensor = (DLTensor){
      .data = (void *)(uintptr_t)(container->store->region->read_base + offset),
      .device = {kDLCPU, 0},
      .ndim = type->ndim,
      .dtype = type->dtype,
      .shape = out_view->shape,
  };
  out_view->version = begin;
  out_view->is_alias = true;
  out_view->internal.pin = NULL;
  return SVAR_OK;
}

#endif
