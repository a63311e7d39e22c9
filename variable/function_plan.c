// From a graph to a list of steps. Nodes that are equal after replacement become one step, so every operation
// runs at most once. Replacements are visited as they are, so givens act all at once, in no order.
#include <string.h>

#include "variable/container.h"
#include "variable/function.h"

typedef struct planner {
  svar_function_t *function;
  const svar_function_options_t *options;
  bool *is_used; // by input
} planner_t;

svar_ret_t
svari_list_add(svari_list_t *list, size_t item_bytes, void **out_item)
{
  if (list->count == list->room) {
    size_t room = list->room == 0 ? 8 : 2 * list->room;
    void *items;
    SVAR_TRY(svari_expression_allocate(room * item_bytes, "a function's plan", &items));
    if (list->count > 0) {
      memcpy(items, list->items, list->count * item_bytes);
    }
    svari_expression_free(list->items);
    list->items = items;
    list->room = room;
  }
  *out_item = (char *)list->items + list->count++ * item_bytes;
  memset(*out_item, 0, item_bytes);
  return SVAR_OK;
}

bool
svari_same_variable(const svar_variable_t *a, const svar_variable_t *b)
{
  return a != NULL && b != NULL &&
         svari_container_cell(a->container) == svari_container_cell(b->container);
}

static const char *
printable(const char *name)
{
  return name != NULL ? name : "";
}

static svar_ret_t
find_store(svar_function_t *function, svar_variable_t *variable, size_t *out_index)
{
  svar_store_t *store = svar_variable_store(variable);
  for (size_t i = 0; i < function->stores.count; i++) {
    if (SVARI_ITEM(function->stores, svari_function_store_t, i)->store == store) {
      *out_index = i;
      return SVAR_OK;
    }
  }
  void *item;
  SVAR_TRY(svari_list_add(&function->stores, sizeof(svari_function_store_t), &item));
  ((svari_function_store_t *)item)->store = store;
  *out_index = function->stores.count - 1;
  return SVAR_OK;
}

static svar_ret_t
add_slot(svar_function_t *function, svar_type_t type, svari_slot_t **out_slot, size_t *out_index)
{
  void *item;
  SVAR_TRY(svari_list_add(&function->slots, sizeof(svari_slot_t), &item));
  *out_slot = item;
  (*out_slot)->type = type;
  (*out_slot)->step = SVARI_NOWHERE;
  (*out_slot)->update = SVARI_NOWHERE;
  *out_index = function->slots.count - 1;
  return SVAR_OK;
}

static svar_ret_t
add_default_update(planner_t *planner, svar_variable_t *variable)
{
  svar_function_t *function = planner->function;
  const svar_function_options_t *options = planner->options;
  svar_expression_t *expression = svar_variable_default_update(variable);
  bool is_kept = expression == NULL || options->no_default_updates;
  for (size_t i = 0; i < options->kept_count && !is_kept; i++) {
    is_kept = svari_same_variable(options->kept[i], variable);
  }
  for (size_t i = 0; i < function->updates.count && !is_kept; i++) {
    is_kept = svari_same_variable(
        SVARI_ITEM(function->updates, svari_function_update_t, i)->told.variable, variable);
  }
  if (is_kept) {
    return SVAR_OK;
  }
  void *item;
  SVAR_TRY(svari_list_add(&function->updates, sizeof(svari_function_update_t), &item));
  svari_function_update_t *update = item;
  update->told.variable = svar_variable_ref(variable);
  update->told.expression = svar_expression_ref(expression);
  return SVAR_OK;
}

static svar_ret_t
visit_variable(planner_t *planner, svar_variable_t *variable, size_t *out_slot)
{
  svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->swaps.count; i++) {
    const svar_function_swap_t *swap = SVARI_ITEM(function->swaps, svar_function_swap_t, i);
    if (svari_same_variable(swap->old_variable, variable)) {
      variable = swap->new_variable;
      break;
    }
  }
  SVAR_TRY(add_default_update(planner, variable));
  for (size_t i = 0; i < function->slots.count; i++) {
    if (svari_same_variable(SVARI_ITEM(function->slots, svari_slot_t, i)->variable, variable)) {
      *out_slot = i;
      return SVAR_OK;
    }
  }
  size_t store;
  svari_slot_t *slot;
  SVAR_TRY(find_store(function, variable, &store));
  SVAR_TRY(add_slot(function, svar_variable_type(variable), &slot, out_slot));
  slot->variable = svar_variable_ref(variable);
  slot->store = store;
  SVARI_ITEM(function->stores, svari_function_store_t, store)->is_read = true;
  return SVAR_OK;
}

