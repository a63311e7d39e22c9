#include "gateway_answers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monotonic_clock.h"

struct svari_gateway_answers {
  svari_gateway_answers_options_t options;
  svar_message_server_t *server; // NULL: no topic
  pthread_t thread;
  bool is_running; // the owner's
  atomic_bool is_stopping;
  int64_t next_check_ns;  // the thread's: when to look for RouDi
  svar_ret_t roudi_state; // the thread's: what the last look found

  pthread_mutex_t lock; // of what the thread tells its owner
  bool has_news;
  char news[512]; // a sentence to log
  svar_ret_t end; // not SVAR_OK: the thread has ended, news says why
};

static const int64_t WAIT_NS = 100 * 1000 * 1000; // so soon a stop is noticed
static const int64_t CHECK_NS = 1000 * 1000 * 1000;

svar_ret_t
svari_gateway_answers_create(const svari_gateway_answers_options_t *options,
                             svari_gateway_answers_t **out_answers)
{
  svari_gateway_answers_t *answers = calloc(1, sizeof(*answers));
  if (answers == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to answer on '%s'", options->topic);
  }
  answers->options = *options;
  pthread_mutex_init(&answers->lock, NULL);
  svar_ret_t ret = SVAR_OK;
  if (options->topic[0] != '\0') {
    ret = svar_message_server_create(options->messages, options->topic, &answers->server);
  }
  if (ret != SVAR_OK) {
    svari_gateway_answers_destroy(answers);
    return ret;
  }
  *out_answers = answers;
  return SVAR_OK;
}

void
svari_gateway_answers_destroy(svari_gateway_answers_t *answers)
{
  if (answers == NULL) {
    return;
  }
  svari_gateway_answers_stop(answers);
  svar_message_server_destroy(answers->server);
  pthread_mutex_destroy(&answers->lock);
  free(answers);
}

// Leaves this thread's message for the owner.
static void
tell(svari_gateway_answers_t *answers, svar_ret_t end)
{
  pthread_mutex_lock(&answers->lock);
  snprintf(answers->news, sizeof(answers->news), "%s", svar_error_message());
  answers->has_news = true;
  answers->end = end;
  pthread_mutex_unlock(&answers->lock);
}

static svar_ret_t
send_answer(svari_gateway_answers_t *answers, const svar_message_t *request,
            const svari_gateway_answer_t *answer)
{
  svar_gateway_response_t response = answer->response;
  response.layout = SVAR_GATEWAY_LAYOUT;
  response.request_sender = request->sender;
  response.request_sequence = request->sequence;
  void *payload = NULL;
  SVAR_TRY(svar_message_server_loan(answers->server, request,
                                    sizeof(response) + response.tensor.data_bytes, &payload));
  memcpy(payload, &response, sizeof(response));
  if (response.tensor.data_bytes > 0) {
    memcpy((svar_gateway_response_t *)payload + 1, answer->data, response.tensor.data_bytes);
  }
  return svar_message_server_send(answers->server);
}

static svar_ret_t
make_answer(const svari_gateway_answers_t *answers, const svar_message_t *request,
            svari_gateway_answer_t *answer)
{
  svari_gateway_question_t question;
  SVAR_TRY(svari_gateway_question_read(request->payload, request->payload_bytes, &question));
  return svari_gateway_answer_make(&question, &answers->options.rules, answer);
}

static void
answer_request(svari_gateway_answers_t *answers, const svar_message_t *request)
{
  svari_gateway_answer_t answer = {0};
  svar_ret_t ret = make_answer(answers, request, &answer);
  if (ret != SVAR_OK) {
    svari_gateway_answer_fail(&answer, ret);
  }
  ret = send_answer(answers, request, &answer);
  if (ret == SVAR_ERR_NO_SPACE || ret == SVAR_ERR_RANGE) { // a value too large for a message
    svari_gateway_answer_fail(&answer, ret);
    ret = send_answer(answers, request, &answer);
  }
  if (ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) { // else: who asked has gone
    tell(answers, SVAR_OK);
  }
  svari_gateway_answer_end(&answer);
}

// Takes what there is: one request, or what is none.
static svar_ret_t
serve(svari_gateway_answers_t *answers)
{
  svar_message_t request = SVAR_MESSAGE_INIT;
  svar_ret_t ret = svar_message_server_take(answers->server, &request);
  if (ret == SVAR_OK) {
    answer_request(answers, &request);
    svar_message_server_release(answers->server, &request);
  } else if (ret == SVAR_ERR_CORRUPT) {
    tell(answers, SVAR_OK);
  }
  return ret == SVAR_ERR_MESSAGES ? ret : SVAR_OK;
}

// A RouDi that has died or hangs is told once: what is there goes on. Another one ends this process, for only a
// new one can join it.
static svar_ret_t
check_roudi(svari_gateway_answers_t *answers)
{
  int64_t now = svari_now_ns();
  if (now < answers->next_check_ns) {
    return SVAR_OK;
  }
  answers->next_check_ns = now + CHECK_NS;
  svar_ret_t ret = svar_messages_check(answers->options.messages);
  bool is_the_end = ret == SVAR_ERR_STATE || ret == SVAR_ERR_MESSAGES;
  if (ret != SVAR_OK && ret != answers->roudi_state && !is_the_end) {
    tell(answers, SVAR_OK);
  }
  answers->roudi_state = ret;
  return is_the_end ? ret : SVAR_OK;
}

static svar_ret_t
wait_for_request(svari_gateway_answers_t *answers)
{
  if (answers->server != NULL) {
    return svar_message_server_wait(answers->server, WAIT_NS);
  }
  nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
  return SVAR_TIMEOUT;
}

static svar_ret_t
turn(svari_gateway_answers_t *answers)
{
  SVAR_TRY(check_roudi(answers));
  svar_ret_t ret = wait_for_request(answers);
  if (ret == SVAR_OK) {
    return serve(answers);
  }
  return ret == SVAR_TIMEOUT ? SVAR_OK : ret;
}

static void *
answers_main(void *argument)
{
  svari_gateway_answers_t *answers = argument;
  svar_ret_t ret = SVAR_OK;
  while (ret == SVAR_OK && !atomic_load(&answers->is_stopping)) {
    ret = turn(answers);
  }
  if (ret != SVAR_OK) {
    tell(answers, ret);
  }
  return NULL;
}

svar_ret_t
svari_gateway_answers_start(svari_gateway_answers_t *answers)
{
  atomic_store(&answers->is_stopping, false);
  int error = pthread_create(&answers->thread, NULL, answers_main, answers);
  if (error != 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no thread to answer requests: %s", strerror(error));
  }
  answers->is_running = true;
  return SVAR_OK;
}

void
svari_gateway_answers_stop(svari_gateway_answers_t *answers)
{
  if (answers->is_running) {
    atomic_store(&answers->is_stopping, true);
    pthread_join(answers->thread, NULL);
    answers->is_running = false;
  }
}

svar_ret_t
svari_gateway_answers_poll(svari_gateway_answers_t *answers, const svar_component_host_t *host)
{
  pthread_mutex_lock(&answers->lock);
  bool has_news = answers->has_news;
  svar_ret_t end = answers->end;
  char news[sizeof(answers->news)];
  memcpy(news, answers->news, sizeof(news));
  answers->has_news = false;
  pthread_mutex_unlock(&answers->lock);
  if (end != SVAR_OK) {
    return svar_fail(end, "%s", news);
  }
  if (has_news) {
    host->log(host, SVAR_LOG_WARN, "%s", news);
  }
  return SVAR_OK;
}
