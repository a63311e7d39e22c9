#include <inttypes.h>
#include <stdio.h>

#include "shared_variable/safetensors.h"
#include "tools/arguments.h"
#include "tools/output.h"
#include "tools/remote_lookup.h"
#include "tools/store_lookup.h"

typedef struct load_options {
  bool ignore_missing;
  bool ignore_extra;
  int64_t timeout_ns;
} load_options_t;

typedef struct loading {
  const load_options_t *options;
  svar_store_t *store;
  svar_safetensors_t *file;
  svar_remote_t *remote;
  svar_remote_change_t *change;
} loading_t;

static svar_ret_t
check_has_tensor(const loading_t *loading, const char *name)
{
  size_t index;
  if (svar_safetensors_find(loading->file, name, &index) == SVAR_OK) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_TYPE,
                   "'%s' lacks variable '%s' of store '%s' (--ignore-missing lets it keep its "
                   "value)",
                   svar_safetensors_path(loading->file), name, svar_store_name(loading->store));
}

// Every variable that has a value must be among the tensors.
static svar_ret_t
check_complete(const loading_t *loading)
{
  for (size_t i = 0; i < svar_store_count(loading->store); ++i) {
    svar_variable_t *variable = NULL;
    svar_ret_t ret = svar_store_at(loading->store, i, &variable);
    if (ret == SVAR_ERR_NOT_FOUND) { // declared, never committed: nobody can see it
      continue;
    }
    SVAR_TRY(ret);
    ret = check_has_tensor(loading, svar_variable_name(variable));
    svar_variable_unref(variable);
    SVAR_TRY(ret);
  }
  return SVAR_OK;
}

// SVAR_EMPTY: the store has no such variable, and that is fine.
static svar_ret_t
check_has_variable(const loading_t *loading, const char *name)
{
  svar_variable_t *variable = NULL;
  svar_ret_t ret = svar_store_find(loading->store, name, &variable);
  svar_variable_unref(variable);
  if (ret != SVAR_ERR_NOT_FOUND) {
    return ret;
  }
  return loading->options->ignore_extra
             ? SVAR_EMPTY
             : svar_fail(SVAR_ERR_TYPE,
                         "'%s' has tensor '%s', which store '%s' does not have (--ignore-extra "
                         "leaves it out)",
                         svar_safetensors_path(loading->file), name,
                         svar_store_name(loading->store));
}

// Read to where it is sent from: no copy is made before the holder's own.
static svar_ret_t
add_tensor(const loading_t *loading, size_t index)
{
  const svar_safetensors_tensor_t *tensor = svar_safetensors_at(loading->file, index);
  void *data;
  svar_ret_t ret = check_has_variable(loading, tensor->name);
  if (ret != SVAR_OK) {
    return ret == SVAR_EMPTY ? SVAR_OK : ret;
  }
  SVAR_TRY(svar_remote_change_loan(loading->change, tensor->name, tensor->dtype, tensor->ndim,
                                   tensor->shape, &data));
  return svar_safetensors_read(loading->file, index, data);
}

static svar_ret_t
add_tensors(const loading_t *loading)
{
  if (!loading->options->ignore_missing) {
    SVAR_TRY(check_complete(loading));
  }
  for (size_t i = 0; i < svar_safetensors_count(loading->file); ++i) {
    SVAR_TRY(add_tensor(loading, i));
  }
  return svar_safetensors_check_unchanged(loading->file);
}

static svar_ret_t
load_file(loading_t *loading, const svari_arguments_t *arguments, uint64_t *out_version)
{
  SVAR_TRY(svari_store_lookup(arguments, arguments->operands[0], &loading->store));
  SVAR_TRY(svar_safetensors_open(arguments->operands[1], &loading->file));
  SVAR_TRY(svari_remote_lookup(arguments, loading->store, loading->options->timeout_ns,
                               &loading->remote));
  SVAR_TRY(svar_remote_change_begin(loading->remote, &loading->change));
  svar_ret_t ret = add_tensors(loading);
  if (ret != SVAR_OK) {
    svar_remote_change_abort(loading->change);
    return ret;
  }
  return svar_remote_change_commit(loading->change, out_version);
}

static int
load(const svari_arguments_t *arguments, const load_options_t *options)
{
  loading_t loading = {.options = options};
  uint64_t version = 0;
  int exit_code = SVARI_EXIT_OK;
  svar_ret_t ret = load_file(&loading, arguments, &version);
  if (ret == SVAR_OK) {
    printf("%" PRIu64 "\n", version);
  } else {
    exit_code = svari_say_remote_error(ret, loading.store);
  }
  svar_remote_close(loading.remote);
  svar_safetensors_close(loading.file);
  svar_store_close(loading.store);
  return exit_code;
}

static int
run_load(int argc, char **argv)
{
  load_options_t load_options = {false, false, 0};
  const svari_option_t options[] = {
      {"ignore-missing", SVARI_OPTION_FLAG, NULL,
       "variables that the file lacks keep their values, instead of failing",
       &load_options.ignore_missing},
      {"ignore-extra", SVARI_OPTION_FLAG, NULL,
       "leave out tensors that the store lacks, instead of failing", &load_options.ignore_extra},
      SVARI_TIMEOUT_OPTION(&load_options.timeout_ns),
  };
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_load, options, 3, 2, 2, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  return load(&arguments, &load_options);
}

const svari_command_t svari_command_load = {
    .name = "load",
    .operands = "STORE FILE",
    .summary = "Set a store's variables from a .safetensors file, through its holder.",
    .description =
        "Each tensor becomes the next value of the variable of its name: all of them in one\n"
        "version, which is printed, or on any failure none. Tensors only: sparse variables and\n"
        "random states are not set from another process.\n"
        "The holder obeys if it was told to, as for 'svar set'.\n",
    .run = run_load,
};
