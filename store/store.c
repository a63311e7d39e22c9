#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/crash_point.h"
#include "store/fence.h"
#include "store/private_region.h"
#include "store/slot.h"
#include "store/store_impl.h"

// --- the handles of this process -------------------------------------------------------------------

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static svar_store_t *list_head;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static pthread_mutex_t birth_lock = PTHREAD_MUTEX_INITIALIZER; // taken before list_lock
static svar_store_t *private_store;                            // guarded by birth_lock

static void
before_fork(void)
{
  pthread_mutex_lock(&birth_lock);
  pthread_mutex_lock(&list_lock);
  for (svar_store_t *store = list_head; store != NULL; store = store->next) {
    svari_registrations_before_fork(store);
  }
}

static void
after_fork_in_parent(void)
{
  for (svar_store_t *store = list_head; store != NULL; store = store->next) {
    svari_registrations_after_fork(store);
  }
  pthread_mutex_unlock(&list_lock);
  pthread_mutex_unlock(&birth_lock);
}

static void
tell_attendants_of_fork(svar_store_t *store)
{
  for (svari_attendant_t *one = atomic_load(&store->attendants); one != NULL; one = one->next) {
    one->forked(one);
  }
  svari_watchers_close(&store->watchers);
}

// A child must not act as its parent: not hold its locks, clear its pins or write its values. It keeps
// what it can read; its handles refuse everything else.
static void
after_fork_in_child(void)
{
  for (svar_store_t *store = list_head; store != NULL; store = store->next) {
    atomic_store(&store->state, SVARI_STORE_FORKED);
    atomic_store(&store->open_id, SVARI_ID_NONE);
    tell_attendants_of_fork(store);
    store->region->ops->forked(store->region);
  }
  private_store = NULL; // the child makes its own
  svari_adoptions_forget();
  after_fork_in_parent();
}

static void
watch_forks(void)
{
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

void
svari_birth_lock(void)
{
  pthread_once(&fork_once, watch_forks);
  pthread_mutex_lock(&birth_lock);
}

void
svari_birth_unlock(void)
{
  pthread_mutex_unlock(&birth_lock);
}

void
svari_store_each(void (*visit)(svar_store_t *store, void *context), void *context)
{
  pthread_mutex_lock(&list_lock);
  for (svar_store_t *store = list_head; store != NULL; store = store->next) {
    if (atomic_load(&store->state) == SVARI_STORE_OPEN) {
      visit(store, context);
    }
  }
  pthread_mutex_unlock(&list_lock);
}

svar_store_t *
svari_store_of_pin(const svari_pin_t *pin)
{
  pthread_mutex_lock(&list_lock);
  svar_store_t *store = list_head;
  while (store != NULL &&
         (uintptr_t)pin - (uintptr_t)store->region->readers >= sizeof(svari_readers_t)) {
    store = store->next;
  }
  pthread_mutex_unlock(&list_lock);
  return store;
}

static void
list_add(svar_store_t *store)
{
  pthread_mutex_lock(&list_lock);
  store->next = list_head;
  list_head = store;
  pthread_mutex_unlock(&list_lock);
}

static void
list_remove(svar_store_t *store)
{
  pthread_mutex_lock(&list_lock);
  for (svar_store_t **link = &list_head; *link != NULL; link = &(*link)->next) {
    if (*link == store) {
      *link = store->next;
      break;
    }
  }
  pthread_mutex_unlock(&list_lock);
}

// --- the first bytes of a store, and the check of somebody else's -----------------------------------

void
svari_store_format_header(svari_header_t *header, const char *name, uint64_t capacity_bytes,
                          const uint8_t generation[16])
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  header->magic = SVARI_STATE_MAGIC;
  header->layout_number = SVARI_LAYOUT_NUMBER;
  header->header_bytes = SVARI_PAGE_BYTES;
  header->layout_hash = svari_layout_hash();
  header->capacity_bytes = capacity_bytes;
  header->created_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
  memcpy(header->generation, generation, sizeof(header->generation));
  strncpy(header->name, name, SVARI_NAME_BYTES - 1);
  atomic_store(&header->end_bytes, SVARI_PAGE_BYTES);
}

void
svari_store_format_readers(svari_readers_t *readers, const uint8_t generation[16])
{
  readers->magic = SVARI_READERS_MAGIC;
  readers->layout_number = SVARI_LAYOUT_NUMBER;
  readers->layout_hash = svari_layout_hash();
  memcpy(readers->generation, generation, sizeof(readers->generation));
}

