// The listening side of a service socket: a table of connections, each of which sends packets and gets packets.
// Whose thread this is does not matter here: svari_packet_server_serve() does one thing and never blocks.
//
// A bad peer harms nobody: a connection has one packet read at a time, in turn with those of others; one that
// says nothing loses its place when another needs it; what a peer does not read ends its connection.
#ifndef SVARI_IPC_PACKET_SERVER_H
#define SVARI_IPC_PACKET_SERVER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/service_socket.h"

enum { SVARI_PEERS = 128, SVARI_PEER_NO_TAG = -1 };

// A connection. Its place in the table is free if fd is SVARI_NO_FD.
typedef struct svari_peer {
  int fd;
  int tag;    // the service's own, SVARI_PEER_NO_TAG at first
  bool stays; // it keeps its place, however idle; set by the service
  svari_credentials_t credentials;
  uint64_t id;       // no other connection of this server has it
  uint64_t last_use; // by the server's count of packets and connections
} svari_peer_t;

typedef struct svari_packet_hooks {
  // Whether who has connected may stay; credentials are known.
  bool (*welcome)(void *context, const svari_peer_t *peer);
  // A whole packet is in the buffer. packet->fd is closed afterwards unless it is made SVARI_NO_FD. False: the
  // connection is to end.
  bool (*take)(void *context, svari_peer_t *peer, svari_packet_t *packet);
  // The connection ends. May be NULL.
  void (*leave)(void *context, svari_peer_t *peer);
} svari_packet_hooks_t;

typedef struct svari_packet_server {
  const svari_packet_hooks_t *hooks;
  void *context;
  void *buffer; // packet_bytes of room
  size_t packet_bytes;
  char path[PATH_MAX];
  dev_t device; // of the socket's file: another one of that name is not ours
  ino_t inode;
  int listen_fd, epoll_fd;
  svari_peer_t peers[SVARI_PEERS];
  uint64_t uses;
} svari_packet_server_t;

// Before anything else; close() and unlink() then cope with every stage.
void svari_packet_server_init(svari_packet_server_t *server, const svari_packet_hooks_t *hooks,
                              void *context, void *buffer, size_t packet_bytes);
// Binds the socket to path and listens, as svari_socket_listen(). SVAR_ERR_SYSTEM, SVAR_ERR_PERMISSION
svar_ret_t svari_packet_server_listen(svari_packet_server_t *server, const char *path, mode_t mode,
                                      gid_t group);
// Adds another descriptor to the epoll, which tells of it by `what`, from SVARI_PEERS + 1 on.
svar_ret_t svari_packet_server_watch(svari_packet_server_t *server, int fd, uint32_t what);
// Does what the epoll told of by a `what` up to SVARI_PEERS.
void svari_packet_server_serve(svari_packet_server_t *server, uint32_t what);
// Sends head, then tail, to a peer, and a descriptor (SVARI_NO_FD: none), which stays the caller's; false if it did not
// take the packet.
bool svari_packet_server_send(const svari_peer_t *peer, const void *head, size_t head_bytes,
                              const void *tail, size_t tail_bytes, int fd);
// The number of a peer's place, below SVARI_PEERS.
uint32_t svari_packet_server_place(const svari_packet_server_t *server, const svari_peer_t *peer);
// NULL: that connection has ended.
svari_peer_t *svari_packet_server_peer(svari_packet_server_t *server, uint64_t id);
void svari_packet_server_drop(svari_packet_server_t *server, svari_peer_t *peer);
// Removes the socket's file, if path still names it.
void svari_packet_server_unlink(const svari_packet_server_t *server);
// Closes every descriptor. Calls no hook. The birth lock is the caller's business.
void svari_packet_server_close(svari_packet_server_t *server);

#endif
