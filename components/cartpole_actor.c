// shared_variable::CartpoleActor: plays cart-pole episodes on the weights that a learner publishes,
// in place, and sends the returns.
#include <cblas.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cartpole_network.h"
#include "cartpole_protocol.h"
#include "shared_variable/component.h"
#include "shared_variable/messages.h"
#include "shared_variable/shared_variable.h"
#include "store_attach.h"

// How long all slots of a version stay played before they are played again: their returns may have
// got lost, with a learner that died or that listened too late.
static const int64_t patience_ns = INT64_C(200000000);

typedef struct actor {
  const svar_component_host_t *host;
  char store_name[SVAR_STORE_NAME_BYTES];
  svar_store_t *store;
  svar_variable_t *variables[SVARI_CARTPOLE_VARIABLE_COUNT];
  svar_messages_t *messages;
  svar_message_sender_t *sender;
  svari_cartpole_random_t random;

  uint64_t version; // that is being played
  uint32_t slots;   // that it has
  uint32_t first;   // slot that was played first
  uint32_t played;
  uint64_t episode_count;
  uint64_t version_count;
} actor_t;

// One version of the policy; the pointers are good while its snapshot is open.
typedef struct policy {
  svari_cartpole_network_t network;
  const float *candidates; // rows of parameters
  uint32_t population;
  uint64_t seed;
} policy_t;

static svar_ret_t
actor_create(const svar_component_host_t *host, void **out_self)
{
  actor_t *actor = calloc(1, sizeof *actor);
  if (actor == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a cart-pole actor");
  }
  actor->host = host;
  *out_self = actor;
  return SVAR_OK;
}

// Undoes configure, from any stage of it.
static void
release(actor_t *actor)
{
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    svar_variable_unref(actor->variables[i]);
    actor->variables[i] = NULL;
  }
  svar_store_close(actor->store);
  actor->store = NULL;
  svar_message_sender_destroy(actor->sender);
  actor->sender = NULL;
  svar_messages_destroy(actor->messages);
  actor->messages = NULL;
}

static void
actor_destroy(void *self)
{
  release(self);
  free(self);
}

static svar_ret_t
find_variables(actor_t *actor)
{
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    svar_ret_t ret =
        svar_store_find(actor->store, svari_cartpole_specs[i].name, &actor->variables[i]);
    if (ret != SVAR_OK) {
      svar_fail_context("'%s' does not hold a cart-pole policy", actor->store_name);
      return ret;
    }
  }
  return SVAR_OK;
}

static svar_ret_t
configure(actor_t *actor)
{
  const svar_component_host_t *host = actor->host;
  svar_parameter_value_t store, topic, seed, store_timeout;
  SVAR_TRY(host->parameter(host, "store", &store));
  SVAR_TRY(host->parameter(host, "returns_topic", &topic));
  SVAR_TRY(host->parameter(host, "seed", &seed));
  SVAR_TRY(host->parameter(host, "store_timeout", &store_timeout));
  char topic_name[SVAR_TOPIC_NAME_BYTES];
  SVAR_TRY(host->resolve_name(host, topic.as.string, topic_name, sizeof topic_name));
  SVAR_TRY(host->resolve_name(host, store.as.string, actor->store_name, sizeof actor->store_name));
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  actor->random = seed.as.integer != 0
                      ? svari_cartpole_random_of((uint64_t)seed.as.integer, 0)
                      : svari_cartpole_random_of((uint64_t)now.tv_nsec, (uint64_t)getpid());

  openblas_set_num_threads(1); // products this small only lose by being shared out
  SVAR_TRY(svar_messages_create(host->node_name, &actor->messages));
  SVAR_TRY(svar_message_sender_create(actor->messages, topic_name, sizeof(svari_cartpole_episode_t),
                                      &actor->sender));
  SVAR_TRY(svari_store_attach(host, actor->store_name, store_timeout.as.real, &actor->store));
  SVAR_TRY(find_variables(actor));
  host->set_period(host, 0); // a step waits for versions itself
  host->log(host, SVAR_LOG_INFO, "playing the policy of %s", actor->store_name);
  return SVAR_OK;
}

