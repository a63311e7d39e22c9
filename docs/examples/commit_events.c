/* A program that knows iceoryx but links nothing of shared_variable: one WaitSet for a topic of its own and for
 * the commits of a store, which the component iceoryx_gateway announces.
 *
 *   commit_events /policy/weights     until it is interrupted
 *
 * gcc commit_events.c -isystem /usr/include/iceoryx/v2.0.3 -liceoryx_binding_c, and the include folder of
 * shared_variable for gateway.h, which needs no library. */
#include <shared_variable/gateway.h>

#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/subscriber.h>
#include <iceoryx_binding_c/wait_set.h>

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BATTERY_ID = 1, COMMITS_ID = 2 };

static volatile sig_atomic_t is_interrupted;

static void
interrupt(int signal_number)
{
  (void)signal_number;
  is_interrupted = 1;
}

/* Copies what is there and checks it before it is believed: any process may send on any topic. */
static bool
read_commit(const void *chunk, svar_commit_message_t *out_message)
{
  memcpy(out_message, chunk, sizeof *out_message);
  return out_message->header.magic == SVAR_MESSAGE_MAGIC &&
         out_message->header.layout == SVAR_MESSAGE_LAYOUT &&
         out_message->header.payload_bytes == sizeof out_message->event &&
         out_message->event.layout == SVAR_GATEWAY_LAYOUT &&
         out_message->event.listed_count <= SVAR_COMMIT_EVENT_IDS;
}

static void
show_commit(const svar_commit_event_t *event)
{
  if (event->kind == SVAR_COMMIT_EVENT_REMOVED) {
    printf("removed after version %" PRIu64 "\n", event->version);
    return;
  }
  printf("version %" PRIu64 ": %" PRIu32 " changed:", event->version, event->changed_count);
  for (uint32_t i = 0; i < event->listed_count; i++) {
    printf(" %" PRIu32, event->changed[i]);
  }
  printf("\n");
}

/* Takes every message that waits in the queue. */
static void
take_all(iox_sub_t subscriber, uint64_t id)
{
  const void *chunk;
  while (iox_sub_take_chunk(subscriber, &chunk) == ChunkReceiveResult_SUCCESS) {
    svar_commit_message_t message;
    if (id == BATTERY_ID) {
      printf("battery at %d %%\n", *(const int *)chunk);
    } else if (read_commit(chunk, &message)) {
      show_commit(&message.event);
    }
    iox_sub_release_chunk(subscriber, chunk);
  }
  fflush(stdout);
}

static void
wait_for_messages(iox_sub_t battery, iox_sub_t commits)
{
  iox_ws_storage_t storage;
  iox_ws_t wait_set = iox_ws_init(&storage);
  iox_ws_attach_subscriber_state(wait_set, battery, SubscriberState_HAS_DATA, BATTERY_ID, NULL);
  iox_ws_attach_subscriber_state(wait_set, commits, SubscriberState_HAS_DATA, COMMITS_ID, NULL);
  while (!is_interrupted) {
    iox_notification_info_t notifications[2];
    uint64_t missed;
    uint64_t ready =
        iox_ws_timed_wait(wait_set, (struct timespec){.tv_sec = 1}, notifications, 2, &missed);
    for (uint64_t i = 0; i < ready; i++) {
      uint64_t id = iox_notification_info_get_notification_id(notifications[i]);
      take_all(id == BATTERY_ID ? battery : commits, id);
    }
  }
  iox_ws_detach_subscriber_state(wait_set, commits, SubscriberState_HAS_DATA);
  iox_ws_detach_subscriber_state(wait_set, battery, SubscriberState_HAS_DATA);
  iox_ws_deinit(wait_set);
}

int
main(int argc, char **argv)
{
  if (argc != 2) {
    fprintf(stderr, "usage: commit_events STORE\n");
    return 2;
  }
  signal(SIGINT, interrupt);
  signal(SIGTERM, interrupt);
  char topic[101]; /* as much as iceoryx takes */
  snprintf(topic, sizeof topic, "%s" SVAR_COMMIT_TOPIC_SUFFIX, argv[1]);

  iox_runtime_init("commit_events");
  iox_sub_options_t options;
  iox_sub_options_init(&options);
  options.queueCapacity = 16;
  options.historyRequest = 1; /* what is there already */
  iox_sub_storage_t battery_storage, commits_storage;
  iox_sub_t battery = iox_sub_init(&battery_storage, "Robot", "Arm", "Battery", &options);
  iox_sub_t commits =
      iox_sub_init(&commits_storage, SVAR_MESSAGE_SERVICE, topic, SVAR_MESSAGE_EVENT, &options);
  wait_for_messages(battery, commits);
  iox_sub_deinit(commits);
  iox_sub_deinit(battery);
  /* No iox_runtime_shutdown(): it has another thread ask RouDi something, and the end of the process, which signs off,
   * may be waiting for the answer to that for ever. */
  return 0;
}
