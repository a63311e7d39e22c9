#include "shared_variable/archive.h"

#include <stdlib.h>
#include <string.h>

#include "archive/contents.h"
#include "shared_variable/shared.h"

typedef struct loader {
  const svar_safetensors_t *file;
  svar_store_t *store; // NULL: variables of their own
  svar_transaction_t
      *change; // of the store, or of the private one, then begun with the first tensor
  svari_contents_t contents;
  svar_archive_variables_t variables;
} loader_t;

static svar_shared_options_t
options_of(const loader_t *loader, const svari_entry_t *entry)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = loader->store;
  options.name = loader->store == NULL ? entry->name : entry->tensor_name;
  options.strict = entry->strict;
  options.allow_downcast = entry->allow_downcast;
  options.target = SVAR_TARGET_HOST; // values are read in place, whatever the default GPU
  if (loader->store != NULL) {
    options.transaction = loader->change;
  }
  return options;
}

// --- tensors ---------------------------------------------------------------------------------------

// A variable of the tensor's type. Its first value has no elements (but one for rank 0, or where every
// extent must be 1): its true value is loaned later in the same transaction.
static svar_ret_t
declare_tensor(const loader_t *loader, const svari_entry_t *entry, const svar_type_t *type,
               svar_variable_t **out_variable)
{
  static const uint64_t zero[2];
  int64_t shape[SVAR_NDIM_MAX];
  bool flags[SVAR_NDIM_MAX];
  for (int32_t axis = 0; axis < type->ndim; axis++) {
    flags[axis] = (type->broadcastable >> axis & 1) != 0;
    shape[axis] = flags[axis] ? 1 : 0;
  }
  DLTensor empty = svar_tensor(type->dtype, (void *)zero, type->ndim, shape);
  svar_shared_options_t options = options_of(loader, entry);
  if (type->broadcastable != 0) {
    options.broadcastable = flags;
    options.broadcastable_count = type->ndim;
  }
  return svar_shared(svar_array(&empty), &options, out_variable);
}

// Variables without a store are all of one, which is known with the first.
static svar_ret_t
begin_privately(loader_t *loader, const svar_variable_t *variable)
{
  return loader->change != NULL
             ? SVAR_OK
             : svar_transaction_begin(svar_variable_store(variable), &loader->change);
}

static svar_ret_t
load_tensor(loader_t *loader, const svari_entry_t *entry, svar_variable_t **out_variable)
{
  const svar_safetensors_tensor_t *tensor =
      svar_safetensors_at(loader->file, entry->tensors[SVARI_ENTRY_VALUE]);
  const svar_type_t type = svari_entry_tensor_type(entry, loader->file);
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(declare_tensor(loader, entry, &type, out_variable));
  SVAR_TRY(begin_privately(loader, *out_variable));
  SVAR_TRY(svar_transaction_loan(loader->change, *out_variable, tensor->shape, false, &hole));
  return svar_safetensors_read(loader->file, entry->tensors[SVARI_ENTRY_VALUE], hole.tensor.data);
}

// --- other kinds -----------------------------------------------------------------------------------

static svar_ret_t
load_state(loader_t *loader, const svari_entry_t *entry, svar_variable_t **out_variable)
{
  svar_random_state_t state;
  svar_shared_options_t options = options_of(loader, entry);
  SVAR_TRY(svari_entry_read_state(entry, loader->file, &state));
  return svar_shared(svar_random_source(&state), &options, out_variable);
}

static svar_ret_t
load_matrix(loader_t *loader, const svari_entry_t *entry, svar_variable_t **out_variable)
{
  svar_sparse_t matrix;
  void *memory;
  svar_shared_options_t options = options_of(loader, entry);
  SVAR_TRY(svari_entry_read_matrix(entry, loader->file, &matrix, &memory));
  svar_ret_t ret = svar_shared(svar_sparse_source(&matrix), &options, out_variable);
  free(memory);
  return ret;
}

static svar_ret_t
load_value(loader_t *loader, const svari_entry_t *entry, svar_variable_t **out_variable)
{
  switch (entry->kind) {
  case SVAR_KIND_RANDOM:
    return load_state(loader, entry, out_variable);
  case SVAR_KIND_SPARSE:
    return load_matrix(loader, entry, out_variable);
  case SVAR_KIND_TENSOR:
  case SVAR_KIND_NUMBER:
  case SVAR_KIND_OBJECT:
    break;
  }
  return load_tensor(loader, entry, out_variable);
}

// --- the whole -------------------------------------------------------------------------------------

// Another variable of the container that the first entry of this tensor has made.
static svar_ret_t
load_clone(const loader_t *loader, const svari_entry_t *entry, svar_variable_t **out_variable)
{
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.name = entry->name;
  options.container = svar_variable_container(loader->variables.variables[entry->first]);
  return svar_variable_create(&options, out_variable);
}

static svar_ret_t
load_entry(loader_t *loader, size_t index)
{
  const svari_entry_t *entry = &loader->contents.entries[index];
  svar_variable_t **variables = loader->variables.variables;
  if (entry->same != SVARI_ENTRY_NONE) {
    variables[index] = svar_variable_ref(variables[entry->same]);
    return SVAR_OK;
  }
  return entry->first != index ? load_clone(loader, entry, &variables[index])
                               : load_value(loader, entry, &variables[index]);
}

static svar_ret_t
load_entries(loader_t *loader)
{
  const svari_contents_t *contents = &loader->contents;
  svar_variable_t **variables = calloc(contents->count + 1, sizeof(*variables)); // not of 0 bytes
  if (variables == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the %zu variables of '%s'", contents->count,
                     svar_safetensors_path(loader->file));
  }
  loader->variables = (svar_archive_variables_t){contents->count, variables};
  for (size_t i = 0; i < contents->count; i++) {
    svar_ret_t ret = load_entry(loader, i);
    if (ret != SVAR_OK) {
      svar_fail_context("loading '%s' of '%s'", contents->entries[i].tensor_name,
                        svar_safetensors_path(loader->file));
      return ret;
    }
  }
  return svar_safetensors_check_unchanged(loader->file);
}

static svar_ret_t
load(loader_t *loader)
{
  if (loader->store != NULL) {
    SVAR_TRY(svar_transaction_begin(loader->store, &loader->change));
  }
  SVAR_TRY(svari_contents_read(loader->file, &loader->contents));
  SVAR_TRY(load_entries(loader));
  svar_transaction_t *change = loader->change;
  loader->change = NULL; // ended, however that goes
  return change != NULL ? svar_transaction_commit(change, NULL) : SVAR_OK;
}

svar_ret_t
svar_archive_load(const char *path, svar_store_t *store, svar_archive_variables_t *out_variables)
{
  SVAR_REQUIRE(path != NULL && out_variables != NULL);
  svar_safetensors_t *file;
  SVAR_TRY(svar_safetensors_open(path, &file));
  loader_t loader = {.file = file, .store = store};
  svar_ret_t ret = load(&loader);
  svar_transaction_abort(loader.change);
  svari_contents_fini(&loader.contents);
  svar_safetensors_close(file);
  if (ret != SVAR_OK) {
    svar_archive_variables_release(&loader.variables);
    return ret;
  }
  *out_variables = loader.variables;
  return SVAR_OK;
}

void
svar_archive_variables_release(svar_archive_variables_t *variables)
{
  if (variables == NULL) {
    return;
  }
  for (size_t i = 0; i < variables->count; i++) {
    svar_variable_unref(variables->variables[i]);
  }
  free(variables->variables);
  *variables = (svar_archive_variables_t){0};
}
