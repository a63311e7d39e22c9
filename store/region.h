// A region: the memory that a store's bytes and its reader table live in, as a table of functions.
// Private memory (store/private_region.c) and shared-memory files (ipc/segment.c) implement it.
#ifndef SVARI_STORE_REGION_H
#define SVARI_STORE_REGION_H

#include "store/layout.h"

typedef struct svari_region svari_region_t;

typedef struct svari_region_ops {
  svar_backing_t backing;
  // Backs [offset, offset + size_bytes) with memory and faults it in, extending the file where needed.
  // Holder only. SVAR_ERR_NO_SPACE with the numbers and the remedy; then nothing has changed.
  svar_ret_t (*commit)(svari_region_t *region, uint64_t offset, uint64_t size_bytes);
  // Gives the memory of whole pages back; they read as zero until committed again. Holder only.
  void (*discard)(svari_region_t *region, uint64_t offset, uint64_t size_bytes);
  // Bytes that exist now: everything below may be read without a bus error.
  uint64_t (*extent_bytes)(svari_region_t *region);
  // Bytes that take memory now.
  uint64_t (*memory_bytes)(svari_region_t *region);
  // Liveness of process record `index`: takes its lock if nobody alive holds it. The lock ends with
  // unlock, destroy, or the process. Never blocks.
  bool (*process_lock)(svari_region_t *region, uint32_t index);
  void (*process_unlock)(svari_region_t *region, uint32_t index);
  // True while somebody else holds the lock of process record `index`.
  bool (*process_is_alive)(svari_region_t *region, uint32_t index);
  // True while some handle holds the store for writing.
  bool (*is_held)(svari_region_t *region);
  // The user that the store belongs to.
  uid_t (*owner)(svari_region_t *region);
  // Takes the store's names away; what is mapped stays. Holder only.
  svar_ret_t (*remove)(svari_region_t *region);
  // True if the store can no longer be opened under its name by anybody.
  bool (*is_removed)(svari_region_t *region);
  // Lets go of every lock and descriptor; what is mapped stays.
  void (*release)(svari_region_t *region);
  // In the child of a fork: lets go of locks, and of every way to write shared bytes.
  void (*forked)(svari_region_t *region);
  // Copes with half-built regions; frees the memory that region lies in.
  void (*destroy)(svari_region_t *region);
} svari_region_ops_t;

// The head of every region.
struct svari_region {
  const svari_region_ops_t *ops;
  uint8_t *write_base;      // the holder's mapping; NULL for readers
  const uint8_t *read_base; // what views point into: read-only wherever the page tables can say so
  uint64_t capacity_bytes;  // length of the mappings
  _Atomic uint64_t known_bytes; // extent_bytes() as last asked: saves readers the question
  svari_readers_t *readers;
  svar_allocator_t allocator;
};

// Bytes that were there when last asked: they may be read.
static inline uint64_t
svari_region_known_bytes(const svari_region_t *region)
{
  return atomic_load_explicit(&region->known_bytes, memory_order_relaxed);
}

// Asks again.
uint64_t svari_region_ask_bytes(svari_region_t *region);

// True if [offset, offset + size_bytes) may be read. Asks for the extent only when the segment seems to
// have grown since the last answer.
bool svari_region_covers(svari_region_t *region, uint64_t offset, uint64_t size_bytes);

#endif
