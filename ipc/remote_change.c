// What is asked of a holder to set: the body of a request, as it is put together. Small values lie in a buffer,
// which goes into the packet if it is all there is; the others in a memfd, behind room for that buffer.
#include <string.h>

#include "ipc/remote_impl.h"
#include "ipc/service_sparse.h"
#include "shared_variable/random.h"
#include "store/array.h"
#include "variable/layout.h"
#include "variable/source.h"

enum { SMALL_BYTES = SVARI_REQUEST_BODY_BYTES, ALIGNMENT = 64 };

// A connection keeps a memfd up to this size for its next change.
static const uint64_t KEPT_BYTES = UINT64_C(256) << 20;

struct svar_remote_change {
  svar_remote_t *remote;
  svari_value_description_t *values;
  size_t value_count, value_room;
  svari_remote_body_t body; // the connection's, while it is in use here
  bool is_sent;             // the body
  uint64_t small_bytes;
  _Alignas(ALIGNMENT) uint8_t small[SMALL_BYTES];
};

// --- room ------------------------------------------------------------------------------------------

static bool
is_small(const svar_remote_change_t *change, uint64_t size_bytes)
{
  return size_bytes <= SMALL_BYTES - change->small_bytes;
}

static void *
take_small(svar_remote_change_t *change, uint64_t size_bytes, uint64_t *out_offset)
{
  *out_offset = change->small_bytes;
  change->small_bytes += (size_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  return change->small + *out_offset;
}

static svar_ret_t
need_body(svar_remote_change_t *change)
{
  svar_remote_t *remote = change->remote;
  uint64_t small_offset;
  if (svari_remote_body_is_open(&change->body)) {
    return SVAR_OK;
  }
  if (!svari_remote_body_is_open(&remote->spare_body)) {
    SVAR_TRY(svari_remote_body_open(remote->name, &remote->spare_body));
  }
  SVAR_TRY(svari_remote_body_take(&remote->spare_body, remote->name, SMALL_BYTES, &small_offset));
  change->body = remote->spare_body;
  remote->spare_body = SVARI_REMOTE_BODY_NONE;
  return SVAR_OK;
}

static svar_ret_t
take_room(svar_remote_change_t *change, uint64_t size_bytes, uint64_t *out_offset, void **out_data)
{
  if (is_small(change, size_bytes)) {
    *out_data = take_small(change, size_bytes, out_offset);
    return SVAR_OK;
  }
  SVAR_TRY(need_body(change));
  SVAR_TRY(svari_remote_body_take(&change->body, change->remote->name, size_bytes, out_offset));
  *out_data = change->body.map + *out_offset;
  return SVAR_OK;
}

// --- values ----------------------------------------------------------------------------------------

static svar_ret_t
describe(svar_remote_change_t *change, const char *variable, svar_source_kind_t kind,
         const DLTensor *tensor, svari_value_description_t **out_value)
{
  uint64_t size_bytes;
  SVAR_TRY(svar_shape_bytes(tensor->dtype, tensor->ndim, tensor->shape, &size_bytes));
  if (strlen(variable) >= SVARI_VALUE_NAME_BYTES) {
    return svar_fail(SVAR_ERR_ARGUMENT, "no variable has a name of %zu bytes: at most %d",
                     strlen(variable), SVARI_VALUE_NAME_BYTES - 1);
  }
  if (change->value_count == SVARI_REQUEST_VALUES) {
    return svar_fail(SVAR_ERR_ARGUMENT, "at most %d values change together", SVARI_REQUEST_VALUES);
  }
  SVAR_TRY(svari_array_reserve((void **)&change->values, &change->value_room,
                               change->value_count + 1, sizeof(svari_value_description_t),
                               &change->remote->allocator));
  svari_value_description_t *value = &change->values[change->value_count];
  *value = (svari_value_description_t){
      .source_kind = kind,
      .dtype = tensor->dtype,
      .ndim = tensor->ndim,
      .size_bytes = size_bytes,
  };
  memcpy(value->name, variable, strlen(variable));
  for (int32_t axis = 0; axis < tensor->ndim; axis++) {
    value->shape[axis] = tensor->shape[axis];
  }
  *out_value = value;
  return SVAR_OK;
}

// How the source's value is described.
static svar_ret_t
describe_source(const svar_source_t *source, int64_t *bytes, DLTensor *out_tensor)
{
  uint64_t packed_bytes = 0;
  *bytes = 0;
  switch (source->kind) {
  case SVAR_SOURCE_ARRAY:
  case SVAR_SOURCE_SCALAR:
  case SVAR_SOURCE_LITERAL:
    *out_tensor = source->tensor;
    return SVAR_OK;
  case SVAR_SOURCE_SPARSE:
    SVAR_TRY(svar_sparse_check(source->detail));
    SVAR_TRY(svari_sparse_packed_bytes(source->detail, &packed_bytes));
    *bytes = (int64_t)packed_bytes;
    break;
  case SVAR_SOURCE_RANDOM:
    *bytes = sizeof(svar_random_state_t);
    break;
  case SVAR_SOURCE_NONE:
  case SVAR_SOURCE_OBJECT: // refused before
    break;
  }
  *out_tensor = svar_tensor(SVAR_UINT8, NULL, 1, bytes);
  return SVAR_OK;
}

static void
write_numbers(const svar_source_t *source, uint64_t size_bytes, void *data)
{
  svari_layout_t layout;
  svari_layout_of(&source->tensor, svari_source_data(source), &layout);
  if (svari_layout_is_compact(&layout)) {
    memcpy(data, layout.data, size_bytes);
  } else {
    svari_layout_write(&layout, NULL, svar_dtype_bytes(source->tensor.dtype), data);
  }
}

static svar_ret_t
put_source(svar_remote_change_t *change, const svar_source_t *source,
           svari_value_description_t *value)
{
  void *data;
  if (value->size_bytes == 0) {
    return SVAR_OK;
  }
  SVAR_TRY(take_room(change, value->size_bytes, &value->offset, &data));
  if (source->kind == SVAR_SOURCE_SPARSE) {
    svari_sparse_pack(source->detail, data);
  } else if (source->kind == SVAR_SOURCE_RANDOM) {
    memcpy(data, source->detail, value->size_bytes);
  } else {
    write_numbers(source, value->size_bytes, data);
  }
  return SVAR_OK;
}

static svar_ret_t
check_source(const svar_source_t *source)
{
  SVAR_TRY(svari_source_check(source));
  if (source->kind == SVAR_SOURCE_OBJECT) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "an object lives in its process: it is not set from another one");
  }
  if (svari_source_is_numbers(source) &&
      (source->tensor.device.device_type != kDLCPU || !svar_dtype_is_known(source->tensor.dtype))) {
    return svar_fail(SVAR_ERR_TYPE, "a value for another process lies in host memory, and is of a "
                                    "dtype that exists");
  }
  return SVAR_OK;
}

