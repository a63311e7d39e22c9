#include "shared_variable/endpoint.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/packet_server.h"
#include "ipc/store_name.h"
#include "store/store_impl.h"

// svar.<uid>.<random>.<kind>: no two processes ever have the same, so nobody takes another's file away, and one
// that nobody listens at was left by somebody who was killed. While it is bound but not yet listened at it has
// another name.
enum { KIND_BYTES = 32 };

struct svar_endpoint {
  svar_allocator_t allocator;
  svar_endpoint_request_t request;
  void *context;
  svari_packet_server_t server;
  uint8_t buffer[SVAR_ENDPOINT_PACKET_BYTES];
};

// --- files -----------------------------------------------------------------------------------------

static bool
is_kind(const char *kind)
{
  size_t length = strlen(kind);
  for (size_t i = 0; i < length; i++) {
    if (!isalnum((unsigned char)kind[i]) && kind[i] != '_') {
      return false;
    }
  }
  return length > 0 && length < KIND_BYTES;
}

svar_ret_t
svar_endpoint_list(const char *directory, const char *kind, uid_t owner,
                   svar_endpoint_visit_t visit, void *context)
{
  SVAR_REQUIRE(kind != NULL && is_kind(kind) && visit != NULL);
  const char *path = svari_segment_directory(directory);
  DIR *files = opendir(path);
  if (files == NULL) {
    return svar_fail(errno == ENOENT ? SVAR_ERR_NOT_FOUND : SVAR_ERR_SYSTEM,
                     "reading the segment directory '%s': %s", path, strerror(errno));
  }
  const struct dirent *file;
  bool goes_on = true;
  while (goes_on && (file = readdir(files)) != NULL) {
    unsigned int uid;
    int begin = 0;
    char found[PATH_MAX];
    if (sscanf(file->d_name, "svar.%u.%*16[0-9a-f].%n", &uid, &begin) == 1 && begin > 0 &&
        uid == owner && strcmp(file->d_name + begin, kind) == 0 &&
        snprintf(found, sizeof(found), "%s/%s", path, file->d_name) < PATH_MAX) {
      goes_on = visit(found, context);
    }
  }
  closedir(files);
  return SVAR_OK;
}

static bool
remove_if_left(const char *path, void *context)
{
  int fd;
  const uid_t *owner = context;
  svar_ret_t ret = svari_socket_connect(path, *owner, 1, &fd);
  if (ret == SVAR_OK) {
    close(fd);
  } else if (ret == SVAR_EMPTY) {
    unlink(path);
  }
  return true;
}

svar_ret_t
svar_endpoint_clean(const char *directory, const char *kind, uid_t owner)
{
  return svar_endpoint_list(directory, kind, owner, remove_if_left, &owner);
}

// --- serving ---------------------------------------------------------------------------------------

static bool
is_ours(void *context, const svari_peer_t *peer)
{
  (void)context;
  return peer->credentials.uid == geteuid() || peer->credentials.uid == 0;
}

// A peer that waits for its answer stays. One that asks again meanwhile is ended.
static bool
take(void *context, svari_peer_t *peer, svari_packet_t *packet)
{
  svar_endpoint_t *endpoint = context;
  if (peer->stays) {
    return false;
  }
  peer->stays = true;
  endpoint->request(endpoint->context, peer->id, endpoint->buffer, packet->size_bytes);
  return true;
}

void
svar_endpoint_answer(svar_endpoint_t *endpoint, uint64_t caller, const void *bytes,
                     size_t size_bytes)
{
  svari_peer_t *peer = svari_packet_server_peer(&endpoint->server, caller);
  if (peer == NULL || !peer->stays) {
    return;
  }
  size_t most_bytes = SVAR_ENDPOINT_PACKET_BYTES;
  peer->stays = false;
  // What a peer does not take is lost, and so is the connection, when it is next looked at.
  if (!svari_packet_server_send(peer, bytes, size_bytes < most_bytes ? size_bytes : most_bytes,
                                NULL, 0, SVARI_NO_FD)) {
    shutdown(peer->fd, SHUT_RDWR);
  }
}

int
svar_endpoint_fd(const svar_endpoint_t *endpoint)
{
  return endpoint->server.epoll_fd;
}

void
svar_endpoint_serve(svar_endpoint_t *endpoint)
{
  struct epoll_event event;
  if (epoll_wait(endpoint->server.epoll_fd, &event, 1, 0) == 1) {
    svari_packet_server_serve(&endpoint->server, event.data.u32);
  }
}

// --- begin and end ---------------------------------------------------------------------------------