static svar_ret_t
check_layout(uint64_t magic, uint64_t expected_magic, uint32_t number, uint64_t hash,
             const char *what)
{
  if (magic != expected_magic) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' is not a file of a shared_variable store", what);
  }
  if (number != SVARI_LAYOUT_NUMBER || hash != svari_layout_hash()) {
    return svar_fail(SVAR_ERR_LAYOUT,
                     "'%s' was written by another build of shared_variable: its layout is %u "
                     "(%016llx), this build's is %u (%016llx); use the same build everywhere, or "
                     "remove the store",
                     what, number, (unsigned long long)hash, SVARI_LAYOUT_NUMBER,
                     (unsigned long long)svari_layout_hash());
  }
  return SVAR_OK;
}

svar_ret_t
svari_store_check_header(const svari_header_t *header, uint64_t file_bytes, const char *what)
{
  if (file_bytes < SVARI_PAGE_BYTES) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' has %llu bytes: less than a store's header", what,
                     (unsigned long long)file_bytes);
  }
  SVAR_TRY(check_layout(header->magic, SVARI_STATE_MAGIC, header->layout_number,
                        header->layout_hash, what));
  if (header->capacity_bytes < SVARI_PAGE_BYTES || header->capacity_bytes > SVARI_CAPACITY_MAX ||
      header->capacity_bytes % SVARI_PAGE_BYTES != 0 ||
      atomic_load(&header->end_bytes) < SVARI_PAGE_BYTES ||
      atomic_load(&header->end_bytes) > header->capacity_bytes ||
      atomic_load(&header->end_bytes) > file_bytes || file_bytes > header->capacity_bytes ||
      memchr(header->name, '\0', SVARI_NAME_BYTES) == NULL) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s': the header's sizes or name make no sense", what);
  }
  return SVAR_OK;
}

svar_ret_t
svari_store_check_readers(const svari_readers_t *readers, const uint8_t generation[16],
                          const char *what)
{
  SVAR_TRY(check_layout(readers->magic, SVARI_READERS_MAGIC, readers->layout_number,
                        readers->layout_hash, what));
  if (memcmp(readers->generation, generation, sizeof(readers->generation)) != 0) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' belongs to an earlier store of the same name", what);
  }
  return SVAR_OK;
}

uint64_t
svari_default_capacity_bytes(void)
{
  uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
  uint64_t capacity = SVARI_DEFAULT_CAPACITY_LEAST;
  while (capacity < memory) {
    capacity *= 2;
  }
  return capacity;
}

svar_ret_t
svari_store_options_read(const svar_store_options_t *given, svar_store_options_t *out_options)
{
  static const svar_store_options_t defaults = SVAR_STORE_OPTIONS_INIT;
  *out_options = defaults;
  if (given == NULL) {
    return SVAR_OK;
  }
  if (given->size_bytes == 0 || given->size_bytes > sizeof(svar_store_options_t)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "svar_store_options_t of %zu bytes, this library knows %zu: start from "
                     "SVAR_STORE_OPTIONS_INIT, and do not mix a newer header with an older library",
                     given->size_bytes, sizeof(svar_store_options_t));
  }
  memcpy(out_options, given, given->size_bytes);
  if (out_options->capacity_bytes > SVARI_CAPACITY_MAX) {
    return svar_fail(
        SVAR_ERR_ARGUMENT, "capacity_bytes is %llu, the most that a store takes is %llu",
        (unsigned long long)out_options->capacity_bytes, (unsigned long long)SVARI_CAPACITY_MAX);
  }
  const uint64_t page = SVARI_PAGE_BYTES;
  out_options->capacity_bytes = (out_options->capacity_bytes + page - 1) & ~(page - 1);
  return SVAR_OK;
}

// --- handles ---------------------------------------------------------------------------------------

void
svari_store_attend(svar_store_t *store, svari_attendant_t *attendant)
{
  pthread_mutex_lock(&store->lock);
  attendant->next = atomic_load(&store->attendants);
  atomic_store(&store->attendants, attendant); // last: a fork finds it complete or not at all
  pthread_mutex_unlock(&store->lock);
}

static void
end_attendants(svar_store_t *store)
{
  svari_attendant_t *next;
  for (svari_attendant_t *one = atomic_exchange(&store->attendants, NULL); one != NULL;
       one = next) {
    next = one->next;
    one->end(one);
  }
}

