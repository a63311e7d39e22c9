#include "cartpole_generation.h"

#include <string.h>

static int64_t
part_size(const svari_cartpole_spec_t *spec)
{
  return spec->shape[0] * (spec->ndim == 2 ? spec->shape[1] : 1);
}

// The network's parts as tensors over a row of parameters, where they follow one another.
static void
part_tensors(float *row, DLTensor out_parts[SVARI_CARTPOLE_PART_COUNT])
{
  for (int i = 0; i < SVARI_CARTPOLE_PART_COUNT; i++) {
    const svari_cartpole_spec_t *spec = &svari_cartpole_specs[i];
    out_parts[i] = svar_tensor(spec->dtype, row, spec->ndim, spec->shape);
    row += part_size(spec);
  }
}

// What a variable begins with: no generation, of zeros, without candidates.
static svar_source_t
first_value(const svari_cartpole_spec_t *spec, DLTensor *tensor)
{
  static float zeros[SVARI_CARTPOLE_PARAMETERS];
  static int64_t none = -1;
  void *data = svar_dtype_equal(spec->dtype, SVAR_INT64) ? (void *)&none : (void *)zeros;
  *tensor = svar_tensor(spec->dtype, data, spec->ndim, spec->shape);
  return svar_array(tensor);
}

// Each is found, or made with the transaction.
static svar_ret_t
find_variables(svari_cartpole_generation_t *generation, svar_transaction_t *change)
{
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    const svari_cartpole_spec_t *spec = &svari_cartpole_specs[i];
    svar_variable_t **variable = &generation->variables[i];
    svar_ret_t ret = svar_store_find(generation->store, spec->name, variable);
    if (ret == SVAR_ERR_NOT_FOUND) {
      svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
      options.name = spec->name;
      options.store = generation->store;
      options.transaction = change;
      DLTensor tensor;
      ret = svar_shared(first_value(spec, &tensor), &options, variable);
    }
    SVAR_TRY(ret);
  }
  return SVAR_OK;
}

static svar_ret_t
prepare_variables(svari_cartpole_generation_t *generation)
{
  svar_transaction_t *change = NULL;
  SVAR_TRY(svar_transaction_begin(generation->store, &change));
  svar_ret_t ret = find_variables(generation, change);
  if (ret != SVAR_OK) {
    svar_transaction_abort(change);
    return ret;
  }
  return svar_transaction_commit(change, NULL); // no version, if all were there
}

// Goes on with what an earlier learner left. Nobody else commits, so that one read after the other is of
// one version.
static svar_ret_t
resume(svari_cartpole_generation_t *generation)
{
  DLTensor parts[SVARI_CARTPOLE_PART_COUNT];
  part_tensors(generation->search->mean, parts);
  for (int i = 0; i < SVARI_CARTPOLE_PART_COUNT; i++) {
    SVAR_TRY(svar_get_value_into(generation->variables[i], &parts[i], NULL));
  }
  DLTensor number = svar_tensor(SVAR_INT64, &generation->number, 0, NULL);
  return svar_get_value_into(generation->variables[SVARI_CARTPOLE_VARIABLE_GENERATION], &number,
                             NULL);
}

// --- the next generation, as a function of the search and of a seed --------------------------------

static svar_ret_t
count_on(void *context, const DLTensor *operands, size_t operand_count, svar_results_t *results)
{
  (void)context;
  (void)operand_count;
  DLTensor next;
  SVAR_TRY(svar_results_room(results, 0, NULL, &next));
  *(int64_t *)next.data = *(const int64_t *)operands[0].data + 1;
  return SVAR_OK;
}

// The network and, behind its parts, candidates around it: drawn where the readers will find them.
static svar_ret_t
draw(void *context, const DLTensor *operands, size_t operand_count, svar_results_t *results)
{
  (void)operands;
  (void)operand_count;
  svari_cartpole_search_t *search = context;
  const int64_t shape[] = {search->population, SVARI_CARTPOLE_PARAMETERS};
  DLTensor parts[SVARI_CARTPOLE_PART_COUNT];
  DLTensor room;
  part_tensors(search->mean, parts);
  for (size_t i = 0; i < SVARI_CARTPOLE_PART_COUNT; i++) {
    SVAR_TRY(svar_results_room(results, i, parts[i].shape, &room));
    memcpy(room.data, parts[i].data, (size_t)part_size(&svari_cartpole_specs[i]) * sizeof(float));
  }
  SVAR_TRY(svar_results_room(results, SVARI_CARTPOLE_VARIABLE_POPULATION, shape, &room));
  svari_cartpole_search_draw(search, room.data); // last, since it moves the random numbers on
  return SVAR_OK;
}

