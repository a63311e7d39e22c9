// Sparse variables: a container over four tensors of one store that only change together.
#ifndef SVARI_VARIABLE_SPARSE_VARIABLE_H
#define SVARI_VARIABLE_SPARSE_VARIABLE_H

#include "variable/container.h"
#include "variable/sparse.h"

// The head holds {rows, columns, rows of a block, columns of a block}; the others are what sparse.h says.
typedef enum svari_sparse_part {
  SVARI_SPARSE_HEAD,
  SVARI_SPARSE_DATA,
  SVARI_SPARSE_INDICES,
  SVARI_SPARSE_INDPTR,
  SVARI_SPARSE_PARTS
} svari_sparse_part_t;

enum { SVARI_SPARSE_HEAD_NUMBERS = 4 };

typedef struct svari_sparse_container {
  svari_container_t base;
  svar_variable_t *parts[SVARI_SPARSE_PARTS]; // shared; NULL in one that is half made
  svar_dtype_t index_dtype;
} svari_sparse_container_t;

// The container behind variable, if that is sparse; else NULL.
svari_sparse_container_t *svari_sparse_container_of(const svar_variable_t *variable);

// Bytes of the sparse variable's name in that of its part: 1 for "w.data". 0: no part but a head has this name.
size_t svari_sparse_whole_bytes(const char *part_name);

// A sparse variable of this type without a value. options: name, store, strict and allow_downcast.
svar_ret_t svari_sparse_variable_declare(const svar_type_t *type, svar_dtype_t index_dtype,
                                         const svar_shared_options_t *options,
                                         svar_variable_t **out_variable);

// The sparse variable whose head, found in a store's directory, is `head`: finds its other parts by name.
// Moves head if and only if it returns SVAR_OK.
// SVAR_ERR_CORRUPT: head or the parts are not of the types that a sparse variable's have
svar_ret_t svari_sparse_variable_open(svar_variable_t *head, svar_variable_t **out_variable);

#endif
