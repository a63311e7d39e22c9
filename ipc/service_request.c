#include "ipc/service_request.h"

#include <string.h>

#include "ipc/service_socket.h"
#include "shared_variable/random.h"

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
  case SVARI_REQUEST_DEVICE:
    return SVAR_OK;
  default:
    return svar_fail(SVAR_ERR_SYNTAX, "there is no request of kind %u", head->kind);
  }
}

static svar_ret_t
check_length(const svari_request_t *head, size_t packet_bytes, int fd)
{
  size_t inline_bytes = packet_bytes - sizeof(*head);
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

static svar_ret_t
check_device(const svari_request_t *head, int fd)
{
  if (fd != SVARI_NO_FD || head->body_bytes != sizeof(svari_device_request_t)) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "a request for device memory has a body of %zu bytes, not of %llu%s",
                     sizeof(svari_device_request_t), (unsigned long long)head->body_bytes,
                     fd != SVARI_NO_FD ? " in a descriptor" : "");
  }
  return SVAR_OK;
}

svar_ret_t
svari_request_check(const svari_request_packet_t *packet, size_t packet_bytes, int fd,
                    bool *out_is_understood)
{
  *out_is_understood = false;
  SVAR_TRY(check_head(&packet->head, packet_bytes));
  *out_is_understood = true;
  switch ((svari_request_kind_t)packet->head.kind) {
  case SVARI_REQUEST_SET:
    SVAR_TRY(check_length(&packet->head, packet_bytes, fd));
    return check_table(&packet->head);
  case SVARI_REQUEST_DEVICE:
    SVAR_TRY(check_length(&packet->head, packet_bytes, fd));
    return check_device(&packet->head, fd);
  case SVARI_REQUEST_STATUS:
  case SVARI_REQUEST_WATCH:
    break;
  }
  return SVAR_OK;
}

svar_ret_t
svari_request_body(const svari_request_packet_t *packet, int fd, svari_bodies_t *bodies,
                   uint32_t client, svari_request_body_t *out_body)
{
  out_body->size_bytes = packet->head.body_bytes;
  out_body->bytes = packet->bytes + sizeof(packet->head);
  return fd == SVARI_NO_FD
             ? SVAR_OK
             : svari_bodies_find(bodies, client, fd, out_body->size_bytes, &out_body->bytes);
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
  if (size_bytes > 0) {
    memcpy(destination, body->bytes + offset, size_bytes);
  }
  return SVAR_OK;
}

// What is said of the elements must suit the kind of value that they are.
static bool
is_known_value(const svari_value_description_t *value)
{
  bool is_bytes = svar_dtype_equal(value->dtype, SVAR_UINT8) && value->ndim == 1;
  switch (value->source_kind) {
  case SVAR_SOURCE_ARRAY:
  case SVAR_SOURCE_LITERAL:
    return true;
  case SVAR_SOURCE_SCALAR:
    return value->ndim == 0;
  case SVAR_SOURCE_NONE:
    return is_bytes && value->shape[0] == 0;
  case SVAR_SOURCE_RANDOM:
    return is_bytes && value->shape[0] == (int64_t)sizeof(svar_random_state_t);
  case SVAR_SOURCE_SPARSE:
    return is_bytes;
  default: // also of objects, which do not leave their process
    return false;
  }
}

static svar_ret_t
check_description(const svari_value_description_t *value, uint64_t body_bytes)
{
  if (memchr(value->name, '\0', sizeof(value->name)) == NULL) {
    return svar_fail(SVAR_ERR_SYNTAX, "the name of a variable has no end");
  }
  if (!svar_dtype_is_known(value->dtype) || value->ndim < 0 || value->ndim > SVAR_NDIM_MAX ||
      !is_known_value(value)) {
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
