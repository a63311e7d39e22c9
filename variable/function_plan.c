// From a graph to a list of steps. Nodes that are equal after replacement become one step, so every operation
// runs at most once. Replacements are visited as they are, so givens act all at once, in no order.
#include <string.h>

#include "variable/container.h"
#include "variable/function.h"
#include "variable/pointer_map.h"
#include "variable/text.h"

// An expression that is to be visited, after replacement.
typedef struct target {
  svar_expression_t *expression;
  bool is_given; // givens are replaced in its operands
} target_t;

typedef struct planner {
  svar_function_t *function;
  const svar_function_options_t *options;
  bool *is_used; // by input
  svari_pointer_map_t
      visits; // slots of applications (the first result's slot), other expressions, and cells
  svari_list_t targets; // target_t; the last is visited first
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
         svar_container_cell(a->container) == svar_container_cell(b->container);
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

// The address of a node, or the next one for the same with givens replaced in it.
static const void *
visit_key(const void *node, bool is_given)
{
  return (const char *)node + is_given;
}

static svar_ret_t
read_variable(svar_function_t *function, svar_variable_t *variable, svari_slot_t *slot)
{
  SVAR_TRY(find_store(function, variable, &slot->store));
  slot->variable = svar_variable_ref(variable);
  SVARI_ITEM(function->stores, svari_function_store_t, slot->store)->is_read = true;
  return SVAR_OK;
}

// --- leaves ---------------------------------------------------------------------------------------

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
  const void *cell = svar_container_cell(variable->container);
  *out_slot = svari_pointer_map_find(&planner->visits, cell);
  if (*out_slot != SVARI_NOWHERE) {
    return SVAR_OK;
  }
  svari_slot_t *slot;
  SVAR_TRY(add_slot(function, svar_variable_type(variable), &slot, out_slot));
  SVAR_TRY(read_variable(function, variable, slot));
  return svari_pointer_map_add(&planner->visits, cell, *out_slot);
}

static svar_ret_t
visit_input(planner_t *planner, const svar_expression_t *expression, size_t *out_slot)
{
  const svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->inputs.count; i++) {
    if (SVARI_ITEM(function->inputs, svari_function_input_t, i)->told.expression == expression) {
      planner->is_used[i] = true;
      *out_slot = i;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_MISSING, "input %s is needed, but not among the function's %zu inputs",
                   svari_name_text(expression->name).text, function->inputs.count);
}

static svar_ret_t
visit_leaf(planner_t *planner, svar_expression_t *expression, size_t *out_slot)
{
  if (expression->kind == SVARI_EXPRESSION_INPUT) {
    return visit_input(planner, expression, out_slot);
  }
  if (expression->kind == SVARI_EXPRESSION_VARIABLE) {
    return visit_variable(planner, expression->variable, out_slot);
  }
  svari_slot_t *slot;
  SVAR_TRY(add_slot(planner->function, expression->type, &slot, out_slot));
  slot->constant = expression;
  return SVAR_OK;
}

// --- the graph ------------------------------------------------------------------------------------

static bool
replaces(const svar_function_given_t *given, const svar_expression_t *expression)
{
  return given->replaced == expression ||
         svari_same_variable(given->replaced->variable, expression->variable);
}

static target_t
replace(const svar_function_t *function, svar_expression_t *expression, bool is_given)
{
  for (size_t i = 0; i < function->givens.count && is_given; i++) {
    const svar_function_given_t *given = SVARI_ITEM(function->givens, svar_function_given_t, i);
    if (replaces(given, expression)) {
      return (target_t){given->replacement, false};
    }
  }
  return (target_t){expression, is_given};
}

static size_t
find_slot(const planner_t *planner, target_t target)
{
  const svar_expression_t *expression = target.expression;
  if (expression->kind != SVARI_EXPRESSION_RESULT) {
    return svari_pointer_map_find(&planner->visits, visit_key(expression, target.is_given));
  }
  size_t first =
      svari_pointer_map_find(&planner->visits, visit_key(expression->apply, target.is_given));
  return first != SVARI_NOWHERE ? first + expression->result_index : SVARI_NOWHERE;
}

static svar_ret_t
push(planner_t *planner, target_t target)
{
  void *item;
  SVAR_TRY(svari_list_add(&planner->targets, sizeof(target), &item));
  *(target_t *)item = target;
  return SVAR_OK;
}

