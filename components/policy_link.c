#include "policy_link.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "monotonic_clock.h"
#include "shared_variable/messages.h"

enum { SLOT_COUNT = 16, NEWS_BYTES = 512 };
static const int64_t CHECK_NS = SVARI_NANOSECONDS; // between two looks for RouDi

struct svari_policy_link {
  svar_messages_t *messages;
  svar_message_receiver_t *receiver; // NULL: no topic of observations
  svar_message_sender_t *sender;     // NULL: no topic of actions
  uint32_t observation_width;
  uint32_t action_width;

  // The steps' own.
  svari_policy_link_counts_t counts; // but for unsent
  uint64_t last_sender;
  uint64_t last_sequence;
  svar_ret_t last_failure; // of a take

  // Actions on their way from the steps to who sends: slot i % SLOT_COUNT is action i. The steps store
  // put (release) when they have filled a slot, that thread stores sent (release) when it has read one; each
  // loads the other's (acquire), so neither sees half an action.
  _Atomic uint64_t put;
  _Atomic uint64_t sent;
  uint8_t *slots;
  size_t slot_bytes;

  pthread_t sending, looking;
  bool has_sending, has_looking;
  sem_t wake; // for what is to be sent
  sem_t stop; // for who looks
  atomic_bool is_stopping;
  _Atomic uint64_t unsent;
  svar_ret_t send_failure; // who sends: what it told last
  svar_ret_t roudi_state;  // who looks: what it told last

  pthread_mutex_t news_lock;
  atomic_bool has_news;
  char news[NEWS_BYTES];
};

// Leaves this thread's message for the steps.
static void
tell(svari_policy_link_t *link)
{
  pthread_mutex_lock(&link->news_lock);
  snprintf(link->news, sizeof(link->news), "%s", svar_error_message());
  atomic_store(&link->has_news, true);
  pthread_mutex_unlock(&link->news_lock);
}

// Tells a failure that is another than the last one.
static void
tell_once(svari_policy_link_t *link, svar_ret_t failure, svar_ret_t *told)
{
  if (failure != SVAR_OK && failure != *told) {
    tell(link);
  }
  *told = failure;
}

// --- threads ---------------------------------------------------------------------------------------

static svar_ret_t
send_slot(svari_policy_link_t *link, uint64_t index)
{
  void *payload = NULL;
  SVAR_TRY(svar_message_sender_loan(link->sender, &payload));
  memcpy(payload, link->slots + (index % SLOT_COUNT) * link->slot_bytes, link->slot_bytes);
  return svar_message_sender_publish(link->sender, payload);
}

static void
send_all(svari_policy_link_t *link)
{
  uint64_t index = atomic_load_explicit(&link->sent, memory_order_relaxed); // written here alone
  while (index < atomic_load_explicit(&link->put, memory_order_acquire)) {
    svar_ret_t ret = send_slot(link, index);
    if (ret != SVAR_OK) {
      atomic_fetch_add_explicit(&link->unsent, 1, memory_order_relaxed);
    }
    tell_once(link, ret, &link->send_failure);
    atomic_store_explicit(&link->sent, ++index, memory_order_release);
  }
}

static void *
send_main(void *argument)
{
  svari_policy_link_t *link = argument;
  bool is_stopping = false;
  while (!is_stopping) {
    (void)sem_wait(&link->wake);                   // whatever ended it: look at all
    is_stopping = atomic_load(&link->is_stopping); // before the last actions are sent
    send_all(link);
  }
  return NULL;
}

// Not who sends: a look at a RouDi that hangs takes a second, in which actions go out as before.
static void *
look_main(void *argument)
{
  svari_policy_link_t *link = argument;
  while (!atomic_load(&link->is_stopping)) {
    int64_t look_ns = svari_now_ns() + CHECK_NS;
    struct timespec until = {.tv_sec = look_ns / SVARI_NANOSECONDS,
                             .tv_nsec = look_ns % SVARI_NANOSECONDS};
    if (sem_clockwait(&link->stop, CLOCK_MONOTONIC, &until) != 0) {
      tell_once(link, svar_messages_check(link->messages), &link->roudi_state);
    }
  }
  return NULL;
}

