// shared_variable::PolicyController: runs a walking policy on weights that another process publishes.
// Each step runs on the weights of one version, straight from the store: a newer one is taken between steps, if the
// network takes it. Else the policy stays on the last good one, as it does when the store is removed, until a new
// store of that name has others.
//
// Observations are those of a file, one a step, or come on a topic: then a step without a new one holds the
// last action, that is, it sends nothing, and neither a player that dies nor RouDi's end stops the controller.
// The network's state goes on with the next observation, whoever sends it.
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "backing.h"
#include "monotonic_clock.h"
#include "policy_link.h"
#include "policy_network.h"
#include "policy_observations.h"
#include "policy_record.h"
#include "policy_weights.h"
#include "shared_variable/component.h"
#include "shared_variable/messages.h"
#include "shared_variable/shared_variable.h"
#include "store_attach.h"

static const double PERIOD_MAX_NS = 3600e9;
static const int64_t LOOK_PERIOD_NS =
    SVARI_NANOSECONDS / 2;                                 // how often a step looks after the store
static const int64_t PATIENCE_NS = SVARI_NANOSECONDS / 10; // of a step, for an observation

typedef struct controller {
  const svar_component_host_t *host;
  const char *record_path; // owned by the host; "": no record
  char store_name[SVAR_STORE_NAME_BYTES];
  char observations_topic[SVAR_TOPIC_NAME_BYTES]; // "": they are those of a file
  char actions_topic[SVAR_TOPIC_NAME_BYTES];      // "": none
  uint32_t queue;
  bool stays;           // after the last observation of a topic
  int64_t patience_ns;  // of a step, for an observation of a topic
  int64_t record_steps; // of observations of a topic
  DLDevice device;      // that the policy runs on, and its weights lie on
  svari_policy_weights_t weights;
  char refusal[512]; // why newer weights are not used, to be logged; "": nothing to say
  bool is_orphaned;  // the weights' store was removed; a new one is looked for
  bool told_refusal; // why the store found instead is not used has been logged
  int64_t look_ns;   // when to look after the store next
  svari_policy_observations_t observations; // the file's, or the one that came last
  svari_policy_message_t observed; // of the current step; what it does not come with: zeros
  svari_policy_link_t *link;       // while active; NULL: no topics
  svari_policy_network_t *network; // NULL: not configured
  svari_policy_record_t record;
  uint64_t missed;
  uint64_t held;    // steps without a new observation
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
  *out_self = self;
  return SVAR_OK;
}

// Undoes configure, from any stage of it.
static void
release(controller_t *controller)
{
  svari_policy_link_close(controller->link);
  controller->link = NULL;
  svari_policy_network_destroy(controller->network);
  controller->network = NULL;
  svari_policy_weights_close(&controller->weights);
  svari_policy_observations_fini(&controller->observations);
  svari_policy_record_fini(&controller->record);
}

static void
controller_destroy(void *self)
{
  release(self);
  free(self);
}

static bool
has_topic(const controller_t *controller)
{
  return controller->observations_topic[0] != '\0';
}

static svar_ret_t
weights_sizes(const controller_t *controller, svari_policy_sizes_t *out_sizes)
{
  svar_ret_t ret =
      svari_policy_sizes_of(svari_policy_weights_tensors(&controller->weights), out_sizes);
  if (ret != SVAR_OK) {
    svar_fail_context("'%s' does not hold a policy network", controller->store_name);
  }
  return ret;
}

// Observations of a topic are as wide as the network takes them; those of a file must be.
static svar_ret_t
fit_observations(controller_t *controller, int32_t width)
{
  svari_policy_observations_t *observations = &controller->observations;
  if (has_topic(controller)) {
    return svari_policy_observations_init(width, observations);
  }
  if (observations->width != width) {
    return svar_fail(
        SVAR_ERR_TYPE,
        "the observations have %lld numbers a step, but the network of '%s' takes %d; give "
        "the observations of the same robot",
        (long long)observations->width, controller->store_name, (int)width);
  }
  return SVAR_OK;
}

