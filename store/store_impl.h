// The handle of a store, and what the files of this room tell each other about it.
#ifndef SVARI_STORE_STORE_IMPL_H
#define SVARI_STORE_STORE_IMPL_H

#include <pthread.h>

#include "store/device_region.h"
#include "store/region.h"
#include "store/registration.h"
#include "store/watchers.h"
#include "store/writer.h"

typedef enum svari_store_state {
  SVARI_STORE_OPEN = 0,
  SVARI_STORE_CLOSED = 1,
  SVARI_STORE_FORKED = 2
} svari_store_state_t;

// A slot of the reader table that this handle owns, and the thread that uses it now (0: none).
typedef struct svari_owned_slot {
  svari_slot_t *slot;
  uint64_t thread;
} svari_owned_slot_t;

#define SVARI_ID_NONE UINT64_MAX

// When to see whether memory of earlier holders on GPUs is read yet. Written under the lock for attaching.
typedef struct svari_older_devices {
  _Atomic uint64_t look_at; // from this version on; UINT64_MAX: there is none
  uint64_t pause;           // versions from the last look to the next
} svari_older_devices_t;

// What a room above has at work for a handle, in a thread of its own perhaps: it ends with the handle.
typedef struct svari_attendant {
  // Stops it and frees it. First of all in svar_store_close(), while the handle can still be used.
  void (*end)(struct svari_attendant *attendant);
  // In the child of a fork, where its threads are not: its descriptors are the parent's. end() comes later.
  void (*forked)(struct svari_attendant *attendant);
  struct svari_attendant *next;
} svari_attendant_t;

struct svar_store {
  // The hot path's words.
  uint64_t id; // never reused in this process: what thread-local caches are keyed by
  _Atomic uint64_t
      open_id; // the same while the handle is open, then SVARI_ID_NONE: one look for both
  const svari_header_t *header;
  svari_region_t *region;

  _Atomic uint32_t state;
  _Atomic uint32_t reference_count; // the handle itself and each of its containers
  uint32_t process_index;
  bool has_process;
  char name[SVARI_NAME_BYTES]; // copied from the header and checked
  svar_allocator_t allocator;
  svari_writer_t *writer; // NULL: a reader
  // The device memory that this handle has: its own, or holders' that were attached to. Grows at its head, under the
  // writer's lock or the one for attaching, and gets shorter with the handle's end only.
  _Atomic(svari_device_region_t *) devices;
  pthread_mutex_t attach_lock; // while a reader asks the holder, and the driver, for device memory
  svari_older_devices_t older_devices;
  struct svar_store *next;                 // in the process's list of handles
  svari_watchers_t watchers;               // told of commits; a reader has none
  _Atomic(svari_attendant_t *) attendants; // grows at its head

  svari_registrations_t registrations; // of the host memory
  // Pins that work on a GPU keeps (release.c), but for their pin words under a lock that is held while the driver is
  // asked, too.
  struct svari_release *releases;
  pthread_mutex_t release_lock;

  pthread_mutex_t lock; // of the members below; never held while user code runs or a reader waits
  svari_owned_slot_t *slots;
  size_t slot_count, slot_room;
  uint64_t *name_hashes; // of the directory's entries, as far as they were read
  size_t hash_count, hash_room;
};

// --- store.c ---------------------------------------------------------------------------------------
// Makes a handle over a region that was found complete. Moves region on success only. Under the birth lock.
// writer: the handle becomes the holder: a fresh region starts empty, another one is resumed.
svar_ret_t svari_store_new(svari_region_t *region, bool is_writer, svar_store_t **out_store);
// Writes the first header of a store, and an empty reader table, into zeroed memory.
void svari_store_format_header(svari_header_t *header, const char *name, uint64_t capacity_bytes,
                               const uint8_t generation[16]);
void svari_store_format_readers(svari_readers_t *readers, const uint8_t generation[16]);
// Checks the bytes of a header and a reader table that somebody else wrote.
svar_ret_t svari_store_check_header(const svari_header_t *header, uint64_t file_bytes,
                                    const char *what);
svar_ret_t svari_store_check_readers(const svari_readers_t *readers, const uint8_t generation[16],
                                     const char *what);
// The private store that variables made without a store live in, made at its first use. Borrowed.
svar_ret_t svari_store_private(svar_store_t **out_store);
svar_store_t *svari_store_ref(svar_store_t *store);
void svari_store_unref(svar_store_t *store);
// The device memory that the handle has; on by next.
static inline svari_device_region_t *
svari_store_devices(const svar_store_t *store)
{
  return atomic_load_explicit(&store->devices, memory_order_acquire);
}
// The error of a handle whose state is not OPEN.
svar_ret_t svari_store_refuse(const svar_store_t *store);
static inline bool
svari_store_is_open(const svar_store_t *store)
{
  return atomic_load_explicit(&store->state, memory_order_relaxed) == SVARI_STORE_OPEN;
}
static inline svar_ret_t
svari_store_check(const svar_store_t *store)
{
  return __builtin_expect(svari_store_is_open(store), 1) ? SVAR_OK : svari_store_refuse(store);
}
// What a store may take if its creator does not say: the machine's memory, rounded up to a power of two.
// More would be of no use; address space is short where it has 39 bits.
uint64_t svari_default_capacity_bytes(void);
// It is a wish: where address space is limited, half of it will do, and again half, but not less than this.
#define SVARI_DEFAULT_CAPACITY_LEAST (UINT64_C(1) << 30)
// The options given (NULL: none), with the defaults of what a build before this one did not know.
// SVAR_ERR_ARGUMENT: their size is not one this build can know.
svar_ret_t svari_store_options_read(const svar_store_options_t *given,
                                    svar_store_options_t *out_options);
