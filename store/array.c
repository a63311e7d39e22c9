#include "store/array.h"

#include <string.h>

svar_ret_t
svari_array_reserve(void **array, size_t *room, size_t needed, size_t element_bytes,
                    const svar_allocator_t *allocator)
{
  if (needed <= *room) {
    return SVAR_OK;
  }
  size_t new_room = *room == 0 ? 16 : *room;
  while (new_room < needed) {
    new_room *= 2;
  }
  size_t size_bytes;
  if (__builtin_mul_overflow(new_room, element_bytes, &size_bytes)) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "a table of %zu elements is beyond any memory", needed);
  }
  void *grown = allocator->allocate(size_bytes, 64, allocator->state);
  if (grown == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a table of %zu bytes", size_bytes);
  }
  if (*room > 0) {
    memcpy(grown, *array, *room * element_bytes);
  }
  allocator->deallocate(*array, allocator->state);
  *array = grown;
  *room = new_room;
  return SVAR_OK;
}
