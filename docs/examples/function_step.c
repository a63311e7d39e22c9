/* A step as a function: a running mean of noisy numbers, in a store that other processes read.
 *
 *   function_step [steps]
 *
 * The mean and the state of the noise are shared variables of one store, so each call draws a number, moves
 * the mean, and commits both as one version: a program that takes over goes on with the very sequence. */
#include <shared_variable/shared_variable.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What an error sentence says is all that there is to say. */
#define TRY(call)                                                                                  \
  do {                                                                                             \
    if ((call) != SVAR_OK) {                                                                       \
      fprintf(stderr, "%s\n", svar_error_message());                                               \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

/* mean + (number - mean) / 16, computed where readers will find it. */
static svar_ret_t
move_mean(void *context, const DLTensor *operands, size_t operand_count, svar_results_t *results)
{
  (void)context;
  (void)operand_count;
  double mean = *(const double *)operands[0].data;
  double number = *(const double *)operands[1].data;
  DLTensor next;
  SVAR_TRY(svar_results_room(results, 0, NULL, &next));
  *(double *)next.data = mean + (number - mean) / 16;
  return SVAR_OK;
}

/* The one that an earlier run left, if it was killed. */
static svar_variable_t *
make_mean(svar_store_t *store)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_variable_t *mean;
  if (svar_store_find(store, "mean", &mean) == SVAR_OK) {
    return mean;
  }
  options.store = store;
  options.name = "mean";
  TRY(svar_shared(svar_float(0), &options, &mean));
  return mean;
}

static svar_random_streams_t *
make_streams(svar_store_t *store)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_random_streams_t *streams;
  options.store = store;
  options.name = "noise"; /* sites are "noise.0", "noise.1", ... */
  TRY(svar_random_streams_create(234, &options, &streams));
  return streams;
}

/* mean <- moved mean; the noise's state follows by its default update. Gives the moved mean. */
static svar_function_t *
make_step(svar_variable_t *mean, svar_random_streams_t *streams)
{
  const svar_random_law_t law = svar_random_gaussian(1, 0.5);
  const svar_operation_t operation = {sizeof operation, "move_mean", move_mean, NULL, NULL};
  const svar_type_t type = svar_variable_type(mean);
  svar_expression_t *old, *noise, *next;
  TRY(svar_expression_of(mean, &old));
  TRY(svar_random_streams_draw(streams, &law, SVAR_FLOAT64, 0, NULL, NULL, &noise));
  svar_expression_t *const operands[] = {old, noise};
  TRY(svar_expression_apply(&operation, operands, 2, &type, 1, &next));

  const svar_function_output_t output = {next, SVAR_BORROW};
  const svar_function_update_t update = {mean, next};
  svar_function_options_t options = SVAR_FUNCTION_OPTIONS_INIT;
  options.outputs = &output;
  options.output_count = 1;
  options.updates = &update;
  options.update_count = 1;
  svar_function_t *step;
  TRY(svar_function_create(&options, &step));
  svar_expression_unref(old);
  svar_expression_unref(noise);
  svar_expression_unref(next);
  return step;
}

int
main(int argc, char **argv)
{
  long steps = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
  svar_store_t *store;
  TRY(svar_store_create("/example/mean", NULL, &store));
  svar_variable_t *mean = make_mean(store);
  svar_random_streams_t *streams = make_streams(store);
  svar_function_t *step = make_step(mean, streams);

  svar_value_t result = SVAR_VALUE_INIT; /* borrowed: the function's, until its next call */
  for (long i = 0; i < steps; i++) {
    TRY(svar_function_call(step, NULL, 0, &result, 1));
  }
  if (steps > 0) {
    printf("mean %.3f in version %" PRIu64 "\n", *(const double *)result.tensor.data,
           svar_store_version(store));
  }

  svar_function_destroy(step);
  svar_random_streams_destroy(streams);
  svar_variable_unref(mean);
  TRY(svar_store_remove(store));
  svar_store_close(store);
  return 0;
}
