// One call: bind arguments, pin versions, compute, stage every update, and only then commit.
#include <string.h>

#include "variable/container.h"
#include "variable/filter.h"
#include "variable/function.h"
#include "variable/layout.h"
#include "variable/source.h"
#include "variable/text.h"

struct svar_results {
  svar_function_t *function;
  const svari_step_t *step;
};

static svar_ret_t
grow(svari_buffer_t *buffer, uint64_t bytes)
{
  if (buffer->memory != NULL && bytes <= buffer->size_bytes) {
    return SVAR_OK;
  }
  void *memory;
  SVAR_TRY(svari_expression_allocate(bytes, "a value of a function", &memory));
  svari_expression_free(buffer->memory);
  buffer->memory = memory;
  buffer->size_bytes = bytes;
  return SVAR_OK;
}

static void
fill_value(svar_value_t *value, svar_dtype_t dtype, int32_t ndim, const int64_t *shape, void *data)
{
  if (ndim > 0) {
    memmove(value->shape, shape, (size_t)ndim * sizeof(int64_t));
  }
  value->tensor = svar_tensor(dtype, data, ndim, value->shape);
}

// --- arguments ------------------------------------------------------------------------------------

// True if the argument may be looked at where it lies.
static bool
is_as_it_should_be(const svar_source_t *source, const svari_filter_plan_t *plan)
{
  if (source->kind != SVAR_SOURCE_ARRAY || plan->size_bytes == 0 ||
      source->tensor.device.device_type != kDLCPU || !svar_dtype_equal(plan->from, plan->to) ||
      !svari_source_is_aligned(source)) {
    return false;
  }
  svari_layout_t layout;
  svari_layout_of(&source->tensor, svari_source_data(source), &layout);
  return svari_layout_is_compact(&layout);
}

static svar_ret_t
take_argument(const svar_function_input_t *input, const svar_source_t *source, svari_slot_t *slot)
{
  svari_filter_plan_t plan;
  SVAR_TRY(svari_filter_check(&slot->type, input->strict, input->allow_downcast,
                              svar_expression_name(input->expression), source, &plan));
  void *data = (void *)svari_source_data(source);
  if (!is_as_it_should_be(source, &plan)) {
    SVAR_TRY(grow(&slot->buffer, plan.size_bytes));
    data = slot->buffer.memory;
    svari_filter_write(&plan, source, data);
  }
  fill_value(&slot->value, plan.to, plan.ndim, plan.shape, data);
  slot->viewed_version = 0;
  slot->is_filled = true;
  return SVAR_OK;
}

// source: NULL or none: the argument was left out.
static svar_ret_t
bind_argument(const svari_function_input_t *input, const svar_source_t *source, svari_slot_t *slot)
{
  slot->is_filled = false;
  if (source != NULL && source->kind != SVAR_SOURCE_NONE) {
    return take_argument(&input->told, source, slot);
  }
  if (input->value == NULL) {
    const char *name = svar_expression_name(input->told.expression);
    return svar_fail(SVAR_ERR_TYPE, "input %s has no value of its own, so it needs an argument",
                     svari_name_text(name).text);
  }
  return SVAR_OK;
}

static svar_ret_t
bind_arguments(svar_function_t *function, const svar_source_t *arguments, size_t count)
{
  if (count > function->inputs.count) {
    return svar_fail(SVAR_ERR_TYPE, "%zu arguments for a function of %zu inputs", count,
                     function->inputs.count);
  }
  for (size_t i = 0; i < function->inputs.count; i++) {
    svar_ret_t ret = bind_argument(SVARI_ITEM(function->inputs, svari_function_input_t, i),
                                   i < count ? &arguments[i] : NULL,
                                   SVARI_ITEM(function->slots, svari_slot_t, i));
    if (ret != SVAR_OK) {
      svar_fail_context("argument %zu", i);
      return ret;
    }
  }
  return SVAR_OK;
}

// --- versions -------------------------------------------------------------------------------------

static svar_ret_t
begin_stores(svar_function_t *function)
{
  for (size_t i = 0; i < function->stores.count; i++) {
    svari_function_store_t *store = SVARI_ITEM(function->stores, svari_function_store_t, i);
    if (store->is_read) {
      SVAR_TRY(svar_snapshot_begin(store->store, &store->snapshot));
    }
    if (store->is_updated) {
      SVAR_TRY(svar_transaction_begin(store->store, &store->transaction));
    }
  }
  return SVAR_OK;
}

