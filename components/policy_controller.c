// shared_variable::PolicyController: runs a walking policy on weights that another process publishes.
// Each step borrows the weights of one version, straight from the store, and gives them back. A store
// that is removed leaves it running on the last weights until a new store of that name has others.
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy_network.h"
#include "policy_observations.h"
#include "policy_record.h"
#include "policy_source.h"
#include "shared_variable/component.h"
#include "shared_variable/shared_variable.h"
#include "store_attach.h"

enum { NS_PER_SECOND = 1000000000 };
static const double PERIOD_MAX_NS = 3600e9;
static const int64_t LOOK_PERIOD_NS = NS_PER_SECOND / 2; // how often a step looks after the store

typedef struct controller {
  const svar_component_host_t *host;
  const char *record_path; // owned by the host; "": no record
  char store_name[SVAR_STORE_NAME_BYTES];
  svari_policy_source_t source;
  bool is_orphaned;  // the source's store was removed; a new one is looked for
  bool told_refusal; // why the store found instead is not used has been logged
  int64_t look_ns;   // when to look after the store next
  // The weights of checked_version in the source's store, good again in each step on that version;
  // weights points to their tensors.
  svar_value_t views[SVARI_POLICY_WEIGHT_COUNT];
  const DLTensor *weights[SVARI_POLICY_WEIGHT_COUNT];
  uint64_t checked_version; // the weights of this version fit the network; 0: not known
  svari_policy_observations_t observations;
  svari_policy_network_t network;
  svari_policy_record_t record;
  uint64_t missed;
  bool is_finished; // recorded and reported
} controller_t;

static svar_ret_t
controller_create(const svar_component_host_t *host, void **out_self)
{
  controller_t *self = calloc(1, sizeof(*self));
  if (self == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a policy controller");
  }
  self->host = host;
  for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
    self->weights[i] = &self->views[i].tensor;
  }
  *out_self = self;
  return SVAR_OK;
}

// Undoes configure, from any stage of it.
static void
release(controller_t *controller)
{
  svari_policy_source_fini(&controller->source);
  svari_policy_network_fini(&controller->network);
  svari_policy_observations_fini(&controller->observations);
  svari_policy_record_fini(&controller->record);
}

static void
controller_destroy(void *self)
{
  release(self);
  free(self);
}

static int64_t
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static svar_ret_t
weights_sizes(controller_t *controller, svari_policy_sizes_t *out_sizes)
{
  svar_ret_t ret = svari_policy_sizes_of(controller->weights, out_sizes);
  if (ret != SVAR_OK) {
    svar_fail_context("'%s' does not hold a policy network", controller->store_name);
  }
  return ret;
}

// Makes the network for the weights in view, and room for its record.
static svar_ret_t
make_network(controller_t *controller, const svar_snapshot_t *now)
{
  SVAR_TRY(svari_policy_source_view(&controller->source, now, controller->views));
  svari_policy_sizes_t sizes;
  SVAR_TRY(weights_sizes(controller, &sizes));
  const svari_policy_observations_t *observations = &controller->observations;
  if (observations->width != sizes.observation) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "the observations have %lld numbers a step, but the network of '%s' takes %d; give "
        "the observations of the same robot",
        (long long)observations->width, controller->store_name, (int)sizes.observation);
  }
  SVAR_TRY(svari_policy_network_init(&sizes, &controller->network));
  SVAR_TRY(svari_policy_record_init(observations->steps, sizes.action, &controller->record));
  controller->checked_version = now->version;
  // OpenBLAS takes its buffers at its first call in a thread: here, not in the first step.
  svari_policy_network_step(&controller->network, controller->weights, observations->values,
                            svari_policy_record_action(&controller->record));
  return SVAR_OK;
}

static svar_ret_t
prepare_weights(controller_t *controller, double timeout_s)
{
  svar_store_t *store = NULL;
  SVAR_TRY(svari_store_attach(controller->host, controller->store_name, timeout_s, &store));
  SVAR_TRY(svari_policy_source_init(store, &controller->source));
  controller->is_orphaned = false;
  svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
  SVAR_TRY(svar_snapshot_begin(store, &now));
  svar_ret_t ret = make_network(controller, &now);
  svar_snapshot_end(&now);
  return ret;
}

