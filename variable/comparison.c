// Comparing values: equal numbers, and memory that two tensors may share.
#include <string.h>

#include "shared_variable/value.h"
#include "variable/layout.h"
#include "variable/number.h"
#include "variable/promotion.h"
#include "variable/source.h"

// The offset, in bytes, of the element that shape's row-major order gives this position.
static int64_t
offset_of(const DLTensor *tensor, uint64_t position)
{
  int64_t offset = 0;
  int64_t row_major_stride = 1;
  for (int32_t axis = tensor->ndim - 1; axis >= 0; axis--) {
    uint64_t extent = (uint64_t)tensor->shape[axis];
    int64_t stride = tensor->strides != NULL ? tensor->strides[axis] : row_major_stride;
    offset += (int64_t)(position % extent) * stride;
    position /= extent;
    row_major_stride *= (int64_t)extent;
  }
  return offset * (int64_t)svar_dtype_bytes(tensor->dtype);
}

static const unsigned char *
first_element(const DLTensor *tensor)
{
  return (const unsigned char *)tensor->data + tensor->byte_offset;
}

// Equal bytes are equal values: NaN equals NaN. So only others are looked at as numbers; of a dtype that
// is only stored, none are.
static bool
equal_elements(const DLTensor *a, const DLTensor *b, const unsigned char *x, const unsigned char *y)
{
  if (svar_dtype_equal(a->dtype, b->dtype)) {
    if (memcmp(x, y, svar_dtype_bytes(a->dtype)) == 0) {
      return true;
    }
    if (!svari_dtype_is_convertible(a->dtype)) {
      return false;
    }
  }
  return svari_number_equal(svari_number_read(a->dtype, x), svari_number_read(b->dtype, y));
}

static bool
is_compact(const DLTensor *tensor)
{
  svari_layout_t layout;
  svari_layout_of(tensor, first_element(tensor), &layout);
  return svari_layout_is_compact(&layout);
}

static bool
equal_tensors(const DLTensor *a, const DLTensor *b, uint64_t count)
{
  const unsigned char *x = first_element(a);
  const unsigned char *y = first_element(b);
  if (count == 0) {
    return true;
  }
  bool is_row_major = is_compact(a) && is_compact(b);
  if (is_row_major && svar_dtype_equal(a->dtype, b->dtype) &&
      memcmp(x, y, count * svar_dtype_bytes(a->dtype)) == 0) {
    return true;
  }
  for (uint64_t i = 0; i < count; i++) {
    const unsigned char *left =
        is_row_major ? x + i * svar_dtype_bytes(a->dtype) : x + offset_of(a, i);
    const unsigned char *right =
        is_row_major ? y + i * svar_dtype_bytes(b->dtype) : y + offset_of(b, i);
    if (!equal_elements(a, b, left, right)) {
      return false;
    }
  }
  return true;
}

static svar_ret_t
check_operand(const DLTensor *tensor)
{
  svar_source_t source = svar_array(tensor);
  SVAR_TRY(svari_source_check(&source));
  if (!svar_dtype_is_known(tensor->dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "no dtype has code %d, %d bits and %d lanes",
                     tensor->dtype.code, tensor->dtype.bits, tensor->dtype.lanes);
  }
  if (tensor->device.device_type != kDLCPU) {
    return svar_fail(SVAR_ERR_TYPE,
                     "values are compared in host memory, one is on DLPack device type %d: copy it "
                     "to the host first",
                     (int)tensor->device.device_type);
  }
  return SVAR_OK;
}

static bool
same_shape(const DLTensor *a, const DLTensor *b)
{
  for (int32_t axis = 0; a->ndim == b->ndim && axis < a->ndim; axis++) {
    if (a->shape[axis] != b->shape[axis]) {
      return false;
    }
  }
  return a->ndim == b->ndim;
}

svar_ret_t
svar_values_equal(const DLTensor *a, const DLTensor *b, bool ignore_dtype, bool *out_equal)
{
  SVAR_REQUIRE(a != NULL && b != NULL && out_equal != NULL);
  SVAR_TRY(check_operand(a));
  SVAR_TRY(check_operand(b));
  bool is_same_dtype = svar_dtype_equal(a->dtype, b->dtype);
  if (!same_shape(a, b) || (!is_same_dtype && !ignore_dtype)) {
    *out_equal = false;
    return SVAR_OK;
  }
  if (!is_same_dtype &&
      !(svari_dtype_is_convertible(a->dtype) && svari_dtype_is_convertible(b->dtype))) {
    return svar_fail(SVAR_ERR_TYPE, "%s and %s do not compare: float8 types are only stored",
                     svar_dtype_name(a->dtype), svar_dtype_name(b->dtype));
  }
  svar_source_t source = svar_array(a);
  *out_equal = equal_tensors(a, b, svari_source_count(&source));
  return SVAR_OK;
}

// --- memory ----------------------------------------------------------------------------------------

// The addresses from the lowest element to behind the highest one. False: there are none.
static bool
reach_of(const DLTensor *tensor, uintptr_t *out_begin, uintptr_t *out_end)
{
  int64_t lowest = 0;
  int64_t highest = 0;
  int64_t row_major_stride = 1;
  for (int32_t axis = tensor->ndim - 1; axis >= 0; axis--) {
    int64_t extent = tensor->shape[axis];
    if (extent <= 0) {
      return false;
    }
    int64_t stride = tensor->strides != NULL ? tensor->strides[axis] : row_major_stride;
    row_major_stride *= extent;
    *(stride < 0 ? &lowest : &highest) += (extent - 1) * stride;
  }
  int64_t bytes = (tensor->dtype.bits * tensor->dtype.lanes + 7) / 8;
  *out_begin = (uintptr_t)first_element(tensor) + (uintptr_t)(lowest * bytes);
  *out_end = (uintptr_t)first_element(tensor) + (uintptr_t)((highest + 1) * bytes);
  return tensor->data != NULL && bytes > 0;
}

bool
svar_may_share_memory(const DLTensor *a, const DLTensor *b)
{
  uintptr_t begin[2];
  uintptr_t end[2];
  return a != NULL && b != NULL && a->device.device_type == b->device.device_type &&
         a->device.device_id == b->device.device_id && reach_of(a, &begin[0], &end[0]) &&
         reach_of(b, &begin[1], &end[1]) && begin[0] < end[1] && begin[1] < end[0];
}
