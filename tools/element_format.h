// One format for all the elements of a tensor, so that columns line up, after NumPy's array printing:
// look at every element that will be shown, then write them.
#ifndef SVARI_TOOLS_ELEMENT_FORMAT_H
#define SVARI_TOOLS_ELEMENT_FORMAT_H

#include "tools/decimal.h"

// Widths of a column of floating-point numbers, in both notations until the last has been looked at.
typedef struct svari_decimal_column {
  double smallest, largest; // magnitudes of what is neither zero, infinite nor NaN; 0: none yet
  int32_t left;             // characters before the point, the sign included
  int32_t right;            // digits after it
  int32_t scientific_left, scientific_right, exponent_digits;
  int32_t word; // the longest of "nan", "inf", "-inf" seen; 0: none
  bool has_finite;
  bool shows_plus; // the imaginary half: "+2.j"
} svari_decimal_column_t;

typedef struct svari_element_format {
  svar_dtype_t dtype;
  int32_t integer_width;
  svari_decimal_column_t real, imaginary;
} svari_element_format_t;

enum { SVARI_ELEMENT_TEXT_BYTES = 4 * SVARI_DECIMAL_TEXT_BYTES };

// @pre dtype is known
svari_element_format_t svari_element_format_begin(svar_dtype_t dtype);
// Widens the format for this element.
void svari_element_format_see(svari_element_format_t *format, const void *element);
// The element, padded to the common width. @pre the format has seen it. Returns text, of
// SVARI_ELEMENT_TEXT_BYTES.
char *svari_element_text(const svari_element_format_t *format, const void *element, char *text);
// An element on its own, without padding: "True", "7", "2.5", "(1+2j)".
char *svari_element_text_alone(svar_dtype_t dtype, const void *element, char *text);

#endif
