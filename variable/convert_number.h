// One number of one dtype as a number of another, without a branch, so that a loop around it becomes
// vectors also where the machine has no vector instruction for the step (64-bit integers, mostly).
#ifndef SVARI_VARIABLE_CONVERT_NUMBER_H
#define SVARI_VARIABLE_CONVERT_NUMBER_H

#include <stdbool.h>

#include "variable/float16.h"

// --- float to integer: C leaves a number out of range undefined; here it goes to the nearest limit ---

// The lesser of a number and a positive one, by their bits: as integers they are in the same order. A
// choice among integers stays a minimum, where compilers mix those among floats that follow each other.
SVARI_CONVERT_INLINE float
svari_float_at_most(float number, float most)
{
  int32_t bits = (int32_t)svari_bits_of_float(number);
  int32_t most_bits = (int32_t)svari_bits_of_float(most);
  return svari_float_from_bits((uint32_t)(bits < most_bits ? bits : most_bits));
}

SVARI_CONVERT_INLINE double
svari_double_at_most(double number, double most)
{
#ifdef __AVX2__ // the first that has comparisons of 64-bit integers as well
  int64_t bits, most_bits;
  memcpy(&bits, &number, sizeof(bits));
  memcpy(&most_bits, &most, sizeof(most_bits));
  bits = bits < most_bits ? bits : most_bits;
  memcpy(&number, &bits, sizeof(number));
  return number;
#else
  return number < most ? number : most;
#endif
}

