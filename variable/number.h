// One number of any dtype as the exact value that it stands for, to compare across dtypes without
// rounding either side.
#ifndef SVARI_VARIABLE_NUMBER_H
#define SVARI_VARIABLE_NUMBER_H

#include "shared_variable/dtype.h"

// Enough for svari_number_text().
#define SVARI_NUMBER_TEXT_BYTES 64

// A whole number below 2^64 is kept as sign and magnitude, whatever dtype it came in; every other one
// is exact in a double. So two numbers are equal if and only if their forms are.
typedef struct svari_number {
  bool is_whole;
  bool is_negative;   // of a whole number; zero never is
  uint64_t magnitude; // of a whole number
  double real;        // of any other, infinities and NaN among them
  double imaginary;
} svari_number_t;

// Reads one element of a convertible dtype, at any address.
svari_number_t svari_number_read(svar_dtype_t dtype, const void *element);
// NaN equals NaN.
bool svari_number_equal(svari_number_t a, svari_number_t b);
// Writes the element as a person would: "true", "-7", "0.1", "1+2j". Returns text.
const char *svari_number_text(svar_dtype_t dtype, const void *element, char *text,
                              size_t size_bytes);

#endif
