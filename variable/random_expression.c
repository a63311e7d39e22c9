// Draws as operations of expressions: each has two results, the numbers and the state after them.
#include <string.h>

#include "shared_variable/mrg.h"
#include "variable/expression.h"
#include "variable/random_law.h"

typedef struct draw {
  svar_random_law_t law; // of a random state's
  int64_t shape[SVAR_NDIM_MAX];
} draw_t;

enum { NUMBERS, NEXT, RESULTS };

static svar_ret_t
compute_random(void *context, const DLTensor *operands, size_t operand_count,
               svar_results_t *results)
{
  (void)operand_count;
  const draw_t *draw = context;
  svar_random_state_t state;
  DLTensor numbers;
  DLTensor next;
  if (operands[0].shape[0] != SVAR_RANDOM_WORDS) { // only if an operation made it
    return svar_fail(SVAR_ERR_VALUE, "a random state has %d words, not %lld", SVAR_RANDOM_WORDS,
                     (long long)operands[0].shape[0]);
  }
  memcpy(&state, operands[0].data, sizeof(state));
  SVAR_TRY(svar_results_room(results, NUMBERS, draw->shape, &numbers));
  SVAR_TRY(svar_random_fill(&state, &draw->law, &numbers));
  SVAR_TRY(svar_results_room(results, NEXT, operands[0].shape, &next));
  memcpy(next.data, &state, sizeof(state));
  return SVAR_OK;
}

static svar_ret_t
compute_mrg(void *context, const DLTensor *operands, size_t operand_count, svar_results_t *results)
{
  (void)operand_count;
  const draw_t *draw = context;
  const int64_t *shape = operands[0].shape;
  DLTensor numbers;
  DLTensor next;
  if (shape[1] != SVAR_MRG_WORDS) {
    return svar_fail(SVAR_ERR_VALUE,
                     "a state has %d numbers, not %lld: svar_mrg_take() makes states",
                     SVAR_MRG_WORDS, (long long)shape[1]);
  }
  SVAR_TRY(svar_results_room(results, NUMBERS, draw->shape, &numbers));
  SVAR_TRY(svar_results_room(results, NEXT, shape, &next));
  size_t states = (size_t)shape[0];
  if (states > 0) {
    memcpy(next.data, operands[0].data, states * SVAR_MRG_WORDS * sizeof(int32_t));
  }
  size_t count = 1;
  for (int32_t axis = 0; axis < numbers.ndim; axis++) {
    count *= (size_t)numbers.shape[axis];
  }
  return numbers.dtype.bits == 64 ? svar_mrg_float64(next.data, states, count, numbers.data)
                                  : svar_mrg_float32(next.data, states, count, numbers.data);
}

static svar_ret_t
apply_draw(svar_operation_t *operation, svar_expression_t *state, svar_dtype_t dtype, int32_t ndim,
           const int64_t *shape, const svar_random_law_t *law, svar_expression_t **out_draw,
           svar_expression_t **out_next)
{
  uint64_t bytes;
  void *memory;
  SVAR_TRY(svar_shape_bytes(dtype, ndim, shape, &bytes));
  SVAR_TRY(svari_expression_allocate(sizeof(draw_t), "a draw", &memory));
  draw_t *draw = memory;
  *draw = (draw_t){.law = *law};
  if (ndim > 0) {
    memcpy(draw->shape, shape, (size_t)ndim * sizeof(*shape));
  }
  const svar_type_t types[RESULTS] = {svar_tensor_type(dtype, ndim, 0),
                                      svar_expression_type(state)};
  svar_expression_t *results[RESULTS];
  operation->size_bytes = sizeof(*operation);
  operation->context = draw;
  operation->destroy = svari_expression_free;
  svar_ret_t ret = svar_expression_apply(operation, &state, 1, types, RESULTS, results);
  if (ret != SVAR_OK) {
    svari_expression_free(draw);
    return ret;
  }
  *out_draw = results[NUMBERS];
  *out_next = results[NEXT];
  return SVAR_OK;
}

svar_ret_t
svar_expression_random(svar_expression_t *state, const svar_random_law_t *law, svar_dtype_t dtype,
                       int32_t ndim, const int64_t *shape, svar_expression_t **out_draw,
                       svar_expression_t **out_next)
{
  SVAR_REQUIRE(state != NULL && law != NULL && out_draw != NULL && out_next != NULL);
  char text[SVAR_TYPE_TEXT_BYTES];
  if (state->type.kind != SVAR_KIND_RANDOM) {
    return svar_fail(SVAR_ERR_TYPE, "numbers are drawn from a random state, not from %s",
                     svar_type_text(&state->type, text, sizeof(text)));
  }
  SVAR_TRY(svari_random_law_check(law, dtype));
  svar_operation_t operation = {.name = "random", .compute = compute_random};
  return apply_draw(&operation, state, dtype, ndim, shape, law, out_draw, out_next);
}

svar_ret_t
svar_expression_mrg(svar_expression_t *states, svar_dtype_t dtype, int32_t ndim,
                    const int64_t *shape, svar_expression_t **out_draw,
                    svar_expression_t **out_next)
{
  SVAR_REQUIRE(states != NULL && out_draw != NULL && out_next != NULL);
  char text[SVAR_TYPE_TEXT_BYTES];
  const svar_type_t *type = &states->type;
  if (type->kind != SVAR_KIND_TENSOR || type->ndim != 2 ||
      !svar_dtype_equal(type->dtype, SVAR_INT32)) {
    return svar_fail(SVAR_ERR_TYPE, "states are an int32 matrix, not %s",
                     svar_type_text(type, text, sizeof(text)));
  }
  const svar_random_law_t law = svar_random_uniform(0, 1);
  SVAR_TRY(svari_random_law_check(&law, dtype));
  svar_operation_t operation = {.name = "mrg", .compute = compute_mrg};
  return apply_draw(&operation, states, dtype, ndim, shape, &law, out_draw, out_next);
}
