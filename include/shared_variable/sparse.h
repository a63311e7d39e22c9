// Sparse matrices: what one is, and shared variables that hold one.
//
// The formats are SciPy's. A variable's format and dtype are fixed; its shape and the number of entries are
// not. In a store, the variable "w" is four entries that always change in one commit: "w" itself (its shape
// and block), and the plain tensors "w.data", "w.indices" and "w.indptr", which may be read like any other,
// but not set alone: their own handles refuse it with SVAR_ERR_STATE.
#ifndef SHARED_VARIABLE_SPARSE_H
#define SHARED_VARIABLE_SPARSE_H

#include "shared_variable/snapshot.h"
#include "shared_variable/source.h"
#include "shared_variable/variable.h"

SVAR_BEGIN_DECLS

/// How the entries are kept. Variables are of the first three; COO is only a form to offer a value in.
typedef enum svar_sparse_format {
  SVAR_SPARSE_NONE = 0,
  SVAR_SPARSE_CSR = 1, ///< row by row: `indices` are columns
  SVAR_SPARSE_CSC = 2, ///< column by column: `indices` are rows
  SVAR_SPARSE_BSR =
      3, ///< dense blocks of one size, block row by block row: `indices` are block columns
  SVAR_SPARSE_COO =
      4 ///< one by one: `indices` are columns, `indptr` the rows, both of `count` numbers
} svar_sparse_format_t;

/// A sparse matrix in the caller's memory, as plain values and compact arrays; copy it freely. Entries may
/// stand in any order within a row (column), and twice, which as in SciPy means their sum: nothing here
/// sorts or adds.
typedef struct svar_sparse {
  svar_sparse_format_t format;
  svar_dtype_t dtype;       ///< of an entry: Theano's tensor dtypes without bool and float16
  svar_dtype_t index_dtype; ///< of indices and indptr: SVAR_INT32 or SVAR_INT64
  int64_t shape[2];         ///< rows and columns
  int64_t block[2];    ///< BSR: rows and columns of a block, which divide shape; else not looked at
  int64_t count;       ///< entries kept (BSR: blocks), zeros among them
  const void *data;    ///< count numbers; BSR: count blocks, each row-major
  const void *indices; ///< count numbers
  const void
      *indptr; ///< where each row (column, block row) begins in indices: one more than there are
} svar_sparse_t;

/// "csr", "csc", "bsr", "coo"; "unknown format" for any other number. Static text.
SVAR_PUBLIC const char *svar_sparse_format_name(svar_sparse_format_t format);

/// Checks that matrix is one: every index in range, indptr from 0 to count without a step back.
/// @contract{allocates: no; blocks: no; time: as many steps as there are indices; thread: any}
/// @retval SVAR_ERR_NOT_IMPLEMENTED another format or dtype (as in Theano)
/// @retval SVAR_ERR_VALUE the arrays contradict each other (the message says where)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_sparse_check(const svar_sparse_t *matrix);

/// A sparse matrix as a value to make or set a variable of. svar_shared() makes a sparse variable of its
/// format (options.sparse_format: of that one) and dtype; its indices stay of matrix's index_dtype.
///
/// What a sparse variable then takes, after Theano: a matrix of its format and dtype as it is; unless it is
/// strict, any other format, a dense array or a list of literals (of rank 2, or 1: a row, or 0: one entry),
/// converted, without their zeros; a matrix that becomes BSR this way has blocks of one entry. The dtype must
/// be exactly the variable's, for nothing is upcast, unless allow_downcast is true.
/// Borrowed for the call that it is passed to, and always copied.
SVAR_PUBLIC svar_source_t svar_sparse_source(const svar_sparse_t *matrix);

/// A matrix that a reader holds. Start from SVAR_SPARSE_VALUE_INIT; not to be copied while held.
typedef struct svar_sparse_value {
  svar_sparse_t
      matrix;       ///< its arrays are aligned to 64 bytes, and immutable if they are stored ones
  uint64_t version; ///< the commit that this value belongs to
  bool is_alias;    ///< true: stored bytes, pinned; false: the caller's own copy
  struct {
    svar_snapshot_t snapshot; // of a view
    void *copy;
    svar_allocator_t allocator;
  } internal; ///< not for callers
} svar_sparse_value_t;

#define SVAR_SPARSE_VALUE_INIT SVAR_ZERO_INIT

/// Read the current matrix. SVAR_COPY: the caller's own arrays. SVAR_BORROW: views of the arrays of one
/// version, by one pin.
/// @contract{as svar_get_value(): a borrow allocates at a thread's first read of the store, a copy its bytes;
/// blocks: no; thread: any; after fork: SVAR_ERR_FORKED}
/// @param[out] out_value svar_sparse_value_release() it; written only on success
/// @retval SVAR_ERR_TYPE variable is not sparse
/// @retval SVAR_ERR_UNSET no value has been committed, or svar_none() was the last
/// @retval SVAR_ERR_CORRUPT the arrays' lengths contradict each other: the store's holder is no friend. (Indices
/// are not looked at: svar_sparse_check() does that, for who does not trust it.)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_sparse_get(svar_variable_t *variable,
                                                     svar_borrow_t borrow,
                                                     svar_sparse_value_t *out_value);
/// Ends the use of a matrix: unpins a view, frees a copy. Leaves {0}; that, or NULL, is a no-op.
SVAR_PUBLIC void svar_sparse_value_release(svar_sparse_value_t *value);

/// View variable's matrix as it is in snapshot, as svar_snapshot_get() does of a tensor: nothing to release,
/// the view ends with the snapshot.
/// @retval SVAR_ERR_TYPE variable is not sparse
/// @retval SVAR_ERR_CORRUPT as svar_sparse_get()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_snapshot_get_sparse(const svar_snapshot_t *snapshot,
                                                              svar_variable_t *variable,
                                                              svar_sparse_value_t *out_view);

SVAR_END_DECLS
#endif
