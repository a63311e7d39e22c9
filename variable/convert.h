// Conversion of compact runs of elements, one tight loop for every pair of dtypes.
#ifndef SVARI_VARIABLE_CONVERT_H
#define SVARI_VARIABLE_CONVERT_H

#include "shared_variable/dtype.h"

// Converts count elements. Both addresses are multiples of their element's alignment; the two do not
// overlap. What does not fit is defined for every input:
//   integer -> integer   wraps modulo 2^N
//   float -> integer     truncates toward zero; out of range: the nearest limit; NaN: 0
//   any -> bool          nonzero (NaN is true, -0.0 false)
//   any -> float         rounds to nearest, ties to even; too large: infinity
//   complex -> real      the imaginary part is dropped
typedef void (*svari_convert_t)(const void *from, void *to, size_t count);

// The loop for a pair (also of a dtype with itself), or NULL if one of the two is only stored.
svari_convert_t svari_convert_find(svar_dtype_t from, svar_dtype_t to);

// The loops are compiled for several instruction sets, and find() takes them from the last that the
// processor has. All give the same results; tests look at each.
size_t svari_convert_set_count(void); // that the processor has, at least 1
svari_convert_t svari_convert_find_in(size_t set, svar_dtype_t from, svar_dtype_t to);

#endif
