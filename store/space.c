#include "store/space.h"

#include "store/layout.h"

const svari_grain_t svari_host_grain = {
    .head_bytes = SVARI_PAGE_BYTES,
    .alignment = SVARI_ALIGNMENT,
    .step_bytes = SVARI_PAGE_BYTES,
    .growth_bytes = 64 * 1024,
};

uint64_t
svari_space_ask_bytes(svari_space_t *space)
{
  uint64_t extent = space->ops->extent_bytes(space);
  extent = extent < space->capacity_bytes ? extent : space->capacity_bytes;
  atomic_store_explicit(&space->known_bytes, extent, memory_order_relaxed);
  return extent;
}

bool
svari_space_covers(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  uint64_t end;
  return !__builtin_add_overflow(offset, size_bytes, &end) &&
         (end <= svari_space_known_bytes(space) || end <= svari_space_ask_bytes(space));
}
