#include "cartpole_generation.h"

#include <string.h>

// The network's parts as tensors over a row of parameters, where they follow one another.
static void
part_tensors(float *row, DLTensor out_parts[SVARI_CARTPOLE_PART_COUNT])
{
  for (int i = 0; i < SVARI_CARTPOLE_PART_COUNT; i++) {
    const svari_cartpole_spec_t *spec = &svari_cartpole_specs[i];
    out_parts[i] = svar_tensor(spec->dtype, row, spec->ndim, spec->shape);
    row += spec->shape[0] * (spec->ndim == 2 ? spec->shape[1] : 1);
  }
}

// SVAR_OK, too, if the store has no such variable yet.
static svar_ret_t
find_variables(svari_cartpole_generation_t *generation)
{
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    svar_ret_t ret =
        svar_store_find(generation->store, svari_cartpole_specs[i].name, &generation->variables[i]);
    if (ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) {
      return ret;
    }
  }
  return SVAR_OK;
}

// Goes on with what an earlier learner left, if that is whole. Nobody else commits, so that one read
// after the other is of one version.
static svar_ret_t
resume(svari_cartpole_generation_t *generation, float *mean)
{
  SVAR_TRY(find_variables(generation));
  float row[SVARI_CARTPOLE_PARAMETERS];
  DLTensor parts[SVARI_CARTPOLE_PART_COUNT];
  part_tensors(row, parts);
  for (int i = 0; i < SVARI_CARTPOLE_PART_COUNT; i++) {
    if (generation->variables[i] == NULL) {
      return SVAR_OK;
    }
    SVAR_TRY(svar_get_value_into(generation->variables[i], &parts[i], NULL));
  }
  svar_variable_t *number = generation->variables[SVARI_CARTPOLE_VARIABLE_GENERATION];
  if (number != NULL) {
    DLTensor scalar = svar_tensor(SVAR_INT64, &generation->number, 0, NULL);
    SVAR_TRY(svar_get_value_into(number, &scalar, NULL));
    memcpy(mean, row, sizeof row);
  }
  return SVAR_OK;
}

svar_ret_t
svari_cartpole_generation_open(svari_cartpole_generation_t *generation, const char *name,
                               float *mean)
{
  *generation = (svari_cartpole_generation_t){.number = -1};
  SVAR_TRY(svar_store_create(name, NULL, &generation->store));
  svar_ret_t ret = resume(generation, mean);
  if (ret != SVAR_OK) {
    svar_fail_context("resuming '%s', which does not hold a cart-pole policy", name);
    svari_cartpole_generation_close(generation, false);
  }
  return ret;
}

void
svari_cartpole_generation_close(svari_cartpole_generation_t *generation, bool remove)
{
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

// Gives a variable its next value, and makes it where there is none.
static svar_ret_t
put(svari_cartpole_generation_t *generation, svar_transaction_t *change,
    svari_cartpole_variable_t which, svar_source_t source)
{
  svar_variable_t **variable = &generation->variables[which];
  if (*variable != NULL) {
    return svar_transaction_set(change, *variable, source);
  }
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = svari_cartpole_specs[which].name;
  options.store = generation->store;
  options.transaction = change;
  return svar_shared(source, &options, variable);
}

// The candidates are drawn where the readers will find them.
static svar_ret_t
put_population(svari_cartpole_generation_t *generation, svar_transaction_t *change,
               svari_cartpole_search_t *search)
{
  const int64_t shape[] = {search->population, SVARI_CARTPOLE_PARAMETERS};
  svar_variable_t **variable = &generation->variables[SVARI_CARTPOLE_VARIABLE_POPULATION];
  if (*variable == NULL) { // any bytes of that shape
    DLTensor tensor = svar_tensor(SVAR_FLOAT32, search->noise, 2, shape);
    SVAR_TRY(put(generation, change, SVARI_CARTPOLE_VARIABLE_POPULATION, svar_array(&tensor)));
  }
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(svar_transaction_loan(change, *variable, shape, false, &hole));
  svari_cartpole_search_draw(search, hole.tensor.data);
  return SVAR_OK;
}

static svar_ret_t
put_generation(svari_cartpole_generation_t *generation, svar_transaction_t *change,
               svari_cartpole_search_t *search, int64_t number, uint64_t seed)
{
  DLTensor parts[SVARI_CARTPOLE_PART_COUNT];
  part_tensors(search->mean, parts);
  for (int i = 0; i < SVARI_CARTPOLE_PART_COUNT; i++) {
    SVAR_TRY(put(generation, change, (svari_cartpole_variable_t)i, svar_array(&parts[i])));
  }
  SVAR_TRY(put(generation, change, SVARI_CARTPOLE_VARIABLE_GENERATION,
               svar_scalar(SVAR_INT64, &number)));
  SVAR_TRY(put(generation, change, SVARI_CARTPOLE_VARIABLE_SEED, svar_scalar(SVAR_UINT64, &seed)));
  // Last, since it moves the search's random numbers on.
  return put_population(generation, change, search);
}

svar_ret_t
svari_cartpole_generation_commit(svari_cartpole_generation_t *generation,
                                 svari_cartpole_search_t *search, uint64_t seed)
{
  svar_transaction_t *change = NULL;
  SVAR_TRY(svar_transaction_begin(generation->store, &change));
  int64_t number = generation->number + 1;
  svar_ret_t ret = put_generation(generation, change, search, number, seed);
  if (ret != SVAR_OK) {
    svar_transaction_abort(change);
    return ret;
  }
  SVAR_TRY(svar_transaction_commit(change, &generation->version));
  generation->number = number;
  generation->seed = seed;
  return SVAR_OK;
}
