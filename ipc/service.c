#include "ipc/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ordinary_thread.h"
#include "ipc/segment.h"
#include "ipc/service_set.h"
#include "store/bell.h"
#include "store/crash_point.h"
#include "store/store_impl.h"

enum {
  PEERS = 128,
  LISTENER = PEERS, // what epoll tells of the listening socket, and of the end
  STOPPER,
  PAUSE_MS = 100 // while there are no descriptors
};

// A connection. Its slot in the table is free if fd is SVARI_NO_FD.
typedef struct peer {
  int fd;
  int watcher; // in the store's watchers, or SVARI_WATCHER_NONE
  svari_credentials_t credentials;
  uint64_t last_use; // by the service's count of packets and connections
} peer_t;

// Everything but the thread's own members is fixed while the thread runs. A fork must find the table of
// peers as it is: descriptors come and go under the birth lock.
typedef struct service {
  svari_attendant_t attendant; // first
  svar_store_t *store;
  svari_service_rules_t rules;
  struct stat readable; // owner, group and mode of the state file
  char path[PATH_MAX];
  dev_t device; // of the socket's file: another one of that name is not ours
  ino_t inode;
  int listen_fd, epoll_fd, stop_fd;
  pthread_t thread;
  bool is_running;
  // The thread's own.
  peer_t peers[PEERS];
  uint64_t uses;
  svari_bodies_t bodies;
  svari_request_packet_t packet;
  _Alignas(SVARI_SET_ALIGNMENT) uint8_t buffer[SVARI_SET_BUFFER_BYTES];
} service_t;

// --- peers -----------------------------------------------------------------------------------------

static void
close_fd(int *fd)
{
  if (*fd != SVARI_NO_FD) {
    close(*fd);
    *fd = SVARI_NO_FD;
  }
}

static uint32_t
peer_index(const service_t *service, const peer_t *peer)
{
  return (uint32_t)(peer - service->peers);
}

static void
drop_peer(service_t *service, peer_t *peer)
{
  svari_bodies_drop(&service->bodies, peer_index(service, peer));
  if (peer->watcher != SVARI_WATCHER_NONE) {
    pthread_mutex_lock(&service->store->lock);
    svari_watchers_remove(&service->store->watchers, peer->watcher);
    pthread_mutex_unlock(&service->store->lock);
    peer->watcher = SVARI_WATCHER_NONE;
  }
  svari_birth_lock();
  // A child that is being forked may have the socket still: closing does not end its place in the epoll.
  epoll_ctl(service->epoll_fd, EPOLL_CTL_DEL, peer->fd, NULL);
  close_fd(&peer->fd);
  svari_birth_unlock();
}

// A free slot; if there is none, that of the connection that has been idle longest. Who watches is not idle.
static peer_t *
take_slot(service_t *service)
{
  peer_t *idle = NULL;
  for (size_t i = 0; i < PEERS; i++) {
    peer_t *peer = &service->peers[i];
    if (peer->fd == SVARI_NO_FD) {
      return peer;
    }
    if (peer->watcher == SVARI_WATCHER_NONE && (idle == NULL || peer->last_use < idle->last_use)) {
      idle = peer;
    }
  }
  if (idle != NULL) {
    drop_peer(service, idle);
  }
  return idle;
}

// The file's mode has kept strangers out already; who may read the store may have changed since it was made.
static bool
may_read(const service_t *service, const peer_t *peer)
{
  const struct stat *readable = &service->readable;
  uid_t uid = peer->credentials.uid;
  return uid == 0 || uid == readable->st_uid || (readable->st_mode & S_IROTH) != 0 ||
         ((readable->st_mode & S_IRGRP) != 0 &&
          svari_socket_is_in_group(peer->fd, &peer->credentials, readable->st_gid));
}

