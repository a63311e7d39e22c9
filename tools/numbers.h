// Numbers as a person types them: 0.5, true, [[1, 2], [3, 4]].
#ifndef SVARI_TOOLS_NUMBERS_H
#define SVARI_TOOLS_NUMBERS_H

#include "shared_variable/source.h"

SVAR_BEGIN_DECLS

typedef struct svari_numbers {
  svar_dtype_t dtype; // bool, int64, uint64 or float64, whichever holds them all
  int32_t ndim;
  int64_t shape[SVAR_NDIM_MAX];
  uint64_t count;
  void *elements; // compact and row-major; svari_numbers_fini()
} svari_numbers_t;

#define SVARI_NUMBERS_INIT SVAR_ZERO_INIT

// Reads one number or nested list of numbers, and nothing behind it. Numbers are whole or decimal, nan, inf,
// true or false.
// @retval SVAR_ERR_SYNTAX with the column; lists of different lengths are none
// @retval SVAR_ERR_NO_MEMORY
svar_ret_t svari_numbers_parse(const char *text, svari_numbers_t *out_numbers);
void svari_numbers_fini(svari_numbers_t *numbers);

// The numbers as a literal. Borrowed from numbers.
svar_source_t svari_numbers_source(const svari_numbers_t *numbers);

SVAR_END_DECLS
#endif