svar_ret_t
svar_remote_change_set(svar_remote_change_t *change, const char *variable, svar_source_t source)
{
  SVAR_REQUIRE(change != NULL && variable != NULL);
  svari_value_description_t *value;
  DLTensor tensor;
  int64_t bytes;
  SVAR_TRY(check_source(&source));
  SVAR_TRY(describe_source(&source, &bytes, &tensor));
  SVAR_TRY(describe(change, variable, source.kind, &tensor, &value));
  SVAR_TRY(put_source(change, &source, value));
  change->value_count++;
  return SVAR_OK;
}

svar_ret_t
svar_remote_change_loan(svar_remote_change_t *change, const char *variable, svar_dtype_t dtype,
                        int32_t ndim, const int64_t *shape, void **out_data)
{
  SVAR_REQUIRE(change != NULL && variable != NULL && out_data != NULL);
  SVAR_REQUIRE(ndim == 0 || shape != NULL);
  SVAR_REQUIRE(svar_dtype_is_known(dtype));
  DLTensor tensor = svar_tensor(dtype, NULL, ndim, shape);
  svari_value_description_t *value;
  SVAR_TRY(describe(change, variable, SVAR_SOURCE_ARRAY, &tensor, &value));
  SVAR_TRY(take_room(change, value->size_bytes, &value->offset, out_data));
  change->value_count++;
  return SVAR_OK;
}

// --- begin and end ---------------------------------------------------------------------------------

static void
change_init(svar_remote_change_t *change, svar_remote_t *remote)
{
  change->remote = remote;
  change->values = NULL;
  change->value_count = change->value_room = 0;
  change->body = SVARI_REMOTE_BODY_NONE;
  change->is_sent = false;
  change->small_bytes = 0;
}

