// The two 16-bit floats in integer arithmetic, so that every compiler and machine agrees: float16
// (IEEE 754 binary16: 5 exponent bits, 10 of fraction) and bfloat16 (8 and 7). Widening is exact;
// narrowing rounds once, to nearest, ties to even, whatever the rounding mode of the thread.
#ifndef SVARI_VARIABLE_FLOAT16_H
#define SVARI_VARIABLE_FLOAT16_H

#include <stdint.h>
#include <string.h>

static inline float
svari_float_from_bits(uint32_t bits)
{
  float number;
  memcpy(&number, &bits, sizeof(number));
  return number;
}

static inline float
svari_float_from_float16(uint16_t half)
{
  uint32_t magnitude = (half & 0x7fffu) << 13; // exponent and fraction at a float's places
  uint32_t sign = (half & 0x8000u) << 16;
  float number;
  if ((half & 0x7c00u) == 0x7c00u) { // infinity, NaN: the payload stays
    number = svari_float_from_bits(magnitude | 0x7f800000u);
  } else if ((half & 0x7c00u) != 0) {
    number = svari_float_from_bits(magnitude + ((127u - 15u) << 23));
  } else { // subnormal: 2^-14 * 1.fraction - 2^-14, no step of which is a subnormal float
    number = svari_float_from_bits(magnitude | 0x38800000u) - 0x1p-14f;
  }
  uint32_t bits;
  memcpy(&bits, &number, sizeof(bits));
  return svari_float_from_bits(bits | sign);
}

static inline float
svari_float_from_bfloat16(uint16_t bfloat)
{
  return svari_float_from_bits((uint32_t)bfloat << 16);
}

// The 16-bit float with this many exponent and fraction bits that is nearest to number.
static inline uint16_t
svari_narrow(double number, int exponent_bits, int fraction_bits)
{
  uint64_t bits;
  memcpy(&bits, &number, sizeof(bits));
  uint16_t sign = (uint16_t)(bits >> 63 << 15);
  int exponent = (int)(bits >> 52 & 0x7ff) - 1023;
  uint64_t fraction = bits & 0xfffffffffffffu;
  int bias = (1 << (exponent_bits - 1)) - 1;
  uint16_t infinity = (uint16_t)(((1 << exponent_bits) - 1) << fraction_bits);
  if (exponent == 1024 &&
      fraction != 0) { // NaN: as much of the payload as there is room for, quiet
    uint16_t quiet = (uint16_t)(1 << (fraction_bits - 1));
    return sign | infinity | quiet | (uint16_t)(fraction >> (52 - fraction_bits));
  }
  if (exponent > bias) {
    return sign | infinity;
  }
  // A subnormal double lacks the hidden bit, but is far below the least bit of either target.
  uint64_t significand = fraction | UINT64_C(1) << 52;
  int below_normal = 1 - bias - exponent;
  int shift = 52 - fraction_bits + (below_normal > 0 ? below_normal : 0);
  shift = shift > 63 ? 63 : shift;
  uint64_t kept = significand >> shift;
  uint64_t rest = significand & ((UINT64_C(1) << shift) - 1);
  uint64_t half = UINT64_C(1) << (shift - 1);
  kept += rest > half || (rest == half && (kept & 1) != 0);
  // The hidden bit in kept adds one to the exponent, and so does a carry, up to infinity.
  uint64_t exponent_field = below_normal > 0 ? 0 : (uint64_t)(exponent + bias - 1);
  return sign | (uint16_t)((exponent_field << fraction_bits) + kept);
}

static inline uint16_t
svari_float16_from_double(double number)
{
  return svari_narrow(number, 5, 10);
}

static inline uint16_t
svari_bfloat16_from_double(double number)
{
  return svari_narrow(number, 8, 7);
}

// Integers above 2^53 would be rounded twice. What is shifted out leaves a trace in the lowest bit
// kept ("round to odd"), after which the conversion to double is exact and the last rounding right.
static inline uint16_t
svari_bfloat16_from_uint64(uint64_t number)
{
  uint64_t odd = number >> 11 | ((number & 0x7ffu) != 0);
  double wide = number >> 53 == 0 ? (double)number : (double)odd * 0x1p11;
  return svari_bfloat16_from_double(wide);
}

static inline uint16_t
svari_bfloat16_from_int64(int64_t number)
{
  uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  return (uint16_t)((number < 0 ? 0x8000u : 0) | svari_bfloat16_from_uint64(magnitude));
}

#endif
