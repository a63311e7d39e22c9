#include "store/device_region.h"

#include <assert.h>

#include "store/writer_impl.h"

static _Atomic(svari_device_region_factory_t) factory;

void
svari_device_region_factory_set(svari_device_region_factory_t new_factory)
{
  atomic_store(&factory, new_factory);
}

// A device that fails for good does no more work. One that only failed to wait may be at it still, and waits now.
svar_ret_t
svari_device_region_wait(svari_device_region_t *region)
{
  svar_ret_t ret = region->ops->wait(region);
  if (ret != SVAR_OK) {
    (void)region->ops->wait(region);
  }
  return ret;
}

// 0: the store has no region there.
static uint32_t
number_of(const svar_store_t *store, int32_t ordinal)
{
  uint32_t count = svari_store_device_count(store);
  for (uint32_t i = 0; i < count; i++) {
    if (store->devices[i]->device.device_id == ordinal) {
      return i + 1;
    }
  }
  return 0;
}

svari_device_region_t *
svari_store_device_find(const svar_store_t *store, int32_t ordinal)
{
  uint32_t number = number_of(store, ordinal);
  return number != 0 ? store->devices[number - 1] : NULL;
}

static svar_ret_t
add_locked(svar_store_t *store, svari_device_region_t *region, uint32_t *out_number)
{
  uint32_t count = svari_store_device_count(store);
  if (count == SVARI_STORE_DEVICES) {
    return svar_fail(SVAR_ERR_NO_SPACE, "store '%s' has variables on %d GPUs, the most it can have",
                     store->name, SVARI_STORE_DEVICES);
  }
  store->devices[count] = region;
  svari_heap_init(&store->writer->heaps[count + 1], &region->space, &region->end_bytes, store->name,
                  &store->allocator);
  // Release, pairs with svari_store_device_count(): whoever sees the number sees the region.
  atomic_store_explicit(&store->device_count, count + 1, memory_order_release);
  *out_number = count + 1;
  return SVAR_OK;
}

// The region stays the caller's if another thread was there first, or it does not fit.
static svar_ret_t
add(svar_store_t *store, svari_device_region_t *region, uint32_t *out_number, bool *out_is_added)
{
  svar_ret_t ret = SVAR_OK;
  svari_writer_lock(store->writer);
  *out_number = number_of(store, region->device.device_id);
  *out_is_added = *out_number == 0 && (ret = add_locked(store, region, out_number)) == SVAR_OK;
  svari_writer_unlock(store->writer);
  return ret;
}

// Without the lock: the first handle of a GPU takes a good part of a second.
static svar_ret_t
open_device(svar_store_t *store, int32_t ordinal, uint32_t *out_number)
{
  svari_device_region_factory_t create = atomic_load(&factory);
  svari_device_region_t *region;
  bool is_added;
  SVAR_TRY(create(ordinal, store->region->space.capacity_bytes, &store->allocator, &region));
  svar_ret_t ret = add(store, region, out_number, &is_added);
  if (!is_added) {
    region->ops->destroy(region);
  }
  return ret;
}

svar_ret_t
svari_store_device(svar_store_t *store, int32_t ordinal, uint32_t *out_number)
{
  assert(store->writer != NULL);
  if (store->region->ops->backing != SVAR_BACKING_CPU) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "store '%s' is shared with other processes, which cannot map device memory "
                     "yet: leave the variable in host memory, or make it in a private store",
                     store->name);
  }
  svari_writer_lock(store->writer);
  *out_number = number_of(store, ordinal);
  svari_writer_unlock(store->writer);
  return *out_number != 0 ? SVAR_OK : open_device(store, ordinal, out_number);
}