static void
store_destroy(svar_store_t *store)
{
  svar_allocator_t allocator = store->allocator;
  list_remove(store);
  svari_watchers_close(&store->watchers);
  svari_registrations_fini(store);
  svari_writer_destroy(store->writer);
  svari_device_region_t *next;
  for (svari_device_region_t *device = svari_store_devices(store); device != NULL; device = next) {
    next = device->next;
    device->ops->destroy(device);
  }
  store->region->ops->destroy(store->region);
  allocator.deallocate(store->slots, allocator.state);
  allocator.deallocate(store->name_hashes, allocator.state);
  pthread_mutex_destroy(&store->release_lock);
  pthread_mutex_destroy(&store->attach_lock);
  pthread_mutex_destroy(&store->lock);
  allocator.deallocate(store, allocator.state);
}

svar_store_t *
svari_store_ref(svar_store_t *store)
{
  atomic_fetch_add_explicit(&store->reference_count, 1, memory_order_relaxed);
  return store;
}

void
svari_store_unref(svar_store_t *store)
{
  if (atomic_fetch_sub_explicit(&store->reference_count, 1, memory_order_acq_rel) == 1) {
    store_destroy(store);
  }
}

static svar_ret_t
attach(svar_store_t *store, bool is_writer)
{
  SVAR_TRY(svari_process_attach(store));
  if (is_writer) {
    SVAR_TRY(svari_writer_create(store, &store->writer));
    svari_header_t *header = svari_writer_header(store->writer);
    atomic_store(&header->can_revoke, svari_fence_is_available());
    atomic_store(&header->holder_pid, (int32_t)getpid());
    atomic_store(&header->device_bytes, 0);
    atomic_store(&header->registered_bytes, 0);
    atomic_store(&header->refused_bytes, 0);
    svari_wake_all(store); // whom the last holder, killed around a commit, left asleep
  }
  return SVAR_OK;
}

static void
note_cached(svar_store_t *store, void *taken)
{
  *(uint32_t *)taken |= 1u << store->id % SVARI_SLOT_CACHE_ENTRIES;
}

// One whose place in the threads' caches no other open handle has, if there is any. Under the birth lock.
static uint64_t
next_id(void)
{
  static uint64_t last_id = 0;
  uint32_t taken = 0;
  uint64_t id = last_id + 1;
  svari_store_each(note_cached, &taken);
  while ((taken >> id % SVARI_SLOT_CACHE_ENTRIES & 1) != 0 &&
         id < last_id + SVARI_SLOT_CACHE_ENTRIES) {
    id++;
  }
  last_id = id;
  return id;
}

svar_ret_t
svari_store_new(svari_region_t *region, bool is_writer, svar_store_t **out_store)
{
  svar_allocator_t allocator = region->allocator;
  svar_store_t *store = allocator.allocate(sizeof(*store), 64, allocator.state);
  if (store == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the handle of a store");
  }
  uint64_t id = next_id();
  *store = (svar_store_t){
      .id = id,
      .open_id = id,
      .header = (const svari_header_t *)region->space.read_base,
      .region = region,
      .reference_count = 1,
      .allocator = allocator,
      .older_devices = {.look_at = UINT64_MAX},
  };
  memcpy(store->name, store->header->name, SVARI_NAME_BYTES - 1);
  pthread_mutex_init(&store->lock, NULL);
  pthread_mutex_init(&store->attach_lock, NULL);
  pthread_mutex_init(&store->release_lock, NULL);
  svari_registrations_init(&store->registrations);
  svar_ret_t ret = attach(store, is_writer);
  if (ret != SVAR_OK) {
    svari_process_detach(store);
    svari_registrations_fini(store);
    svari_writer_destroy(store->writer);
    pthread_mutex_destroy(&store->release_lock);
    pthread_mutex_destroy(&store->attach_lock);
    pthread_mutex_destroy(&store->lock);
    allocator.deallocate(store, allocator.state);
    return ret; // the region stays the caller's
  }
  list_add(store);
  *out_store = store;
  return SVAR_OK;
}

svar_ret_t
svari_store_refuse(const svar_store_t *store)
{
  if (atomic_load(&store->state) == SVARI_STORE_FORKED) {
    return svar_fail(
        SVAR_ERR_FORKED,
        "store '%s' was opened before fork(): the handle is the parent's; open the store "
        "again in this process",
        store->name);
  }
  return svar_fail(SVAR_ERR_STATE, "store '%s' has been closed", store->name);
}

