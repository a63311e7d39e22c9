// What segment.c and segment_clean.c share: the state file of a store, by its descriptor.
#ifndef SVARI_IPC_SEGMENT_IMPL_H
#define SVARI_IPC_SEGMENT_IMPL_H

#include "ipc/segment.h"

// SVAR_ERR_HELD, with the name of the holder and then what to do about it.
svar_ret_t svari_segment_fail_held(int state_fd, const char *store_name, const char *remedy);
// Tells the readers of a state file, if it is one, that no newer version will come. Under its lock.
void svari_segment_retire(int state_fd, const char *path);
// Takes the names of a store away whose lock this process holds: the reader table's first, for as long
// as the state file has its name nobody can make a store of it.
void svari_segment_unlink(const svari_store_paths_t *paths);

#endif
