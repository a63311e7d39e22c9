#include "variable/expression_copy.h"

#include <string.h>

// What became of an apply.
typedef struct copy {
  svar_expression_t **results; // owned, with a reference of each; NULL: the original's do
  size_t count;
} copy_t;

// --- leaves, and what is copied already -------------------------------------------------------------

// NULL: it is no result, or not copied yet.
static const copy_t *
find_copy(const svari_expression_copier_t *copier, const svar_expression_t *expression)
{
  size_t number = expression->kind == SVARI_EXPRESSION_RESULT
                      ? svari_pointer_map_find(&copier->applies, expression->apply)
                      : SIZE_MAX;
  return number != SIZE_MAX ? SVARI_ITEM(copier->copies, copy_t, number) : NULL;
}

// @pre a result's apply is copied
static svar_ret_t
take_copy(const svari_expression_copier_t *copier, svar_expression_t *expression,
          svar_expression_t **out_copy)
{
  const copy_t *copy = find_copy(copier, expression);
  svar_variable_t *replacement = expression->kind == SVARI_EXPRESSION_VARIABLE
                                     ? copier->replacement(copier->context, expression->variable)
                                     : NULL;
  if (replacement != NULL) {
    return svar_expression_of(replacement, out_copy);
  }
  *out_copy = svar_expression_ref(
      copy != NULL && copy->results != NULL ? copy->results[expression->result_index] : expression);
  return SVAR_OK;
}

// --- operations -------------------------------------------------------------------------------------

static svar_ret_t
apply_again(const svari_apply_t *apply, svar_expression_t *const *operands, copy_t *out_copy)
{
  void *results;
  size_t count = apply->operation->result_count;
  SVAR_TRY(svari_expression_allocate(count * sizeof(svar_expression_t *), "results", &results));
  svar_ret_t ret =
      svari_expression_apply(apply->operation, operands, apply->operand_count, results);
  if (ret != SVAR_OK) {
    svari_expression_free(results);
    return ret;
  }
  *out_copy = (copy_t){results, count};
  return SVAR_OK;
}

static svar_ret_t
take_operands(const svari_expression_copier_t *copier, const svari_apply_t *apply,
              svar_expression_t **operands)
{
  for (size_t i = 0; i < apply->operand_count; i++) {
    SVAR_TRY(take_copy(copier, apply->operands[i], &operands[i]));
  }
  return SVAR_OK;
}

// @pre the operands are copied
static svar_ret_t
copy_apply(const svari_expression_copier_t *copier, const svari_apply_t *apply, copy_t *out_copy)
{
  void *memory;
  size_t bytes = apply->operand_count * sizeof(svar_expression_t *);
  SVAR_TRY(svari_expression_allocate(bytes, "operands", &memory));
  svar_expression_t **operands = memset(memory, 0, bytes);
  *out_copy = (copy_t){0};
  svar_ret_t ret = take_operands(copier, apply, operands);
  if (ret == SVAR_OK && memcmp(operands, apply->operands, bytes) != 0) {
    ret = apply_again(apply, operands, out_copy);
  }
  for (size_t i = 0; i < apply->operand_count; i++) {
    svar_expression_unref(operands[i]);
  }
  svari_expression_free(operands);
  return ret;
}

static void
release(const copy_t *copy)
{
  for (size_t i = 0; i < copy->count; i++) {
    svar_expression_unref(copy->results[i]);
  }
  svari_expression_free(copy->results);
}

static svar_ret_t
remember(svari_expression_copier_t *copier, const svari_apply_t *apply, const copy_t *copy)
{
  void *item;
  SVAR_TRY(svari_list_add(&copier->copies, sizeof(copy_t), &item));
  *(copy_t *)item = (copy_t){0};
  SVAR_TRY(svari_pointer_map_add(&copier->applies, apply, copier->copies.count - 1));
  *(copy_t *)item = *copy;
  return SVAR_OK;
}

// --- the graph --------------------------------------------------------------------------------------

static svar_ret_t
push(svari_expression_copier_t *copier, const svar_expression_t *expression)
{
  void *item;
  if (expression->kind != SVARI_EXPRESSION_RESULT || find_copy(copier, expression) != NULL) {
    return SVAR_OK;
  }
  SVAR_TRY(svari_list_add(&copier->targets, sizeof(svari_apply_t *), &item));
  *(const svari_apply_t **)item = expression->apply;
  return SVAR_OK;
}

static svar_ret_t
push_operands(svari_expression_copier_t *copier, const svari_apply_t *apply)
{
  for (size_t i = 0; i < apply->operand_count; i++) {
    SVAR_TRY(push(copier, apply->operands[i]));
  }
  return SVAR_OK;
}

// The last target, unless operands of it come first, which are the last targets then.
static svar_ret_t
visit_last(svari_expression_copier_t *copier)
{
  size_t count = copier->targets.count;
  const svari_apply_t *apply = *SVARI_ITEM(copier->targets, const svari_apply_t *, count - 1);
  copy_t copy;
  if (svari_pointer_map_find(&copier->applies, apply) == SIZE_MAX) {
    SVAR_TRY(push_operands(copier, apply));
    if (copier->targets.count > count) {
      return SVAR_OK;
    }
    SVAR_TRY(copy_apply(copier, apply, &copy));
    svar_ret_t ret = remember(copier, apply, &copy);
    if (ret != SVAR_OK) {
      release(&copy);
      return ret;
    }
  }
  copier->targets.count--;
  return SVAR_OK;
}

svar_ret_t
svari_expression_copy(svari_expression_copier_t *copier, svar_expression_t *expression,
                      svar_expression_t **out_copy)
{
  SVAR_TRY(push(copier, expression));
  while (copier->targets.count > 0) { // no recursion: a graph may be of any depth
    SVAR_TRY(visit_last(copier));
  }
  return take_copy(copier, expression, out_copy);
}

void
svari_expression_copier_fini(svari_expression_copier_t *copier)
{
  for (size_t i = 0; i < copier->copies.count; i++) {
    release(SVARI_ITEM(copier->copies, copy_t, i));
  }
  svari_expression_free(copier->copies.items);
  svari_expression_free(copier->targets.items);
  svari_pointer_map_fini(&copier->applies);
}
