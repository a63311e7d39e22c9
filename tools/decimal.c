#include "tools/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// How the small floating-point types lay out their bits, sign first.
typedef struct float_layout {
  int exponent_bits; // 0: not a small type
  int fraction_bits;
  int bias;
  bool has_sign;
  enum {
    SPECIAL_IEEE,     // the largest exponent means infinity and NaN, as in IEEE 754
    SPECIAL_ALL_ONES, // no infinity; NaN is all bits set
    SPECIAL_MINUS_0   // no infinity, no negative zero: its bits are the only NaN ("FNUZ")
  } special;
} float_layout_t;

// The digits are searched for in the type's own precision, `round_trips` says when they suffice.
typedef struct search {
  svar_dtype_t dtype;
  double magnitude;
  double below, above; // the small types: what reads back as the element lies strictly between
} search_t;

static float_layout_t
float_layout(svar_dtype_t dtype)
{
  if (svar_dtype_equal(dtype, SVAR_FLOAT16)) {
    return (float_layout_t){5, 10, 15, true, SPECIAL_IEEE};
  }
  if (svar_dtype_equal(dtype, SVAR_BFLOAT16)) {
    return (float_layout_t){8, 7, 127, true, SPECIAL_IEEE};
  }
  if (svar_dtype_equal(dtype, SVAR_FLOAT8_E4M3FN)) {
    return (float_layout_t){4, 3, 7, true, SPECIAL_ALL_ONES};
  }
  if (svar_dtype_equal(dtype, SVAR_FLOAT8_E5M2)) {
    return (float_layout_t){5, 2, 15, true, SPECIAL_IEEE};
  }
  if (svar_dtype_equal(dtype, SVAR_FLOAT8_E8M0FNU)) {
    return (float_layout_t){8, 0, 127, false, SPECIAL_ALL_ONES};
  }
  if (svar_dtype_equal(dtype, SVAR_FLOAT8_E4M3FNUZ)) {
    return (float_layout_t){4, 3, 8, true, SPECIAL_MINUS_0};
  }
  if (svar_dtype_equal(dtype, SVAR_FLOAT8_E5M2FNUZ)) {
    return (float_layout_t){5, 2, 16, true, SPECIAL_MINUS_0};
  }
  return (float_layout_t){0, 0, 0, false, SPECIAL_IEEE};
}

bool
svari_decimal_reads(svar_dtype_t dtype)
{
  return svar_dtype_equal(dtype, SVAR_FLOAT32) || svar_dtype_equal(dtype, SVAR_FLOAT64) ||
         float_layout(dtype).exponent_bits != 0;
}

static double
small_float(const float_layout_t *layout, uint32_t bits)
{
  uint32_t fraction = bits & ((1u << layout->fraction_bits) - 1);
  uint32_t exponent = bits >> layout->fraction_bits & ((1u << layout->exponent_bits) - 1);
  bool negative = layout->has_sign && bits >> (layout->fraction_bits + layout->exponent_bits) & 1;
  uint32_t last_exponent = (1u << layout->exponent_bits) - 1;
  double magnitude;
  if (layout->special == SPECIAL_MINUS_0 && negative && exponent == 0 && fraction == 0) {
    return (double)NAN;
  }
  if (exponent == last_exponent && layout->special == SPECIAL_IEEE) {
    magnitude = fraction == 0 ? (double)INFINITY : (double)NAN;
  } else if (exponent == last_exponent && layout->special == SPECIAL_ALL_ONES &&
             fraction == (1u << layout->fraction_bits) - 1) {
    magnitude = (double)NAN;
  } else if (exponent == 0 && layout->fraction_bits > 0) {
    magnitude = ldexp((double)fraction, 1 - layout->bias - layout->fraction_bits);
  } else {
    magnitude =
        ldexp(1.0 + ldexp((double)fraction, -layout->fraction_bits), (int)exponent - layout->bias);
  }
  return negative ? -magnitude : magnitude;
}

static double
element_value(svar_dtype_t dtype, const void *element)
{
  if (svar_dtype_equal(dtype, SVAR_FLOAT64)) {
    double value;
    memcpy(&value, element, sizeof(value));
    return value;
  }
  if (svar_dtype_equal(dtype, SVAR_FLOAT32)) {
    float value;
    memcpy(&value, element, sizeof(value));
    return (double)value;
  }
  float_layout_t layout = float_layout(dtype);
  uint16_t bits = 0;
  memcpy(&bits, element, svar_dtype_bytes(dtype));
  return small_float(&layout, bits);
}

static search_t
search_begin(svar_dtype_t dtype, double magnitude)
{
  search_t search = {dtype, magnitude, 0, 0};
  if (dtype.bits == 8) {
    search.dtype = SVAR_FLOAT32;
  }
  float_layout_t layout = float_layout(search.dtype);
  if (layout.exponent_bits != 0 && magnitude > 0) {
    int exponent;
    double mantissa = frexp(magnitude, &exponent);
    int smallest = 1 - layout.bias;
    bool is_subnormal = exponent - 1 < smallest;
    double ulp = ldexp(1.0, (is_subnormal ? smallest : exponent - 1) - layout.fraction_bits);
    bool narrow_below = mantissa == 0.5 && exponent - 1 > smallest; // a power of two
    search.below = magnitude - (narrow_below ? ulp / 4 : ulp / 2);
    search.above = magnitude + ulp / 2;
  }
  return search;
}