// Gives up what this handle holds in the kernel and in the shared tables.
static void
let_go(svar_store_t *store)
{
  uint32_t open = SVARI_STORE_OPEN;
  if (!atomic_compare_exchange_strong(&store->state, &open, SVARI_STORE_CLOSED)) {
    return;
  }
  atomic_store(&store->open_id, SVARI_ID_NONE);
  svari_wake_sleepers(store); // to find that out
  if (store->writer != NULL) {
    if (svar_store_version(store) == 0) {
      (void)store->region->ops->remove(store->region); // nothing was ever in it
    }
    atomic_store(&svari_writer_header(store->writer)->holder_pid, 0);
    SVARI_CRASH_POINT("close.holder_cleared");
  }
  pthread_mutex_lock(&store->lock);
  svari_watchers_end(&store->watchers);
  svari_process_detach(store);
  pthread_mutex_unlock(&store->lock);
  SVARI_CRASH_POINT("close.detached");
  store->region->ops->release(store->region);
}

void
svar_store_close(svar_store_t *store)
{
  if (store == NULL) {
    return;
  }
  end_attendants(store);
  svari_releases_end(store);
  svari_registrations_end(store);
  if (store->writer != NULL && atomic_load(&store->state) != SVARI_STORE_FORKED) {
    // Whatever another thread is committing ends first; whatever it begins next is refused.
    svari_writer_lock(store->writer);
    let_go(store);
    svari_writer_end_adoptions(store->writer);
    svari_adoption_t *released = svari_writer_take_released(store->writer);
    svari_writer_unlock(store->writer);
    svari_adoptions_end(&store->allocator, released);
  } else {
    let_go(store);
  }
  svari_store_unref(store);
}

svar_ret_t
svar_store_remove(svar_store_t *store)
{
  SVAR_REQUIRE(store != NULL);
  SVAR_TRY(svari_store_check(store));
  if (store->writer == NULL) {
    return svar_fail(SVAR_ERR_READ_ONLY, "store '%s' can only be removed by its holder",
                     store->name);
  }
  svari_writer_lock(store->writer);
  bool has_waiters = svari_wake_prepare(store);
  svar_ret_t ret = svari_store_check(store);
  if (ret == SVAR_OK) {
    ret = store->region->ops->remove(store->region);
  }
  svari_writer_unlock(store->writer);
  svari_wake(store, has_waiters);
  return ret;
}

// --- private stores --------------------------------------------------------------------------------

static svar_ret_t
create_private(const char *name, const svar_store_options_t *options, svar_store_t **out_store)
{
  svar_allocator_t allocator =
      options->allocator != NULL ? *options->allocator : svar_allocator_default();
  svari_region_t *region;
  SVAR_TRY(svari_private_region_create(name, options->capacity_bytes, &allocator, &region));
  svar_ret_t ret = svari_store_new(region, true, out_store);
  if (ret != SVAR_OK) {
    region->ops->destroy(region);
  }
  return ret;
}

svar_ret_t
svar_store_create_private(const char *name, const svar_store_options_t *options,
                          svar_store_t **out_store)
{
  SVAR_REQUIRE(name != NULL && out_store != NULL);
  svar_store_options_t known;
  SVAR_TRY(svari_store_options_read(options, &known));
  if (strnlen(name, SVARI_NAME_BYTES) >= SVARI_NAME_BYTES) {
    return svar_fail(SVAR_ERR_ARGUMENT, "a store's name has at most %d bytes",
                     SVARI_NAME_BYTES - 1);
  }
  svari_birth_lock();
  svar_ret_t ret = create_private(name, &known, out_store);
  svari_birth_unlock();
  return ret;
}

svar_ret_t
svari_store_private(svar_store_t **out_store)
{
  static const svar_store_options_t defaults = SVAR_STORE_OPTIONS_INIT;
  svar_ret_t ret = SVAR_OK;
  svari_birth_lock();
  if (private_store == NULL) {
    ret = create_private("/private", &defaults, &private_store);
  }
  *out_store = private_store;
  svari_birth_unlock();
  return ret;
}

// --- questions -------------------------------------------------------------------------------------

const char *
svar_store_name(const svar_store_t *store)
{
  return store->name;
}

svar_backing_t
svar_store_backing(const svar_store_t *store)
{
  return store->region->ops->backing;
}

bool
svar_store_is_holder(const svar_store_t *store)
{
  return store->writer != NULL;
}

uint64_t
svar_store_version(const svar_store_t *store)
{
  return atomic_load_explicit(&store->header->version, memory_order_acquire);
}

