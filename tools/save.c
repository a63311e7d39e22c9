#include <stdlib.h>

#include "shared_variable/archive.h"
#include "tools/arguments.h"
#include "tools/output.h"
#include "tools/store_lookup.h"

// Puts those that are to be saved into variables, which has room for all: parts of sparse ones go with these.
static svar_ret_t
select_variables(const svari_variable_list_t *list, svar_store_t *store,
                 svar_variable_t **variables, size_t *out_count)
{
  size_t count = 0;
  for (size_t i = 0; i < list->count; ++i) {
    svar_variable_t *variable = list->items[i];
    if (variable != NULL && !svar_container_is_part(svar_variable_container(variable))) {
      variables[count++] = variable;
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
