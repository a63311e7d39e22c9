#include "variable/expression.h"

#include <string.h>

#include "variable/container.h"
#include "variable/filter.h"
#include "variable/object.h"
#include "variable/source.h"

svar_ret_t
svari_expression_allocate(size_t bytes, const char *what, void **out_memory)
{
  svar_allocator_t allocator = svar_allocator_default();
  *out_memory = allocator.allocate(bytes > 0 ? bytes : 1, SVARI_ROOM_ALIGNMENT, allocator.state);
  return *out_memory != NULL ? SVAR_OK
                             : svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for %s", bytes, what);
}

void
svari_expression_free(void *memory)
{
  svar_allocator_t allocator = svar_allocator_default();
  allocator.deallocate(memory, allocator.state);
}

static svar_ret_t
copy_name(const char *name, char **out_name)
{
  void *copy = NULL;
  if (name != NULL) {
    SVAR_TRY(svari_expression_allocate(strlen(name) + 1, "a name", &copy));
    memcpy(copy, name, strlen(name) + 1);
  }
  *out_name = copy;
  return SVAR_OK;
}

static svar_ret_t
check_type(const svar_type_t *type)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  SVAR_REQUIRE(type->ndim >= 0 && type->ndim <= SVAR_NDIM_MAX);
  if (type->kind == SVAR_KIND_OBJECT) {
    return svar_fail(SVAR_ERR_TYPE, "expressions are of numbers; an object has none");
  }
  if (type->kind == SVAR_KIND_SPARSE) {
    return svar_fail(
        SVAR_ERR_NOT_IMPLEMENTED,
        "expressions are of tensors, numbers and random states, not of %s; the arrays of a "
        "sparse matrix in a store can be read as variables of their own",
        svar_type_text(type, text, sizeof(text)));
  }
  return SVAR_OK;
}

static svar_ret_t
make_expression(svari_expression_kind_t kind, svar_type_t type, svar_expression_t **out_expression)
{
  void *memory;
  SVAR_TRY(check_type(&type));
  SVAR_TRY(svari_expression_allocate(sizeof(svar_expression_t), "an expression", &memory));
  svar_expression_t *expression = memory;
  memset(expression, 0, sizeof(*expression));
  atomic_init(&expression->reference_count, 1);
  expression->kind = kind;
  expression->type = type;
  *out_expression = expression;
  return SVAR_OK;
}

svar_expression_t *
svar_expression_ref(svar_expression_t *expression)
{
  if (expression != NULL) {
    atomic_fetch_add_explicit(&expression->reference_count, 1, memory_order_relaxed);
  }
  return expression;
}

static void
unref_operation(svari_operation_t *operation)
{
  if (atomic_fetch_sub_explicit(&operation->reference_count, 1, memory_order_acq_rel) != 1) {
    return;
  }
  if (operation->told.destroy != NULL) {
    operation->told.destroy(operation->told.context);
  }
  svari_expression_free((char *)operation->told.name);
  svari_expression_free(operation);
}

static void
unref_apply(svari_apply_t *apply)
{
  if (apply == NULL ||
      atomic_fetch_sub_explicit(&apply->reference_count, 1, memory_order_acq_rel) != 1) {
    return;
  }
  for (size_t i = 0; i < apply->operand_count; i++) {
    svar_expression_unref(apply->operands[i]);
  }
  unref_operation(apply->operation);
  svari_expression_free(apply);
}

static void
free_expression(svar_expression_t *expression)
{
  svar_variable_unref(expression->variable);
  unref_apply(expression->apply);
  svari_expression_free(expression->constant.data);
  svari_expression_free(expression->name);
  svari_expression_free(expression);
}

// What dies with an expression (operands, a variable with its default update) comes back here: it queues up
// for the outermost call, so that a graph of any depth needs no deeper stack.
void
svar_expression_unref(svar_expression_t *expression)
{
  static _Thread_local svar_expression_t *dead;
  static _Thread_local bool is_freeing;
  // Release and acquire, so that who frees sees all that the others did before they let go.
  if (expression == NULL ||
      atomic_fetch_sub_explicit(&expression->reference_count, 1, memory_order_acq_rel) != 1) {
    return;
  }
  expression->next_dead = dead;
  dead = expression;
  if (is_freeing) {
    return;
  }
  is_freeing = true;
  while (dead != NULL) {
    svar_expression_t *next = dead;
    dead = next->next_dead;
    free_expression(next);
  }
  is_freeing = false;
}

