#include "store/region.h"

uint64_t
svari_region_ask_bytes(svari_region_t *region)
{
  uint64_t extent = region->ops->extent_bytes(region);
  extent = extent < region->capacity_bytes ? extent : region->capacity_bytes;
  atomic_store_explicit(&region->known_bytes, extent, memory_order_relaxed);
  return extent;
}

bool
svari_region_covers(svari_region_t *region, uint64_t offset, uint64_t size_bytes)
{
  uint64_t end;
  return !__builtin_add_overflow(offset, size_bytes, &end) &&
         (end <= svari_region_known_bytes(region) || end <= svari_region_ask_bytes(region));
}
