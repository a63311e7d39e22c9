#include "ipc/messages_iceoryx.h"

#include <string.h>
#include <time.h>

#include "ipc/messages_shim.h"

void
svari_inlet_init(svari_inlet_t *inlet, const svari_inlet_kind_t *kind, svar_messages_t *messages,
                 void *port, const char *topic)
{
  inlet->kind = kind;
  inlet->messages = svari_messages_ref(messages);
  inlet->port = port;
  strcpy(inlet->topic, topic);
}

bool
svari_inlet_stop_waiting(svari_inlet_t *inlet)
{
  if (!svari_roudi_is_usable()) {
    return false;
  }
  if (inlet->wait_set != NULL) {
    inlet->kind->detach(inlet->wait_set, inlet->port);
    iox_ws_deinit(inlet->wait_set);
  }
  return true;
}

static void
make_wait_set(svari_roudi_request_t *request)
{
  iox_ws_storage_t storage;
  request->handle = iox_ws_init(&storage);
}

static svar_ret_t
check_attached(enum iox_WaitSetResult result, const svari_inlet_t *inlet)
{
  switch (result) {
  case WaitSetResult_SUCCESS:
    return SVAR_OK;
  case WaitSetResult_WAIT_SET_FULL:
  case WaitSetResult_ALREADY_ATTACHED:
  case WaitSetResult_UNDEFINED_ERROR:
    break;
  }
  return svar_fail(SVAR_ERR_MESSAGES, "waiting on '%s': iceoryx refused (%d)", inlet->topic,
                   (int)result);
}

static svar_ret_t
make_waitable(svari_inlet_t *inlet)
{
  if (inlet->wait_set != NULL) {
    return SVAR_OK;
  }
  svari_roudi_request_t request = {.run = make_wait_set};
  strcpy(request.name, inlet->topic);
  void *handle;
  SVAR_TRY(svari_roudi_ask(&request, "waiting on", &handle));
  svar_ret_t ret = check_attached(inlet->kind->attach(handle, inlet->port), inlet);
  if (ret != SVAR_OK) {
    iox_ws_deinit(handle);
    return ret;
  }
  inlet->wait_set = handle;
  return SVAR_OK;
}

static int64_t
now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

svar_ret_t
svari_inlet_wait(svari_inlet_t *inlet, int64_t timeout_ns)
{
  const int64_t longest_ns = INT64_C(1000000000); // so that iceoryx's sums of times cannot overflow
  int64_t begin_ns = now_ns();
  SVAR_TRY(
      make_waitable(inlet)); // also where nothing is to be waited for: later waits find it made
  for (;;) {
    SVAR_TRY(svari_roudi_check());
    if (inlet->kind->has_message(inlet->port)) {
      return SVAR_OK;
    }
    int64_t left_ns = timeout_ns < 0 ? longest_ns : timeout_ns - (now_ns() - begin_ns);
    if (left_ns <= 0) {
      return SVAR_TIMEOUT;
    }
    left_ns = left_ns < longest_ns ? left_ns : longest_ns;
    struct timespec patience = {left_ns / 1000000000, left_ns % 1000000000};
    iox_notification_info_t reason;
    uint64_t missed;
    (void)iox_ws_timed_wait(inlet->wait_set, patience, &reason, 1, &missed);
    SVAR_TRY(svari_iceoryx_check_reported("waiting on", inlet->topic));
  }
}

// Copies the header of a chunk that anybody may have sent, and checks it.
static svar_ret_t
read_header(const svari_inlet_t *inlet, const void *chunk, svar_message_header_t *out_header)
{
  uint64_t chunk_bytes = svari_iceoryx_payload_bytes(chunk);
  if (chunk_bytes < sizeof *out_header) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': not sent by this library",
                     (unsigned long long)chunk_bytes, inlet->topic);
  }
  memcpy(out_header, chunk, sizeof *out_header);
  if (out_header->magic != SVAR_MESSAGE_MAGIC || out_header->layout != SVAR_MESSAGE_LAYOUT ||
      out_header->payload_bytes != chunk_bytes - sizeof *out_header) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': not sent by this version of this "
                     "library",
                     (unsigned long long)chunk_bytes, inlet->topic);
  }
  if (inlet->payload_bytes != 0 && out_header->payload_bytes != inlet->payload_bytes) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "dropped a message of %llu bytes on '%s': messages of %llu bytes are expected "
                     "there",
                     (unsigned long long)out_header->payload_bytes, inlet->topic,
                     (unsigned long long)inlet->payload_bytes);
  }
  return SVAR_OK;
}

svar_ret_t
svari_inlet_read(const svari_inlet_t *inlet, const void *chunk, svar_message_t *out_message)
{
  SVARI_CHUNK_GOT(chunk);
  svar_message_header_t header;
  SVAR_TRY(read_header(inlet, chunk, &header));
  *out_message = (svar_message_t){.payload = (const svar_message_header_t *)chunk + 1,
                                  .payload_bytes = header.payload_bytes,
                                  .sender = header.sender,
                                  .sequence = header.sequence,
                                  .internal = {chunk}};
  return SVAR_OK;
}

const void *
svari_message_end(svar_message_t *message)
{
  const void *chunk = message->internal.chunk;
  *message = (svar_message_t)SVAR_MESSAGE_INIT;
  if (chunk == NULL || !svari_roudi_is_usable()) {
    return NULL;
  }
  SVARI_CHUNK_GIVEN(chunk);
  return chunk;
}
