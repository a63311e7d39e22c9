// shared_variable::ObservationPlayer: plays the observations of a file on a topic, as a robot would send them.
#include <stdlib.h>
#include <string.h>

#include "monotonic_clock.h"
#include "policy_observations.h"
#include "policy_protocol.h"
#include "shared_variable/component.h"
#include "shared_variable/messages.h"

typedef struct player {
  const svar_component_host_t *host;
  char topic[SVAR_TOPIC_NAME_BYTES];
  bool loops;
  bool waits_for_receiver;
  int64_t linger_ns;
  svari_policy_observations_t observations;
  svar_messages_t *messages;
  svar_message_sender_t *sender;

  bool is_waiting;   // for the first receiver
  int64_t next_row;  // to be sent; observations.steps: all were
  uint64_t sequence; // of the observation sent last, or lost
  uint64_t lost;     // receivers held every chunk
  int64_t leave_ns;  // at the end: how long to stay
} player_t;

static svar_ret_t
player_create(const svar_component_host_t *host, void **out_self)
{
  player_t *player = calloc(1, sizeof(*player));
  if (player == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for an observation player");
  }
  player->host = host;
  *out_self = player;
  return SVAR_OK;
}

// Undoes configure, from any stage of it.
static void
release(player_t *player)
{
  svar_message_sender_destroy(player->sender);
  svar_messages_destroy(player->messages);
  player->sender = NULL;
  player->messages = NULL;
  svari_policy_observations_fini(&player->observations);
}

static void
player_destroy(void *self)
{
  release(self);
  free(self);
}

static svar_ret_t
open_topic(player_t *player)
{
  SVAR_TRY(svar_messages_create(player->host->node_name, &player->messages));
  return svar_message_sender_create(
      player->messages, player->topic,
      svari_policy_message_bytes((uint64_t)player->observations.width), &player->sender);
}

static svar_ret_t
configure(player_t *player)
{
  const svar_component_host_t *host = player->host;
  svar_parameter_value_t observations, topic, rate, loop, wait_for_receiver, linger;
  SVAR_TRY(host->parameter(host, "observations", &observations));
  SVAR_TRY(host->parameter(host, "observations_topic", &topic));
  SVAR_TRY(host->parameter(host, "rate", &rate));
  SVAR_TRY(host->parameter(host, "loop", &loop));
  SVAR_TRY(host->parameter(host, "wait_for_receiver", &wait_for_receiver));
  SVAR_TRY(host->parameter(host, "linger", &linger));
  if (observations.as.string[0] == '\0') {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the parameter 'observations' is empty: give a .safetensors "
                     "file, as in -p observations:=observations.safetensors");
  }
  SVAR_TRY(host->resolve_name(host, topic.as.string, player->topic, sizeof(player->topic)));
  player->loops = loop.as.boolean;
  player->waits_for_receiver = wait_for_receiver.as.boolean;
  player->linger_ns = (int64_t)(linger.as.real * SVARI_NANOSECONDS);
  SVAR_TRY(svari_policy_observations_read(observations.as.string, &player->observations));
  SVAR_TRY(open_topic(player));
  host->set_period(host, (int64_t)(SVARI_NANOSECONDS / rate.as.real));
  host->log(host, SVAR_LOG_INFO, "%s: %lld observations of %lld numbers at %g Hz%s", player->topic,
            (long long)player->observations.steps, (long long)player->observations.width,
            rate.as.real, player->loops ? ", again and again" : "");
  return SVAR_OK;
}

static svar_transition_result_t
player_configure(void *self)
{
  if (configure(self) != SVAR_OK) {
    release(self);
    return SVAR_TRANSITION_FAILURE;
  }
  return SVAR_TRANSITION_SUCCESS;
}

static svar_transition_result_t
player_activate(void *self)
{
  player_t *player = self;
  player->is_waiting = player->waits_for_receiver;
  player->next_row = 0;
  player->sequence = 0;
  player->lost = 0;
  player->leave_ns = 0;
  return SVAR_TRANSITION_SUCCESS;
}

