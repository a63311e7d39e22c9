// Element types, in DLPack's own terms: code, bits and lanes (lanes is always 1 here).
#ifndef SHARED_VARIABLE_DTYPE_H
#define SHARED_VARIABLE_DTYPE_H

#include <dlpack/dlpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef DLDataType svar_dtype_t;

/// Codes of later DLPack versions than the 0.6 that Debian 12 ships; the numbers are DLPack 1.1's.
enum {
  SVAR_DL_BOOL = 6,
  SVAR_DL_FLOAT8_E4M3FN = 10,
  SVAR_DL_FLOAT8_E4M3FNUZ = 11,
  SVAR_DL_FLOAT8_E5M2 = 12,
  SVAR_DL_FLOAT8_E5M2FNUZ = 13,
  SVAR_DL_FLOAT8_E8M0FNU = 14
};

// One list makes the constants, the names and the parser: symbol, NumPy's name, DLPack code, bits.
// The first fourteen are Theano's tensor dtypes; the rest are storage types that come from files.
#define SVAR_DTYPE_LIST(X)                                                                         \
  X(SVAR_BOOL, "bool", SVAR_DL_BOOL, 8)                                                            \
  X(SVAR_INT8, "int8", kDLInt, 8)                                                                  \
  X(SVAR_INT16, "int16", kDLInt, 16)                                                               \
  X(SVAR_INT32, "int32", kDLInt, 32)                                                               \
  X(SVAR_INT64, "int64", kDLInt, 64)                                                               \
  X(SVAR_UINT8, "uint8", kDLUInt, 8)                                                               \
  X(SVAR_UINT16, "uint16", kDLUInt, 16)                                                            \
  X(SVAR_UINT32, "uint32", kDLUInt, 32)                                                            \
  X(SVAR_UINT64, "uint64", kDLUInt, 64)                                                            \
  X(SVAR_FLOAT16, "float16", kDLFloat, 16)                                                         \
  X(SVAR_FLOAT32, "float32", kDLFloat, 32)                                                         \
  X(SVAR_FLOAT64, "float64", kDLFloat, 64)                                                         \
  X(SVAR_COMPLEX64, "complex64", kDLComplex, 64)                                                   \
  X(SVAR_COMPLEX128, "complex128", kDLComplex, 128)                                                \
  X(SVAR_BFLOAT16, "bfloat16", kDLBfloat, 16)                                                      \
  X(SVAR_FLOAT8_E4M3FN, "float8_e4m3fn", SVAR_DL_FLOAT8_E4M3FN, 8)                                 \
  X(SVAR_FLOAT8_E4M3FNUZ, "float8_e4m3fnuz", SVAR_DL_FLOAT8_E4M3FNUZ, 8)                           \
  X(SVAR_FLOAT8_E5M2FNUZ, "float8_e5m2fnuz", SVAR_DL_FLOAT8_E5M2FNUZ, 8)                           \
  X(SVAR_FLOAT8_E5M2, "float8_e5m2", SVAR_DL_FLOAT8_E5M2, 8)                                       \
  X(SVAR_FLOAT8_E8M0FNU, "float8_e8m0fnu", SVAR_DL_FLOAT8_E8M0FNU, 8)

#define SVAR_DTYPE_CONSTANT(symbol, name, dl_code, dl_bits)                                        \
  static const svar_dtype_t symbol = {(uint8_t)(dl_code), (uint8_t)(dl_bits), 1};
SVAR_DTYPE_LIST(SVAR_DTYPE_CONSTANT)
#undef SVAR_DTYPE_CONSTANT

/// True if a and b are the same element type.
static inline bool
svar_dtype_equal(svar_dtype_t a, svar_dtype_t b)
{
  return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes;
}

/// Bytes of one element. @pre the dtype is one of the list.
static inline size_t
svar_dtype_bytes(svar_dtype_t dtype)
{
  return dtype.bits / 8u;
}

/// True for exactly the dtypes of the list.
SVAR_PUBLIC bool svar_dtype_is_known(svar_dtype_t dtype);
/// NumPy's name of a known dtype ("float32"), else "unknown dtype". Static text.
SVAR_PUBLIC const char *svar_dtype_name(svar_dtype_t dtype);
/// The dtype of that name; "floatX" is the one that svar_floatx() says. Allocates nothing.
/// @retval SVAR_ERR_TYPE no known dtype has this name (E_TYPE in Theano, e.g. "float128", "object")
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_dtype_parse(const char *name, svar_dtype_t *out_dtype);

SVAR_END_DECLS
#endif