enum { DRAWN_COUNT = SVARI_CARTPOLE_VARIABLE_POPULATION + 1 };

// What each variable becomes; all of them are to be given back, whatever this returns.
static svar_ret_t
make_values(const svari_cartpole_generation_t *generation,
            svar_expression_t *values[SVARI_CARTPOLE_VARIABLE_COUNT])
{
  const svar_operation_t drawing = {sizeof drawing, "draw", draw, generation->search, NULL};
  const svar_operation_t counting = {sizeof counting, "count_on", count_on, NULL, NULL};
  svar_type_t types[SVARI_CARTPOLE_VARIABLE_COUNT];
  svar_expression_t *number;
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    types[i] = svar_tensor_type(svari_cartpole_specs[i].dtype, svari_cartpole_specs[i].ndim, 0);
  }
  SVAR_TRY(svar_expression_apply(&drawing, NULL, 0, types, DRAWN_COUNT, values));
  SVAR_TRY(svar_expression_input("seed", types[SVARI_CARTPOLE_VARIABLE_SEED],
                                 &values[SVARI_CARTPOLE_VARIABLE_SEED]));
  SVAR_TRY(svar_expression_of(generation->variables[SVARI_CARTPOLE_VARIABLE_GENERATION], &number));
  svar_ret_t ret =
      svar_expression_apply(&counting, &number, 1, &types[SVARI_CARTPOLE_VARIABLE_GENERATION], 1,
                            &values[SVARI_CARTPOLE_VARIABLE_GENERATION]);
  svar_expression_unref(number);
  return ret;
}

static svar_ret_t
compile(svari_cartpole_generation_t *generation, svar_expression_t *const *values)
{
  const svar_function_input_t seed = {.expression = values[SVARI_CARTPOLE_VARIABLE_SEED]};
  svar_function_update_t updates[SVARI_CARTPOLE_VARIABLE_COUNT];
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    updates[i] = (svar_function_update_t){generation->variables[i], values[i]};
  }
  svar_function_options_t options = SVAR_FUNCTION_OPTIONS_INIT;
  options.inputs = &seed;
  options.input_count = 1;
  options.updates = updates;
  options.update_count = SVARI_CARTPOLE_VARIABLE_COUNT;
  return svar_function_create(&options, &generation->next);
}

static svar_ret_t
make_next(svari_cartpole_generation_t *generation)
{
  svar_expression_t *values[SVARI_CARTPOLE_VARIABLE_COUNT] = {NULL};
  svar_ret_t ret = make_values(generation, values);
  if (ret == SVAR_OK) {
    ret = compile(generation, values);
  }
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    svar_expression_unref(values[i]);
  }
  return ret;
}

// --- the store's life ------------------------------------------------------------------------------

svar_ret_t
svari_cartpole_generation_open(svari_cartpole_generation_t *generation, const char *name,
                               svari_cartpole_search_t *search)
{
  *generation = (svari_cartpole_generation_t){.search = search, .number = -1};
  SVAR_TRY(svar_store_create(name, NULL, &generation->store));
  svar_ret_t ret;
  if ((ret = prepare_variables(generation)) != SVAR_OK || (ret = resume(generation)) != SVAR_OK ||
      (ret = make_next(generation)) != SVAR_OK) {
    svar_fail_context("resuming '%s', which does not hold a cart-pole policy", name);
    svari_cartpole_generation_close(generation, false);
  }
  return ret;
}

void
svari_cartpole_generation_close(svari_cartpole_generation_t *generation, bool remove)
{
  svar_function_destroy(generation->next);
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    svar_variable_unref(generation->variables[i]);
  }
  if (remove && generation->store != NULL) {
    svar_ret_t ignored = svar_store_remove(generation->store); // gone already, if it fails
    (void)ignored;
  }
  svar_store_close(generation->store);
  *generation = (svari_cartpole_generation_t){.number = -1};
}

svar_ret_t
svari_cartpole_generation_commit(svari_cartpole_generation_t *generation, uint64_t seed)
{
  svar_source_t argument = svar_scalar(SVAR_UINT64, &seed);
  SVAR_TRY(svar_function_call(generation->next, &argument, 1, NULL, 0));
  generation->version = svar_store_version(generation->store);
  generation->number++;
  generation->seed = seed;
  return SVAR_OK;
}
