#include "variable/function.h"
#include "variable/text.h"

#include <stddef.h>
#include <string.h>

static svar_ret_t
add_output(svar_function_t *function, const svar_function_output_t *output)
{
  SVAR_REQUIRE(output->expression != NULL);
  void *item;
  SVAR_TRY(svari_list_add(&function->outputs, sizeof(svari_function_output_t), &item));
  ((svari_function_output_t *)item)->told = *output;
  svar_expression_ref(output->expression);
  return SVAR_OK;
}

static svar_ret_t
add_update(svar_function_t *function, svar_function_update_t update)
{
  SVAR_REQUIRE(update.variable != NULL && update.expression != NULL);
  for (size_t i = 0; i < function->updates.count; i++) {
    if (svari_same_variable(
            SVARI_ITEM(function->updates, svari_function_update_t, i)->told.variable,
            update.variable)) {
      const char *name = svar_variable_name(update.variable);
      return svar_fail(SVAR_ERR_VALUE, "updates %zu and %zu are of one variable (%s)", i,
                       function->updates.count, svari_name_text(name).text);
    }
  }
  void *item;
  SVAR_TRY(svari_list_add(&function->updates, sizeof(svari_function_update_t), &item));
  ((svari_function_update_t *)item)->told = update;
  svar_variable_ref(update.variable);
  svar_expression_ref(update.expression);
  return SVAR_OK;
}

static svar_ret_t
add_given(svar_function_t *function, const svar_function_given_t *given)
{
  SVAR_REQUIRE(given->replaced != NULL && given->replacement != NULL);
  size_t index = function->givens.count;
  char old[SVAR_TYPE_TEXT_BYTES];
  char new[SVAR_TYPE_TEXT_BYTES];
  const svar_type_t *type = &given->replaced->type;
  const svar_type_t *other = &given->replacement->type;
  if (given->replaced->kind == SVARI_EXPRESSION_CONSTANT) {
    return svar_fail(SVAR_ERR_TYPE, "given %zu replaces a constant, which is no variable", index);
  }
  for (size_t i = 0; i < function->inputs.count; i++) {
    if (SVARI_ITEM(function->inputs, svari_function_input_t, i)->told.expression ==
        given->replaced) {
      return svar_fail(SVAR_ERR_RUNTIME, "given %zu replaces input %zu; leave it out of the inputs",
                       index, i);
    }
  }
  if (!function->allow_given_types && !svar_type_equal(type, other)) {
    return svar_fail(SVAR_ERR_TYPE, "given %zu replaces %s by %s; allow_given_types accepts that",
                     index, svar_type_text(type, old, sizeof(old)),
                     svar_type_text(other, new, sizeof(new)));
  }
  void *item;
  SVAR_TRY(svari_list_add(&function->givens, sizeof(*given), &item));
  *(svar_function_given_t *)item = *given;
  svar_expression_ref(given->replaced);
  svar_expression_ref(given->replacement);
  return SVAR_OK;
}

// The states' own updates, behind the caller's, whose numbers messages name.
static svar_ret_t
add_state_updates(svar_function_t *function)
{
  for (size_t i = 0; i < function->inputs.count; i++) {
    const svari_function_input_t *input = SVARI_ITEM(function->inputs, svari_function_input_t, i);
    if (input->state != NULL) {
      SVAR_TRY(add_update(function, (svar_function_update_t){input->state, input->told.update}));
    }
  }
  return SVAR_OK;
}

// Reads a struct that a caller filled. They grow at their ends only: what an older build (of at least least_bytes)
// does not know is zero. what says whose size given_bytes is.
static svar_ret_t
read_struct(const void *given, size_t given_bytes, size_t least_bytes, size_t known_bytes,
            const char *what, void *out_known)
{
  if (given_bytes < least_bytes || given_bytes > known_bytes) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "options.%s is %zu, this library knows %zu: start from "
                     "SVAR_FUNCTION_OPTIONS_INIT, and use a library as new as the header",
                     what, given_bytes, known_bytes);
  }
  memset(out_known, 0, known_bytes);
  memcpy(out_known, given, given_bytes);
  return SVAR_OK;
}

