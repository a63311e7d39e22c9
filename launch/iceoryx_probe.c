// Ends when iceoryx's daemon, RouDi, answers no more. A program of its own, for only who has joined RouDi and
// asks it something notices that it hangs, or that it has cut everybody off after a pause of its own.
// Exit code 0: told to end (SIGTERM, SIGINT); 1: RouDi does not run or does not answer; 2: that cannot be told
// (standard error says why).
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "shared_variable/messages.h"

static const char TOPIC[] = "/shared_variable/probe";

// A receiver is what costs RouDi least and nobody notices.
static svar_ret_t
ask(svar_messages_t *messages)
{
  svar_message_receiver_t *receiver = NULL;
  SVAR_TRY(svar_message_receiver_create(messages, TOPIC, 0, 1, &receiver));
  svar_message_receiver_destroy(receiver);
  return SVAR_OK;
}

static svar_ret_t
ask_until_told_to_end(svar_messages_t *messages, const sigset_t *end_signals)
{
  const struct timespec pause = {.tv_sec = 1};
  do {
    SVAR_TRY(ask(messages));
  } while (sigtimedwait(end_signals, NULL, &pause) < 0);
  return SVAR_OK;
}

int
main(void)
{
  sigset_t end_signals;
  sigemptyset(&end_signals);
  sigaddset(&end_signals, SIGINT);
  sigaddset(&end_signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &end_signals, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM); // with who wants to know
  svar_messages_t *messages = NULL;
  svar_ret_t ret = svar_messages_create("iceoryx_probe", &messages);
  if (ret == SVAR_OK) {
    ret = ask_until_told_to_end(messages, &end_signals);
  }
  if (ret == SVAR_ERR_NO_ROUDI || ret == SVAR_ERR_STATE) {
    _exit(1); // to sign off would mean to wait for RouDi once more
  }
  svar_messages_destroy(messages);
  if (ret == SVAR_OK) {
    return 0;
  }
  fprintf(stderr, "iceoryx_probe: %s\n", svar_error_message());
  return 2;
}