// Operations compute on the host: they are given a copy there.
static svar_ret_t
fetch(svari_slot_t *slot)
{
  const DLTensor *tensor = &slot->value.tensor;
  SVAR_TRY(grow(&slot->buffer, svar_value_bytes(&slot->value)));
  SVAR_TRY(svari_container_read(slot->variable->container, &slot->value, slot->buffer.memory));
  fill_value(&slot->value, tensor->dtype, tensor->ndim, tensor->shape, slot->buffer.memory);
  return SVAR_OK;
}

// A view depends on nothing but the version: while that stays, what the last call saw is good again.
static svar_ret_t
view_variable(const svari_function_store_t *store, svari_slot_t *slot)
{
  if (slot->viewed_version != store->snapshot.version || slot->viewed_version == 0) {
    slot->viewed_version = 0;
    SVAR_TRY(svar_snapshot_get(&store->snapshot, slot->variable, &slot->value));
    if (slot->variable->container->ops->far != NULL) {
      SVAR_TRY(fetch(slot));
    }
    slot->viewed_version = store->snapshot.version;
  }
  return SVAR_OK;
}

static svar_ret_t
read_leaves(svar_function_t *function)
{
  for (size_t i = 0; i < function->slots.count; i++) {
    svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, i);
    if (slot->is_filled) {
      continue; // by an argument; of results it is said later
    }
    if (slot->constant != NULL) {
      const DLTensor *constant = &slot->constant->constant;
      fill_value(&slot->value, constant->dtype, constant->ndim, constant->shape, constant->data);
    } else if (slot->variable != NULL) {
      SVAR_TRY(
          view_variable(SVARI_ITEM(function->stores, svari_function_store_t, slot->store), slot));
    }
  }
  return SVAR_OK;
}

static svar_ret_t
check_targets(const svar_function_t *function)
{
  for (size_t i = 0; i < function->updates.count; i++) {
    SVAR_TRY(svari_container_check_writable(
        SVARI_ITEM(function->updates, svari_function_update_t, i)->told.variable->container));
  }
  return SVAR_OK;
}

// Every transaction is complete here. A failing commit aborts its own; the rest are aborted with it.
static svar_ret_t
end_stores(svar_function_t *function, svar_ret_t ret)
{
  for (size_t i = 0; i < function->stores.count; i++) {
    svari_function_store_t *store = SVARI_ITEM(function->stores, svari_function_store_t, i);
    if (store->transaction != NULL && ret == SVAR_OK) {
      ret = svar_transaction_commit(store->transaction, NULL);
    } else {
      svar_transaction_abort(store->transaction);
    }
    store->transaction = NULL;
    svar_snapshot_end(&store->snapshot);
  }
  return ret;
}

// --- steps ----------------------------------------------------------------------------------------

svar_ret_t
svar_results_room(svar_results_t *results, size_t index, const int64_t *shape, DLTensor *out_room)
{
  SVAR_REQUIRE(results != NULL && out_room != NULL);
  SVAR_REQUIRE(index < results->step->apply->operation->result_count);
  svar_function_t *function = results->function;
  svari_slot_t *slot =
      SVARI_ITEM(function->slots, svari_slot_t, results->step->first_result + index);
  const svar_type_t *type = &slot->type;
  SVAR_REQUIRE(shape != NULL || type->ndim == 0);
  for (int32_t axis = 0; axis < type->ndim; axis++) {
    if ((type->broadcastable >> axis & 1) != 0 && shape[axis] != 1) {
      return svar_fail(SVAR_ERR_VALUE, "axis %d of result %zu is broadcastable, its extent is %lld",
                       axis, index, (long long)shape[axis]);
    }
  }
  if (slot->update != SVARI_NOWHERE) {
    const svari_function_store_t *store =
        SVARI_ITEM(function->stores, svari_function_store_t, slot->store);
    svar_variable_t *target =
        SVARI_ITEM(function->updates, svari_function_update_t, slot->update)->told.variable;
    SVAR_TRY(svar_transaction_loan(store->transaction, target,
                                   type->ndim > 0 ? shape : slot->value.shape, false,
                                   &slot->value));
  } else {
    uint64_t bytes;
    SVAR_TRY(svar_shape_bytes(type->dtype, type->ndim, shape, &bytes));
    SVAR_TRY(grow(&slot->buffer, bytes));
    fill_value(&slot->value, type->dtype, type->ndim, shape, slot->buffer.memory);
  }
  slot->is_filled = true;
  *out_room = slot->value.tensor;
  return SVAR_OK;
}

