// Reader slots and pins: how a thread says "version V is in use".
#ifndef SVARI_STORE_SLOT_H
#define SVARI_STORE_SLOT_H

#include "store/store_impl.h"
#include "variable/pin.h"

// Takes a process record and its lock. SVAR_ERR_READERS_FULL
svar_ret_t svari_process_attach(svar_store_t *store);
// Gives back this handle's slots and its process record.
void svari_process_detach(svar_store_t *store);
// Frees the slots and records of processes that are dead, and slots that no process can have filled.
// Under the handle's lock.
void svari_slots_reap(svar_store_t *store);

// True if something that this handle reads is of a version before that one. Under the handle's lock.
bool svari_slots_read_before(const svar_store_t *store, uint64_t version);

// A thread finds its slot of a store here: a small direct-mapped cache keyed by the handle's id.
// initial-exec: one instruction instead of a call to __tls_get_addr, at the price of 192 bytes of the
// static TLS that every process reserves for libraries loaded late.
#define SVARI_TLS __attribute__((tls_model("initial-exec")))
enum { SVARI_SLOT_CACHE_ENTRIES = 8 };
typedef struct svari_cached_slot {
  uint64_t store_id;
  svari_slot_t *slot;
  uint64_t last_version; // that this thread pinned
} svari_cached_slot_t;
extern _Thread_local SVARI_TLS svari_cached_slot_t svari_slot_cache[SVARI_SLOT_CACHE_ENTRIES];

// Pins the newest version with a full fence, finding or taking a slot where necessary. Nothing
// committed: *out_version is 0 and *out_pin is NULL.
// SVAR_ERR_READERS_FULL, SVAR_ERR_FORKED, SVAR_ERR_STATE, SVAR_ERR_CORRUPT
svar_ret_t svari_pin_fenced(svar_store_t *store, uint64_t *out_version, svari_pin_t **out_pin)
    __attribute__((noinline));

// Frees this thread's parked pin of a store, if its slot is at hand.
void svari_pin_unpark(const svar_store_t *store);
// The same wherever its slot is, under the handle's lock perhaps: before it goes to sleep for a newer version.
void svari_pin_rest(svar_store_t *store);

// Takes up the pin that this thread parked, if it did and on the newest version: layout.h, "resume". No
// fence, and no call, so that it costs its caller no saved register. False: svari_pin_fenced() does it.
static inline bool
svari_pin_resume(const svar_store_t *store, uint64_t *out_version, svari_pin_t **out_pin)
{
  uint64_t id = atomic_load_explicit(&store->open_id, memory_order_relaxed);
  const svari_cached_slot_t *cached = &svari_slot_cache[id % SVARI_SLOT_CACHE_ENTRIES];
  if (__builtin_expect(cached->store_id != id, 0)) {
    return false;
  }
  svari_pin_t *pin = &cached->slot->pins[0];
  // Acquire, pairs with the commit's store: the records of this version are complete.
  uint64_t version = atomic_load_explicit(&store->header->version, memory_order_acquire);
  uint64_t parked = svari_pin_word(version, SVARI_PIN_KEEP);
  // Acquire, pairs with svari_unpin() in another thread: what was read there was read before the
  // holder hears of the end of this use.
  if (__builtin_expect(atomic_load_explicit(pin, memory_order_acquire) != parked, 0)) {
    return false;
  }
  atomic_store_explicit(pin, parked | SVARI_PIN_ACTIVE, memory_order_relaxed);
  atomic_signal_fence(memory_order_seq_cst);
  if (__builtin_expect(
          atomic_load_explicit(&store->header->horizon, memory_order_acquire) > version, 0)) {
    atomic_store_explicit(pin, 0, memory_order_relaxed); // nothing was read under it
    return false;
  }
  *out_version = version;
  *out_pin = pin;
  return true;
}

#endif
