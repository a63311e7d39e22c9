#include "shared_variable/archive.h"
#include "tools/arguments.h"
#include "tools/remote_lookup.h"
#include "tools/store_lookup.h"

typedef struct loading {
  svar_store_t *store;
  svar_remote_t *remote;
} loading_t;

static svar_ret_t
load_file(loading_t *loading, const svari_arguments_t *arguments,
          const svar_archive_restore_options_t *options, int64_t timeout_ns, uint64_t *out_version)
{
  SVAR_TRY(svari_store_lookup(arguments, arguments->operands[0], &loading->store));
  SVAR_TRY(svari_remote_lookup(arguments, loading->store, timeout_ns, &loading->remote));
  return svar_archive_restore_remote(arguments->operands[1], loading->store, loading->remote,
                                     options, out_version);
}

static int
load(const svari_arguments_t *arguments, const svar_archive_restore_options_t *options,
     int64_t timeout_ns)
{
  loading_t loading = {NULL, NULL};
  uint64_t version = 0;
  svar_ret_t ret = load_file(&loading, arguments, options, timeout_ns, &version);
  return svari_remote_end(ret, version, loading.remote, loading.store);
}

static int
run_load(int argc, char **argv)
{
  svar_archive_restore_options_t restore_options = SVAR_ARCHIVE_RESTORE_OPTIONS_INIT;
  int64_t timeout_ns = 0;
  const svari_option_t options[] = {
      {"ignore-missing", SVARI_OPTION_FLAG, NULL,
       "variables that the file lacks keep their values, instead of failing",
       &restore_options.ignore_missing},
      {"ignore-extra", SVARI_OPTION_FLAG, NULL,
       "leave out tensors that the store lacks, instead of failing", &restore_options.ignore_extra},
      SVARI_TIMEOUT_OPTION(&timeout_ns),
  };
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_load, options, 3, 2, 2, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  return load(&arguments, &restore_options, timeout_ns);
}

const svari_command_t svari_command_load = {
    .name = "load",
    .operands = "STORE FILE",
    .summary = "Set a store's variables from a .safetensors file, through its holder.",
    .description =
        "Each tensor becomes the next value of the variable of its name: all of them in one\n"
        "version, which is printed, or on any failure none. What 'svar save' wrote of sparse\n"
        "variables, random states and complex128 is understood.\n"
        "The holder obeys if it was told to, as for 'svar set'.\n",
    .run = run_load,
};
