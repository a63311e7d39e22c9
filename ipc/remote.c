#include "ipc/remote_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int64_t DEFAULT_TIMEOUT_NS = 5000000000;

// --- the connection --------------------------------------------------------------------------------

void
svari_remote_disconnect(svar_remote_t *remote)
{
  if (remote->fd != SVARI_NO_FD) {
    close(remote->fd);
    remote->fd = SVARI_NO_FD;
  }
}

static svar_ret_t
connect_to_holder(svar_remote_t *remote)
{
  if (remote->fd != SVARI_NO_FD) {
    return SVAR_OK;
  }
  svar_ret_t ret =
      svari_socket_connect(remote->paths.socket, remote->owner, remote->timeout_ns, &remote->fd);
  if (ret == SVAR_EMPTY) {
    return svar_fail(SVAR_ERR_NOT_FOUND,
                     "nobody serves the store '%s' of user %u at '%s': start its publisher (one "
                     "that was created with no_service cannot be asked)",
                     remote->name, remote->owner, remote->paths.socket);
  }
  return ret;
}

// True if the holder can never have read the request, because it, or its socket, was gone. (A socket that is
// closed with something unread in it says ECONNRESET; with nothing, it just ends.)
static bool
is_unread(int error, bool is_end)
{
  return error == EPIPE || error == ENOTCONN || (error == ECONNRESET && !is_end);
}

static svar_ret_t
fail_exchange(svar_remote_t *remote, int error, bool is_end)
{
  svari_remote_disconnect(remote); // a late answer must not be taken for the next one
  if (error == EAGAIN) {
    return SVAR_TIMEOUT;
  }
  if (is_end) {
    return svar_fail(SVAR_ERR_STATE,
                     "the holder of store '%s' ended, or ended the connection, before it answered: "
                     "whether it did what it was asked is not known",
                     remote->name);
  }
  return svar_fail(SVAR_ERR_SYSTEM, "talking to the holder of store '%s': %s", remote->name,
                   strerror(error));
}

static int
exchange_once(svar_remote_t *remote, const svari_request_t *request, const void *body,
              size_t body_bytes, int fd, svari_response_packet_t *out_response,
              svari_packet_t *out_packet, bool *out_is_end)
{
  *out_is_end = false;
  int error = svari_packet_send(remote->fd, request, sizeof(*request), body, body_bytes, fd, 0);
  return error != 0 ? error
                    : svari_packet_receive(remote->fd, out_response, sizeof(*out_response), 0,
                                           out_packet, out_is_end);
}

static svar_ret_t
exchange(svar_remote_t *remote, const svari_request_t *request, const void *body, size_t body_bytes,
         int fd, svari_response_packet_t *out_response, svari_packet_t *out_packet)
{
  enum { TRIES = 3 }; // a holder that ends, and one that comes
  for (int i = 1;; i++) {
    bool is_end;
    SVAR_TRY(connect_to_holder(remote));
    int error =
        exchange_once(remote, request, body, body_bytes, fd, out_response, out_packet, &is_end);
    if (error == 0) {
      return SVAR_OK;
    }
    if (!is_unread(error, is_end) || i == TRIES) {
      return fail_exchange(remote, error, is_end);
    }
    svari_remote_disconnect(remote);
  }
}

// --- responses -------------------------------------------------------------------------------------

static svar_ret_t
check_response(const svar_remote_t *remote, const svari_request_t *request,
               const svari_response_t *head, const svari_packet_t *packet)
{
  if (packet->is_whole && packet->size_bytes >= sizeof(*head) &&
      head->magic == SVARI_RESPONSE_MAGIC && head->protocol == SVARI_SERVICE_PROTOCOL &&
      head->kind == request->kind && head->id == request->id &&
      head->body_bytes == packet->size_bytes - sizeof(*head)) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_LAYOUT,
                   "what serves store '%s' does not answer as this build of shared_variable "
                   "expects (protocol %d): use the same build everywhere",
                   remote->name, SVARI_SERVICE_PROTOCOL);
}

// The holder's sentence, for people: whatever cannot be printed is not.
static svar_ret_t
fail_as_holder(const svari_response_packet_t *response)
{
  char text[SVARI_RESPONSE_TEXT_BYTES];
  snprintf(text, sizeof(text), "%.*s", (int)response->head.body_bytes,
           (const char *)response->bytes + sizeof(response->head));
  for (char *c = text; *c != '\0'; c++) {
    *c = (unsigned char)*c < ' ' ? '?' : *c;
  }
  svar_ret_t ret = (svar_ret_t)response->head.ret;
  bool is_error = response->head.ret >= (int)SVAR_ERR_ARGUMENT &&
                  strcmp(svar_ret_name(ret), "SVAR_RET_UNKNOWN") != 0;
  return svar_fail(is_error ? ret : SVAR_ERR_SYSTEM, "%s", text);
}

