#include "tools/element_format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_complex(svar_dtype_t dtype)
{
  return dtype.code == kDLComplex;
}

// The type of each half of a complex number.
static svar_dtype_t
half_dtype(svar_dtype_t dtype)
{
  return svar_dtype_equal(dtype, SVAR_COMPLEX64) ? SVAR_FLOAT32 : SVAR_FLOAT64;
}

static const void *
imaginary_half(svar_dtype_t dtype, const void *element)
{
  return (const char *)element + svar_dtype_bytes(half_dtype(dtype));
}

static char *
integer_text(svar_dtype_t dtype, const void *element, char *text)
{
  uint64_t bits = 0;
  memcpy(&bits, element, svar_dtype_bytes(dtype)); // little-endian, as the segments are
  if (dtype.code == kDLInt) {
    unsigned unused = 64u - dtype.bits;
    int64_t value = (int64_t)(bits << unused) >> unused; // extends the sign
    snprintf(text, SVARI_ELEMENT_TEXT_BYTES, "%" PRId64, value);
  } else {
    snprintf(text, SVARI_ELEMENT_TEXT_BYTES, "%" PRIu64, bits);
  }
  return text;
}

static const char *
bool_text(const void *element)
{
  return *(const uint8_t *)element != 0 ? "True" : "False";
}

static int32_t
larger(int32_t a, int32_t b)
{
  return a > b ? a : b;
}

static void
column_see(svari_decimal_column_t *column, const svari_decimal_t *decimal)
{
  int32_t sign = decimal->negative || column->shows_plus ? 1 : 0;
  if (decimal->kind != SVARI_DECIMAL_FINITE) {
    column->word = larger(column->word, 3 + sign);
    return;
  }
  column->has_finite = true;
  double magnitude = fabs(decimal->value);
  if (magnitude > 0) {
    column->smallest =
        column->smallest == 0 || magnitude < column->smallest ? magnitude : column->smallest;
    column->largest = magnitude > column->largest ? magnitude : column->largest;
  }
  int32_t digits = decimal->digit_count - 1;
  column->left = larger(column->left, sign + 1 + larger(decimal->exponent, 0));
  column->right = larger(column->right, digits - decimal->exponent);
  column->scientific_left = larger(column->scientific_left, sign + 1);
  column->scientific_right = larger(column->scientific_right, digits);
  column->exponent_digits = larger(column->exponent_digits, abs(decimal->exponent) >= 100 ? 3 : 2);
}

// NumPy's rule.
static bool
column_is_scientific(const svari_decimal_column_t *column)
{
  return column->largest > 0 && (column->largest >= 1e8 || column->smallest < 1e-4 ||
                                 column->largest / column->smallest > 1000);
}

static int32_t
column_right(const svari_decimal_column_t *column)
{
  return column_is_scientific(column) ? column->scientific_right + 2 + column->exponent_digits
                                      : column->right;
}

static int32_t
column_left(const svari_decimal_column_t *column)
{
  int32_t left = column_is_scientific(column) ? column->scientific_left : column->left;
  int32_t point = column->has_finite ? 1 : 0;
  return larger(left, column->word - column_right(column) - point);
}

// Writes decimal into its column: padded on both sides so that the points line up.
static char *
column_text(const svari_decimal_column_t *column, const svari_decimal_t *decimal, char *text)
{
  char digits[SVARI_DECIMAL_TEXT_BYTES];
  if (column_is_scientific(column)) {
    svari_decimal_scientific(decimal, column->scientific_right, column->exponent_digits, false,
                             digits);
  } else {
    svari_decimal_positional(decimal, 0, digits);
  }
  const char *plus = column->shows_plus && !decimal->negative ? "+" : "";
  int32_t sign = (int32_t)strlen(plus);
  int32_t right = column_right(column);
  int32_t width = column_left(column) + (column->has_finite ? 1 : 0) + right;
  int32_t length = sign + (int32_t)strlen(digits);
  int32_t before = width - length; // a word ends where the column ends
  if (decimal->kind == SVARI_DECIMAL_FINITE) {
    before = column_left(column) - sign - (int32_t)strcspn(digits, ".");
  }
  int32_t after = width - length - before;
  snprintf(text, SVARI_ELEMENT_TEXT_BYTES, "%*s%s%s%*s", (int)before, "", plus, digits, (int)after,
           "");
  return text;
}

