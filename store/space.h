// A space: one range of addresses that values lie in, as a table of functions. A store has one in host memory,
// the part of its region that the directory is in too, and one for each device that it has variables on.
#ifndef SVARI_STORE_SPACE_H
#define SVARI_STORE_SPACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shared_variable/error.h"

typedef struct svari_space svari_space_t;

typedef struct svari_space_ops {
  // Backs [offset, offset + size_bytes) with memory and faults it in, extending what is there where needed.
  // Holder only. SVAR_ERR_NO_SPACE with the numbers and the remedy; then nothing has changed.
  svar_ret_t (*commit)(svari_space_t *space, uint64_t offset, uint64_t size_bytes);
  // Gives the memory of whole pages back; they read as zero until committed again. Holder only.
  // NULL: memory that was committed stays.
  void (*discard)(svari_space_t *space, uint64_t offset, uint64_t size_bytes);
  // Bytes that exist now: everything below may be read without a fault.
  uint64_t (*extent_bytes)(svari_space_t *space);
} svari_space_ops_t;

// How a space is divided among values.
typedef struct svari_grain {
  uint64_t head_bytes;   // before the first value
  uint64_t alignment;    // of every value
  uint64_t step_bytes;   // it grows by multiples of this
  uint64_t growth_bytes; // and by this at least, while there is room
} svari_grain_t;

// The head of every space. All but known_bytes is fixed once the space is in use.
struct svari_space {
  const svari_space_ops_t *ops;
  const svari_grain_t *grain;
  // What views point into: read-only wherever the page tables can say so. Of a device: not for the host to
  // follow.
  const uint8_t *read_base;
  uint64_t capacity_bytes;      // length of the range
  _Atomic uint64_t known_bytes; // extent_bytes() as last asked: saves readers the question
};

// Of private memory and of files.
extern const svari_grain_t svari_host_grain;

// Bytes that were there when last asked: they may be read.
static inline uint64_t
svari_space_known_bytes(const svari_space_t *space)
{
  return atomic_load_explicit(&space->known_bytes, memory_order_relaxed);
}

// Asks again.
uint64_t svari_space_ask_bytes(svari_space_t *space);

// True if [offset, offset + size_bytes) may be read. Asks for the extent only when the space seems to
// have grown since the last answer.
bool svari_space_covers(svari_space_t *space, uint64_t offset, uint64_t size_bytes);

#endif
