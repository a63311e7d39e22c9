// Descriptors come and go under the birth lock: a fork must find the table of peers as it is.
#include "ipc/packet_server.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/crash_point.h"
#include "store/store_impl.h"

enum {
  LISTENER = SVARI_PEERS, // what epoll tells of the listening socket
  PAUSE_MS = 100          // while the process is out of descriptors
};

static void
close_fd(int *fd)
{
  if (*fd != SVARI_NO_FD) {
    close(*fd);
    *fd = SVARI_NO_FD;
  }
}

// --- peers -----------------------------------------------------------------------------------------

uint32_t
svari_packet_server_place(const svari_packet_server_t *server, const svari_peer_t *peer)
{
  return (uint32_t)(peer - server->peers);
}

void
svari_packet_server_drop(svari_packet_server_t *server, svari_peer_t *peer)
{
  if (server->hooks->leave != NULL) {
    server->hooks->leave(server->context, peer);
  }
  svari_birth_lock();
  // A child that is being forked may have the socket still: closing does not end its place in the epoll.
  epoll_ctl(server->epoll_fd, EPOLL_CTL_DEL, peer->fd, NULL);
  close_fd(&peer->fd);
  svari_birth_unlock();
}

// A free place; if there is none, that of the connection that has been idle longest.
static svari_peer_t *
take_place(svari_packet_server_t *server)
{
  svari_peer_t *idle = NULL;
  for (size_t i = 0; i < SVARI_PEERS; i++) {
    svari_peer_t *peer = &server->peers[i];
    if (peer->fd == SVARI_NO_FD) {
      return peer;
    }
    if (!peer->stays && (idle == NULL || peer->last_use < idle->last_use)) {
      idle = peer;
    }
  }
  if (idle != NULL) {
    svari_packet_server_drop(server, idle);
  }
  return idle;
}

static void
accept_peer(svari_packet_server_t *server)
{
  svari_peer_t *peer = take_place(server);
  svari_birth_lock();
  int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (peer != NULL) {
    uint64_t use = ++server->uses;
    *peer = (svari_peer_t){.fd = fd, .tag = SVARI_PEER_NO_TAG, .id = use, .last_use = use};
  } else if (fd >= 0) {
    close(fd); // nobody gives up a place
  }
  svari_birth_unlock();
  if (peer == NULL || fd < 0) {
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
      // Out of descriptors: the connection waits, and would wake this thread again at once.
      poll(NULL, 0, PAUSE_MS);
    }
    return;
  }
  struct epoll_event event = {.events = EPOLLIN,
                              .data.u32 = svari_packet_server_place(server, peer)};
  if (!svari_socket_credentials(fd, &peer->credentials) ||
      !server->hooks->welcome(server->context, peer) ||
      epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
    svari_packet_server_drop(server, peer);
  }
}

static void
serve_peer(svari_packet_server_t *server, svari_peer_t *peer)
{
  svari_packet_t packet;
  bool is_end;
  int error = svari_packet_receive(peer->fd, server->buffer, server->packet_bytes, MSG_DONTWAIT,
                                   &packet, &is_end);
  if (error == EAGAIN) {
    return;
  }
  bool goes_on = error == 0;
  if (goes_on) {
    peer->last_use = ++server->uses;
    goes_on = packet.is_whole && server->hooks->take(server->context, peer, &packet);
    close_fd(&packet.fd);
  }
  if (!goes_on) {
    svari_packet_server_drop(server, peer);
  }
}

void
svari_packet_server_serve(svari_packet_server_t *server, uint32_t what)
{
  if (what == LISTENER) {
    accept_peer(server);
  } else if (what < SVARI_PEERS && server->peers[what].fd != SVARI_NO_FD) {
    serve_peer(server, &server->peers[what]);
  }
}

bool
svari_packet_server_send(const svari_peer_t *peer, const void *head, size_t head_bytes,
                         const void *tail, size_t tail_bytes, int fd)
{
  return svari_packet_send(peer->fd, head, head_bytes, tail, tail_bytes, fd, MSG_DONTWAIT) == 0;
}

svari_peer_t *
svari_packet_server_peer(svari_packet_server_t *server, uint64_t id)
{
  for (size_t i = 0; i < SVARI_PEERS; i++) {
    if (server->peers[i].fd != SVARI_NO_FD && server->peers[i].id == id) {
      return &server->peers[i];
    }
  }
  return NULL;
}

// --- begin and end ---------------------------------------------------------------------------------

void
svari_packet_server_init(svari_packet_server_t *server, const svari_packet_hooks_t *hooks,
                         void *context, void *buffer, size_t packet_bytes)
{
  *server = (svari_packet_server_t){
      .hooks = hooks,
      .context = context,
      .buffer = buffer,
      .packet_bytes = packet_bytes,
      .listen_fd = SVARI_NO_FD,
      .epoll_fd = SVARI_NO_FD,
  };
  for (size_t i = 0; i < SVARI_PEERS; i++) {
    server->peers[i].fd = SVARI_NO_FD;
  }
}

svar_ret_t
svari_packet_server_watch(svari_packet_server_t *server, int fd, uint32_t what)
{
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};
  return epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0
             ? SVAR_OK
             : svar_fail(SVAR_ERR_SYSTEM, "epoll refuses a descriptor: %s", strerror(errno));
}

svar_ret_t
svari_packet_server_listen(svari_packet_server_t *server, const char *path, mode_t mode,
                           gid_t group)
{
  struct stat status;
  snprintf(server->path, sizeof(server->path), "%s", path);
  SVAR_TRY(svari_socket_listen(path, mode, group, &server->listen_fd));
  SVARI_CRASH_POINT("service.bound");
  if (lstat(path, &status) == 0) {
    server->device = status.st_dev;
    server->inode = status.st_ino;
  }
  server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (server->epoll_fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no epoll for the service socket '%s': %s", path,
                     strerror(errno));
  }
  return svari_packet_server_watch(server, server->listen_fd, LISTENER);
}

void
svari_packet_server_unlink(const svari_packet_server_t *server)
{
  struct stat status;
  if (lstat(server->path, &status) == 0 && status.st_dev == server->device &&
      status.st_ino == server->inode) {
    unlink(server->path);
  }
}

void
svari_packet_server_close(svari_packet_server_t *server)
{
  for (size_t i = 0; i < SVARI_PEERS; i++) {
    close_fd(&server->peers[i].fd);
  }
  close_fd(&server->listen_fd);
  close_fd(&server->epoll_fd);
}
