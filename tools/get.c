#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/arguments.h"
#include "tools/npy.h"
#include "tools/output.h"
#include "tools/store_lookup.h"
#include "tools/tensor_text.h"

typedef struct get_options {
  const char *npy_file; // NULL: print text
  bool full;
  bool version;
} get_options_t;

static void
write_text(const svar_value_t *value, const get_options_t *options)
{
  svari_tensor_text_options_t for_person = SVARI_TENSOR_TEXT_TERMINAL;
  svari_tensor_text_options_t complete = SVARI_TENSOR_TEXT_COMPLETE;
  if (options->full) {
    for_person.threshold = 0;
  }
  bool is_terminal = svari_output_is_terminal();
  svari_tensor_text_write(&value->tensor, is_terminal ? &for_person : &complete, stdout);
  fputc('\n', stdout);
}

static void
note_raw_elements(const svar_value_t *value)
{
  bool is_raw = false;
  svari_npy_descriptor(value->tensor.dtype, &is_raw);
  if (is_raw) {
    fprintf(stderr, "svar: NumPy has no %s: the file holds the bits as uint%d\n",
            svar_dtype_name(value->tensor.dtype), value->tensor.dtype.bits);
  }
}

// A file that could not be written to the end is taken away again, unless it is a device or a pipe.
static int
fail_to_write(const char *path, int error)
{
  struct stat status;
  if (lstat(path, &status) == 0 && S_ISREG(status.st_mode)) {
    unlink(path);
  }
  return svari_say_failure("writing '%s': %s", path, strerror(error));
}

static int
write_npy_file(const svar_value_t *value, const char *path)
{
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    return svari_say_failure("cannot open '%s' for writing: %s", path, strerror(errno));
  }
  if (svari_npy_write(&value->tensor, file) != SVAR_OK || fflush(file) != 0) {
    int error = errno;
    fclose(file);
    return fail_to_write(path, error);
  }
  if (fclose(file) != 0) {
    return fail_to_write(path, errno);
  }
  note_raw_elements(value);
  return SVARI_EXIT_OK;
}

static int
write_npy(const svar_value_t *value, const char *path)
{
  if (strcmp(path, "-") != 0) {
    return write_npy_file(value, path);
  }
  note_raw_elements(value);
  if (svari_npy_write(&value->tensor, stdout) != SVAR_OK && !ferror(stdout)) {
    return svari_say_error();
  }
  return svari_output_finish(SVARI_EXIT_OK);
}

static int
write_value(const svar_value_t *value, const get_options_t *options)
{
  int exit_code = SVARI_EXIT_OK;
  if (options->npy_file != NULL) {
    exit_code = write_npy(value, options->npy_file);
  }
  if (options->version && exit_code == SVARI_EXIT_OK) {
    printf("%" PRIu64 "\n", value->version);
  } else if (options->npy_file == NULL) {
    write_text(value, options);
  }
  return exit_code;
}

static int
get(const svari_arguments_t *arguments, const get_options_t *options)
{
  svar_store_t *store = NULL;
  if (svari_store_lookup(arguments, arguments->operands[0], &store) != SVAR_OK) {
    return svari_say_error();
  }
  svar_variable_t *variable = NULL;
  svar_value_t value = SVAR_VALUE_INIT;
  int exit_code;
  if (svari_variable_lookup(store, arguments->operands[1], &variable) != SVAR_OK ||
      svar_get_value(variable, SVAR_BORROW, &value) != SVAR_OK) {
    exit_code = svari_say_error();
  } else {
    exit_code = write_value(&value, options);
  }
  svar_value_release(&value);
  svar_variable_unref(variable);
  svar_store_close(store);
  return exit_code;
}

static int
run_get(int argc, char **argv)
{
  get_options_t get_options = {NULL, false, false};
  const svari_option_t options[] = {
      {"npy", SVARI_OPTION_TEXT, "FILE", "write the value as a NumPy file; '-': standard output",
       &get_options.npy_file},
      {"full", SVARI_OPTION_FLAG, NULL, "print every element, also at a terminal",
       &get_options.full},
      {"version", SVARI_OPTION_FLAG, NULL, "print the value's version instead of the value",
       &get_options.version},
  };
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_get, options, 3, 2, 2, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  bool npy_to_output = get_options.npy_file != NULL && strcmp(get_options.npy_file, "-") == 0;
  if (npy_to_output && get_options.version) {
    return svari_usage_error(&svari_command_get,
                             "--npy - and --version cannot both go to the standard output");
  }
  if (npy_to_output && svari_output_is_terminal()) {
    return svari_say_failure("--npy -: the standard output is a terminal; name a file, or send the "
                             "output to a file or a pipe");
  }
  return get(&arguments, &get_options);
}

const svari_command_t svari_command_get = {
    .name = "get",
    .operands = "STORE VARIABLE",
    .summary = "Print a variable's value, or write it to a NumPy file.",
    .description =
        "Text is laid out as NumPy prints arrays, with as many digits as the number needs; a\n"
        "scalar is a bare number. At a terminal an array of more than 1000 elements is summarised\n"
        "and long rows are broken; into a pipe everything is printed, one line a row.\n"
        "The value is read in place and pinned while it is written, so a commit never mixes in.\n"
        "With --npy FILE, --version prints the version of what was written.\n"
        "bfloat16 and the floats of 8 bits, which NumPy lacks, become .npy files of their bits.\n",
    .run = run_get,
};
