#include "store/device_attach.h"

#include <unistd.h>

#include "store/slot.h"
#include "variable/text.h"

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

static bool
is_reading_older_versions(svar_store_t *store)
{
  pthread_mutex_lock(&store->lock);
  bool is_reading = svari_slots_read_before(store, svar_store_version(store));
  pthread_mutex_unlock(&store->lock);
  return is_reading;
}

// True if a newer region is where this one is.
static bool
is_older(const svar_store_t *store, const svari_device_region_t *region)
{
  const svari_device_region_t *newer = svari_store_devices(store);
  while (newer != region && newer->place != region->place) {
    newer = newer->next;
  }
  return newer != region;
}

// Returns false if some memory stays. A view's record stays as it is while the view is pinned; but the records are the
// holder's word, and what this process itself reads does not depend on that.
static bool
drop_older(svar_store_t *store)
{
  bool is_reading = is_reading_older_versions(store);
  bool is_done = true;
  for (svari_device_region_t *region = svari_store_devices(store); region != NULL;
       region = region->next) {
    if (svari_space_known_bytes(&region->space) == 0 || !is_older(store, region)) {
      continue;
    }
    if (is_reading || is_named(store, region->number)) {
      is_done = false;
    } else {
      region->ops->empty(region);
    }
  }
  return is_done;
}

// What nobody has set again may stay for ever: so there are twice as many versions up to each next look.
void
svari_device_drop_older(svar_store_t *store)
{
  svari_older_devices_t *older = &store->older_devices;
  if (!svari_store_is_open(store) || pthread_mutex_trylock(&store->attach_lock) != 0) {
    return; // a forked child may wait for its parent's threads; or another looks, or attaches and begins anew
  }
  uint64_t version = svar_store_version(store);
  if (version >= atomic_load_explicit(&older->look_at, memory_order_relaxed)) {
    older->pause *= 2;
    atomic_store_explicit(&older->look_at, drop_older(store) ? UINT64_MAX : version + older->pause,
                          memory_order_relaxed);
  }
  pthread_mutex_unlock(&store->attach_lock);
}

static void
begin_dropping(svar_store_t *store)
{
  store->older_devices.pause = 1;
  atomic_store_explicit(&store->older_devices.look_at, 0, memory_order_relaxed);
}

// --- the holder's ------------------------------------------------------------------------------------

static svar_ret_t
fail_ended(const svari_store_container_t *container)
{
  return svar_fail(SVAR_ERR_UNSET,
                   "variable %s of store '%s' has no value: the one it had lay on a GPU, and "
                   "ended with the holder that gave it; it has one again when it is set",
                   svari_name_text(container->name).text, container->store->name);
}

// The chunk that begins at offset of the region of that number, as a descriptor.
static svar_ret_t
fetch(svar_store_t *store, uint32_t number, uint64_t offset, int *out_fd, uint64_t *out_bytes)
{
  return store->region->ops->fetch_device(store->region, store->name, number, offset, out_fd,
                                          out_bytes);
}

// The next chunk.
static svar_ret_t
extend(svar_store_t *store, svari_device_region_t *region)
{
  int fd;
  uint64_t size_bytes;
  SVAR_TRY(fetch(store, region->number, svari_space_known_bytes(&region->space), &fd, &size_bytes));
  svar_ret_t ret = region->ops->extend(region, fd, size_bytes);
  close(fd);
  return ret;
}

// With its first chunk in it.
static svar_ret_t
create(svar_store_t *store, uint32_t place, uint32_t number, int fd, uint64_t size_bytes,
       svari_device_region_t **out_region)
{
  svari_device_region_t *region;
  SVAR_TRY(svari_store_device_create(store, place, &region));
  region->number = number;
  svar_ret_t ret = region->ops->extend(region, fd, size_bytes);
  if (ret != SVAR_OK) {
    region->ops->destroy(region);
    return ret;
  }
  *out_region = region;
  return SVAR_OK;
}

// The holder is asked before the driver: what nobody hands out cannot be read, whatever driver there is.
static svar_ret_t
attach(svar_store_t *store, uint32_t place, uint32_t number, svari_device_region_t **out_region)
{
  int fd;
  uint64_t size_bytes;
  SVAR_TRY(fetch(store, number, 0, &fd, &size_bytes));
  svar_ret_t ret = create(store, place, number, fd, size_bytes, out_region);
  close(fd);
  SVAR_TRY(ret);
  svari_store_device_add(store, *out_region);
  begin_dropping(store);
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

static bool
is_attached(const svar_store_t *store, uint32_t number, uint64_t end_bytes,
            svari_device_region_t **out_region)
{
  *out_region = svari_store_device_numbered(store, number);
  return *out_region != NULL && end_bytes <= svari_space_known_bytes(&(*out_region)->space);
}

// True if the last holder of the store, which this handle is not, has offered it to its readers.
static bool
is_offered(const svar_store_t *store, uint32_t place, uint32_t number)
{
  const svari_device_entry_t *device = &store->header->devices[place - 1];
  return store->writer == NULL && number != 0 &&
         atomic_load_explicit(&device->region, memory_order_acquire) == number;
}

svar_ret_t
svari_device_check(const svari_store_container_t *container, uint32_t number, uint64_t end_bytes)
{
  const svar_store_t *store = container->store;
  svari_device_region_t *region;
  return is_attached(store, number, end_bytes, &region) ||
                 is_offered(store, container->base.device, number)
             ? SVAR_OK
             : fail_ended(container);
}

svar_ret_t
svari_device_reach(const svari_store_container_t *container, uint32_t number, uint64_t end_bytes,
                   svari_device_region_t **out_region)
{
  svar_store_t *store = container->store;
  if (is_attached(store, number, end_bytes, out_region)) {
    return SVAR_OK;
  }
  SVAR_TRY(svari_device_check(container, number, end_bytes));
  pthread_mutex_lock(&store->attach_lock);
  svar_ret_t ret = reach_locked(store, container->base.device, number, end_bytes, out_region);
  pthread_mutex_unlock(&store->attach_lock);
  if (ret != SVAR_OK) {
    svar_fail_context("reading variable %s of store '%s' on a GPU",
                      svari_name_text(container->name).text, store->name);
  }
  return ret;
}
