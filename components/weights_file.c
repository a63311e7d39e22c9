#include "weights_file.h"

#include <stdlib.h>

// A file on its way to a store.
typedef struct work {
  const svar_safetensors_t *file;
  svar_store_t *store;
  svar_transaction_t *change;
  DLDevice device;
  void *staging; // for the largest tensor, where the store's own bytes cannot be written; else NULL
} work_t;

static bool
is_gpu(DLDevice device)
{
  return device.device_type == kDLCUDA;
}

// --- whether it may come in the place of what is there ---------------------------------------------

static svar_ret_t
check_type(const work_t *work, const svar_safetensors_tensor_t *tensor)
{
  const char *path = svar_safetensors_path(work->file);
  svar_store_t *store = work->store;
  svar_variable_t *variable = NULL;
  if (svar_store_find(store, tensor->name, &variable) != SVAR_OK) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "'%s' has tensor '%s', which store '%s' does not have: the names of a store are "
        "fixed; publish it under another store name",
        path, tensor->name, svar_store_name(store));
  }
  svar_type_t type = svar_variable_type(variable);
  bool is_on_gpu = svar_variable_backing(variable) == SVAR_BACKING_GPU;
  svar_variable_unref(variable);
  if (!svar_dtype_equal(type.dtype, tensor->dtype) || type.ndim != tensor->ndim) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "'%s' has tensor '%s' as %s of rank %d, but store '%s' holds it as %s of rank %d; "
        "publish it under another store name",
        path, tensor->name, svar_dtype_name(tensor->dtype), (int)tensor->ndim,
        svar_store_name(store), svar_dtype_name(type.dtype), (int)type.ndim);
  }
  return is_on_gpu == is_gpu(work->device)
             ? SVAR_OK
             : svar_fail(SVAR_ERR_TYPE,
                         "store '%s' holds tensor '%s' %s; give 'backing' as before, or another "
                         "store name",
                         svar_store_name(store), tensor->name,
                         is_on_gpu ? "on a GPU" : "in host memory");
}

// Every variable of the store must be among the tensors.
static svar_ret_t
check_complete(const work_t *work)
{
  svar_store_t *store = work->store;
  const svar_safetensors_t *file = work->file;
  for (size_t i = 0; i < svar_store_count(store); i++) {
    svar_variable_t *variable = NULL;
    size_t index;
    svar_ret_t ret = svar_store_at(store, i, &variable);
    if (ret == SVAR_ERR_NOT_FOUND) {
      continue; // declared once, never committed: no reader can see it
    }
    SVAR_TRY(ret);
    ret = svar_safetensors_find(file, svar_variable_name(variable), &index);
    if (ret != SVAR_OK) {
      ret = svar_fail(
          SVAR_ERR_TYPE,
          "'%s' lacks tensor '%s', which store '%s' holds; publish it under another store "
          "name",
          svar_safetensors_path(file), svar_variable_name(variable), svar_store_name(store));
    }
    svar_variable_unref(variable);
    SVAR_TRY(ret);
  }
  return SVAR_OK;
}

// Subscribers rely on a store's names, dtypes and ranks; only shapes and values may change.
static svar_ret_t
check_same_variables(const work_t *work)
{
  for (size_t i = 0; i < svar_safetensors_count(work->file); i++) {
    SVAR_TRY(check_type(work, svar_safetensors_at(work->file, i)));
  }
  return check_complete(work);
}

// --- tensors ---------------------------------------------------------------------------------------

// A new variable of the tensor's type. Its first value has no elements (rank 0: one, zero), for its
// true value is loaned later in the same transaction.
static svar_ret_t
create_variable(const work_t *work, const svar_safetensors_tensor_t *tensor,
                svar_variable_t **out_variable)
{
  static const uint64_t zero[2];
  static const int64_t no_extents[SVAR_NDIM_MAX];
  DLTensor empty = svar_tensor(tensor->dtype, (void *)zero, tensor->ndim, no_extents);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = tensor->name;
  options.store = work->store;
  options.transaction = work->change;
  options.target = is_gpu(work->device) ? SVAR_TARGET_GPU : SVAR_TARGET_HOST;
  options.gpu = work->device.device_id;
  return svar_shared(svar_array(&empty), &options, out_variable);
}

