#include "tools/npy_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/npy.h"

enum {
  MAGIC_BYTES = 8, // two of them the version
  HEADER_BYTES_MAX = 1 << 16,
  TEXT_BYTES = 16 // of a key, a descriptor
};

// --- the header: the text of a Python dictionary ---------------------------------------------------

typedef struct header {
  char descriptor[TEXT_BYTES];
  bool is_fortran;
  int32_t ndim;
  int64_t shape[SVAR_NDIM_MAX];
  bool has_descriptor, has_order, has_shape;
} header_t;

static void
skip(const char **at)
{
  *at += strspn(*at, " \t\r\n");
}

static bool
take_char(const char **at, char wanted)
{
  skip(at);
  if (**at != wanted) {
    return false;
  }
  ++*at;
  return true;
}

static bool
take_word(const char **at, const char *wanted)
{
  skip(at);
  if (strncmp(*at, wanted, strlen(wanted)) != 0) {
    return false;
  }
  *at += strlen(wanted);
  return true;
}

static bool
take_string(const char **at, char text[TEXT_BYTES])
{
  skip(at);
  char quote = **at;
  if (quote != '\'' && quote != '"') {
    return false;
  }
  const char *end = strchr(++*at, quote);
  if (end == NULL || end - *at >= TEXT_BYTES) {
    return false;
  }
  snprintf(text, TEXT_BYTES, "%.*s", (int)(end - *at), *at);
  *at = end + 1;
  return true;
}

static bool
take_extent(const char **at, int64_t *out_extent)
{
  char *end;
  skip(at);
  if (**at < '0' || **at > '9') {
    return false;
  }
  errno = 0;
  *out_extent = strtoll(*at, &end, 10);
  *at = end + (*end == 'L'); // Python 2 wrote 3L
  return errno == 0;
}

static bool
take_shape(const char **at, header_t *header)
{
  header->ndim = 0;
  if (!take_char(at, '(')) {
    return false;
  }
  while (!take_char(at, ')')) {
    if (header->ndim == SVAR_NDIM_MAX || !take_extent(at, &header->shape[header->ndim])) {
      return false;
    }
    header->ndim++;
    if (!take_char(at, ',')) {
      return take_char(at, ')');
    }
  }
  return true;
}

static bool
take_entry(const char **at, header_t *header)
{
  char key[TEXT_BYTES];
  if (!take_string(at, key) || !take_char(at, ':')) {
    return false;
  }
  if (strcmp(key, "descr") == 0) {
    return header->has_descriptor = take_string(at, header->descriptor);
  }
  if (strcmp(key, "fortran_order") == 0) {
    header->is_fortran = take_word(at, "True");
    return header->has_order = header->is_fortran || take_word(at, "False");
  }
  return strcmp(key, "shape") == 0 && (header->has_shape = take_shape(at, header));
}

static bool
parse_header(const char *text, header_t *out_header)
{
  *out_header = (header_t){.ndim = 0};
  if (!take_char(&text, '{')) {
    return false;
  }
  while (!take_char(&text, '}')) {
    if (!take_entry(&text, out_header) || (!take_char(&text, ',') && *text != '}')) {
      return false;
    }
  }
  skip(&text);
  return *text == '\0' && out_header->has_descriptor && out_header->has_order &&
         out_header->has_shape;
}

// --- the file --------------------------------------------------------------------------------------

typedef struct npy_file {
  const char *path;
  int fd;
  uint64_t size_bytes;
} npy_file_t;

static svar_ret_t
fail_file(const npy_file_t *file, int error)
{
  svar_ret_t code = error == ENOENT   ? SVAR_ERR_NOT_FOUND
                    : error == EACCES ? SVAR_ERR_PERMISSION
                                      : SVAR_ERR_SYSTEM;
  return svar_fail(code, "reading '%s': %s", file->path, strerror(error));
}

static svar_ret_t
read_at(const npy_file_t *file, void *bytes, uint64_t size_bytes, uint64_t offset)
{
  uint8_t *to = bytes;
  if (offset > file->size_bytes || size_bytes > file->size_bytes - offset) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' has %llu bytes: fewer than its header says",
                     file->path, (unsigned long long)file->size_bytes);
  }
  while (size_bytes > 0) {
    ssize_t taken = pread(file->fd, to, size_bytes, (off_t)offset);
    if (taken < 0 && errno == EINTR) {
      continue;
    }
    if (taken <= 0) {
      return taken < 0 ? fail_file(file, errno)
                       : svar_fail(SVAR_ERR_CORRUPT, "'%s' was cut while it was read", file->path);
    }
    to += taken;
    offset += (uint64_t)taken;
    size_bytes -= (uint64_t)taken;
  }
  return SVAR_OK;
}

