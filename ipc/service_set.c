#include "ipc/service_set.h"

#include <string.h>

#include "ipc/service_sparse.h"
#include "shared_variable/random.h"
#include "shared_variable/transaction.h"
#include "store/container.h"
#include "variable/filter.h"

typedef struct setting {
  svar_store_t *store;
  svar_transaction_t *transaction;
  svar_variable_t *variable;
  const svari_request_body_t *body;
  void *buffer;
} setting_t;

// --- values that are copied first ------------------------------------------------------------------

// The numbers with their elements, or the beginning of them, at data.
static svar_source_t
make_numbers(const svari_value_description_t *value, void *data)
{
  svar_source_t source = {
      .kind = (svar_source_kind_t)value->source_kind,
      .tensor = svar_tensor(value->dtype, data, value->ndim, value->shape),
  };
  if (source.kind != SVAR_SOURCE_ARRAY && value->ndim == 0) { // a number lies in the source itself
    memcpy(&source.bits, data, svar_dtype_bytes(value->dtype));
    source.tensor.data = NULL;
  }
  return source;
}

static svar_ret_t
set_sparse(const setting_t *setting, const svari_value_description_t *value, const void *data)
{
  svar_sparse_t matrix;
  SVAR_TRY(svari_sparse_unpack(data, value->size_bytes, &matrix));
  return svar_transaction_set(setting->transaction, setting->variable, svar_sparse_source(&matrix));
}

// data: the value's own bytes, which nobody else can change.
static svar_ret_t
set_from(const setting_t *setting, const svari_value_description_t *value, void *data)
{
  svar_source_t source;
  switch ((svar_source_kind_t)value->source_kind) {
  case SVAR_SOURCE_SPARSE:
    return set_sparse(setting, value, data);
  case SVAR_SOURCE_NONE:
    source = svar_none();
    break;
  case SVAR_SOURCE_RANDOM:
    source = svar_random_source(data);
    break;
  case SVAR_SOURCE_ARRAY:
  case SVAR_SOURCE_SCALAR:
  case SVAR_SOURCE_LITERAL:
  case SVAR_SOURCE_OBJECT: // which svari_request_value() refuses
    source = make_numbers(value, data);
    break;
  }
  return svar_transaction_set(setting->transaction, setting->variable, source);
}

static svar_ret_t
set_small(const setting_t *setting, const svari_value_description_t *value)
{
  SVAR_TRY(svari_request_read(setting->body, value->offset, setting->buffer, value->size_bytes));
  return set_from(setting, value, setting->buffer);
}

// What is longer than the buffer: literals, and whatever a sparse variable is offered. More than the store could
// ever hold is not worth the memory.
static svar_ret_t
set_copied(const setting_t *setting, const svari_value_description_t *value)
{
  const svar_allocator_t *allocator = &setting->store->allocator;
  if (value->source_kind == SVAR_SOURCE_LITERAL && value->size_bytes > SVARI_SET_LITERAL_BYTES) {
    return svar_fail(
        SVAR_ERR_VALUE,
        "variable '%s': a list of literals of %llu bytes; more than %d travel as an array",
        value->name, (unsigned long long)value->size_bytes, SVARI_SET_LITERAL_BYTES);
  }
  if (value->size_bytes > setting->store->region->space.capacity_bytes) {
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "variable '%s': a value of %llu bytes; store '%s' has room for %llu",
                     value->name, (unsigned long long)value->size_bytes, setting->store->name,
                     (unsigned long long)setting->store->region->space.capacity_bytes);
  }
  void *copy = allocator->allocate(value->size_bytes, SVARI_SET_ALIGNMENT, allocator->state);
  if (copy == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "variable '%s': the holder has no memory for a value of "
                     "%llu bytes",
                     value->name, (unsigned long long)value->size_bytes);
  }
  svar_ret_t ret = svari_request_read(setting->body, value->offset, copy, value->size_bytes);
  if (ret == SVAR_OK) {
    ret = set_from(setting, value, copy);
  }
  allocator->deallocate(copy, allocator->state);
  return ret;
}

// --- arrays that are copied to where they belong ---------------------------------------------------

