#include "shared_variable/allocator.h"

#include <stdlib.h>

static void *
heap_allocate(size_t size_bytes, size_t alignment, void *state)
{
  (void)state;
  void *memory = NULL;
  size_t least =
      alignment < sizeof(void *) ? sizeof(void *) : alignment; // posix_memalign's minimum
  size_t room =
      size_bytes == 0 ? 1 : size_bytes; // nothing still has an address: NULL means failure
  return posix_memalign(&memory, least, room) == 0 ? memory : NULL;
}

static void
heap_deallocate(void *memory, void *state)
{
  (void)state;
  free(memory);
}

svar_allocator_t
svar_allocator_default(void)
{
  return (svar_allocator_t){heap_allocate, heap_deallocate, NULL};
}