// --- open and close --------------------------------------------------------------------------------

static svar_ret_t
open_receiver(svari_policy_link_t *link, const svari_policy_link_options_t *options)
{
  SVAR_TRY(svar_message_receiver_create(link->messages, options->observations_topic,
                                        svari_policy_message_bytes(options->observation_width),
                                        options->queue, &link->receiver));
  // The first wait allocates, and asks RouDi: here rather than in the first step.
  svar_ret_t ret = svar_message_receiver_wait(link->receiver, 0);
  return ret == SVAR_TIMEOUT ? SVAR_OK : ret;
}

static svar_ret_t
open_sender(svari_policy_link_t *link, const svari_policy_link_options_t *options)
{
  SVAR_TRY(svar_message_sender_create(link->messages, options->actions_topic,
                                      svari_policy_message_bytes(options->action_width),
                                      &link->sender));
  link->slot_bytes = (size_t)svari_policy_message_bytes(options->action_width);
  link->slots = malloc(SLOT_COUNT * link->slot_bytes);
  if (link->slots == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the actions on '%s'",
                     options->actions_topic);
  }
  memset(link->slots, 0xff, SLOT_COUNT * link->slot_bytes); // so that no step faults its pages in
  return SVAR_OK;
}

static svar_ret_t
start_thread(svari_policy_link_t *link, void *(*body)(void *), pthread_t *thread, bool *has_thread)
{
  int error = pthread_create(thread, NULL, body, link);
  if (error != 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no thread for the topics of a policy: %s", strerror(error));
  }
  *has_thread = true;
  return SVAR_OK;
}

// Actions first: who waits for a receiver of observations finds everything else in place.
static svar_ret_t
open_all(svari_policy_link_t *link, const svari_policy_link_options_t *options)
{
  SVAR_TRY(svar_messages_create(options->node_name, &link->messages));
  if (options->actions_topic[0] != '\0') {
    SVAR_TRY(open_sender(link, options));
    SVAR_TRY(start_thread(link, send_main, &link->sending, &link->has_sending));
  }
  SVAR_TRY(start_thread(link, look_main, &link->looking, &link->has_looking));
  return options->observations_topic[0] != '\0' ? open_receiver(link, options) : SVAR_OK;
}

svar_ret_t
svari_policy_link_open(const svari_policy_link_options_t *options, svari_policy_link_t **out_link)
{
  svari_policy_link_t *link = calloc(1, sizeof(*link));
  if (link == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the topics of a policy");
  }
  link->observation_width = options->observation_width;
  link->action_width = options->action_width;
  sem_init(&link->wake, 0, 0);
  sem_init(&link->stop, 0, 0);
  pthread_mutex_init(&link->news_lock, NULL);
  svar_ret_t ret = open_all(link, options);
  if (ret != SVAR_OK) {
    svari_policy_link_close(link);
    return ret;
  }
  *out_link = link;
  return SVAR_OK;
}

void
svari_policy_link_close(svari_policy_link_t *link)
{
  if (link == NULL) {
    return;
  }
  atomic_store(&link->is_stopping, true);
  sem_post(&link->wake);
  sem_post(&link->stop);
  if (link->has_sending) {
    pthread_join(link->sending, NULL);
  }
  if (link->has_looking) {
    pthread_join(link->looking, NULL);
  }
  svar_message_receiver_destroy(link->receiver);
  svar_message_sender_destroy(link->sender);
  svar_messages_destroy(link->messages);
  pthread_mutex_destroy(&link->news_lock);
  sem_destroy(&link->wake);
  sem_destroy(&link->stop);
  free(link->slots);
  free(link);
}

// --- steps -----------------------------------------------------------------------------------------

// A sender that comes back begins its numbers again, as another sender does.
static void
count(svari_policy_link_t *link, uint64_t sender, uint64_t sequence)
{
  if (sender != link->last_sender || sequence <= link->last_sequence) {
    link->counts.senders++;
    link->last_sender = sender;
  } else {
    link->counts.missed += sequence - link->last_sequence - 1;
  }
  link->last_sequence = sequence;
}