static svar_ret_t
configure(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  svar_parameter_value_t store, observations, record, rate, store_timeout;
  SVAR_TRY(host->parameter(host, "store", &store));
  SVAR_TRY(host->parameter(host, "observations", &observations));
  SVAR_TRY(host->parameter(host, "record", &record));
  SVAR_TRY(host->parameter(host, "rate", &rate));
  SVAR_TRY(host->parameter(host, "store_timeout", &store_timeout));
  controller->record_path = record.as.string;
  if (observations.as.string[0] == '\0') {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the parameter 'observations' is empty: give a .safetensors "
                     "file, as in -p observations:=observations.safetensors");
  }
  SVAR_TRY(host->resolve_name(host, store.as.string, controller->store_name,
                              sizeof(controller->store_name)));
  if (controller->record_path[0] != '\0') { // now, rather than after the whole run
    SVAR_TRY(svari_policy_record_check_path(controller->record_path));
  }
  SVAR_TRY(svari_policy_observations_read(observations.as.string, &controller->observations));
  openblas_set_num_threads(1); // products this small only lose by being shared out
  SVAR_TRY(prepare_weights(controller, store_timeout.as.real));
  double period_ns = rate.as.real > 0 ? fmin(NS_PER_SECOND / rate.as.real, PERIOD_MAX_NS) : 0;
  host->set_period(host, (int64_t)period_ns);
  char pace[32] = "as fast as it can";
  if (rate.as.real > 0) {
    snprintf(pace, sizeof(pace), "at %g Hz", rate.as.real);
  }
  const svari_policy_sizes_t *sizes = &controller->network.sizes;
  host->log(host, SVAR_LOG_INFO,
            "%s: %d observations -> LSTM %d -> %d -> %d actions; %lld steps %s",
            controller->store_name, (int)sizes->observation, (int)sizes->hidden, (int)sizes->actor,
            (int)sizes->action, (long long)controller->observations.steps, pace);
  return SVAR_OK;
}

static svar_transition_result_t
controller_configure(void *self)
{
  if (configure(self) != SVAR_OK) {
    release(self);
    return SVAR_TRANSITION_FAILURE;
  }
  return SVAR_TRANSITION_SUCCESS;
}

// Every activation runs the observations from the first, with zero state.
static svar_transition_result_t
controller_activate(void *self)
{
  controller_t *controller = self;
  svari_policy_network_reset(&controller->network);
  controller->record.count = 0;
  controller->missed = 0;
  controller->is_finished = false;
  controller->look_ns = now_ns() + LOOK_PERIOD_NS;
  return SVAR_TRANSITION_SUCCESS;
}

static svar_ret_t
check_new_version(controller_t *controller, uint64_t version)
{
  svari_policy_sizes_t new_sizes;
  SVAR_TRY(weights_sizes(controller, &new_sizes));
  const svari_policy_sizes_t *sizes = &controller->network.sizes;
  if (!svari_policy_sizes_equal(&new_sizes, sizes)) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "version %llu of '%s' makes a network of sizes %d, %d, %d, %d, but the one that "
        "runs has %d, %d, %d, %d (observation, hidden, actor, action); restart the "
        "controller to use it",
        (unsigned long long)version, controller->store_name, (int)new_sizes.observation,
        (int)new_sizes.hidden, (int)new_sizes.actor, (int)new_sizes.action, (int)sizes->observation,
        (int)sizes->hidden, (int)sizes->actor, (int)sizes->action);
  }
  controller->checked_version = version;
  return SVAR_OK;
}

static svar_ret_t
run_network(controller_t *controller, const svar_snapshot_t *now)
{
  if (now->version != controller->checked_version) {
    SVAR_TRY(svari_policy_source_view(&controller->source, now, controller->views));
    SVAR_TRY(check_new_version(controller, now->version));
  }
  const svari_policy_observations_t *observations = &controller->observations;
  const float *observation = observations->values + controller->record.count * observations->width;
  svari_policy_network_step(&controller->network, controller->weights, observation,
                            svari_policy_record_action(&controller->record));
  return SVAR_OK;
}

// The source that the controller has no use for any more, or could not use, comes back in source.
static svar_ret_t
swap_source(controller_t *controller, svari_policy_source_t *source)
{
  svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
  SVAR_TRY(svar_snapshot_begin(source->store, &now));
  svar_ret_t ret = svari_policy_source_view(source, &now, controller->views);
  if (ret == SVAR_OK) {
    ret = check_new_version(controller, now.version);
  }
  svar_snapshot_end(&now);
  if (ret != SVAR_OK) {
    controller->checked_version = 0; // the views are not of the store that stays
    return ret;
  }
  svari_policy_source_t old = controller->source;
  controller->source = *source;
  *source = old;
  return SVAR_OK;
}

// SVAR_EMPTY: there is no new store, or no version in it, yet.
static svar_ret_t
adopt_new_store(controller_t *controller)
{
  svar_store_t *store = NULL;
  svar_ret_t ret = svari_store_look(controller->store_name, &store);
  if (ret != SVAR_OK) {
    svar_store_close(store);
    return ret;
  }
  svari_policy_source_t source;
  SVAR_TRY(svari_policy_source_init(store, &source));
  ret = swap_source(controller, &source);
  svari_policy_source_fini(&source);
  return ret;
}

static bool
is_orphaned_now(const controller_t *controller)
{
  // No version comes after the last number there is: only the store's end can be news.
  return svar_store_wait(controller->source.store, UINT64_MAX, 0, NULL) == SVAR_ERR_STALE;
}

