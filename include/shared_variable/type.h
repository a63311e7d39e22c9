// The type of a shared variable: its kind, dtype, rank, and which axes are broadcastable (semantics of
// Theano's TensorType). Extents are not part of it: a value may change its shape, never its rank.
#ifndef SHARED_VARIABLE_TYPE_H
#define SHARED_VARIABLE_TYPE_H

#include "shared_variable/dtype.h"

SVAR_BEGIN_DECLS

/// Most dimensions a value can have.
#define SVAR_NDIM_MAX 16
/// Enough for svar_type_text() of any type, and for svar_shape_text() of any shape.
#define SVAR_TYPE_TEXT_BYTES 512

/// What a variable's values are. The numbers are ABI: stores hold them. Append only.
typedef enum svar_kind {
  SVAR_KIND_TENSOR = 0, ///< an array of any rank
  SVAR_KIND_NUMBER = 1, ///< one number that is no array (Theano's true scalar)
  SVAR_KIND_RANDOM = 2, ///< the state of a random generator
  SVAR_KIND_SPARSE = 3, ///< a sparse matrix
  SVAR_KIND_OBJECT = 4  ///< an object of this process (Theano's generic)
} svar_kind_t;

typedef struct svar_type {
  svar_dtype_t dtype;
  int32_t ndim;           ///< 0 .. SVAR_NDIM_MAX
  uint32_t broadcastable; ///< bit i: axis i has extent 1 in every value, now and later
  uint8_t kind;           ///< svar_kind_t
  uint8_t format;         ///< of a sparse matrix; else 0
} svar_type_t;

struct svar_source; // source.h

/// The type of plain tensors.
static inline svar_type_t
svar_tensor_type(svar_dtype_t dtype, int32_t ndim, uint32_t broadcastable)
{
  svar_type_t type = {dtype, ndim, broadcastable, SVAR_KIND_TENSOR, 0};
  return type;
}

/// True if kind, format, dtype, rank and every broadcastable flag agree.
SVAR_PUBLIC bool svar_type_equal(const svar_type_t *a, const svar_type_t *b);
/// True if a strict variable of the type would accept source (Theano's is_valid_value). Else
/// svar_error_message() says why not.
SVAR_PUBLIC bool svar_type_is_valid_value(const svar_type_t *type,
                                          const struct svar_source *source);
/// Writes "Tensor(float32, (?, 1))" (1 for a broadcastable axis; of another kind its name: "Number",
/// "Random", "Sparse", "Object") to text, cut at size_bytes, and returns text.
SVAR_PUBLIC const char *svar_type_text(const svar_type_t *type, char *text, size_t size_bytes);
/// Writes a shape as "(256, 47)" or "()" to text, cut at size_bytes, and returns text.
SVAR_PUBLIC const char *svar_shape_text(int32_t ndim, const int64_t *shape, char *text,
                                        size_t size_bytes);
/// Bytes of a compact value of this shape, every product checked.
/// @retval SVAR_ERR_ARGUMENT ndim outside 0..SVAR_NDIM_MAX, a negative extent, or more than 2^63-1 bytes
/// (extents of zero left out, as NumPy does)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_shape_bytes(svar_dtype_t dtype, int32_t ndim,
                                                      const int64_t *shape,
                                                      uint64_t *out_size_bytes);

SVAR_END_DECLS
#endif
