#include "ipc/messages_iceoryx.h"

#include <iceoryx_binding_c/server.h>

#include <stdlib.h>

struct svar_message_server {
  svari_inlet_t inlet; // of an iox_server_t
  uint64_t id;
  uint64_t sequence;
  uint64_t loan_bytes;
  svar_message_header_t *loan; // NULL: none
};

static bool
server_has_message(void *port)
{
  return iox_server_has_requests(port);
}

static enum iox_WaitSetResult
server_attach(iox_ws_t wait_set, void *port)
{
  return iox_ws_attach_server_state(wait_set, port, ServerState_HAS_REQUEST, 0, NULL);
}

static void
server_detach(iox_ws_t wait_set, void *port)
{
  iox_ws_detach_server_state(wait_set, port, ServerState_HAS_REQUEST);
}

static const svari_inlet_kind_t server_kind = {server_has_message, server_attach, server_detach};

static void
make_server(svari_roudi_request_t *request)
{
  iox_server_storage_t storage; // for the handle's address alone
  request->handle =
      iox_server_init(&storage, SVAR_MESSAGE_SERVICE, request->name, SVAR_MESSAGE_EVENT, NULL);
}

svar_ret_t
svar_message_server_create(svar_messages_t *messages, const char *topic,
                           svar_message_server_t **out_server)
{
  SVAR_REQUIRE(messages != NULL && topic != NULL && out_server != NULL);
  svari_roudi_request_t request = {.run = make_server};
  SVAR_TRY(svari_iceoryx_request_init(&request, messages, topic));
  svar_message_server_t *server = calloc(1, sizeof *server);
  if (server == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "a server on '%s': no memory", topic);
  }
  void *port;
  svar_ret_t ret = svari_roudi_ask(&request, "creating a server on", &port);
  if (ret != SVAR_OK) {
    free(server);
    return ret;
  }
  svari_inlet_init(&server->inlet, &server_kind, messages, port, topic);
  server->id = svari_iceoryx_next_id();
  *out_server = server;
  return SVAR_OK;
}

void
svar_message_server_destroy(svar_message_server_t *server)
{
  if (server == NULL || !svari_messages_is_own(server->inlet.messages)) {
    return;
  }
  svar_message_server_drop(server);
  if (svari_inlet_stop_waiting(&server->inlet)) {
    iox_server_deinit(server->inlet.port);
  }
  svari_messages_unref(server->inlet.messages);
  free(server);
}

svar_ret_t
svar_message_server_wait(svar_message_server_t *server, int64_t timeout_ns)
{
  SVAR_REQUIRE(server != NULL);
  return svari_inlet_wait(&server->inlet, timeout_ns);
}

static svar_ret_t
check_request_taken(enum iox_ServerRequestResult result, const svari_inlet_t *inlet)
{
  switch (result) {
  case ServerRequestResult_SUCCESS:
    return svari_iceoryx_check_reported("taking a request from", inlet->topic);
  case ServerRequestResult_NO_PENDING_REQUESTS:
  case ServerRequestResult_NO_PENDING_REQUESTS_AND_SERVER_DOES_NOT_OFFER:
    return SVAR_EMPTY;
  case ServerRequestResult_TOO_MANY_REQUESTS_HELD_IN_PARALLEL:
    return svar_fail(SVAR_ERR_STATE,
                     "the server on '%s' holds as many requests as it can: release "
                     "one",
                     inlet->topic);
  case ServerRequestResult_UNDEFINED_CHUNK_RECEIVE_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "taking a request from '%s': iceoryx refused (%d)",
                   inlet->topic, (int)result);
}

