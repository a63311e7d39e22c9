// Reader slots and pins: how a thread says "version V is in use".
#ifndef SVARI_STORE_SLOT_H
#define SVARI_STORE_SLOT_H

#include "store/store_impl.h"

// Takes a process record and its lock. SVAR_ERR_READERS_FULL
svar_ret_t svari_process_attach(svar_store_t *store);
// Gives back this handle's slots and its process record.
void svari_process_detach(svar_store_t *store);
// Frees the slots and the record of process `index` if it is dead. Under the handle's lock.
void svari_process_reap(svar_store_t *store, uint32_t index);

// A thread finds its slot of a store here: a small direct-mapped cache keyed by the handle's id.
// initial-exec: one instruction instead of a call to __tls_get_addr, at the price of 128 bytes of the
// static TLS that every process reserves for libraries loaded late.
#define SVARI_TLS __attribute__((tls_model("initial-exec")))
enum { SVARI_SLOT_CACHE_ENTRIES = 8 };
typedef struct svari_cached_slot {
  uint64_t store_id;
  svari_slot_t *slot;
} svari_cached_slot_t;
extern _Thread_local SVARI_TLS svari_cached_slot_t svari_slot_cache[SVARI_SLOT_CACHE_ENTRIES];

// Finds or takes a slot with a free pin for this thread, caches the slot, and gives out the pin.
// SVAR_ERR_READERS_FULL
svar_ret_t svari_slot_find(svar_store_t *store, _Atomic uint64_t **out_pin)
    __attribute__((noinline, cold));

static inline _Atomic uint64_t *
svari_slot_free_pin(svari_slot_t *slot)
{
  for (int i = 0; i < SVARI_SLOT_PINS; i++) {
    if (atomic_load_explicit(&slot->pins[i], memory_order_relaxed) == 0) {
      return &slot->pins[i];
    }
  }
  return NULL;
}

// The pin protocol of layout.h, reader's side: stores the newest version to the pin and returns it.
static inline uint64_t
svari_pin_newest(const svar_store_t *store, _Atomic uint64_t *pin)
{
  const svari_header_t *header = store->header;
  for (;;) {
    // Acquire, pairs with the commit's store: the records of this version are complete.
    uint64_t version = atomic_load_explicit(&header->version, memory_order_acquire);
    atomic_store_explicit(pin, version, memory_order_seq_cst);
    if (__builtin_expect(atomic_load_explicit(&header->horizon, memory_order_seq_cst) <= version,
                         1)) {
      return version;
    }
  }
}

// Pins the newest version. Nothing committed: *out_version is 0 and *out_pin is NULL.
// SVAR_ERR_READERS_FULL, SVAR_ERR_FORKED, SVAR_ERR_STATE
static inline svar_ret_t
svari_pin(svar_store_t *store, uint64_t *out_version, _Atomic uint64_t **out_pin)
{
  SVAR_TRY(svari_store_check(store));
  const svari_cached_slot_t *cached = &svari_slot_cache[store->id % SVARI_SLOT_CACHE_ENTRIES];
  _Atomic uint64_t *pin = NULL;
  if (__builtin_expect(cached->store_id == store->id, 1)) {
    pin = svari_slot_free_pin(cached->slot);
  }
  if (__builtin_expect(pin == NULL, 0)) {
    SVAR_TRY(svari_slot_find(store, &pin));
  }
  *out_version = svari_pin_newest(store, pin);
  *out_pin = *out_version != 0 ? pin : NULL;
  return SVAR_OK;
}

static inline void
svari_unpin(_Atomic uint64_t *pin)
{
  // Release, pairs with the acquire of the holder's scan: what this reader read happened before the
  // holder writes those bytes again.
  atomic_store_explicit(pin, 0, memory_order_release);
}

#endif