// Makes the network for the weights, and room for its record.
static svar_ret_t
make_network(controller_t *controller)
{
  svari_policy_sizes_t sizes;
  SVAR_TRY(weights_sizes(controller, &sizes));
  SVAR_TRY(fit_observations(controller, sizes.observation));
  const svari_policy_observations_t *observations = &controller->observations;
  SVAR_TRY(svari_policy_network_create(&sizes, controller->device, &controller->network));
  SVAR_TRY(svari_policy_weights_check(&controller->weights, controller->network));
  SVAR_TRY(svari_policy_record_init(has_topic(controller) ? controller->record_steps
                                                          : observations->steps,
                                    sizes.action, &controller->record));
  // What takes memory, or time, at a thread's first step (OpenBLAS, a GPU's driver): here, not in the first step.
  return svari_policy_network_step(
      controller->network, svari_policy_weights_tensors(&controller->weights), observations->values,
      svari_policy_record_action(&controller->record));
}

static svar_ret_t
prepare_weights(controller_t *controller, double timeout_s)
{
  svar_store_t *store = NULL;
  SVAR_TRY(svari_store_attach(controller->host, controller->store_name, timeout_s, &store));
  SVAR_TRY(svari_policy_weights_open(store, &controller->weights));
  controller->is_orphaned = false;
  controller->refusal[0] = '\0';
  return make_network(controller);
}

// The parameter's topic; out_topic has SVAR_TOPIC_NAME_BYTES, and "" for none.
static svar_ret_t
read_topic(controller_t *controller, const char *parameter, char *out_topic)
{
  const svar_component_host_t *host = controller->host;
  svar_parameter_value_t topic;
  SVAR_TRY(host->parameter(host, parameter, &topic));
  out_topic[0] = '\0';
  return topic.as.string[0] == '\0'
             ? SVAR_OK
             : host->resolve_name(host, topic.as.string, out_topic, SVAR_TOPIC_NAME_BYTES);
}

static svar_ret_t
configure_topics(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  svar_parameter_value_t queue, stay, record_steps;
  SVAR_TRY(read_topic(controller, "observations_topic", controller->observations_topic));
  SVAR_TRY(read_topic(controller, "actions_topic", controller->actions_topic));
  SVAR_TRY(host->parameter(host, "queue", &queue));
  SVAR_TRY(host->parameter(host, "stay", &stay));
  SVAR_TRY(host->parameter(host, "record_steps", &record_steps));
  controller->queue = (uint32_t)queue.as.integer;
  controller->stays = stay.as.boolean;
  controller->record_steps = record_steps.as.integer;
  return SVAR_OK;
}

static svar_ret_t
configure_observations(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  svar_parameter_value_t file;
  SVAR_TRY(host->parameter(host, "observations", &file));
  bool has_file = file.as.string[0] != '\0';
  if (!has_file && !has_topic(controller)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the parameter 'observations' is empty: give a .safetensors "
                     "file, as in -p observations:=observations.safetensors, or the topic that "
                     "they come on, as in -p observations_topic:=/policy/observations");
  }
  if (has_file && has_topic(controller)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "observations are to come from the file '%s' and on the topic '%s': give one "
                     "of 'observations' and 'observations_topic'",
                     file.as.string, controller->observations_topic);
  }
  return has_file ? svari_policy_observations_read(file.as.string, &controller->observations)
                  : SVAR_OK;
}

// A rate of 0 is the observations' own where they come on a topic: a step waits for the next.
static svar_ret_t
configure_pace(controller_t *controller, char *out_text, size_t text_bytes)
{
  const svar_component_host_t *host = controller->host;
  svar_parameter_value_t rate;
  SVAR_TRY(host->parameter(host, "rate", &rate));
  bool is_periodic = rate.as.real > 0;
  double period_ns = is_periodic ? fmin(SVARI_NANOSECONDS / rate.as.real, PERIOD_MAX_NS) : 0;
  host->set_period(host, (int64_t)period_ns);
  controller->patience_ns = is_periodic ? 0 : PATIENCE_NS;
  if (is_periodic) {
    snprintf(out_text, text_bytes, "at %g Hz", rate.as.real);
  } else {
    snprintf(out_text, text_bytes, "%s",
             has_topic(controller) ? "as they come" : "as fast as it can");
  }
  return SVAR_OK;
}

