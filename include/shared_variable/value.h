// A value that a reader holds: a pinned view of stored bytes, or a copy of its own.
#ifndef SHARED_VARIABLE_VALUE_H
#define SHARED_VARIABLE_VALUE_H

#include "shared_variable/allocator.h"
#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

/// Theano's borrow flag. COPY: the two sides share nothing. BORROW: they may; `is_alias` tells.
typedef enum svar_borrow { SVAR_COPY = 0, SVAR_BORROW = 1 } svar_borrow_t;

/// tensor.shape points into this very struct: hand it on by pointer, do not copy it by assignment.
/// Start from SVAR_VALUE_INIT. A view's bytes are immutable and, in another process's segment, in a
/// read-only mapping: writing them is a fault. They stay valid until svar_value_release().
typedef struct svar_value {
  /// compact row-major (strides NULL); data aligned to 64 bytes (adopted ones: as their owner did)
  DLTensor tensor;
  uint64_t version; ///< the commit that this value belongs to
  bool is_alias;    ///< true: tensor.data is stored bytes, pinned; false: the caller's own copy
  int64_t shape[SVAR_NDIM_MAX];
  struct {
    void *pin; ///< the pin word to clear; NULL if a snapshot holds the pin
    svar_allocator_t allocator;
  } internal; ///< not for callers
} svar_value_t;

#define SVAR_VALUE_INIT SVAR_ZERO_INIT

/// Ends the use of a value: unpins a view (one store, wait-free), frees a copy. Leaves no data, as
/// SVAR_VALUE_INIT has none; releasing that, or NULL, is a no-op, so twice is harmless.
/// @contract{allocates: no; blocks: no; system calls: no (a copy: free); thread: any, also another
/// than the one that read; after fork: no-op for views}
SVAR_PUBLIC void svar_value_release(svar_value_t *value);

/// Bytes of the value (extents times element size). @pre value was filled by this library
SVAR_PUBLIC uint64_t svar_value_bytes(const svar_value_t *value);

/// Compare two values: the same shape, the same dtype (or, ignoring it, whatever dtypes), and equal numbers,
/// exactly, element by element: NaN equals NaN and 0 equals -0. Elements of dtypes that are only stored
/// (float8) are equal if their bits are.
/// @param a, b any strides, in host memory
/// @contract{allocates: no; blocks: no; system calls: no; thread: any}
/// @retval SVAR_ERR_ARGUMENT a tensor that makes no sense (extents, strides, no data)
/// @retval SVAR_ERR_TYPE in no host memory, of an unknown dtype, or two dtypes of which one is only stored
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_values_equal(const DLTensor *a, const DLTensor *b,
                                                       bool ignore_dtype, bool *out_equal);

/// True if the addresses between the first and the last element of a and those of b overlap, on one
/// device. That no element is shared is possible then; that one is, is not otherwise.
/// @pre shapes and strides as svar_set_value() accepts them
SVAR_PUBLIC bool svar_may_share_memory(const DLTensor *a, const DLTensor *b);

SVAR_END_DECLS
#endif
