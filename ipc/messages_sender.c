#include "ipc/messages_iceoryx.h"

#include <iceoryx_binding_c/publisher.h>

#include <stdlib.h>
#include <string.h>

struct svar_message_sender {
  svar_messages_t *messages;
  iox_pub_t port;
  uint64_t payload_bytes;
  uint64_t id;
  uint64_t sequence;
  bool is_offered; // receivers are connected
  char topic[SVAR_TOPIC_NAME_BYTES];
  svar_message_header_t *loans[SVAR_MESSAGE_LOANS_MAX]; // NULL: free
};

// A port that could not be made is a handle all the same, with nothing behind it: destroying it would
// be a fault. svari_roudi_ask() drops it, and its few bytes are lost.
static void
make_publisher(svari_roudi_request_t *request)
{
  iox_pub_options_t options;
  iox_pub_options_init(&options);
  options.historyCapacity = request->history;
  options.offerOnCreate = request->history == 0;
  options.subscriberTooSlowPolicy = ConsumerTooSlowPolicy_DISCARD_OLDEST_DATA;
  iox_pub_storage_t storage; // for the handle's address alone
  request->handle =
      iox_pub_init(&storage, SVAR_MESSAGE_SERVICE, request->name, SVAR_MESSAGE_EVENT, &options);
}

static svar_ret_t
sender_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
              uint32_t history, svar_message_sender_t **out_sender)
{
  SVAR_TRY(svari_iceoryx_check_size(topic, payload_bytes));
  svari_roudi_request_t request = {.run = make_publisher, .history = history};
  SVAR_TRY(svari_iceoryx_request_init(&request, messages, topic));
  svar_message_sender_t *sender = calloc(1, sizeof *sender);
  if (sender == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "a sender on '%s': no memory", topic);
  }
  void *port;
  svar_ret_t ret = svari_roudi_ask(&request, "creating a sender on", &port);
  if (ret != SVAR_OK) {
    free(sender);
    return ret;
  }
  sender->messages = svari_messages_ref(messages);
  sender->port = port;
  sender->payload_bytes = payload_bytes;
  sender->id = svari_iceoryx_next_id();
  sender->is_offered = history == 0;
  strcpy(sender->topic, topic);
  void *trial; // does any pool have chunks of this size?
  if ((ret = svar_message_sender_loan(sender, &trial)) != SVAR_OK) {
    svar_message_sender_destroy(sender);
    return ret;
  }
  svar_message_sender_release(sender, trial);
  *out_sender = sender;
  return SVAR_OK;
}

svar_ret_t
svar_message_sender_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
                           svar_message_sender_t **out_sender)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && payload_bytes > 0 && out_sender != NULL);
  return sender_create(messages, topic, payload_bytes, 0, out_sender);
}

svar_ret_t
svar_message_sender_create_latched(svar_messages_t *messages, const char *topic,
                                   uint64_t payload_bytes, svar_message_sender_t **out_sender)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && payload_bytes > 0 && out_sender != NULL);
  return sender_create(messages, topic, payload_bytes, 1, out_sender);
}

void
svar_message_sender_destroy(svar_message_sender_t *sender)
{
  if (sender == NULL || !svari_messages_is_own(sender->messages)) {
    return;
  }
  for (size_t i = 0; i < SVAR_MESSAGE_LOANS_MAX; i++) {
    if (sender->loans[i] != NULL) {
      svar_message_sender_release(sender, sender->loans[i] + 1);
    }
  }
  if (svari_roudi_is_usable()) {
    iox_pub_deinit(sender->port); // a mark in shared memory: no answer of RouDi is waited for
  }
  svari_messages_unref(sender->messages);
  free(sender);
}

// Index of a loan (NULL: of a free place), or SVAR_MESSAGE_LOANS_MAX.
static size_t
find_loan(const svar_message_sender_t *sender, const svar_message_header_t *header)
{
  size_t i = 0;
  while (i < SVAR_MESSAGE_LOANS_MAX && sender->loans[i] != header) {
    i++;
  }
  return i;
}

svar_ret_t
svar_message_sender_loan(svar_message_sender_t *sender, void **out_payload)
{
  SVAR_REQUIRE(sender != NULL && out_payload != NULL);
  SVAR_TRY(svari_roudi_check());
  size_t place = find_loan(sender, NULL);
  if (place == SVAR_MESSAGE_LOANS_MAX) {
    return svari_iceoryx_check_allocation(AllocationResult_TOO_MANY_CHUNKS_ALLOCATED_IN_PARALLEL,
                                          sender->topic, sender->payload_bytes);
  }
  void *chunk = NULL;
  uint32_t bytes = (uint32_t)(sizeof(svar_message_header_t) + sender->payload_bytes);
  enum iox_AllocationResult result =
      iox_pub_loan_aligned_chunk(sender->port, &chunk, bytes, SVAR_MESSAGE_ALIGNMENT);
  if (result != AllocationResult_SUCCESS) {
    (void)svari_roudi_error_take(); // the result says it better
    return svari_iceoryx_check_allocation(result, sender->topic, sender->payload_bytes);
  }
  SVAR_TRY(svari_iceoryx_check_reported("loaning on", sender->topic));
  SVARI_CHUNK_GOT(chunk);
  sender->loans[place] = chunk;
  *out_payload = sender->loans[place] + 1;
  return SVAR_OK;
}

svar_ret_t
svar_message_sender_publish(svar_message_sender_t *sender, void *payload)
{
  SVAR_REQUIRE(sender != NULL && payload != NULL);
  svar_message_header_t *header = (svar_message_header_t *)payload - 1;
  size_t place = find_loan(sender, header);
  if (place == SVAR_MESSAGE_LOANS_MAX) {
    return svar_fail(SVAR_ERR_ARGUMENT, "publishing on '%s': this payload is not on loan",
                     sender->topic);
  }
  sender->loans[place] = NULL;
  SVAR_TRY(svari_roudi_check());
  *header = svari_iceoryx_header_make(sender->payload_bytes, sender->id, ++sender->sequence);
  SVARI_CHUNK_GIVEN(header);
  iox_pub_publish_chunk(sender->port, header);
  if (!sender->is_offered) {
    // iceoryx keeps a message only after it has delivered it: a receiver that is connected in between gets
    // neither. So the first is kept before there can be receivers.
    iox_pub_offer(sender->port);
    sender->is_offered = true;
  }
  return svari_iceoryx_check_reported("publishing on", sender->topic);
}

bool
svar_message_sender_has_receivers(svar_message_sender_t *sender)
{
  return svari_roudi_is_usable() && iox_pub_has_subscribers(sender->port);
}

void
svar_message_sender_release(svar_message_sender_t *sender, void *payload)
{
  if (sender == NULL || payload == NULL) {
    return;
  }
  svar_message_header_t *header = (svar_message_header_t *)payload - 1;
  size_t place = find_loan(sender, header);
  if (place == SVAR_MESSAGE_LOANS_MAX) {
    return;
  }
  sender->loans[place] = NULL;
  if (svari_roudi_is_usable()) {
    SVARI_CHUNK_GIVEN(header);
    iox_pub_release_chunk(sender->port, header);
    (void)svari_roudi_error_take();
  }
}
