#include "store/device_container.h"
#include "store/device_view.h"
#include "variable/text.h"

// Index of the record with the largest begin <= version, or SVARI_RING_RECORDS.
static uint32_t
find_record(const svari_entry_t *entry, uint64_t version, uint64_t *out_begin)
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
svari_view_misfit(const svari_store_container_t *container, const svari_record_t *record)
{
  return svar_fail(SVAR_ERR_CORRUPT,
                   "variable %s of store '%s': its record (offset %llu, %llu bytes) does not "
                   "fit its type and the file",
                   svari_name_text(container->name).text, container->store->name,
                   (unsigned long long)record->offset, (unsigned long long)record->size_bytes);
}

// A view of an array that the variable adopted: of this process, in a store that only it writes.
static svar_ret_t
fill_adopted(svari_store_container_t *container, const svari_record_t *record, uint64_t begin,
             svar_value_t *out_view)
{
  uint64_t size_bytes;
  out_view->version = begin;
  if (container->store->region->ops->backing != SVAR_BACKING_CPU ||
      !svari_view_shape(container, record, out_view->shape, &size_bytes)) {
    return svari_view_misfit(container, record);
  }
  if (svari_store_container_is_on_device(container)) {
    SVAR_TRY(svari_device_require(container)); // which GPU, as the view says
  }
  uint64_t address = record->offset & ~SVARI_OFFSET_ADDRESS;
  svari_view_point(container, (const uint8_t *)(uintptr_t)address, out_view);
  return SVAR_OK;
}

// From host memory, when the first try has failed.
static bool
fill_here(const svari_store_container_t *container, const svari_record_t *record, uint64_t begin,
          svar_value_t *out_view)
{
  svari_space_t *space = container->space;
  if (svari_view_fill(container, space, record, begin, out_view)) {
    return true;
  }
  svari_space_ask_bytes(space); // it may have grown
  return svari_view_fill(container, space, record, begin, out_view);
}

static svar_ret_t
fill(svari_store_container_t *container, const svari_record_t *record, uint64_t begin,
     svar_value_t *out_view)
{
  if (svari_offset_is_address(record->offset)) {
    return fill_adopted(container, record, begin, out_view);
  }
  if (svari_store_container_is_on_device(container)) {
    return svari_device_view_fill(container, record, begin, out_view);
  }
  return fill_here(container, record, begin, out_view) ? SVAR_OK
                                                       : svari_view_misfit(container, record);
}

svar_ret_t
svari_view_record(const svari_store_container_t *container, uint64_t version,
                  svar_value_t *out_view, const svari_record_t **out_record)
{
  const char *store_name = container->store->name;
  uint64_t begin;
  uint32_t index = find_record(container->entry, version, &begin);
  if (index == SVARI_RING_RECORDS) {
    out_view->version = 0;
    return svar_fail(SVAR_ERR_UNSET, "variable %s of store '%s' has no value in version %llu",
                     svari_name_text(container->name).text, store_name,
                     (unsigned long long)version);
  }
  const svari_record_t *record = &container->entry->records[index];
  out_view->version = begin;
  if (record->offset == SVARI_OFFSET_UNSET) {
    return svar_fail(SVAR_ERR_UNSET,
                     "variable %s of store '%s' has no value: it was unset in version %llu",
                     svari_name_text(container->name).text, store_name, (unsigned long long)begin);
  }
  *out_record = record;
  return SVAR_OK;
}

svar_ret_t
svari_view_search(svari_store_container_t *container, uint64_t version, svar_value_t *out_view)
{
  const svari_record_t *record;
  SVAR_TRY(svari_view_record(container, version, out_view, &record));
  return fill(container, record, out_view->version, out_view);
}
