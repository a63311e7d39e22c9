#include "store/device_region.h"

#include <assert.h>
#include <string.h>

#include "store/crash_point.h"
#include "store/store_impl.h"

static _Atomic(const svari_device_source_t *) source;

void
svari_device_source_set(const svari_device_source_t *new_source)
{
  atomic_store(&source, new_source);
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

// --- what the handle has -----------------------------------------------------------------------------

svari_device_region_t *
svari_store_device_find(const svar_store_t *store, int32_t ordinal)
{
  svari_device_region_t *region = svari_store_devices(store);
  while (region != NULL && region->device.device_id != ordinal) {
    region = region->next;
  }
  return region;
}

svari_device_region_t *
svari_store_device_numbered(const svar_store_t *store, uint32_t number)
{
  svari_device_region_t *region = svari_store_devices(store);
  while (region != NULL && region->number != number) {
    region = region->next;
  }
  return region;
}

// That the holder has on the GPU of that number of its store.
static svari_device_region_t *
find_placed(const svar_store_t *store, uint32_t place)
{
  svari_device_region_t *region = svari_store_devices(store);
  while (region != NULL && region->place != place) {
    region = region->next;
  }
  return region;
}

void
svari_store_device_add(svar_store_t *store, svari_device_region_t *region)
{
  region->next = atomic_load_explicit(&store->devices, memory_order_relaxed);
  // Release, pairs with svari_store_devices(): who finds the region finds it whole.
  atomic_store_explicit(&store->devices, region, memory_order_release);
}

// --- what the header says ----------------------------------------------------------------------------

uint32_t
svari_store_device_count(const svar_store_t *store)
{
  // Acquire, pairs with the store in name_locked(): who finds the number finds the GPU's name.
  uint32_t count = atomic_load_explicit(&store->header->device_count, memory_order_acquire);
  return count < SVARI_DEVICES ? count : SVARI_DEVICES;
}

svar_ret_t
svari_store_device_ordinal(const svar_store_t *store, uint32_t place, int32_t *out_ordinal)
{
  svar_ret_t ret = atomic_load(&source)->find(store->header->devices[place - 1].uuid, out_ordinal);
  if (ret != SVAR_OK) {
    svar_fail_context("finding the GPU that values of store '%s' lie on", store->name);
  }
  return ret;
}

static svar_ret_t
create(const svar_store_t *store, int32_t ordinal, svari_device_region_t **out_region)
{
  return atomic_load(&source)->create(ordinal, store->region->space.capacity_bytes,
                                      &store->allocator, out_region);
}

static svar_ret_t
create_at(const svar_store_t *store, uint32_t place, svari_device_region_t **out_region)
{
  const svari_device_region_t *older = find_placed(store, place);
  int32_t ordinal;
  if (older != NULL) {
    return atomic_load(&source)->create_after(older, store->region->space.capacity_bytes,
                                              out_region);
  }
  SVAR_TRY(svari_store_device_ordinal(store, place, &ordinal));
  return create(store, ordinal, out_region);
}

svar_ret_t
svari_store_device_create(const svar_store_t *store, uint32_t place,
                          svari_device_region_t **out_region)
{
  SVAR_TRY(create_at(store, place, out_region));
  (*out_region)->place = place;
  return SVAR_OK;
}

// --- the holder's ------------------------------------------------------------------------------------

// The number of the GPU in the store, which it gets if it had none.
static svar_ret_t
name_locked(svar_store_t *store, const uint8_t *uuid, uint32_t *out_place)
{
  svari_header_t *header = svari_writer_header(store->writer);
  uint32_t count = svari_store_device_count(store);
  for (uint32_t i = 0; i < count; i++) {
    if (memcmp(header->devices[i].uuid, uuid, SVARI_UUID_BYTES) == 0) {
      *out_place = i + 1;
      return SVAR_OK;
    }
  }
  if (count == SVARI_DEVICES) {
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "store '%s' has variables on %d GPUs, the most it can have: put more into "
                     "another store",
                     store->name, SVARI_DEVICES);
  }
  memcpy(header->devices[count].uuid, uuid, SVARI_UUID_BYTES);
  SVARI_CRASH_POINT("device.named");
  atomic_store_explicit(&header->device_count, count + 1, memory_order_release);
  SVARI_CRASH_POINT("device.counted");
  *out_place = count + 1;
  return SVAR_OK;
}

