// shared_variable::CartpoleLearner: learns to balance a pole. It holds the weights of a small network
// and candidates around it; actors in other processes play episodes on them and send the returns.
#include <cblas.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cartpole_generation.h"
#include "cartpole_progress.h"
#include "cartpole_round.h"
#include "monotonic_clock.h"
#include "shared_variable/component.h"
#include "shared_variable/messages.h"

static const int64_t patience_ns = INT64_C(20000000);  // of a step, for returns
static const int64_t silence_ns = INT64_C(5000000000); // without returns, until that is said

typedef struct learner {
  const svar_component_host_t *host;
  char returns_topic[SVAR_TOPIC_NAME_BYTES];
  uint64_t seed;
  double target_return;
  double max_s;
  int64_t pace_ns;
  bool keep;

  svar_messages_t *messages;
  svar_message_receiver_t *receiver;
  svari_cartpole_generation_t generation;
  svari_cartpole_search_t search;
  svari_cartpole_round_t round;
  svari_cartpole_progress_t progress;

  bool is_due; // the next generation is to be committed
  bool is_reported;
  bool is_silence_said;
  int64_t activated_ns;
  int64_t committed_ns; // the latest generation
  int64_t received_ns;  // the latest return
  uint64_t commit_count;
  uint64_t return_count;  // received
  uint64_t episode_count; // of those, the ones that counted
  float score;            // mean return of the latest complete set of evaluations
} learner_t;

static svar_ret_t
learner_create(const svar_component_host_t *host, void **out_self)
{
  learner_t *learner = calloc(1, sizeof *learner);
  if (learner == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a cart-pole learner");
  }
  learner->host = host;
  *out_self = learner;
  return SVAR_OK;
}

// Undoes configure, from any stage of it.
static void
release(learner_t *learner)
{
  svari_cartpole_generation_close(&learner->generation, !learner->keep);
  svari_cartpole_search_fini(&learner->search);
  svari_cartpole_round_fini(&learner->round);
  svar_message_receiver_destroy(learner->receiver);
  learner->receiver = NULL;
  svar_messages_destroy(learner->messages);
  learner->messages = NULL;
}

static void
learner_destroy(void *self)
{
  release(self);
  free(self);
}

static uint64_t
seed_from_time(void)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  // Few digits, for people repeat it.
  return 1 +
         ((uint64_t)now.tv_nsec / 1000 + (uint64_t)now.tv_sec * 7919 + (uint64_t)getpid()) % 999999;
}

static svar_ret_t
open_topic(learner_t *learner)
{
  const svar_component_host_t *host = learner->host;
  SVAR_TRY(svar_messages_create(host->node_name, &learner->messages));
  return svar_message_receiver_create(learner->messages, learner->returns_topic,
                                      sizeof(svari_cartpole_episode_t), SVAR_MESSAGE_QUEUE_MAX,
                                      &learner->receiver);
}

static svar_ret_t
open_store(learner_t *learner, const char *name)
{
  SVAR_TRY(svari_cartpole_generation_open(&learner->generation, name, &learner->search));
  if (learner->generation.number >= 0) {
    learner->host->log(learner->host, SVAR_LOG_INFO,
                       "going on with the policy that %s holds, from generation %lld", name,
                       (long long)learner->generation.number);
  }
  return SVAR_OK;
}

static svar_ret_t
configure(learner_t *learner)
{
  const svar_component_host_t *host = learner->host;
  svar_parameter_value_t store, topic, seed, target, population, keep, max_seconds, pace;
  SVAR_TRY(host->parameter(host, "store", &store));
  SVAR_TRY(host->parameter(host, "returns_topic", &topic));
  SVAR_TRY(host->parameter(host, "seed", &seed));
  SVAR_TRY(host->parameter(host, "target_return", &target));
  SVAR_TRY(host->parameter(host, "population", &population));
  SVAR_TRY(host->parameter(host, "keep", &keep));
  SVAR_TRY(host->parameter(host, "max_seconds", &max_seconds));
  SVAR_TRY(host->parameter(host, "pace", &pace));
  if (population.as.integer % 2 != 0) {
    return svar_fail(SVAR_ERR_VALUE,
                     "the parameter 'population' is %lld: candidates come in pairs, give an even "
                     "number",
                     (long long)population.as.integer);
  }
  char store_name[SVAR_STORE_NAME_BYTES];
  SVAR_TRY(host->resolve_name(host, store.as.string, store_name, sizeof store_name));
  SVAR_TRY(host->resolve_name(host, topic.as.string, learner->returns_topic,
                              sizeof learner->returns_topic));
  learner->seed = seed.as.integer != 0 ? (uint64_t)seed.as.integer : seed_from_time();
  learner->target_return = target.as.real;
  learner->max_s = max_seconds.as.real;
  learner->pace_ns = (int64_t)(pace.as.real * SVARI_NANOSECONDS);
  learner->keep = keep.as.boolean;

  openblas_set_num_threads(1); // products this small only lose by being shared out
  uint32_t candidates = (uint32_t)population.as.integer;
  SVAR_TRY(svari_cartpole_search_init(&learner->search, candidates, learner->seed));
  SVAR_TRY(svari_cartpole_round_init(&learner->round, candidates));
  SVAR_TRY(open_topic(learner)); // before the first version, so that no return of it is missed
  SVAR_TRY(open_store(learner, store_name));
  host->set_period(host, 0); // a step waits for returns itself
  host->log(host, SVAR_LOG_INFO,
            "%s: %u candidates a generation, to a mean return of %g; seed %llu repeats this run",
            store_name, candidates, learner->target_return, (unsigned long long)learner->seed);
  return SVAR_OK;
}

