#include "store/slot.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/array.h"
#include "store/crash_point.h"

_Thread_local SVARI_TLS svari_cached_slot_t svari_slot_cache[SVARI_SLOT_CACHE_ENTRIES];

// Threads are told apart by a serial number: thread ids are reused. 0: not assigned yet.
static _Atomic uint64_t next_thread = 1;
static _Thread_local uint64_t this_thread;
static pthread_key_t exit_key;
static bool has_exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

// Frees the slot's pin if it is parked. By the slot's owner: nobody else takes a parked pin up.
static void
unpark(svari_slot_t *slot)
{
  uint64_t word = atomic_load_explicit(&slot->pins[0], memory_order_acquire);
  if (word != 0 && !svari_pin_is_active(word)) {
    atomic_store_explicit(&slot->pins[0], 0, memory_order_release);
  }
}

// The same, and what is in use now is not parked when that ends: for a slot that its thread reads through no
// more. (One whose use another thread ends this very moment may be parked all the same, until the holder
// needs the room.)
static void
park_no_more(svari_slot_t *slot)
{
  uint64_t word = atomic_load_explicit(&slot->pins[0], memory_order_acquire);
  while ((word & SVARI_PIN_KEEP) != 0 &&
         !atomic_compare_exchange_weak_explicit(
             &slot->pins[0], &word,
             svari_pin_is_active(word) ? word & ~(uint64_t)SVARI_PIN_KEEP : 0, memory_order_acq_rel,
             memory_order_acquire)) {
  }
}

static void
forget_thread(svar_store_t *store, void *thread)
{
  pthread_mutex_lock(&store->lock);
  for (size_t i = 0; i < store->slot_count; i++) {
    if (store->slots[i].thread == (uint64_t)(uintptr_t)thread) {
      park_no_more(store->slots[i].slot);
      store->slots[i].thread = 0; // another thread may take it; pins still active stay in force
    }
  }
  pthread_mutex_unlock(&store->lock);
}

static void
on_thread_exit(void *thread)
{
  svari_store_each(forget_thread, thread);
  // A destructor of another library may read after this one: as a new thread would.
  memset(svari_slot_cache, 0, sizeof(svari_slot_cache));
  this_thread = 0;
}

static void
make_exit_key(void)
{
  // Without a key (all 1024 in use) an ended thread keeps its slots until the handle is closed.
  has_exit_key = pthread_key_create(&exit_key, on_thread_exit) == 0;
}

static uint64_t
thread_serial(void)
{
  if (this_thread == 0) {
    pthread_once(&exit_once, make_exit_key);
    this_thread = atomic_fetch_add_explicit(&next_thread, 1, memory_order_relaxed);
    if (has_exit_key) {
      pthread_setspecific(exit_key, (void *)(uintptr_t)this_thread);
    }
  }
  return this_thread;
}

// --- slots -----------------------------------------------------------------------------------------

// A pin for the slot's owner to use: free, or parked on a version that it has no use for any more.
static svari_pin_t *
free_pin(svari_slot_t *slot)
{
  for (int i = 0; i < SVARI_SLOT_PINS; i++) {
    // Acquire: see svari_pin_resume().
    if (!svari_pin_is_active(atomic_load_explicit(&slot->pins[i], memory_order_acquire))) {
      return &slot->pins[i];
    }
  }
  return NULL;
}

// Raises slots_used to cover slot `index`, before the slot is used: the scan must not miss it.
static void
cover_slot(svari_readers_t *readers, uint32_t index)
{
  uint32_t used = atomic_load(&readers->slots_used);
  while (used < index + 1 &&
         !atomic_compare_exchange_weak(&readers->slots_used, &used, index + 1)) {
  }
}

static svari_slot_t *
claim_slot(svar_store_t *store)
{
  svari_readers_t *readers = store->region->readers;
  for (uint32_t i = 0; i < SVARI_SLOTS; i++) {
    uint64_t expected = 0;
    if (atomic_load_explicit(&readers->slots[i].owner, memory_order_relaxed) == 0 &&
        atomic_compare_exchange_strong(&readers->slots[i].owner, &expected,
                                       (uint64_t)store->process_index + 1)) {
      SVARI_CRASH_POINT("attach.slot_claimed");
      cover_slot(readers, i);
      SVARI_CRASH_POINT("attach.slot_covered");
      return &readers->slots[i];
    }
  }
  return NULL;
}

