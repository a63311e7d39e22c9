#include "store/view.h"

uint32_t
svari_view_search(const svari_entry_t *entry, uint64_t version, uint64_t *out_begin)
{
  uint32_t best = SVARI_RING_RECORDS;
  uint64_t best_begin = 0;
  for (uint32_t i = 0; i < SVARI_RING_RECORDS; i++) {
    uint64_t begin = atomic_load_explicit(&entry->begin[i], memory_order_acquire);
    if (begin <= version && begin >= best_begin && begin != 0) {
      best = i;
      best_begin = begin;
    }
  }
  *out_begin = best_begin;
  return best;
}

svar_ret_t
svari_view_fail_unset(const svari_store_container_t *container, uint64_t version)
{
  return svar_fail(SVAR_ERR_UNSET, "variable '%s' of store '%s' has no value in version %llu",
                   container->name, container->store->name, (unsigned long long)version);
}

svar_ret_t
svari_view_fail_corrupt(const svari_store_container_t *container, const svari_record_t *record)
{
  return svar_fail(
      SVAR_ERR_CORRUPT,
      "variable '%s' of store '%s': its record (offset %llu, %llu bytes) does not fit its "
      "type and the file",
      container->name, container->store->name, (unsigned long long)record->offset,
      (unsigned long long)record->size_bytes);
}
