#include "shared_variable/archive.h"

#include <stdlib.h>
#include <string.h>

#include "archive/contents.h"
#include "archive/options.h"
#include "shared_variable/transaction.h"

typedef struct restorer {
  svar_archive_restore_options_t options;
  const svar_safetensors_t *file;
  svar_store_t *store;
  svar_remote_t *remote; // to the store's holder; NULL: that is this process
  svar_transaction_t *change;
  svar_remote_change_t *remote_change; // instead
  svari_contents_t contents;
  json_t *
      known; // names of the store's entries that the file has, a sparse variable's parts among them
} restorer_t;

// --- the change ------------------------------------------------------------------------------------

static svar_ret_t
begin_change(restorer_t *restorer)
{
  return restorer->remote != NULL
             ? svar_remote_change_begin(restorer->remote, &restorer->remote_change)
             : svar_transaction_begin(restorer->store, &restorer->change);
}

static svar_ret_t
commit_change(restorer_t *restorer, uint64_t *out_version)
{
  return restorer->remote != NULL ? svar_remote_change_commit(restorer->remote_change, out_version)
                                  : svar_transaction_commit(restorer->change, out_version);
}

static svar_ret_t
set_value(const restorer_t *restorer, svar_variable_t *variable, svar_source_t source)
{
  return restorer->remote != NULL
             ? svar_remote_change_set(restorer->remote_change, svar_variable_name(variable), source)
             : svar_transaction_set(restorer->change, variable, source);
}

// Room for a value of this type, which the variable, or its holder, takes as it is or converts.
static svar_ret_t
loan_room(const restorer_t *restorer, svar_variable_t *variable, const svar_type_t *type,
          const int64_t *shape, void **out_data)
{
  svar_value_t hole = SVAR_VALUE_INIT;
  if (restorer->remote != NULL) {
    return svar_remote_change_loan(restorer->remote_change, svar_variable_name(variable),
                                   type->dtype, type->ndim, shape, out_data);
  }
  SVAR_TRY(svar_transaction_loan(restorer->change, variable, shape, false, &hole));
  *out_data = hole.tensor.data;
  return SVAR_OK;
}

// --- one value -------------------------------------------------------------------------------------

// One that fits is read to where it belongs, unless that is on a GPU. What rank or flags refuse, the loan does not
// take either. Another process converts what does not fit.
static bool
fits(const restorer_t *restorer, const svar_variable_t *variable, const svar_type_t *offered)
{
  svar_type_t type = svar_variable_type(variable);
  return restorer->remote != NULL ||
         (svar_dtype_equal(type.dtype, offered->dtype) && type.ndim == offered->ndim &&
          svar_variable_backing(variable) != SVAR_BACKING_GPU);
}

static svar_ret_t
read_in_place(const restorer_t *restorer, const svari_entry_t *entry, const svar_type_t *offered,
              svar_variable_t *variable)
{
  const svar_safetensors_tensor_t *tensor =
      svar_safetensors_at(restorer->file, entry->tensors[SVARI_ENTRY_VALUE]);
  void *data;
  SVAR_TRY(loan_room(restorer, variable, offered, tensor->shape, &data));
  return svar_safetensors_read(restorer->file, entry->tensors[SVARI_ENTRY_VALUE], data);
}

static svar_ret_t
read_and_set(const restorer_t *restorer, const svari_entry_t *entry, svar_variable_t *variable)
{
  DLTensor value;
  void *memory;
  SVAR_TRY(svari_entry_read_tensor(entry, restorer->file, &value, &memory));
  svar_ret_t ret = set_value(restorer, variable, svar_array(&value));
  free(memory);
  return ret;
}

static svar_ret_t
restore_tensor(const restorer_t *restorer, const svari_entry_t *entry, svar_variable_t *variable)
{
  const svar_type_t offered = svari_entry_tensor_type(entry, restorer->file);
  return fits(restorer, variable, &offered) ? read_in_place(restorer, entry, &offered, variable)
                                            : read_and_set(restorer, entry, variable);
}

static svar_ret_t
restore_state(const restorer_t *restorer, const svari_entry_t *entry, svar_variable_t *variable)
{
  svar_random_state_t state;
  SVAR_TRY(svari_entry_read_state(entry, restorer->file, &state));
  return set_value(restorer, variable, svar_random_source(&state));
}

static svar_ret_t
restore_matrix(const restorer_t *restorer, const svari_entry_t *entry, svar_variable_t *variable)
{
  svar_sparse_t matrix;
  void *memory;
  SVAR_TRY(svari_entry_read_matrix(entry, restorer->file, &matrix, &memory));
  svar_ret_t ret = svar_sparse_check(&matrix);
  if (ret == SVAR_OK) {
    ret = set_value(restorer, variable, svar_sparse_source(&matrix));
  }
  free(memory);
  return ret;
}

static svar_ret_t
restore_value(const restorer_t *restorer, const svari_entry_t *entry, svar_variable_t *variable)
{
  const svar_type_t type = svar_variable_type(variable);
  if (type.kind != entry->kind) {
    char text[SVAR_TYPE_TEXT_BYTES];
    return svar_fail(SVAR_ERR_TYPE, "the variable is %s, the file's value of another kind: %s",
                     svar_type_text(&type, text, sizeof(text)),
                     svari_manifest_kind_name(entry->kind));
  }
  switch (entry->kind) {
  case SVAR_KIND_RANDOM:
    return restore_state(restorer, entry, variable);
  case SVAR_KIND_SPARSE:
    return restore_matrix(restorer, entry, variable);
  case SVAR_KIND_TENSOR:
  case SVAR_KIND_NUMBER:
  case SVAR_KIND_OBJECT:
    break;
  }
  return restore_tensor(restorer, entry, variable);
}

