#include "shared_variable/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive/safetensors_header.h"

struct svar_safetensors {
  int fd;
  char *path;
  svar_safetensors_stamp_t stamp;
  uint64_t data_begin; // where the bytes of the tensors begin in the file
  svari_safetensors_header_t header;
};

enum { NS_PER_SECOND = 1000000000 };
// The kernel stamps a write with the time of its last tick, up to 10 ms ago (HZ=100): a second write
// within the tick leaves the stamp as it was. A stamp of this age will not be given again.
enum { STAMP_SETTLED_NS = 20000000 };

svar_ret_t
svari_safetensors_system_failure(const char *action, const char *path)
{
  int error = errno;
  svar_ret_t code = SVAR_ERR_SYSTEM;
  const char *remedy = "";
  switch (error) {
  case ENOENT:
  case ENOTDIR:
    code = SVAR_ERR_NOT_FOUND;
    remedy = "; check the path";
    break;
  case EACCES:
  case EPERM:
  case EROFS:
    code = SVAR_ERR_PERMISSION;
    remedy = "; check the permissions of the file and its folder";
    break;
  case ENOSPC:
  case EDQUOT:
    code = SVAR_ERR_NO_SPACE;
    remedy = "; free some space there";
    break;
  }
  return svar_fail(code, "cannot %s '%s': %s%s", action, path, strerror(error), remedy);
}

static svar_safetensors_stamp_t
stamp_of(const struct stat *status)
{
  svar_safetensors_stamp_t stamp = {
      .device = status->st_dev,
      .inode = status->st_ino,
      .size_bytes = status->st_size,
      .modified_ns = (int64_t)status->st_mtim.tv_sec * NS_PER_SECOND + status->st_mtim.tv_nsec,
  };
  return stamp;
}

svar_ret_t
svar_safetensors_take_stamp(const char *path, svar_safetensors_stamp_t *out_stamp)
{
  SVAR_REQUIRE(path != NULL && out_stamp != NULL);
  struct stat status;
  if (stat(path, &status) != 0) {
    return svari_safetensors_system_failure("look at", path);
  }
  *out_stamp = stamp_of(&status);
  return SVAR_OK;
}

bool
svar_safetensors_stamp_equal(const svar_safetensors_stamp_t *a, const svar_safetensors_stamp_t *b)
{
  return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
         a->modified_ns == b->modified_ns;
}

static svar_ret_t
file_stat(const svar_safetensors_t *file, struct stat *out_status)
{
  return fstat(file->fd, out_status) == 0 ? SVAR_OK
                                          : svari_safetensors_system_failure("look at", file->path);
}

// How long until the stamp tells every later write, as far as that can be known: a stamp from the
// future (another machine's clock) cannot be judged and counts as settled.
static int64_t
unsettled_ns(const svar_safetensors_stamp_t *stamp)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t age_ns = (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec - stamp->modified_ns;
  return age_ns >= 0 && age_ns < STAMP_SETTLED_NS ? STAMP_SETTLED_NS - age_ns : 0;
}

// Takes the file's stamp when it is settled: waits once for that, not for ever for a busy writer.
static svar_ret_t
take_stamp(svar_safetensors_t *file)
{
  struct stat status;
  SVAR_TRY(file_stat(file, &status));
  if (!S_ISREG(status.st_mode)) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' is not a regular file; give a .safetensors file",
                     file->path);
  }
  file->stamp = stamp_of(&status);
  int64_t wait_ns = unsettled_ns(&file->stamp);
  if (wait_ns > 0) {
    nanosleep(&(struct timespec){.tv_nsec = wait_ns}, NULL);
    SVAR_TRY(file_stat(file, &status));
    file->stamp = stamp_of(&status);
    if (unsettled_ns(&file->stamp) > 0) {
      return svar_fail(SVAR_ERR_STATE,
                       "'%s' is being written right now; try again, or write under "
                       "another name and rename",
                       file->path);
    }
  }
  return SVAR_OK;
}

// Reads size_bytes at offset, or fails: a file that ends earlier was cut since its size was taken.
static svar_ret_t
read_at(const svar_safetensors_t *file, uint64_t offset, void *destination, uint64_t size_bytes)
{
  char *next = destination;
  while (size_bytes > 0) {
    ssize_t got = pread(file->fd, next, size_bytes, (off_t)offset);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return svari_safetensors_system_failure("read", file->path);
    }
    if (got == 0) {
      return svar_fail(
          SVAR_ERR_CORRUPT,
          "'%s' was cut at byte %llu while it was read; write under another name and rename",
          file->path, (unsigned long long)offset);
    }
    next += got;
    offset += (uint64_t)got;
    size_bytes -= (uint64_t)got;
  }
  return SVAR_OK;
}

static uint64_t
little_endian(const unsigned char bytes[8])
{
  uint64_t value = 0;
  for (int i = 7; i >= 0; i--) {
    value = value << 8 | bytes[i];
  }
  return value;
}

