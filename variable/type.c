#include "shared_variable/type.h"

#include "variable/text.h"

bool
svar_type_equal(const svar_type_t *a, const svar_type_t *b)
{
  return svar_dtype_equal(a->dtype, b->dtype) && a->ndim == b->ndim &&
         a->broadcastable == b->broadcastable && a->kind == b->kind && a->format == b->format;
}

static const char *
kind_name(uint8_t kind)
{
  static const char *const names[] = {"Tensor", "Number", "Random", "Sparse", "Object"};
  return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "Unknown";
}

const char *
svar_type_text(const svar_type_t *type, char *text, size_t size_bytes)
{
  if (size_bytes == 0) {
    return text;
  }
  text[0] = '\0';
  if (type->kind == SVAR_KIND_OBJECT) { // it has no dtype, no rank
    svari_text_append(text, size_bytes, "%s", kind_name(type->kind));
    return text;
  }
  svari_text_append(text, size_bytes, "%s(%s, (", kind_name(type->kind),
                    svar_dtype_name(type->dtype));
  for (int32_t axis = 0; axis < type->ndim && axis < SVAR_NDIM_MAX; axis++) {
    const char *extent = (type->broadcastable >> axis & 1u) != 0 ? "1" : "?";
    svari_text_append(text, size_bytes, "%s%s", axis == 0 ? "" : ", ", extent);
  }
  svari_text_append(text, size_bytes, "))");
  return text;
}

const char *
svar_shape_text(int32_t ndim, const int64_t *shape, char *text, size_t size_bytes)
{
  if (size_bytes == 0) {
    return text;
  }
  text[0] = '\0';
  svari_text_append(text, size_bytes, "(");
  for (int32_t axis = 0; axis < ndim; axis++) {
    svari_text_append(text, size_bytes, "%s%lld", axis == 0 ? "" : ", ", (long long)shape[axis]);
  }
  svari_text_append(text, size_bytes, ")");
  return text;
}

svar_ret_t
svar_shape_bytes(svar_dtype_t dtype, int32_t ndim, const int64_t *shape, uint64_t *out_size_bytes)
{
  SVAR_REQUIRE(out_size_bytes != NULL && (shape != NULL || ndim <= 0));
  if (ndim < 0 || ndim > SVAR_NDIM_MAX) {
    return svar_fail(SVAR_ERR_ARGUMENT, "%d dimensions; a value has 0 to %d", ndim, SVAR_NDIM_MAX);
  }
  char text[SVAR_TYPE_TEXT_BYTES];
  bool is_empty = false;
  for (int32_t axis = 0; axis < ndim; axis++) {
    if (shape[axis] < 0) {
      return svar_fail(SVAR_ERR_ARGUMENT, "shape %s has a negative extent",
                       svar_shape_text(ndim, shape, text, sizeof(text)));
    }
    is_empty = is_empty || shape[axis] == 0;
  }
  int64_t bytes = (dtype.bits * dtype.lanes + 7) / 8;
  // As NumPy: the extents beside a zero must be possible, too. So no partial product ever overflows.
  for (int32_t axis = 0; axis < ndim; axis++) {
    if (shape[axis] != 0 && __builtin_mul_overflow(bytes, shape[axis], &bytes)) {
      return svar_fail(SVAR_ERR_ARGUMENT, "shape %s of %s is more than 2^63-1 bytes",
                       svar_shape_text(ndim, shape, text, sizeof(text)), svar_dtype_name(dtype));
    }
  }
  *out_size_bytes = is_empty ? 0 : (uint64_t)bytes;
  return SVAR_OK;
}
