#include "variable/number.h"

#include <inttypes.h>
#include <math.h> // only what the compiler knows itself
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "variable/convert.h"
#include "variable/promotion.h"

static svari_number_t
number_from_double(double real, double imaginary)
{
  svari_number_t number = {.imaginary = imaginary};
  double size = fabs(real);
  number.magnitude = size < 0x1p64 ? (uint64_t)size : 0;
  number.is_whole = (double)number.magnitude == size; // never for NaN
  number.is_negative = number.is_whole && real < 0;
  number.real = number.is_whole ? 0 : real;
  return number;
}

// Converts into a dtype that holds every value of this one.
static void
widen(svar_dtype_t dtype, const void *element, svar_dtype_t wide, void *out_number)
{
  uint64_t aligned[2] = {0, 0};
  memcpy(aligned, element, svar_dtype_bytes(dtype));
  svari_convert_find(dtype, wide)(aligned, out_number, 1);
}

svari_number_t
svari_number_read(svar_dtype_t dtype, const void *element)
{
  if (dtype.code == kDLInt) {
    int64_t number = 0;
    widen(dtype, element, SVAR_INT64, &number);
    uint64_t bits = (uint64_t)number;
    return (svari_number_t){
        .is_whole = true, .is_negative = number < 0, .magnitude = number < 0 ? 0 - bits : bits};
  }
  if (dtype.code == kDLUInt || dtype.code == SVAR_DL_BOOL) {
    uint64_t number = 0;
    widen(dtype, element, SVAR_UINT64, &number);
    return (svari_number_t){.is_whole = true, .magnitude = number};
  }
  double number[2] = {0, 0};
  widen(dtype, element, SVAR_COMPLEX128, number);
  return number_from_double(number[0], number[1]);
}

static bool
same_double(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

bool
svari_number_equal(svari_number_t a, svari_number_t b)
{
  if (a.is_whole != b.is_whole || !same_double(a.imaginary, b.imaginary)) {
    return false;
  }
  return a.is_whole ? a.magnitude == b.magnitude && a.is_negative == b.is_negative
                    : same_double(a.real, b.real);
}

// The shortest text that reads back as the same double.
static int
print_double(double number, const char *format, char *text, size_t size_bytes)
{
  int length = 0;
  for (int digits = 15; digits <= 17; digits++) {
    length = snprintf(text, size_bytes, format, digits, number);
    if (same_double(strtod(text, NULL), number)) {
      break;
    }
  }
  return length;
}

const char *
svari_number_text(svar_dtype_t dtype, const void *element, char *text, size_t size_bytes)
{
  svari_number_t number = svari_number_read(dtype, element);
  if (dtype.code == SVAR_DL_BOOL) {
    snprintf(text, size_bytes, "%s", number.magnitude != 0 ? "true" : "false");
  } else if (svari_dtype_is_integer(dtype)) {
    snprintf(text, size_bytes, "%s%" PRIu64, number.is_negative ? "-" : "", number.magnitude);
  } else {
    double parts[2] = {0, 0};
    widen(dtype, element, SVAR_COMPLEX128, parts);
    int length = print_double(parts[0], "%.*g", text, size_bytes);
    if (svari_dtype_is_complex(dtype)) {
      length += print_double(parts[1], "%+.*g", text + length, size_bytes - (size_t)length);
      snprintf(text + length, size_bytes - (size_t)length, "j");
    }
  }
  return text;
}