// Pushes the operands that are not visited yet, the first last, so that it comes first.
static svar_ret_t
push_operands(planner_t *planner, target_t target)
{
  const svari_apply_t *apply = target.expression->apply;
  for (size_t i = apply->operand_count; i > 0; i--) {
    target_t operand = replace(planner->function, apply->operands[i - 1], target.is_given);
    if (find_slot(planner, operand) == SVARI_NOWHERE) {
      SVAR_TRY(push(planner, operand));
    }
  }
  return SVAR_OK;
}

// The step's first result if apply with these operands is a step already: what no given changes is the same
// with givens as without.
static size_t
find_step(const planner_t *planner, const svari_apply_t *apply, bool is_given,
          const size_t *operands)
{
  const svar_function_t *function = planner->function;
  size_t first = svari_pointer_map_find(&planner->visits, visit_key(apply, !is_given));
  if (first == SVARI_NOWHERE) {
    return SVARI_NOWHERE;
  }
  size_t step = SVARI_ITEM(function->slots, svari_slot_t, first)->step;
  const size_t *others = SVARI_ITEM(function->steps, svari_step_t, step)->operands;
  return memcmp(others, operands, apply->operand_count * sizeof(size_t)) == 0 ? first
                                                                              : SVARI_NOWHERE;
}

// Takes operands over if it returns SVAR_OK.
static svar_ret_t
add_step(svar_function_t *function, svari_apply_t *apply, size_t *operands, size_t *out_first)
{
  void *tensors;
  void *item;
  size_t first = function->slots.count;
  for (size_t i = 0; i < apply->operation->result_count; i++) {
    svari_slot_t *slot;
    size_t index;
    SVAR_TRY(add_slot(function, apply->operation->result_types[i], &slot, &index));
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
  *out_first = first;
  return SVAR_OK;
}

// All operands are visited.
static svar_ret_t
visit_apply(planner_t *planner, svari_apply_t *apply, bool is_given)
{
  void *memory;
  SVAR_TRY(svari_expression_allocate(apply->operand_count * sizeof(size_t), "operands", &memory));
  size_t *operands = memory;
  for (size_t i = 0; i < apply->operand_count; i++) {
    operands[i] = find_slot(planner, replace(planner->function, apply->operands[i], is_given));
  }
  size_t first = find_step(planner, apply, is_given, operands);
  svar_ret_t ret = SVAR_OK;
  if (first != SVARI_NOWHERE) {
    svari_expression_free(operands);
  } else if ((ret = add_step(planner->function, apply, operands, &first)) != SVAR_OK) {
    svari_expression_free(operands);
    return ret;
  }
  return svari_pointer_map_add(&planner->visits, visit_key(apply, is_given), first);
}

// Visits a target, or only pushes what must be visited before.
static svar_ret_t
visit_target(planner_t *planner, target_t target)
{
  svar_expression_t *expression = target.expression;
  if (expression->kind == SVARI_EXPRESSION_RESULT) {
    size_t count = planner->targets.count;
    SVAR_TRY(push_operands(planner, target));
    return planner->targets.count > count
               ? SVAR_OK
               : visit_apply(planner, expression->apply, target.is_given);
  }
  size_t slot = SVARI_NOWHERE;
  SVAR_TRY(visit_leaf(planner, expression, &slot));
  return svari_pointer_map_add(&planner->visits, visit_key(expression, target.is_given), slot);
}

// Visits an expression and all that it needs. A list instead of calls: graphs may be of any depth.
static svar_ret_t
visit(planner_t *planner, svar_expression_t *expression, size_t *out_slot)
{
  target_t root = replace(planner->function, expression, true);
  svari_list_t *targets = &planner->targets;
  SVAR_TRY(push(planner, root));
  while (targets->count > 0) {
    target_t target = *SVARI_ITEM(*targets, target_t, targets->count - 1);
    if (find_slot(planner, target) == SVARI_NOWHERE) {
      SVAR_TRY(visit_target(planner, target));
    } else {
      targets->count--;
    }
  }
  *out_slot = find_slot(planner, root);
  return SVAR_OK;
}

// --- the function ---------------------------------------------------------------------------------

static svar_ret_t
plan_inputs(planner_t *planner)
{
  svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->inputs.count; i++) {
    const svari_function_input_t *input = SVARI_ITEM(function->inputs, svari_function_input_t, i);
    svari_slot_t *slot;
    size_t index;
    SVAR_TRY(add_slot(function, input->told.expression->type, &slot, &index));
    if (input->state != NULL) {
      SVAR_TRY(read_variable(function, input->state, slot));
    } else {
      slot->constant = input->value;
    }
  }
  return SVAR_OK;
}

