// A region of this process's private memory: what CPU stores live in.
#ifndef SVARI_STORE_PRIVATE_REGION_H
#define SVARI_STORE_PRIVATE_REGION_H

#include "store/region.h"

// capacity_bytes: whole pages; 0: the default. SVAR_ERR_NO_MEMORY
svar_ret_t svari_private_region_create(const char *store_name, uint64_t capacity_bytes,
                                       const svar_allocator_t *allocator,
                                       svari_region_t **out_region);

#endif
