// Open addressing: an entry lies at its hash's place or behind it, before the next free one.
#include "variable/pointer_map.h"

#include <stdint.h>
#include <string.h>

typedef struct svari_pointer_map_entry {
  const void *pointer; // NULL: free
  size_t number;
} entry_t;

enum { FIRST_ROOM = 64 };

// The entry of pointer, or the free one where it belongs. At most half of the places are taken.
static entry_t *
entry_of(const svari_pointer_map_t *map, const void *pointer)
{
  // Fibonacci hashing: the upper half of the product mixes all bits of the address.
  uint64_t hash = (uint64_t)(uintptr_t)pointer * UINT64_C(0x9E3779B97F4A7C15);
  size_t at = (size_t)(hash >> 32) & (map->room - 1);
  while (map->entries[at].pointer != NULL && map->entries[at].pointer != pointer) {
    at = (at + 1) & (map->room - 1);
  }
  return &map->entries[at];
}

static svar_ret_t
grow(svari_pointer_map_t *map)
{
  svari_pointer_map_t grown = *map;
  grown.room = map->room == 0 ? FIRST_ROOM : map->room * 2;
  size_t bytes = grown.room * sizeof(entry_t);
  grown.entries = map->allocator.allocate(bytes, _Alignof(entry_t), map->allocator.state);
  if (grown.entries == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for a map of %zu addresses", bytes,
                     map->count + 1);
  }
  memset(grown.entries, 0, bytes);
  for (size_t i = 0; i < map->room; i++) {
    if (map->entries[i].pointer != NULL) {
      *entry_of(&grown, map->entries[i].pointer) = map->entries[i];
    }
  }
  svari_pointer_map_fini(map);
  *map = grown;
  return SVAR_OK;
}

svar_ret_t
svari_pointer_map_add(svari_pointer_map_t *map, const void *pointer, size_t number)
{
  if (map->count * 2 >= map->room) {
    SVAR_TRY(grow(map));
  }
  entry_t *entry = entry_of(map, pointer);
  if (entry->pointer == NULL) {
    *entry = (entry_t){pointer, number};
    map->count++;
  }
  return SVAR_OK;
}

size_t
svari_pointer_map_find(const svari_pointer_map_t *map, const void *pointer)
{
  const entry_t *entry = map->room > 0 ? entry_of(map, pointer) : NULL;
  return entry != NULL && entry->pointer != NULL ? entry->number : SIZE_MAX;
}

void
svari_pointer_map_fini(svari_pointer_map_t *map)
{
  if (map->entries != NULL) {
    map->allocator.deallocate(map->entries, map->allocator.state);
  }
  *map = (svari_pointer_map_t){0};
}
