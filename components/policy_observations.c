#include "policy_observations.h"

#include <stdlib.h>
#include <string.h>

#include "shared_variable/safetensors.h"

static svar_ret_t
check_tensor(const char *path, const svar_safetensors_tensor_t *tensor)
{
  char shape[SVAR_TYPE_TEXT_BYTES];
  if (!svar_dtype_equal(tensor->dtype, SVAR_FLOAT32) &&
      !svar_dtype_equal(tensor->dtype, SVAR_FLOAT64)) {
    return svar_fail(SVAR_ERR_TYPE,
                     "'%s' has its tensor 'observations' as %s; give float32 or float64", path,
                     svar_dtype_name(tensor->dtype));
  }
  if (tensor->ndim != 2) {
    return svar_fail(SVAR_ERR_TYPE,
                     "'%s' has its tensor 'observations' of shape %s; give (steps, width)", path,
                     svar_shape_text(tensor->ndim, tensor->shape, shape, sizeof(shape)));
  }
  if (tensor->size_bytes == 0) {
    return svar_fail(SVAR_ERR_VALUE, "'%s' has no step in its tensor 'observations' of shape %s",
                     path, svar_shape_text(tensor->ndim, tensor->shape, shape, sizeof(shape)));
  }
  return SVAR_OK;
}

// Rounds count doubles to floats where they stand: the bytes of number i are read before float i, at
// half their offset, is written.
static void
round_in_place(void *values, size_t count)
{
  char *bytes = values;
  for (size_t i = 0; i < count; i++) {
    double number;
    memcpy(&number, bytes + i * sizeof(number), sizeof(number));
    float rounded = (float)number;
    memcpy(bytes + i * sizeof(rounded), &rounded, sizeof(rounded));
  }
}

static svar_ret_t
read_table(const svar_safetensors_t *file, svari_policy_observations_t *table)
{
  size_t index = 0;
  SVAR_TRY(svar_safetensors_find(file, "observations", &index));
  const char *path = svar_safetensors_path(file);
  const svar_safetensors_tensor_t *tensor = svar_safetensors_at(file, index);
  SVAR_TRY(check_tensor(path, tensor));
  table->values = malloc(tensor->size_bytes);
  if (table->values == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the %llu bytes of observations in '%s'",
                     (unsigned long long)tensor->size_bytes, path);
  }
  table->steps = tensor->shape[0];
  table->width = tensor->shape[1];
  SVAR_TRY(svar_safetensors_read(file, index, table->values));
  SVAR_TRY(svar_safetensors_check_unchanged(file));
  if (svar_dtype_equal(tensor->dtype, SVAR_FLOAT64)) {
    round_in_place(table->values, tensor->size_bytes / sizeof(double));
  }
  return SVAR_OK;
}

svar_ret_t
svari_policy_observations_read(const char *path, svari_policy_observations_t *out_table)
{
  svar_safetensors_t *file = NULL;
  SVAR_TRY(svar_safetensors_open(path, &file));
  svari_policy_observations_t table = {0};
  svar_ret_t ret = read_table(file, &table);
  svar_safetensors_close(file);
  if (ret != SVAR_OK) {
    svari_policy_observations_fini(&table);
    return ret;
  }
  *out_table = table;
  return SVAR_OK;
}

svar_ret_t
svari_policy_observations_init(int64_t width, svari_policy_observations_t *out_table)
{
  svari_policy_observations_t table = {.steps = 1, .width = width};
  table.values = calloc((size_t)width, sizeof(*table.values));
  if (table.values == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for an observation of %lld numbers",
                     (long long)width);
  }
  *out_table = table;
  return SVAR_OK;
}

void
svari_policy_observations_fini(svari_policy_observations_t *table)
{
  free(table->values);
  *table = (svari_policy_observations_t){0};
}
