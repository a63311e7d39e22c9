// The one operation that comes with the library: leading axes fixed by indices.
#include <string.h>

#include "variable/expression.h"

typedef struct indices {
  size_t count;
  int64_t at[];
} indices_t;

static svar_ret_t
compute_index(void *context, const DLTensor *operands, size_t operand_count,
              svar_results_t *results)
{
  (void)operand_count;
  const indices_t *indices = context;
  const DLTensor *whole = &operands[0];
  uint64_t item = 0; // number of the part, counted in parts of the result's size
  for (size_t i = 0; i < indices->count; i++) {
    int64_t extent = whole->shape[i];
    int64_t at = indices->at[i];
    if (at < -extent || at >= extent) {
      return svar_fail(SVAR_ERR_INDEX, "index %lld is out of range for axis %zu of extent %lld",
                       (long long)at, i, (long long)extent);
    }
    item = item * (uint64_t)extent + (uint64_t)(at < 0 ? at + extent : at);
  }
  int32_t ndim = whole->ndim - (int32_t)indices->count;
  const int64_t *shape = whole->shape + indices->count;
  uint64_t bytes;
  DLTensor room;
  SVAR_TRY(svar_shape_bytes(whole->dtype, ndim, shape, &bytes));
  SVAR_TRY(svar_results_room(results, 0, shape, &room));
  if (bytes > 0) {
    memcpy(room.data, (const unsigned char *)whole->data + item * bytes, bytes);
  }
  return SVAR_OK;
}

svar_ret_t
svar_expression_index(svar_expression_t *expression, const int64_t *indices, size_t count,
                      svar_expression_t **out_expression)
{
  SVAR_REQUIRE(expression != NULL && (indices != NULL || count == 0) && out_expression != NULL);
  char text[SVAR_TYPE_TEXT_BYTES];
  svar_type_t type = expression->type;
  if (type.kind != SVAR_KIND_TENSOR) {
    return svar_fail(SVAR_ERR_TYPE,
                     "%s cannot be indexed; did you mean to make it of an array, not of a %s?",
                     svar_type_text(&type, text, sizeof(text)),
                     type.kind == SVAR_KIND_RANDOM ? "random state" : "number");
  }
  if (count > (size_t)type.ndim) {
    return svar_fail(SVAR_ERR_INDEX, "%zu indices for %s, which has %d axes", count,
                     svar_type_text(&type, text, sizeof(text)), type.ndim);
  }
  void *memory;
  SVAR_TRY(
      svari_expression_allocate(sizeof(indices_t) + count * sizeof(int64_t), "indices", &memory));
  indices_t *context = memory;
  context->count = count;
  if (count > 0) {
    memcpy(context->at, indices, count * sizeof(int64_t));
  }
  svar_operation_t operation = {sizeof(operation), "index", compute_index, context,
                                svari_expression_free};
  svar_type_t result =
      svar_tensor_type(type.dtype, type.ndim - (int32_t)count, type.broadcastable >> count);
  svar_ret_t ret = svar_expression_apply(&operation, &expression, 1, &result, 1, out_expression);
  if (ret != SVAR_OK) {
    svari_expression_free(context);
  }
  return ret;
}
