#include "store/heap.h"

#include <stdlib.h>
#include <string.h>

#include "store/array.h"
#include "store/crash_point.h"
#include "store/layout.h"

enum {
  LARGE_BYTES = 64 * 1024,     // values from here on get whole pages of their own
  DISCARD_BYTES = 1024 * 1024, // free ranges below this keep their memory
};
// Free memory kept for the next values: half of what is in use, and this much at least.
static const uint64_t HIGH_WATER_BYTES = 16 * 1024 * 1024;

void
svari_heap_init(svari_heap_t *heap, svari_space_t *space, _Atomic uint64_t *end_bytes,
                const char *store_name, const svar_allocator_t *allocator)
{
  *heap = (svari_heap_t){
      .space = space, .store_name = store_name, .allocator = *allocator, .end_bytes = end_bytes};
}

void
svari_heap_fini(svari_heap_t *heap)
{
  if (heap->space != NULL) {
    heap->allocator.deallocate(heap->extents, heap->allocator.state);
  }
  *heap = (svari_heap_t){0};
}

static uint64_t
round_up(uint64_t bytes, uint64_t multiple)
{
  return (bytes + multiple - 1) & ~(multiple - 1);
}

uint64_t
svari_heap_round(const svari_heap_t *heap, uint64_t size_bytes)
{
  return size_bytes >= LARGE_BYTES
             ? round_up(size_bytes, SVARI_PAGE_BYTES)
             : round_up(size_bytes > 0 ? size_bytes : 1, heap->space->grain->alignment);
}

static uint64_t
alignment_of(const svari_heap_t *heap, uint64_t rounded_bytes)
{
  return rounded_bytes >= LARGE_BYTES ? SVARI_PAGE_BYTES : heap->space->grain->alignment;
}

// --- the list of free ranges -----------------------------------------------------------------------

