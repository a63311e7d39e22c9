#include "shared_variable/floatx.h"

#include <stdatomic.h>

// A float dtype of DLPack's differs from another in its bits alone.
static _Atomic uint8_t floatx_bits = 64;

svar_dtype_t
svar_floatx(void)
{
  return (svar_dtype_t){kDLFloat, atomic_load_explicit(&floatx_bits, memory_order_relaxed), 1};
}

svar_ret_t
svar_floatx_set(svar_dtype_t dtype)
{
  if (dtype.code != kDLFloat || !svar_dtype_is_known(dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "floatX is float16, float32 or float64, not %s",
                     svar_dtype_name(dtype));
  }
  atomic_store_explicit(&floatx_bits, dtype.bits, memory_order_relaxed);
  return SVAR_OK;
}
