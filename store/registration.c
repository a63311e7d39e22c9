#include "store/registration.h"

#include "store/array.h"
#include "store/writer_impl.h"

// The least that is registered. Doing so takes some hundred microseconds, in which a GPU copies this ten times.
// Buffers from 64 KiB on have whole pages of their own.
static const uint64_t LEAST_BYTES = UINT64_C(1) << 20;

// Who waits for copies to end comes before those that begin meanwhile: several threads that copy all the time would
// keep it waiting for ever. (One copy does not begin another.)
static void
init_copies(pthread_rwlock_t *copies)
{
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
  pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  pthread_rwlock_init(copies, &attributes);
  pthread_rwlockattr_destroy(&attributes);
}

void
svari_registrations_init(svari_registrations_t *registrations)
{
  *registrations = (svari_registrations_t){0};
  init_copies(&registrations->copies);
  pthread_mutex_init(&registrations->lock, NULL);
}

void
svari_registrations_fini(svar_store_t *store)
{
  svari_registrations_t *registrations = &store->registrations;
  store->allocator.deallocate(registrations->items, store->allocator.state);
  pthread_rwlock_destroy(&registrations->copies);
  pthread_mutex_destroy(&registrations->lock);
}

// --- the list, under its lock ------------------------------------------------------------------------

static svari_registration_t *
find(svari_registrations_t *registrations, uint64_t offset)
{
  for (size_t i = 0; i < registrations->count; i++) {
    svari_registration_t *item = &registrations->items[i];
    if (offset - item->offset < item->size_bytes) {
      return item;
    }
  }
  return NULL;
}

// What the header tells of a registration, to other processes too.
static void
count(svar_store_t *store, const svari_registration_t *item, bool is_new)
{
  svari_header_t *header = svari_writer_header(store->writer);
  _Atomic uint64_t *bytes =
      item->device != NULL ? &header->registered_bytes : &header->refused_bytes;
  if (is_new) {
    atomic_fetch_add_explicit(bytes, item->size_bytes, memory_order_relaxed);
  } else {
    atomic_fetch_sub_explicit(bytes, item->size_bytes, memory_order_relaxed);
  }
}

// False: it is there already, or there is no memory for the list: then it is a slow copy, once more.
static bool
add(svar_store_t *store, const svari_registration_t *buffer)
{
  svari_registrations_t *registrations = &store->registrations;
  if (registrations->is_ended || find(registrations, buffer->offset) != NULL ||
      svari_array_reserve((void **)&registrations->items, &registrations->room,
                          registrations->count + 1, sizeof(*buffer),
                          &store->allocator) != SVAR_OK) {
    return false;
  }
  registrations->items[registrations->count++] = *buffer;
  count(store, buffer, true);
  return true;
}

static void
confirm(svar_store_t *store, uint64_t offset, svari_device_region_t *device)
{
  svari_registration_t *item = find(&store->registrations, offset);
  count(store, item, false);
  item->device = device;
  count(store, item, true);
}

static void
drop(svar_store_t *store, svari_registration_t *item)
{
  svari_registrations_t *registrations = &store->registrations;
  if (item->device != NULL) {
    item->device->ops->forget(item->device, store->region->write_base + item->offset);
  }
  count(store, item, false);
  *item = registrations->items[--registrations->count];
}

static void
drop_all(svar_store_t *store)
{
  while (store->registrations.count > 0) {
    drop(store, &store->registrations.items[store->registrations.count - 1]);
  }
}

// --- copies ------------------------------------------------------------------------------------------

// True for memory of the store's, if this process holds it, as seen through its mapping at base.
static bool
is_own(const svar_store_t *store, const uint8_t *base, const void *address, uint64_t size_bytes,
       uint64_t *out_offset)
{
  uint64_t capacity_bytes = store->region->space.capacity_bytes;
  *out_offset = (uintptr_t)address - (uintptr_t)base;
  return store->writer != NULL && *out_offset < capacity_bytes &&
         size_bytes <= capacity_bytes - *out_offset;
}

