// stranger::Counter: holds a store with a number and its square, which change together.
#include <stdlib.h>

#include <shared_variable/component.h>
#include <shared_variable/shared_variable.h>

typedef struct counter {
  const svar_component_host_t *host;
  svar_store_t *store;
  svar_variable_t *number, *square;
  int64_t count;
} counter_t;

static svar_ret_t
counter_create(const svar_component_host_t *host, void **out_self)
{
  counter_t *counter = calloc(1, sizeof(*counter));
  if (counter == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a counter");
  }
  counter->host = host;
  *out_self = counter;
  return SVAR_OK;
}

static svar_ret_t
hold_variable(counter_t *counter, const char *name, svar_variable_t **out_variable)
{
  const int64_t zero = 0;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = counter->store;
  return svar_shared(svar_scalar(SVAR_INT64, &zero), &options, out_variable);
}

static svar_ret_t
hold_store(counter_t *counter)
{
  svar_parameter_value_t store;
  char name[SVAR_STORE_NAME_BYTES];
  SVAR_TRY(counter->host->parameter(counter->host, "store", &store));
  SVAR_TRY(counter->host->resolve_name(counter->host, store.as.string, name, sizeof(name)));
  SVAR_TRY(svar_store_create(name, NULL, &counter->store));
  SVAR_TRY(hold_variable(counter, "number", &counter->number));
  return hold_variable(counter, "square", &counter->square);
}

static svar_transition_result_t
counter_configure(void *self)
{
  return hold_store(self) == SVAR_OK ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_FAILURE;
}

static svar_transition_result_t
counter_activate(void *self)
{
  counter_t *counter = self;
  svar_parameter_value_t rate;
  if (counter->host->parameter(counter->host, "rate", &rate) != SVAR_OK) {
    return SVAR_TRANSITION_FAILURE;
  }
  counter->host->set_period(counter->host, (int64_t)(1e9 / rate.as.real));
  return SVAR_TRANSITION_SUCCESS;
}

static svar_ret_t
count_on(counter_t *counter)
{
  const int64_t number = counter->count + 1;
  const int64_t square = number * number;
  svar_transaction_t *change = NULL;
  SVAR_TRY(svar_transaction_begin(counter->store, &change));
  svar_ret_t ret;
  if ((ret = svar_transaction_set(change, counter->number, svar_scalar(SVAR_INT64, &number))) !=
          SVAR_OK ||
      (ret = svar_transaction_set(change, counter->square, svar_scalar(SVAR_INT64, &square))) !=
          SVAR_OK) {
    svar_transaction_abort(change);
    return ret;
  }
  SVAR_TRY(svar_transaction_commit(change, NULL));
  counter->count = number;
  return SVAR_OK;
}

static svar_step_result_t
counter_step(void *self, const svar_tick_t *tick)
{
  (void)tick;
  return count_on(self) == SVAR_OK ? SVAR_STEP_CONTINUE : SVAR_STEP_FAILED;
}

static svar_transition_result_t
counter_cleanup(void *self)
{
  counter_t *counter = self;
  svar_variable_unref(counter->number);
  svar_variable_unref(counter->square);
  if (counter->store != NULL && svar_store_remove(counter->store) != SVAR_OK) {
    return SVAR_TRANSITION_ERROR;
  }
  svar_store_close(counter->store);
  counter->number = counter->square = NULL;
  counter->store = NULL;
  return SVAR_TRANSITION_SUCCESS;
}

static void
counter_destroy(void *self)
{
  (void)counter_cleanup(self);
  free(self);
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "store",
     .default_value = {SVAR_PARAMETER_STRING, {.string = "count"}},
     .description = "The store that holds the number and its square",
     .is_read_only = true},
    {.name = "rate",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 1000}},
     .description = "Numbers a second",
     .minimum = 0.1,
     .maximum = 1e5},
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  static const svar_component_descriptor_t counter = {
      .abi_version = SVAR_COMPONENT_ABI_VERSION,
      .size_bytes = sizeof(svar_component_descriptor_t),
      .type_name = "stranger::Counter",
      .description = "Holds a number and its square, and counts",
      .parameters = parameters,
      .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
      .create = counter_create,
      .configure = counter_configure,
      .activate = counter_activate,
      .step = counter_step,
      .cleanup = counter_cleanup,
      .destroy = counter_destroy,
  };
  return index == 0 ? &counter : NULL;
}
