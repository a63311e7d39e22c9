// What every call of the stand-in begins with: is the driver started, and shall this call fail?
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fakes/driver/control.h"
#include "tests/fakes/driver/fake_driver.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t started_in; // 0: cuInit was not called
static int delay_us;
static int live;
static struct {
  char name[64]; // "": none
  int calls_left;
  int result;
  int has_failed;
} failure;
static _Thread_local bool in_host_function;

int
fake_option(const char *name, int otherwise)
{
  const char *value = secure_getenv(name);
  return value != NULL ? atoi(value) : otherwise;
}

void
fake_count(int change)
{
  pthread_mutex_lock(&lock);
  live += change;
  pthread_mutex_unlock(&lock);
}

int
fake_delay_us(void)
{
  pthread_mutex_lock(&lock);
  int most = delay_us;
  pthread_mutex_unlock(&lock);
  return most;
}

void
fake_device_in_host_function(bool is_in)
{
  in_host_function = is_in;
}

// --- failures on demand --------------------------------------------------------------------------------

// A test that fails each call of something cares about those whose failure can be told.
static bool
is_of_teardown(const char *call)
{
  static const char *const calls[] = {
      "cuMemUnmap",      "cuMemAddressFree",
      "cuMemRelease",    "cuStreamDestroy",
      "cuEventDestroy",  "cuMemHostUnregister",
      "cuModuleUnload",  "cuDevicePrimaryCtxRelease",
      "cuCtxPopCurrent", "cuCtxPushCurrent",
      "cuGetErrorName",  "cuThreadExchangeStreamCaptureMode",
  };
  for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); ++i) {
    if (strcmp(call, calls[i]) == 0) {
      return true;
    }
  }
  return false;
}

static svari_cu_result_t
take_failure(const char *call)
{
  bool is_meant =
      strcmp(failure.name, call) == 0 || (strcmp(failure.name, "*") == 0 && !is_of_teardown(call));
  if (!is_meant || --failure.calls_left != 0) {
    return SVARI_CU_SUCCESS;
  }
  failure.name[0] = '\0';
  failure.has_failed = 1;
  return failure.result;
}

static void
control_fail(const char *name, int nth, int result)
{
  pthread_mutex_lock(&lock);
  snprintf(failure.name, sizeof(failure.name), "%s", name != NULL ? name : "");
  failure.calls_left = nth;
  failure.result = result;
  failure.has_failed = 0;
  pthread_mutex_unlock(&lock);
}

static int
control_has_failed(void)
{
  pthread_mutex_lock(&lock);
  int has_failed = failure.has_failed;
  pthread_mutex_unlock(&lock);
  return has_failed;
}

static void
control_delay(int most_us)
{
  pthread_mutex_lock(&lock);
  delay_us = most_us;
  pthread_mutex_unlock(&lock);
}

static int
control_live(void)
{
  pthread_mutex_lock(&lock);
  int count = live;
  pthread_mutex_unlock(&lock);
  return count;
}

FAKE_EXPORT const fake_driver_control_t *fake_driver_control(void);

const fake_driver_control_t *
fake_driver_control(void)
{
  static const fake_driver_control_t control = {
      control_fail,           control_has_failed,      control_delay, fake_stream_capture,
      fake_memory_registered, fake_memory_fast_copies, control_live};
  return &control;
}

// "name:nth:result"
static void
read_failure(void)
{
  const char *text = secure_getenv("FAKE_DRIVER_FAIL");
  char name[64];
  int nth, result;
  if (text != NULL && sscanf(text, "%63[^:]:%d:%d", name, &nth, &result) == 3) {
    control_fail(name, nth, result);
  }
}

__attribute__((constructor)) static void
read_environment(void)
{
  delay_us = fake_option("FAKE_DRIVER_DELAY_US", 0);
  read_failure();
}

// --- the calls -------------------------------------------------------------------------------------------

// What a real driver does in a child of the process that started it is nobody's to know.
static void
refuse_forked(const char *call)
{
  if (started_in != 0 && started_in != getpid()) {
    fprintf(stderr, "%s was called in a forked child\n", call);
    abort();
  }
}

svari_cu_result_t
fake_enter(const char *call)
{
  pthread_mutex_lock(&lock);
  refuse_forked(call);
  svari_cu_result_t result = started_in == 0    ? SVARI_CU_NOT_INITIALIZED
                             : in_host_function ? SVARI_CU_NOT_PERMITTED
                                                : take_failure(call);
  pthread_mutex_unlock(&lock);
  return result;
}

svari_cu_result_t
cuInit(unsigned flags)
{
  pthread_mutex_lock(&lock);
  svari_cu_result_t result = flags != 0                ? SVARI_CU_INVALID_VALUE
                             : fake_device_count() < 1 ? SVARI_CU_NO_DEVICE
                                                       : take_failure(__func__);
  started_in = result == SVARI_CU_SUCCESS ? getpid() : 0;
  pthread_mutex_unlock(&lock);
  return result;
}

svari_cu_result_t
cuDriverGetVersion(int *out_version)
{
  *out_version = fake_option("FAKE_DRIVER_VERSION", 13000);
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuGetErrorName(svari_cu_result_t result, const char **out_name)
{
  static const struct {
    svari_cu_result_t result;
    const char *name;
  } names[] = {
#define NAME(ours, theirs, number) {number, #theirs},
      SVARI_CU_CONSTANTS(NAME)
#undef NAME
  };
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
    if (names[i].result == result && strncmp(names[i].name, "CUDA_", 5) == 0) {
      *out_name = names[i].name;
      return SVARI_CU_SUCCESS;
    }
  }
  return SVARI_CU_INVALID_VALUE;
}

FAKE_EXPORT svari_cu_result_t cuGetProcAddress_v2(const char *name, void **out_call, int version,
                                                  svari_cu_flags_t flags,
                                                  svari_cu_query_t *out_query);

svari_cu_result_t
cuGetProcAddress_v2(const char *name, void **out_call, int version, svari_cu_flags_t flags,
                    svari_cu_query_t *out_query)
{
  static const struct {
    const char *name;
    void *call;
  } calls[] = {
#define CALL(name, version, parameters) {#name, (void *)name},
      SVARI_DRIVER_CALLS(CALL)
#undef CALL
  };
  int own_version = 0;
  cuDriverGetVersion(&own_version);
  const char *missing = secure_getenv("FAKE_DRIVER_MISSING");
  *out_call = NULL;
  *out_query = 1; // no such symbol
  if (version > own_version || flags != SVARI_CU_LEGACY_STREAM) {
    return SVARI_CU_INVALID_VALUE;
  }
  for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); ++i) {
    if (strcmp(calls[i].name, name) == 0 && (missing == NULL || strcmp(missing, name) != 0)) {
      *out_call = calls[i].call;
      *out_query = 0;
    }
  }
  return *out_call != NULL ? SVARI_CU_SUCCESS : SVARI_CU_NOT_FOUND;
}
