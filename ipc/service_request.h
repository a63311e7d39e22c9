// A request as it came in: nothing of it is used before it has been checked here.
#ifndef SVARI_IPC_SERVICE_REQUEST_H
#define SVARI_IPC_SERVICE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/service_body.h"
#include "ipc/service_protocol.h"

// A packet's worth of request.
typedef union svari_request_packet {
  svari_request_t head;
  uint8_t bytes[sizeof(svari_request_t) + SVARI_REQUEST_BODY_BYTES];
} svari_request_packet_t;

// A body's bytes: in the packet, or in a memfd, where the client may change them at any time. They are copied
// before anything is decided on them.
typedef struct svari_request_body {
  const uint8_t *bytes;
  uint64_t size_bytes;
} svari_request_body_t;

// Checks the head, and that a SET or DEVICE has a body as it says. The packet holds packet_bytes; fd came along
// (SVARI_NO_FD: none). SVAR_ERR_SYNTAX, SVAR_ERR_LAYOUT; *out_is_understood: the failure is of the body alone.
svar_ret_t svari_request_check(const svari_request_packet_t *packet, size_t packet_bytes, int fd,
                               bool *out_is_understood);
// Finds the body of a SET that was checked: in the packet, or in fd, which stays the caller's.
// As svari_bodies_find()
svar_ret_t svari_request_body(const svari_request_packet_t *packet, int fd, svari_bodies_t *bodies,
                              uint32_t client, svari_request_body_t *out_body);
// Copies and checks description number index.
svar_ret_t svari_request_value(const svari_request_t *request, const svari_request_body_t *body,
                               uint32_t index, svari_value_description_t *out_description);
// Copies bytes of the body. SVAR_ERR_SYNTAX: they are not in it.
svar_ret_t svari_request_read(const svari_request_body_t *body, uint64_t offset, void *destination,
                              uint64_t size_bytes);

#endif