static void
announce(const controller_t *controller, const char *pace)
{
  const svar_component_host_t *host = controller->host;
  char steps[SVAR_TOPIC_NAME_BYTES + 32], place[16] = "";
  if (has_topic(controller)) {
    snprintf(steps, sizeof(steps), "observations of %s", controller->observations_topic);
  } else {
    snprintf(steps, sizeof(steps), "%lld steps", (long long)controller->observations.steps);
  }
  if (controller->device.device_type == kDLCUDA) {
    snprintf(place, sizeof(place), " on GPU %d", (int)controller->device.device_id);
  }
  const svari_policy_sizes_t *sizes = svari_policy_network_sizes(controller->network);
  host->log(host, SVAR_LOG_INFO, "%s: %d observations -> LSTM %d -> %d -> %d actions%s; %s %s",
            controller->store_name, (int)sizes->observation, (int)sizes->hidden, (int)sizes->actor,
            (int)sizes->action, place, steps, pace);
}

static svar_ret_t
configure(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  svar_parameter_value_t store, record, store_timeout;
  SVAR_TRY(host->parameter(host, "store", &store));
  SVAR_TRY(host->parameter(host, "record", &record));
  SVAR_TRY(host->parameter(host, "store_timeout", &store_timeout));
  controller->record_path = record.as.string;
  SVAR_TRY(configure_topics(controller));
  SVAR_TRY(host->resolve_name(host, store.as.string, controller->store_name,
                              sizeof(controller->store_name)));
  if (controller->record_path[0] != '\0') { // now, rather than after the whole run
    SVAR_TRY(svari_policy_record_check_path(controller->record_path));
  }
  SVAR_TRY(svari_backing_read(host, &controller->device));
  SVAR_TRY(configure_observations(controller));
  openblas_set_num_threads(1); // products this small only lose by being shared out
  SVAR_TRY(prepare_weights(controller, store_timeout.as.real));
  char pace[32];
  SVAR_TRY(configure_pace(controller, pace, sizeof(pace)));
  announce(controller, pace);
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

static svar_ret_t
open_link(controller_t *controller)
{
  if (!has_topic(controller) && controller->actions_topic[0] == '\0') {
    return SVAR_OK;
  }
  const svari_policy_sizes_t *sizes = svari_policy_network_sizes(controller->network);
  svari_policy_link_options_t options = {
      .node_name = controller->host->node_name,
      .observations_topic = controller->observations_topic,
      .observation_width = (uint32_t)sizes->observation,
      .queue = controller->queue,
      .actions_topic = controller->actions_topic,
      .action_width = (uint32_t)sizes->action,
  };
  return svari_policy_link_open(&options, &controller->link);
}

// Every activation begins with zero state: with a file's first observation, or the next of a topic.
static svar_transition_result_t
controller_activate(void *self)
{
  controller_t *controller = self;
  svari_policy_record_clear(&controller->record);
  controller->missed = 0;
  controller->held = 0;
  controller->is_finished = false;
  controller->look_ns = svari_now_ns() + LOOK_PERIOD_NS;
  return svari_policy_network_reset(controller->network) == SVAR_OK &&
                 open_link(controller) == SVAR_OK
             ? SVAR_TRANSITION_SUCCESS
             : SVAR_TRANSITION_FAILURE;
}

// Weights that are not good are left where they are; the next look_around() says so.
static svar_ret_t
renew_weights(controller_t *controller)
{
  svar_ret_t ret = svari_policy_weights_renew(&controller->weights, controller->network);
  if (!svari_policy_weights_are_refused(ret)) {
    return ret;
  }
  snprintf(controller->refusal, sizeof(controller->refusal), "%s", svar_error_message());
  return SVAR_OK;
}

static void
tell_refusal(controller_t *controller)
{
  if (controller->refusal[0] != '\0') {
    controller->host->log(controller->host, SVAR_LOG_WARN,
                          "the policy stays on version %llu of %s: %s",
                          (unsigned long long)svari_policy_weights_version(&controller->weights),
                          controller->store_name, controller->refusal);
    controller->refusal[0] = '\0';
  }
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
  return svari_policy_weights_move(&controller->weights, store, controller->network);
}

static bool
is_orphaned_now(const controller_t *controller)
{
  // No version comes after the last number there is: only the store's end can be news.
  return svar_store_wait(controller->weights.source.store, UINT64_MAX, 0, NULL) == SVAR_ERR_STALE;
}

// A publisher that ends in order takes its store with it, and the next one makes another: a controller
// has to move over, and must not stop in between. Allocates nothing unless the store is gone.
static void
look_after_store(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  unsigned long long old_version = svari_policy_weights_version(&controller->weights);
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
              controller->store_name,
              (unsigned long long)svari_policy_weights_version(&controller->weights), old_version);
  } else if (ret != SVAR_EMPTY && !controller->told_refusal) {
    controller->told_refusal = true;
    host->log(host, SVAR_LOG_WARN, "the new store %s is not used: %s", controller->store_name,
              svar_error_message());
  }
}

