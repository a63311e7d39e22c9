// The pages behind a segment's mapping: locked into memory, and huge.
#ifndef SVARI_IPC_SEGMENT_PAGES_H
#define SVARI_IPC_SEGMENT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared_variable/error.h"

// Keeps the pages of [start, start + size_bytes) in memory, each from its first fault on.
// SVAR_ERR_NO_SPACE with the limit and the remedy.
svar_ret_t svari_pages_lock(const void *start, uint64_t size_bytes, const char *path);
// The same, without an error.
void svari_pages_try_lock(const void *start, uint64_t size_bytes);

// As svari_file_map(), at an address where the file's huge pages can be mapped as such, with the wish
// for them.
svar_ret_t svari_pages_map_huge(int fd, const char *path, uint64_t size_bytes, bool writable,
                                void **out_map);
// Makes huge pages of what lies in [start, start + size_bytes), if the kernel can. The range is backed
// by memory already.
void svari_pages_collapse(const void *start, uint64_t size_bytes);

#endif
