#include "gpu/driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Written once, by the thread that loads; the others read them after pthread_once().
static pthread_once_t once = PTHREAD_ONCE_INIT;
static svari_driver_t driver;
static svari_driver_state_t state;
static char sentence[512];

// --- loading -----------------------------------------------------------------------------------------

static svari_driver_state_t say(svari_driver_state_t found, const char *format, ...)
    SVAR_PRINTF(2, 3);

static svari_driver_state_t
say(svari_driver_state_t found, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof(sentence), format, arguments);
  va_end(arguments);
  return found;
}

// libcuda.so.1 and never libcuda.so, which is where a toolkit keeps the library that is for linking only.
// Not rcutils_load_shared_library(): it opens RTLD_LAZY | RTLD_GLOBAL, and the library does not link rcutils.
static const char *
library_name(void)
{
  const char *named = secure_getenv("SVAR_GPU_DRIVER");
  return named != NULL && named[0] != '\0' ? named : "libcuda.so.1";
}

static bool
find_symbol(void *library, const char *name, void *out_function)
{
  void *symbol = dlsym(library, name);
  memcpy(out_function, &symbol, sizeof(symbol)); // ISO C has no cast from object to function
  return symbol != NULL;
}

static svari_driver_state_t
check_version(void *library, const char *name)
{
  svari_cu_result_t (*get_version)(int *) = NULL;
  if (!find_symbol(library, "cuDriverGetVersion", &get_version)) {
    return say(SVARI_DRIVER_STUB,
               "'%s' is no NVIDIA driver: it has no cuDriverGetVersion; SVAR_GPU_DRIVER or "
               "LD_LIBRARY_PATH leads there",
               name);
  }
  svari_cu_result_t result = get_version(&driver.version);
  if (result == SVARI_CU_STUB_LIBRARY || driver.version == 0) {
    return say(SVARI_DRIVER_STUB,
               "'%s' is not a working NVIDIA driver but the CUDA toolkit's library for linking "
               "(stubs/libcuda.so): take its folder out of LD_LIBRARY_PATH",
               name);
  }
  if (driver.version < SVARI_DRIVER_VERSION) {
    return say(SVARI_DRIVER_TOO_OLD,
               "the NVIDIA driver is too old: it offers CUDA %d.%d, and %d.%d is needed: install "
               "driver 525 or a later one",
               driver.version / 1000, driver.version % 1000 / 10, SVARI_DRIVER_VERSION / 1000,
               SVARI_DRIVER_VERSION % 1000 / 10);
  }
  return SVARI_DRIVER_READY;
}

static bool
find_call(svari_driver_lookup_t lookup, const char *name, void *out_call)
{
  void *call = NULL;
  svari_cu_query_t query = 0;
  svari_cu_result_t result =
      lookup(name, &call, SVARI_DRIVER_VERSION, SVARI_CU_LEGACY_STREAM, &query);
  memcpy(out_call, &call, sizeof(call));
  if (result == SVARI_CU_SUCCESS && call != NULL) {
    return true;
  }
  say(SVARI_DRIVER_INCOMPLETE,
      "the NVIDIA driver (CUDA %d.%d) has no %s of CUDA %d.%d (result %d, query %d): install it "
      "anew",
      driver.version / 1000, driver.version % 1000 / 10, name, SVARI_DRIVER_VERSION / 1000,
      SVARI_DRIVER_VERSION % 1000 / 10, result, query);
  return false;
}

static svari_driver_state_t
find_calls(void *library, const char *name)
{
  svari_driver_lookup_t lookup = NULL;
  if (!find_symbol(library, SVARI_DRIVER_LOOKUP, &lookup)) {
    return say(SVARI_DRIVER_INCOMPLETE, "'%s' has no %s: install the NVIDIA driver anew", name,
               SVARI_DRIVER_LOOKUP);
  }
#define FIND(call, version, parameters) find_call(lookup, #call, &driver.calls.call) &&
  bool has_all = SVARI_DRIVER_CALLS(FIND) true;
#undef FIND
  return has_all ? SVARI_DRIVER_READY : SVARI_DRIVER_INCOMPLETE;
}

static svari_driver_state_t
start(void)
{
  svari_cu_result_t result = driver.calls.cuInit(0);
  if (result == SVARI_CU_SUCCESS) {
    result = driver.calls.cuDeviceGetCount(&driver.device_count);
  }
  if (result == SVARI_CU_NO_DEVICE || (result == SVARI_CU_SUCCESS && driver.device_count < 1)) {
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    return say(SVARI_DRIVER_NO_DEVICE,
               "the NVIDIA driver finds no GPU (CUDA_VISIBLE_DEVICES%s%.64s): %s",
               visible != NULL ? "=" : " is not set", visible != NULL ? visible : "",
               SVARI_DRIVER_WHICH_GPUS);
  }
  if (result != SVARI_CU_SUCCESS) {
    return say(SVARI_DRIVER_DOES_NOT_START,
               "the NVIDIA driver does not start: %s (%d); `nvidia-smi` tells whether its module "
               "is in the kernel, and of the same version (after an update: reboot)",
               svari_driver_result_name(&driver, result), result);
  }
  return SVARI_DRIVER_READY;
}