// A publisher that ends in order takes its store with it, and the next one makes another: a controller
// has to move over, and must not stop in between. Allocates nothing unless the store is gone.
static void
look_after_store(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  unsigned long long old_version = svar_store_version(controller->source.store);
  if (!controller->is_orphaned && is_orphaned_now(controller)) {
    controller->is_orphaned = true;
    controller->told_refusal = false;
    host->log(host, SVAR_LOG_WARN,
              "the store %s was removed: the policy goes on with its version %llu until there is a "
              "new store of that name",
              controller->store_name, old_version);
  }
  svar_ret_t ret = controller->is_orphaned ? adopt_new_store(controller) : SVAR_EMPTY;
  if (ret == SVAR_OK) {
    controller->is_orphaned = false;
    host->log(host, SVAR_LOG_INFO,
              "a new store %s: from its version %llu on, after %llu of the old",
              controller->store_name, (unsigned long long)controller->checked_version, old_version);
  } else if (ret != SVAR_EMPTY && !controller->told_refusal) {
    controller->told_refusal = true;
    host->log(host, SVAR_LOG_WARN, "the new store %s is not used: %s", controller->store_name,
              svar_error_message());
  }
}

static void
report(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  svari_policy_record_t *record = &controller->record;
  svari_policy_latency_t latency = svari_policy_record_latency(record);
  host->log(host, SVAR_LOG_INFO, "steps             %lld of %lld", (long long)record->count,
            (long long)record->capacity);
  host->log(host, SVAR_LOG_INFO, "missed deadlines  %llu", (unsigned long long)controller->missed);
  host->log(host, SVAR_LOG_INFO, "version changes   %lld",
            (long long)svari_policy_record_version_changes(record));
  host->log(host, SVAR_LOG_INFO, "step latency      p50 %.1f us  p99 %.1f us  max %.1f us",
            latency.p50_ns / 1e3, latency.p99_ns / 1e3, latency.max_ns / 1e3);
}

// Writes the record and reports; once for each activation.
static svar_ret_t
finish(controller_t *controller)
{
  if (controller->is_finished) {
    return SVAR_OK;
  }
  controller->is_finished = true;
  svar_ret_t ret = SVAR_OK;
  if (controller->record_path[0] != '\0') {
    ret = svari_policy_record_write(&controller->record, controller->record_path);
  }
  report(controller);
  return ret;
}

static svar_step_result_t
controller_step(void *self, const svar_tick_t *tick)
{
  controller_t *controller = self;
  svari_policy_record_t *record = &controller->record;
  controller->missed = tick->missed;
  int64_t begin_ns = now_ns();
  svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
  if (svar_snapshot_begin(controller->source.store, &now) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  svar_ret_t ret = run_network(controller, &now);
  int64_t end_ns = now_ns();
  uint64_t version = now.version;
  svar_snapshot_end(&now);
  if (ret != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  svari_policy_record_add(record, version, end_ns - begin_ns);
  if (end_ns >= controller->look_ns) { // after the action, so that it never waits for this
    controller->look_ns = end_ns + LOOK_PERIOD_NS;
    look_after_store(controller);
  }
  if (record->count < record->capacity) {
    return SVAR_STEP_CONTINUE;
  }
  return finish(controller) == SVAR_OK ? SVAR_STEP_DONE : SVAR_STEP_FAILED;
}

static svar_transition_result_t
controller_deactivate(void *self)
{
  return finish(self) == SVAR_OK ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_FAILURE;
}

static svar_transition_result_t
controller_cleanup(void *self)
{
  release(self);
  return SVAR_TRANSITION_SUCCESS;
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "store",
     .default_value = {SVAR_PARAMETER_STRING, {.string = "/policy/weights"}},
     .description = "name of the store that holds the network's weights"},
    {.name = "observations",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "a .safetensors file with a tensor 'observations' [steps, width]"},
    {.name = "record",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description =
         "a .safetensors file to write: 'actions' and 'versions', a row a step; empty: none"},
    {.name = "rate",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 50}},
     .description = "steps a second; 0: as fast as it can",
     .minimum = 0,
     .maximum = 1e6},
    {.name = "store_timeout",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 10}},
     .description = "seconds to wait for the store's first version",
     .minimum = 0,
     .maximum = 86400},
};

static const svar_component_descriptor_t descriptor = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "shared_variable::PolicyController",
    .description = "runs an LSTM policy on weights borrowed from a store",
    .parameters = parameters,
    .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
    .create = controller_create,
    .configure = controller_configure,
    .activate = controller_activate,
    .step = controller_step,
    .deactivate = controller_deactivate,
    .cleanup = controller_cleanup,
    .destroy = controller_destroy,
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  return index == 0 ? &descriptor : NULL;
}
