#include <stdlib.h>
#include <string.h>

#include "shared_variable/archive.h"
#include "tools/arguments.h"
#include "tools/output.h"
#include "tools/store_lookup.h"

// Finds the variable whose part, by its name, this would be if that were sparse.
static svar_ret_t
find_owner(svar_store_t *store, const char *name, svar_variable_t **out_owner)
{
  static const char *const suffixes[] = {".data", ".indices", ".indptr"};
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); ++i) {
    size_t suffix_length = strlen(suffixes[i]);
    if (length > suffix_length && strcmp(name + length - suffix_length, suffixes[i]) == 0) {
      char *owner_name = strndup(name, length - suffix_length);
      svar_ret_t ret = owner_name == NULL
                           ? svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the name '%s'", name)
                           : svar_store_find(store, owner_name, out_owner);
      free(owner_name);
      return ret;
    }
  }
  return SVAR_ERR_NOT_FOUND;
}

// Tells whether variable is saved with the sparse variable that it is a part of.
static svar_ret_t
check_part(svar_store_t *store, const svar_variable_t *variable, bool *out_is_part)
{
  svar_variable_t *owner = NULL;
  *out_is_part = false;
  svar_ret_t ret = find_owner(store, svar_variable_name(variable), &owner);
  if (ret == SVAR_ERR_NOT_FOUND) {
    return SVAR_OK;
  }
  SVAR_TRY(ret);
  *out_is_part = svar_variable_type(owner).kind == SVAR_KIND_SPARSE;
  svar_variable_unref(owner);
  return SVAR_OK;
}

// Puts those that are to be saved into variables, which has room for all.
static svar_ret_t
select_variables(const svari_variable_list_t *list, svar_store_t *store,
                 svar_variable_t **variables, size_t *out_count)
{
  size_t count = 0;
  for (size_t i = 0; i < list->count; ++i) {
    bool is_part = false;
    if (list->items[i] != NULL) {
      SVAR_TRY(check_part(store, list->items[i], &is_part));
    }
    if (list->items[i] != NULL && !is_part) {
      variables[count++] = list->items[i];
    }
  }
  if (count == 0) {
    return svar_fail(SVAR_ERR_UNSET, "store '%s' has no variables yet: there is nothing to save",
                     svar_store_name(store));
  }
  *out_count = count;
  return SVAR_OK;
}

static svar_ret_t
save_list(const svari_variable_list_t *list, svar_store_t *store, const char *path, bool skip_unset)
{
  svar_archive_save_options_t options = SVAR_ARCHIVE_SAVE_OPTIONS_INIT;
  options.skip_unset = skip_unset;
  svar_variable_t **variables = calloc(list->count + 1, sizeof(*variables)); // not of 0 bytes
  if (variables == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a list of %zu variables", list->count);
  }
  size_t count = 0;
  svar_ret_t ret = select_variables(list, store, variables, &count);
  if (ret == SVAR_OK) {
    ret = svar_archive_save(path, variables, count, &options);
  }
  free(variables);
  return ret;
}

static int
save(const svari_arguments_t *arguments, bool skip_unset)
{
  svar_store_t *store = NULL;
  if (svari_store_lookup(arguments, arguments->operands[0], &store) != SVAR_OK) {
    return svari_say_error();
  }
  svari_variable_list_t list = SVARI_VARIABLE_LIST_INIT;
  int exit_code = SVARI_EXIT_OK;
  if (svari_variable_list_refresh(&list, store) != SVAR_OK ||
      save_list(&list, store, arguments->operands[1], skip_unset) != SVAR_OK) {
    exit_code = svari_say_error();
  }
  svari_variable_list_fini(&list);
  svar_store_close(store);
  return exit_code;
}

static int
run_save(int argc, char **argv)
{
  bool skip_unset = false;
  const svari_option_t options[] = {{"skip-unset", SVARI_OPTION_FLAG, NULL,
                                     "leave variables without a value out, instead of failing",
                                     &skip_unset}};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_save, options, 1, 2, 2, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  return save(&arguments, skip_unset);
}

const svari_command_t svari_command_save = {
    .name = "save",
    .operands = "STORE FILE",
    .summary = "Write a store's variables to a .safetensors file.",
    .description =
        "All of them as they are in one version of the store, while its holder goes on. Any "
        "program\n"
        "that reads the format can read the file; weights_publisher publishes its tensors.\n"
        "The file is replaced whole or not at all. A sparse variable becomes four tensors, named\n"
        "as in the store.\n",
    .run = run_save,
};