// Elements of another dtype are converted run by run: they lie one behind the other on both sides.
static svar_ret_t
convert_runs(const setting_t *setting, const svari_value_description_t *value,
             const svari_filter_plan_t *plan, uint8_t *destination)
{
  const uint64_t from_bytes = svar_dtype_bytes(plan->from);
  const uint64_t count = value->size_bytes / from_bytes;
  const uint64_t run = SVARI_SET_BUFFER_BYTES / from_bytes;
  for (uint64_t at = 0; at < count; at += run) {
    int64_t elements = (int64_t)(count - at < run ? count - at : run);
    SVAR_TRY(svari_request_read(setting->body, value->offset + at * from_bytes, setting->buffer,
                                (uint64_t)elements * from_bytes));
    DLTensor tensor = svar_tensor(plan->from, setting->buffer, 1, &elements);
    svari_filter_plan_t part = {
        .from = plan->from,
        .to = plan->to,
        .ndim = 1,
        .shape = {elements},
        .size_bytes = (uint64_t)elements * svar_dtype_bytes(plan->to),
    };
    svar_source_t source = svar_array(&tensor);
    svari_filter_write(&part, &source, destination + at * svar_dtype_bytes(plan->to));
  }
  return SVAR_OK;
}

// As svar_transaction_set() does it, but what would be read from memory is read from the body.
static svar_ret_t
set_large(const setting_t *setting, const svari_value_description_t *value)
{
  const svari_container_t *container = setting->variable->container;
  svar_source_t source =
      make_numbers(value, setting->buffer); // the filter reads no array's elements
  svari_filter_plan_t plan;
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(svari_filter_check(&container->type, container->strict, container->allow_downcast,
                              container->name, &source, &plan));
  SVAR_TRY(
      svar_transaction_loan(setting->transaction, setting->variable, plan.shape, false, &hole));
  return svar_dtype_equal(plan.from, plan.to)
             ? svari_request_read(setting->body, value->offset, hole.tensor.data, plan.size_bytes)
             : convert_runs(setting, value, &plan, hole.tensor.data);
}

// --- each value ------------------------------------------------------------------------------------

// Only arrays of host memory are written where they belong: the host follows no address on a GPU.
static bool
is_read_in_place(const setting_t *setting, const svari_value_description_t *value)
{
  return value->source_kind == SVAR_SOURCE_ARRAY &&
         svar_variable_type(setting->variable).kind != SVAR_KIND_SPARSE &&
         svar_variable_backing(setting->variable) != SVAR_BACKING_GPU;
}

static svar_ret_t
set_value(const setting_t *setting, const svari_value_description_t *value)
{
  if (value->size_bytes <= SVARI_SET_BUFFER_BYTES) {
    return set_small(setting, value);
  }
  return is_read_in_place(setting, value) ? set_large(setting, value) : set_copied(setting, value);
}

static svar_ret_t
set_each(svar_store_t *store, const svari_service_rules_t *rules, const svari_request_t *request,
         setting_t *setting)
{
  svari_value_description_t value;
  for (uint32_t i = 0; i < request->value_count; i++) {
    SVAR_TRY(svari_request_value(request, setting->body, i, &value));
    SVAR_TRY(svari_rules_check_variable(rules, value.name, svar_store_name(store)));
    SVAR_TRY(svar_store_find(store, value.name, &setting->variable));
    svari_store_take_own_rules(setting->variable);
    svar_ret_t ret = set_value(setting, &value);
    svar_variable_unref(setting->variable); // the transaction keeps what it needs
    SVAR_TRY(ret);
  }
  return SVAR_OK;
}

svar_ret_t
svari_service_set(svar_store_t *store, const svari_service_rules_t *rules,
                  const svari_request_t *request, const svari_request_body_t *body, void *buffer,
                  uint64_t *out_version)
{
  setting_t setting = {.store = store, .body = body, .buffer = buffer};
  SVAR_TRY(svar_transaction_begin(store, &setting.transaction));
  svar_ret_t ret = set_each(store, rules, request, &setting);
  if (ret != SVAR_OK) {
    svar_transaction_abort(setting.transaction);
    return ret;
  }
  return svar_transaction_commit(setting.transaction, out_version);
}