// A slot of dead processes serves as well as a free one.
static svari_slot_t *
claim_slot_reaping(svar_store_t *store)
{
  svari_slot_t *slot = claim_slot(store);
  if (slot == NULL) {
    svari_slots_reap(store);
    slot = claim_slot(store);
  }
  return slot;
}

// A new slot of the table, added to this handle's.
static svar_ret_t
take_slot_locked(svar_store_t *store, uint64_t thread, svari_slot_t **out_slot)
{
  SVAR_TRY(svari_array_reserve((void **)&store->slots, &store->slot_room, store->slot_count + 1,
                               sizeof(*store->slots), &store->allocator));
  // More slots than there are: somebody keeps freeing this handle's in the table.
  svari_slot_t *slot = store->slot_count < SVARI_SLOTS ? claim_slot_reaping(store) : NULL;
  if (slot == NULL) {
    return svar_fail(SVAR_ERR_READERS_FULL,
                     "store '%s': all %d reader slots are taken; release values and snapshots that "
                     "are no longer used, or read from fewer threads",
                     store->name, SVARI_SLOTS);
  }
  store->slots[store->slot_count++] = (svari_owned_slot_t){slot, thread};
  *out_slot = slot;
  return SVAR_OK;
}

// A slot that belongs to this thread (0: that a thread left) and has a free pin, or NULL.
static svari_owned_slot_t *
find_owned_locked(svar_store_t *store, uint64_t thread)
{
  for (size_t i = 0; i < store->slot_count; i++) {
    if (store->slots[i].thread == thread && free_pin(store->slots[i].slot) != NULL) {
      return &store->slots[i];
    }
  }
  return NULL;
}

// A slot with a free pin for this thread: one it has, one that a thread left, or a new one. In others that
// it has, no pin is to stay parked.
static svar_ret_t
find_slot_locked(svar_store_t *store, uint64_t thread, svari_slot_t **out_slot)
{
  svari_owned_slot_t *owned = find_owned_locked(store, thread);
  if (owned == NULL && (owned = find_owned_locked(store, 0)) == NULL) {
    SVAR_TRY(take_slot_locked(store, thread, out_slot));
  } else {
    owned->thread = thread;
    *out_slot = owned->slot;
  }
  for (size_t i = 0; i < store->slot_count; i++) {
    if (store->slots[i].thread == thread && store->slots[i].slot != *out_slot) {
      park_no_more(store->slots[i].slot);
    }
  }
  return SVAR_OK;
}

// Finds or takes a slot with a free pin for this thread, and caches it.
static __attribute__((noinline, cold)) svar_ret_t
find_pin(svar_store_t *store, svari_cached_slot_t *cached, svari_pin_t **out_pin)
{
  svari_slot_t *slot = NULL;
  uint64_t thread = thread_serial();
  pthread_mutex_lock(&store->lock);
  svar_ret_t ret = svari_store_check(store); // it may have been closed while we waited
  if (ret == SVAR_OK) {
    ret = find_slot_locked(store, thread, &slot);
  }
  pthread_mutex_unlock(&store->lock);
  if (ret != SVAR_OK) {
    return ret;
  }
  *cached = (svari_cached_slot_t){.store_id = store->id, .slot = slot};
  *out_pin = free_pin(slot);
  if (*out_pin == NULL) { // only somebody who scribbles on the table can have filled it
    return svar_fail(
        SVAR_ERR_READERS_FULL,
        "store '%s': another process writes over this one's entries of the reader table",
        store->name);
  }
  return SVAR_OK;
}

// --- pins ------------------------------------------------------------------------------------------