static char *
complex_text(const svari_element_format_t *format, const void *element, char *text)
{
  svar_dtype_t half = half_dtype(format->dtype);
  svari_decimal_t real = svari_decimal_of(half, element);
  svari_decimal_t imaginary = svari_decimal_of(half, imaginary_half(format->dtype, element));
  column_text(&format->real, &real, text);
  char tail[SVARI_ELEMENT_TEXT_BYTES];
  column_text(&format->imaginary, &imaginary, tail);
  size_t end = strlen(tail);
  while (end > 0 && tail[end - 1] == ' ') {
    --end;
  }
  size_t length = strlen(text);
  snprintf(text + length, SVARI_ELEMENT_TEXT_BYTES - length, "%.*sj%s", (int)end, tail, tail + end);
  return text;
}

svari_element_format_t
svari_element_format_begin(svar_dtype_t dtype)
{
  svari_element_format_t format = {.dtype = dtype};
  format.imaginary.shows_plus = true;
  return format;
}

void
svari_element_format_see(svari_element_format_t *format, const void *element)
{
  svar_dtype_t dtype = format->dtype;
  if (is_complex(dtype)) {
    svari_decimal_t real = svari_decimal_of(half_dtype(dtype), element);
    svari_decimal_t imaginary = svari_decimal_of(half_dtype(dtype), imaginary_half(dtype, element));
    column_see(&format->real, &real);
    column_see(&format->imaginary, &imaginary);
  } else if (svari_decimal_reads(dtype)) {
    svari_decimal_t real = svari_decimal_of(dtype, element);
    column_see(&format->real, &real);
  } else if (svar_dtype_equal(dtype, SVAR_BOOL)) {
    format->integer_width = 5;
  } else {
    char text[SVARI_ELEMENT_TEXT_BYTES];
    format->integer_width =
        larger(format->integer_width, (int32_t)strlen(integer_text(dtype, element, text)));
  }
}

char *
svari_element_text(const svari_element_format_t *format, const void *element, char *text)
{
  svar_dtype_t dtype = format->dtype;
  if (is_complex(dtype)) {
    return complex_text(format, element, text);
  }
  if (svari_decimal_reads(dtype)) {
    svari_decimal_t decimal = svari_decimal_of(dtype, element);
    return column_text(&format->real, &decimal, text);
  }
  char digits[SVARI_ELEMENT_TEXT_BYTES];
  const char *word = svar_dtype_equal(dtype, SVAR_BOOL) ? bool_text(element)
                                                        : integer_text(dtype, element, digits);
  snprintf(text, SVARI_ELEMENT_TEXT_BYTES, "%*s", (int)format->integer_width, word);
  return text;
}

// A half of a complex number on its own: as Python, without ".0".
static char *
half_alone(svar_dtype_t dtype, const void *half, char *text)
{
  svari_decimal_t decimal = svari_decimal_of(dtype, half);
  svari_decimal_alone(&decimal, text);
  size_t length = strlen(text);
  if (length > 2 && strcmp(text + length - 2, ".0") == 0) {
    text[length - 2] = '\0';
  }
  return text;
}

char *
svari_element_text_alone(svar_dtype_t dtype, const void *element, char *text)
{
  if (is_complex(dtype)) {
    char real[SVARI_DECIMAL_TEXT_BYTES];
    char imaginary[SVARI_DECIMAL_TEXT_BYTES];
    half_alone(half_dtype(dtype), element, real);
    half_alone(half_dtype(dtype), imaginary_half(dtype, element), imaginary);
    snprintf(text, SVARI_ELEMENT_TEXT_BYTES, "(%s%s%sj)", real, imaginary[0] == '-' ? "" : "+",
             imaginary);
    return text;
  }
  if (svari_decimal_reads(dtype)) {
    svari_decimal_t decimal = svari_decimal_of(dtype, element);
    return svari_decimal_alone(&decimal, text);
  }
  if (svar_dtype_equal(dtype, SVAR_BOOL)) {
    snprintf(text, SVARI_ELEMENT_TEXT_BYTES, "%s", bool_text(element));
    return text;
  }
  return integer_text(dtype, element, text);
}