// Where the header's text begins, and its length.
static svar_ret_t
find_header(const npy_file_t *file, uint64_t *out_start, uint64_t *out_bytes)
{
  uint8_t prefix[MAGIC_BYTES + 4] = {0};
  uint64_t prefix_bytes = file->size_bytes < sizeof(prefix) ? file->size_bytes : sizeof(prefix);
  SVAR_TRY(read_at(file, prefix, prefix_bytes, 0));
  if (memcmp(prefix, "\x93NUMPY", 6) != 0) {
    return svar_fail(SVAR_ERR_SYNTAX, "'%s' is no .npy file", file->path);
  }
  if (prefix[6] < 1 || prefix[6] > 3) {
    return svar_fail(SVAR_ERR_SYNTAX, "'%s' is of version %u of the .npy format: 1 to 3 are known",
                     file->path, prefix[6]);
  }
  bool is_short = prefix[6] == 1;
  *out_start = MAGIC_BYTES + (is_short ? 2 : 4);
  *out_bytes = (uint64_t)prefix[8] | (uint64_t)prefix[9] << 8;
  if (!is_short) {
    *out_bytes |= (uint64_t)prefix[10] << 16 | (uint64_t)prefix[11] << 24;
  }
  return *out_bytes < HEADER_BYTES_MAX
             ? SVAR_OK
             : svar_fail(SVAR_ERR_SYNTAX, "'%s': a header of %llu bytes, at most %d are read",
                         file->path, (unsigned long long)*out_bytes, HEADER_BYTES_MAX - 1);
}

static svar_ret_t
read_header(const npy_file_t *file, header_t *out_header, uint64_t *out_elements_at)
{
  char text[HEADER_BYTES_MAX];
  uint64_t start = 0, size_bytes = 0;
  SVAR_TRY(find_header(file, &start, &size_bytes));
  SVAR_TRY(read_at(file, text, size_bytes, start));
  text[size_bytes] = '\0';
  if (!parse_header(text, out_header)) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "'%s': its header is not understood (arrays of records are not): %.100s",
                     file->path, text);
  }
  *out_elements_at = start + size_bytes;
  return SVAR_OK;
}

// --- the array -------------------------------------------------------------------------------------

static void
set_strides(svari_npy_array_t *array)
{
  int64_t stride = 1;
  for (int32_t axis = 0; axis < array->tensor.ndim; axis++) {
    array->strides[axis] = stride;
    stride *= array->shape[axis];
  }
  array->tensor.strides = array->strides;
}

static svar_ret_t
check_elements(const npy_file_t *file, const header_t *header, svar_dtype_t *out_dtype,
               uint64_t *out_bytes)
{
  if (!svari_npy_dtype(header->descriptor, out_dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "'%s': no variable has elements of NumPy's type '%s'",
                     file->path, header->descriptor);
  }
  SVAR_TRY(svar_shape_bytes(*out_dtype, header->ndim, header->shape, out_bytes));
  if (*out_bytes > file->size_bytes) { // before that much memory is asked for
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' has %llu bytes, its elements would take %llu",
                     file->path, (unsigned long long)file->size_bytes,
                     (unsigned long long)*out_bytes);
  }
  return SVAR_OK;
}

static svar_ret_t
read_array(const npy_file_t *file, svari_npy_array_t *array)
{
  header_t header;
  svar_dtype_t dtype;
  uint64_t elements_at = 0, size_bytes = 0;
  SVAR_TRY(read_header(file, &header, &elements_at));
  SVAR_TRY(check_elements(file, &header, &dtype, &size_bytes));
  array->elements = malloc(size_bytes + 1); // not of 0 bytes
  if (array->elements == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the %llu bytes of '%s'",
                     (unsigned long long)size_bytes, file->path);
  }
  memcpy(array->shape, header.shape, sizeof(header.shape));
  array->tensor = svar_tensor(dtype, array->elements, header.ndim, array->shape);
  if (header.is_fortran && size_bytes > 0) {
    set_strides(array);
  }
  return read_at(file, array->elements, size_bytes, elements_at);
}

svar_ret_t
svari_npy_read(const char *path, svari_npy_array_t *out_array)
{
  struct stat status;
  npy_file_t file = {.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  *out_array = (svari_npy_array_t)SVARI_NPY_ARRAY_INIT;
  if (file.fd < 0) {
    return fail_file(&file, errno);
  }
  svar_ret_t ret;
  if (fstat(file.fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    ret = svar_fail(SVAR_ERR_SYSTEM, "'%s' is not a regular file", path);
  } else {
    file.size_bytes = (uint64_t)status.st_size;
    ret = read_array(&file, out_array);
  }
  close(file.fd);
  if (ret != SVAR_OK) {
    svari_npy_array_fini(out_array);
  }
  return ret;
}

void
svari_npy_array_fini(svari_npy_array_t *array)
{
  free(array->elements);
  array->elements = NULL;
}