static svar_ret_t
read_header_length(const svar_safetensors_t *file, size_t *out_bytes)
{
  uint64_t file_bytes = (uint64_t)file->stamp.size_bytes;
  if (file_bytes < SVARI_SAFETENSORS_PREFIX_BYTES) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "'%s' has %llu bytes, too few for a safetensors file; is it "
                     "complete?",
                     file->path, (unsigned long long)file_bytes);
  }
  unsigned char prefix[SVARI_SAFETENSORS_PREFIX_BYTES];
  SVAR_TRY(read_at(file, 0, prefix, sizeof(prefix)));
  uint64_t header_bytes = little_endian(prefix);
  if (header_bytes > SVARI_SAFETENSORS_HEADER_BYTES_MAX) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "'%s' claims a header of %llu bytes, more than the format's %d; is it a "
                     "safetensors file?",
                     file->path, (unsigned long long)header_bytes,
                     SVARI_SAFETENSORS_HEADER_BYTES_MAX);
  }
  if (header_bytes > file_bytes - SVARI_SAFETENSORS_PREFIX_BYTES) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "'%s' claims a header of %llu bytes but has %llu in all; is it complete?",
                     file->path, (unsigned long long)header_bytes, (unsigned long long)file_bytes);
  }
  *out_bytes = (size_t)header_bytes;
  return SVAR_OK;
}

static svar_ret_t
read_header(svar_safetensors_t *file)
{
  size_t header_bytes = 0;
  SVAR_TRY(read_header_length(file, &header_bytes));
  char *text = malloc(header_bytes + 1);
  if (text == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the %zu bytes of the header of '%s'",
                     header_bytes, file->path);
  }
  file->data_begin = SVARI_SAFETENSORS_PREFIX_BYTES + header_bytes;
  svar_ret_t ret = read_at(file, SVARI_SAFETENSORS_PREFIX_BYTES, text, header_bytes);
  if (ret == SVAR_OK) {
    uint64_t data_bytes = (uint64_t)file->stamp.size_bytes - file->data_begin;
    ret = svari_safetensors_header_parse(text, header_bytes, data_bytes, &file->header);
    if (ret != SVAR_OK) {
      (void)svar_fail(ret, "cannot use '%s': %s; write the file again", file->path,
                      svar_error_message());
    }
  }
  free(text);
  return ret;
}

static svar_ret_t
open_file(const char *path, svar_safetensors_t *file)
{
  file->path = strdup(path);
  if (file->path == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to open '%s'", path);
  }
  file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO must not make it wait
  if (file->fd < 0) {
    return svari_safetensors_system_failure("open", path);
  }
  SVAR_TRY(take_stamp(file));
  return read_header(file);
}

svar_ret_t
svar_safetensors_open(const char *path, svar_safetensors_t **out_file)
{
  SVAR_REQUIRE(path != NULL && out_file != NULL);
  svar_safetensors_t *file = calloc(1, sizeof(*file));
  if (file == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to open '%s'", path);
  }
  file->fd = -1;
  svar_ret_t ret = open_file(path, file);
  if (ret != SVAR_OK) {
    svar_safetensors_close(file);
    return ret;
  }
  *out_file = file;
  return SVAR_OK;
}

void
svar_safetensors_close(svar_safetensors_t *file)
{
  if (file == NULL) {
    return;
  }
  svari_safetensors_header_fini(&file->header);
  if (file->fd >= 0) {
    close(file->fd);
  }
  free(file->path);
  free(file);
}

const char *
svar_safetensors_path(const svar_safetensors_t *file)
{
  return file->path;
}

svar_safetensors_stamp_t
svar_safetensors_opened_stamp(const svar_safetensors_t *file)
{
  return file->stamp;
}

size_t
svar_safetensors_count(const svar_safetensors_t *file)
{
  return file->header.count;
}

const svar_safetensors_tensor_t *
svar_safetensors_at(const svar_safetensors_t *file, size_t index)
{
  return index < file->header.count ? &file->header.tensors[index] : NULL;
}

svar_ret_t
svar_safetensors_find(const svar_safetensors_t *file, const char *name, size_t *out_index)
{
  SVAR_REQUIRE(file != NULL && name != NULL && out_index != NULL);
  for (size_t i = 0; i < file->header.count; i++) {
    if (strcmp(file->header.tensors[i].name, name) == 0) {
      *out_index = i;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_NOT_FOUND, "'%s' has no tensor '%s'; it has %zu others", file->path,
                   name, file->header.count);
}

const char *
svar_safetensors_metadata(const svar_safetensors_t *file, const char *key)
{
  const json_t *metadata = json_object_get(file->header.json, SVARI_SAFETENSORS_METADATA);
  return json_string_value(json_object_get(metadata, key));
}

svar_ret_t
svar_safetensors_read(const svar_safetensors_t *file, size_t index, void *destination)
{
  SVAR_REQUIRE(file != NULL);
  if (index >= file->header.count) {
    return svar_fail(SVAR_ERR_INDEX, "'%s' has %zu tensors, none of index %zu", file->path,
                     file->header.count, index);
  }
  const svar_safetensors_tensor_t *tensor = &file->header.tensors[index];
  SVAR_REQUIRE(destination != NULL || tensor->size_bytes == 0);
  return read_at(file, file->data_begin + tensor->offset_bytes, destination, tensor->size_bytes);
}

svar_ret_t
svar_safetensors_check_unchanged(const svar_safetensors_t *file)
{
  SVAR_REQUIRE(file != NULL);
  struct stat status;
  SVAR_TRY(file_stat(file, &status));
  svar_safetensors_stamp_t now = stamp_of(&status);
  if (!svar_safetensors_stamp_equal(&now, &file->stamp)) {
    return svar_fail(SVAR_ERR_STATE,
                     "'%s' was written while it was read; try again, or write under "
                     "another name and rename",
                     file->path);
  }
  return SVAR_OK;
}