// The memfd goes back to the connection. Not so if the holder may be reading it still, which is when the connection
// ended without an answer; nor if there is another, or it is too large. With a connection ends what the
// holder has kept of its memfd.
static void
release_body(svar_remote_change_t *change)
{
  svar_remote_t *remote = change->remote;
  bool may_be_read = change->is_sent && !svari_remote_is_connected(remote);
  if (!may_be_read && !svari_remote_body_is_open(&remote->spare_body) &&
      change->body.size_bytes <= KEPT_BYTES) {
    remote->spare_body = change->body;
    remote->spare_body.end_bytes = 0;
    return;
  }
  svari_remote_body_close(&change->body);
  if (change->is_sent) {
    svari_remote_disconnect(remote);
  }
}

static void
change_fini(svar_remote_change_t *change)
{
  const svar_allocator_t *allocator = &change->remote->allocator;
  if (svari_remote_body_is_open(&change->body)) {
    release_body(change);
  }
  allocator->deallocate(change->values, allocator->state);
}

// Puts what is not there yet into the memfd.
static svar_ret_t
complete_body(svar_remote_change_t *change, uint64_t table_bytes, svari_request_t *request)
{
  SVAR_TRY(need_body(change));
  SVAR_TRY(svari_remote_body_take(&change->body, change->remote->name, table_bytes,
                                  &request->table_offset));
  memcpy(change->body.map, change->small, change->small_bytes);
  memcpy(change->body.map + request->table_offset, change->values, table_bytes);
  request->body_bytes = change->body.end_bytes;
  return SVAR_OK;
}

static svar_ret_t
send_change(svar_remote_change_t *change, uint64_t *out_version)
{
  svari_response_packet_t response;
  svari_request_t request = {.kind = SVARI_REQUEST_SET,
                             .value_count = (uint32_t)change->value_count};
  uint64_t table_bytes = change->value_count * sizeof(svari_value_description_t);
  if (svari_remote_body_is_open(&change->body) || !is_small(change, table_bytes)) {
    SVAR_TRY(complete_body(change, table_bytes, &request));
    change->is_sent = true;
    SVAR_TRY(svari_remote_ask(change->remote, &request, NULL, 0, change->body.fd, &response, NULL));
  } else {
    void *table = take_small(change, table_bytes, &request.table_offset);
    request.body_bytes = request.table_offset + table_bytes;
    if (table_bytes > 0) {
      memcpy(table, change->values, table_bytes);
    }
    SVAR_TRY(svari_remote_ask(change->remote, &request, change->small, request.body_bytes,
                              SVARI_NO_FD, &response, NULL));
  }
  if (out_version != NULL) {
    *out_version = response.head.version;
  }
  return SVAR_OK;
}

svar_ret_t
svar_remote_set(svar_remote_t *remote, const char *variable, svar_source_t source,
                uint64_t *out_version)
{
  SVAR_REQUIRE(remote != NULL && variable != NULL);
  svar_remote_change_t change;
  change_init(&change, remote);
  svar_ret_t ret = svar_remote_change_set(&change, variable, source);
  if (ret == SVAR_OK) {
    ret = send_change(&change, out_version);
  }
  change_fini(&change);
  return ret;
}

svar_ret_t
svar_remote_change_begin(svar_remote_t *remote, svar_remote_change_t **out_change)
{
  SVAR_REQUIRE(remote != NULL && out_change != NULL);
  svar_remote_change_t *change =
      remote->allocator.allocate(sizeof(*change), ALIGNMENT, remote->allocator.state);
  if (change == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a change of store '%s'", remote->name);
  }
  change_init(change, remote);
  *out_change = change;
  return SVAR_OK;
}

void
svar_remote_change_abort(svar_remote_change_t *change)
{
  if (change != NULL) {
    svar_allocator_t allocator = change->remote->allocator;
    change_fini(change);
    allocator.deallocate(change, allocator.state);
  }
}

svar_ret_t
svar_remote_change_commit(svar_remote_change_t *change, uint64_t *out_version)
{
  SVAR_REQUIRE(change != NULL);
  svar_ret_t ret = send_change(change, out_version);
  svar_remote_change_abort(change);
  return ret;
}