// A buffer that is copied whole, or nearly, and is not listed yet: a small part of one is no reason to lock all of it
// into memory. Without the list's lock, for a buffer that is forgotten comes with the writer's.
static bool
find_new(svar_store_t *store, uint64_t offset, uint64_t size_bytes,
         svari_registration_t *out_buffer)
{
  svari_registrations_t *registrations = &store->registrations;
  if (size_bytes < LEAST_BYTES) {
    return false;
  }
  pthread_mutex_lock(&registrations->lock);
  bool is_listed = find(registrations, offset) != NULL;
  pthread_mutex_unlock(&registrations->lock);
  if (is_listed) {
    return false;
  }
  svari_writer_lock(store->writer);
  bool is_found = svari_buffer_find(store->writer, offset, size_bytes, &out_buffer->offset,
                                    &out_buffer->size_bytes);
  svari_writer_unlock(store->writer);
  return is_found && size_bytes >= out_buffer->size_bytes / 2;
}

// The driver is asked without the list's lock, which commits may wait for: meanwhile the buffer is listed as refused, and
// stays so if it is. It cannot go back to the heap while its user copies it.
static void
ask_driver(svar_store_t *store, svari_device_region_t *device, const svari_registration_t *buffer)
{
  svari_registrations_t *registrations = &store->registrations;
  pthread_mutex_lock(&registrations->lock);
  bool is_new = add(store, buffer);
  pthread_mutex_unlock(&registrations->lock);
  if (is_new && device->ops->know(device, store->region->write_base + buffer->offset,
                                  buffer->size_bytes) == SVAR_OK) {
    pthread_mutex_lock(&registrations->lock);
    confirm(store, buffer->offset, device);
    pthread_mutex_unlock(&registrations->lock);
  }
}

// Of own memory.
static void
begin_own(svar_store_t *store, svari_device_region_t *device, uint64_t offset, uint64_t size_bytes)
{
  svari_registration_t buffer = {0};
  bool is_new = find_new(store, offset, size_bytes, &buffer);
  pthread_rwlock_rdlock(&store->registrations.copies);
  if (is_new) {
    ask_driver(store, device, &buffer);
  }
}

const void *
svari_registrations_begin_in(svar_store_t *store, svari_device_region_t *device, const void *from,
                             uint64_t size_bytes)
{
  const svari_region_t *region = store->region;
  uint64_t offset;
  if (is_own(store, region->write_base, from, size_bytes, &offset) ||
      is_own(store, region->space.read_base, from, size_bytes, &offset)) {
    begin_own(store, device, offset, size_bytes);
    return region->write_base + offset;
  }
  pthread_rwlock_rdlock(&store->registrations.copies);
  return from;
}

void
svari_registrations_begin_out(svar_store_t *store, svari_device_region_t *device, const void *to,
                              uint64_t size_bytes)
{
  uint64_t offset;
  if (is_own(store, store->region->write_base, to, size_bytes, &offset)) {
    begin_own(store, device, offset, size_bytes);
  } else {
    pthread_rwlock_rdlock(&store->registrations.copies);
  }
}

void
svari_registrations_finish(svar_store_t *store)
{
  pthread_rwlock_unlock(&store->registrations.copies);
}

// --- ends --------------------------------------------------------------------------------------------

void
svari_registrations_forget(svar_store_t *store, uint64_t offset)
{
  svari_registrations_t *registrations = &store->registrations;
  if (registrations->count == 0) { // that of a buffer is counted before it can go back
    return;
  }
  pthread_mutex_lock(&registrations->lock);
  svari_registration_t *item = find(registrations, offset);
  if (item != NULL) {
    drop(store, item);
  }
  pthread_mutex_unlock(&registrations->lock);
}

static void
stop_copies(svar_store_t *store)
{
  pthread_rwlock_wrlock(&store->registrations.copies);
  pthread_mutex_lock(&store->registrations.lock);
  drop_all(store);
}

static void
go_on(svar_store_t *store)
{
  pthread_mutex_unlock(&store->registrations.lock);
  pthread_rwlock_unlock(&store->registrations.copies);
}

void
svari_registrations_end(svar_store_t *store)
{
  if (atomic_load(&store->state) != SVARI_STORE_FORKED) { // else they are the parent's
    stop_copies(store);
    store->registrations.is_ended = true;
    go_on(store);
  }
}

void
svari_registrations_before_fork(svar_store_t *store)
{
  if (store->region->ops->backing == SVAR_BACKING_CPU) {
    stop_copies(store);
  }
}

void
svari_registrations_after_fork(svar_store_t *store)
{
  if (store->region->ops->backing == SVAR_BACKING_CPU) {
    go_on(store);
  }
}