static svar_transition_result_t
actor_configure(void *self)
{
  if (configure(self) != SVAR_OK) {
    release(self);
    return SVAR_TRANSITION_FAILURE;
  }
  return SVAR_TRANSITION_SUCCESS;
}

static bool
fits(const DLTensor *tensor, const svari_cartpole_spec_t *spec)
{
  bool is_same = svar_dtype_equal(tensor->dtype, spec->dtype) && tensor->ndim == spec->ndim;
  for (int i = 0; is_same && i < spec->ndim; i++) {
    is_same = spec->shape[i] != 0 ? tensor->shape[i] == spec->shape[i]
                                  : tensor->shape[i] <= SVARI_CARTPOLE_POPULATION_MAX;
  }
  return is_same;
}

// Borrows the snapshot's policy: no number is copied but the seed.
static svar_ret_t
view_policy(const actor_t *actor, const svar_snapshot_t *snapshot, policy_t *out_policy)
{
  svar_value_t views[SVARI_CARTPOLE_VARIABLE_COUNT];
  for (int i = 0; i < SVARI_CARTPOLE_VARIABLE_COUNT; i++) {
    SVAR_TRY(svar_snapshot_get(snapshot, actor->variables[i], &views[i]));
    const DLTensor *tensor = &views[i].tensor;
    if (!fits(tensor, &svari_cartpole_specs[i])) {
      char shape[SVAR_TYPE_TEXT_BYTES];
      return svar_fail(
          SVAR_ERR_TYPE, "'%s' does not hold a cart-pole policy: its '%s' is %s %s in version %llu",
          actor->store_name, svari_cartpole_specs[i].name, svar_dtype_name(tensor->dtype),
          svar_shape_text(tensor->ndim, tensor->shape, shape, sizeof shape),
          (unsigned long long)snapshot->version);
    }
  }
  const DLTensor *population = &views[SVARI_CARTPOLE_VARIABLE_POPULATION].tensor;
  *out_policy = (policy_t){
      .network = {views[SVARI_CARTPOLE_VARIABLE_W1].tensor.data,
                  views[SVARI_CARTPOLE_VARIABLE_B1].tensor.data,
                  views[SVARI_CARTPOLE_VARIABLE_W2].tensor.data,
                  views[SVARI_CARTPOLE_VARIABLE_B2].tensor.data},
      .candidates = population->data,
      .population = (uint32_t)population->shape[0],
      .seed = *(const uint64_t *)views[SVARI_CARTPOLE_VARIABLE_SEED].tensor.data,
  };
  return SVAR_OK;
}

// Actors begin a version at different slots, so that together they are soon through.
static void
begin_version(actor_t *actor, uint64_t version, uint32_t population)
{
  actor->version = version;
  actor->slots = population + SVARI_CARTPOLE_EVALUATIONS;
  actor->first = (uint32_t)(svari_cartpole_random_next(&actor->random) % actor->slots);
  actor->played = 0;
}

static svari_cartpole_episode_t
play(const policy_t *policy, uint64_t version, uint32_t slot)
{
  svari_cartpole_network_t candidate;
  const svari_cartpole_network_t *network = &policy->network;
  if (slot < policy->population) {
    candidate = svari_cartpole_network_of_row(policy->candidates +
                                              (size_t)slot * SVARI_CARTPOLE_PARAMETERS);
    network = &candidate;
  }
  svari_cartpole_episode_t episode = {
      .version = version,
      .seed = svari_cartpole_slot_seed(policy->seed, slot, policy->population),
      .slot = slot,
      .kind = svari_cartpole_slot_kind(slot, policy->population),
  };
  episode.steps = svari_cartpole_network_run(network, episode.seed);
  episode.total = (float)episode.steps; // 1 for each step
  return episode;
}