// Only a second read of the same version shows that a third is likely, and only one pin of a slot can
// be parked: a reader that sees each version once, or that sleeps, leaves nothing behind.
static unsigned
flags_of(const svar_store_t *store, const svari_cached_slot_t *cached, const svari_pin_t *pin,
         uint64_t version)
{
  bool keep = version == cached->last_version && pin == &cached->slot->pins[0] &&
              atomic_load_explicit(&store->header->can_revoke, memory_order_relaxed) != 0;
  return keep ? SVARI_PIN_ACTIVE | SVARI_PIN_KEEP : SVARI_PIN_ACTIVE;
}

static svar_ret_t
fail_horizon(const svar_store_t *store, uint64_t horizon)
{
  return svar_fail(
      SVAR_ERR_CORRUPT,
      "store '%s': its horizon is %llu, which no version has reached; its publisher must "
      "be started again with an empty store (start_empty)",
      store->name, (unsigned long long)horizon);
}

svar_ret_t
svari_pin_fenced(svar_store_t *store, uint64_t *out_version, svari_pin_t **out_pin)
{
  SVAR_TRY(svari_store_check(store));
  const svari_header_t *header = store->header;
  svari_cached_slot_t *cached = &svari_slot_cache[store->id % SVARI_SLOT_CACHE_ENTRIES];
  svari_pin_t *pin = cached->store_id == store->id ? free_pin(cached->slot) : NULL;
  if (__builtin_expect(pin == NULL, 0)) {
    SVAR_TRY(find_pin(store, cached, &pin));
  }
  for (;;) {
    // Acquire, pairs with the commit's store: the records of this version are complete.
    uint64_t version = atomic_load_explicit(&header->version, memory_order_acquire);
    *out_version = version;
    if (version == 0) { // nothing to pin; the word is as free as it was
      *out_pin = NULL;
      return SVAR_OK;
    }
    atomic_store_explicit(pin, svari_pin_word(version, flags_of(store, cached, pin, version)),
                          memory_order_seq_cst);
    cached->last_version = version;
    uint64_t horizon = atomic_load_explicit(&header->horizon, memory_order_seq_cst);
    if (__builtin_expect(horizon <= version, 1)) {
      *out_pin = pin;
      return SVAR_OK;
    }
    // A holder stores a version before it makes it the horizon: who saw the one now finds the other.
    // Where that does not hold, trying again would never end.
    if (atomic_load_explicit(&header->version, memory_order_acquire) < horizon) {
      atomic_store_explicit(pin, 0, memory_order_release);
      return fail_horizon(store, horizon);
    }
  }
}

void
svari_pin_unpark(const svar_store_t *store)
{
  const svari_cached_slot_t *cached = &svari_slot_cache[store->id % SVARI_SLOT_CACHE_ENTRIES];
  if (cached->store_id == store->id) {
    unpark(cached->slot);
  }
}

static void
unpark_uncached(svar_store_t *store)
{
  pthread_mutex_lock(&store->lock);
  for (size_t i = 0; i < store->slot_count; i++) {
    if (store->slots[i].thread == this_thread) {
      unpark(store->slots[i].slot);
    }
  }
  pthread_mutex_unlock(&store->lock);
}

void
svari_pin_rest(svar_store_t *store)
{
  const svari_cached_slot_t *cached = &svari_slot_cache[store->id % SVARI_SLOT_CACHE_ENTRIES];
  if (cached->store_id == store->id) {
    unpark(cached->slot);
  } else if (this_thread != 0) { // it has read, perhaps this store
    unpark_uncached(store);
  }
}

// --- processes -------------------------------------------------------------------------------------

static void
clear_slot(svari_slot_t *slot)
{
  for (int pin = 0; pin < SVARI_SLOT_PINS; pin++) {
    atomic_store(&slot->pins[pin], 0);
  }
  SVARI_CRASH_POINT("reap.pins_cleared");
  atomic_store(&slot->owner, 0);
}

// Called by whoever holds the lock of process record `index`: nobody alive owns its slots.
static void
clear_process(svari_readers_t *readers, uint32_t index)
{
  uint32_t used = atomic_load(&readers->slots_used);
  for (uint32_t i = 0; i < used && i < SVARI_SLOTS; i++) {
    if (atomic_load(&readers->slots[i].owner) == (uint64_t)index + 1) {
      clear_slot(&readers->slots[i]);
    }
  }
  SVARI_CRASH_POINT("reap.slots_freed");
  atomic_store(&readers->processes[index].pid, 0);
}

