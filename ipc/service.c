#include "ipc/service.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ordinary_thread.h"
#include "ipc/packet_server.h"
#include "ipc/segment.h"
#include "ipc/service_set.h"
#include "store/bell.h"
#include "store/store_impl.h"

enum { STOPPER = SVARI_PEERS + 1 }; // what epoll tells of the end

static_assert((int)SVARI_PEER_NO_TAG == (int)SVARI_WATCHER_NONE, "a new peer is no watcher");

// Everything but the thread's own members is fixed while the thread runs. A peer's tag is its place among the
// store's watchers; who watches stays.
typedef struct service {
  svari_attendant_t attendant; // first
  svar_store_t *store;
  svari_service_rules_t rules;
  struct stat readable; // owner, group and mode of the state file
  svari_packet_server_t server;
  int stop_fd;
  pthread_t thread;
  bool is_running;
  // The thread's own.
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

static void
leave(void *context, svari_peer_t *peer)
{
  service_t *service = context;
  svari_bodies_drop(&service->bodies, svari_packet_server_place(&service->server, peer));
  if (peer->tag != SVARI_WATCHER_NONE) {
    pthread_mutex_lock(&service->store->lock);
    svari_watchers_remove(&service->store->watchers, peer->tag);
    pthread_mutex_unlock(&service->store->lock);
    peer->tag = SVARI_WATCHER_NONE;
  }
}

// The file's mode has kept strangers out already; who may read the store may have changed since it was made.
static bool
may_read(void *context, const svari_peer_t *peer)
{
  const struct stat *readable = &((const service_t *)context)->readable;
  uid_t uid = peer->credentials.uid;
  return uid == 0 || uid == readable->st_uid || (readable->st_mode & S_IROTH) != 0 ||
         ((readable->st_mode & S_IRGRP) != 0 &&
          svari_socket_is_in_group(peer->fd, &peer->credentials, readable->st_gid));
}

// What goes back: a head, a body as the request's kind says, and perhaps a descriptor.
typedef struct answer {
  svari_response_t head;
  union {
    svari_status_t status;
    svari_device_memory_t memory;
  } body;
  int fd; // under the birth lock while there is one
} answer_t;

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
is_trusted(const svari_peer_t *peer)
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
watch(service_t *service, svari_peer_t *peer, int *fd)
{
  if (peer->tag != SVARI_WATCHER_NONE) {
    return svar_fail(SVAR_ERR_STATE, "this connection watches store '%s' already",
                     svar_store_name(service->store));
  }
  const bool is_foreign = !is_trusted(peer);
  SVAR_TRY(check_eventfd(*fd));
  if (is_foreign) {
    SVAR_TRY(open_bell());
  }
  pthread_mutex_lock(&service->store->lock);
  svar_ret_t ret = svari_watchers_add(&service->store->watchers, *fd, is_foreign, &peer->tag);
  pthread_mutex_unlock(&service->store->lock);
  if (ret == SVAR_OK) {
    *fd = SVARI_NO_FD;
    peer->stays = true;
  }
  return ret;
}

static svar_ret_t
set(service_t *service, const svari_peer_t *peer, int fd, uint64_t *out_version)
{
  const char *name = svar_store_name(service->store);
  svari_request_body_t body;
  SVAR_TRY(svari_rules_check_peer(&service->rules, peer->fd, &peer->credentials, name));
  SVAR_TRY(svari_request_body(&service->packet, fd, &service->bodies,
                              svari_packet_server_place(&service->server, peer), &body));
  return svari_service_set(service->store, &service->rules, &service->packet.head, &body,
                           service->buffer, out_version);
}

// A descriptor of device memory gives the right to write it, too, unlike the state file, which its reader cannot
// open to write: so only those get one who could as well change this process's memory.
static svar_ret_t
share_device(service_t *service, const svari_peer_t *peer, answer_t *answer)
{
  svari_device_request_t request;
  if (!is_trusted(peer)) {
    return svar_fail(
        SVAR_ERR_PERMISSION,
        "store '%s' hands out device memory to processes of user %u only, for who maps "
        "it can write it; user %u reads its variables in host memory",
        svar_store_name(service->store), (unsigned)geteuid(), (unsigned)peer->credentials.uid);
  }
  memcpy(&request, service->packet.bytes + sizeof(service->packet.head), sizeof(request));
  svari_birth_lock(); // a child forked meanwhile would keep the memory
  svar_ret_t ret =
      svari_store_device_share(service->store, request.generation, request.region, request.offset,
                               &answer->fd, &answer->body.memory.size_bytes);
  if (ret != SVAR_OK) {
    svari_birth_unlock();
  }
  return ret;
}

static void
end_answer(answer_t *answer)
{
  if (answer->fd != SVARI_NO_FD) {
    close_fd(&answer->fd);
    svari_birth_unlock();
  }
}

// What the request asks for. *fd: what came along; moved or not.
static svar_ret_t
obey(service_t *service, svari_peer_t *peer, int *fd, answer_t *answer)
{
  svari_response_t *response = &answer->head;
  switch ((svari_request_kind_t)service->packet.head.kind) {
  case SVARI_REQUEST_STATUS:
    response->body_bytes = sizeof(answer->body.status);
    return tell_status(service, &answer->body.status);
  case SVARI_REQUEST_WATCH:
    return watch(service, peer, fd);
  case SVARI_REQUEST_SET:
    return set(service, peer, *fd, &response->version);
  case SVARI_REQUEST_DEVICE:
    response->body_bytes = sizeof(answer->body.memory);
    return share_device(service, peer, answer);
  }
  return SVAR_ERR_SYNTAX; // there is no other: svari_request_check()
}

// True if the peer took the response. It has room for one, unless it does not read what it asks for.
static bool
respond(const service_t *service, const svari_peer_t *peer, answer_t *answer)
{
  svari_response_t *response = &answer->head;
  const void *body = &answer->body;
  char text[SVARI_RESPONSE_TEXT_BYTES];
  if (response->ret != SVAR_OK) {
    snprintf(text, sizeof(text), "%s", svar_error_message());
    response->body_bytes = (uint32_t)strlen(text) + 1;
    body = text;
  }
  if (response->version == 0) {
    response->version = svar_store_version(service->store);
  }
  return svari_packet_server_send(peer, response, sizeof(*response), body, response->body_bytes,
                                  answer->fd);
}

// False: the connection is to end.
static bool
take(void *context, svari_peer_t *peer, svari_packet_t *packet)
{
  service_t *service = context;
  bool is_understood;
  const svari_request_t *head = &service->packet.head;
  if (packet->size_bytes < sizeof(*head)) {
    memset((uint8_t *)&service->packet + packet->size_bytes, 0, sizeof(*head) - packet->size_bytes);
  }
  svar_ret_t ret =
      svari_request_check(&service->packet, packet->size_bytes, packet->fd, &is_understood);
  answer_t answer = {.head = {.magic = SVARI_RESPONSE_MAGIC,
                              .protocol = SVARI_SERVICE_PROTOCOL,
                              .kind = head->kind,
                              .id = head->id},
                     .fd = SVARI_NO_FD};
  if (ret == SVAR_OK) {
    ret = obey(service, peer, &packet->fd, &answer);
  }
  answer.head.ret = ret;
  close_fd(&packet->fd); // before anybody can count it
  bool is_taken = respond(service, peer, &answer);
  end_answer(&answer);
  return is_taken && is_understood;
}

static void *
run(void *context)
{
  service_t *service = context;
  struct epoll_event event;
  for (;;) { // one event at a time, so that they take turns
    int count = epoll_wait(service->server.epoll_fd, &event, 1, -1);
    if (count > 0 && event.data.u32 == STOPPER) {
      return NULL;
    } else if (count > 0) {
      svari_packet_server_serve(&service->server, event.data.u32);
    }
  }
}

// --- begin and end ---------------------------------------------------------------------------------

static void
close_all(service_t *service)
{
  svari_packet_server_close(&service->server);
  close_fd(&service->stop_fd);
}

static void
service_free(service_t *service)
{
  svar_allocator_t allocator = service->store->allocator;
  allocator.deallocate(service, allocator.state);
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
    // The holder's lock is still this process's: unless the store was removed, nobody else has taken the name.
    svari_packet_server_unlink(&service->server);
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
  service->stop_fd = SVARI_NO_FD;
  static const svari_packet_hooks_t hooks = {.welcome = may_read, .take = take, .leave = leave};
  svari_packet_server_init(&service->server, &hooks, service, &service->packet,
                           sizeof(service->packet));
  *out_service = service;
  return SVAR_OK;
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
  const char *path = svari_segment_paths(service->store->region)->socket;
  SVAR_TRY(svari_segment_status(service->store->region, &service->readable));
  SVAR_TRY(svari_packet_server_listen(
      &service->server, path, socket_mode(service->readable.st_mode), service->readable.st_gid));
  service->stop_fd = eventfd(0, EFD_CLOEXEC);
  if (service->stop_fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no descriptor for the service of store '%s': %s",
                     service->store->name, strerror(errno));
  }
  return svari_packet_server_watch(&service->server, service->stop_fd, STOPPER);
}

svar_ret_t
svari_service_open(svar_store_t *store, const svar_store_options_t *options)
{
  service_t *service = NULL;
  SVAR_TRY(service_new(store, &service));
  svar_ret_t ret;
  if ((ret = svari_rules_read(options->settable, options->setters, &service->rules)) != SVAR_OK ||
      (ret = open_sockets(service)) != SVAR_OK ||
      (ret = svari_ordinary_thread_start("svar_service", run, service, &service->thread)) !=
          SVAR_OK) {
    svar_fail_context("opening the service of store '%s' (svar_store_options_t.no_service does "
                      "without)",
                      store->name);
    svari_packet_server_unlink(&service->server);
    close_all(service);
    service_free(service);
    return ret;
  }
  service->is_running = true;
  svari_store_attend(store, &service->attendant);
  return SVAR_OK;
}
