#include "store/device_attach.h"

#include <unistd.h>

#include "store/slot.h"

// --- memory of earlier holders -----------------------------------------------------------------------

// True if a record names it: then it is some version's, or was and is pinned.
static bool
is_named(const svar_store_t *store, uint32_t number)
{
  size_t count = svar_store_count(store);
  for (size_t index = 0; index < count; index++) {
    const svari_entry_t *entry = svari_directory_entry(store, index);
    for (int i = 0; entry != NULL && i < SVARI_RING_RECORDS; i++) {
      if (atomic_load_explicit(&entry->begin[i], memory_order_acquire) != SVARI_BEGIN_NONE &&
          entry->records[i].region == number && entry->records[i].offset != SVARI_OFFSET_UNSET) {
        return true;
      }
    }
  }
  return false;
}

// Gives memory back that an earlier holder had where `now` is. A view's record stays as it is while the view is
// pinned; but the records are the holder's word, and what this process itself reads does not depend on that.
static void
drop_older(svar_store_t *store, const svari_device_region_t *now)
{
  pthread_mutex_lock(&store->lock);
  bool is_reading = svari_slots_read_before(store, svar_store_version(store));
  pthread_mutex_unlock(&store->lock);
  for (svari_device_region_t *region = now->next; region != NULL && !is_reading;
       region = region->next) {
    if (region->place == now->place && !is_named(store, region->number)) {
      region->ops->empty(region);
    }
  }
}

// --- the holder's ------------------------------------------------------------------------------------

static svar_ret_t
fail_ended(const svari_store_container_t *container)
{
  return svar_fail(SVAR_ERR_UNSET,
                   "variable '%s' of store '%s' has no value: the one it had lay on a GPU, and "
                   "ended with the holder that gave it; it has one again when it is set",
                   container->name, container->store->name);
}

// The next chunk.
static svar_ret_t
extend(svar_store_t *store, svari_device_region_t *region)
{
  int fd;
  uint64_t size_bytes;
  SVAR_TRY(store->region->ops->fetch_device(
      store->region, region->number, svari_space_known_bytes(&region->space), &fd, &size_bytes));
  svar_ret_t ret = region->ops->extend(region, fd, size_bytes);
  close(fd);
  return ret;
}

// With its first chunk: what nobody hands out is no region.
static svar_ret_t
attach(svar_store_t *store, uint32_t place, uint32_t number, svari_device_region_t **out_region)
{
  svari_device_region_t *region;
  SVAR_TRY(svari_store_device_create(store, place, &region));
  region->number = number;
  svar_ret_t ret = extend(store, region);
  if (ret != SVAR_OK) {
    region->ops->destroy(region);
    return ret;
  }
  svari_store_device_add(store, region);
  drop_older(store, region);
  *out_region = region;
  return SVAR_OK;
}

static svar_ret_t
reach_locked(svar_store_t *store, uint32_t place, uint32_t number, uint64_t end_bytes,
             svari_device_region_t **out_region)
{
  svari_device_region_t *region = svari_store_device_numbered(store, number);
  if (region == NULL) {
    SVAR_TRY(attach(store, place, number, &region));
  }
  while (svari_space_known_bytes(&region->space) < end_bytes) {
    SVAR_TRY(extend(store, region));
  }
  *out_region = region;
  return SVAR_OK;
}

svar_ret_t
svari_device_reach(const svari_store_container_t *container, uint32_t number, uint64_t end_bytes,
                   svari_device_region_t **out_region)
{
  svar_store_t *store = container->store;
  uint32_t place = container->base.device;
  *out_region = svari_store_device_numbered(store, number);
  if (*out_region != NULL && end_bytes <= svari_space_known_bytes(&(*out_region)->space)) {
    return SVAR_OK;
  }
  if (store->writer != NULL || number == 0 ||
      atomic_load_explicit(&store->header->devices[place - 1].region, memory_order_acquire) !=
          number) {
    return fail_ended(container);
  }
  pthread_mutex_lock(&store->attach_lock);
  svar_ret_t ret = reach_locked(store, place, number, end_bytes, out_region);
  pthread_mutex_unlock(&store->attach_lock);
  if (ret != SVAR_OK) {
    svar_fail_context("reading variable '%s' of store '%s' on a GPU", container->name, store->name);
  }
  return ret;
}