static void
accept_peer(service_t *service)
{
  peer_t *peer = take_slot(service);
  svari_birth_lock();
  int fd = accept4(service->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (peer != NULL) {
    *peer = (peer_t){.fd = fd, .watcher = SVARI_WATCHER_NONE, .last_use = ++service->uses};
  } else if (fd >= 0) {
    close(fd); // every place is a watcher's
  }
  svari_birth_unlock();
  if (peer == NULL || fd < 0) {
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
      // Out of descriptors: the connection waits, and would wake this thread again at once.
      poll(NULL, 0, PAUSE_MS);
    }
    return;
  }
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = peer_index(service, peer)};
  if (!svari_socket_credentials(fd, &peer->credentials) || !may_read(service, peer) ||
      epoll_ctl(service->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
    drop_peer(service, peer);
  }
}

// --- requests --------------------------------------------------------------------------------------

static void
fill_status(const svar_store_info_t *info, svari_status_t *out_status)
{
  *out_status = (svari_status_t){
      .version = info->version,
      .variable_count = info->variable_count,
      .memory_bytes = info->memory_bytes,
      .capacity_bytes = info->capacity_bytes,
      .created_ns = info->created_ns,
      .committed_ns = info->committed_ns,
      .holder_pid = info->holder_pid,
      .reader_count = info->reader_count,
      .owner = info->owner,
      .is_stale = info->is_stale,
  };
  memcpy(out_status->name, info->name, sizeof(out_status->name));
}

static svar_ret_t
tell_status(service_t *service, svari_status_t *out_status)
{
  svar_store_info_t info;
  SVAR_TRY(svar_store_info(service->store, &info));
  fill_status(&info, out_status);
  return SVAR_OK;
}

// Nothing but an eventfd may be told of commits.
static svar_ret_t
check_eventfd(int fd)
{
  char link[64];
  char target[64] = "";
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t length = fd == SVARI_NO_FD ? -1 : readlink(link, target, sizeof(target) - 1);
  if (length < 0 || strncmp(target, "anon_inode:[eventfd]", sizeof(target)) != 0) {
    return svar_fail(SVAR_ERR_SYNTAX, "a watch must come with an eventfd, not with '%s'",
                     length < 0 ? "nothing" : target);
  }
  return SVAR_OK;
}

// Who could as well stop or kill this process is told by the shorter way, a write that he could make block.
static bool
is_trusted(const peer_t *peer)
{
  return peer->credentials.uid == geteuid() || peer->credentials.uid == 0;
}

static svar_ret_t
open_bell(void)
{
  svari_birth_lock();
  svar_ret_t ret = svari_bell_open();
  svari_birth_unlock();
  return ret;
}

// Moves *fd on success.
static svar_ret_t
watch(service_t *service, peer_t *peer, int *fd)
{
  if (peer->watcher != SVARI_WATCHER_NONE) {
    return svar_fail(SVAR_ERR_STATE, "this connection watches store '%s' already",
                     svar_store_name(service->store));
  }
  const bool is_foreign = !is_trusted(peer);
  SVAR_TRY(check_eventfd(*fd));
  if (is_foreign) {
    SVAR_TRY(open_bell());
  }
  pthread_mutex_lock(&service->store->lock);
  svar_ret_t ret = svari_watchers_add(&service->store->watchers, *fd, is_foreign, &peer->watcher);
  pthread_mutex_unlock(&service->store->lock);
  if (ret == SVAR_OK) {
    *fd = SVARI_NO_FD;
  }
  return ret;
}

static svar_ret_t
set(service_t *service, const peer_t *peer, int fd, uint64_t *out_version)
{
  const char *name = svar_store_name(service->store);
  svari_request_body_t body;
  SVAR_TRY(svari_rules_check_peer(&service->rules, peer->fd, &peer->credentials, name));
  SVAR_TRY(
      svari_request_body(&service->packet, fd, &service->bodies, peer_index(service, peer), &body));
  return svari_service_set(service->store, &service->rules, &service->packet.head, &body,
                           service->buffer, out_version);
}