static svar_ret_t
send_episode(actor_t *actor, const svari_cartpole_episode_t *episode)
{
  void *payload = NULL;
  svar_ret_t ret = svar_message_sender_loan(actor->sender, &payload);
  if (ret == SVAR_ERR_NO_SPACE) {
    return SVAR_OK; // somebody sits on all chunks: this one is lost, and played again later
  }
  SVAR_TRY(ret);
  *(svari_cartpole_episode_t *)payload = *episode;
  return svar_message_sender_publish(actor->sender, payload);
}

// Plays the next slot of the newest version; SVAR_EMPTY if all have been played.
static svar_ret_t
play_next(actor_t *actor, const svar_snapshot_t *snapshot, svari_cartpole_episode_t *out_episode)
{
  if (snapshot->version == actor->version && actor->played == actor->slots) {
    return SVAR_EMPTY;
  }
  policy_t policy;
  SVAR_TRY(view_policy(actor, snapshot, &policy));
  if (snapshot->version != actor->version) {
    begin_version(actor, snapshot->version, policy.population);
    actor->version_count++;
  }
  uint32_t slot = (actor->first + actor->played++) % actor->slots;
  *out_episode = play(&policy, snapshot->version, slot);
  return SVAR_OK;
}

static svar_step_result_t
wait_for_version(actor_t *actor)
{
  svar_ret_t ret = svar_store_wait(actor->store, actor->version, patience_ns, NULL);
  if (ret == SVAR_ERR_STALE) {
    actor->host->log(actor->host, SVAR_LOG_INFO,
                     "the store %s was removed: %llu episodes of %llu versions were played",
                     actor->store_name, (unsigned long long)actor->episode_count,
                     (unsigned long long)actor->version_count);
    return SVAR_STEP_DONE;
  }
  if (ret == SVAR_TIMEOUT) {
    actor->played = 0;
  }
  return ret == SVAR_OK || ret == SVAR_TIMEOUT || ret == SVAR_INTERRUPTED ? SVAR_STEP_CONTINUE
                                                                          : SVAR_STEP_FAILED;
}

static svar_step_result_t
actor_step(void *self, const svar_tick_t *tick)
{
  (void)tick;
  actor_t *actor = self;
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  if (svar_snapshot_begin(actor->store, &snapshot) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  svari_cartpole_episode_t episode;
  svar_ret_t ret = play_next(actor, &snapshot, &episode);
  svar_snapshot_end(&snapshot);
  if (ret == SVAR_EMPTY) {
    return wait_for_version(actor);
  }
  if (ret != SVAR_OK || send_episode(actor, &episode) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  actor->episode_count++;
  return SVAR_STEP_CONTINUE;
}

static svar_transition_result_t
actor_cleanup(void *self)
{
  release(self);
  return SVAR_TRANSITION_SUCCESS;
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "store",
     .default_value = {SVAR_PARAMETER_STRING, {.string = SVARI_CARTPOLE_STORE}},
     .description = "name of the store that holds the policy"},
    {.name = "returns_topic",
     .default_value = {SVAR_PARAMETER_STRING, {.string = SVARI_CARTPOLE_RETURNS}},
     .description = "topic to send the returns on"},
    {.name = "seed",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 0}},
     .description = "of the order in which episodes are played; 0: another one each time"},
    {.name = "store_timeout",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 10}},
     .description = "seconds to wait for the store's first version",
     .minimum = 0,
     .maximum = 86400},
};

static const svar_component_descriptor_t descriptor = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "shared_variable::CartpoleActor",
    .description = "plays cart-pole episodes on a learner's weights and sends the returns",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .create = actor_create,
    .configure = actor_configure,
    .step = actor_step,
    .cleanup = actor_cleanup,
    .destroy = actor_destroy,
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  return index == 0 ? &descriptor : NULL;
}
