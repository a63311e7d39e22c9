#include "shared_variable/value.h"

#include "variable/pin.h"

static __attribute__((noinline)) void
free_copy(svar_value_t *value)
{
  if (!value->is_alias && value->tensor.data != NULL) {
    value->internal.allocator.deallocate(value->tensor.data, value->internal.allocator.state);
  }
  value->tensor.data = NULL;
  value->tensor.ndim = 0;
  value->is_alias = false;
}

void
svar_value_release(svar_value_t *value)
{
  if (__builtin_expect(value == NULL, 0)) {
    return;
  }
  svari_pin_t *pin = value->internal.pin;
  if (__builtin_expect(pin == NULL, 0)) {
    free_copy(value);
    return;
  }
  svari_unpin(pin);
  // The end of every borrowed read: only what tells a value from none is cleared.
  value->tensor.data = NULL;
  value->tensor.ndim = 0;
  value->internal.pin = NULL;
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
