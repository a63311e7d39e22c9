#include "shared_variable/value.h"

#include <stdatomic.h>
#include <string.h>

void
svar_value_release(svar_value_t *value)
{
  if (value == NULL) {
    return;
  }
  if (value->internal.pin != NULL) {
    // Release, pairs with the holder's scan of the pins: what this thread read through the view
    // happened before the holder finds the word free and writes the bytes again.
    atomic_store_explicit((_Atomic uint64_t *)value->internal.pin, 0, memory_order_release);
  } else if (!value->is_alias && value->tensor.data != NULL) {
    value->internal.allocator.deallocate(value->tensor.data, value->internal.allocator.state);
  }
  // This ends every borrowed read, so it clears the extents in use, not the whole struct.
  for (int32_t axis = 0; axis < value->tensor.ndim && axis < SVAR_NDIM_MAX; axis++) {
    value->shape[axis] = 0;
  }
  memset(&value->tensor, 0, sizeof(value->tensor));
  memset(&value->internal, 0, sizeof(value->internal));
  value->version = 0;
  value->is_alias = false;
}

uint64_t
svar_value_bytes(const svar_value_t *value)
{
  uint64_t bytes = svar_dtype_bytes(value->tensor.dtype);
  for (int32_t axis = 0; axis < value->tensor.ndim; axis++) {
    bytes *= (uint64_t)value->shape[axis];
  }
  return bytes;
}