static svar_ret_t
add_locked(svar_store_t *store, svari_device_region_t *region)
{
  svari_header_t *header = svari_writer_header(store->writer);
  if (header->last_region == UINT32_MAX) {
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "store '%s' has had memory on GPUs %u times, the most it can: create it with "
                     "start_empty",
                     store->name, UINT32_MAX);
  }
  region->number = ++header->last_region;
  SVARI_CRASH_POINT("device.numbered");
  svari_writer_device(store->writer, region->place, region);
  svari_store_device_add(store, region);
  // Release, pairs with svari_device_reach(): before any record names it.
  atomic_store_explicit(&header->devices[region->place - 1].region, region->number,
                        memory_order_release);
  SVARI_CRASH_POINT("device.offered");
  return SVAR_OK;
}

// The region stays the caller's if another thread was there first, or it does not fit.
static svar_ret_t
add(svar_store_t *store, svari_device_region_t *region, uint32_t *out_place, bool *out_is_added)
{
  *out_is_added = false;
  svari_writer_lock(store->writer);
  svar_ret_t ret = name_locked(store, region->uuid, out_place);
  if (ret == SVAR_OK && find_placed(store, *out_place) == NULL) {
    region->place = *out_place;
    ret = add_locked(store, region);
    *out_is_added = ret == SVAR_OK;
  }
  svari_writer_unlock(store->writer);
  return ret;
}

// Without the lock: the first handle of a GPU takes a good part of a second.
static svar_ret_t
open_ordinal(svar_store_t *store, int32_t ordinal, uint32_t *out_place)
{
  svari_device_region_t *region;
  bool is_added;
  SVAR_TRY(create(store, ordinal, &region));
  svar_ret_t ret = add(store, region, out_place, &is_added);
  if (!is_added) {
    region->ops->destroy(region);
  }
  return ret;
}

svar_ret_t
svari_store_device(svar_store_t *store, int32_t ordinal, uint32_t *out_place)
{
  assert(store->writer != NULL);
  const svari_device_region_t *region = svari_store_device_find(store, ordinal);
  if (region == NULL) {
    return open_ordinal(store, ordinal, out_place);
  }
  *out_place = region->place;
  return SVAR_OK;
}

svar_ret_t
svari_store_device_open(svar_store_t *store, uint32_t place, svari_device_region_t **out_region)
{
  assert(store->writer != NULL);
  *out_region = find_placed(store, place);
  if (*out_region == NULL) {
    int32_t ordinal;
    uint32_t found;
    SVAR_TRY(svari_store_device_ordinal(store, place, &ordinal));
    SVAR_TRY(open_ordinal(store, ordinal, &found));
    *out_region = find_placed(store, place);
  }
  return SVAR_OK;
}

svar_ret_t
svari_store_device_share(svar_store_t *store, const uint8_t generation[16], uint32_t number,
                         uint64_t offset, int *out_fd, uint64_t *out_bytes)
{
  if (memcmp(store->header->generation, generation, sizeof(store->header->generation)) != 0) {
    return svar_fail(SVAR_ERR_UNSET,
                     "the memory on a GPU that is asked for was another store of that name's: "
                     "'%s' has been created anew; open it again",
                     store->name);
  }
  svari_writer_lock(store->writer); // which the region grows under
  svari_device_region_t *region = svari_store_device_numbered(store, number);
  svar_ret_t ret = region != NULL
                       ? region->ops->share(region, offset, out_fd, out_bytes)
                       : svar_fail(SVAR_ERR_UNSET,
                                   "this holder of store '%s' has no memory number %u on a GPU: "
                                   "it was an earlier one's, and ended with that",
                                   store->name, number);
  svari_writer_unlock(store->writer);
  return ret;
}
