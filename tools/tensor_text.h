// A tensor as text, laid out as NumPy prints arrays.
#ifndef SVARI_TOOLS_TENSOR_TEXT_H
#define SVARI_TOOLS_TENSOR_TEXT_H

#include <stdio.h>

#include "shared_variable/value.h"

SVAR_BEGIN_DECLS

typedef struct svari_tensor_text_options {
  int64_t threshold;  // above this many elements only the edges are shown; 0: everything always
  int32_t line_width; // rows are broken at this column; 0: one line a row
} svari_tensor_text_options_t;

// What a person reads at a terminal, and what a program reads from a pipe.
#define SVARI_TENSOR_TEXT_TERMINAL                                                                 \
  {                                                                                                \
    1000, 75                                                                                       \
  }
#define SVARI_TENSOR_TEXT_COMPLETE                                                                 \
  {                                                                                                \
    0, 0                                                                                           \
  }

// Writes the tensor without a newline at the end; a scalar as a bare number. Reads the bytes where
// they are. Stops early once out has failed (see ferror()).
// @pre tensor is compact, on the host, of a known dtype, with at most SVAR_NDIM_MAX dimensions
void svari_tensor_text_write(const DLTensor *tensor, const svari_tensor_text_options_t *options,
                             FILE *out);

SVAR_END_DECLS
#endif
