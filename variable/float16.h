// The two 16-bit floats, float16 (IEEE 754 binary16: 5 exponent bits, 10 of fraction) and bfloat16 (8 and
// 7). Widening is exact; narrowing rounds once, to nearest, ties to even, whatever the rounding mode of
// the thread, for it rounds in integers and every floating-point step here is exact.
//
// Nothing branches: each case is computed and one is chosen, which is how compilers make vectors of it.
// What a computation must not see is masked away; a choice there would tempt them to skip it.
//
// A wider number gets here by "rounding to odd": what is cut off leaves a trace in the lowest bit kept.
// With two bits or more to spare, the last rounding then comes out as if it had been the only one.
#ifndef SVARI_VARIABLE_FLOAT16_H
#define SVARI_VARIABLE_FLOAT16_H

#include <stdint.h>
#include <string.h>

// Who includes these rules for another kind of processor says first what makes a function one of that
// processor's (gpu/kernels.cu).
#ifndef SVARI_CONVERT_INLINE
#define SVARI_CONVERT_INLINE static inline
#endif

SVARI_CONVERT_INLINE float
svari_float_from_bits(uint32_t bits)
{
  float number;
  memcpy(&number, &bits, sizeof(number));
  return number;
}

SVARI_CONVERT_INLINE uint32_t
svari_bits_of_float(float number)
{
  uint32_t bits;
  memcpy(&bits, &number, sizeof(bits));
  return bits;
}

// --- widening --------------------------------------------------------------------------------------

SVARI_CONVERT_INLINE float
svari_float_from_float16(uint16_t half)
{
  uint32_t magnitude = half & 0x7fffu;
  uint32_t normal = (magnitude << 13) + (112u << 23); // 112: by how much the two biases differ
  uint32_t special = normal + (112u << 23);           // infinity, NaN: the payload stays
  uint32_t subnormal = svari_bits_of_float((float)(int32_t)magnitude * 0x1p-24f);
  uint32_t bits = magnitude >= 0x7c00u ? special : normal;
  bits = magnitude < 0x400u ? subnormal : bits;
  return svari_float_from_bits(bits | (uint32_t)(half & 0x8000u) << 16);
}

SVARI_CONVERT_INLINE float
svari_float_from_bfloat16(uint16_t bfloat)
{
  return svari_float_from_bits((uint32_t)bfloat << 16);
}

// --- narrowing -------------------------------------------------------------------------------------

// Divides by 2^13 or 2^16, to nearest, ties to even.
SVARI_CONVERT_INLINE uint32_t
svari_round_off(uint32_t number, int bits)
{
  return (number + ((1u << (bits - 1)) - 1) + (number >> bits & 1u)) >> bits;
}

// The bits of number * scale as an integer if mask is set, else 0; the lowest tells of a fraction.
SVARI_CONVERT_INLINE uint32_t
svari_units_odd(uint32_t magnitude, uint32_t mask, float scale)
{
  float scaled = svari_float_from_bits(magnitude & mask) * scale;
  int32_t units = (int32_t)scaled;
  return (uint32_t)units | ((float)units != scaled);
}

SVARI_CONVERT_INLINE uint16_t
svari_float16_from_float(float number)
{
  uint32_t bits = svari_bits_of_float(number);
  uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t is_small = 0u - (magnitude < 0x38800000u); // below 2^-14, the least normal float16
  // In units of 2^-37, so that 13 bits are to be rounded off here too.
  uint32_t subnormal = svari_units_odd(magnitude, is_small, 0x1p37f);
  uint32_t normal = (magnitude - (112u << 23)) & ~is_small;
  uint32_t finite = svari_round_off(subnormal | normal, 13);
  uint32_t is_infinite = 0u - (magnitude >= 0x47800000u); // 2^16; a carry gets there by itself
  uint32_t is_nan = 0u - (magnitude > 0x7f800000u);
  uint32_t payload = 0x200u | (magnitude >> 13 & 0x3ffu); // quiet, and the top of it stays
  uint32_t half = (finite & ~is_infinite) | (0x7c00u & is_infinite) | (payload & is_nan);
  return (uint16_t)(half | (bits >> 16 & 0x8000u));
}

SVARI_CONVERT_INLINE uint16_t
svari_bfloat16_from_bits(uint32_t bits)
{
  uint32_t quiet = bits >> 16 | 0x40u;
  uint32_t rounded = svari_round_off(bits, 16); // a carry goes up to infinity
  return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? quiet : rounded);
}

SVARI_CONVERT_INLINE uint16_t
svari_bfloat16_from_float(float number)
{
  return svari_bfloat16_from_bits(svari_bits_of_float(number));
}

// Rounded to odd where a float is normal. Beyond, it is as large or as small as the double is.
SVARI_CONVERT_INLINE float
svari_float_from_double_odd(double number)
{
  const uint64_t cut = (UINT64_C(1) << 29) - 1;
  uint64_t bits;
  memcpy(&bits, &number, sizeof(bits));
  bits = (bits | ((bits & cut) + cut)) & ~cut;
  memcpy(&number, &bits, sizeof(number));
  return (float)number;
}

// A bfloat16 is subnormal where a float is, whose subnormals count units of 2^-149. They are counted on
// a normal float, 2^60 times as large.
SVARI_CONVERT_INLINE uint16_t
svari_bfloat16_from_double(double number)
{
  uint32_t bits = svari_bits_of_float(svari_float_from_double_odd(number));
  uint32_t raised = svari_bits_of_float(svari_float_from_double_odd(number * 0x1p60));
  uint32_t is_small = 0u - ((bits & 0x7fffffffu) < 0x00800000u);
  uint32_t subnormal = svari_units_odd(raised & 0x7fffffffu, is_small, 0x1p89f);
  uint32_t sign = bits & 0x80000000u;
  return svari_bfloat16_from_bits(subnormal | sign | (bits & ~is_small));
}

#endif