static void
report_link(const controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  svari_policy_link_counts_t counts = svari_policy_link_counts(controller->link);
  if (has_topic(controller)) {
    host->log(host, SVAR_LOG_INFO,
              "observations      %llu missed, %llu senders, %llu refused; %llu steps without one",
              (unsigned long long)counts.missed, (unsigned long long)counts.senders,
              (unsigned long long)counts.refused, (unsigned long long)controller->held);
  }
  if (controller->actions_topic[0] != '\0') {
    host->log(host, SVAR_LOG_INFO, "actions not sent  %llu", (unsigned long long)counts.unsent);
  }
}

static void
report(controller_t *controller)
{
  const svar_component_host_t *host = controller->host;
  svari_policy_record_t *record = &controller->record;
  svari_policy_latency_t latency = svari_policy_record_latency(record);
  if (has_topic(controller)) {
    host->log(host, SVAR_LOG_INFO, "steps             %lld", (long long)record->count);
  } else {
    host->log(host, SVAR_LOG_INFO, "steps             %lld of %lld", (long long)record->count,
              (long long)record->capacity);
  }
  host->log(host, SVAR_LOG_INFO, "missed deadlines  %llu", (unsigned long long)controller->missed);
  host->log(host, SVAR_LOG_INFO, "version changes   %lld", (long long)record->version_changes);
  host->log(host, SVAR_LOG_INFO, "step latency      p50 %.1f us  p99 %.1f us  max %.1f us",
            latency.p50_ns / 1e3, latency.p99_ns / 1e3, latency.max_ns / 1e3);
  if (controller->link != NULL) {
    report_link(controller);
  }
}

// Writes the record and reports; once for each activation.
static svar_ret_t
finish(controller_t *controller)
{
  if (controller->is_finished) {
    return SVAR_OK;
  }
  controller->is_finished = true;
  tell_refusal(controller);
  svar_ret_t ret = SVAR_OK;
  if (controller->record_path[0] != '\0') {
    ret = svari_policy_record_write(&controller->record, controller->record_path);
  }
  report(controller);
  return ret;
}

// The observation of this step, in observed and *out_values. SVAR_EMPTY: there is no new one.
static svar_ret_t
next_observation(controller_t *controller, const float **out_values)
{
  svari_policy_observations_t *observations = &controller->observations;
  if (has_topic(controller)) {
    *out_values = observations->values;
    return svari_policy_link_take(controller->link, controller->patience_ns, &controller->observed,
                                  observations->values);
  }
  int64_t row = controller->record.count;
  controller->observed = (svari_policy_message_t){
      .sequence = (uint64_t)row + 1,
      .flags = row + 1 == observations->steps ? SVARI_POLICY_LAST : 0,
  };
  *out_values = observations->values + row * observations->width;
  return SVAR_OK;
}

