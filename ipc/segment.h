// A region in shared-memory files: the state file and the reader table of a store.
#ifndef SVARI_IPC_SEGMENT_H
#define SVARI_IPC_SEGMENT_H

#include <sys/stat.h>

#include "ipc/store_name.h"
#include "store/region.h"

typedef struct svari_segment_options {
  const char *store_name;
  const svari_store_paths_t *paths;
  const char *directory;
  uid_t owner;
  uint64_t
      capacity_bytes; // create; 0: svari_default_capacity_bytes(), or what the address space allows
  mode_t mode;        // create
  gid_t group;        // create; (gid_t)-1: the process's own
  bool lock_memory;
  bool huge_pages;
  svar_allocator_t allocator;
} svari_segment_options_t;

// Makes both files under no name, complete, then names them. SVAR_ERR_EXISTS if the name was taken
// meanwhile; SVAR_ERR_NO_SPACE, SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM. Nothing is left behind on failure.
svar_ret_t svari_segment_create(const svari_segment_options_t *options,
                                svari_region_t **out_region);
// Takes over the files that an earlier holder left. SVAR_ERR_NOT_FOUND, SVAR_ERR_HELD,
// SVAR_ERR_LAYOUT, SVAR_ERR_CORRUPT, SVAR_ERR_PERMISSION
svar_ret_t svari_segment_resume(const svari_segment_options_t *options,
                                svari_region_t **out_region);
// Tells the readers of what is there that it ends, and takes its names away. SVAR_ERR_HELD,
// SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION
svar_ret_t svari_segment_discard(const svari_segment_options_t *options);
// Removes a store that nobody holds or reads, or what is left of one, without its cooperation. The
// options' paths, directory, owner and store name count. SVAR_ERR_NOT_FOUND, SVAR_ERR_HELD,
// SVAR_ERR_BUSY, SVAR_ERR_PERMISSION, SVAR_ERR_CORRUPT
svar_ret_t svari_segment_clean(const svari_segment_options_t *options, bool is_rehearsal,
                               uint64_t *out_bytes);
// The names of an opened region's files. Borrowed from the region.
const svari_store_paths_t *svari_segment_paths(const svari_region_t *region);
// Owner, group and mode of its state file: who may read the store.
svar_ret_t svari_segment_status(const svari_region_t *region, struct stat *out_status);
// True if the store of an opened region is being removed, or was.
bool svari_segment_is_going(svari_region_t *region);
// Maps both files for reading values.
svar_ret_t svari_segment_open(const svari_segment_options_t *options, svari_region_t **out_region);

#endif
