// Which dtype's arrays another dtype takes without being told to lose anything.
#ifndef SVARI_VARIABLE_PROMOTION_H
#define SVARI_VARIABLE_PROMOTION_H

#include "shared_variable/dtype.h"

// A dtype's place in SVAR_DTYPE_LIST, to index tables with: SVARI_INDEX_SVAR_FLOAT32 and so on.
#define SVARI_DTYPE_INDEX(symbol, name, dl_code, dl_bits) SVARI_INDEX_##symbol,
enum { SVAR_DTYPE_LIST(SVARI_DTYPE_INDEX) SVARI_DTYPE_COUNT };
#undef SVARI_DTYPE_INDEX

// The dtypes before this place convert into each other; those from it on are only stored.
#define SVARI_CONVERTIBLE_COUNT SVARI_INDEX_SVAR_FLOAT8_E4M3FN

// The place of a dtype in SVAR_DTYPE_LIST, or -1.
int svari_dtype_index(svar_dtype_t dtype);

// True if the dtype has conversions at all.
static inline bool
svari_dtype_is_convertible(svar_dtype_t dtype)
{
  int index = svari_dtype_index(dtype);
  return index >= 0 && index < SVARI_CONVERTIBLE_COUNT;
}

// True for int8 .. uint64, not for bool.
static inline bool
svari_dtype_is_integer(svar_dtype_t dtype)
{
  return dtype.code == kDLInt || dtype.code == kDLUInt;
}

static inline bool
svari_dtype_is_complex(svar_dtype_t dtype)
{
  return dtype.code == kDLComplex;
}

// True if promoting target with source gives target again (NumPy's promotion; bfloat16's as in
// ml_dtypes). False where one of the two is only stored, unless both are the same.
bool svari_dtype_promotes(svar_dtype_t target, svar_dtype_t source);

#endif
