// Floating-point elements as decimal digits: the fewest that read back as the same number of the same
// type, which is how NumPy prints them.
#ifndef SVARI_TOOLS_DECIMAL_H
#define SVARI_TOOLS_DECIMAL_H

#include "shared_variable/dtype.h"

typedef enum svari_decimal_kind {
  SVARI_DECIMAL_FINITE = 0,
  SVARI_DECIMAL_INFINITE = 1,
  SVARI_DECIMAL_NAN = 2
} svari_decimal_kind_t;

// d.ddd x 10^exponent
typedef struct svari_decimal {
  svari_decimal_kind_t kind;
  bool negative;
  int32_t exponent;    // of the first digit; 0 for zero
  int32_t digit_count; // 1 .. 17, without trailing zeros; zero is the one digit "0"
  char digits[20];     // NUL-terminated
  double value;        // the element itself; every type here fits in a double
} svari_decimal_t;

// True for the dtypes that svari_decimal_of() reads: every float, and the halves of complex numbers.
bool svari_decimal_reads(svar_dtype_t dtype);
// Decodes one element. The types of 8 bits are so coarse that the fewest digits would mislead (1024
// would print as 1000): they print exactly, as the float32 they stand for.
svari_decimal_t svari_decimal_of(svar_dtype_t dtype, const void *element);

enum { SVARI_DECIMAL_TEXT_BYTES = 64 };
// "12.5", "3." (point_digits 0) or "3.0" (1: at least one digit after the point), without an exponent.
// @pre the exponent is between -24 and 24. Returns text, of SVARI_DECIMAL_TEXT_BYTES.
char *svari_decimal_positional(const svari_decimal_t *decimal, int32_t point_digits, char *text);
// "1.25e-03": point_digits zero-pads the digits after the point, exponent_digits (2 .. 3) the exponent.
// For a single digit and point_digits 0 the point is left out if bare, else kept ("1.e-03").
char *svari_decimal_scientific(const svari_decimal_t *decimal, int32_t point_digits,
                               int32_t exponent_digits, bool bare, char *text);
// A number on its own, as Python prints it: "2.5", "3.0", "1e-05", "-inf", "nan".
char *svari_decimal_alone(const svari_decimal_t *decimal, char *text);

#endif
