#include "stranger.h"

#include <iceoryx_binding_c/client.h>
#include <iceoryx_binding_c/publisher.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared_variable/message_header.h"

void
stranger_send(const char *topic, uint32_t size_bytes)
{
  iox_pub_storage_t storage;
  iox_pub_t port = iox_pub_init(&storage, "shared_variable", topic, "message", NULL);
  void *chunk = NULL;
  if (iox_pub_loan_chunk(port, &chunk, size_bytes) == AllocationResult_SUCCESS) {
    memset(chunk, 0xff, size_bytes);
    iox_pub_publish_chunk(port, chunk);
  }
  iox_pub_deinit(port);
}

struct Stranger {
  iox_client_storage_t storage;
  iox_client_t client;
};

static void
wait_for_server(iox_client_t client)
{
  for (int tries = 0; tries < 20000; tries++) {
    if (iox_client_get_connection_state(client) == ConnectionState_CONNECTED) {
      return;
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

Stranger *
stranger_ask(const char *topic, const char *text)
{
  Stranger *stranger = calloc(1, sizeof *stranger);
  stranger->client =
      iox_client_init(&stranger->storage, SVAR_MESSAGE_SERVICE, topic, SVAR_MESSAGE_EVENT, NULL);
  wait_for_server(stranger->client);
  uint32_t text_bytes = (uint32_t)strlen(text) + 1;
  svar_message_header_t header = {SVAR_MESSAGE_MAGIC, SVAR_MESSAGE_LAYOUT, text_bytes, 1, 1};
  void *chunk = NULL;
  if (iox_client_loan_aligned_request(stranger->client, &chunk,
                                      (uint32_t)sizeof header + text_bytes,
                                      SVAR_MESSAGE_ALIGNMENT) != AllocationResult_SUCCESS) {
    free(stranger);
    return NULL;
  }
  memcpy(chunk, &header, sizeof header);
  memcpy((svar_message_header_t *)chunk + 1, text, text_bytes);
  iox_client_send(stranger->client, chunk);
  return stranger;
}

const char *
stranger_listen(Stranger *stranger)
{
  static char text[64];
  text[0] = '\0';
  const void *chunk = NULL;
  if (iox_client_take_response(stranger->client, &chunk) == ChunkReceiveResult_SUCCESS) {
    strncpy(text, (const char *)chunk + sizeof(svar_message_header_t), sizeof text - 1);
    iox_client_release_response(stranger->client, chunk);
  }
  iox_client_deinit(stranger->client);
  free(stranger);
  return text;
}
