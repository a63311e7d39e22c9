// One element of one dtype as one of another: LOAD_<dtype>() makes a C number of what lies in memory,
// TO_<dtype>() of any such number what lies in memory. For the files that are made of conversions: the
// loops of the CPU (C) and the kernels of the GPU (C++). The names are bare, as what they define is.
#ifndef SVARI_VARIABLE_CONVERT_ELEMENT_H
#define SVARI_VARIABLE_CONVERT_ELEMENT_H

#include "variable/convert_number.h"

// How an element, or one part of a complex one, lies in memory. may_alias: the bytes may have been
// written as another type.
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
typedef uint16_t __attribute__((may_alias)) stored_BFLOAT16;

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
#define LOAD_FLOAT32(x) (x)
#define LOAD_FLOAT64(x) (x)
#define LOAD_BFLOAT16(x) svari_float_from_bfloat16(x)

// True if the number is of this type, known while compiling.
#ifdef __cplusplus
#define IS(x, type) is_##type(x)
#define DEFINE_IS(type)                                                                            \
  template <typename T> SVARI_CONVERT_INLINE bool is_##type(T)                                     \
  {                                                                                                \
    return false;                                                                                  \
  }                                                                                                \
  SVARI_CONVERT_INLINE bool is_##type(type)                                                        \
  {                                                                                                \
    return true;                                                                                   \
  }
DEFINE_IS(float)
DEFINE_IS(double)
DEFINE_IS(int32_t)
DEFINE_IS(uint32_t)
DEFINE_IS(int64_t)
DEFINE_IS(uint64_t)
#else
#define IS(x, type) __builtin_types_compatible_p(__typeof__(x), type)
#endif

// From a C number to storage: which rule it is depends on the number's type, which both C and C++ (the
// kernels of a GPU) know while they compile. Integers wrap modulo 2^N.
// clang-format off
#define TO_INTEGER(type, x)                                                                        \
  (IS(x, float) ? svari_##type##_from_float(x)                                                     \
   : IS(x, double) ? svari_##type##_from_double(x) : type##_from_integer(x))
#define TO_INT8(x) TO_INTEGER(int8, x)
#define TO_INT16(x) TO_INTEGER(int16, x)
#define TO_INT32(x) TO_INTEGER(int32, x)
#define TO_INT64(x) TO_INTEGER(int64, x)
#define TO_UINT8(x) TO_INTEGER(uint8, x)
#define TO_UINT16(x) TO_INTEGER(uint16, x)
#define TO_UINT32(x) TO_INTEGER(uint32, x)
#define TO_UINT64(x) TO_INTEGER(uint64, x)
#define TO_BFLOAT16(x)                                                                             \
  (IS(x, double) ? svari_bfloat16_from_double(x)                                                   \
   : IS(x, int32_t) ? svari_bfloat16_from_int32(x)                                                 \
   : IS(x, uint32_t) ? svari_bfloat16_from_uint32(x)                                               \
   : IS(x, int64_t) ? svari_bfloat16_from_int64(x)                                                 \
   : IS(x, uint64_t) ? svari_bfloat16_from_uint64(x) : svari_bfloat16_from_float(x))
// A float that is the same as x when rounded to float16.
#define BEFORE_FLOAT16(x)                                                                          \
  (IS(x, double) ? svari_float_from_double_odd(x)                                                  \
   : IS(x, uint32_t) ? float_from_uint32(x)                                                        \
   : IS(x, int64_t) ? svari_float_from_clamped_int64(x)                                            \
   : IS(x, uint64_t) ? svari_float_from_clamped_uint64(x)                                          \
   : IS(x, float) ? float_from_float(x) : float_from_int32(x))
#define TO_FLOAT32(x) ((float)(x))
#define TO_FLOAT64(x) ((double)(x))
// clang-format on
#define TO_BOOL(x) ((x) != 0)

// What C converts as it should, as functions like the others. Narrower integers become the parameter's
// type on the way in.
#define C_CONVERSION(name, to_type, from_type)                                                     \
  SVARI_CONVERT_INLINE to_type name(from_type number)                                              \
  {                                                                                                \
    return (to_type)number;                                                                        \
  }
C_CONVERSION(float_from_float, float, float)
C_CONVERSION(float_from_int32, float, int32_t)
C_CONVERSION(float_from_uint32, float, uint32_t)
C_CONVERSION(int8_from_integer, int8_t, uint64_t)
C_CONVERSION(int16_from_integer, int16_t, uint64_t)
C_CONVERSION(int32_from_integer, int32_t, uint64_t)
C_CONVERSION(int64_from_integer, int64_t, uint64_t)
C_CONVERSION(uint8_from_integer, uint8_t, uint64_t)
C_CONVERSION(uint16_from_integer, uint16_t, uint64_t)
C_CONVERSION(uint32_from_integer, uint32_t, uint64_t)
C_CONVERSION(uint64_from_integer, uint64_t, uint64_t)

// X(from, argument) for every real dtype but bool and float16 as from; then with bool; then for each of these
// as to as well.
#define EACH_NUMBER(X, argument)                                                                   \
  X(INT8, argument)                                                                                \
  X(INT16, argument)                                                                               \
  X(INT32, argument)                                                                               \
  X(INT64, argument)                                                                               \
  X(UINT8, argument)                                                                               \
  X(UINT16, argument)                                                                              \
  X(UINT32, argument)                                                                              \
  X(UINT64, argument)                                                                              \
  X(FLOAT32, argument)                                                                             \
  X(FLOAT64, argument)                                                                             \
  X(BFLOAT16, argument)
#define EACH_REAL(X, argument)                                                                     \
  X(BOOL, argument)                                                                                \
  EACH_NUMBER(X, argument)
#define EACH_REAL_PAIR(X)                                                                          \
  EACH_REAL(X, BOOL)                                                                               \
  EACH_REAL(X, INT8)                                                                               \
  EACH_REAL(X, INT16)                                                                              \
  EACH_REAL(X, INT32)                                                                              \
  EACH_REAL(X, INT64)                                                                              \
  EACH_REAL(X, UINT8)                                                                              \
  EACH_REAL(X, UINT16)                                                                             \
  EACH_REAL(X, UINT32)                                                                             \
  EACH_REAL(X, UINT64)                                                                             \
  EACH_REAL(X, FLOAT32)                                                                            \
  EACH_REAL(X, FLOAT64)                                                                            \
  EACH_REAL(X, BFLOAT16)

#endif
