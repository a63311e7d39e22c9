#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared_variable/random.h"
#include "tools/arguments.h"
#include "tools/npy.h"
#include "tools/npy_read.h"
#include "tools/numbers.h"
#include "tools/remote_lookup.h"
#include "tools/store_lookup.h"

typedef struct setting {
  svar_store_t *store;
  svar_variable_t *variable;
  svar_remote_t *remote;
} setting_t;

static svar_ret_t
send_source(const setting_t *setting, svar_source_t source, uint64_t *out_version)
{
  return svar_remote_set(setting->remote, svar_variable_name(setting->variable), source,
                         out_version);
}

// --- a file ----------------------------------------------------------------------------------------

static bool
is_npy_file(const char *text)
{
  size_t length = strlen(text);
  return length > strlen(".npy") && strcmp(text + length - strlen(".npy"), ".npy") == 0;
}

// A file of `svar get --npy` holds the bits of what NumPy has no type for as unsigned integers.
static void
take_raw_bits(svar_dtype_t dtype, DLTensor *tensor)
{
  bool is_raw = false;
  svari_npy_descriptor(dtype, &is_raw);
  if (is_raw && tensor->dtype.code == kDLUInt && tensor->dtype.bits == dtype.bits) {
    tensor->dtype = dtype;
  }
}

static svar_ret_t
set_file(const setting_t *setting, const char *path, uint64_t *out_version)
{
  svari_npy_array_t array;
  SVAR_TRY(svari_npy_read(path, &array));
  take_raw_bits(svar_variable_type(setting->variable).dtype, &array.tensor);
  svar_ret_t ret = send_source(setting, svar_array(&array.tensor), out_version);
  svari_npy_array_fini(&array);
  return ret;
}

// --- numbers ---------------------------------------------------------------------------------------

static bool
is_real(svar_dtype_t dtype)
{
  return dtype.code == kDLFloat || dtype.code == kDLBfloat;
}

// What a person writes as 0.1 means the float nearest to it, of whatever width: rounded here, it passes the
// filter, which would ask the writer to round.
static svar_ret_t
set_rounded(const setting_t *setting, const svari_numbers_t *numbers, uint64_t *out_version)
{
  svar_type_t type =
      svar_tensor_type(svar_variable_type(setting->variable).dtype, numbers->ndim, 0);
  svar_source_t source = svari_numbers_source(numbers);
  svar_variable_options_t options = SVAR_VARIABLE_OPTIONS_INIT;
  options.type = &type;
  options.value = &source;
  options.allow_downcast = SVAR_DOWNCAST_TRUE;
  svar_variable_t *rounded = NULL;
  svar_value_t value = SVAR_VALUE_INIT;
  SVAR_TRY(svar_variable_create(&options, &rounded));
  svar_ret_t ret = svar_get_value(rounded, SVAR_BORROW, &value);
  if (ret == SVAR_OK) {
    source =
        numbers->ndim == 0 ? svar_scalar(type.dtype, value.tensor.data) : svar_array(&value.tensor);
    ret = send_source(setting, source, out_version);
  }
  svar_value_release(&value);
  svar_variable_unref(rounded);
  return ret;
}

static svar_ret_t
set_numbers(const setting_t *setting, const char *text, uint64_t *out_version)
{
  svari_numbers_t numbers = SVARI_NUMBERS_INIT;
  SVAR_TRY(svari_numbers_parse(text, &numbers));
  svar_ret_t ret = is_real(svar_variable_type(setting->variable).dtype)
                       ? set_rounded(setting, &numbers, out_version)
                       : send_source(setting, svari_numbers_source(&numbers), out_version);
  svari_numbers_fini(&numbers);
  return ret;
}

// --- what are no numbers ---------------------------------------------------------------------------

static bool
is_none(const char *text)
{
  return strcmp(text, "none") == 0;
}

static svar_ret_t
set_seed(const setting_t *setting, const char *text, uint64_t *out_version)
{
  char *end;
  errno = 0;
  uint64_t seed = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "variable '%s' is a random state: it is set by a seed, a whole "
                     "number below 2^64, not by '%s'",
                     svar_variable_name(setting->variable), text);
  }
  const svar_random_state_t state = svar_random_seeded(seed);
  return send_source(setting, svar_random_source(&state), out_version);
}

// --- the command -----------------------------------------------------------------------------------

static svar_ret_t
set_value(setting_t *setting, const svari_arguments_t *arguments, int64_t timeout_ns,
          uint64_t *out_version)
{
  char *const *operands = arguments->operands;
  SVAR_TRY(svari_store_lookup(arguments, operands[0], &setting->store));
  SVAR_TRY(svari_variable_lookup(setting->store, operands[1], &setting->variable));
  SVAR_TRY(svari_remote_lookup(arguments, setting->store, timeout_ns, &setting->remote));
  if (is_none(operands[2])) {
    return send_source(setting, svar_none(), out_version);
  }
  if (svar_variable_type(setting->variable).kind == SVAR_KIND_RANDOM) {
    return set_seed(setting, operands[2], out_version);
  }
  return is_npy_file(operands[2]) ? set_file(setting, operands[2], out_version)
                                  : set_numbers(setting, operands[2], out_version);
}

static int
set(const svari_arguments_t *arguments, int64_t timeout_ns)
{
  setting_t setting = {NULL, NULL, NULL};
  uint64_t version = 0;
  svar_ret_t ret = set_value(&setting, arguments, timeout_ns, &version);
  svar_variable_unref(setting.variable);
  return svari_remote_end(ret, version, setting.remote, setting.store);
}

static int
run_set(int argc, char **argv)
{
  int64_t timeout_ns = 0;
  const svari_option_t options[] = {SVARI_TIMEOUT_OPTION(&timeout_ns)};
  svari_arguments_t arguments;
  int exit_code;
  if (!svari_arguments_parse(&svari_command_set, options, 1, 3, 3, argc, argv, &arguments,
                             &exit_code)) {
    return exit_code;
  }
  return set(&arguments, timeout_ns);
}

const svari_command_t svari_command_set = {
    .name = "set",
    .operands = "STORE VARIABLE VALUE|FILE.npy",
    .summary = "Give a variable a new value, through the process that holds it.",
    .description =
        "VALUE is a number or a nested list of numbers: 0.5, true, '[[1, 2], [3, 4]]'; behind\n"
        "'--' if it begins with a '-'. For a variable of floats it is rounded to them; else it\n"
        "must be exact. What ends in .npy is a NumPy file. 'none' unsets the variable, and a "
        "whole\n"
        "number seeds one that is a random state; a sparse variable takes a matrix with its "
        "zeros.\n"
        "The version that is made is printed.\n"
        "The holder obeys if it was told to, by its options settable and setters (the parameters\n"
        "of these names of weights_publisher), and checks the value as it checks its own.\n",
    .run = run_set,
};
