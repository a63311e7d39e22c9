#include "ipc/messages_iceoryx.h"

#include <iceoryx_binding_c/subscriber.h>

#include <stdlib.h>
#include <string.h>

struct svar_message_receiver {
  svari_inlet_t inlet; // of an iox_sub_t
};

static void
make_subscriber(svari_roudi_request_t *request)
{
  iox_sub_options_t options;
  iox_sub_options_init(&options);
  options.queueCapacity = request->queue;
  options.historyRequest = request->history;
  options.queueFullPolicy = QueueFullPolicy_DISCARD_OLDEST_DATA;
  iox_sub_storage_t storage;
  request->handle =
      iox_sub_init(&storage, SVAR_MESSAGE_SERVICE, request->name, SVAR_MESSAGE_EVENT, &options);
}

static bool
receiver_has_message(void *port)
{
  return iox_sub_has_chunks(port);
}

static enum iox_WaitSetResult
receiver_attach(iox_ws_t wait_set, void *port)
{
  return iox_ws_attach_subscriber_state(wait_set, port, SubscriberState_HAS_DATA, 0, NULL);
}

static void
receiver_detach(iox_ws_t wait_set, void *port)
{
  iox_ws_detach_subscriber_state(wait_set, port, SubscriberState_HAS_DATA);
}

static const svari_inlet_kind_t receiver_kind = {receiver_has_message, receiver_attach,
                                                 receiver_detach};

static svar_ret_t
receiver_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
                uint32_t queue, uint32_t history, svar_message_receiver_t **out_receiver)
{
  svari_roudi_request_t request = {.run = make_subscriber, .queue = queue, .history = history};
  SVAR_TRY(svari_iceoryx_request_init(&request, messages, topic));
  svar_message_receiver_t *receiver = calloc(1, sizeof *receiver);
  if (receiver == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "a receiver on '%s': no memory", topic);
  }
  void *port;
  svar_ret_t ret = svari_roudi_ask(&request, "creating a receiver on", &port);
  if (ret != SVAR_OK) {
    free(receiver);
    return ret;
  }
  svari_inlet_init(&receiver->inlet, &receiver_kind, messages, port, topic);
  receiver->inlet.payload_bytes = payload_bytes;
  *out_receiver = receiver;
  return SVAR_OK;
}

svar_ret_t
svar_message_receiver_create(svar_messages_t *messages, const char *topic, uint64_t payload_bytes,
                             uint32_t queue, svar_message_receiver_t **out_receiver)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && out_receiver != NULL);
  SVAR_REQUIRE(queue >= 1 && queue <= SVAR_MESSAGE_QUEUE_MAX);
  return receiver_create(messages, topic, payload_bytes, queue, 0, out_receiver);
}

svar_ret_t
svar_message_receiver_create_latched(svar_messages_t *messages, const char *topic,
                                     uint64_t payload_bytes, uint32_t queue,
                                     svar_message_receiver_t **out_receiver)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && out_receiver != NULL);
  SVAR_REQUIRE(queue >= 1 && queue <= SVAR_MESSAGE_QUEUE_MAX);
  return receiver_create(messages, topic, payload_bytes, queue, 1, out_receiver);
}

void
svar_message_receiver_destroy(svar_message_receiver_t *receiver)
{
  if (receiver == NULL || !svari_messages_is_own(receiver->inlet.messages)) {
    return;
  }
  if (svari_inlet_stop_waiting(&receiver->inlet)) {
    iox_sub_deinit(receiver->inlet.port);
  }
  svari_messages_unref(receiver->inlet.messages);
  free(receiver);
}

static svar_ret_t
check_taken(enum iox_ChunkReceiveResult result, const svari_inlet_t *inlet)
{
  switch (result) {
  case ChunkReceiveResult_SUCCESS:
    return svari_iceoryx_check_reported("taking from", inlet->topic);
  case ChunkReceiveResult_NO_CHUNK_AVAILABLE:
    return SVAR_EMPTY;
  case ChunkReceiveResult_TOO_MANY_CHUNKS_HELD_IN_PARALLEL:
    return svar_fail(SVAR_ERR_STATE,
                     "the receiver on '%s' holds more than %d messages: release some", inlet->topic,
                     SVAR_MESSAGE_QUEUE_MAX);
  case ChunkReceiveResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "taking from '%s': iceoryx refused (%d)", inlet->topic,
                   (int)result);
}

svar_ret_t
svar_message_receiver_take(svar_message_receiver_t *receiver, svar_message_t *out_message)
{
  SVAR_REQUIRE(receiver != NULL && out_message != NULL);
  SVAR_TRY(svari_roudi_check());
  const svari_inlet_t *inlet = &receiver->inlet;
  const void *chunk = NULL;
  SVAR_TRY(check_taken(iox_sub_take_chunk(inlet->port, &chunk), inlet));
  svar_ret_t ret = svari_inlet_read(inlet, chunk, out_message);
  if (ret != SVAR_OK) {
    SVARI_CHUNK_GIVEN(chunk);
    iox_sub_release_chunk(inlet->port, chunk);
  }
  return ret;
}

void
svar_message_receiver_release(svar_message_receiver_t *receiver, svar_message_t *message)
{
  const void *chunk = receiver != NULL && message != NULL ? svari_message_end(message) : NULL;
  if (chunk != NULL) {
    iox_sub_release_chunk(receiver->inlet.port, chunk);
    (void)svari_roudi_error_take();
  }
}

svar_ret_t
svar_message_receiver_wait(svar_message_receiver_t *receiver, int64_t timeout_ns)
{
  SVAR_REQUIRE(receiver != NULL);
  return svari_inlet_wait(&receiver->inlet, timeout_ns);
}
