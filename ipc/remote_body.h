// Where a client puts what is too long for a packet: a memfd, mapped, which the holder maps as well.
#ifndef SVARI_IPC_REMOTE_BODY_H
#define SVARI_IPC_REMOTE_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared_variable/error.h"

// Its pages are made when they are first taken, and then stay: what is written into a body that was used before
// costs a copy, and no work of the kernel's. A body is the holder's to read as well from the moment that it is
// sent until the response: nobody else may use it meanwhile.
typedef struct svari_remote_body {
  int fd; // SVARI_NO_FD: there is none
  uint8_t *map;
  uint64_t room_bytes; // mapped: how long the memfd may become
  uint64_t size_bytes; // of the memfd, all of it backed by memory
  uint64_t end_bytes;  // taken
} svari_remote_body_t;

static const svari_remote_body_t SVARI_REMOTE_BODY_NONE = {.fd = -1};

static inline bool
svari_remote_body_is_open(const svari_remote_body_t *body)
{
  return body->map != NULL;
}

// store_name is for messages. SVAR_ERR_NO_MEMORY, SVAR_ERR_SYSTEM
svar_ret_t svari_remote_body_open(const char *store_name, svari_remote_body_t *out_body);
// Takes bytes behind those taken already, aligned for every value. SVAR_ERR_NO_MEMORY, SVAR_ERR_SYSTEM
svar_ret_t svari_remote_body_take(svari_remote_body_t *body, const char *store_name,
                                  uint64_t size_bytes, uint64_t *out_offset);
// Gives it all back. Leaves NONE; that is a no-op.
void svari_remote_body_close(svari_remote_body_t *body);

#endif