static bool
is_at_end(const player_t *player)
{
  return player->next_row == player->observations.steps;
}

static svar_ret_t
send_row(player_t *player, int64_t row, uint32_t flags)
{
  void *payload = NULL;
  SVAR_TRY(svar_message_sender_loan(player->sender, &payload));
  const svari_policy_observations_t *observations = &player->observations;
  svari_policy_message_t *message = payload;
  *message = (svari_policy_message_t){.sequence = player->sequence,
                                      .stamp_ns = svari_now_ns(),
                                      .width = (uint32_t)observations->width,
                                      .flags = flags};
  memcpy(message + 1, observations->values + row * observations->width,
         (size_t)observations->width * sizeof(float));
  return svar_message_sender_publish(player->sender, payload);
}

// One observation. The last is not lost: it waits for a chunk, since receivers end by it.
static svar_ret_t
play(player_t *player)
{
  int64_t row = player->next_row;
  bool is_last = !player->loops && row + 1 == player->observations.steps;
  player->sequence++;
  svar_ret_t ret = send_row(player, row, is_last ? SVARI_POLICY_LAST : 0);
  if (ret == SVAR_ERR_NO_SPACE && is_last) {
    player->sequence--;
    return SVAR_OK;
  }
  if (ret == SVAR_ERR_NO_SPACE) {
    player->lost++;
    ret = SVAR_OK;
  }
  player->next_row = player->loops && row + 1 == player->observations.steps ? 0 : row + 1;
  return ret;
}

// Receivers that end with the observations go by themselves; who stays is not waited for long.
static bool
may_leave(const player_t *player)
{
  return !svar_message_sender_has_receivers(player->sender) || svari_now_ns() >= player->leave_ns;
}

static svar_step_result_t
player_step(void *self, const svar_tick_t *tick)
{
  (void)tick;
  player_t *player = self;
  if (is_at_end(player)) {
    return may_leave(player) ? SVAR_STEP_DONE : SVAR_STEP_CONTINUE;
  }
  if (player->is_waiting && !svar_message_sender_has_receivers(player->sender)) {
    return SVAR_STEP_CONTINUE;
  }
  player->is_waiting = false;
  if (play(player) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  if (is_at_end(player)) {
    player->leave_ns = svari_now_ns() + player->linger_ns;
  }
  return SVAR_STEP_CONTINUE;
}

static svar_transition_result_t
player_deactivate(void *self)
{
  player_t *player = self;
  player->host->log(player->host, SVAR_LOG_INFO, "played %llu observations, %llu were lost",
                    (unsigned long long)player->sequence, (unsigned long long)player->lost);
  return SVAR_TRANSITION_SUCCESS;
}

static svar_transition_result_t
player_cleanup(void *self)
{
  release(self);
  return SVAR_TRANSITION_SUCCESS;
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "observations",
     .default_value = {SVAR_PARAMETER_STRING, {.string = ""}},
     .description = "a .safetensors file with a tensor 'observations' [steps, width]"},
    {.name = "observations_topic",
     .default_value = {SVAR_PARAMETER_STRING, {.string = "/policy/observations"}},
     .description = "iceoryx topic to send them on"},
    {.name = "rate",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 50}},
     .description = "observations a second",
     .minimum = 0.001,
     .maximum = 1e5},
    {.name = "loop",
     .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
     .description = "begin again after the last observation"},
    {.name = "wait_for_receiver",
     .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
     .description = "begin once somebody listens"},
    {.name = "linger",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 1}},
     .description = "most seconds to wait after the last observation for the listeners to end",
     .minimum = 0,
     .maximum = 3600},
};

static const svar_component_descriptor_t descriptor = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "shared_variable::ObservationPlayer",
    .description = "plays the observations of a file on an iceoryx topic",
    .parameters = parameters,
    .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
    .create = player_create,
    .configure = player_configure,
    .activate = player_activate,
    .step = player_step,
    .deactivate = player_deactivate,
    .cleanup = player_cleanup,
    .destroy = player_destroy,
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  return index == 0 ? &descriptor : NULL;
}
