#include "variable/convert.h"

#include "variable/float16.h"
#include "variable/promotion.h"

// How an element lies in memory. may_alias: the bytes may have been written as another type.
typedef uint8_t __attribute__((may_alias)) stored_BOOL;
typedef int8_t __attribute__((may_alias)) stored_INT8;
typedef int16_t __attribute__((may_alias)) stored_INT16;
typedef int32_t __attribute__((may_alias)) stored_INT32;
typedef int64_t __attribute__((may_alias)) stored_INT64;
typedef uint8_t __attribute__((may_alias)) stored_UINT8;
typedef uint16_t __attribute__((may_alias)) stored_UINT16;
typedef uint32_t __attribute__((may_alias)) stored_UINT32;
typedef uint64_t __attribute__((may_alias)) stored_UINT64;
typedef uint16_t __attribute__((may_alias)) stored_FLOAT16;
typedef float __attribute__((may_alias)) stored_FLOAT32;
typedef double __attribute__((may_alias)) stored_FLOAT64;
typedef float _Complex __attribute__((may_alias)) stored_COMPLEX64;
typedef double _Complex __attribute__((may_alias)) stored_COMPLEX128;
typedef uint16_t __attribute__((may_alias)) stored_BFLOAT16;

// gcc's _Generic takes a complex type with an attribute for another type, and a cast keeps the
// attribute.
static inline float _Complex plain_complex64(float _Complex number)
{
  return number;
}

static inline double _Complex plain_complex128(double _Complex number)
{
  return number;
}

// From storage to a C number. Where the two are one, C's own conversions do the rest.
#define LOAD_BOOL(x) ((uint8_t)((x) != 0))
#define LOAD_INT8(x) (x)
#define LOAD_INT16(x) (x)
#define LOAD_INT32(x) (x)
#define LOAD_INT64(x) (x)
#define LOAD_UINT8(x) (x)
#define LOAD_UINT16(x) (x)
#define LOAD_UINT32(x) (x)
#define LOAD_UINT64(x) (x)
#define LOAD_FLOAT16(x) svari_float_from_float16(x)
#define LOAD_FLOAT32(x) (x)
#define LOAD_FLOAT64(x) (x)
#define LOAD_COMPLEX64(x) plain_complex64(x)
#define LOAD_COMPLEX128(x) plain_complex128(x)
#define LOAD_BFLOAT16(x) svari_float_from_bfloat16(x)

