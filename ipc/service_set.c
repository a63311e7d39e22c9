#include "ipc/service_set.h"

#include <string.h>

#include "shared_variable/transaction.h"
#include "shared_variable/variable.h"
#include "variable/container.h"
#include "variable/filter.h"

typedef struct setting {
  svar_transaction_t *transaction;
  svar_variable_t *variable;
  const svari_request_body_t *body;
  void *buffer;
} setting_t;

// The value with its elements, or the beginning of them, at data.
static svar_source_t
make_source(const svari_value_description_t *value, void *data)
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
set_small(const setting_t *setting, const svari_value_description_t *value)
{
  SVAR_TRY(svari_request_read(setting->body, value->offset, setting->buffer, value->size_bytes));
  return svar_transaction_set(setting->transaction, setting->variable,
                              make_source(value, setting->buffer));
}

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
      make_source(value, setting->buffer); // the filter reads no array's elements
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

static svar_ret_t
set_value(const setting_t *setting, const svari_value_description_t *value)
{
  if (value->size_bytes <= SVARI_SET_BUFFER_BYTES) {
    return set_small(setting, value);
  }
  if (value->source_kind == SVAR_SOURCE_ARRAY) {
    return set_large(setting, value);
  }
  return svar_fail(
      SVAR_ERR_VALUE,
      "variable '%s': a list of literals of %llu bytes; more than %d travel as an array",
      value->name, (unsigned long long)value->size_bytes, SVARI_SET_BUFFER_BYTES);
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
  setting_t setting = {.body = body, .buffer = buffer};
  SVAR_TRY(svar_transaction_begin(store, &setting.transaction));
  svar_ret_t ret = set_each(store, rules, request, &setting);
  if (ret != SVAR_OK) {
    svar_transaction_abort(setting.transaction);
    return ret;
  }
  return svar_transaction_commit(setting.transaction, out_version);
}
