#include "iceoryx_client.h"

#include <iceoryx_binding_c/client.h>
#include <iceoryx_binding_c/log.h>
#include <iceoryx_binding_c/publisher.h>
#include <iceoryx_binding_c/runtime.h>
#include <iceoryx_binding_c/service_discovery.h>
#include <iceoryx_binding_c/wait_set.h>

#include <string.h>
#include <time.h>

enum { PATIENCE_MS = 20000, LOOK_MS = 2 };

static void
pause_ms(int ms)
{
  nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

void
iceoryx_client_join(const char *name)
{
  iox_set_loglevel(Iceoryx_LogLevel_Off);
  iox_runtime_init(name);
}

static bool
is_connected_in_time(iox_client_t client)
{
  for (int ms = 0; ms < PATIENCE_MS; ms += LOOK_MS) {
    if (iox_client_get_connection_state(client) == ConnectionState_CONNECTED) {
      return true;
    }
    pause_ms(LOOK_MS);
  }
  return false;
}

static uint64_t
take_answer(iox_client_t client, void *out_chunk, uint64_t out_bytes)
{
  for (int ms = 0; ms < PATIENCE_MS; ms += LOOK_MS) {
    const void *chunk;
    if (iox_client_take_response(client, &chunk) == ChunkReceiveResult_SUCCESS) {
      svar_message_header_t header;
      memcpy(&header, chunk, sizeof header);
      uint64_t bytes = sizeof header + header.payload_bytes;
      memcpy(out_chunk, chunk, bytes < out_bytes ? bytes : out_bytes);
      iox_client_release_response(client, chunk);
      return bytes;
    }
    pause_ms(LOOK_MS);
  }
  return 0;
}

uint64_t
iceoryx_client_ask(const char *topic, const void *request_chunk, uint32_t request_bytes,
                   void *out_chunk, uint64_t out_bytes)
{
  iox_client_storage_t storage;
  iox_client_t client =
      iox_client_init(&storage, SVAR_MESSAGE_SERVICE, topic, SVAR_MESSAGE_EVENT, NULL);
  uint64_t bytes = 0;
  void *chunk;
  if (is_connected_in_time(client) &&
      iox_client_loan_aligned_request(client, &chunk, request_bytes, SVAR_MESSAGE_ALIGNMENT) ==
          AllocationResult_SUCCESS) {
    memcpy(chunk, request_chunk, request_bytes);
    if (iox_client_send(client, chunk) == ClientSendResult_SUCCESS) {
      bytes = take_answer(client, out_chunk, out_bytes);
    }
  }
  iox_client_deinit(client);
  return bytes;
}

static void
note_found(const iox_service_description_t service, void *is_found)
{
  (void)service;
  *(bool *)is_found = true;
}

bool
iceoryx_client_finds(const char *topic)
{
  iox_service_discovery_storage_t storage;
  iox_service_discovery_t discovery = iox_service_discovery_init(&storage);
  bool is_found = false;
  iox_service_discovery_find_service_apply_callable_with_context_data(
      discovery, SVAR_MESSAGE_SERVICE, topic, SVAR_MESSAGE_EVENT, note_found, &is_found,
      MessagingPattern_PUB_SUB);
  iox_service_discovery_deinit(discovery);
  return is_found;
}

void
iceoryx_client_publish_battery(int percent)
{
  iox_pub_storage_t storage;
  iox_pub_t publisher = iox_pub_init(&storage, "Robot", "Arm", "Battery", NULL);
  void *chunk;
  for (int ms = 0; ms < PATIENCE_MS && !iox_pub_has_subscribers(publisher); ms += LOOK_MS) {
    pause_ms(LOOK_MS);
  }
  if (iox_pub_loan_chunk(publisher, &chunk, sizeof percent) == AllocationResult_SUCCESS) {
    memcpy(chunk, &percent, sizeof percent);
    iox_pub_publish_chunk(publisher, chunk);
  }
  iox_pub_deinit(publisher);
}
