#include "variable/source.h"

#include <stdio.h>
#include <string.h>

#include "shared_variable/sparse.h"
#include "variable/number.h"
#include "variable/object.h"
#include "variable/promotion.h"

// The rank of a source that was made from NULL: svari_source_check() refuses it.
enum { NO_NUMBER = INT32_MIN };

// A source that holds its number inside.
static svar_source_t
source_with_number(svar_source_kind_t kind, svar_dtype_t dtype, const void *number)
{
  svar_source_t source = {kind, svar_tensor(dtype, NULL, 0, NULL), {{0, 0}}, NULL};
  size_t bytes = svar_dtype_bytes(dtype);
  if (number == NULL || bytes > sizeof(source.bits)) {
    source.tensor.ndim = NO_NUMBER;
  } else {
    memcpy(&source.bits, number, bytes);
  }
  return source;
}

svar_source_t
svar_scalar(svar_dtype_t dtype, const void *number)
{
  return source_with_number(SVAR_SOURCE_SCALAR, dtype, number);
}

svar_source_t
svar_bool(bool value)
{
  return source_with_number(SVAR_SOURCE_LITERAL, SVAR_BOOL, &value);
}

svar_source_t
svar_int(int64_t value)
{
  return source_with_number(SVAR_SOURCE_LITERAL, SVAR_INT64, &value);
}

svar_source_t
svar_uint(uint64_t value)
{
  // The host's integers are int64 as long as they fit.
  svar_dtype_t natural = value <= INT64_MAX ? SVAR_INT64 : SVAR_UINT64;
  return source_with_number(SVAR_SOURCE_LITERAL, natural, &value);
}

svar_source_t
svar_float(double value)
{
  return source_with_number(SVAR_SOURCE_LITERAL, SVAR_FLOAT64, &value);
}

svar_source_t
svar_complex(double real, double imaginary)
{
  double parts[2] = {real, imaginary};
  return source_with_number(SVAR_SOURCE_LITERAL, SVAR_COMPLEX128, parts);
}

svar_source_t
svar_literals(svar_dtype_t natural_dtype, const void *numbers, int32_t ndim, const int64_t *shape)
{
  if (ndim == 0) {
    return source_with_number(SVAR_SOURCE_LITERAL, natural_dtype, numbers);
  }
  svar_source_t source = {SVAR_SOURCE_LITERAL,
                          svar_tensor(natural_dtype, (void *)numbers, ndim, shape),
                          {{0, 0}},
                          NULL};
  return source;
}

svar_source_t
svar_managed(DLManagedTensor *managed)
{
  svar_source_t source = {
      SVAR_SOURCE_ARRAY, svar_tensor(SVAR_BOOL, NULL, NO_NUMBER, NULL), {{0, 0}}, managed};
  if (managed != NULL) {
    source.tensor = managed->dl_tensor;
  }
  return source;
}

svar_source_t
svar_none(void)
{
  svar_source_t source = {SVAR_SOURCE_NONE, svar_tensor(SVAR_BOOL, NULL, 0, NULL), {{0, 0}}, NULL};
  return source;
}

static bool
is_natural(svar_dtype_t dtype)
{
  return svar_dtype_equal(dtype, SVAR_BOOL) || svar_dtype_equal(dtype, SVAR_INT64) ||
         svar_dtype_equal(dtype, SVAR_UINT64) || svar_dtype_equal(dtype, SVAR_FLOAT64) ||
         svar_dtype_equal(dtype, SVAR_COMPLEX128);
}

static svar_ret_t
check_literal(const DLTensor *tensor)
{
  if (!is_natural(tensor->dtype)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "a literal of %s: literals are bool, int64, uint64, float64 or complex128; "
                     "offer other numbers as a typed scalar or array",
                     svar_dtype_name(tensor->dtype));
  }
  if (tensor->strides != NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT, "literals with strides: they are compact and row-major");
  }
  return SVAR_OK;
}

// Every element's offset in bytes must be a number, whichever sign the strides have.
static svar_ret_t
check_strides(const DLTensor *tensor)
{
  int64_t element_bytes = (tensor->dtype.bits * tensor->dtype.lanes + 7) / 8;
  int64_t span = 0;
  for (int32_t axis = 0; axis < tensor->ndim; axis++) {
    int64_t extent = tensor->shape[axis];
    int64_t stride = tensor->strides[axis];
    uint64_t step = stride < 0 ? 0 - (uint64_t)stride : (uint64_t)stride;
    int64_t reach = 0;
    // The stride of an axis of extent one means nothing.
    if (extent > 1 && (__builtin_mul_overflow(step, extent, &reach) ||
                       __builtin_mul_overflow(reach, element_bytes, &reach) ||
                       __builtin_add_overflow(span, reach, &span))) {
      return svar_fail(
          SVAR_ERR_ARGUMENT,
          "axis %d, extent %lld with a stride of %lld elements, is beyond 2^63-1 bytes", axis,
          (long long)extent, (long long)stride);
    }
  }
  return SVAR_OK;
}

static const char *
other_kind_text(svar_source_kind_t kind)
{
  switch (kind) {
  case SVAR_SOURCE_NONE:
    return "no value (svar_none)";
  case SVAR_SOURCE_RANDOM:
    return "a random state";
  case SVAR_SOURCE_SPARSE:
    return "a sparse matrix";
  case SVAR_SOURCE_OBJECT:
    return "an object";
  case SVAR_SOURCE_ARRAY:
  case SVAR_SOURCE_SCALAR:
  case SVAR_SOURCE_LITERAL:
    break;
  }
  return "numbers";
}