static svar_ret_t
take_inputs(svar_function_t *function, const svar_function_options_t *options)
{
  const char *next = (const char *)options->inputs;
  for (size_t i = 0; i < options->input_count; i++, next += options->input_size_bytes) {
    svar_function_input_t input;
    SVAR_TRY(read_struct(next, options->input_size_bytes, offsetof(svar_function_input_t, value),
                         sizeof(input), "input_size_bytes", &input));
    SVAR_TRY(svari_function_add_input(function, &input));
  }
  return SVAR_OK;
}

static svar_ret_t
take_outputs(svar_function_t *function, const svar_function_options_t *options)
{
  const char *next = (const char *)options->outputs;
  for (size_t i = 0; i < options->output_count; i++, next += options->output_size_bytes) {
    svar_function_output_t output;
    SVAR_TRY(read_struct(next, options->output_size_bytes, sizeof(output), sizeof(output),
                         "output_size_bytes", &output));
    SVAR_TRY(add_output(function, &output));
  }
  return SVAR_OK;
}

static svar_ret_t
take_options(svar_function_t *function, const svar_function_options_t *options)
{
  function->allow_given_types = options->allow_given_types;
  SVAR_TRY(take_inputs(function, options));
  SVAR_TRY(take_outputs(function, options));
  for (size_t i = 0; i < options->update_count; i++) {
    SVAR_TRY(add_update(function, options->updates[i]));
  }
  SVAR_TRY(add_state_updates(function));
  for (size_t i = 0; i < options->given_count; i++) {
    SVAR_TRY(add_given(function, &options->givens[i]));
  }
  return SVAR_OK;
}

static svar_ret_t
read_options(const svar_function_options_t *given, svar_function_options_t *out_options)
{
  SVAR_TRY(read_struct(given, given->size_bytes, sizeof(*given), sizeof(*given), "size_bytes",
                       out_options));
  const svar_function_options_t *options = out_options;
  SVAR_REQUIRE(options->inputs != NULL || options->input_count == 0);
  SVAR_REQUIRE(options->outputs != NULL || options->output_count == 0);
  SVAR_REQUIRE(options->updates != NULL || options->update_count == 0);
  SVAR_REQUIRE(options->givens != NULL || options->given_count == 0);
  SVAR_REQUIRE(options->kept != NULL || options->kept_count == 0);
  return SVAR_OK;
}

static svar_ret_t
make_function(svar_function_t **out_function)
{
  void *memory;
  SVAR_TRY(svari_expression_allocate(sizeof(svar_function_t), "a function", &memory));
  memset(memory, 0, sizeof(svar_function_t));
  *out_function = memory;
  return SVAR_OK;
}

svar_ret_t
svar_function_create(const svar_function_options_t *options, svar_function_t **out_function)
{
  SVAR_REQUIRE(options != NULL && out_function != NULL);
  svar_function_options_t known;
  svar_function_t *function;
  SVAR_TRY(read_options(options, &known));
  SVAR_TRY(make_function(&function));
  svar_ret_t ret = take_options(function, &known);
  if (ret != SVAR_OK || (ret = svari_function_plan(function, &known)) != SVAR_OK) {
    svar_function_destroy(function);
    return ret;
  }
  *out_function = function;
  return SVAR_OK;
}

static void
destroy_plan(svar_function_t *function)
{
  for (size_t i = 0; i < function->slots.count; i++) {
    svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, i);
    svar_variable_unref(slot->variable);
    svari_expression_free(slot->buffer.memory);
  }
  for (size_t i = 0; i < function->steps.count; i++) {
    svari_step_t *step = SVARI_ITEM(function->steps, svari_step_t, i);
    svari_expression_free(step->operands);
    svari_expression_free(step->tensors);
  }
}