static bool
round_trips(const search_t *search, const char *text)
{
  if (svar_dtype_equal(search->dtype, SVAR_FLOAT64)) {
    return strtod(text, NULL) == search->magnitude;
  }
  if (svar_dtype_equal(search->dtype, SVAR_FLOAT32)) {
    return (double)strtof(text, NULL) == search->magnitude;
  }
  double read = strtod(text, NULL);
  return read > search->below && read < search->above;
}

// Enough digits for any number of the type.
static int
most_digits(svar_dtype_t dtype)
{
  return svar_dtype_equal(dtype, SVAR_FLOAT64) ? 17 : svar_dtype_equal(dtype, SVAR_FLOAT32) ? 9 : 5;
}

// Splits what "%.*e" wrote into digits and exponent, without trailing zeros.
static void
take_digits(const char *text, svari_decimal_t *decimal)
{
  int count = 0;
  const char *at = text;
  for (; *at != 'e'; ++at) {
    if (*at >= '0' && *at <= '9') {
      decimal->digits[count++] = *at;
    }
  }
  while (count > 1 && decimal->digits[count - 1] == '0') {
    --count;
  }
  decimal->digits[count] = '\0';
  decimal->digit_count = count;
  decimal->exponent = (int32_t)strtol(at + 1, NULL, 10);
}

// From the longest text down: each that still reads back is taken, trailing zeros skip the lengths
// between, and the first that does not ends the search. Two or three tries for most numbers.
static void
find_shortest(const search_t *search, svari_decimal_t *decimal)
{
  char text[SVARI_DECIMAL_TEXT_BYTES];
  int digits = most_digits(search->dtype);
  snprintf(text, sizeof(text), "%.*e", digits - 1, search->magnitude);
  take_digits(text, decimal);
  for (digits = digits - 1; digits >= 1; digits = decimal->digit_count - 1) {
    snprintf(text, sizeof(text), "%.*e", digits - 1, search->magnitude);
    if (!round_trips(search, text)) {
      return;
    }
    take_digits(text, decimal);
  }
}

svari_decimal_t
svari_decimal_of(svar_dtype_t dtype, const void *element)
{
  double value = element_value(dtype, element);
  svari_decimal_t decimal = {SVARI_DECIMAL_FINITE, signbit(value) != 0, 0, 1, "0", value};
  if (isnan(value)) {
    decimal.kind = SVARI_DECIMAL_NAN;
    decimal.negative = false; // as NumPy: a NaN's sign means nothing
  } else if (isinf(value)) {
    decimal.kind = SVARI_DECIMAL_INFINITE;
  } else if (value != 0) {
    search_t search = search_begin(dtype, fabs(value));
    find_shortest(&search, &decimal);
  }
  return decimal;
}

static char *
not_finite(const svari_decimal_t *decimal, char *text)
{
  const char *word = decimal->kind == SVARI_DECIMAL_NAN ? "nan" : "inf";
  snprintf(text, SVARI_DECIMAL_TEXT_BYTES, "%s%s", decimal->negative ? "-" : "", word);
  return text;
}

char *
svari_decimal_positional(const svari_decimal_t *decimal, int32_t point_digits, char *text)
{
  if (decimal->kind != SVARI_DECIMAL_FINITE) {
    return not_finite(decimal, text);
  }
  char *out = text;
  if (decimal->negative) {
    *out++ = '-';
  }
  // position 0 is the first digit's place; zeros fill the places that the digits do not reach
  int32_t first = decimal->exponent < 0 ? decimal->exponent : 0;
  int32_t last = decimal->digit_count - 1 > decimal->exponent + point_digits
                     ? decimal->digit_count - 1
                     : decimal->exponent + point_digits;
  for (int32_t place = first; place <= last; ++place) {
    *out++ = place >= 0 && place < decimal->digit_count ? decimal->digits[place] : '0';
    if (place == decimal->exponent) {
      *out++ = '.';
    }
  }
  *out = '\0';
  return text;
}

char *
svari_decimal_scientific(const svari_decimal_t *decimal, int32_t point_digits,
                         int32_t exponent_digits, bool bare, char *text)
{
  if (decimal->kind != SVARI_DECIMAL_FINITE) {
    return not_finite(decimal, text);
  }
  const char *fraction = decimal->digits + 1;
  int32_t fraction_digits = decimal->digit_count - 1;
  int32_t zeros = point_digits > fraction_digits ? point_digits - fraction_digits : 0;
  bool has_point = !bare || fraction_digits > 0;
  snprintf(text, SVARI_DECIMAL_TEXT_BYTES, "%s%c%s%s%.*se%c%0*d", decimal->negative ? "-" : "",
           decimal->digits[0], has_point ? "." : "", fraction, (int)zeros, "00000000000000000",
           decimal->exponent < 0 ? '-' : '+', (int)exponent_digits, abs(decimal->exponent));
  return text;
}

char *
svari_decimal_alone(const svari_decimal_t *decimal, char *text)
{
  if (decimal->exponent < -4 || decimal->exponent >= 16) {
    return svari_decimal_scientific(decimal, 0, 2, true, text);
  }
  return svari_decimal_positional(decimal, 1, text);
}