// C leaves a float outside the integer's range undefined; here it goes to the nearest limit.
// `beyond` is the first number above the range, which (unlike the limit) is exact in double.
// Integers wrap modulo 2^N, also by way of uint64, whatever their sign.
#define INTEGER(type, least, most, beyond)                                                         \
  static inline type##_t type##_from_float(double x)                                               \
  {                                                                                                \
    return x >= (beyond) ? (most) : x < (double)(least) ? (least) : x == x ? (type##_t)x : 0;      \
  }                                                                                                \
  static inline type##_t type##_from_integer(uint64_t x)                                           \
  {                                                                                                \
    return (type##_t)x;                                                                            \
  }
INTEGER(int8, INT8_MIN, INT8_MAX, 0x1p7)
INTEGER(int16, INT16_MIN, INT16_MAX, 0x1p15)
INTEGER(int32, INT32_MIN, INT32_MAX, 0x1p31)
INTEGER(int64, INT64_MIN, INT64_MAX, 0x1p63)
INTEGER(uint8, 0, UINT8_MAX, 0x1p8)
INTEGER(uint16, 0, UINT16_MAX, 0x1p16)
INTEGER(uint32, 0, UINT32_MAX, 0x1p32)
INTEGER(uint64, 0, UINT64_MAX, 0x1p64)
// clang-format off
#define TO_INTEGER(type, x)                                                                        \
  _Generic((x), float: type##_from_float, double: type##_from_float,                               \
           float _Complex: type##_from_float, double _Complex: type##_from_float,                  \
           default: type##_from_integer)(x)
// clang-format on

// From a C number to storage.
#define TO_BOOL(x) ((x) != 0)
#define TO_INT8(x) TO_INTEGER(int8, x)
#define TO_INT16(x) TO_INTEGER(int16, x)
#define TO_INT32(x) TO_INTEGER(int32, x)
#define TO_INT64(x) TO_INTEGER(int64, x)
#define TO_UINT8(x) TO_INTEGER(uint8, x)
#define TO_UINT16(x) TO_INTEGER(uint16, x)
#define TO_UINT32(x) TO_INTEGER(uint32, x)
#define TO_UINT64(x) TO_INTEGER(uint64, x)
// By way of double, which rounds only integers that are far too large for a float16 anyway.
#define TO_FLOAT16(x) svari_float16_from_double((double)(x))
#define TO_FLOAT32(x) ((float)(x))
#define TO_FLOAT64(x) ((double)(x))
#define TO_COMPLEX64(x) ((float _Complex)(x))
#define TO_COMPLEX128(x) ((double _Complex)(x))
// clang-format off
#define TO_BFLOAT16(x)                                                                             \
  _Generic((x), int64_t: svari_bfloat16_from_int64, uint64_t: svari_bfloat16_from_uint64,          \
           default: svari_bfloat16_from_double)(x)
// clang-format on

// X(from, to) for every convertible dtype as from; then for every one as to as well.
#define EACH_SOURCE(X, to)                                                                         \
  X(BOOL, to)                                                                                      \
  X(INT8, to)                                                                                      \
  X(INT16, to)                                                                                     \
  X(INT32, to)                                                                                     \
  X(INT64, to)                                                                                     \
  X(UINT8, to)                                                                                     \
  X(UINT16, to)                                                                                    \
  X(UINT32, to)                                                                                    \
  X(UINT64, to)                                                                                    \
  X(FLOAT16, to)                                                                                   \
  X(FLOAT32, to)                                                                                   \
  X(FLOAT64, to)                                                                                   \
  X(COMPLEX64, to)                                                                                 \
  X(COMPLEX128, to)                                                                                \
  X(BFLOAT16, to)
#define EACH_PAIR(X)                                                                               \
  EACH_SOURCE(X, BOOL)                                                                             \
  EACH_SOURCE(X, INT8)                                                                             \
  EACH_SOURCE(X, INT16)                                                                            \
  EACH_SOURCE(X, INT32)                                                                            \
  EACH_SOURCE(X, INT64)                                                                            \
  EACH_SOURCE(X, UINT8)                                                                            \
  EACH_SOURCE(X, UINT16)                                                                           \
  EACH_SOURCE(X, UINT32)                                                                           \
  EACH_SOURCE(X, UINT64)                                                                           \
  EACH_SOURCE(X, FLOAT16)                                                                          \
  EACH_SOURCE(X, FLOAT32)                                                                          \
  EACH_SOURCE(X, FLOAT64)                                                                          \
  EACH_SOURCE(X, COMPLEX64)                                                                        \
  EACH_SOURCE(X, COMPLEX128)                                                                       \
  EACH_SOURCE(X, BFLOAT16)

#define DEFINE_LOOP(from, to)                                                                      \
  static void from##_to_##to(const void *source, void *destination, size_t count)                  \
  {                                                                                                \
    const stored_##from *restrict in = source;                                                     \
    stored_##to *restrict out = destination;                                                       \
    for (size_t i = 0; i < count; i++) {                                                           \
      out[i] = TO_##to(LOAD_##from(in[i]));                                                        \
    }                                                                                              \
  }
EACH_PAIR(DEFINE_LOOP)

#define LOOP_ENTRY(from, to) [SVARI_INDEX_SVAR_##from][SVARI_INDEX_SVAR_##to] = from##_to_##to,
static const svari_convert_t loops[SVARI_CONVERTIBLE_COUNT][SVARI_CONVERTIBLE_COUNT] = {
    EACH_PAIR(LOOP_ENTRY)};

svari_convert_t
svari_convert_find(svar_dtype_t from, svar_dtype_t to)
{
  if (!svari_dtype_is_convertible(from) || !svari_dtype_is_convertible(to)) {
    return NULL;
  }
  return loops[svari_dtype_index(from)][svari_dtype_index(to)];
}