static void
send_action(controller_t *controller, uint64_t version, int64_t stamp_ns)
{
  if (controller->actions_topic[0] != '\0') {
    svari_policy_message_t head = {.sequence = controller->observed.sequence,
                                   .stamp_ns = stamp_ns,
                                   .version = version,
                                   .width = (uint32_t)controller->record.width,
                                   .flags = controller->observed.flags};
    svari_policy_link_put(controller->link, &head, svari_policy_record_action(&controller->record));
  }
}

static svar_ret_t
act(controller_t *controller, const float *observation)
{
  int64_t begin_ns = svari_now_ns();
  SVAR_TRY(renew_weights(controller));
  SVAR_TRY(svari_policy_network_step(controller->network,
                                     svari_policy_weights_tensors(&controller->weights),
                                     observation, svari_policy_record_action(&controller->record)));
  int64_t end_ns = svari_now_ns();
  uint64_t version = svari_policy_weights_version(&controller->weights);
  send_action(controller, version, end_ns);
  svari_policy_record_add(&controller->record, controller->observed.sequence, version,
                          end_ns - begin_ns);
  return SVAR_OK;
}

// After the action, so that it never waits for this.
static void
look_around(controller_t *controller)
{
  int64_t now_ns = svari_now_ns();
  char news[512];
  if (now_ns < controller->look_ns) {
    return;
  }
  controller->look_ns = now_ns + LOOK_PERIOD_NS;
  tell_refusal(controller);
  look_after_store(controller);
  if (controller->link != NULL && svari_policy_link_news(controller->link, news, sizeof(news))) {
    controller->host->log(controller->host, SVAR_LOG_WARN, "%s", news);
  }
}

static bool
is_over(const controller_t *controller)
{
  return (controller->observed.flags & SVARI_POLICY_LAST) != 0 &&
         !(has_topic(controller) && controller->stays);
}

static svar_step_result_t
controller_step(void *self, const svar_tick_t *tick)
{
  controller_t *controller = self;
  controller->missed = tick->missed;
  const float *observation = NULL;
  bool has_new = next_observation(controller, &observation) == SVAR_OK;
  if (has_new && act(controller, observation) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  controller->held += !has_new;
  look_around(controller);
  if (!has_new || !is_over(controller)) {
    return SVAR_STEP_CONTINUE;
  }
  return finish(controller) == SVAR_OK ? SVAR_STEP_DONE : SVAR_STEP_FAILED;
}

static svar_transition_result_t
controller_deactivate(void *self)
{
  controller_t *controller = self;
  svar_ret_t ret = finish(controller);
  svari_policy_link_close(controller->link);
  controller->link = NULL;
  return ret == SVAR_OK ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_FAILURE;
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
    {.name = "observations_topic",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "iceoryx topic that observations come on, instead of a file; empty: none"},
    {.name = "queue",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 1}},
     .description = "observations of the topic that may wait for a step; 1: a late step takes the "
                    "newest",
     .minimum = 1,
     .maximum = SVAR_MESSAGE_QUEUE_MAX},
    {.name = "stay",
     .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
     .description = "go on after the last observation of the topic, for another player"},
    {.name = "actions_topic",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "iceoryx topic to send the actions on; empty: none"},
    {.name = "record",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description =
         "a .safetensors file to write: 'actions', 'sequences' and 'versions', a row a step; "
         "empty: none"},
    {.name = "record_steps",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 100000}},
     .description = "most steps to record on observations of a topic: the latest",
     .minimum = 1,
     .maximum = 1e9},
    {.name = "rate",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 50}},
     .description = "steps a second; 0: as fast as it can, or as the observations of a topic come",
     .minimum = 0,
     .maximum = 1e6},
    {.name = "store_timeout",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 10}},
     .description = "seconds to wait for the store's first version",
     .minimum = 0,
     .maximum = 86400},
    SVARI_BACKING_PARAMETERS("the weights lie, and the policy runs"),
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
