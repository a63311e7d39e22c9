// The heap of a space of a store: which of its bytes are free. Private to the holder; that of a file is rebuilt on
// resume from what the directory says is in use. Calls are made under the writer's lock.
#ifndef SVARI_STORE_HEAP_H
#define SVARI_STORE_HEAP_H

#include <stdbool.h>

#include "shared_variable/allocator.h"
#include "store/space.h"

// A free range. Warm: backed by memory and faulted in; a cold one must be committed before use.
typedef struct svari_extent {
  uint64_t offset;
  uint64_t size_bytes;
  bool is_warm;
} svari_extent_t;

typedef struct svari_heap {
  svari_space_t *space;
  const char *store_name;
  svar_allocator_t allocator;
  _Atomic uint64_t *end_bytes; // of the part of the space in use; of a file: header->end_bytes
  svari_extent_t *extents;     // free ranges by offset, never adjacent with equal warmth
  size_t extent_count, extent_room;
  uint64_t warm_free_bytes;
  uint64_t used_bytes;
} svari_heap_t;

void svari_heap_init(svari_heap_t *heap, svari_space_t *space, _Atomic uint64_t *end_bytes,
                     const char *store_name, const svar_allocator_t *allocator);
void svari_heap_fini(svari_heap_t *heap); // {0} is a no-op

// Rounds a value's size up to what its buffer takes.
uint64_t svari_heap_round(const svari_heap_t *heap, uint64_t size_bytes);
// Takes svari_heap_round(size_bytes) bytes, committed, at a multiple of the alignment (large ones: of a page).
// SVAR_ERR_NO_SPACE, SVAR_ERR_NO_MEMORY; then nothing has changed.
svar_ret_t svari_heap_take(svari_heap_t *heap, uint64_t size_bytes, uint64_t *out_offset);
// True if taking size_bytes would take warm memory: no system call.
bool svari_heap_has_warm(const svari_heap_t *heap, uint64_t size_bytes);
// Gives a range back; memory above the high-water mark goes back to the system, if
// the space can give it.
void svari_heap_give(svari_heap_t *heap, uint64_t offset, uint64_t size_bytes);
// Resume: frees everything between the `used` ranges (sorted here) and end_bytes.
// SVAR_ERR_CORRUPT if they overlap or reach beyond it.
svar_ret_t svari_heap_rebuild(svari_heap_t *heap, svari_extent_t *used, size_t used_count);

#endif
