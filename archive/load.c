#include "shared_variable/archive.h"

#include <stdlib.h>
#include <string.h>

#include "archive/contents.h"
#include "archive/options.h"

typedef struct loader {
  svar_archive_load_options_t options;
  const svar_safetensors_t *file;
  svar_store_t *store; // NULL: variables of their own
  svar_transaction_t
      *change; // of the store, or of the private one, then begun with the first tensor
  svari_contents_t contents;
  svar_archive_variables_t variables;
} loader_t;

static void
choose_memory(const loader_t *loader, const svari_entry_t *entry, svar_shared_options_t *options)
{
  options->target = SVAR_TARGET_HOST; // whatever the default GPU
  if (entry->kind != SVAR_KIND_TENSOR) {
    return;
  }
  if (loader->options.target != SVAR_TARGET_DEFAULT) {
    options->target = loader->options.target;
    options->gpu = loader->options.gpu;
  } else if (entry->gpu != SVARI_ENTRY_ON_HOST) {
    options->target = SVAR_TARGET_GPU;
    options->gpu = entry->gpu;
  }
}

static svar_shared_options_t
options_of(const loader_t *loader, const svari_entry_t *entry)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = loader->store;
  options.name = loader->store == NULL ? entry->name : entry->tensor_name;
  options.strict = entry->strict;
  options.allow_downcast = entry->allow_downcast;
  choose_memory(loader, entry, &options);
  if (loader->store != NULL) {
    options.transaction = loader->change;
  }
  return options;
}

// --- tensors ---------------------------------------------------------------------------------------

// A variable with the entry's flags that begins with this value.
static svar_ret_t
make_tensor(const svari_entry_t *entry, svar_shared_options_t options, const DLTensor *value,
            svar_variable_t **out_variable)
{
  bool flags[SVAR_NDIM_MAX];
  for (int32_t axis = 0; axis < value->ndim; axis++) {
    flags[axis] = svari_entry_is_broadcastable(entry, axis);
  }
  if (entry->broadcastable != 0) {
    options.broadcastable = flags;
    options.broadcastable_count = value->ndim;
  }
  return svar_shared(svar_array(value), &options, out_variable);
}

// A variable of the tensor's type. Its first value has no elements (but one for rank 0, or where every
// extent must be 1): its true value is loaned later in the same transaction.
static svar_ret_t
declare_tensor(const svari_entry_t *entry, const svar_shared_options_t *options,
               const svar_type_t *type, svar_variable_t **out_variable)
{
  static const uint64_t zero[2];
  int64_t shape[SVAR_NDIM_MAX];
  for (int32_t axis = 0; axis < type->ndim; axis++) {
    shape[axis] = svari_entry_is_broadcastable(entry, axis) ? 1 : 0;
  }
  DLTensor empty = svar_tensor(type->dtype, (void *)zero, type->ndim, shape);
  return make_tensor(entry, *options, &empty, out_variable);
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
read_in_place(loader_t *loader, const svari_entry_t *entry, const svar_shared_options_t *options,
              svar_variable_t **out_variable)
{
  const svar_safetensors_tensor_t *tensor =
      svar_safetensors_at(loader->file, entry->tensors[SVARI_ENTRY_VALUE]);
  const svar_type_t type = svari_entry_tensor_type(entry, loader->file);
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(declare_tensor(entry, options, &type, out_variable));
  SVAR_TRY(begin_privately(loader, *out_variable));
  SVAR_TRY(svar_transaction_loan(loader->change, *out_variable, tensor->shape, false, &hole));
  return svar_safetensors_read(loader->file, entry->tensors[SVARI_ENTRY_VALUE], hole.tensor.data);
}

// By way of the host, one tensor after the other: no file is read to a GPU.
static svar_ret_t
copy_to_gpu(const loader_t *loader, const svari_entry_t *entry,
            const svar_shared_options_t *options, svar_variable_t **out_variable)
{
  DLTensor value;
  void *memory;
  SVAR_TRY(svari_entry_read_tensor(entry, loader->file, &value, &memory));
  svar_ret_t ret = make_tensor(entry, *options, &value, out_variable);
  free(memory);
  bool is_absent = ret == SVAR_ERR_CONTEXT || ret == SVAR_ERR_UNSUPPORTED;
  if (is_absent && loader->options.target == SVAR_TARGET_DEFAULT) {
    svar_fail_context("it was saved from GPU %d (options.target SVAR_TARGET_HOST loads it on the "
                      "host)",
                      entry->gpu);
  }
  return ret;
}

static svar_ret_t
load_tensor(loader_t *loader, const svari_entry_t *entry, svar_variable_t **out_variable)
{
  svar_shared_options_t options = options_of(loader, entry);
  return options.target == SVAR_TARGET_GPU ? copy_to_gpu(loader, entry, &options, out_variable)
                                           : read_in_place(loader, entry, &options, out_variable);
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

static svar_ret_t
read_options(const svar_archive_load_options_t *given, svar_archive_load_options_t *out_options)
{
  *out_options = (svar_archive_load_options_t)SVAR_ARCHIVE_LOAD_OPTIONS_INIT;
  if (given != NULL) {
    SVAR_TRY(svari_options_check_size(given->size_bytes, sizeof(*given)));
    *out_options = *given;
  }
  return SVAR_OK;
}

svar_ret_t
svar_archive_load(const char *path, svar_store_t *store, const svar_archive_load_options_t *options,
                  svar_archive_variables_t *out_variables)
{
  SVAR_REQUIRE(path != NULL && out_variables != NULL);
  svar_safetensors_t *file;
  loader_t loader = {.store = store};
  SVAR_TRY(read_options(options, &loader.options));
  SVAR_TRY(svar_safetensors_open(path, &file));
  loader.file = file;
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
