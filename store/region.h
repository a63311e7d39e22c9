// A region: the memory that a store's bytes and its reader table live in, as a table of functions.
// Private memory (store/private_region.c) and shared-memory files (ipc/segment.c) implement it. Values can lie on
// devices, too: store/device_region.h.
#ifndef SVARI_STORE_REGION_H
#define SVARI_STORE_REGION_H

#include "store/layout.h"
#include "store/space.h"

typedef struct svari_region svari_region_t;

typedef struct svari_region_ops {
  svar_backing_t backing;
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
  // Asks the holder of the store, of that name, for the device memory that begins at offset of its region of that
  // number: a descriptor, the caller's, and a size, which nobody has checked. SVAR_ERR_UNSET: nobody has it, or hands
  // it out. NULL: the store is of this process only. SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM
  svar_ret_t (*fetch_device)(svari_region_t *region, const char *name, uint32_t number,
                             uint64_t offset, int *out_fd, uint64_t *out_bytes);
  // Lets go of every lock and descriptor; what is mapped stays.
  void (*release)(svari_region_t *region);
  // In the child of a fork: lets go of locks, and of every way to write shared bytes.
  void (*forked)(svari_region_t *region);
  // Copes with half-built regions; frees the memory that region lies in.
  void (*destroy)(svari_region_t *region);
} svari_region_ops_t;

// The head of every region.
struct svari_region {
  svari_space_t space; // first: of the values
  const svari_region_ops_t *ops;
  uint8_t *write_base; // the holder's mapping; NULL for readers
  svari_readers_t *readers;
  svar_allocator_t allocator;
};

#endif