// `below` is the last number of the float type under the range's end. Up to there the type reaches
// every integer of a small type; above it, a large one has its greatest to add.
#define SVARI_SMALL_FROM_FLOAT(type, float_type, name, least, below)                               \
  SVARI_CONVERT_INLINE type##_t svari_##type##_from_##name(float_type x)                           \
  {                                                                                                \
    float_type number = x == x ? x : 0;                                                            \
    number = number > (least) ? number : (least);                                                  \
    return (type##_t)(int32_t)svari_##name##_at_most(number, below);                               \
  }
SVARI_SMALL_FROM_FLOAT(int8, float, float, -0x1p7f, 127.0f)
SVARI_SMALL_FROM_FLOAT(int16, float, float, -0x1p15f, 32767.0f)
SVARI_SMALL_FROM_FLOAT(int8, double, double, -0x1p7, 127.0)
SVARI_SMALL_FROM_FLOAT(int16, double, double, -0x1p15, 32767.0)
SVARI_SMALL_FROM_FLOAT(int32, double, double, -0x1p31, 2147483647.0)
SVARI_SMALL_FROM_FLOAT(uint8, double, double, 0.0, 255.0)
SVARI_SMALL_FROM_FLOAT(uint16, double, double, 0.0, 65535.0)
#undef SVARI_SMALL_FROM_FLOAT

// Where the least is 0, the bits tell the rest as well: as integers they are negative for what is below
// it, and more than infinity's for NaN.
#define SVARI_UNSIGNED_FROM_FLOAT(type, below)                                                     \
  SVARI_CONVERT_INLINE type##_t svari_##type##_from_float(float x)                                 \
  {                                                                                                \
    int32_t bits = (int32_t)svari_bits_of_float(x);                                                \
    int32_t size = bits > 0 ? bits : 0;                                                            \
    size &= 0 - (bits <= 0x7f800000);                                                              \
    float number = svari_float_from_bits((uint32_t)size);                                          \
    return (type##_t)(int32_t)svari_float_at_most(number, below);                                  \
  }
SVARI_UNSIGNED_FROM_FLOAT(uint8, 255.0f)
SVARI_UNSIGNED_FROM_FLOAT(uint16, 65535.0f)
#undef SVARI_UNSIGNED_FROM_FLOAT

SVARI_CONVERT_INLINE int32_t
svari_int32_from_float(float x)
{
  float number = x == x ? x : 0;
  number = number > -0x1p31f ? number : -0x1p31f;
  int32_t whole = (int32_t)svari_float_at_most(number, 0x1.fffffep30f);
  return x >= 0x1p31f ? INT32_MAX : whole;
}

SVARI_CONVERT_INLINE uint32_t
svari_uint32_from_float(float x)
{
  float number = x > 0 ? x : 0; // NaN too
  uint32_t whole = (uint32_t)svari_float_at_most(number, 0x1.fffffep31f);
  return x >= 0x1p32f ? UINT32_MAX : whole;
}

SVARI_CONVERT_INLINE uint32_t
svari_uint32_from_double(double x)
{
  double number = x > 0 ? x : 0;
  return (uint32_t)svari_double_at_most(number, 4294967295.0);
}

SVARI_CONVERT_INLINE double
svari_double_if(bool condition, double number)
{
  uint64_t bits;
  memcpy(&bits, &number, sizeof(bits));
  bits &= 0 - (uint64_t)condition;
  memcpy(&number, &bits, sizeof(number));
  return number;
}

// The two below take 0 <= number < 2^63 and 2^64. AVX2 has instructions for vectors of neither, but for
// doubles to int32: there it takes three, what is left after each being exact. Others take one.
#if defined(__AVX2__) && !defined(__AVX512DQ__)
SVARI_CONVERT_INLINE uint64_t
svari_uint64_in_range(double number)
{
  int32_t high = (int32_t)(number * 0x1p-40);
  double rest = number - (double)high * 0x1p40;
  int32_t middle = (int32_t)(rest * 0x1p-20);
  int32_t low = (int32_t)(rest - (double)middle * 0x1p20);
  return ((uint64_t)(uint32_t)high << 40) + ((uint64_t)(uint32_t)middle << 20) + (uint32_t)low;
}

SVARI_CONVERT_INLINE uint64_t
svari_uint63_in_range(double number)
{
  return svari_uint64_in_range(number);
}
#else
SVARI_CONVERT_INLINE uint64_t
svari_uint63_in_range(double number)
{
  return (uint64_t)(int64_t)number;
}

SVARI_CONVERT_INLINE uint64_t
svari_uint64_in_range(double number)
{
  bool is_upper = number >= 0x1p63;
  double lowered = number - svari_double_if(is_upper, 0x1p63); // exact
  return svari_uint63_in_range(lowered) + ((uint64_t)is_upper << 63);
}
#endif

SVARI_CONVERT_INLINE int64_t
svari_int64_from_double(double x)
{
  double size = __builtin_fabs(x);
  uint64_t whole = svari_uint63_in_range(svari_double_if(size < 0x1p63, size));
  uint64_t is_beyond = 0 - (uint64_t)(size >= 0x1p63);
  uint64_t is_negative = 0 - (uint64_t)(x < 0);
  whole |= is_beyond >> 1; // INT64_MAX, and below zero its complement, INT64_MIN
  return (int64_t)((whole ^ is_negative) - (is_negative & ~is_beyond));
}

SVARI_CONVERT_INLINE uint64_t
svari_uint64_from_double(double x)
{
  uint64_t whole = svari_uint64_in_range(svari_double_if((x > 0) & (x < 0x1p64), x));
  return whole | (0 - (uint64_t)(x >= 0x1p64));
}

SVARI_CONVERT_INLINE uint64_t
svari_uint64_from_float(float x)
{
  return svari_uint64_from_double(x);
}

SVARI_CONVERT_INLINE int64_t
svari_int64_from_float(float x)
{
  return svari_int64_from_double(x);
}

// --- integer to 16-bit float: rounded once, too --------------------------------------------------------

// Everything from 2^16 on is a float16's infinity, so its exact size matters no more.
SVARI_CONVERT_INLINE float
svari_float_from_clamped_int64(int64_t number)
{
  const int64_t enough = 1 << 17;
  number = number < enough ? number : enough;
  number = number > -enough ? number : -enough;
  return (float)(int32_t)number;
}

SVARI_CONVERT_INLINE float
svari_float_from_clamped_uint64(uint64_t number)
{
  const uint64_t enough = 1 << 17;
  return (float)(int32_t)(number < enough ? number : enough);
}

// Rounded to odd (see float16.h), also below zero, to the 53 bits of a double; less stays as it is.
SVARI_CONVERT_INLINE uint16_t
svari_bfloat16_from_int64(int64_t number)
{
  uint64_t bits = (uint64_t)number;
  uint64_t odd = (bits | ((bits & 0x7ffu) + 0x7ffu)) & ~UINT64_C(0x7ff);
  bits = bits + (UINT64_C(1) << 53) > UINT64_C(1) << 54 ? odd : bits;
  return svari_bfloat16_from_float(svari_float_from_double_odd((double)(int64_t)bits));
}

SVARI_CONVERT_INLINE uint16_t
svari_bfloat16_from_uint64(uint64_t number)
{
  uint64_t odd = (number | ((number & 0x7ffu) + 0x7ffu)) & ~UINT64_C(0x7ff);
  double wide = (double)(number >> 53 != 0 ? odd : number);
  return svari_bfloat16_from_float(svari_float_from_double_odd(wide));
}

// The same within 32 bits, for a float's 24.
SVARI_CONVERT_INLINE uint16_t
svari_bfloat16_from_int32(int32_t number)
{
  uint32_t bits = (uint32_t)number;
  uint32_t odd = (bits | ((bits & 0xffu) + 0xffu)) & ~0xffu;
  bits = bits + (1u << 24) > 1u << 25 ? odd : bits;
  return svari_bfloat16_from_float((float)(int32_t)bits);
}

SVARI_CONVERT_INLINE uint16_t
svari_bfloat16_from_uint32(uint32_t number)
{
  uint32_t odd = (number | ((number & 0xffu) + 0xffu)) & ~0xffu;
  return svari_bfloat16_from_float((float)(number >> 24 != 0 ? odd : number));
}

#endif