static svar_transition_result_t
learner_configure(void *self)
{
  if (configure(self) != SVAR_OK) {
    release(self);
    return SVAR_TRANSITION_FAILURE;
  }
  return SVAR_TRANSITION_SUCCESS;
}

static svar_transition_result_t
learner_activate(void *self)
{
  learner_t *learner = self;
  svari_cartpole_progress_init(&learner->progress, stdout);
  learner->activated_ns = learner->received_ns = svari_now_ns();
  learner->is_due = learner->generation.version == 0;
  learner->is_reported = false;
  return SVAR_TRANSITION_SUCCESS;
}

static void
log_between(learner_t *learner, svar_log_level_t level, const char *text)
{
  svari_cartpole_progress_end_line(&learner->progress);
  learner->host->log(learner->host, level, "%s", text);
}

// Takes what is in the queue into account.
static svar_ret_t
take_returns(learner_t *learner)
{
  for (;;) {
    svar_message_t message = SVAR_MESSAGE_INIT;
    svar_ret_t ret = svar_message_receiver_take(learner->receiver, &message);
    if (ret == SVAR_ERR_CORRUPT) { // somebody else's on our topic: dropped
      log_between(learner, SVAR_LOG_WARN, svar_error_message());
      continue;
    }
    if (ret != SVAR_OK) {
      return ret == SVAR_EMPTY ? SVAR_OK : ret;
    }
    svari_cartpole_episode_t episode = *(const svari_cartpole_episode_t *)message.payload;
    svar_message_receiver_release(learner->receiver, &message);
    learner->received_ns = svari_now_ns();
    learner->return_count++;
    if (svari_cartpole_round_add(&learner->round, &episode)) {
      learner->episode_count++;
    }
  }
}

static svar_ret_t
wait_for_returns(learner_t *learner)
{
  int64_t now = svari_now_ns();
  int64_t timeout_ns = patience_ns;
  if (learner->round.missing == 0) { // only the pace is missing
    timeout_ns = learner->committed_ns + learner->pace_ns - now;
    timeout_ns = timeout_ns < 0 ? 0 : timeout_ns < patience_ns ? timeout_ns : patience_ns;
  }
  svar_ret_t ret = svar_message_receiver_wait(learner->receiver, timeout_ns);
  if (ret == SVAR_OK) {
    return take_returns(learner);
  }
  if (ret != SVAR_TIMEOUT) {
    return ret;
  }
  if (now - learner->received_ns > silence_ns && !learner->is_silence_said) {
    learner->is_silence_said = true;
    char text[256];
    snprintf(text, sizeof text, "no returns arrive on %s: start a cartpole_actor",
             learner->returns_topic);
    log_between(learner, SVAR_LOG_WARN, text);
  }
  return SVAR_OK;
}

// Commits the next generation. Readers that pin every version only put it off.
static svar_ret_t
commit_generation(learner_t *learner)
{
  int64_t number = learner->generation.number + 1;
  svari_cartpole_random_t random = svari_cartpole_random_of(learner->seed, (uint64_t)number + 1);
  svar_ret_t ret =
      svari_cartpole_generation_commit(&learner->generation, svari_cartpole_random_next(&random));
  if (ret == SVAR_ERR_BUSY) {
    nanosleep(&(struct timespec){.tv_nsec = patience_ns}, NULL);
    return SVAR_OK;
  }
  SVAR_TRY(ret);
  learner->is_due = false;
  learner->commit_count++;
  learner->committed_ns = svari_now_ns();
  svari_cartpole_round_begin(&learner->round, learner->generation.version,
                             learner->generation.seed);
  return SVAR_OK;
}