static svar_ret_t
visit_input(planner_t *planner, const svar_expression_t *expression, size_t *out_slot)
{
  const svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->inputs.count; i++) {
    if (SVARI_ITEM(function->inputs, svar_function_input_t, i)->expression == expression) {
      planner->is_used[i] = true;
      *out_slot = i;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_MISSING,
                   "input '%s' is needed, but not among the function's %zu inputs",
                   printable(expression->name), function->inputs.count);
}

static svar_ret_t visit(planner_t *planner, svar_expression_t *expression, bool is_given,
                        size_t *out_slot);

// The step that computes the same from the same slots; NULL: none yet.
static const svari_step_t *
find_step(const svar_function_t *function, const svari_apply_t *apply, const size_t *operands)
{
  for (size_t i = 0; i < function->steps.count; i++) {
    const svari_step_t *step = SVARI_ITEM(function->steps, svari_step_t, i);
    if (step->apply == apply &&
        memcmp(step->operands, operands, apply->operand_count * sizeof(size_t)) == 0) {
      return step;
    }
  }
  return NULL;
}

// Takes operands over if it returns SVAR_OK.
static svar_ret_t
add_step(svar_function_t *function, svari_apply_t *apply, size_t *operands)
{
  void *tensors;
  void *item;
  size_t first = function->slots.count;
  for (size_t i = 0; i < apply->result_count; i++) {
    svari_slot_t *slot;
    size_t index;
    SVAR_TRY(add_slot(function, apply->result_types[i], &slot, &index));
    slot->step = function->steps.count;
  }
  SVAR_TRY(
      svari_expression_allocate(apply->operand_count * sizeof(DLTensor), "operands", &tensors));
  svar_ret_t ret = svari_list_add(&function->steps, sizeof(svari_step_t), &item);
  if (ret != SVAR_OK) {
    svari_expression_free(tensors);
    return ret;
  }
  *(svari_step_t *)item = (svari_step_t){apply, operands, tensors, first, false};
  return SVAR_OK;
}

static svar_ret_t
visit_operands(planner_t *planner, const svari_apply_t *apply, bool is_given, size_t *operands)
{
  for (size_t i = 0; i < apply->operand_count; i++) {
    SVAR_TRY(visit(planner, apply->operands[i], is_given, &operands[i]));
  }
  return SVAR_OK;
}

static svar_ret_t
visit_result(planner_t *planner, const svar_expression_t *expression, bool is_given,
             size_t *out_slot)
{
  svar_function_t *function = planner->function;
  svari_apply_t *apply = expression->apply;
  void *operands;
  SVAR_TRY(svari_expression_allocate(apply->operand_count * sizeof(size_t), "operands", &operands));
  svar_ret_t ret = visit_operands(planner, apply, is_given, operands);
  if (ret != SVAR_OK) {
    svari_expression_free(operands);
    return ret;
  }
  const svari_step_t *step = find_step(function, apply, operands);
  if (step != NULL) {
    svari_expression_free(operands);
  } else {
    if ((ret = add_step(function, apply, operands)) != SVAR_OK) {
      svari_expression_free(operands);
      return ret;
    }
    step = SVARI_ITEM(function->steps, svari_step_t, function->steps.count - 1);
  }
  *out_slot = step->first_result + expression->result_index;
  return SVAR_OK;
}

static svar_ret_t
visit_kind(planner_t *planner, svar_expression_t *expression, bool is_given, size_t *out_slot)
{
  svari_slot_t *slot;
  switch (expression->kind) {
  case SVARI_EXPRESSION_INPUT:
    return visit_input(planner, expression, out_slot);
  case SVARI_EXPRESSION_VARIABLE:
    return visit_variable(planner, expression->variable, out_slot);
  case SVARI_EXPRESSION_RESULT:
    return visit_result(planner, expression, is_given, out_slot);
  case SVARI_EXPRESSION_CONSTANT:
    break;
  }
  SVAR_TRY(add_slot(planner->function, expression->type, &slot, out_slot));
  slot->constant = expression;
  return SVAR_OK;
}

static bool
replaces(const svar_function_given_t *given, const svar_expression_t *expression)
{
  return given->replaced == expression ||
         svari_same_variable(given->replaced->variable, expression->variable);
}