static void
need(svar_function_t *function, size_t slot)
{
  size_t step = SVARI_ITEM(function->slots, svari_slot_t, slot)->step;
  if (step != SVARI_NOWHERE) {
    SVARI_ITEM(function->steps, svari_step_t, step)->is_needed = true;
  }
}

static void
mark_needed(svar_function_t *function, const size_t *which, size_t count)
{
  for (size_t i = 0; i < function->steps.count; i++) {
    SVARI_ITEM(function->steps, svari_step_t, i)->is_needed = false;
  }
  for (size_t i = 0; i < count; i++) {
    size_t output = which != NULL ? which[i] : i;
    need(function, SVARI_ITEM(function->outputs, svari_function_output_t, output)->slot);
  }
  for (size_t i = 0; i < function->updates.count; i++) {
    need(function, SVARI_ITEM(function->updates, svari_function_update_t, i)->slot);
  }
  for (size_t i = function->steps.count; i > 0; i--) {
    const svari_step_t *step = SVARI_ITEM(function->steps, svari_step_t, i - 1);
    for (size_t k = 0; k < step->apply->operand_count && step->is_needed; k++) {
      need(function, step->operands[k]);
    }
  }
}

static svar_ret_t
run_step(svar_function_t *function, const svari_step_t *step)
{
  const svari_apply_t *apply = step->apply;
  const svari_operation_t *operation = apply->operation;
  for (size_t i = 0; i < apply->operand_count; i++) {
    step->tensors[i] = SVARI_ITEM(function->slots, svari_slot_t, step->operands[i])->value.tensor;
  }
  for (size_t i = 0; i < operation->result_count; i++) {
    SVARI_ITEM(function->slots, svari_slot_t, step->first_result + i)->is_filled = false;
  }
  svar_results_t results = {function, step};
  SVAR_TRY(operation->told.compute(operation->told.context, step->tensors, apply->operand_count,
                                   &results));
  for (size_t i = 0; i < operation->result_count; i++) {
    const svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, step->first_result + i);
    if (!slot->is_filled) {
      return svar_fail(SVAR_ERR_STATE, "it asked for no room for result %zu", i);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
run_steps(svar_function_t *function)
{
  for (size_t i = 0; i < function->steps.count; i++) {
    const svari_step_t *step = SVARI_ITEM(function->steps, svari_step_t, i);
    svar_ret_t ret = step->is_needed ? run_step(function, step) : SVAR_OK;
    if (ret != SVAR_OK) {
      svar_fail_context("operation '%s'", step->apply->operation->told.name);
      return ret;
    }
  }
  return SVAR_OK;
}

// --- updates and outputs --------------------------------------------------------------------------

static svar_ret_t
stage_update(svar_function_t *function, size_t index)
{
  const svari_function_update_t *update =
      SVARI_ITEM(function->updates, svari_function_update_t, index);
  const svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, update->slot);
  svar_transaction_t *transaction =
      SVARI_ITEM(function->stores, svari_function_store_t, update->store)->transaction;
  if (slot->update == index) {
    return SVAR_OK; // computed there
  }
  if (update->is_move && !slot->is_filled) { // an argument is no variable's value
    return svar_transaction_assign(transaction, update->told.variable, slot->variable);
  }
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(
      svar_transaction_loan(transaction, update->told.variable, slot->value.shape, false, &hole));
  return svari_container_fill(update->told.variable->container, &hole, &slot->value.tensor);
}

static svar_ret_t
stage_updates(svar_function_t *function)
{
  for (size_t i = 0; i < function->updates.count; i++) {
    SVAR_TRY(stage_update(function, i));
  }
  return SVAR_OK;
}

static svar_ret_t
write_output(svar_function_t *function, svari_function_output_t *output)
{
  const svari_slot_t *slot = SVARI_ITEM(function->slots, svari_slot_t, output->slot);
  const DLTensor *tensor = &slot->value.tensor;
  uint64_t bytes = svar_value_bytes(&slot->value);
  svar_value_t *value = &output->value;
  void *data = tensor->data;
  *value = (svar_value_t){.is_alias = output->told.borrow == SVAR_BORROW};
  value->internal.allocator = svar_allocator_default();
  if (!value->is_alias) {
    SVAR_TRY(svari_expression_allocate(bytes, "a result", &data));
  } else if (slot->step == SVARI_NOWHERE) {
    SVAR_TRY(grow(&output->buffer, bytes)); // what is not the function's own may end with the call
    data = output->buffer.memory;
  }
  if (bytes > 0 && data != tensor->data) {
    memcpy(data, tensor->data, bytes);
  }
  fill_value(value, tensor->dtype, tensor->ndim, tensor->shape, data);
  return SVAR_OK;
}

static svar_ret_t
write_outputs(svar_function_t *function, const size_t *which, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    svari_function_output_t *output =
        SVARI_ITEM(function->outputs, svari_function_output_t, which != NULL ? which[i] : i);
    SVAR_TRY(write_output(function, output));
  }
  return SVAR_OK;
}