static svar_ret_t
listen_at(svar_endpoint_t *endpoint, const char *directory, const char *kind)
{
  uint64_t number;
  char name[PATH_MAX];
  char new_name[PATH_MAX];
  if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number)) {
    return svar_fail(SVAR_ERR_SYSTEM, "no random number for an endpoint: %s", strerror(errno));
  }
  int length = snprintf(name, sizeof(name), "%s/svar.%u.%016llx.%s", directory, geteuid(),
                        (unsigned long long)number, kind);
  if (length < 0 || length + 4 >= PATH_MAX) {
    return svar_fail(SVAR_ERR_ARGUMENT, "the segment directory '%.100s...' has too long a path",
                     directory);
  }
  snprintf(new_name, sizeof(new_name), "%.*s.new", length, name);
  SVAR_TRY(svari_packet_server_listen(&endpoint->server, new_name, 0600, getegid()));
  if (rename(new_name, name) != 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "naming the socket '%s': %s", name, strerror(errno));
  }
  snprintf(endpoint->server.path, sizeof(endpoint->server.path), "%s", name);
  return SVAR_OK;
}

static svar_ret_t
endpoint_new(const svar_endpoint_options_t *options, svar_endpoint_t **out_endpoint)
{
  static const svari_packet_hooks_t hooks = {.welcome = is_ours, .take = take};
  svar_allocator_t allocator =
      options->allocator != NULL ? *options->allocator : svar_allocator_default();
  svar_endpoint_t *endpoint = allocator.allocate(sizeof(*endpoint), 64, allocator.state);
  if (endpoint == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for an endpoint '%s'", options->kind);
  }
  endpoint->allocator = allocator;
  endpoint->request = options->request;
  endpoint->context = options->context;
  svari_packet_server_init(&endpoint->server, &hooks, endpoint, endpoint->buffer,
                           sizeof(endpoint->buffer));
  *out_endpoint = endpoint;
  return SVAR_OK;
}

svar_ret_t
svar_endpoint_open(const svar_endpoint_options_t *options, svar_endpoint_t **out_endpoint)
{
  SVAR_REQUIRE(options != NULL && options->size_bytes == sizeof(*options) &&
               options->kind != NULL && is_kind(options->kind) && options->request != NULL &&
               out_endpoint != NULL);
  svar_endpoint_t *endpoint = NULL;
  const char *directory = svari_segment_directory(options->directory);
  SVAR_TRY(svar_endpoint_clean(directory, options->kind, geteuid()));
  SVAR_TRY(endpoint_new(options, &endpoint));
  svari_birth_lock();
  svar_ret_t ret = listen_at(endpoint, directory, options->kind);
  svari_birth_unlock();
  if (ret != SVAR_OK) {
    svar_endpoint_close(endpoint);
    return ret;
  }
  *out_endpoint = endpoint;
  return SVAR_OK;
}

void
svar_endpoint_close(svar_endpoint_t *endpoint)
{
  if (endpoint == NULL) {
    return;
  }
  svar_allocator_t allocator = endpoint->allocator;
  svari_packet_server_unlink(&endpoint->server);
  svari_birth_lock();
  svari_packet_server_close(&endpoint->server);
  svari_birth_unlock();
  allocator.deallocate(endpoint, allocator.state);
}

// --- asking ----------------------------------------------------------------------------------------

static svar_ret_t
exchange(int fd, const char *path, const void *request, size_t request_bytes, void *answer,
         size_t *out_answer_bytes)
{
  svari_packet_t packet;
  bool is_end = false;
  int error = svari_packet_send(fd, request, request_bytes, NULL, 0, SVARI_NO_FD, 0);
  if (error == 0) {
    error = svari_packet_receive(fd, answer, SVAR_ENDPOINT_PACKET_BYTES, 0, &packet, &is_end);
  }
  if (error == EAGAIN) {
    return SVAR_TIMEOUT;
  }
  if (error != 0) {
    return svar_fail(SVAR_ERR_STATE,
                     "who answers at '%s' ended, or ended the connection, before it answered (%s)",
                     path, strerror(error));
  }
  if (packet.fd != SVARI_NO_FD) {
    close(packet.fd);
  }
  *out_answer_bytes = packet.size_bytes;
  return SVAR_OK;
}

svar_ret_t
svar_endpoint_ask(const char *path, uid_t owner, int64_t timeout_ns, const void *request,
                  size_t request_bytes, void *answer, size_t *out_answer_bytes)
{
  SVAR_REQUIRE(path != NULL && request != NULL && request_bytes > 0 &&
               request_bytes <= SVAR_ENDPOINT_PACKET_BYTES && answer != NULL &&
               out_answer_bytes != NULL);
  int fd;
  SVAR_TRY(svari_socket_connect(path, owner, timeout_ns, &fd));
  svar_ret_t ret = exchange(fd, path, request, request_bytes, answer, out_answer_bytes);
  close(fd);
  return ret;
}