svar_ret_t
svari_remote_ask(svar_remote_t *remote, svari_request_t *request, const void *body,
                 size_t body_bytes, int fd, svari_response_packet_t *out_response, int *out_fd)
{
  svari_packet_t packet = {.fd = SVARI_NO_FD};
  if (getpid() != remote->pid) {
    return svar_fail(
        SVAR_ERR_FORKED,
        "the connection to the holder of store '%s' was opened before fork(): it is the "
        "parent's",
        remote->name);
  }
  request->magic = SVARI_REQUEST_MAGIC;
  request->protocol = SVARI_SERVICE_PROTOCOL;
  request->id = ++remote->last_id;
  SVAR_TRY(exchange(remote, request, body, body_bytes, fd, out_response, &packet));
  svar_ret_t ret = check_response(remote, request, &out_response->head, &packet);
  if (ret != SVAR_OK) {
    svari_remote_disconnect(remote);
  } else if (out_response->head.ret != SVAR_OK) {
    ret = fail_as_holder(out_response);
  }
  if (ret == SVAR_OK && out_fd != NULL) {
    *out_fd = packet.fd;
  } else if (packet.fd != SVARI_NO_FD) {
    close(packet.fd);
  }
  return ret;
}

svar_ret_t
svar_remote_info(svar_remote_t *remote, svar_store_info_t *out_info)
{
  SVAR_REQUIRE(remote != NULL && out_info != NULL);
  svari_request_t request = {.kind = SVARI_REQUEST_STATUS};
  svari_response_packet_t response;
  svari_status_t status;
  SVAR_TRY(svari_remote_ask(remote, &request, NULL, 0, SVARI_NO_FD, &response, NULL));
  if (response.head.body_bytes != sizeof(status)) {
    return svar_fail(SVAR_ERR_LAYOUT,
                     "the holder of store '%s' tells its status in %u bytes, not %zu", remote->name,
                     response.head.body_bytes, sizeof(status));
  }
  memcpy(&status, response.bytes + sizeof(response.head), sizeof(status));
  *out_info = (svar_store_info_t){
      .backing = SVAR_BACKING_IPC,
      .version = status.version,
      .variable_count = status.variable_count,
      .memory_bytes = status.memory_bytes,
      .capacity_bytes = status.capacity_bytes,
      .created_ns = status.created_ns,
      .committed_ns = status.committed_ns,
      .holder_pid = status.holder_pid,
      .reader_count = status.reader_count,
      .owner = status.owner,
      .is_stale = status.is_stale != 0,
  };
  snprintf(out_info->name, sizeof(out_info->name), "%s", remote->name);
  return SVAR_OK;
}

// --- begin and end ---------------------------------------------------------------------------------

static svar_ret_t
read_options(const svar_remote_options_t *given, svar_remote_options_t *out_options)
{
  static const svar_remote_options_t defaults = SVAR_REMOTE_OPTIONS_INIT;
  *out_options = defaults;
  if (given == NULL) {
    return SVAR_OK;
  }
  if (given->size_bytes == 0 || given->size_bytes > sizeof(*out_options)) {
    return svar_fail(
        SVAR_ERR_ARGUMENT,
        "svar_remote_options_t of %zu bytes, this library knows %zu: start from "
        "SVAR_REMOTE_OPTIONS_INIT, and do not mix a newer header with an older library",
        given->size_bytes, sizeof(*out_options));
  }
  memcpy(out_options, given, given->size_bytes);
  return SVAR_OK;
}

static uid_t
owner_of(const svar_remote_options_t *options)
{
  return options->owner == (uid_t)-1 ? geteuid() : options->owner;
}

static svar_ret_t
remote_new(const char *name, const svar_remote_options_t *options, svar_remote_t **out_remote)
{
  svar_allocator_t allocator =
      options->allocator != NULL ? *options->allocator : svar_allocator_default();
  svar_remote_t *remote = allocator.allocate(sizeof(*remote), 64, allocator.state);
  if (remote == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to talk to the holder of store '%s'", name);
  }
  remote->allocator = allocator;
  remote->fd = SVARI_NO_FD;
  remote->pid = getpid();
  remote->owner = owner_of(options);
  remote->timeout_ns = options->timeout_ns != 0 ? options->timeout_ns : DEFAULT_TIMEOUT_NS;
  remote->last_id = 0;
  remote->spare_body = SVARI_REMOTE_BODY_NONE;
  snprintf(remote->name, sizeof(remote->name), "%s", name);
  *out_remote = remote;
  return SVAR_OK;
}

svar_ret_t
svar_remote_open(const char *name, const svar_remote_options_t *options, svar_remote_t **out_remote)
{
  SVAR_REQUIRE(name != NULL && out_remote != NULL);
  svar_remote_options_t known;
  svari_store_paths_t paths;
  SVAR_TRY(read_options(options, &known));
  SVAR_TRY(
      svari_store_paths(svari_segment_directory(known.directory), name, owner_of(&known), &paths));
  return svari_remote_open_at(name, &paths, &known, out_remote);
}

svar_ret_t
svari_remote_open_at(const char *name, const svari_store_paths_t *paths,
                     const svar_remote_options_t *known, svar_remote_t **out_remote)
{
  svar_remote_t *remote = NULL;
  SVAR_TRY(remote_new(name, known, &remote));
  remote->paths = *paths;
  svar_ret_t ret = connect_to_holder(remote);
  if (ret != SVAR_OK) {
    svar_remote_close(remote);
    return ret;
  }
  *out_remote = remote;
  return SVAR_OK;
}

void
svar_remote_close(svar_remote_t *remote)
{
  if (remote != NULL) {
    svar_allocator_t allocator = remote->allocator;
    svari_remote_disconnect(remote);
    svari_remote_body_close(&remote->spare_body);
    allocator.deallocate(remote, allocator.state);
  }
}
