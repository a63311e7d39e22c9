#include "ipc/service_request.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/service_socket.h"

static svar_ret_t
check_head(const svari_request_t *head, size_t packet_bytes)
{
  if (packet_bytes < sizeof(*head) || head->magic != SVARI_REQUEST_MAGIC) {
    return svar_fail(SVAR_ERR_SYNTAX, "a packet of %zu bytes is no request to a store",
                     packet_bytes);
  }
  if (head->protocol != SVARI_SERVICE_PROTOCOL) {
    return svar_fail(SVAR_ERR_LAYOUT,
                     "the request is of protocol %u, this build of shared_variable speaks %u; use "
                     "the same build everywhere",
                     head->protocol, SVARI_SERVICE_PROTOCOL);
  }
  switch (head->kind) {
  case SVARI_REQUEST_STATUS:
  case SVARI_REQUEST_WATCH:
  case SVARI_REQUEST_SET:
    return SVAR_OK;
  default:
    return svar_fail(SVAR_ERR_SYNTAX, "there is no request of kind %u", head->kind);
  }
}

// Nobody can change the bytes, or cut the file, while they are read.
static svar_ret_t
check_memfd(int fd, uint64_t body_bytes)
{
  const int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & wanted) != wanted) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "a request's body must be a memfd sealed against shrinking, growing and "
                     "writing; this is %s",
                     seals < 0 ? "no memfd" : "not sealed so");
  }
  struct stat status;
  if (fstat(fd, &status) != 0 || status.st_size < 0 || (uint64_t)status.st_size != body_bytes) {
    return svar_fail(SVAR_ERR_SYNTAX, "a request's body has %lld bytes, its head says %llu",
                     (long long)status.st_size, (unsigned long long)body_bytes);
  }
  return SVAR_OK;
}

static svar_ret_t
find_body(const svari_request_packet_t *packet, size_t packet_bytes, int fd,
          svari_request_body_t *out_body)
{
  const svari_request_t *head = &packet->head;
  size_t inline_bytes = packet_bytes - sizeof(*head);
  *out_body = (svari_request_body_t){.fd = fd, .size_bytes = head->body_bytes};
  if (fd != SVARI_NO_FD) {
    SVAR_TRY(check_memfd(fd, head->body_bytes));
  } else {
    out_body->bytes = packet->bytes + sizeof(*head);
  }
  if (inline_bytes != (fd != SVARI_NO_FD ? 0 : head->body_bytes)) {
    return svar_fail(SVAR_ERR_SYNTAX, "a request's head is followed by %zu bytes, and says %llu",
                     inline_bytes, (unsigned long long)head->body_bytes);
  }
  return SVAR_OK;
}

static svar_ret_t
check_table(const svari_request_t *head)
{
  uint64_t table_bytes = head->value_count * sizeof(svari_value_description_t);
  if (head->value_count > SVARI_REQUEST_VALUES || head->table_offset > head->body_bytes ||
      table_bytes > head->body_bytes - head->table_offset) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "%u values described at byte %llu do not fit a body of %llu bytes",
                     head->value_count, (unsigned long long)head->table_offset,
                     (unsigned long long)head->body_bytes);
  }
  return SVAR_OK;
}

svar_ret_t
svari_request_check(const svari_request_packet_t *packet, size_t packet_bytes, int fd,
                    svari_request_body_t *out_body, bool *out_is_understood)
{
  *out_is_understood = false;
  SVAR_TRY(check_head(&packet->head, packet_bytes));
  *out_is_understood = true;
  if (packet->head.kind != SVARI_REQUEST_SET) {
    return SVAR_OK;
  }
  SVAR_TRY(find_body(packet, packet_bytes, fd, out_body));
  return check_table(&packet->head);
}

static svar_ret_t
read_file(int fd, uint64_t offset, uint8_t *destination, uint64_t size_bytes)
{
  while (size_bytes > 0) {
    ssize_t taken = pread(fd, destination, size_bytes, (off_t)offset);
    if (taken < 0 && errno == EINTR) {
      continue;
    }
    if (taken <= 0) {
      return svar_fail(SVAR_ERR_SYSTEM, "reading a request's body: %s",
                       taken < 0 ? strerror(errno) : "it ends early");
    }
    destination += taken;
    offset += (uint64_t)taken;
    size_bytes -= (uint64_t)taken;
  }
  return SVAR_OK;
}

svar_ret_t
svari_request_read(const svari_request_body_t *body, uint64_t offset, void *destination,
                   uint64_t size_bytes)
{
  if (offset > body->size_bytes || size_bytes > body->size_bytes - offset) {
    return svar_fail(SVAR_ERR_SYNTAX, "bytes %llu to +%llu are beyond a body of %llu bytes",
                     (unsigned long long)offset, (unsigned long long)size_bytes,
                     (unsigned long long)body->size_bytes);
  }
  if (body->bytes == NULL) {
    return read_file(body->fd, offset, destination, size_bytes);
  }
  memcpy(destination, body->bytes + offset, size_bytes);
  return SVAR_OK;
}

static bool
is_source_kind(uint32_t kind)
{
  return kind == SVAR_SOURCE_ARRAY || kind == SVAR_SOURCE_SCALAR || kind == SVAR_SOURCE_LITERAL;
}

static svar_ret_t
check_description(const svari_value_description_t *value, uint64_t body_bytes)
{
  if (memchr(value->name, '\0', sizeof(value->name)) == NULL) {
    return svar_fail(SVAR_ERR_SYNTAX, "the name of a variable has no end");
  }
  if (!is_source_kind(value->source_kind) || !svar_dtype_is_known(value->dtype) ||
      value->ndim < 0 || value->ndim > SVAR_NDIM_MAX ||
      (value->source_kind == SVAR_SOURCE_SCALAR && value->ndim != 0)) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "the value for '%s' is of kind %u, dtype (%u, %u, %u) and rank %d: there is "
                     "none such",
                     value->name, value->source_kind, value->dtype.code, value->dtype.bits,
                     value->dtype.lanes, value->ndim);
  }
  uint64_t size_bytes;
  SVAR_TRY(svar_shape_bytes(value->dtype, value->ndim, value->shape, &size_bytes));
  if (size_bytes != value->size_bytes || value->offset > body_bytes ||
      size_bytes > body_bytes - value->offset) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "the value for '%s' takes %llu bytes, %llu at byte %llu of a body of %llu are "
                     "described",
                     value->name, (unsigned long long)size_bytes,
                     (unsigned long long)value->size_bytes, (unsigned long long)value->offset,
                     (unsigned long long)body_bytes);
  }
  return SVAR_OK;
}

svar_ret_t
svari_request_value(const svari_request_t *request, const svari_request_body_t *body,
                    uint32_t index, svari_value_description_t *out_description)
{
  SVAR_TRY(svari_request_read(body,
                              request->table_offset + (uint64_t)index * sizeof(*out_description),
                              out_description, sizeof(*out_description)));
  return check_description(out_description, body->size_bytes);
}
