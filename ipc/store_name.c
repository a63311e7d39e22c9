#include "ipc/store_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/ros_name.h"

// svar.<uid>.<mangled>.state: '/' becomes '.', which a ROS name cannot hold; the leading one is left
// out. File names have at most 255 bytes: a longer mangled name keeps its head and ends in '~' and the
// hash of the whole. The name of the socket is cut earlier: an address holds 107 bytes, and may have to begin
// with /proc/self/fd/<number>/ (service_socket.c).
enum { MANGLED_BYTES = 200, HEAD_BYTES = 160, SOCKET_MANGLED_BYTES = 60, SOCKET_HEAD_BYTES = 27 };

const char *
svari_segment_directory(const char *directory)
{
  if (directory != NULL) {
    return directory;
  }
  const char *from_environment = secure_getenv("SVAR_SEGMENT_DIR");
  return from_environment != NULL && from_environment[0] != '\0' ? from_environment : "/dev/shm";
}

svar_ret_t
svari_store_name_check(const char *name)
{
  if (!svari_ros_name_is_absolute(name, SVAR_STORE_NAME_BYTES)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "'%.255s' cannot name a store: it takes an absolute ROS name of at most %d "
                     "bytes, such as /policy/weights (letters, digits, single underscores)",
                     name, SVAR_STORE_NAME_BYTES - 1);
  }
  return SVAR_OK;
}

static uint64_t
hash_bytes(const char *text, uint64_t seed)
{
  uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed; // FNV-1a
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
    hash = (hash ^ *c) * UINT64_C(0x100000001b3);
  }
  return hash;
}

static void
mangle(const char *name, size_t most_bytes, size_t head_bytes, char mangled[SVAR_STORE_NAME_BYTES])
{
  snprintf(mangled, SVAR_STORE_NAME_BYTES, "%s", name + 1);
  for (char *c = mangled; *c != '\0'; c++) {
    *c = *c == '/' ? '.' : *c;
  }
  if (strlen(mangled) > most_bytes) {
    snprintf(mangled + head_bytes, SVAR_STORE_NAME_BYTES - head_bytes, "~%016llx%016llx",
             (unsigned long long)hash_bytes(name, 0),
             (unsigned long long)hash_bytes(name, UINT64_C(0x9e3779b97f4a7c15)));
  }
}

static svar_ret_t
make_paths(const char *directory, const char *name, uid_t owner, svari_store_paths_t *out_paths)
{
  char mangled[SVAR_STORE_NAME_BYTES];
  mangle(name, MANGLED_BYTES, HEAD_BYTES, mangled);
  int length =
      snprintf(out_paths->state, PATH_MAX, "%s/svar.%u.%s.state", directory, owner, mangled);
  snprintf(out_paths->readers, PATH_MAX, "%s/svar.%u.%s.readers", directory, owner, mangled);
  mangle(name, SOCKET_MANGLED_BYTES, SOCKET_HEAD_BYTES, mangled);
  snprintf(out_paths->socket, PATH_MAX, "%s/svar.%u.%s.socket", directory, owner, mangled);
  if (length < 0 || length + 2 >= PATH_MAX) { // ".readers" is two bytes longer
    return svar_fail(SVAR_ERR_ARGUMENT, "the segment directory '%.100s...' has too long a path",
                     directory);
  }
  return SVAR_OK;
}

svar_ret_t
svari_store_paths(const char *directory, const char *name, uid_t owner,
                  svari_store_paths_t *out_paths)
{
  SVAR_TRY(svari_store_name_check(name));
  return make_paths(directory, name, owner, out_paths);
}

// A cut name mangles to itself: it is short enough, and holds the '~' that no ROS name can.
svar_ret_t
svari_store_paths_found(const char *directory, const char *name, uid_t owner,
                        svari_store_paths_t *out_paths)
{
  const char *hash = strchr(name, '~');
  if (hash == NULL) {
    return svari_store_paths(directory, name, owner, out_paths);
  }
  if (name[0] != '/' || strlen(name) > MANGLED_BYTES || strchr(hash, '/') != NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT, "'%.255s' is not the name of a store", name);
  }
  return make_paths(directory, name, owner, out_paths);
}

// Decimal digits as printf() writes them, and a '.'. Returns what follows, or NULL.
static const char *
parse_owner(const char *text, uid_t *out_owner)
{
  uint64_t owner = 0;
  const char *c = text;
  for (; *c >= '0' && *c <= '9' && owner <= UINT32_MAX; c++) {
    owner = owner * 10 + (uint64_t)(*c - '0');
  }
  bool is_number = c != text && (text[0] != '0' || c == text + 1) && owner <= UINT32_MAX;
  if (!is_number || *c != '.') {
    return NULL;
  }
  *out_owner = (uid_t)owner;
  return c + 1;
}

// Only names that svari_store_paths() makes: another file is no store, whatever it calls itself.
static bool
parse(const char *file_name, const char *suffix, char name[SVAR_STORE_NAME_BYTES], uid_t *out_owner,
      bool *out_is_whole)
{
  static const char prefix[] = "svar.";
  const char *mangled = strncmp(file_name, prefix, strlen(prefix)) == 0
                            ? parse_owner(file_name + strlen(prefix), out_owner)
                            : NULL;
  size_t length = mangled != NULL ? strlen(mangled) : 0;
  if (length <= strlen(suffix) || strcmp(mangled + length - strlen(suffix), suffix) != 0 ||
      strchr(mangled, '/') != NULL) {
    return false;
  }
  size_t mangled_length = length - strlen(suffix);
  if (mangled_length > MANGLED_BYTES) {
    return false;
  }
  snprintf(name, SVAR_STORE_NAME_BYTES, "/%.*s", (int)mangled_length, mangled);
  for (char *c = name; *c != '\0'; c++) {
    *c = *c == '.' ? '/' : *c;
  }
  *out_is_whole = strchr(name, '~') == NULL;
  return !*out_is_whole || svari_store_name_check(name) == SVAR_OK;
}

bool
svari_store_name_parse(const char *file_name, char name[SVAR_STORE_NAME_BYTES], uid_t *out_owner,
                       bool *out_is_whole)
{
  return parse(file_name, ".state", name, out_owner, out_is_whole);
}

bool
svari_store_readers_parse(const char *file_name, char name[SVAR_STORE_NAME_BYTES], uid_t *out_owner,
                          bool *out_is_whole)
{
  return parse(file_name, ".readers", name, out_owner, out_is_whole);
}

bool
svari_store_socket_parse(const char *file_name, char name[SVAR_STORE_NAME_BYTES], uid_t *out_owner,
                         bool *out_is_whole)
{
  return parse(file_name, ".socket", name, out_owner, out_is_whole);
}