static bool
is_own_slot(const svar_store_t *store, const svari_slot_t *slot)
{
  for (size_t i = 0; i < store->slot_count; i++) {
    if (store->slots[i].slot == slot) {
      return true;
    }
  }
  return false;
}

static bool
has_pins(const svari_slot_t *slot)
{
  uint64_t words = 0;
  for (int pin = 0; pin < SVARI_SLOT_PINS; pin++) {
    words |= atomic_load_explicit(&slot->pins[pin], memory_order_relaxed);
  }
  return words != 0;
}

// Frees a slot that no process can have filled: pins without an owner, an owner that is no process
// record, or this handle's without being among its slots. Only a scribbler leaves such, and nobody
// else would ever take them back. Taken by compare-exchange first: a free slot may be claimed meanwhile.
static void
free_stray(svar_store_t *store, svari_slot_t *slot, uint64_t owner)
{
  uint64_t self = (uint64_t)store->process_index + 1;
  bool is_stray = (owner == 0 && has_pins(slot)) || owner > SVARI_PROCESSES ||
                  (owner == self && !is_own_slot(store, slot));
  if (is_stray && atomic_compare_exchange_strong(&slot->owner, &owner, self)) {
    clear_slot(slot);
  }
}

void
svari_slots_reap(svar_store_t *store)
{
  svari_region_t *region = store->region;
  svari_readers_t *readers = region->readers;
  bool has_slots[SVARI_PROCESSES] = {false}; // whatever the process record says
  for (uint32_t i = 0; i < SVARI_SLOTS; i++) {
    uint64_t owner = atomic_load(&readers->slots[i].owner);
    free_stray(store, &readers->slots[i], owner);
    if (owner != 0 && owner <= SVARI_PROCESSES) {
      has_slots[owner - 1] = true;
    }
  }
  for (uint32_t i = 0; i < SVARI_PROCESSES; i++) {
    // This handle's own lock does not conflict with itself.
    if (i != store->process_index &&
        (has_slots[i] || atomic_load(&readers->processes[i].pid) != 0) &&
        region->ops->process_lock(region, i)) {
      SVARI_CRASH_POINT("reap.locked");
      clear_process(readers, i);
      region->ops->process_unlock(region, i);
    }
  }
}

bool
svari_slots_read_before(const svar_store_t *store, uint64_t version)
{
  for (size_t i = 0; i < store->slot_count; i++) {
    for (int pin = 0; pin < SVARI_SLOT_PINS; pin++) {
      uint64_t word = atomic_load_explicit(&store->slots[i].slot->pins[pin], memory_order_acquire);
      if (svari_pin_is_active(word) && svari_pin_version(word) < version) {
        return true;
      }
    }
  }
  return false;
}

static void
describe_process(svari_process_t *process)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  atomic_store(&process->attached_ns, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
  memset(process->program, 0, sizeof(process->program));
  strncpy(process->program, program_invocation_short_name, sizeof(process->program) - 1);
  atomic_store(&process->pid, (int32_t)getpid());
}

svar_ret_t
svari_process_attach(svar_store_t *store)
{
  svari_region_t *region = store->region;
  for (uint32_t i = 0; i < SVARI_PROCESSES; i++) {
    if (region->ops->process_lock(region, i)) {
      SVARI_CRASH_POINT("attach.locked");
      clear_process(region->readers, i); // what the last owner left, if it was killed
      describe_process(&region->readers->processes[i]);
      SVARI_CRASH_POINT("attach.described");
      store->process_index = i;
      store->has_process = true;
      return SVAR_OK;
    }
  }
  return svar_fail(
      SVAR_ERR_READERS_FULL,
      "store '%s' is already read by %d processes, the most it can have; close handles "
      "that are no longer used",
      store->name, SVARI_PROCESSES);
}

void
svari_process_detach(svar_store_t *store)
{
  if (store->has_process) {
    clear_process(store->region->readers, store->process_index);
    store->region->ops->process_unlock(store->region, store->process_index);
    store->has_process = false;
  }
}