svar_type_t
svar_expression_type(const svar_expression_t *expression)
{
  return expression != NULL ? expression->type : (svar_type_t){0};
}

const char *
svar_expression_name(const svar_expression_t *expression)
{
  if (expression == NULL) {
    return NULL;
  }
  if (expression->kind == SVARI_EXPRESSION_VARIABLE) {
    return svar_variable_name(expression->variable);
  }
  return expression->kind == SVARI_EXPRESSION_RESULT ? expression->apply->operation->told.name
                                                     : expression->name;
}

svar_ret_t
svar_expression_input(const char *name, svar_type_t type, svar_expression_t **out_expression)
{
  SVAR_REQUIRE(out_expression != NULL);
  svar_expression_t *expression;
  SVAR_TRY(make_expression(SVARI_EXPRESSION_INPUT, type, &expression));
  svar_ret_t ret = copy_name(name, &expression->name);
  if (ret != SVAR_OK) {
    svar_expression_unref(expression);
    return ret;
  }
  *out_expression = expression;
  return SVAR_OK;
}

svar_ret_t
svari_expression_constant(svar_source_t source, const svar_type_t *type, bool strict,
                          svar_downcast_t allow_downcast, const char *name,
                          svar_expression_t **out_expression)
{
  SVAR_TRY(svari_source_check(&source));
  svar_type_t own = svar_tensor_type(source.tensor.dtype, source.tensor.ndim, 0);
  svar_expression_t *expression;
  SVAR_TRY(make_expression(SVARI_EXPRESSION_CONSTANT, type != NULL ? *type : own, &expression));
  svari_filter_plan_t plan;
  void *data = NULL;
  svar_ret_t ret =
      svari_filter_check(&expression->type, strict, allow_downcast, name, &source, &plan);
  if (ret != SVAR_OK ||
      (ret = svari_expression_allocate(plan.size_bytes, "a constant", &data)) != SVAR_OK) {
    svar_expression_unref(expression);
    return ret;
  }
  svari_filter_write(&plan, &source, data);
  memcpy(expression->shape, plan.shape, sizeof(plan.shape));
  expression->constant = svar_tensor(expression->type.dtype, data, plan.ndim, expression->shape);
  *out_expression = expression;
  return SVAR_OK;
}

svar_ret_t
svar_expression_constant(svar_source_t source, const svar_type_t *type,
                         svar_expression_t **out_expression)
{
  SVAR_REQUIRE(out_expression != NULL);
  return svari_expression_constant(source, type, false, SVAR_DOWNCAST_UNSET, "(a constant)",
                                   out_expression);
}

svar_ret_t
svar_expression_of(svar_variable_t *variable, svar_expression_t **out_expression)
{
  SVAR_REQUIRE(variable != NULL && out_expression != NULL);
  if (variable->container->type.kind == SVAR_KIND_OBJECT) {
    return svari_object_refuse_use(variable->container);
  }
  SVAR_TRY(
      make_expression(SVARI_EXPRESSION_VARIABLE, svar_variable_type(variable), out_expression));
  (*out_expression)->variable = svar_variable_ref(variable);
  return SVAR_OK;
}

static svar_ret_t
make_operation(const svar_operation_t *told, const svar_type_t *result_types, size_t result_count,
               svari_operation_t **out_operation)
{
  void *memory;
  char *name = NULL;
  size_t types_bytes = result_count * sizeof(svar_type_t);
  SVAR_TRY(
      svari_expression_allocate(sizeof(svari_operation_t) + types_bytes, "an operation", &memory));
  svar_ret_t ret = copy_name(told->name, &name);
  if (ret != SVAR_OK) {
    svari_expression_free(memory);
    return ret;
  }
  svari_operation_t *operation = memory;
  atomic_init(&operation->reference_count, 1);
  operation->told = *told;
  operation->told.name = name;
  operation->result_count = result_count;
  memcpy(operation->result_types, result_types, types_bytes);
  *out_operation = operation;
  return SVAR_OK;
}