static svar_ret_t
check_kind(const svar_source_t *source)
{
  int32_t ndim = source->tensor.ndim;
  switch (source->kind) {
  case SVAR_SOURCE_ARRAY:
    return ndim != NO_NUMBER
               ? SVAR_OK
               : svar_fail(SVAR_ERR_ARGUMENT, "svar_managed(NULL): there is no array");
  case SVAR_SOURCE_NONE:
    return SVAR_OK;
  case SVAR_SOURCE_OBJECT:
    return svari_object_check(source->detail);
  case SVAR_SOURCE_RANDOM:
  case SVAR_SOURCE_SPARSE:
    return source->detail != NULL ? SVAR_OK
                                  : svar_fail(SVAR_ERR_ARGUMENT, "a source of %s that is NULL",
                                              other_kind_text(source->kind));
  case SVAR_SOURCE_SCALAR:
  case SVAR_SOURCE_LITERAL:
    if (ndim == NO_NUMBER || (ndim != 0 && source->kind == SVAR_SOURCE_SCALAR)) {
      return svar_fail(SVAR_ERR_ARGUMENT, "a source of one %s that holds no number",
                       svar_dtype_name(source->tensor.dtype));
    }
    return source->kind == SVAR_SOURCE_LITERAL ? check_literal(&source->tensor) : SVAR_OK;
  }
  return svar_fail(
      SVAR_ERR_ARGUMENT,
      "a source of kind %d: use svar_array(), svar_scalar(), svar_int() and their like",
      (int)source->kind);
}

bool
svari_source_is_numbers(const svar_source_t *source)
{
  return source->kind == SVAR_SOURCE_ARRAY || source->kind == SVAR_SOURCE_SCALAR ||
         source->kind == SVAR_SOURCE_LITERAL;
}

// True if the number is inside source, not in the caller's memory.
static bool
holds_number(const svar_source_t *source)
{
  return source->kind != SVAR_SOURCE_ARRAY && source->tensor.ndim == 0 &&
         source->tensor.data == NULL;
}

svar_ret_t
svari_source_check(const svar_source_t *source)
{
  const DLTensor *tensor = &source->tensor;
  SVAR_TRY(check_kind(source));
  if (!svari_source_is_numbers(source)) {
    return SVAR_OK;
  }
  if (tensor->shape == NULL && tensor->ndim > 0) {
    return svar_fail(SVAR_ERR_ARGUMENT, "an array of rank %d whose shape is NULL", tensor->ndim);
  }
  uint64_t bytes = 0;
  SVAR_TRY(svar_shape_bytes(tensor->dtype, tensor->ndim, tensor->shape, &bytes));
  if (bytes > 0 && tensor->data == NULL && !holds_number(source)) {
    return svar_fail(SVAR_ERR_ARGUMENT, "a source of %llu bytes whose data is NULL",
                     (unsigned long long)bytes);
  }
  return bytes > 0 && tensor->strides != NULL ? check_strides(tensor) : SVAR_OK;
}

const unsigned char *
svari_source_data(const svar_source_t *source)
{
  if (holds_number(source)) {
    return (const unsigned char *)&source->bits;
  }
  return (const unsigned char *)source->tensor.data + source->tensor.byte_offset;
}

bool
svari_source_is_aligned(const svar_source_t *source)
{
  svar_dtype_t dtype = source->tensor.dtype;
  size_t alignment = svar_dtype_bytes(dtype) / (dtype.code == kDLComplex ? 2 : 1);
  return (uintptr_t)svari_source_data(source) % alignment == 0 || svari_source_count(source) == 0;
}

uint64_t
svari_source_count(const svar_source_t *source)
{
  uint64_t count = 1;
  for (int32_t axis = 0; axis < source->tensor.ndim; axis++) {
    count *= (uint64_t)source->tensor.shape[axis];
  }
  return count;
}

const char *
svari_source_text(const svar_source_t *source, char *text, size_t size_bytes)
{
  const DLTensor *tensor = &source->tensor;
  const char *dtype = svar_dtype_name(tensor->dtype);
  char inner[SVAR_TYPE_TEXT_BYTES] = "";
  if (source->kind == SVAR_SOURCE_SPARSE) {
    const svar_sparse_t *matrix = source->detail;
    snprintf(text, size_bytes, "a %s matrix of %s, shape (%lld, %lld)",
             svar_sparse_format_name(matrix->format), svar_dtype_name(matrix->dtype),
             (long long)matrix->shape[0], (long long)matrix->shape[1]);
    return text;
  }
  if (source->kind == SVAR_SOURCE_OBJECT) {
    const svar_object_t *object = source->detail;
    snprintf(text, size_bytes, "an object of type '%.64s'", object->object_class->type_name);
    return text;
  }
  if (!svari_source_is_numbers(source)) {
    snprintf(text, size_bytes, "%s", other_kind_text(source->kind));
    return text;
  }
  if (source->kind == SVAR_SOURCE_ARRAY || tensor->ndim > 0) {
    bool is_array = source->kind == SVAR_SOURCE_ARRAY;
    snprintf(text, size_bytes, "%s%s, shape %s", is_array ? "an array of " : "a list of literals",
             is_array ? dtype : "",
             svar_shape_text(tensor->ndim, tensor->shape, inner, sizeof(inner)));
    return text;
  }
  // A number of a dtype that is only stored has no text.
  if (svari_dtype_is_convertible(tensor->dtype)) {
    svari_number_text(tensor->dtype, svari_source_data(source), inner, sizeof(inner));
  }
  bool is_literal = source->kind == SVAR_SOURCE_LITERAL;
  snprintf(text, size_bytes, is_literal ? "the literal %s%s" : "the %s scalar %s",
           is_literal ? "" : dtype, inner);
  return text;
}
