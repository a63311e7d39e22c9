// Reader slots and pins: how a thread says "version V is in use".
#ifndef SVARI_STORE_SLOT_H
#define SVARI_STORE_SLOT_H

#include "store/store_impl.h"

// Takes a process record and its lock. SVAR_ERR_READERS_FULL
svar_ret_t svari_process_attach(svar_store_t *store);
// Gives back this handle's slots and its process record.
void svari_process_detach(svar_store_t *store);
// Frees the slots and the record of process `index` if it is dead. True if it was.
bool svari_process_reap(svar_store_t *store, uint32_t index);

// Pins the newest version. version 0 (nothing committed): *out_pin is NULL.
// SVAR_ERR_READERS_FULL, SVAR_ERR_FORKED, SVAR_ERR_STATE
svar_ret_t svari_pin(svar_store_t *store, uint64_t *out_version, _Atomic uint64_t **out_pin);

static inline void
svari_unpin(_Atomic uint64_t *pin)
{
  // Release, pairs with the acquire of the holder's scan: what this reader read happened before the
  // holder writes those bytes again.
  atomic_store_explicit(pin, 0, memory_order_release);
}

#endif
