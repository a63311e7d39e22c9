// soak::Stage: one stage of a pipeline. The first counts; every other one passes on what the stage before it holds.
// A value is many words that are all the same number, so that a torn read shows; a number never goes back, over
// the death of whoever held it, so that a stale one does.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shared_variable/component.h"
#include "shared_variable/shared_variable.h"

enum { WORDS = 4096 };

typedef struct stage {
  const svar_component_host_t *host;
  svar_store_t *input, *output;
  svar_variable_t *read, *written;
  uint64_t input_version;
  int64_t number; // that it holds
} stage_t;

static svar_ret_t
stage_create(const svar_component_host_t *host, void **out_self)
{
  stage_t *stage = calloc(1, sizeof(*stage));
  if (stage == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a stage");
  }
  stage->host = host;
  *out_self = stage;
  return SVAR_OK;
}

// --- configure -------------------------------------------------------------------------------------

static svar_ret_t
make_words(stage_t *stage)
{
  static int64_t zeros[WORDS];
  const int64_t shape[] = {WORDS};
  DLTensor tensor = svar_tensor(SVAR_INT64, zeros, 1, shape);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = "words";
  options.store = stage->output;
  return svar_shared(svar_array(&tensor), &options, &stage->written);
}

static svar_ret_t
resume(stage_t *stage)
{
  svar_value_t value = SVAR_VALUE_INIT;
  SVAR_TRY(svar_get_value(stage->written, SVAR_BORROW, &value));
  stage->number = *(const int64_t *)value.tensor.data;
  svar_value_release(&value);
  return SVAR_OK;
}

static svar_ret_t
hold_output(stage_t *stage)
{
  char name[SVAR_STORE_NAME_BYTES];
  SVAR_TRY(stage->host->resolve_name(stage->host, "~/out", name, sizeof(name)));
  SVAR_TRY(svar_store_create(name, NULL, &stage->output));
  svar_ret_t ret = svar_store_find(stage->output, "words", &stage->written);
  SVAR_TRY(ret == SVAR_ERR_NOT_FOUND ? make_words(stage) : ret);
  return resume(stage);
}

static svar_ret_t
wait_for_input(stage_t *stage, const char *name)
{
  const struct timespec pause = {.tv_nsec = 5000000};
  while (!stage->host->is_stopping(stage->host)) {
    if (svar_store_open(name, NULL, &stage->input) == SVAR_OK &&
        svar_store_find(stage->input, "words", &stage->read) == SVAR_OK) {
      return SVAR_OK;
    }
    svar_store_close(stage->input);
    stage->input = NULL;
    nanosleep(&pause, NULL);
  }
  return svar_fail(SVAR_ERR_STATE, "stopped while waiting for '%s'", name);
}

static svar_ret_t
prepare(stage_t *stage)
{
  svar_parameter_value_t input;
  SVAR_TRY(stage->host->parameter(stage->host, "input", &input));
  SVAR_TRY(hold_output(stage));
  return input.as.string[0] == '\0' ? SVAR_OK : wait_for_input(stage, input.as.string);
}

static svar_transition_result_t
stage_configure(void *self)
{
  return prepare(self) == SVAR_OK ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_FAILURE;
}

static svar_transition_result_t
stage_activate(void *self)
{
  stage_t *stage = self;
  stage->host->set_period(stage->host, 5000000);
  return SVAR_TRANSITION_SUCCESS;
}

// --- step ------------------------------------------------------------------------------------------

static svar_ret_t
check_words(const stage_t *stage, const int64_t *words)
{
  for (int i = 1; i < WORDS; i++) {
    if (words[i] != words[0]) {
      return svar_fail(SVAR_ERR_VALUE, "TORN: word 0 is %lld, word %d is %lld", (long long)words[0],
                       i, (long long)words[i]);
    }
  }
  return words[0] >= stage->number ? SVAR_OK
                                   : svar_fail(SVAR_ERR_VALUE, "STALE: %lld after %lld",
                                               (long long)words[0], (long long)stage->number);
}

// SVAR_EMPTY: there is nothing new.
static svar_ret_t
read_input(stage_t *stage, int64_t *out_number)
{
  svar_snapshot_t now;
  svar_value_t value = SVAR_VALUE_INIT;
  SVAR_TRY(svar_snapshot_begin(stage->input, &now));
  svar_ret_t ret = SVAR_EMPTY;
  if (now.version != stage->input_version &&
      (ret = svar_snapshot_get(&now, stage->read, &value)) == SVAR_OK &&
      (ret = check_words(stage, value.tensor.data)) == SVAR_OK) {
    stage->input_version = now.version;
    *out_number = *(const int64_t *)value.tensor.data;
  }
  svar_snapshot_end(&now);
  return ret;
}

static svar_ret_t
write_output(stage_t *stage, int64_t number)
{
  svar_transaction_t *change = NULL;
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(svar_transaction_begin(stage->output, &change));
  svar_ret_t ret = svar_transaction_loan(change, stage->written, NULL, false, &hole);
  if (ret != SVAR_OK) {
    svar_transaction_abort(change);
    return ret;
  }
  for (int i = 0; i < WORDS; i++) {
    ((int64_t *)hole.tensor.data)[i] = number;
  }
  SVAR_TRY(svar_transaction_commit(change, NULL));
  stage->number = number;
  return SVAR_OK;
}

static svar_step_result_t
stage_step(void *self, const svar_tick_t *tick)
{
  stage_t *stage = self;
  int64_t number = stage->number + 1;
  (void)tick;
  svar_ret_t ret = stage->input != NULL ? read_input(stage, &number) : SVAR_OK;
  if (ret == SVAR_OK) {
    ret = write_output(stage, number);
  }
  // Nothing new, the stage before it ended in order, readers that died keep every version: the next step.
  return ret == SVAR_OK || ret == SVAR_EMPTY || ret == SVAR_ERR_STALE || ret == SVAR_ERR_BUSY
             ? SVAR_STEP_CONTINUE
             : SVAR_STEP_FAILED;
}

// --- down ------------------------------------------------------------------------------------------

static svar_transition_result_t
stage_cleanup(void *self)
{
  stage_t *stage = self;
  svar_variable_unref(stage->read);
  svar_variable_unref(stage->written);
  svar_store_close(stage->input);
  bool is_removed = stage->output == NULL || svar_store_remove(stage->output) == SVAR_OK;
  svar_store_close(stage->output);
  *stage = (stage_t){.host = stage->host};
  return is_removed ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_ERROR;
}

static void
stage_destroy(void *self)
{
  (void)stage_cleanup(self);
  free(self);
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "input",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "The store of the stage before it; '': it is the first",
     .is_read_only = true},
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  static const svar_component_descriptor_t stage = {
      .abi_version = SVAR_COMPONENT_ABI_VERSION,
      .size_bytes = sizeof(svar_component_descriptor_t),
      .type_name = "soak::Stage",
      .parameters = parameters,
      .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
      .create = stage_create,
      .configure = stage_configure,
      .activate = stage_activate,
      .step = stage_step,
      .cleanup = stage_cleanup,
      .destroy = stage_destroy,
  };
  return index == 0 ? &stage : NULL;
}
