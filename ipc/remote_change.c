// What is asked of a holder to set: the body of a request, as it is put together. Small values lie in a buffer,
// which goes into the packet if it is all there is; the others in a memfd, behind room for that buffer.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/remote_impl.h"
#include "store/array.h"
#include "variable/layout.h"
#include "variable/source.h"

enum { SMALL_BYTES = SVARI_REQUEST_BODY_BYTES, ALIGNMENT = 64, PAGE_BYTES = 4096 };

typedef struct loan {
  void *map;
  size_t map_bytes;
} loan_t;

struct svar_remote_change {
  svar_remote_t *remote;
  svari_value_description_t *values;
  size_t value_count, value_room;
  loan_t *loans; // mapped from the memfd
  size_t loan_count, loan_room;
  int fd; // of the memfd; SVARI_NO_FD: none yet
  uint64_t small_bytes;
  uint64_t end_bytes; // of the memfd
  _Alignas(ALIGNMENT) uint8_t small[SMALL_BYTES];
};

static uint64_t
round_up(uint64_t bytes, uint64_t unit)
{
  return (bytes + unit - 1) / unit * unit;
}

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
  change->small_bytes = round_up(change->small_bytes + size_bytes, ALIGNMENT);
  return change->small + *out_offset;
}

static svar_ret_t
fail_memfd(const svar_remote_change_t *change, const char *what)
{
  return svar_fail(errno == ENOSPC || errno == ENOMEM ? SVAR_ERR_NO_MEMORY : SVAR_ERR_SYSTEM,
                   "%s a memfd for store '%s': %s", what, change->remote->name, strerror(errno));
}

static svar_ret_t
need_memfd(svar_remote_change_t *change)
{
  if (change->fd != SVARI_NO_FD) {
    return SVAR_OK;
  }
  int fd = memfd_create("shared_variable", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) {
    return fail_memfd(change, "making");
  }
  change->fd = fd;
  change->end_bytes = SMALL_BYTES;
  return SVAR_OK;
}

static svar_ret_t
write_bytes(const svar_remote_change_t *change, const void *bytes, uint64_t size_bytes,
            uint64_t offset)
{
  const uint8_t *from = bytes;
  while (size_bytes > 0) {
    ssize_t written = pwrite(change->fd, from, size_bytes, (off_t)offset);
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return fail_memfd(change, "writing");
    }
    from += written;
    offset += (uint64_t)written;
    size_bytes -= (uint64_t)written;
  }
  return SVAR_OK;
}

// Maps room at the end of the memfd, its pages there at once.
static svar_ret_t
map_large(svar_remote_change_t *change, uint64_t size_bytes, uint64_t *out_offset, void **out_data)
{
  const svar_allocator_t *allocator = &change->remote->allocator;
  SVAR_TRY(svari_array_reserve((void **)&change->loans, &change->loan_room, change->loan_count + 1,
                               sizeof(loan_t), allocator));
  uint64_t offset = round_up(change->end_bytes, PAGE_BYTES);
  if (ftruncate(change->fd, (off_t)(offset + size_bytes)) != 0) {
    return fail_memfd(change, "enlarging");
  }
  void *map = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, change->fd,
                   (off_t)offset);
  if (map == MAP_FAILED) {
    return fail_memfd(change, "mapping");
  }
  change->loans[change->loan_count++] = (loan_t){map, size_bytes};
  change->end_bytes = offset + size_bytes;
  *out_offset = offset;
  *out_data = map;
  return SVAR_OK;
}

static svar_ret_t
take_room(svar_remote_change_t *change, uint64_t size_bytes, uint64_t *out_offset, void **out_data)
{
  if (is_small(change, size_bytes)) {
    *out_data = take_small(change, size_bytes, out_offset);
    return SVAR_OK;
  }
  SVAR_TRY(need_memfd(change));
  return map_large(change, size_bytes, out_offset, out_data);
}

