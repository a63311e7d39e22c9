// shared_variable::IceoryxGateway: carries stores into the iceoryx world, as gateway.h says: an event of each
// commit, and answers to requests. No store depends on it.
#include <stdlib.h>

#include "gateway_answers.h"
#include "gateway_follower.h"
#include "shared_variable/component.h"
#include "shared_variable/gateway.h"
#include "shared_variable/messages.h"

typedef struct gateway {
  const svar_component_host_t *host;
  char topic[SVAR_TOPIC_NAME_BYTES]; // of requests; "": none
  svar_messages_t *messages;         // NULL: not configured
  svari_gateway_follower_t *follower;
  svari_gateway_answers_t *answers;
} gateway_t;

enum { TURN_MS = 100 }; // so soon a stop, or news of the other thread, are noticed

static svar_ret_t
gateway_create(const svar_component_host_t *host, void **out_self)
{
  gateway_t *self = calloc(1, sizeof(*self));
  if (self == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for an iceoryx gateway");
  }
  self->host = host;
  *out_self = self;
  return SVAR_OK;
}

static void
release(gateway_t *gateway)
{
  svari_gateway_answers_destroy(gateway->answers);
  svari_gateway_follower_destroy(gateway->follower);
  svar_messages_destroy(gateway->messages);
  gateway->answers = NULL;
  gateway->follower = NULL;
  gateway->messages = NULL;
}

static svar_ret_t
make_follower(gateway_t *gateway)
{
  const svar_component_host_t *host = gateway->host;
  svar_parameter_value_t stores, max_stores, scan_period;
  SVAR_TRY(host->parameter(host, "stores", &stores));
  SVAR_TRY(host->parameter(host, "max_stores", &max_stores));
  SVAR_TRY(host->parameter(host, "scan_period", &scan_period));
  svari_gateway_follower_options_t options = {.host = host,
                                              .messages = gateway->messages,
                                              .patterns = stores.as.string,
                                              .most = (size_t)max_stores.as.integer,
                                              .scan_ns = (int64_t)(scan_period.as.real * 1e9)};
  return svari_gateway_follower_create(&options, &gateway->follower);
}

static svar_ret_t
make_answers(gateway_t *gateway)
{
  const svar_component_host_t *host = gateway->host;
  svar_parameter_value_t topic, allow_set, timeout;
  SVAR_TRY(host->parameter(host, "requests", &topic));
  SVAR_TRY(host->parameter(host, "allow_set", &allow_set));
  SVAR_TRY(host->parameter(host, "request_timeout", &timeout));
  gateway->topic[0] = '\0';
  if (topic.as.string[0] != '\0') {
    SVAR_TRY(host->resolve_name(host, topic.as.string, gateway->topic, sizeof(gateway->topic)));
  }
  svari_gateway_answers_options_t options = {
      .messages = gateway->messages,
      .topic = gateway->topic,
      .rules = {.allow_set = allow_set.as.boolean, .timeout_ns = (int64_t)(timeout.as.real * 1e9)}};
  return svari_gateway_answers_create(&options, &gateway->answers);
}

static svar_transition_result_t
gateway_configure(void *self)
{
  gateway_t *gateway = self;
  if (svar_messages_create(gateway->host->node_name, &gateway->messages) != SVAR_OK ||
      make_follower(gateway) != SVAR_OK || make_answers(gateway) != SVAR_OK) {
    release(gateway);
    return SVAR_TRANSITION_FAILURE;
  }
  gateway->host->set_period(gateway->host, 0); // a step waits for events itself
  return SVAR_TRANSITION_SUCCESS;
}

static svar_transition_result_t
gateway_activate(void *self)
{
  gateway_t *gateway = self;
  if (svari_gateway_answers_start(gateway->answers) != SVAR_OK) {
    return SVAR_TRANSITION_FAILURE;
  }
  if (gateway->topic[0] != '\0') {
    gateway->host->log(gateway->host, SVAR_LOG_INFO, "answering on %s", gateway->topic);
  }
  return SVAR_TRANSITION_SUCCESS;
}

static svar_step_result_t
gateway_step(void *self, const svar_tick_t *tick)
{
  (void)tick;
  gateway_t *gateway = self;
  if (svari_gateway_follower_turn(gateway->follower, TURN_MS) != SVAR_OK ||
      svari_gateway_answers_poll(gateway->answers, gateway->host) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  return SVAR_STEP_CONTINUE;
}

static svar_transition_result_t
gateway_deactivate(void *self)
{
  gateway_t *gateway = self;
  svari_gateway_answers_stop(gateway->answers);
  return SVAR_TRANSITION_SUCCESS;
}

static svar_transition_result_t
gateway_cleanup(void *self)
{
  release(self);
  return SVAR_TRANSITION_SUCCESS;
}

static void
gateway_destroy(void *self)
{
  release(self);
  free(self);
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "stores",
     .default_value = {SVAR_PARAMETER_STRING, {.string = "*"}},
     .description = "the stores of this user to send events of: shell patterns with commas between "
                    "them, '*' for all"},
    {.name = "max_stores",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 64}},
     .description = "most stores to follow at once; each takes one of iceoryx's 506 publishers",
     .minimum = 1,
     .maximum = 256},
    {.name = "scan_period",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 1}},
     .description = "seconds between two looks at the segment directory when nothing is known to "
                    "have changed there",
     .minimum = 0.01,
     .maximum = 3600},
    {.name = "requests",
     .default_value = {SVAR_PARAMETER_STRING, {.string = SVAR_GATEWAY_TOPIC}},
     .description = "the topic to answer requests on; empty: none"},
    {.name = "allow_set",
     .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
     .description = "pass requests to set and to load on to the holders of the stores, who decide; "
                    "they see this process's user, whoever asked"},
    {.name = "request_timeout",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 1}},
     .description = "seconds that a holder may take to answer a request passed on to it; other "
                    "requests wait meanwhile",
     .minimum = 0.01,
     .maximum = 60},
};

static const svar_component_descriptor_t descriptor = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "shared_variable::IceoryxGateway",
    .description = "sends commit events of stores on iceoryx topics, and answers requests there",
    .parameters = parameters,
    .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
    .create = gateway_create,
    .configure = gateway_configure,
    .activate = gateway_activate,
    .step = gateway_step,
    .deactivate = gateway_deactivate,
    .cleanup = gateway_cleanup,
    .destroy = gateway_destroy,
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  return index == 0 ? &descriptor : NULL;
}