static void
destroy_graph(svar_function_t *function)
{
  svari_function_destroy_inputs(function);
  for (size_t i = 0; i < function->outputs.count; i++) {
    svari_function_output_t *output = SVARI_ITEM(function->outputs, svari_function_output_t, i);
    svar_expression_unref(output->told.expression);
    svari_expression_free(output->buffer.memory);
  }
  for (size_t i = 0; i < function->updates.count; i++) {
    svari_function_update_t *update = SVARI_ITEM(function->updates, svari_function_update_t, i);
    svar_expression_unref(update->told.expression);
    svar_variable_unref(update->told.variable);
  }
  for (size_t i = 0; i < function->givens.count; i++) {
    svar_function_given_t *given = SVARI_ITEM(function->givens, svar_function_given_t, i);
    svar_expression_unref(given->replaced);
    svar_expression_unref(given->replacement);
  }
  for (size_t i = 0; i < function->swaps.count; i++) {
    svar_function_swap_t *swap = SVARI_ITEM(function->swaps, svar_function_swap_t, i);
    svar_variable_unref(swap->old_variable);
    svar_variable_unref(swap->new_variable);
  }
}

void
svar_function_destroy(svar_function_t *function)
{
  if (function == NULL) {
    return;
  }
  destroy_plan(function);
  destroy_graph(function);
  svari_list_t *lists[] = {&function->inputs, &function->outputs, &function->updates,
                           &function->givens, &function->swaps,   &function->slots,
                           &function->steps,  &function->stores};
  for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
    svari_expression_free(lists[i]->items);
  }
  svari_expression_free(function);
}

size_t
svar_function_get_shared(const svar_function_t *function, svar_variable_t **out_variables,
                         size_t room)
{
  size_t count = 0;
  size_t first = function != NULL ? function->inputs.count : 0; // states are none of them
  for (size_t i = first; function != NULL && i < function->slots.count; i++) {
    svar_variable_t *variable = SVARI_ITEM(function->slots, svari_slot_t, i)->variable;
    if (variable != NULL) {
      if (count < room) {
        out_variables[count] = variable;
      }
      count++;
    }
  }
  return count;
}

// --- copies ---------------------------------------------------------------------------------------

static bool
knows(const svar_function_t *function, const svar_variable_t *variable)
{
  bool found = false;
  for (size_t i = 0; i < function->slots.count && !found; i++) {
    found = svari_same_variable(SVARI_ITEM(function->slots, svari_slot_t, i)->variable, variable);
  }
  for (size_t i = 0; i < function->updates.count && !found; i++) {
    found = svari_same_variable(
        SVARI_ITEM(function->updates, svari_function_update_t, i)->told.variable, variable);
  }
  return found;
}

static svar_ret_t
check_swap(const svar_function_t *function, const svar_function_swap_t *swap)
{
  SVAR_REQUIRE(swap->old_variable != NULL && swap->new_variable != NULL);
  char old[SVAR_TYPE_TEXT_BYTES];
  char new[SVAR_TYPE_TEXT_BYTES];
  svar_type_t type = svar_variable_type(swap->old_variable);
  svar_type_t other = svar_variable_type(swap->new_variable);
  if (!knows(function, swap->old_variable)) {
    const char *name = svar_variable_name(swap->old_variable);
    return svar_fail(SVAR_ERR_VALUE, "variable %s is not of the function that is copied",
                     svari_name_text(name).text);
  }
  if (!svar_type_equal(&type, &other)) {
    return svar_fail(SVAR_ERR_ASSERTION, "a variable of %s cannot stand for one of %s",
                     svar_type_text(&other, new, sizeof(new)),
                     svar_type_text(&type, old, sizeof(old)));
  }
  return SVAR_OK;
}

static svar_variable_t *
swapped(svar_variable_t *variable, const svar_function_swap_t *swaps, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (svari_same_variable(swaps[i].old_variable, variable)) {
      return swaps[i].new_variable;
    }
  }
  return variable;
}