// Index of the first extent at or after offset.
static size_t
position_of(const svari_heap_t *heap, uint64_t offset)
{
  size_t low = 0;
  size_t high = heap->extent_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (heap->extents[middle].offset < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

static void
erase(svari_heap_t *heap, size_t position)
{
  memmove(&heap->extents[position], &heap->extents[position + 1],
          (heap->extent_count - position - 1) * sizeof(svari_extent_t));
  heap->extent_count--;
}

// Every change of the list first makes room for the two entries it can add, so that it cannot fail
// half-way.
static svar_ret_t
reserve(svari_heap_t *heap)
{
  return svari_array_reserve((void **)&heap->extents, &heap->extent_room, heap->extent_count + 2,
                             sizeof(svari_extent_t), &heap->allocator);
}

static bool
joins(const svari_extent_t *left, const svari_extent_t *right)
{
  return left->is_warm == right->is_warm && left->offset + left->size_bytes == right->offset;
}

// Adds a free range and joins it with its neighbours. Room was reserved.
static void
insert(svari_heap_t *heap, svari_extent_t extent)
{
  if (extent.size_bytes == 0) {
    return;
  }
  size_t position = position_of(heap, extent.offset);
  memmove(&heap->extents[position + 1], &heap->extents[position],
          (heap->extent_count - position) * sizeof(svari_extent_t));
  heap->extents[position] = extent;
  heap->extent_count++;
  heap->warm_free_bytes += extent.is_warm ? extent.size_bytes : 0;
  if (position + 1 < heap->extent_count &&
      joins(&heap->extents[position], &heap->extents[position + 1])) {
    heap->extents[position].size_bytes += heap->extents[position + 1].size_bytes;
    erase(heap, position + 1);
  }
  if (position > 0 && joins(&heap->extents[position - 1], &heap->extents[position])) {
    heap->extents[position - 1].size_bytes += heap->extents[position].size_bytes;
    erase(heap, position);
  }
}

// Takes [offset, offset + size) out of the extent at position. Room was reserved.
static void
carve(svari_heap_t *heap, size_t position, uint64_t offset, uint64_t size_bytes)
{
  svari_extent_t whole = heap->extents[position];
  erase(heap, position);
  heap->warm_free_bytes -= whole.is_warm ? whole.size_bytes : 0;
  insert(heap, (svari_extent_t){whole.offset, offset - whole.offset, whole.is_warm});
  uint64_t end = offset + size_bytes;
  insert(heap, (svari_extent_t){end, whole.offset + whole.size_bytes - end, whole.is_warm});
}

// Best fit, warm before cold. True if found.
static bool
find_fit(const svari_heap_t *heap, uint64_t size_bytes, size_t *out_position)
{
  uint64_t alignment = alignment_of(heap, size_bytes);
  bool found = false;
  for (size_t i = 0; i < heap->extent_count; i++) {
    const svari_extent_t *extent = &heap->extents[i];
    uint64_t skipped = round_up(extent->offset, alignment) - extent->offset;
    if (extent->size_bytes < skipped || extent->size_bytes - skipped < size_bytes) {
      continue;
    }
    const svari_extent_t *best = found ? &heap->extents[*out_position] : NULL;
    if (best == NULL || (extent->is_warm && !best->is_warm) ||
        (extent->is_warm == best->is_warm && extent->size_bytes < best->size_bytes)) {
      *out_position = i;
      found = true;
    }
  }
  return found;
}

// --- taking and giving -----------------------------------------------------------------------------

// Extends the space so that size_bytes more are free at its end, a little more than that if there is room.
static svar_ret_t
grow(svari_heap_t *heap, uint64_t size_bytes)
{
  svari_space_t *space = heap->space;
  const svari_grain_t *grain = space->grain;
  uint64_t end = atomic_load_explicit(heap->end_bytes, memory_order_relaxed);
  uint64_t capacity = space->capacity_bytes;
  uint64_t exact =
      round_up(size_bytes + (round_up(end, SVARI_PAGE_BYTES) - end), grain->step_bytes);
  if (size_bytes > capacity || exact > capacity - end) {
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "store '%s' needs %llu bytes more and has %llu of its capacity of %llu bytes "
                     "left; create it with a larger capacity_bytes",
                     heap->store_name, (unsigned long long)size_bytes,
                     (unsigned long long)(capacity - end), (unsigned long long)capacity);
  }
  uint64_t generous = exact < grain->growth_bytes ? grain->growth_bytes : exact;
  if (generous > capacity - end || space->ops->commit(space, end, generous) != SVAR_OK) {
    generous = exact;
    SVAR_TRY(space->ops->commit(space, end, generous));
  }
  SVARI_CRASH_POINT("growth.file_extended");
  atomic_store_explicit(heap->end_bytes, end + generous, memory_order_release);
  SVARI_CRASH_POINT("growth.end_moved");
  insert(heap, (svari_extent_t){end, generous, true});
  return SVAR_OK;
}

svar_ret_t
svari_heap_take(svari_heap_t *heap, uint64_t size_bytes, uint64_t *out_offset)
{
  uint64_t rounded = svari_heap_round(heap, size_bytes);
  size_t position;
  SVAR_TRY(reserve(heap));
  if (!find_fit(heap, rounded, &position)) {
    SVAR_TRY(grow(heap, rounded));
    SVAR_TRY(reserve(heap));
    if (!find_fit(heap, rounded, &position)) {
      return svar_fail(SVAR_ERR_NO_SPACE, "store '%s' grew but has no %llu bytes in one piece",
                       heap->store_name, (unsigned long long)rounded);
    }
  }
  const svari_extent_t *extent = &heap->extents[position];
  uint64_t offset = round_up(extent->offset, alignment_of(heap, rounded));
  if (!extent->is_warm) {
    SVAR_TRY(heap->space->ops->commit(heap->space, offset, rounded));
  }
  carve(heap, position, offset, rounded);
  heap->used_bytes += rounded;
  *out_offset = offset;
  return SVAR_OK;
}

bool
svari_heap_has_warm(const svari_heap_t *heap, uint64_t size_bytes)
{
  size_t position;
  return find_fit(heap, svari_heap_round(heap, size_bytes), &position) &&
         heap->extents[position].is_warm;
}

// Gives the memory of a free range back to the system: its whole pages become a cold extent.
static void
discard(svari_heap_t *heap, size_t position)
{
  svari_extent_t whole = heap->extents[position];
  uint64_t first = round_up(whole.offset, SVARI_PAGE_BYTES);
  uint64_t last = (whole.offset + whole.size_bytes) & ~(uint64_t)(SVARI_PAGE_BYTES - 1);
  if (heap->space->ops->discard == NULL || last <= first || reserve(heap) != SVAR_OK) {
    return;
  }
  heap->space->ops->discard(heap->space, first, last - first);
  SVARI_CRASH_POINT("growth.hole_punched");
  carve(heap, position, first, last - first);
  insert(heap, (svari_extent_t){first, last - first, false});
}

void
svari_heap_give(svari_heap_t *heap, uint64_t offset, uint64_t size_bytes)
{
  uint64_t rounded = svari_heap_round(heap, size_bytes);
  if (reserve(heap) != SVAR_OK) {
    return; // the range is lost until the next resume; the values are not touched
  }
  heap->used_bytes -= rounded;
  insert(heap, (svari_extent_t){offset, rounded, true});
  uint64_t high_water =
      heap->used_bytes / 2 > HIGH_WATER_BYTES ? heap->used_bytes / 2 : HIGH_WATER_BYTES;
  if (heap->warm_free_bytes > high_water && rounded >= DISCARD_BYTES) {
    size_t position = position_of(heap, offset + 1);
    discard(heap, position - 1); // the extent that holds offset
  }
}

static int
by_offset(const void *a, const void *b)
{
  const svari_extent_t *left = a;
  const svari_extent_t *right = b;
  return (left->offset > right->offset) - (left->offset < right->offset);
}

svar_ret_t
svari_heap_rebuild(svari_heap_t *heap, svari_extent_t *used, size_t used_count)
{
  uint64_t end = atomic_load_explicit(heap->end_bytes, memory_order_relaxed);
  uint64_t position = heap->space->grain->head_bytes;
  heap->extent_count = 0;
  heap->warm_free_bytes = 0;
  heap->used_bytes = 0;
  if (used_count > 0) {
    qsort(used, used_count, sizeof(*used), by_offset);
  }
  for (size_t i = 0; i < used_count; i++) {
    uint64_t used_end;
    if (used[i].offset < position ||
        __builtin_add_overflow(used[i].offset, used[i].size_bytes, &used_end) || used_end > end) {
      return svar_fail(
          SVAR_ERR_CORRUPT,
          "store '%s': values overlap or lie outside the file (offset %llu); create it "
          "with start_empty to discard what is there",
          heap->store_name, (unsigned long long)used[i].offset);
    }
    SVAR_TRY(reserve(heap));
    // Cold: whether a hole was punched there before is not recorded, and committing again is cheap.
    insert(heap, (svari_extent_t){position, used[i].offset - position, false});
    heap->used_bytes += used[i].size_bytes;
    position = used_end;
  }
  SVAR_TRY(reserve(heap));
  insert(heap, (svari_extent_t){position, end - position, false});
  return SVAR_OK;
}
