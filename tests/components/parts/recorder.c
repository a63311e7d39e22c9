// A component that logs each of its callbacks and misbehaves as its parameters say.
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "shared_variable/component.h"

typedef struct recorder {
  const svar_component_host_t *host;
  uint64_t next_index;
} recorder_t;

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "fail_in",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "The callback that fails"},
    {.name = "fail_as",
     .default_value = {SVAR_PARAMETER_STRING, {.string = "failure"}},
     .description = "failure, silence, error or nonsense"},
    {.name = "serial",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 7}},
     .is_read_only = true},
    {.name = "recovers", .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}}},
    {.name = "steps",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 0}},
     .description = "Done after so many; 0: never",
     .minimum = 0,
     .maximum = 1e6},
    {.name = "period_ms",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = -1}},
     .description = "Between steps; < 0: none",
     .minimum = -1,
     .maximum = 3.6e6},
    {.name = "step_ms", .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 0}}},
    {.name = "waits", .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}}},
    {.name = "slow_in",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "The callback that takes until a stop is asked for"},
    {.name = "tells_thread", .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}}},
    {.name = "gains",
     .default_value = {SVAR_PARAMETER_DOUBLE_ARRAY, {.array = {NULL, 0}}},
     .minimum = -1,
     .maximum = 1},
    {.name = "topic", .default_value = {SVAR_PARAMETER_STRING, {.string = "~/out"}}},
};

static svar_parameter_value_t
value_of(const recorder_t *recorder, const char *name)
{
  svar_parameter_value_t value = {0};
  if (recorder->host->parameter(recorder->host, name, &value) != SVAR_OK) {
    recorder->host->log(recorder->host, SVAR_LOG_FATAL, "%s", svar_error_message());
    abort();
  }
  return value;
}

static bool
is_text(const recorder_t *recorder, const char *name, const char *text)
{
  return strcmp(value_of(recorder, name).as.string, text) == 0;
}

static void
sleep_ms(double ms)
{
  int64_t ns = (int64_t)(ms * 1e6);
  struct timespec rest = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, NULL);
}

// How many KiB below this frame are in RAM, up to 1 MiB.
static int
touched_kib(void)
{
  const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
  uintptr_t here = (uintptr_t)__builtin_frame_address(0) & ~(page_bytes - 1);
  int kib = 0;
  unsigned char is_resident = 1;
  while (kib < 1024 && mincore((void *)(here -= page_bytes), page_bytes, &is_resident) == 0 &&
         (is_resident & 1) != 0) {
    kib += (int)(page_bytes >> 10);
  }
  return kib;
}

static void
tell_thread(const recorder_t *recorder, const char *callback)
{
  struct sched_param parameter = {0};
  cpu_set_t cpus;
  char thread[16] = "?";
  pthread_getname_np(pthread_self(), thread, sizeof(thread));
  sched_getparam(0, &parameter);
  sched_getaffinity(0, sizeof(cpus), &cpus);
  recorder->host->log(recorder->host, SVAR_LOG_INFO,
                      "%s: thread %s, policy %d, priority %d, %s, stack %s", callback, thread,
                      sched_getscheduler(0), parameter.sched_priority,
                      CPU_COUNT(&cpus) == 1 ? "one CPU" : "many CPUs",
                      touched_kib() >= 512 ? "touched" : "not touched");
}

static svar_transition_result_t
record(const recorder_t *recorder, const char *callback)
{
  recorder->host->log(recorder->host, SVAR_LOG_INFO, "%s", callback);
  if (value_of(recorder, "tells_thread").as.boolean) {
    tell_thread(recorder, callback);
  }
  while (is_text(recorder, "slow_in", callback) && !recorder->host->is_stopping(recorder->host)) {
    sleep_ms(1);
  }
  if (!is_text(recorder, "fail_in", callback)) {
    return SVAR_TRANSITION_SUCCESS;
  }
  if (is_text(recorder, "fail_as", "silence")) {
    return SVAR_TRANSITION_FAILURE;
  }
  (void)svar_fail(SVAR_ERR_VALUE, "%s does not feel like it", callback);
  if (is_text(recorder, "fail_as", "nonsense")) {
    return (svar_transition_result_t)77;
  }
  return is_text(recorder, "fail_as", "error") ? SVAR_TRANSITION_ERROR : SVAR_TRANSITION_FAILURE;
}

static svar_ret_t
recorder_create(const svar_component_host_t *host, void **out_self)
{
  recorder_t *recorder = calloc(1, sizeof(*recorder));
  if (recorder == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a recorder");
  }
  recorder->host = host;
  if (record(recorder, "create") != SVAR_TRANSITION_SUCCESS) {
    free(recorder);
    return SVAR_ERR_VALUE;
  }
  *out_self = recorder;
  return SVAR_OK;
}