// What the request asks for. *fd: what came along; moved or not.
static svar_ret_t
obey(service_t *service, peer_t *peer, int *fd, svari_response_t *response,
     svari_status_t *out_status)
{
  switch ((svari_request_kind_t)service->packet.head.kind) {
  case SVARI_REQUEST_STATUS:
    response->body_bytes = sizeof(*out_status);
    return tell_status(service, out_status);
  case SVARI_REQUEST_WATCH:
    return watch(service, peer, fd);
  case SVARI_REQUEST_SET:
    return set(service, peer, *fd, &response->version);
  }
  return SVAR_ERR_SYNTAX; // there is no other: svari_request_check()
}

// True if the peer took the response. It has room for one, unless it does not read what it asks for.
static bool
respond(const service_t *service, const peer_t *peer, svari_response_t *response,
        const svari_status_t *status)
{
  const void *body = status;
  char text[SVARI_RESPONSE_TEXT_BYTES];
  if (response->ret != SVAR_OK) {
    snprintf(text, sizeof(text), "%s", svar_error_message());
    response->body_bytes = (uint32_t)strlen(text) + 1;
    body = text;
  }
  if (response->version == 0) {
    response->version = svar_store_version(service->store);
  }
  return svari_packet_send(peer->fd, response, sizeof(*response), body, response->body_bytes,
                           SVARI_NO_FD, MSG_DONTWAIT) == 0;
}

// False: the connection is to end.
static bool
answer(service_t *service, peer_t *peer, svari_packet_t *packet)
{
  svari_status_t status;
  bool is_understood;
  const svari_request_t *head = &service->packet.head;
  if (packet->size_bytes < sizeof(*head)) {
    memset((uint8_t *)&service->packet + packet->size_bytes, 0, sizeof(*head) - packet->size_bytes);
  }
  svar_ret_t ret =
      svari_request_check(&service->packet, packet->size_bytes, packet->fd, &is_understood);
  svari_response_t response = {
      .magic = SVARI_RESPONSE_MAGIC,
      .protocol = SVARI_SERVICE_PROTOCOL,
      .kind = head->kind,
      .id = head->id,
  };
  if (ret == SVAR_OK) {
    ret = obey(service, peer, &packet->fd, &response, &status);
  }
  response.ret = ret;
  close_fd(&packet->fd); // before anybody can count it
  return respond(service, peer, &response, &status) && is_understood;
}

static void
serve(service_t *service, peer_t *peer)
{
  svari_packet_t packet;
  bool is_end;
  int error = svari_packet_receive(peer->fd, &service->packet, sizeof(service->packet),
                                   MSG_DONTWAIT, &packet, &is_end);
  if (error == EAGAIN) {
    return;
  }
  bool goes_on = error == 0;
  if (goes_on) {
    peer->last_use = ++service->uses;
    goes_on = packet.is_whole && answer(service, peer, &packet);
    close_fd(&packet.fd);
  }
  if (!goes_on) {
    drop_peer(service, peer);
  }
}

static void *
run(void *context)
{
  service_t *service = context;
  struct epoll_event event;
  for (;;) { // one event at a time, so that they take turns
    int count = epoll_wait(service->epoll_fd, &event, 1, -1);
    if (count > 0 && event.data.u32 == STOPPER) {
      return NULL;
    } else if (count > 0 && event.data.u32 == LISTENER) {
      accept_peer(service);
    } else if (count > 0) {
      serve(service, &service->peers[event.data.u32]);
    }
  }
}

// --- begin and end ---------------------------------------------------------------------------------

static void
close_all(service_t *service)
{
  for (size_t i = 0; i < PEERS; i++) {
    close_fd(&service->peers[i].fd);
  }
  close_fd(&service->listen_fd);
  close_fd(&service->epoll_fd);
  close_fd(&service->stop_fd);
}

static void
service_free(service_t *service)
{
  svar_allocator_t allocator = service->store->allocator;
  allocator.deallocate(service, allocator.state);
}

// The holder's lock is still this process's: unless the store was removed, nobody else can have taken the name.
static void
unlink_socket(const service_t *service)
{
  struct stat status;
  if (lstat(service->path, &status) == 0 && status.st_dev == service->device &&
      status.st_ino == service->inode) {
    unlink(service->path);
  }
}

