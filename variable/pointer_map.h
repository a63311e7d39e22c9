// Numbers for addresses: a hash table, for there may be any number of them.
#ifndef SVARI_VARIABLE_POINTER_MAP_H
#define SVARI_VARIABLE_POINTER_MAP_H

#include <stddef.h>

#include "shared_variable/allocator.h"
#include "shared_variable/error.h"

typedef struct svari_pointer_map {
  svar_allocator_t allocator;
  struct svari_pointer_map_entry *entries;
  size_t count, room; // room is a power of two, or 0
} svari_pointer_map_t;

// An empty map; it allocates with the first number.
static inline svari_pointer_map_t
svari_pointer_map(svar_allocator_t allocator)
{
  return (svari_pointer_map_t){.allocator = allocator};
}

// {0} is a no-op.
void svari_pointer_map_fini(svari_pointer_map_t *map);
// Notes number for an address that has none yet; one that it has stays. @pre pointer is not NULL
svar_ret_t svari_pointer_map_add(svari_pointer_map_t *map, const void *pointer, size_t number);
// The number, or SIZE_MAX.
size_t svari_pointer_map_find(const svari_pointer_map_t *map, const void *pointer);

#endif
