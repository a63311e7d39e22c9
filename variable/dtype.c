#include "shared_variable/dtype.h"

#include <string.h>

#include "shared_variable/floatx.h"
#include "variable/promotion.h"

static const struct {
  svar_dtype_t dtype;
  const char *name;
} dtypes[SVARI_DTYPE_COUNT] = {
#define SVAR_DTYPE_ENTRY(symbol, name, dl_code, dl_bits) {{(dl_code), (dl_bits), 1}, name},
    SVAR_DTYPE_LIST(SVAR_DTYPE_ENTRY)
#undef SVAR_DTYPE_ENTRY
};

int
svari_dtype_index(svar_dtype_t dtype)
{
  for (int i = 0; i < SVARI_DTYPE_COUNT; i++) {
    if (svar_dtype_equal(dtypes[i].dtype, dtype)) {
      return i;
    }
  }
  return -1;
}

bool
svar_dtype_is_known(svar_dtype_t dtype)
{
  return svari_dtype_index(dtype) >= 0;
}

const char *
svar_dtype_name(svar_dtype_t dtype)
{
  int index = svari_dtype_index(dtype);
  return index < 0 ? "unknown dtype" : dtypes[index].name;
}

svar_ret_t
svar_dtype_parse(const char *name, svar_dtype_t *out_dtype)
{
  SVAR_REQUIRE(name != NULL && out_dtype != NULL);
  if (strcmp(name, "floatX") == 0) {
    *out_dtype = svar_floatx();
    return SVAR_OK;
  }
  for (int i = 0; i < SVARI_DTYPE_COUNT; i++) {
    if (strcmp(dtypes[i].name, name) == 0) {
      *out_dtype = dtypes[i].dtype;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_TYPE,
                   "no dtype is named '%.64s'; known are NumPy's names from bool to complex128, "
                   "bfloat16, three float8 types, and floatX",
                   name);
}