static void
report(learner_t *learner, const char *outcome)
{
  if (learner->is_reported) {
    return;
  }
  learner->is_reported = true;
  svari_cartpole_progress_end_line(&learner->progress);
  printf("%s: mean return %.1f of %d over the last %d evaluation episodes\n"
         "  generations         %lld\n"
         "  episodes            %llu\n"
         "  wall time           %.1f s\n"
         "  versions committed  %llu\n"
         "  returns received    %llu\n",
         outcome, (double)learner->score, SVARI_CARTPOLE_STEPS_MAX, SVARI_CARTPOLE_EVALUATIONS,
         (long long)learner->generation.number, (unsigned long long)learner->episode_count,
         (double)(svari_now_ns() - learner->activated_ns) / SVARI_NANOSECONDS,
         (unsigned long long)learner->commit_count, (unsigned long long)learner->return_count);
  fflush(stdout);
}

// The round is complete: is that enough, or where does the search go from here?
static svar_step_result_t
finish_round(learner_t *learner)
{
  learner->score = svari_cartpole_round_score(&learner->round);
  svari_cartpole_progress_add(&learner->progress, learner->generation.number, learner->score);
  if (learner->score >= learner->target_return) {
    report(learner, "solved");
    return SVAR_STEP_DONE;
  }
  svari_cartpole_search_update(&learner->search, learner->round.returns);
  learner->is_due = true;
  return SVAR_STEP_CONTINUE;
}

static svar_step_result_t
learner_step(void *self, const svar_tick_t *tick)
{
  (void)tick;
  learner_t *learner = self;
  svar_ret_t ret = learner->is_due ? commit_generation(learner) : wait_for_returns(learner);
  if (ret != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  int64_t now = svari_now_ns();
  if (!learner->is_due && learner->round.missing == 0 &&
      now >= learner->committed_ns + learner->pace_ns) {
    return finish_round(learner);
  }
  if ((double)(now - learner->activated_ns) > learner->max_s * SVARI_NANOSECONDS) {
    report(learner, "not solved");
    (void)svar_fail(SVAR_ERR_COMPONENT,
                    "a mean return of %g was not reached within %g s (max_seconds): generation "
                    "%lld has %.1f",
                    learner->target_return, learner->max_s, (long long)learner->generation.number,
                    (double)learner->score);
    return SVAR_STEP_FAILED;
  }
  return SVAR_STEP_CONTINUE;
}

static svar_transition_result_t
learner_deactivate(void *self)
{
  report(self, "stopped");
  return SVAR_TRANSITION_SUCCESS;
}

static svar_transition_result_t
learner_cleanup(void *self)
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
     .description = "topic on which the actors send the returns of their episodes"},
    {.name = "seed",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 0}},
     .description = "repeats a run; 0: another one each time"},
    {.name = "target_return",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 475}},
     .description = "mean return of 20 evaluation episodes at which the task is solved",
     .minimum = 1,
     .maximum = SVARI_CARTPOLE_STEPS_MAX},
    {.name = "population",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 64}},
     .description = "candidates a generation, an even number",
     .minimum = 2,
     .maximum = SVARI_CARTPOLE_POPULATION_MAX},
    {.name = "keep",
     .default_value = {SVAR_PARAMETER_BOOL, {.boolean = false}},
     .description = "leave the store behind at the end: a later learner goes on with it"},
    {.name = "max_seconds",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 120}},
     .description = "give up after that long",
     .minimum = 0.001,
     .maximum = 1e6},
    {.name = "pace",
     .default_value = {SVAR_PARAMETER_DOUBLE, {.real = 0.1}},
     .description = "least seconds a generation, so that people can watch; 0: as fast as it can",
     .minimum = 0,
     .maximum = 3600},
};

static const svar_component_descriptor_t descriptor = {
    .abi_version = SVAR_COMPONENT_ABI_VERSION,
    .size_bytes = sizeof(svar_component_descriptor_t),
    .type_name = "shared_variable::CartpoleLearner",
    .description = "learns to balance a pole, on returns that cartpole_actors send",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .create = learner_create,
    .configure = learner_configure,
    .activate = learner_activate,
    .step = learner_step,
    .deactivate = learner_deactivate,
    .cleanup = learner_cleanup,
    .destroy = learner_destroy,
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  return index == 0 ? &descriptor : NULL;
}