static svar_transition_result_t
recorder_configure(void *self)
{
  recorder_t *recorder = self;
  const svar_component_host_t *host = recorder->host;
  char name[256];
  if (host->resolve_name(host, value_of(recorder, "topic").as.string, name, sizeof(name)) !=
      SVAR_OK) {
    return SVAR_TRANSITION_FAILURE;
  }
  host->log(host, SVAR_LOG_DEBUG, "topic %s of %s", name, host->node_name);
  svar_transition_result_t result = record(recorder, "configure");
  if (value_of(recorder, "waits").as.boolean) {
    while (!host->is_stopping(host)) {
      sleep_ms(1);
    }
    (void)svar_fail(SVAR_ERR_STATE, "nobody came");
    return SVAR_TRANSITION_FAILURE;
  }
  return result;
}

static svar_transition_result_t
recorder_activate(void *self)
{
  recorder_t *recorder = self;
  double period_ms = value_of(recorder, "period_ms").as.real;
  recorder->next_index = 0;
  recorder->host->set_period(recorder->host, period_ms < 0 ? -1 : (int64_t)(period_ms * 1e6));
  return record(recorder, "activate");
}

static svar_step_result_t
recorder_step(void *self, const svar_tick_t *tick)
{
  recorder_t *recorder = self;
  const svar_component_host_t *host = recorder->host;
  if (tick->index != recorder->next_index++ || tick->started_ns < tick->planned_ns) {
    host->log(host, SVAR_LOG_ERROR, "tick %" PRIu64 " is out of order", tick->index);
  }
  int64_t steps = value_of(recorder, "steps").as.integer;
  if (tick->index < 3) {
    if (record(recorder, "step") != SVAR_TRANSITION_SUCCESS) {
      return SVAR_STEP_FAILED;
    }
  }
  double step_ms = value_of(recorder, "step_ms").as.real;
  if (step_ms > 0) {
    sleep_ms(step_ms);
  }
  if (steps > 0 && tick->index + 1 == (uint64_t)steps) {
    host->log(host, SVAR_LOG_INFO, "done after %" PRIu64 " steps, %s missed", tick->index + 1,
              tick->missed > 0 ? "some" : "none");
    return SVAR_STEP_DONE;
  }
  return SVAR_STEP_CONTINUE;
}

static svar_transition_result_t
recorder_deactivate(void *self)
{
  return record(self, "deactivate");
}

static svar_transition_result_t
recorder_cleanup(void *self)
{
  return record(self, "cleanup");
}

static svar_transition_result_t
recorder_shutdown(void *self)
{
  return record(self, "shutdown");
}

static svar_transition_result_t
recorder_on_error(void *self)
{
  recorder_t *recorder = self;
  (void)record(recorder, "on_error");
  return value_of(recorder, "recovers").as.boolean ? SVAR_TRANSITION_SUCCESS
                                                   : SVAR_TRANSITION_FAILURE;
}

static svar_ret_t
recorder_on_parameter(void *self, const char *name, const svar_parameter_value_t *value)
{
  (void)self;
  (void)value;
  if (strcmp(name, "topic") == 0) {
    return svar_fail(SVAR_ERR_STATE, "the topic is in use");
  }
  return strcmp(name, "gains") == 0 ? SVAR_ERR_VALUE : SVAR_OK;
}

static void
recorder_destroy(void *self)
{
  (void)record(self, "destroy");
  free(self);
}

static const svar_component_descriptor_t recorder = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "test::RecorderOfHTTPCalls2",
    .description = "Logs its callbacks",
    .parameters = parameters,
    .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
    .create = recorder_create,
    .configure = recorder_configure,
    .activate = recorder_activate,
    .step = recorder_step,
    .deactivate = recorder_deactivate,
    .cleanup = recorder_cleanup,
    .shutdown = recorder_shutdown,
    .on_error = recorder_on_error,
    .destroy = recorder_destroy,
    .on_parameter = recorder_on_parameter,
};

// The least a component can be: every callback that may be NULL is.
static const svar_parameter_descriptor_t least_parameters[] = {
    {.name = "only_here", .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 1}}}};

static svar_ret_t
least_create(const svar_component_host_t *host, void **out_self)
{
  host->log(host, SVAR_LOG_INFO, "least create");
  *out_self = NULL;
  return SVAR_OK;
}

static svar_transition_result_t
least_configure(void *self)
{
  (void)self;
  return SVAR_TRANSITION_SUCCESS;
}

static void
least_destroy(void *self)
{
  (void)self;
}

static const svar_component_descriptor_t least = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "test::Least",
    .parameters = least_parameters,
    .parameter_count = 1,
    .create = least_create,
    .configure = least_configure,
    .destroy = least_destroy,
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  static const svar_component_descriptor_t *const all[] = {&recorder, &least};
  return index < 2 ? all[index] : NULL;
}