// Reads it to where its variable's next value goes: no copy on the way.
static svar_ret_t
read_into_loan(const work_t *work, size_t index, svar_variable_t *variable)
{
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(svar_transaction_loan(work->change, variable,
                                 svar_safetensors_at(work->file, index)->shape, false, &hole));
  return svar_safetensors_read(work->file, index, hole.tensor.data);
}

static svar_ret_t
read_and_copy(const work_t *work, size_t index, svar_variable_t *variable)
{
  const svar_safetensors_tensor_t *tensor = svar_safetensors_at(work->file, index);
  SVAR_TRY(svar_safetensors_read(work->file, index, work->staging));
  DLTensor value = svar_tensor(tensor->dtype, work->staging, tensor->ndim, tensor->shape);
  return svar_transaction_set(work->change, variable, svar_array(&value));
}

static svar_ret_t
stage_tensor(const work_t *work, size_t index, svar_variable_t **out_variable)
{
  const svar_safetensors_tensor_t *tensor = svar_safetensors_at(work->file, index);
  if (svar_store_version(work->store) == 0) {
    SVAR_TRY(create_variable(work, tensor, out_variable));
  } else {
    SVAR_TRY(svar_store_find(work->store, tensor->name, out_variable));
  }
  return is_gpu(work->device) ? read_and_copy(work, index, *out_variable)
                              : read_into_loan(work, index, *out_variable);
}

// --- all of them -----------------------------------------------------------------------------------

// Every tensor of the file becomes the next value of its variable. variables has room for all; it
// receives a reference to each that was reached.
static svar_ret_t
stage_all(const work_t *work, svar_variable_t **variables)
{
  for (size_t i = 0; i < svar_safetensors_count(work->file); i++) {
    SVAR_TRY(stage_tensor(work, i, &variables[i]));
  }
  return svar_safetensors_check_unchanged(work->file);
}

static svar_ret_t
commit(work_t *work, svar_variable_t **variables, uint64_t *out_version)
{
  SVAR_TRY(svar_transaction_begin(work->store, &work->change));
  svar_ret_t ret = stage_all(work, variables);
  if (ret == SVAR_OK) {
    return svar_transaction_commit(work->change, out_version);
  }
  svar_transaction_abort(work->change);
  return ret;
}

static uint64_t
staging_bytes(const work_t *work)
{
  uint64_t most = 1;
  for (size_t i = 0; is_gpu(work->device) && i < svar_safetensors_count(work->file); i++) {
    uint64_t size_bytes = svar_safetensors_at(work->file, i)->size_bytes;
    most = size_bytes > most ? size_bytes : most;
  }
  return most;
}

svar_ret_t
svari_weights_file_commit(const svar_safetensors_t *file, svar_store_t *store, DLDevice device,
                          uint64_t *out_version)
{
  work_t work = {.file = file, .store = store, .device = device};
  if (svar_store_version(store) > 0) {
    SVAR_TRY(check_same_variables(&work));
  }
  size_t count = svar_safetensors_count(file);
  svar_variable_t **variables = calloc(count, sizeof(svar_variable_t *));
  work.staging = malloc(staging_bytes(&work));
  svar_ret_t ret =
      variables != NULL && work.staging != NULL
          ? commit(&work, variables, out_version)
          : svar_fail(SVAR_ERR_NO_MEMORY, "no memory to publish the %zu tensors of '%s'", count,
                      svar_safetensors_path(file));
  // Not before the commit: a new variable is in the store from then.
  for (size_t i = 0; variables != NULL && i < count; i++) {
    svar_variable_unref(variables[i]);
  }
  free(work.staging);
  free(variables);
  return ret;
}
