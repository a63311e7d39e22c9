// A sparse matrix's arrays: how many numbers they hold, and each entry in turn.
#ifndef SVARI_VARIABLE_SPARSE_H
#define SVARI_VARIABLE_SPARSE_H

#include "shared_variable/sparse.h"

// True for the formats that a variable can have.
static inline bool
svari_sparse_format_is_stored(svar_sparse_format_t format)
{
  return format == SVAR_SPARSE_CSR || format == SVAR_SPARSE_CSC || format == SVAR_SPARSE_BSR;
}

// Rows of a CSR matrix, columns of a CSC one, block rows of a BSR one: one less than indptr has numbers.
// @pre the format is a stored one, and a block no zero
int64_t svari_sparse_major(const svar_sparse_t *matrix);

// Elements of one entry: of a block for BSR, else one.
static inline int64_t
svari_sparse_entry_elements(const svar_sparse_t *matrix)
{
  return matrix->format == SVAR_SPARSE_BSR ? matrix->block[0] * matrix->block[1] : 1;
}

// Number i of indices or indptr.
static inline int64_t
svari_sparse_index(const svar_sparse_t *matrix, const void *numbers, int64_t i)
{
  return matrix->index_dtype.bits == 32 ? ((const int32_t *)numbers)[i]
                                        : ((const int64_t *)numbers)[i];
}

// Checks all but the indices themselves: format, dtypes, extents, and that the arrays are there.
// SVAR_ERR_NOT_IMPLEMENTED, SVAR_ERR_VALUE as svar_sparse_check()
svar_ret_t svari_sparse_check_head(const svar_sparse_t *matrix);

// One entry (never a block) of a matrix, for visit.
typedef void (*svari_sparse_visit_t)(void *context, int64_t row, int64_t column,
                                     const unsigned char *element);
// Calls visit for each entry, in the order they are kept in. @pre svar_sparse_check()
void svari_sparse_each(const svar_sparse_t *matrix, svari_sparse_visit_t visit, void *context);

#endif
