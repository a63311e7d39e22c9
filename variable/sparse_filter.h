// What a sparse variable accepts, and its conversion: the counterpart of filter.h.
#ifndef SVARI_VARIABLE_SPARSE_FILTER_H
#define SVARI_VARIABLE_SPARSE_FILTER_H

#include "variable/sparse.h"

// A sparse variable as the filter sees it.
typedef struct svari_sparse_target {
  svar_sparse_format_t format;
  svar_dtype_t dtype;
  svar_dtype_t index_dtype;
  bool strict;
  svar_downcast_t allow_downcast;
  const char *name; // for messages; may be NULL
} svari_sparse_target_t;

// A matrix of the target's format. Its arrays are the source's where those will do; its dtypes are the
// source's too, for the tensors that it is stored in convert.
typedef struct svari_sparse_filtered {
  svar_sparse_t matrix;
  void *indptr_memory, *entry_memory; // NULL: borrowed from the source
  svar_allocator_t allocator;
} svari_sparse_filtered_t;

// SVAR_ERR_TYPE, SVAR_ERR_NOT_IMPLEMENTED, SVAR_ERR_VALUE as svar_sparse_source() and svar_sparse_check()
// say; SVAR_ERR_RANGE if an index of the target's has too few bits; SVAR_ERR_NO_MEMORY.
svar_ret_t svari_sparse_filter(const svari_sparse_target_t *target, const svar_source_t *source,
                               const svar_allocator_t *allocator,
                               svari_sparse_filtered_t *out_filtered);
// Leaves {0}; that is a no-op.
void svari_sparse_filtered_release(svari_sparse_filtered_t *filtered);

#endif
