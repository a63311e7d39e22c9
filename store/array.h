// Room in a growing private array.
#ifndef SVARI_STORE_ARRAY_H
#define SVARI_STORE_ARRAY_H

#include <stddef.h>

#include "shared_variable/allocator.h"
#include "shared_variable/error.h"

// Makes room for `needed` elements in *array (doubling *room), keeping those that are there.
// SVAR_ERR_NO_MEMORY; then nothing has changed.
svar_ret_t svari_array_reserve(void **array, size_t *room, size_t needed, size_t element_bytes,
                               const svar_allocator_t *allocator);

#endif