static void
hand_over(svar_function_t *function, const size_t *which, svar_value_t *results, size_t count,
          bool is_success)
{
  for (size_t i = 0; i < count; i++) {
    svari_function_output_t *output =
        SVARI_ITEM(function->outputs, svari_function_output_t, which != NULL ? which[i] : i);
    if (is_success) {
      results[i] = output->value;
      results[i].tensor.shape = results[i].shape;
    } else {
      svar_value_release(&output->value);
    }
    output->value = (svar_value_t)SVAR_VALUE_INIT;
  }
}

static svar_ret_t
prepare(svar_function_t *function, const svar_source_t *arguments, size_t argument_count,
        const size_t *which, size_t result_count)
{
  SVAR_TRY(bind_arguments(function, arguments, argument_count));
  SVAR_TRY(check_targets(function));
  SVAR_TRY(begin_stores(function));
  SVAR_TRY(read_leaves(function));
  mark_needed(function, which, result_count);
  SVAR_TRY(run_steps(function));
  SVAR_TRY(stage_updates(function));
  return write_outputs(function, which, result_count);
}

static svar_ret_t
check_which(const svar_function_t *function, const size_t *which, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    if (which[i] >= function->outputs.count) {
      return svar_fail(SVAR_ERR_INDEX, "there is no output %zu: the function has %zu", which[i],
                       function->outputs.count);
    }
    for (size_t k = 0; k < i; k++) {
      SVAR_REQUIRE(which[k] != which[i]);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
call(svar_function_t *function, const svar_source_t *arguments, size_t argument_count,
     const size_t *which, svar_value_t *results, size_t result_count)
{
  SVAR_REQUIRE(arguments != NULL || argument_count == 0);
  SVAR_REQUIRE(results != NULL || result_count == 0);
  // Acquire pairs with the release below: the next caller's thread sees what the last one left.
  if (atomic_exchange_explicit(&function->is_busy, true, memory_order_acquire)) {
    return svar_fail(SVAR_ERR_STATE,
                     "another call of this function runs; svar_function_copy() makes one "
                     "for each thread");
  }
  svar_ret_t ret = prepare(function, arguments, argument_count, which, result_count);
  ret = end_stores(function, ret);
  hand_over(function, which, results, result_count, ret == SVAR_OK);
  atomic_store_explicit(&function->is_busy, false, memory_order_release);
  return ret;
}

svar_ret_t
svar_function_call(svar_function_t *function, const svar_source_t *arguments, size_t argument_count,
                   svar_value_t *results, size_t result_count)
{
  SVAR_REQUIRE(function != NULL && result_count == function->outputs.count);
  return call(function, arguments, argument_count, NULL, results, result_count);
}

svar_ret_t
svar_function_call_some(svar_function_t *function, const svar_source_t *arguments,
                        size_t argument_count, const size_t *which, svar_value_t *results,
                        size_t result_count)
{
  SVAR_REQUIRE(function != NULL && (which != NULL || result_count == 0));
  SVAR_TRY(check_which(function, which, result_count));
  return call(function, arguments, argument_count, which, results, result_count);
}