static svar_ret_t
add_swap(svar_function_t *function, svar_variable_t *old_variable, svar_variable_t *new_variable)
{
  void *item;
  SVAR_TRY(svari_list_add(&function->swaps, sizeof(svar_function_swap_t), &item));
  *(svar_function_swap_t *)item =
      (svar_function_swap_t){svar_variable_ref(old_variable), svar_variable_ref(new_variable)};
  return SVAR_OK;
}

// The graph still names the variables of the first function: what was swapped before goes first.
static svar_ret_t
copy_swaps(const svar_function_t *from, const svar_function_swap_t *swaps, size_t count,
           svar_function_t *to)
{
  for (size_t i = 0; i < from->swaps.count; i++) {
    const svar_function_swap_t *before = SVARI_ITEM(from->swaps, svar_function_swap_t, i);
    SVAR_TRY(add_swap(to, before->old_variable, swapped(before->new_variable, swaps, count)));
  }
  for (size_t i = 0; i < count; i++) {
    SVAR_TRY(add_swap(to, swaps[i].old_variable, swaps[i].new_variable));
  }
  return SVAR_OK;
}

static svar_ret_t
copy_graph(const svar_function_t *from, bool delete_updates, svar_function_t *to)
{
  to->allow_given_types = from->allow_given_types;
  for (size_t i = 0; i < from->inputs.count; i++) {
    SVAR_TRY(svari_function_copy_input(from, i, delete_updates, to));
  }
  for (size_t i = 0; i < from->outputs.count; i++) {
    SVAR_TRY(add_output(to, &SVARI_ITEM(from->outputs, svari_function_output_t, i)->told));
  }
  for (size_t i = 0; i < from->givens.count; i++) {
    SVAR_TRY(add_given(to, SVARI_ITEM(from->givens, svar_function_given_t, i)));
  }
  return SVAR_OK;
}

static bool
is_state(const svar_function_t *function, const svar_variable_t *variable)
{
  for (size_t i = 0; i < function->inputs.count; i++) {
    if (SVARI_ITEM(function->inputs, svari_function_input_t, i)->state == variable) {
      return true;
    }
  }
  return false;
}

static svar_ret_t
copy_updates(const svar_function_t *from, const svar_function_swap_t *swaps, size_t count,
             svar_function_t *to)
{
  for (size_t i = 0; i < from->updates.count; i++) {
    svar_function_update_t update = SVARI_ITEM(from->updates, svari_function_update_t, i)->told;
    if (!is_state(from, update.variable)) { // the copy's states are others
      update.variable = swapped(update.variable, swaps, count);
      SVAR_TRY(add_update(to, update));
    }
  }
  return add_state_updates(to);
}

svar_ret_t
svar_function_copy(const svar_function_t *function, const svar_function_swap_t *swaps,
                   size_t swap_count, bool delete_updates, svar_function_t **out_function)
{
  SVAR_REQUIRE(function != NULL && (swaps != NULL || swap_count == 0) && out_function != NULL);
  for (size_t i = 0; i < swap_count; i++) {
    SVAR_TRY(check_swap(function, &swaps[i]));
  }
  svar_function_t *copy;
  SVAR_TRY(make_function(&copy));
  // Default updates of the first function are among its updates; no other ones come in.
  svar_function_options_t options = SVAR_FUNCTION_OPTIONS_INIT;
  options.no_default_updates = true;
  options.allow_unused_inputs = true; // accepted once; some served the updates alone
  svar_ret_t ret;
  if ((ret = copy_graph(function, delete_updates, copy)) != SVAR_OK ||
      (ret = copy_swaps(function, swaps, swap_count, copy)) != SVAR_OK ||
      (!delete_updates && (ret = copy_updates(function, swaps, swap_count, copy)) != SVAR_OK) ||
      (ret = svari_function_plan(copy, &options)) != SVAR_OK) {
    svar_function_destroy(copy);
    return ret;
  }
  *out_function = copy;
  return SVAR_OK;
}
