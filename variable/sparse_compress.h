// From any form of a matrix to rows (or columns) of entries.
#ifndef SVARI_VARIABLE_SPARSE_COMPRESS_H
#define SVARI_VARIABLE_SPARSE_COMPRESS_H

#include "variable/sparse_filter.h"

// Converts a checked sparse matrix to another format; BSR gets blocks of one entry. Entries keep their
// order within a row (column) as far as they had one.
svar_ret_t svari_sparse_compress(const svar_sparse_t *matrix, svar_sparse_format_t format,
                                 const svar_allocator_t *allocator,
                                 svari_sparse_filtered_t *out_filtered);
// The same for a dense array or a number; zeros of either sign are left out.
// @pre its rank is at most 2, and it is in host memory
svar_ret_t svari_dense_compress(const svar_source_t *source, svar_sparse_format_t format,
                                const svar_allocator_t *allocator,
                                svari_sparse_filtered_t *out_filtered);

#endif