svar_ret_t
svar_message_server_take(svar_message_server_t *server, svar_message_t *out_request)
{
  SVAR_REQUIRE(server != NULL && out_request != NULL);
  SVAR_TRY(svari_roudi_check());
  const svari_inlet_t *inlet = &server->inlet;
  const void *chunk = NULL;
  SVAR_TRY(check_request_taken(iox_server_take_request(inlet->port, &chunk), inlet));
  svar_ret_t ret = svari_inlet_read(inlet, chunk, out_request);
  if (ret != SVAR_OK) {
    SVARI_CHUNK_GIVEN(chunk);
    iox_server_release_request(inlet->port, chunk);
  }
  return ret;
}

void
svar_message_server_release(svar_message_server_t *server, svar_message_t *request)
{
  const void *chunk = server != NULL && request != NULL ? svari_message_end(request) : NULL;
  if (chunk != NULL) {
    iox_server_release_request(server->inlet.port, chunk);
    (void)svari_roudi_error_take();
  }
}

svar_ret_t
svar_message_server_loan(svar_message_server_t *server, const svar_message_t *request,
                         uint64_t payload_bytes, void **out_payload)
{
  SVAR_REQUIRE(server != NULL && request != NULL && request->internal.chunk != NULL);
  SVAR_REQUIRE(payload_bytes > 0 && out_payload != NULL);
  const char *topic = server->inlet.topic;
  SVAR_TRY(svari_roudi_check());
  SVAR_TRY(svari_iceoryx_check_size(topic, payload_bytes));
  if (server->loan != NULL) {
    return svar_fail(SVAR_ERR_STATE, "the server on '%s' has an answer on loan: send or drop it",
                     topic);
  }
  void *chunk = NULL;
  enum iox_AllocationResult result = iox_server_loan_aligned_response(
      server->inlet.port, (void *)(uintptr_t)request->internal.chunk, &chunk,
      (uint32_t)(sizeof(svar_message_header_t) + payload_bytes), SVAR_MESSAGE_ALIGNMENT);
  if (result != AllocationResult_SUCCESS) {
    (void)svari_roudi_error_take(); // the result says it better
    return svari_iceoryx_check_allocation(result, topic, payload_bytes);
  }
  SVAR_TRY(svari_iceoryx_check_reported("loaning on", topic));
  SVARI_CHUNK_GOT(chunk);
  server->loan = chunk;
  server->loan_bytes = payload_bytes;
  *out_payload = server->loan + 1;
  return SVAR_OK;
}

static svar_ret_t
check_answered(enum iox_ServerSendResult result, const svari_inlet_t *inlet)
{
  switch (result) {
  case ServerSendResult_SUCCESS:
    return svari_iceoryx_check_reported("answering on", inlet->topic);
  case ServerSendResult_CLIENT_NOT_AVAILABLE:
    return svar_fail(SVAR_ERR_NOT_FOUND, "answering on '%s': who asked has gone", inlet->topic);
  case ServerSendResult_NOT_OFFERED:
  case ServerSendResult_INVALID_RESPONSE:
  case ServerSendResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "answering on '%s': iceoryx refused (%d)", inlet->topic,
                   (int)result);
}

svar_ret_t
svar_message_server_send(svar_message_server_t *server)
{
  SVAR_REQUIRE(server != NULL && server->loan != NULL);
  svar_message_header_t *header = server->loan;
  server->loan = NULL;
  SVAR_TRY(svari_roudi_check());
  *header = svari_iceoryx_header_make(server->loan_bytes, server->id, ++server->sequence);
  SVARI_CHUNK_GIVEN(header);
  svar_ret_t ret = check_answered(iox_server_send(server->inlet.port, header), &server->inlet);
  (void)svari_roudi_error_take(); // iceoryx also reports that a client has gone
  return ret;
}

void
svar_message_server_drop(svar_message_server_t *server)
{
  if (server == NULL || server->loan == NULL) {
    return;
  }
  if (svari_roudi_is_usable()) {
    SVARI_CHUNK_GIVEN(server->loan);
    iox_server_release_response(server->inlet.port, server->loan);
    (void)svari_roudi_error_take();
  }
  server->loan = NULL;
}
