// What the filter and the constructors ask of a source.
#ifndef SVARI_VARIABLE_SOURCE_H
#define SVARI_VARIABLE_SOURCE_H

#include "shared_variable/source.h"

// Enough for svari_source_text().
#define SVARI_SOURCE_TEXT_BYTES 160

// Checks what every source must be, whatever variable it is offered to: a kind that exists, a shape,
// strides that no product of overflows, memory where there are elements, a literal's natural dtype.
// SVAR_ERR_ARGUMENT otherwise. Does not look at the device nor whether the dtype is known.
svar_ret_t svari_source_check(const svar_source_t *source);

// True for arrays, scalars and literals: what has elements. All other kinds have none.
bool svari_source_is_numbers(const svar_source_t *source);

// The first element, in the caller's memory or inside source itself.
const unsigned char *svari_source_data(const svar_source_t *source);

// True if each element lies where the machine reads it in one piece. @pre an array; svari_source_check()
bool svari_source_is_aligned(const svar_source_t *source);

// Number of elements. @pre svari_source_check()
uint64_t svari_source_count(const svar_source_t *source);

// "an array of float32, shape (2, 3)", "the int64 scalar 5", "the literal 0.1"; cut at size_bytes.
// @pre svari_source_check()
const char *svari_source_text(const svar_source_t *source, char *text, size_t size_bytes);

// Runs the deleter, if there is one.
static inline void
svari_managed_delete(DLManagedTensor *managed)
{
  if (managed->deleter != NULL) {
    managed->deleter(managed);
  }
}

#endif
