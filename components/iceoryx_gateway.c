// shared_variable::IceoryxGateway: carries stores into the iceoryx world, as gateway.h says: an event of each
// commit, and answers to requests. No store depends on it.
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "gateway_answers.h"
#include "gateway_follower.h"
#include "gateway_news.h"
#include "gateway_worker.h"
#include "shared_variable/component.h"
#include "shared_variable/gateway.h"
#include "shared_variable/messages.h"

typedef struct gateway {
  const svar_component_host_t *host;
  char topic[SVAR_TOPIC_NAME_BYTES]; // of requests; "": none
  int64_t request_timeout_ns;
  svari_gateway_news_t *news;
  svar_messages_t *messages; // NULL: not configured
  svari_gateway_follower_t *follower;
  svari_gateway_answers_t *answers;
  svari_gateway_worker_t *following, *answering; // NULL: not active
  int64_t stepped_ns;                            // when the latest step began
  bool is_stuck;                                 // a thread was given up, with all that it uses
} gateway_t;

enum { TURN_MS = 100 };                          // so soon a stop is noticed
static const int64_t STEP_NS = 50 * 1000 * 1000; // between two looks at the threads
// RouDi waits for five signs of life, 300 ms apart; the last one may have been due.
static const int64_t CUT_OFF_NS = INT64_C(1200) * 1000 * 1000;
// What RouDi may take for an answer (5 s), and more.
static const int64_t PATIENCE_NS = INT64_C(8) * 1000 * 1000 * 1000;

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
  if (gateway->is_stuck) {
    return;
  }
  svari_gateway_answers_destroy(gateway->answers);
  svari_gateway_follower_destroy(gateway->follower);
  svari_gateway_news_destroy(gateway->news);
  svar_messages_destroy(gateway->messages);
  gateway->answers = NULL;
  gateway->follower = NULL;
  gateway->news = NULL;
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
  svari_gateway_follower_options_t options = {.news = gateway->news,
                                              .messages = gateway->messages,
                                              .patterns = stores.as.string,
                                              .most = (size_t)max_stores.as.integer,
                                              .scan_ns = (int64_t)(scan_period.as.real * 1e9)};
  return svari_gateway_follower_create(&options, &gateway->follower);
}

// RouDi frees the topic of a gateway that has just ended a moment later, of one that was killed 1.5 s later.
static svar_ret_t
create_answers(gateway_t *gateway, const svari_gateway_answers_options_t *options)
{
  svar_ret_t ret = svari_gateway_answers_create(options, &gateway->answers);
  for (int tries = 0; ret == SVAR_ERR_MESSAGES && tries < 60; tries++) {
    if (gateway->host->is_stopping(gateway->host)) {
      return ret;
    }
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    ret = svari_gateway_answers_create(options, &gateway->answers);
  }
  return ret;
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
  gateway->request_timeout_ns = (int64_t)(timeout.as.real * 1e9);
  svari_gateway_answers_options_t options = {
      .news = gateway->news,
      .messages = gateway->messages,
      .topic = gateway->topic,
      .rules = {allow_set.as.boolean, gateway->request_timeout_ns}};
  return create_answers(gateway, &options);
}

static svar_transition_result_t
gateway_configure(void *self)
{
  gateway_t *gateway = self;
  if (svari_gateway_news_create(&gateway->news) != SVAR_OK ||
      svar_messages_create(gateway->host->node_name, &gateway->messages) != SVAR_OK ||
      make_follower(gateway) != SVAR_OK || make_answers(gateway) != SVAR_OK) {
    release(gateway);
    return SVAR_TRANSITION_FAILURE;
  }
  gateway->host->set_period(gateway->host, STEP_NS);
  return SVAR_TRANSITION_SUCCESS;
}

static svar_ret_t
follow(void *follower)
{
  return svari_gateway_follower_turn(follower, TURN_MS);
}

static svar_ret_t
answer(void *answers)
{
  return svari_gateway_answers_turn(answers);
}

// False: a thread is stuck, and nothing can be freed any more.
static bool
stop(gateway_t *gateway)
{
  bool has_followed = svari_gateway_worker_stop(gateway->following);
  bool has_answered = svari_gateway_worker_stop(gateway->answering);
  gateway->following = NULL;
  gateway->answering = NULL;
  gateway->is_stuck = gateway->is_stuck || !has_followed || !has_answered;
  return !gateway->is_stuck;
}

static svar_transition_result_t
gateway_activate(void *self)
{
  gateway_t *gateway = self;
  const svari_gateway_work_t following = {"following stores", follow, gateway->follower,
                                          PATIENCE_NS};
  const svari_gateway_work_t answering = {"answering requests", answer, gateway->answers,
                                          PATIENCE_NS + gateway->request_timeout_ns};
  if (svari_gateway_worker_start(&following, &gateway->following) != SVAR_OK ||
      svari_gateway_worker_start(&answering, &gateway->answering) != SVAR_OK) {
    (void)stop(gateway);
    return SVAR_TRANSITION_FAILURE;
  }
  if (gateway->topic[0] != '\0') {
    gateway->host->log(gateway->host, SVAR_LOG_INFO, "answering on %s", gateway->topic);
  }
  return SVAR_TRANSITION_SUCCESS;
}

// RouDi takes everything from a process that it hears nothing of for 1.5 s, and gives it to others; what that
// process sends afterwards goes nowhere, or worse. It is not told.
static svar_ret_t
check_pause(gateway_t *gateway, const svar_tick_t *tick)
{
  int64_t gap_ns = tick->index == 0 ? 0 : tick->started_ns - gateway->stepped_ns;
  gateway->stepped_ns = tick->started_ns;
  if (gap_ns > CUT_OFF_NS) {
    return svar_fail(SVAR_ERR_MESSAGES,
                     "this process was paused for %.1f s, for which RouDi cuts it off: restart it",
                     (double)gap_ns / 1e9);
  }
  return SVAR_OK;
}

static svar_step_result_t
gateway_step(void *self, const svar_tick_t *tick)
{
  gateway_t *gateway = self;
  svari_gateway_news_log(gateway->news, gateway->host);
  if (check_pause(gateway, tick) != SVAR_OK ||
      svari_gateway_worker_check(gateway->following) != SVAR_OK ||
      svari_gateway_worker_check(gateway->answering) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  return SVAR_STEP_CONTINUE;
}

static svar_transition_result_t
gateway_deactivate(void *self)
{
  gateway_t *gateway = self;
  bool has_stopped = stop(gateway);
  svari_gateway_news_log(gateway->news, gateway->host);
  if (!has_stopped) {
    (void)svar_fail(SVAR_ERR_MESSAGES, "a call into iceoryx does not return: ending without it");
    return SVAR_TRANSITION_ERROR;
  }
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
  gateway_t *gateway = self;
  (void)stop(gateway);
  release(gateway);
  if (!gateway->is_stuck) {
    free(gateway);
  }
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