// Compact bytes that are too many for the buffer are written, not mapped.
static svar_ret_t
put_compact(svar_remote_change_t *change, const void *bytes, uint64_t size_bytes,
            uint64_t *out_offset)
{
  if (is_small(change, size_bytes)) {
    memcpy(take_small(change, size_bytes, out_offset), bytes, size_bytes);
    return SVAR_OK;
  }
  SVAR_TRY(need_memfd(change));
  *out_offset = round_up(change->end_bytes, ALIGNMENT);
  SVAR_TRY(write_bytes(change, bytes, size_bytes, *out_offset));
  change->end_bytes = *out_offset + size_bytes;
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

static svar_ret_t
put_source(svar_remote_change_t *change, const svar_source_t *source,
           svari_value_description_t *value)
{
  if (value->size_bytes == 0) {
    return SVAR_OK;
  }
  svari_layout_t layout;
  svari_layout_of(&source->tensor, svari_source_data(source), &layout);
  if (svari_layout_is_compact(&layout)) {
    return put_compact(change, layout.data, value->size_bytes, &value->offset);
  }
  void *data;
  SVAR_TRY(take_room(change, value->size_bytes, &value->offset, &data));
  svari_layout_write(&layout, NULL, svar_dtype_bytes(value->dtype), data);
  return SVAR_OK;
}

static svar_ret_t
check_source(const svar_source_t *source)
{
  SVAR_TRY(svari_source_check(source));
  if (!svari_source_is_numbers(source)) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "only arrays, scalars and literals are set from another process");
  }
  if (source->tensor.device.device_type != kDLCPU || !svar_dtype_is_known(source->tensor.dtype)) {
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
  SVAR_TRY(check_source(&source));
  SVAR_TRY(describe(change, variable, source.kind, &source.tensor, &value));
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
  change->loans = NULL;
  change->value_count = change->value_room = 0;
  change->loan_count = change->loan_room = 0;
  change->fd = SVARI_NO_FD;
  change->small_bytes = change->end_bytes = 0;
}

static void
unmap_loans(svar_remote_change_t *change)
{
  for (size_t i = 0; i < change->loan_count; i++) {
    munmap(change->loans[i].map, change->loans[i].map_bytes);
  }
  change->loan_count = 0;
}

static void
change_fini(svar_remote_change_t *change)
{
  const svar_allocator_t *allocator = &change->remote->allocator;
  unmap_loans(change);
  allocator->deallocate(change->loans, allocator->state);
  allocator->deallocate(change->values, allocator->state);
  if (change->fd != SVARI_NO_FD) {
    close(change->fd);
  }
}

// Puts what is not there yet into the memfd, and closes it to changes: also our own, so that no mapping may
// stay.
static svar_ret_t
seal(svar_remote_change_t *change, uint64_t table_bytes, svari_request_t *request)
{
  request->table_offset = round_up(change->end_bytes, ALIGNMENT);
  request->body_bytes = request->table_offset + table_bytes;
  unmap_loans(change);
  if (ftruncate(change->fd, (off_t)request->body_bytes) != 0) {
    return fail_memfd(change, "enlarging");
  }
  SVAR_TRY(write_bytes(change, change->small, change->small_bytes, 0));
  SVAR_TRY(write_bytes(change, change->values, table_bytes, request->table_offset));
  if (fcntl(change->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) !=
      0) {
    return fail_memfd(change, "sealing");
  }
  return SVAR_OK;
}

static svar_ret_t
send_change(svar_remote_change_t *change, uint64_t *out_version)
{
  svari_response_packet_t response;
  svari_request_t request = {.kind = SVARI_REQUEST_SET,
                             .value_count = (uint32_t)change->value_count};
  uint64_t table_bytes = change->value_count * sizeof(svari_value_description_t);
  if (!is_small(change, table_bytes)) {
    SVAR_TRY(need_memfd(change));
  }
  if (change->fd != SVARI_NO_FD) {
    SVAR_TRY(seal(change, table_bytes, &request));
    SVAR_TRY(svari_remote_ask(change->remote, &request, NULL, 0, change->fd, &response));
  } else {
    void *table = take_small(change, table_bytes, &request.table_offset);
    request.body_bytes = request.table_offset + table_bytes;
    if (table_bytes > 0) {
      memcpy(table, change->values, table_bytes);
    }
    SVAR_TRY(svari_remote_ask(change->remote, &request, change->small, request.body_bytes,
                              SVARI_NO_FD, &response));
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
