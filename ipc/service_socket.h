// The sockets between a store's holder and its peers: sequenced packets, at a path beside the store's files.
#ifndef SVARI_IPC_SERVICE_SOCKET_H
#define SVARI_IPC_SERVICE_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared_variable/error.h"

// Who is at the other end: the kernel's word, of the moment when it connected or began to listen.
typedef struct svari_credentials {
  pid_t pid;
  uid_t uid;
  gid_t gid;
} svari_credentials_t;

// A packet as it was received. Its descriptor is the receiver's to close.
typedef struct svari_packet {
  size_t size_bytes;
  int fd;        // NO_FD: none came along
  bool is_whole; // false: longer than the room given, or with more descriptors than one
} svari_packet_t;

#define SVARI_NO_FD (-1)

// Binds a socket to path, in the place of what has that name, and listens. Who has no right to write to it
// cannot connect. SVAR_ERR_SYSTEM, SVAR_ERR_PERMISSION
svar_ret_t svari_socket_listen(const char *path, mode_t mode, gid_t group, int *out_fd);
// Connects, if user `owner` listens there. Each call on the socket then takes at most timeout_ns (< 0: no
// limit).
// SVAR_EMPTY: nobody listens. SVAR_TIMEOUT, SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM
svar_ret_t svari_socket_connect(const char *path, uid_t owner, int64_t timeout_ns, int *out_fd);

void svari_socket_set_timeout(int fd, int64_t timeout_ns);

bool svari_socket_credentials(int fd, svari_credentials_t *out_credentials);
// True if the peer is a member of group, by its own group or one of its others.
bool svari_socket_is_in_group(int fd, const svari_credentials_t *credentials, gid_t group);

// Sends head, then tail (may be NULL), as one packet, with the descriptor fd unless that is NO_FD. Returns 0
// or an errno; flags as of sendmsg().
int svari_packet_send(int socket, const void *head, size_t head_bytes, const void *tail,
                      size_t tail_bytes, int fd, int flags);
// Receives one packet. Returns 0 or an errno (ECONNRESET also at the end of the stream); out_packet is written
// in the former case only. *out_is_end: the other side closed, and had read everything.
int svari_packet_receive(int socket, void *buffer, size_t room_bytes, int flags,
                         svari_packet_t *out_packet, bool *out_is_end);

#endif
