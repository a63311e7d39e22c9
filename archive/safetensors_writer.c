#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/safetensors_header.h"
#include "archive/text.h"

// The bytes of the tensors begin at a multiple of this, so that a file of one dtype is aligned.
enum { DATA_ALIGNMENT = 8 };

static bool
is_compact(const DLTensor *tensor)
{
  return tensor->device.device_type == kDLCPU && tensor->strides == NULL;
}

// The extents as a list; NULL without memory. jansson's setters and appenders take NULL, and fail.
static json_t *
shape_of(const DLTensor *tensor)
{
  json_t *shape = json_array();
  for (int32_t axis = 0; axis < tensor->ndim; axis++) {
    if (json_array_append_new(shape, json_integer(tensor->shape[axis])) != 0) {
      json_decref(shape);
      return NULL;
    }
  }
  return shape;
}

// Adds the tensor's entry to the header. *end is where its bytes begin, then where they end.
static svar_ret_t
describe_tensor(const svar_safetensors_item_t *item, json_t *header, uint64_t *end)
{
  SVAR_REQUIRE(item->name != NULL && is_compact(&item->tensor));
  SVAR_TRY(svari_safetensors_check_name(item->name));
  if (json_object_get(header, item->name) != NULL) {
    return svar_fail(SVAR_ERR_VALUE, "the tensor name '%s' is given twice", item->name);
  }
  const char *dtype = svari_safetensors_dtype_name(item->tensor.dtype);
  if (dtype == NULL) {
    return svar_fail(SVAR_ERR_TYPE, "tensor '%s' is %s, which the safetensors format does not have",
                     item->name, svar_dtype_name(item->tensor.dtype));
  }
  uint64_t size_bytes = 0;
  SVAR_TRY(
      svar_shape_bytes(item->tensor.dtype, item->tensor.ndim, item->tensor.shape, &size_bytes));
  uint64_t begin = *end;
  if (size_bytes > INT64_MAX - begin) {
    return svar_fail(SVAR_ERR_RANGE, "tensor '%s' ends beyond 2^63 bytes", item->name);
  }
  *end = begin + size_bytes;
  json_t *shape = shape_of(&item->tensor);
  json_t *entry = shape == NULL ? NULL
                                : json_pack("{s:s, s:o, s:[I, I]}", "dtype", dtype, "shape", shape,
                                            "data_offsets", (json_int_t)begin, (json_int_t)*end);
  if (json_object_set_new(header, item->name, entry) != 0) {
    return svari_text_fail("tensor name", item->name);
  }
  return SVAR_OK;
}

static svar_ret_t
describe_metadata(const svar_safetensors_pair_t *metadata, size_t count, json_t *header)
{
  if (count == 0) {
    return SVAR_OK;
  }
  json_t *object = json_object();
  if (json_object_set_new(header, SVARI_SAFETENSORS_METADATA, object) != 0) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu metadata", count);
  }
  for (size_t i = 0; i < count; i++) {
    SVAR_REQUIRE(metadata[i].key != NULL && metadata[i].text != NULL);
    json_t *text = json_string(metadata[i].text);
    if (text == NULL) {
      svar_ret_t ret = svari_text_fail("metadata text", metadata[i].text);
      svar_fail_context("key '%s'", metadata[i].key);
      return ret;
    }
    if (json_object_set_new(object, metadata[i].key, text) != 0) {
      return svari_text_fail("metadata key", metadata[i].key);
    }
  }
  return SVAR_OK;
}

// The header as JSON, in the order of the items. out_json is owned: json_decref(), also on failure.
static svar_ret_t
describe(const svar_safetensors_item_t *items, size_t count,
         const svar_safetensors_pair_t *metadata, size_t metadata_count, json_t **out_json)
{
  json_t *header = *out_json = json_object();
  SVAR_TRY(describe_metadata(metadata, metadata_count, header));
  uint64_t end = 0;
  for (size_t i = 0; i < count; i++) {
    SVAR_TRY(describe_tensor(&items[i], header, &end));
  }
  return SVAR_OK;
}

static svar_ret_t
write_all(int fd, const char *path, const void *bytes, uint64_t size_bytes)
{
  const char *next = bytes;
  while (size_bytes > 0) {
    ssize_t put = write(fd, next, size_bytes);
    if (put < 0 && errno != EINTR) {
      return svari_safetensors_system_failure("write", path);
    }
    if (put > 0) {
      next += put;
      size_bytes -= (uint64_t)put;
    }
  }
  return SVAR_OK;
}

