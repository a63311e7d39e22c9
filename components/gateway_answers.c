#include "gateway_answers.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monotonic_clock.h"

struct svari_gateway_answers {
  svari_gateway_answers_options_t options;
  svar_message_server_t *server; // NULL: no topic
  int64_t next_check_ns;         // when to look for RouDi
  svar_ret_t roudi_state;        // what the last look found
};

static const int64_t WAIT_NS = 100 * 1000 * 1000; // so soon a turn comes back
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
  if (answers != NULL) {
    svar_message_server_destroy(answers->server);
    free(answers);
  }
}

static void
tell(svari_gateway_answers_t *answers)
{
  svari_gateway_news_add(answers->options.news, SVAR_LOG_WARN, "%s", svar_error_message());
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
    tell(answers);
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
    tell(answers);
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
    tell(answers);
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

svar_ret_t
svari_gateway_answers_turn(svari_gateway_answers_t *answers)
{
  SVAR_TRY(check_roudi(answers));
  svar_ret_t ret = wait_for_request(answers);
  if (ret == SVAR_OK) {
    return serve(answers);
  }
  return ret == SVAR_TIMEOUT ? SVAR_OK : ret;
}
