// Explicit inputs, and the values that some have of their own.
#include <string.h>

#include "shared_variable/random.h"
#include "variable/function.h"

static svar_ret_t
check_input(const svar_function_t *function, const svar_function_input_t *input)
{
  SVAR_REQUIRE(input->expression != NULL);
  size_t index = function->inputs.count;
  if (input->expression->kind != SVARI_EXPRESSION_INPUT) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "input %zu is not of svar_expression_input(); a shared variable is an implicit input "
        "already, and a given replaces it",
        index);
  }
  if (input->is_mutable && !input->borrow) {
    return svar_fail(SVAR_ERR_ASSERTION, "input %zu is mutable, so it must be borrowed too", index);
  }
  for (size_t i = 0; i < index; i++) {
    if (SVARI_ITEM(function->inputs, svari_function_input_t, i)->told.expression ==
        input->expression) {
      return svar_fail(SVAR_ERR_UNUSED, "input %zu is input %zu again", index, i);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
add(svar_function_t *function, const svar_function_input_t *told,
    svari_function_input_t **out_input)
{
  void *item;
  SVAR_TRY(svari_list_add(&function->inputs, sizeof(svari_function_input_t), &item));
  svari_function_input_t *input = item;
  input->told = *told;
  input->told.value = NULL; // the caller's, only while the function is made
  svar_expression_ref(told->expression);
  svar_expression_ref(told->update);
  *out_input = input;
  return SVAR_OK;
}

// A source of what is stored already: nothing is converted any more.
static svar_source_t
source_of(uint8_t kind, const DLTensor *tensor)
{
  return kind == SVAR_KIND_RANDOM ? svar_random_source(tensor->data) : svar_array(tensor);
}

// What the input begins with is in value.
static svar_ret_t
make_state(svari_function_input_t *input)
{
  const svar_type_t *type = &input->value->type;
  svar_source_t value = source_of(type->kind, &input->value->constant);
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.name = svar_expression_name(input->told.expression);
  options.type = type;
  options.value = &value;
  options.allow_downcast = SVAR_DOWNCAST_TRUE;
  return svar_variable_create(&options, &input->state);
}

svar_ret_t
svari_function_add_input(svar_function_t *function, const svar_function_input_t *told)
{
  SVAR_TRY(check_input(function, told));
  if (told->value == NULL && told->update != NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT, "input %zu has an update, but no value to begin with",
                     function->inputs.count);
  }
  svari_function_input_t *input;
  SVAR_TRY(add(function, told, &input));
  if (told->value == NULL) {
    return SVAR_OK;
  }
  svar_ret_t ret = svari_expression_constant(*told->value, &told->expression->type, told->strict,
                                             told->allow_downcast,
                                             svar_expression_name(told->expression), &input->value);
  if (ret != SVAR_OK) {
    svar_fail_context("the value of input %zu", function->inputs.count - 1);
    return ret;
  }
  return told->update != NULL ? make_state(input) : SVAR_OK;
}

static svar_ret_t
copy_state(const svari_function_input_t *from, svari_function_input_t *to)
{
  svar_value_t now = SVAR_VALUE_INIT;
  const svar_type_t *type = &from->value->type;
  SVAR_TRY(svar_get_value(from->state, SVAR_BORROW, &now));
  svar_ret_t ret = svari_expression_constant(source_of(type->kind, &now.tensor), type, false,
                                             SVAR_DOWNCAST_TRUE, NULL, &to->value);
  svar_value_release(&now);
  return ret == SVAR_OK && to->told.update != NULL ? make_state(to) : ret;
}

svar_ret_t
svari_function_copy_input(const svar_function_t *from, size_t index, bool delete_update,
                          svar_function_t *to)
{
  const svari_function_input_t *old = SVARI_ITEM(from->inputs, svari_function_input_t, index);
  svari_function_input_t *input;
  svar_function_input_t told = old->told;
  told.update = delete_update ? NULL : told.update;
  SVAR_TRY(add(to, &told, &input));
  if (old->state != NULL) {
    return copy_state(old, input);
  }
  input->value = svar_expression_ref(old->value);
  return SVAR_OK;
}

void
svari_function_destroy_inputs(svar_function_t *function)
{
  for (size_t i = 0; i < function->inputs.count; i++) {
    svari_function_input_t *input = SVARI_ITEM(function->inputs, svari_function_input_t, i);
    svar_expression_unref(input->told.expression);
    svar_expression_unref(input->told.update);
    svar_expression_unref(input->value);
    svar_variable_unref(input->state);
  }
}