// The length, the header, and spaces up to the alignment.
static svar_ret_t
write_header(int fd, const char *path, const char *header)
{
  uint64_t text_bytes = strlen(header);
  uint64_t padding = (DATA_ALIGNMENT - text_bytes % DATA_ALIGNMENT) % DATA_ALIGNMENT;
  uint64_t header_bytes = text_bytes + padding;
  if (header_bytes > SVARI_SAFETENSORS_HEADER_BYTES_MAX) {
    return svar_fail(SVAR_ERR_RANGE,
                     "the header of '%s' would take %llu bytes, more than the format's "
                     "%d",
                     path, (unsigned long long)header_bytes, SVARI_SAFETENSORS_HEADER_BYTES_MAX);
  }
  unsigned char prefix[SVARI_SAFETENSORS_PREFIX_BYTES];
  for (int i = 0; i < SVARI_SAFETENSORS_PREFIX_BYTES; i++) {
    prefix[i] = (unsigned char)(header_bytes >> (8 * i));
  }
  SVAR_TRY(write_all(fd, path, prefix, sizeof(prefix)));
  SVAR_TRY(write_all(fd, path, header, text_bytes));
  return write_all(fd, path, "        ", padding);
}

static svar_ret_t
write_tensors(int fd, const char *path, const svar_safetensors_item_t *items, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const DLTensor *tensor = &items[i].tensor;
    uint64_t size_bytes = 0;
    SVAR_TRY(svar_shape_bytes(tensor->dtype, tensor->ndim, tensor->shape, &size_bytes));
    SVAR_REQUIRE(tensor->data != NULL || size_bytes == 0);
    SVAR_TRY(write_all(fd, path, (const char *)tensor->data + tensor->byte_offset, size_bytes));
  }
  return SVAR_OK;
}

// Renaming over a device or a FIFO would replace it: a run as root must not lose /dev/null.
static svar_ret_t
check_target(const char *path)
{
  struct stat status;
  if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
    return svar_fail(SVAR_ERR_VALUE, "'%s' is not a regular file; choose another path to write",
                     path);
  }
  return SVAR_OK;
}

// Creates a file beside path that no other writer has; its name goes to temporary. Unlike mkstemp()
// it leaves the permissions to the umask.
static svar_ret_t
create_temporary(const char *path, char temporary[PATH_MAX], int *out_fd)
{
  static atomic_uint counter;
  do {
    int length = snprintf(temporary, PATH_MAX, "%s.%d.%u.tmp", path, (int)getpid(),
                          atomic_fetch_add(&counter, 1));
    if (length >= PATH_MAX) {
      return svar_fail(SVAR_ERR_VALUE, "the path '%.64s...' is too long to write to", path);
    }
    *out_fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (*out_fd < 0 && errno == EEXIST); // left by a dead process with our id
  return *out_fd >= 0 ? SVAR_OK : svari_safetensors_system_failure("create", path);
}

static svar_ret_t
write_file(const char *path, const char *header, const svar_safetensors_item_t *items, size_t count)
{
  SVAR_TRY(check_target(path));
  char temporary[PATH_MAX];
  int fd = -1;
  SVAR_TRY(create_temporary(path, temporary, &fd));
  svar_ret_t ret;
  if ((ret = write_header(fd, path, header)) == SVAR_OK &&
      (ret = write_tensors(fd, path, items, count)) == SVAR_OK && fsync(fd) != 0) {
    ret = svari_safetensors_system_failure("write", path);
  }
  if (close(fd) != 0 && ret == SVAR_OK) {
    ret = svari_safetensors_system_failure("write", path);
  }
  if (ret == SVAR_OK && rename(temporary, path) != 0) {
    ret = svari_safetensors_system_failure("replace", path);
  }
  if (ret != SVAR_OK) {
    unlink(temporary);
  }
  return ret;
}

svar_ret_t
svar_safetensors_write(const char *path, const svar_safetensors_item_t *items, size_t count,
                       const svar_safetensors_pair_t *metadata, size_t metadata_count)
{
  SVAR_REQUIRE(path != NULL && (items != NULL || count == 0));
  SVAR_REQUIRE(metadata != NULL || metadata_count == 0);
  json_t *json = NULL;
  char *header = NULL;
  svar_ret_t ret = describe(items, count, metadata, metadata_count, &json);
  if (ret == SVAR_OK && (ret = svari_text_write(json, &header)) != SVAR_OK) {
    svar_fail_context("the header of '%s'", path);
  }
  if (ret == SVAR_OK) {
    ret = write_file(path, header, items, count);
  }
  free(header);
  json_decref(json);
  return ret;
}