static svari_driver_state_t
load(void)
{
  const char *name = library_name();
  void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    return say(SVARI_DRIVER_MISSING,
               "there is no NVIDIA driver on this machine (%s): install driver 525 or a later one",
               dlerror());
  }
  svari_driver_state_t found = check_version(library, name);
  if (found == SVARI_DRIVER_READY) {
    found = find_calls(library, name);
  }
  return found == SVARI_DRIVER_READY ? start() : found;
}

static void
load_once(void)
{
  driver.process = getpid();
  state = load();
}

svari_driver_state_t
svari_driver_state(void)
{
  pthread_once(&once, load_once);
  return state;
}

svar_ret_t
svari_driver_get(const svari_driver_t **out_driver)
{
#define CODE(name, ret) [name] = ret,
  static const svar_ret_t code_of[] = {SVARI_DRIVER_STATES(CODE)};
#undef CODE
  svari_driver_state_t found = svari_driver_state();
  if (found != SVARI_DRIVER_READY) {
    return svar_fail(code_of[found], "%s", sentence);
  }
  if (driver.process != getpid()) {
    return svar_fail(SVAR_ERR_FORKED,
                     "process %d used the GPU before it forked process %d, which therefore cannot: "
                     "fork before the first use of a GPU, or call exec after it",
                     (int)driver.process, (int)getpid());
  }
  *out_driver = &driver;
  return SVAR_OK;
}

svar_ret_t
svari_driver_check_number(const svari_driver_t *asked, int number)
{
  return number >= 0 && number < asked->device_count
             ? SVAR_OK
             : svar_fail(SVAR_ERR_CONTEXT,
                         "there is no GPU %d: this process sees %d, numbered from 0; %s", number,
                         asked->device_count, SVARI_DRIVER_WHICH_GPUS);
}

// --- results -----------------------------------------------------------------------------------------

const char *
svari_driver_result_name(const svari_driver_t *asked, svari_cu_result_t result)
{
  const char *name = NULL;
  if (asked->calls.cuGetErrorName(result, &name) != SVARI_CU_SUCCESS || name == NULL) {
    return "an error without a name";
  }
  return name;
}

// Those after which the process "must be terminated and relaunched", as the driver's documentation has it, and memory
// that has lost its contents.
bool
svari_driver_is_final(svari_cu_result_t result)
{
  enum {
    CONTAINED = 226,
    TENSOR_MEMORY_LEAK = 721
  }; // since CUDA 12.8: no older toolkit has the names
  switch (result) {
  case SVARI_CU_ECC_UNCORRECTABLE:
  case CONTAINED:
  case SVARI_CU_ILLEGAL_ADDRESS:
  case SVARI_CU_LAUNCH_TIMEOUT:
  case SVARI_CU_ASSERT:
  case TENSOR_MEMORY_LEAK:
  case SVARI_CU_MPS_CLIENT_TERMINATED:
  case SVARI_CU_EXTERNAL_DEVICE:
    return true;
  default:
    return result >= SVARI_CU_HARDWARE_STACK_ERROR && result <= SVARI_CU_LAUNCH_FAILED;
  }
}

static svar_ret_t
code_of_result(svari_cu_result_t result)
{
  switch (result) {
  case SVARI_CU_OUT_OF_MEMORY:
    return SVAR_ERR_NO_SPACE;
  case SVARI_CU_DEVICE_UNAVAILABLE:
  case SVARI_CU_NO_DEVICE:
  case SVARI_CU_INVALID_DEVICE:
    return SVAR_ERR_CONTEXT;
  case SVARI_CU_NO_BINARY_FOR_GPU:
  case SVARI_CU_INVALID_PTX:
  case SVARI_CU_JIT_COMPILER_NOT_FOUND:
  case SVARI_CU_UNSUPPORTED_PTX_VERSION:
  case SVARI_CU_NOT_SUPPORTED:
    return SVAR_ERR_UNSUPPORTED;
  default:
    return SVAR_ERR_DEVICE;
  }
}

// What can be done about it, as the end of a sentence; or "".
static const char *
remedy_of_result(svari_cu_result_t result)
{
  switch (result) {
  case SVARI_CU_OUT_OF_MEMORY:
    return "; `nvidia-smi` shows what uses the GPU's memory: end some of it, or ask for less";
  case SVARI_CU_NO_BINARY_FOR_GPU:
  case SVARI_CU_INVALID_PTX:
  case SVARI_CU_UNSUPPORTED_PTX_VERSION:
    return "; kernels need a GPU of compute capability 7.5 and driver 525, or later ones";
  case SVARI_CU_JIT_COMPILER_NOT_FOUND:
    return "; libnvidia-ptxjitcompiler.so.1 is missing: install the whole driver (in a container: "
           "NVIDIA_DRIVER_CAPABILITIES=compute,utility)";
  default:
    return svari_driver_is_final(result) ? "; this process can use the GPU no more: start it again"
                                         : "";
  }
}

svar_ret_t
svari_driver_result(const svari_driver_t *asked, svari_cu_result_t result, const char *format, ...)
{
  if (result == SVARI_CU_SUCCESS) {
    return SVAR_OK;
  }
  char what[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof(what), format, arguments);
  va_end(arguments);
  return svar_fail(code_of_result(result), "%s: %s (%d)%s", what,
                   svari_driver_result_name(asked, result), result, remedy_of_result(result));
}
