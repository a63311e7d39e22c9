// Device memory of a store, asked of its holder.
#ifndef SVARI_IPC_REMOTE_DEVICE_H
#define SVARI_IPC_REMOTE_DEVICE_H

#include "store/region.h"

// svari_region_ops_t.fetch_device of segments.
svar_ret_t svari_remote_fetch_device(svari_region_t *region, const char *name, uint32_t number,
                                     uint64_t offset, int *out_fd, uint64_t *out_bytes);

#endif