size_t
svar_store_count(const svar_store_t *store)
{
  return atomic_load_explicit(&store->header->variable_count, memory_order_acquire);
}

bool
svari_store_has_value(const svar_store_t *store, const svari_entry_t *entry)
{
  uint64_t version = svar_store_version(store);
  for (int i = 0; i < SVARI_RING_RECORDS; i++) {
    if (atomic_load_explicit(&entry->begin[i], memory_order_acquire) <= version) {
      return true;
    }
  }
  return false;
}

static svar_ret_t
find_committed(svar_store_t *store, uint64_t index, svar_variable_t **out_variable)
{
  const svari_entry_t *entry = svari_directory_entry(store, index);
  if (entry != NULL &&
      entry->name[0] == '\0') { // it ends with its container, and becomes another's
    return svar_fail(SVAR_ERR_NOT_FOUND,
                     "variable %llu of store '%s' was made without a store: only those have it who "
                     "were given its handle",
                     (unsigned long long)index, store->name);
  }
  if (entry != NULL && !svari_store_has_value(store, entry)) {
    return svar_fail(SVAR_ERR_NOT_FOUND, "variable '%.*s' of store '%s' has not been committed yet",
                     SVARI_NAME_BYTES, entry->name, store->name);
  }
  return svari_store_variable(store, index, out_variable);
}

svar_ret_t
svar_store_find(svar_store_t *store, const char *name, svar_variable_t **out_variable)
{
  SVAR_REQUIRE(store != NULL && name != NULL && out_variable != NULL);
  uint64_t index;
  SVAR_TRY(svari_store_check(store));
  SVAR_TRY(svari_directory_find(store, name, &index));
  return find_committed(store, index, out_variable);
}

svar_ret_t
svar_store_at(svar_store_t *store, size_t index, svar_variable_t **out_variable)
{
  SVAR_REQUIRE(store != NULL && out_variable != NULL);
  SVAR_TRY(svari_store_check(store));
  if (index >= svar_store_count(store)) {
    return svar_fail(SVAR_ERR_INDEX, "store '%s' has %zu variables, there is no index %zu",
                     store->name, svar_store_count(store), index);
  }
  return find_committed(store, index, out_variable);
}

int64_t
svar_store_committed_ns(const svar_store_t *store)
{
  return atomic_load_explicit(&store->header->committed_ns, memory_order_relaxed);
}

static uint32_t
count_readers(const svar_store_t *store)
{
  svari_region_t *region = store->region;
  uint32_t alive = 1; // this handle, whose own lock it cannot see
  for (uint32_t i = 0; i < SVARI_PROCESSES; i++) {
    alive += i != store->process_index && atomic_load(&region->readers->processes[i].pid) != 0 &&
             region->ops->process_is_alive(region, i);
  }
  bool holder_reads = store->writer != NULL || region->ops->is_held(region);
  return alive - (holder_reads ? 1 : 0);
}

// What the holder has of GPUs; what one that was killed had is gone.
static void
describe_devices(const svari_header_t *header, bool is_held, svar_store_info_t *info)
{
  if (is_held) {
    info->device_memory_bytes = atomic_load_explicit(&header->device_bytes, memory_order_relaxed);
    info->registered_bytes = atomic_load_explicit(&header->registered_bytes, memory_order_relaxed);
    info->refused_bytes = atomic_load_explicit(&header->refused_bytes, memory_order_relaxed);
  }
}

svar_ret_t
svar_store_info(svar_store_t *store, svar_store_info_t *out_info)
{
  SVAR_REQUIRE(store != NULL && out_info != NULL);
  SVAR_TRY(svari_store_check(store));
  svari_region_t *region = store->region;
  bool is_held = store->writer != NULL || region->ops->is_held(region);
  *out_info = (svar_store_info_t){
      .backing = region->ops->backing,
      .version = svar_store_version(store),
      .variable_count = svar_store_count(store),
      .memory_bytes = region->ops->memory_bytes(region),
      .capacity_bytes = store->header->capacity_bytes,
      .created_ns = store->header->created_ns,
      .committed_ns = atomic_load(&store->header->committed_ns),
      .holder_pid = is_held ? atomic_load(&store->header->holder_pid) : 0,
      .reader_count = count_readers(store),
      .owner = region->ops->owner(region),
      .is_stale = svari_store_is_gone(store),
  };
  memcpy(out_info->name, store->name, sizeof(out_info->name));
  describe_devices(store->header, is_held, out_info);
  return SVAR_OK;
}
