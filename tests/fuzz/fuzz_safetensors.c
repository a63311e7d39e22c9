// A .safetensors file from anywhere: its header, every tensor's bytes, the variables that its metadata make
// of them, and what a policy does.
#include <string.h>

#include "components/policy_network.h"
#include "components/policy_observations.h"
#include "fuzz/fuzz.h"
#include "shared_variable/archive.h"
#include "shared_variable/random.h"
#include "shared_variable/sparse.h"

static void
read_tensor(const svar_safetensors_t *file, size_t index)
{
  const svar_safetensors_tensor_t *tensor = svar_safetensors_at(file, index);
  FUZZ_CHECK(tensor != NULL && svar_dtype_is_known(tensor->dtype));
  uint64_t size_bytes = 0;
  FUZZ_CHECK(svar_shape_bytes(tensor->dtype, tensor->ndim, tensor->shape, &size_bytes) == SVAR_OK);
  FUZZ_CHECK(size_bytes == tensor->size_bytes);
  FUZZ_CHECK(strlen(tensor->name) < SVAR_SAFETENSORS_NAME_BYTES);
  size_t found = SIZE_MAX;
  FUZZ_CHECK(svar_safetensors_find(file, tensor->name, &found) == SVAR_OK && found == index);
  uint8_t *bytes = malloc(size_bytes > 0 ? size_bytes : 1); // no more than the file has
  FUZZ_CHECK(bytes != NULL && svar_safetensors_read(file, index, bytes) == SVAR_OK);
  free(bytes);
}

// The tensors of a policy, if the file has them: their shapes must fit each other.
static void
measure_policy(const svar_safetensors_t *file)
{
  static float zero;
  DLTensor tensors[SVARI_POLICY_WEIGHT_COUNT];
  const DLTensor *weights[SVARI_POLICY_WEIGHT_COUNT];
  for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
    size_t index = 0;
    if (fuzz_ret(svar_safetensors_find(file, svari_policy_weight_names[i], &index)) != SVAR_OK) {
      return;
    }
    const svar_safetensors_tensor_t *tensor = svar_safetensors_at(file, index);
    tensors[i] = svar_tensor(tensor->dtype, &zero, tensor->ndim, tensor->shape);
    weights[i] = &tensors[i];
  }
  svari_policy_sizes_t sizes;
  if (fuzz_ret(svari_policy_sizes_of(weights, &sizes)) == SVAR_OK) {
    FUZZ_CHECK(sizes.hidden > 0 && sizes.observation > 0 && sizes.actor > 0 && sizes.action > 0);
  }
}

static void
read_observations(const char *path)
{
  svari_policy_observations_t table = {0};
  if (fuzz_ret(svari_policy_observations_read(path, &table)) == SVAR_OK) {
    FUZZ_CHECK(table.steps > 0 && table.width > 0);
    const volatile float *values = table.values;
    (void)values[table.steps * table.width - 1]; // the last one is there
    svari_policy_observations_fini(&table);
  }
}

// What a variable was made of can be read, and is sound.
static void
read_variable(svar_variable_t *variable)
{
  const svar_type_t type = svar_variable_type(variable);
  if (type.kind == SVAR_KIND_SPARSE) {
    svar_sparse_value_t matrix = SVAR_SPARSE_VALUE_INIT;
    FUZZ_CHECK(svar_sparse_get(variable, SVAR_COPY, &matrix) == SVAR_OK);
    FUZZ_CHECK(svar_sparse_check(&matrix.matrix) == SVAR_OK);
    svar_sparse_value_release(&matrix);
    return;
  }
  svar_value_t value = SVAR_VALUE_INIT;
  FUZZ_CHECK(svar_get_value(variable, SVAR_COPY, &value) == SVAR_OK);
  FUZZ_CHECK(svar_dtype_equal(value.tensor.dtype, type.dtype) && value.tensor.ndim == type.ndim);
  svar_value_release(&value);
  svar_random_state_t state;
  FUZZ_CHECK(type.kind != SVAR_KIND_RANDOM || svar_random_get(variable, &state) == SVAR_OK);
}

static svar_ret_t
load_archive(const char *path, svar_store_t *store)
{
  svar_archive_variables_t loaded = {0};
  svar_ret_t ret = fuzz_ret(svar_archive_load(path, store, NULL, &loaded));
  FUZZ_CHECK((ret == SVAR_OK) == (loaded.variables != NULL));
  for (size_t i = 0; i < loaded.count; i++) {
    FUZZ_CHECK(store == NULL || svar_variable_store(loaded.variables[i]) == store);
    read_variable(loaded.variables[i]);
  }
  svar_archive_variables_release(&loaded);
  return ret;
}

// What a store takes in, which is all or nothing, it takes again.
static void
load_in_store(const char *path)
{
  svar_store_t *store;
  FUZZ_CHECK(svar_store_create_private("/fuzz", NULL, &store) == SVAR_OK);
  if (load_archive(path, store) == SVAR_OK) {
    FUZZ_CHECK(svar_archive_restore(path, store, NULL, NULL) == SVAR_OK);
  } else {
    FUZZ_CHECK(svar_store_version(store) == 0);
  }
  svar_store_close(store);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  const char *path = fuzz_file("input.safetensors", data, size_bytes);
  svar_safetensors_t *file = NULL;
  if (fuzz_ret(svar_safetensors_open(path, &file)) != SVAR_OK) {
    return 0;
  }
  for (size_t i = 0; i < svar_safetensors_count(file); i++) {
    read_tensor(file, i);
  }
  (void)svar_safetensors_metadata(file, "format");
  measure_policy(file);
  FUZZ_CHECK(svar_safetensors_check_unchanged(file) == SVAR_OK);
  svar_safetensors_close(file);
  (void)load_archive(path, NULL);
  load_in_store(path);
  read_observations(path);
  return 0;
}
