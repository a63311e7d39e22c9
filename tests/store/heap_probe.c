#include "heap_probe.h"

#include <stdlib.h>
#include <string.h>

#include "store/heap.h"

struct heap_probe {
  svari_space_t space; // first
  svari_heap_t heap;
  _Atomic uint64_t end_bytes;
  bool fails;
  bool *pages; // committed?
};

static svar_ret_t
probe_commit(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  heap_probe_t *probe = (heap_probe_t *)space;
  if (probe->fails) {
    return svar_fail(SVAR_ERR_NO_SPACE, "told to fail");
  }
  for (uint64_t page = offset / 4096; page <= (offset + size_bytes - 1) / 4096; page++) {
    probe->pages[page] = true;
  }
  return SVAR_OK;
}

static void
probe_discard(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  heap_probe_t *probe = (heap_probe_t *)space;
  for (uint64_t page = offset / 4096; page < (offset + size_bytes) / 4096; page++) {
    probe->pages[page] = false;
  }
}

static const svari_space_ops_t ops = {.commit = probe_commit, .discard = probe_discard};

heap_probe_t *
heap_probe_create(uint64_t capacity_bytes)
{
  heap_probe_t *probe = calloc(1, sizeof(*probe));
  probe->space.ops = &ops;
  probe->space.grain = &svari_host_grain;
  probe->space.capacity_bytes = capacity_bytes;
  svar_allocator_t allocator = svar_allocator_default();
  probe->pages = calloc(capacity_bytes / 4096 + 1, sizeof(bool));
  atomic_store(&probe->end_bytes, 4096);
  svari_heap_init(&probe->heap, &probe->space, &probe->end_bytes, "/probe", &allocator);
  return probe;
}

void
heap_probe_destroy(heap_probe_t *probe)
{
  svari_heap_fini(&probe->heap);
  free(probe->pages);
  free(probe);
}

svar_ret_t
heap_probe_take(heap_probe_t *probe, uint64_t size_bytes, uint64_t *out_offset)
{
  return svari_heap_take(&probe->heap, size_bytes, out_offset);
}

void
heap_probe_give(heap_probe_t *probe, uint64_t offset, uint64_t size_bytes)
{
  svari_heap_give(&probe->heap, offset, size_bytes);
}

svar_ret_t
heap_probe_rebuild(heap_probe_t *probe, const uint64_t *ranges, size_t count)
{
  svari_extent_t *used = calloc(count + 1, sizeof(*used));
  for (size_t i = 0; i < count; i++) {
    used[i] = (svari_extent_t){.offset = ranges[2 * i], .size_bytes = ranges[2 * i + 1]};
  }
  svar_ret_t ret = svari_heap_rebuild(&probe->heap, used, count);
  free(used);
  return ret;
}

uint64_t
heap_probe_round(const heap_probe_t *probe, uint64_t size_bytes)
{
  return svari_heap_round(&probe->heap, size_bytes);
}

uint64_t
heap_probe_end(const heap_probe_t *probe)
{
  return atomic_load(&probe->end_bytes);
}

uint64_t
heap_probe_used(const heap_probe_t *probe)
{
  return probe->heap.used_bytes;
}

size_t
heap_probe_extents(const heap_probe_t *probe)
{
  return probe->heap.extent_count;
}

bool
heap_probe_is_committed(const heap_probe_t *probe, uint64_t offset, uint64_t size_bytes)
{
  for (uint64_t page = offset / 4096; page <= (offset + size_bytes - 1) / 4096; page++) {
    if (!probe->pages[page]) {
      return false;
    }
  }
  return true;
}

void
heap_probe_fail_commits(heap_probe_t *probe, bool fail)
{
  probe->fails = fail;
}