static svar_ret_t
read_observation(svari_policy_link_t *link, const svar_message_t *message,
                 svari_policy_message_t *out_head, float *out_values)
{
  svari_policy_message_t head;
  memcpy(&head, message->payload, sizeof(head));
  if (head.width != link->observation_width) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message that says it is an observation of %u numbers, in room for "
                     "%u: its sender is no observation_player of this version",
                     (unsigned)head.width, (unsigned)link->observation_width);
  }
  *out_head = head;
  memcpy(out_values, (const svari_policy_message_t *)message->payload + 1,
         head.width * sizeof(float));
  count(link, message->sender, head.sequence);
  return SVAR_OK;
}

static svar_ret_t
take_message(svari_policy_link_t *link, svari_policy_message_t *out_head, float *out_values)
{
  svar_message_t message = SVAR_MESSAGE_INIT;
  SVAR_TRY(svar_message_receiver_take(link->receiver, &message));
  svar_ret_t ret = read_observation(link, &message, out_head, out_values);
  svar_message_receiver_release(link->receiver, &message);
  return ret;
}

svar_ret_t
svari_policy_link_take(svari_policy_link_t *link, int64_t wait_ns, svari_policy_message_t *out_head,
                       float *out_values)
{
  svar_ret_t ret = take_message(link, out_head, out_values);
  if (ret == SVAR_EMPTY && wait_ns > 0) {
    ret = svar_message_receiver_wait(link->receiver, wait_ns);
    ret = ret == SVAR_OK ? take_message(link, out_head, out_values) : ret;
  }
  if (ret == SVAR_OK || ret == SVAR_EMPTY || ret == SVAR_TIMEOUT) {
    return ret == SVAR_OK ? SVAR_OK : SVAR_EMPTY;
  }
  tell_once(link, ret, &link->last_failure);
  if (ret == SVAR_ERR_CORRUPT) {
    link->counts.refused++;
  } else if (wait_ns > 0) { // nothing comes any more: as slow as if it were waited for
    clock_nanosleep(CLOCK_MONOTONIC, 0,
                    &(struct timespec){.tv_sec = wait_ns / SVARI_NANOSECONDS,
                                       .tv_nsec = wait_ns % SVARI_NANOSECONDS},
                    NULL);
  }
  return SVAR_EMPTY;
}

void
svari_policy_link_put(svari_policy_link_t *link, const svari_policy_message_t *head,
                      const float *values)
{
  uint64_t index = atomic_load_explicit(&link->put, memory_order_relaxed); // written here alone
  if (index - atomic_load_explicit(&link->sent, memory_order_acquire) == SLOT_COUNT) {
    atomic_fetch_add_explicit(&link->unsent, 1, memory_order_relaxed);
    return;
  }
  uint8_t *slot = link->slots + (index % SLOT_COUNT) * link->slot_bytes;
  memcpy(slot, head, sizeof(*head));
  memcpy(slot + sizeof(*head), values, link->action_width * sizeof(float));
  atomic_store_explicit(&link->put, index + 1, memory_order_release);
  sem_post(&link->wake);
}

bool
svari_policy_link_news(svari_policy_link_t *link, char *out_text, size_t text_bytes)
{
  // What the thread holds just now comes with the next step.
  if (!atomic_load_explicit(&link->has_news, memory_order_relaxed) ||
      pthread_mutex_trylock(&link->news_lock) != 0) {
    return false;
  }
  snprintf(out_text, text_bytes, "%s", link->news);
  atomic_store(&link->has_news, false);
  pthread_mutex_unlock(&link->news_lock);
  return true;
}

svari_policy_link_counts_t
svari_policy_link_counts(const svari_policy_link_t *link)
{
  svari_policy_link_counts_t counts = link->counts;
  counts.unsent = atomic_load_explicit(&link->unsent, memory_order_relaxed);
  return counts;
}