// The handle of this process, in whatever state, that the pin is one of; NULL: none.
svar_store_t *svari_store_of_pin(const svari_pin_t *pin);
// Gives the handle one more attendant.
void svari_store_attend(svar_store_t *store, svari_attendant_t *attendant);
// Runs visit for each handle of this process, under the list's lock.
void svari_store_each(void (*visit)(svar_store_t *store, void *context), void *context);

// --- directory.c -----------------------------------------------------------------------------------
// The entry at index, or NULL if the directory's bytes do not make sense there.
const svari_entry_t *svari_directory_entry(const svar_store_t *store, uint64_t index);
// The index of the entry of that name; SVAR_ERR_NOT_FOUND. Takes the handle's lock.
svar_ret_t svari_directory_find(svar_store_t *store, const char *name, uint64_t *out_index);
// Reads and checks an entry's type, and the number of the GPU that its values lie on (0: in host memory).
// SVAR_ERR_CORRUPT
svar_ret_t svari_directory_type(const svar_store_t *store, const svari_entry_t *entry,
                                svar_type_t *out_type, uint32_t *out_device);
// Holder, under the writer's lock: adds an entry without a value.
// flags: svari_entry_flags()
svar_ret_t svari_directory_append(svar_store_t *store, const char *name, const svar_type_t *type,
                                  uint32_t flags, uint64_t *out_index);
// True if name can name a variable: 1 to 255 bytes, no control characters.
svar_ret_t svari_directory_check_name(const char *name);
// Offset of a block of the directory and its size, for the allocator's rebuild.
uint64_t svari_directory_block_bytes(uint32_t block);

// --- store.c ---------------------------------------------------------------------------------------
// True once some commit that has become visible gave the entry a value, or unset it.
bool svari_store_has_value(const svar_store_t *store, const svari_entry_t *entry);

// --- container.c -----------------------------------------------------------------------------------
// A variable handle for the entry at index.
svar_ret_t svari_store_variable(svar_store_t *store, uint64_t index,
                                svar_variable_t **out_variable);

// --- release.c -------------------------------------------------------------------------------------
// Waits for the work that pins are kept for, and ends them. The handle's first step to its end.
void svari_releases_end(svar_store_t *store);

// --- stale.c ---------------------------------------------------------------------------------------
// True if the store was removed or replaced; tells its holder if that may not know. Asks the system.
bool svari_store_is_gone(svar_store_t *store);
bool svari_store_is_retired(const svar_store_t *store);
svar_ret_t svari_store_fail_stale(const svar_store_t *store);
// Holder: looks whether what is suspected is so. SVAR_ERR_STALE
svar_ret_t svari_store_look_for_files(svar_store_t *store) __attribute__((noinline, cold));
// Holder: SVAR_ERR_STALE if the store is known to be removed, or found to be on a suspicion.
static inline svar_ret_t
svari_store_check_stale(svar_store_t *store)
{
  const svari_region_t *region = store->region;
  if (__builtin_expect((atomic_load_explicit(&region->readers->suspected, memory_order_relaxed) |
                        atomic_load_explicit(&store->header->retired, memory_order_relaxed)) == 0,
                       1)) {
    return SVAR_OK;
  }
  return svari_store_look_for_files(store);
}

// --- wait.c ----------------------------------------------------------------------------------------
// Around each change that waiters wait for: prepare before it, under the writer's lock (another committer
// must not find the flag cleared by one that has not changed anything yet); wake after it, with what
// prepare found, best without the lock.
bool svari_wake_prepare(svar_store_t *store);
void svari_wake(svar_store_t *store, bool has_waiters);
void svari_wake_all(svar_store_t *store);
// Sleeps until a wake-up, if version is still the newest. SVAR_TIMEOUT: the deadline (CLOCK_MONOTONIC) has
// passed; SVAR_INTERRUPTED, SVAR_ERR_STALE
svar_ret_t svari_wait_once(svar_store_t *store, uint64_t version, int64_t deadline_ns);
// Wakes who sleeps now, to look again; needs no right to write.
void svari_wake_sleepers(svar_store_t *store);
// Held while a store is being opened or made, so that no fork falls between taking a lock of the kernel
// and the handle's entry in the list that a child goes through.
void svari_birth_lock(void);
void svari_birth_unlock(void);

#endif
