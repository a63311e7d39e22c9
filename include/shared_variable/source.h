// What a value is made from. Theano's conversion rules depend on where a number comes from, so a
// source says which of three kinds it is:
//   array    typed elements in memory (a NumPy array)            -> the dtype decides, never the data
//   scalar   one typed number (a NumPy scalar)                   -> the value decides
//   literal  untyped number(s) of the host language (7, [1, 2])  -> the value decides
// The other kinds are no numbers: the unset state, and values of the kinds of svar_kind_t.
#ifndef SHARED_VARIABLE_SOURCE_H
#define SHARED_VARIABLE_SOURCE_H

#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

typedef enum svar_source_kind {
  SVAR_SOURCE_ARRAY = 0,
  SVAR_SOURCE_SCALAR = 1,
  SVAR_SOURCE_LITERAL = 2,
  SVAR_SOURCE_NONE = 3,
  SVAR_SOURCE_RANDOM = 4,
  SVAR_SOURCE_SPARSE = 5,
  SVAR_SOURCE_OBJECT = 6
} svar_source_kind_t;

/// A plain value: copy it freely. Scalars and single literals carry their number inside (`bits`);
/// arrays, literal arrays and `detail` point to the caller's memory, which must stay as it is during the call.
/// The dtype of a literal is its natural one (bool, int64, uint64, float64, complex128).
typedef struct svar_source {
  svar_source_kind_t kind;
  /// of numbers: dtype always; data, ndim, shape, strides (in elements, NULL: row-major) if pointed to
  DLTensor tensor;
  union {
    uint64_t u64[2];
    double f64[2];
  } bits;             ///< the number itself, little-endian, when tensor.data is NULL and ndim is 0
  const void *detail; ///< what else belongs to it, as the function that made it says; else NULL
} svar_source_t;

/// A typed array: any strides, any alignment. Borrowed for the call that it is passed to.
static inline svar_source_t
svar_array(const DLTensor *tensor)
{
  svar_source_t source = {SVAR_SOURCE_ARRAY, *tensor, {{0, 0}}, NULL};
  return source;
}

/// A typed array with its owner's deleter: moved where it is offered with SVAR_BORROW (svar_set_value() says
/// how), else read like svar_array(&managed->dl_tensor).
SVAR_PUBLIC svar_source_t svar_managed(DLManagedTensor *managed);

/// The explicit unset state (Theano's None): a variable set to it has no value until the next set.
SVAR_PUBLIC svar_source_t svar_none(void);

/// A typed scalar: svar_dtype_bytes(dtype) bytes are copied from number now.
SVAR_PUBLIC svar_source_t svar_scalar(svar_dtype_t dtype, const void *number);

/// Untyped numbers, as a host language writes them.
SVAR_PUBLIC svar_source_t svar_bool(bool value);
SVAR_PUBLIC svar_source_t svar_int(int64_t value);
SVAR_PUBLIC svar_source_t svar_uint(uint64_t value);
SVAR_PUBLIC svar_source_t svar_float(double value);
SVAR_PUBLIC svar_source_t svar_complex(double real, double imaginary);

/// An array of untyped numbers (a nested list): compact, row-major, of a literal's natural dtype.
/// Borrowed for the call that it is passed to.
SVAR_PUBLIC svar_source_t svar_literals(svar_dtype_t natural_dtype, const void *numbers,
                                        int32_t ndim, const int64_t *shape);

/// Fills a DLTensor for a compact row-major host array. shape is borrowed, as DLPack has it.
static inline DLTensor
svar_tensor(svar_dtype_t dtype, void *data, int32_t ndim, const int64_t *shape)
{
  DLTensor tensor;
  tensor.data = data;
  tensor.device.device_type = kDLCPU;
  tensor.device.device_id = 0;
  tensor.ndim = ndim;
  tensor.dtype = dtype;
  tensor.shape = (int64_t *)shape;
  tensor.strides = NULL;
  tensor.byte_offset = 0;
  return tensor;
}

SVAR_END_DECLS
#endif