static svar_ret_t
make_apply(svari_operation_t *operation, svar_expression_t *const *operands, size_t operand_count,
           svari_apply_t **out_apply)
{
  void *memory;
  SVAR_TRY(
      svari_expression_allocate(sizeof(svari_apply_t) + operand_count * sizeof(svar_expression_t *),
                                "an operation's operands", &memory));
  svari_apply_t *apply = memory;
  atomic_init(&apply->reference_count, 1);
  atomic_fetch_add_explicit(&operation->reference_count, 1, memory_order_relaxed);
  apply->operation = operation;
  apply->operand_count = operand_count;
  for (size_t i = 0; i < operand_count; i++) {
    apply->operands[i] = svar_expression_ref(operands[i]);
  }
  *out_apply = apply;
  return SVAR_OK;
}

static svar_ret_t
make_results(svari_apply_t *apply, svar_expression_t **results)
{
  const svari_operation_t *operation = apply->operation;
  for (size_t i = 0; i < operation->result_count; i++) {
    SVAR_TRY(make_expression(SVARI_EXPRESSION_RESULT, operation->result_types[i], &results[i]));
    atomic_fetch_add_explicit(&apply->reference_count, 1, memory_order_relaxed);
    results[i]->apply = apply;
    results[i]->result_index = i;
  }
  return SVAR_OK;
}

// Writes out_results only on success: they are made elsewhere.
static svar_ret_t
add_results(svari_apply_t *apply, svar_expression_t **out_results)
{
  void *memory;
  size_t bytes = apply->operation->result_count * sizeof(svar_expression_t *);
  SVAR_TRY(svari_expression_allocate(bytes, "an operation's results", &memory));
  svar_expression_t **results = memset(memory, 0, bytes);
  svar_ret_t ret = make_results(apply, results);
  if (ret == SVAR_OK) {
    memcpy(out_results, results, bytes);
  } else {
    for (size_t i = 0; i < apply->operation->result_count; i++) {
      svar_expression_unref(results[i]);
    }
  }
  svari_expression_free(results);
  return ret;
}

svar_ret_t
svari_expression_apply(svari_operation_t *operation, svar_expression_t *const *operands,
                       size_t operand_count, svar_expression_t **out_results)
{
  svari_apply_t *apply;
  SVAR_TRY(make_apply(operation, operands, operand_count, &apply));
  svar_ret_t ret = add_results(apply, out_results);
  unref_apply(apply);
  return ret;
}

svar_ret_t
svar_expression_apply(const svar_operation_t *operation, svar_expression_t *const *operands,
                      size_t operand_count, const svar_type_t *result_types, size_t result_count,
                      svar_expression_t **out_results)
{
  SVAR_REQUIRE(operation != NULL && operation->size_bytes == sizeof(svar_operation_t));
  SVAR_REQUIRE(operation->name != NULL && operation->compute != NULL);
  SVAR_REQUIRE(operands != NULL || operand_count == 0);
  SVAR_REQUIRE(result_types != NULL && result_count > 0 && out_results != NULL);
  for (size_t i = 0; i < operand_count; i++) {
    SVAR_REQUIRE(operands[i] != NULL);
  }
  svari_operation_t *shared;
  SVAR_TRY(make_operation(operation, result_types, result_count, &shared));
  // The context stays the caller's until all results are there.
  shared->told.destroy = NULL;
  svar_ret_t ret = svari_expression_apply(shared, operands, operand_count, out_results);
  if (ret == SVAR_OK) {
    shared->told.destroy = operation->destroy;
  }
  unref_operation(shared);
  return ret;
}

static void
unref_default_update(void *expression)
{
  svar_expression_unref(expression);
}

void
svar_variable_default_update_set(svar_variable_t *variable, svar_expression_t *expression)
{
  if (variable != NULL) {
    void *old = variable->default_update;
    variable->default_update = svar_expression_ref(expression);
    variable->default_update_unref = unref_default_update;
    unref_default_update(old);
  }
}

svar_expression_t *
svar_variable_default_update(const svar_variable_t *variable)
{
  return variable != NULL ? variable->default_update : NULL;
}