// --- the whole -------------------------------------------------------------------------------------

static svar_ret_t
note_known(const restorer_t *restorer, const svari_entry_t *entry)
{
  for (int part = 0; part < svari_entry_part_count(entry); part++) {
    char text[SVARI_ENTRY_NAME_BYTES];
    const char *name = svari_entry_part_name(entry->tensor_name, (svari_entry_part_t)part, text);
    if (json_object_set_new(restorer->known, name, json_true()) != 0) {
      return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the names of '%s'",
                       svar_safetensors_path(restorer->file));
    }
  }
  return SVAR_OK;
}

static svar_ret_t
restore_entry(const restorer_t *restorer, const svari_entry_t *entry)
{
  svar_variable_t *variable;
  svar_ret_t ret = svar_store_find(restorer->store, entry->tensor_name, &variable);
  if (ret == SVAR_ERR_NOT_FOUND) {
    return restorer->options.ignore_extra
               ? SVAR_OK
               : svar_fail(SVAR_ERR_TYPE,
                           "'%s' has tensor '%s', which store '%s' does not have; "
                           "ignore_extra (--ignore-extra) would leave it out",
                           svar_safetensors_path(restorer->file), entry->tensor_name,
                           svar_store_name(restorer->store));
  }
  SVAR_TRY(ret);
  ret = note_known(restorer, entry);
  if (ret == SVAR_OK && (ret = restore_value(restorer, entry, variable)) != SVAR_OK) {
    svar_fail_context("restoring variable '%s' of store '%s' from '%s'", entry->tensor_name,
                      svar_store_name(restorer->store), svar_safetensors_path(restorer->file));
  }
  svar_variable_unref(variable);
  return ret;
}

// Every variable of the store must be among the tensors.
static svar_ret_t
check_complete(const restorer_t *restorer)
{
  for (size_t i = 0; i < svar_store_count(restorer->store); i++) {
    svar_variable_t *variable;
    svar_ret_t ret = svar_store_at(restorer->store, i, &variable);
    if (ret == SVAR_ERR_NOT_FOUND) {
      continue; // declared once, never committed: no reader can see it
    }
    SVAR_TRY(ret);
    if (json_object_get(restorer->known, svar_variable_name(variable)) == NULL) {
      ret = svar_fail(SVAR_ERR_TYPE,
                      "'%s' lacks tensor '%s', which store '%s' has; with ignore_missing "
                      "(--ignore-missing) the variable would keep its value",
                      svar_safetensors_path(restorer->file), svar_variable_name(variable),
                      svar_store_name(restorer->store));
    }
    svar_variable_unref(variable);
    SVAR_TRY(ret);
  }
  return SVAR_OK;
}

static svar_ret_t
stage(restorer_t *restorer)
{
  SVAR_TRY(svari_contents_read(restorer->file, &restorer->contents));
  restorer->known = json_object();
  if (restorer->known == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the names of '%s'",
                     svar_safetensors_path(restorer->file));
  }
  for (size_t i = 0; i < restorer->contents.count; i++) {
    if (restorer->contents.entries[i].first == i) {
      SVAR_TRY(restore_entry(restorer, &restorer->contents.entries[i]));
    }
  }
  if (!restorer->options.ignore_missing) {
    SVAR_TRY(check_complete(restorer));
  }
  return svar_safetensors_check_unchanged(restorer->file);
}

static svar_ret_t
restore(restorer_t *restorer, uint64_t *out_version)
{
  SVAR_TRY(begin_change(restorer));
  svar_ret_t ret = stage(restorer);
  if (ret != SVAR_OK) {
    svar_transaction_abort(restorer->change);
    svar_remote_change_abort(restorer->remote_change);
    return ret;
  }
  return commit_change(restorer, out_version);
}

static svar_ret_t
read_options(const svar_archive_restore_options_t *given,
             svar_archive_restore_options_t *out_options)
{
  *out_options = (svar_archive_restore_options_t)SVAR_ARCHIVE_RESTORE_OPTIONS_INIT;
  if (given != NULL) {
    SVAR_TRY(svari_options_check_size(given->size_bytes, sizeof(*given)));
    *out_options = *given;
  }
  return SVAR_OK;
}

static svar_ret_t
restore_file(const char *path, restorer_t *restorer, const svar_archive_restore_options_t *options,
             uint64_t *out_version)
{
  svar_safetensors_t *file;
  SVAR_TRY(read_options(options, &restorer->options));
  SVAR_TRY(svar_safetensors_open(path, &file));
  restorer->file = file;
  svar_ret_t ret = restore(restorer, out_version);
  json_decref(restorer->known);
  svari_contents_fini(&restorer->contents);
  svar_safetensors_close(file);
  return ret;
}

svar_ret_t
svar_archive_restore(const char *path, svar_store_t *store,
                     const svar_archive_restore_options_t *options, uint64_t *out_version)
{
  SVAR_REQUIRE(path != NULL && store != NULL);
  restorer_t restorer = {.store = store};
  return restore_file(path, &restorer, options, out_version);
}

svar_ret_t
svar_archive_restore_remote(const char *path, svar_store_t *store, svar_remote_t *remote,
                            const svar_archive_restore_options_t *options, uint64_t *out_version)
{
  SVAR_REQUIRE(path != NULL && store != NULL && remote != NULL);
  restorer_t restorer = {.store = store, .remote = remote};
  return restore_file(path, &restorer, options, out_version);
}