static svar_ret_t
plan_outputs(planner_t *planner)
{
  svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->outputs.count; i++) {
    svari_function_output_t *output = SVARI_ITEM(function->outputs, svari_function_output_t, i);
    SVAR_TRY(visit(planner, output->told.expression, &output->slot));
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
  SVAR_TRY(visit(planner, told.expression, &slot_index)); // may add updates
  SVAR_TRY(find_store(function, told.variable, &store));
  svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, slot_index);
  svar_type_t type = svar_variable_type(told.variable);
  if (!svar_type_equal(&slot->type, &type)) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "variable %s of %s cannot be updated by %s: the types must be equal, broadcastable "
        "axes too; convert in the expression",
        svari_name_text(svar_variable_name(told.variable)).text,
        svar_type_text(&type, wanted, sizeof(wanted)),
        svar_type_text(&slot->type, found, sizeof(found)));
  }
  svari_function_update_t *update = SVARI_ITEM(function->updates, svari_function_update_t, index);
  update->slot = slot_index;
  update->store = store;
  SVARI_ITEM(function->stores, svari_function_store_t, store)->is_updated = true;
  if (slot->step != SVARI_NOWHERE && slot->update == SVARI_NOWHERE && !slot->is_kept &&
      told.variable->container->ops->far == NULL) {
    slot->update = index; // computed where it will be published
    slot->store = store;
  }
  return SVAR_OK;
}

// True if variable gets another value in each call, so that what it has then can be handed over.
static bool
gives_way(const svar_function_t *function, const svar_variable_t *variable)
{
  for (size_t i = 0; i < function->updates.count; i++) {
    const svari_function_update_t *update =
        SVARI_ITEM(function->updates, svari_function_update_t, i);
    if (svari_same_variable(update->told.variable, variable)) {
      return !svari_same_variable(SVARI_ITEM(function->slots, svari_slot_t, update->slot)->variable,
                                  variable);
    }
  }
  return false;
}

static bool
is_in_same_memory(const svar_variable_t *a, const svar_variable_t *b)
{
  return a->container->backing == b->container->backing &&
         a->container->device == b->container->device;
}

// A value moves to one variable: shared variables never share their bytes.
static void
plan_moves(svar_function_t *function)
{
  for (size_t i = 0; i < function->updates.count; i++) {
    svari_function_update_t *update = SVARI_ITEM(function->updates, svari_function_update_t, i);
    svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, update->slot);
    update->is_move = slot->variable != NULL && slot->store == update->store && !slot->is_moved &&
                      is_in_same_memory(slot->variable, update->told.variable) &&
                      gives_way(function, slot->variable);
    slot->is_moved = slot->is_moved || update->is_move;
  }
}

static svar_ret_t
check_used(const planner_t *planner)
{
  const svar_function_t *function = planner->function;
  for (size_t i = 0; i < function->inputs.count && !planner->options->allow_unused_inputs; i++) {
    if (!planner->is_used[i]) {
      return svar_fail(
          SVAR_ERR_UNUSED,
          "input %zu (%s) is not needed by any output or update; allow_unused_inputs accepts it", i,
          svari_name_text(
              SVARI_ITEM(function->inputs, svari_function_input_t, i)->told.expression->name)
              .text);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
plan_graph(planner_t *planner)
{
  svar_function_t *function = planner->function;
  SVAR_TRY(plan_inputs(planner));
  SVAR_TRY(plan_outputs(planner));
  for (size_t i = 0; i < function->updates.count; i++) { // grows by default updates
    SVAR_TRY(plan_update(planner, i));
  }
  plan_moves(function);
  return check_used(planner);
}

svar_ret_t
svari_function_plan(svar_function_t *function, const svar_function_options_t *options)
{
  void *is_used;
  size_t count = function->inputs.count;
  SVAR_TRY(svari_expression_allocate(count * sizeof(bool), "a function's inputs", &is_used));
  memset(is_used, 0, count * sizeof(bool));
  planner_t planner = {.function = function,
                       .options = options,
                       .is_used = is_used,
                       .visits = svari_pointer_map(svar_allocator_default())};
  svar_ret_t ret = plan_graph(&planner);
  svari_pointer_map_fini(&planner.visits);
  svari_expression_free(planner.targets.items);
  svari_expression_free(is_used);
  return ret;
}