static svar_ret_t
visit(planner_t *planner, svar_expression_t *expression, bool is_given, size_t *out_slot)
{
  svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->visits.count; i++) {
    const svari_visit_t *visited = SVARI_ITEM(function->visits, svari_visit_t, i);
    if (visited->expression == expression && visited->is_given == is_given) {
      *out_slot = visited->slot;
      return SVAR_OK;
    }
  }
  svar_expression_t *target = expression;
  bool is_target_given = is_given;
  for (size_t i = 0; i < function->givens.count && is_target_given; i++) {
    const svar_function_given_t *given = SVARI_ITEM(function->givens, svar_function_given_t, i);
    if (replaces(given, expression)) {
      target = given->replacement;
      is_target_given = false;
    }
  }
  SVAR_TRY(visit_kind(planner, target, is_target_given, out_slot));
  void *item;
  SVAR_TRY(svari_list_add(&function->visits, sizeof(svari_visit_t), &item));
  *(svari_visit_t *)item = (svari_visit_t){expression, is_given, *out_slot};
  return SVAR_OK;
}

static svar_ret_t
plan_outputs(planner_t *planner)
{
  svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->outputs.count; i++) {
    svari_function_output_t *output = SVARI_ITEM(function->outputs, svari_function_output_t, i);
    SVAR_TRY(visit(planner, output->told.expression, true, &output->slot));
    svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, output->slot);
    slot->is_kept = slot->is_kept || output->told.borrow == SVAR_BORROW;
  }
  return SVAR_OK;
}

static svar_ret_t
plan_update(planner_t *planner, size_t index)
{
  svar_function_t *function = planner->function;
  char wanted[SVAR_TYPE_TEXT_BYTES];
  char found[SVAR_TYPE_TEXT_BYTES];
  size_t slot_index;
  size_t store;
  svar_function_update_t told = SVARI_ITEM(function->updates, svari_function_update_t, index)->told;
  SVAR_TRY(visit(planner, told.expression, true, &slot_index)); // may add updates
  SVAR_TRY(find_store(function, told.variable, &store));
  svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, slot_index);
  svar_type_t type = svar_variable_type(told.variable);
  if (!svar_type_equal(&slot->type, &type)) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "variable '%s' of %s cannot be updated by %s: the types must be equal, broadcastable "
        "axes too; convert in the expression",
        printable(svar_variable_name(told.variable)), svar_type_text(&type, wanted, sizeof(wanted)),
        svar_type_text(&slot->type, found, sizeof(found)));
  }
  svari_function_update_t *update = SVARI_ITEM(function->updates, svari_function_update_t, index);
  update->slot = slot_index;
  update->store = store;
  SVARI_ITEM(function->stores, svari_function_store_t, store)->is_updated = true;
  if (slot->step != SVARI_NOWHERE && slot->update == SVARI_NOWHERE && !slot->is_kept) {
    slot->update = index; // computed where it will be published
    slot->store = store;
  }
  return SVAR_OK;
}

static svar_ret_t
plan_graph(planner_t *planner)
{
  svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->inputs.count; i++) {
    svari_slot_t *slot;
    size_t index;
    svar_type_t type = SVARI_ITEM(function->inputs, svar_function_input_t, i)->expression->type;
    SVAR_TRY(add_slot(function, type, &slot, &index));
  }
  SVAR_TRY(plan_outputs(planner));
  for (size_t i = 0; i < function->updates.count; i++) { // grows by default updates
    SVAR_TRY(plan_update(planner, i));
  }
  for (size_t i = 0; i < function->inputs.count && !planner->options->allow_unused_inputs; i++) {
    if (!planner->is_used[i]) {
      return svar_fail(
          SVAR_ERR_UNUSED,
          "input %zu ('%s') is not needed by any output or update; allow_unused_inputs accepts it",
          i, printable(SVARI_ITEM(function->inputs, svar_function_input_t, i)->expression->name));
    }
  }
  return SVAR_OK;
}

svar_ret_t
svari_function_plan(svar_function_t *function, const svar_function_options_t *options)
{
  void *is_used;
  size_t count = function->inputs.count;
  SVAR_TRY(svari_expression_allocate(count * sizeof(bool), "a function's inputs", &is_used));
  memset(is_used, 0, count * sizeof(bool));
  planner_t planner = {function, options, is_used};
  svar_ret_t ret = plan_graph(&planner);
  svari_expression_free(is_used);
  return ret;
}
