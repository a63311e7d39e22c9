// What remote.c (the connection) and remote_change.c (what is sent) share.
#ifndef SVARI_IPC_REMOTE_IMPL_H
#define SVARI_IPC_REMOTE_IMPL_H

#include "ipc/remote_body.h"
#include "ipc/service_protocol.h"
#include "ipc/service_socket.h"
#include "ipc/store_name.h"
#include "shared_variable/remote.h"

struct svar_remote {
  svar_allocator_t allocator;
  int fd; // SVARI_NO_FD: not connected
  pid_t pid;
  uid_t owner;
  int64_t timeout_ns;
  uint64_t last_id;
  svari_remote_body_t spare_body; // of the last change, for the next one
  svari_store_paths_t paths;
  char name[SVAR_STORE_NAME_BYTES];
};

// A response as it was received: not to be believed, but checked to be one to this request.
typedef union svari_response_packet {
  svari_response_t head;
  uint8_t bytes[sizeof(svari_response_t) + SVARI_RESPONSE_TEXT_BYTES];
} svari_response_packet_t;

// svar_remote_open() for a store whose files are known. known: SVAR_REMOTE_OPTIONS_INIT, or what a caller's became
svar_ret_t svari_remote_open_at(const char *name, const svari_store_paths_t *paths,
                                const svar_remote_options_t *known, svar_remote_t **out_remote);

// Sends the request, with body_bytes of body behind its head or the descriptor fd beside it, and waits for the
// response. The holder's failure becomes this thread's. out_fd: what came along (SVARI_NO_FD: nothing), the caller's;
// NULL: is closed.
svar_ret_t svari_remote_ask(svar_remote_t *remote, svari_request_t *request, const void *body,
                            size_t body_bytes, int fd, svari_response_packet_t *out_response,
                            int *out_fd);

// False also if the last exchange had no answer: then the holder may be at work on it yet.
static inline bool
svari_remote_is_connected(const svar_remote_t *remote)
{
  return remote->fd != SVARI_NO_FD;
}

// Ends the connection; the next exchange makes another.
void svari_remote_disconnect(svar_remote_t *remote);

#endif
