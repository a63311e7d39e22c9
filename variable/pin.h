// The word that says "version V is in use": what a reader writes and a holder scans.
//
//   0                      free
//   V << 2 | ACTIVE        version V is in use; releasing it frees the word
//   V << 2 | ACTIVE | KEEP the same; releasing it parks the word
//   V << 2 | KEEP          parked: V stays pinned though nobody uses it, so that its reader can take it up
//                          again without telling anybody. The holder takes parked pins away when it
//                          needs the room (store/room.c).
#ifndef SVARI_VARIABLE_PIN_H
#define SVARI_VARIABLE_PIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SVARI_PIN_ACTIVE = 1, SVARI_PIN_KEEP = 2, SVARI_PIN_SHIFT = 2 };

typedef _Atomic uint64_t svari_pin_t;

static inline uint64_t
svari_pin_word(uint64_t version, unsigned flags)
{
  return version << SVARI_PIN_SHIFT | flags;
}

static inline uint64_t
svari_pin_version(uint64_t word)
{
  return word >> SVARI_PIN_SHIFT;
}

static inline bool
svari_pin_is_active(uint64_t word)
{
  return (word & SVARI_PIN_ACTIVE) != 0;
}

// The end of a pin's use, from any thread.
static inline void
svari_unpin(svari_pin_t *pin)
{
  uint64_t word = atomic_load_explicit(pin, memory_order_relaxed);
  // Release, pairs with the acquire of the holder's scan: what was read under the pin was read before
  // the holder writes those bytes again.
  atomic_store_explicit(pin, (word & SVARI_PIN_KEEP) != 0 ? word & ~(uint64_t)SVARI_PIN_ACTIVE : 0,
                        memory_order_release);
}

#endif