static void
service_end(svari_attendant_t *attendant)
{
  service_t *service = (service_t *)attendant;
  if (service->is_running) {
    const uint64_t one = 1;
    ssize_t written = write(service->stop_fd, &one, sizeof(one));
    (void)written;
    pthread_join(service->thread, NULL);
    unlink_socket(service);
    svari_birth_lock();
    close_all(service);
    svari_birth_unlock();
    svari_bodies_close(&service->bodies);
  }
  service_free(service);
}

static void
service_forked(svari_attendant_t *attendant)
{
  service_t *service = (service_t *)attendant;
  service->is_running = false; // here
  service->bodies = (svari_bodies_t){.uses = 0};
  close_all(service);
}

static svar_ret_t
service_new(svar_store_t *store, service_t **out_service)
{
  service_t *service = store->allocator.allocate(sizeof(*service), 64, store->allocator.state);
  if (service == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the service of store '%s'", store->name);
  }
  memset(service, 0, offsetof(service_t, packet)); // not the buffer: its pages come with their use
  service->attendant = (svari_attendant_t){.end = service_end, .forked = service_forked};
  service->store = store;
  service->listen_fd = service->epoll_fd = service->stop_fd = SVARI_NO_FD;
  for (size_t i = 0; i < PEERS; i++) {
    service->peers[i] = (peer_t){.fd = SVARI_NO_FD, .watcher = SVARI_WATCHER_NONE};
  }
  *out_service = service;
  return SVAR_OK;
}

static svar_ret_t
listen_for(service_t *service, int fd, uint32_t what)
{
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};
  return epoll_ctl(service->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0
             ? SVAR_OK
             : svar_fail(SVAR_ERR_SYSTEM, "epoll refuses a descriptor: %s", strerror(errno));
}

// Who may read the state file may talk to its holder: for a socket that is the right to write.
static mode_t
socket_mode(mode_t mode)
{
  mode_t readable = mode & (S_IRUSR | S_IRGRP | S_IROTH);
  return readable | readable >> 1;
}

static svar_ret_t
open_sockets(service_t *service)
{
  struct stat status;
  SVAR_TRY(svari_segment_status(service->store->region, &service->readable));
  SVAR_TRY(svari_socket_listen(service->path, socket_mode(service->readable.st_mode),
                               service->readable.st_gid, &service->listen_fd));
  SVARI_CRASH_POINT("service.bound");
  if (lstat(service->path, &status) == 0) {
    service->device = status.st_dev;
    service->inode = status.st_ino;
  }
  service->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  service->stop_fd = eventfd(0, EFD_CLOEXEC);
  if (service->epoll_fd < 0 || service->stop_fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no descriptors for the service of store '%s': %s",
                     service->store->name, strerror(errno));
  }
  SVAR_TRY(listen_for(service, service->listen_fd, LISTENER));
  return listen_for(service, service->stop_fd, STOPPER);
}

svar_ret_t
svari_service_open(svar_store_t *store, const svar_store_options_t *options)
{
  service_t *service = NULL;
  SVAR_TRY(service_new(store, &service));
  snprintf(service->path, sizeof(service->path), "%s", svari_segment_paths(store->region)->socket);
  svar_ret_t ret;
  if ((ret = svari_rules_read(options->settable, options->setters, &service->rules)) != SVAR_OK ||
      (ret = open_sockets(service)) != SVAR_OK ||
      (ret = svari_ordinary_thread_start("svar_service", run, service, &service->thread)) !=
          SVAR_OK) {
    svar_fail_context("opening the service of store '%s' (svar_store_options_t.no_service does "
                      "without)",
                      store->name);
    if (service->listen_fd != SVARI_NO_FD) {
      unlink_socket(service);
    }
    close_all(service);
    service_free(service);
    return ret;
  }
  service->is_running = true;
  svari_store_attend(store, &service->attendant);
  return SVAR_OK;
}
