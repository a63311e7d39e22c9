// Stores in shared memory: svar_store_create(), svar_store_open() and svar_store_list().
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/account.h"
#include "ipc/segment.h"
#include "ipc/service.h"
#include "store/store_impl.h"

enum { DEFAULT_MODE = 0640 };

// What a call was given, each option with its value.
typedef struct request {
  svar_store_options_t options;
  svari_segment_options_t segment;
  svari_store_paths_t paths;
} request_t;

static svar_ret_t
read_request(const char *name, const svar_store_options_t *given, bool is_own,
             request_t *out_request)
{
  SVAR_TRY(svari_store_options_read(given, &out_request->options));
  const svar_store_options_t *options = &out_request->options;
  out_request->segment = (svari_segment_options_t){
      .store_name = name,
      .paths = &out_request->paths,
      .directory = svari_segment_directory(options->directory),
      .owner = is_own || options->owner == (uid_t)-1 ? geteuid() : options->owner,
      .capacity_bytes = options->capacity_bytes,
      .mode = options->mode != 0 ? options->mode : DEFAULT_MODE,
      .group = (gid_t)-1,
      .lock_memory = options->lock_memory,
      .huge_pages = options->huge_pages,
      .allocator = options->allocator != NULL ? *options->allocator : svar_allocator_default(),
  };
  if (options->group != NULL) {
    SVAR_TRY(svari_account_group(options->group, &out_request->segment.group));
  }
  return svari_store_paths(out_request->segment.directory, name, out_request->segment.owner,
                           &out_request->paths);
}

// Resumes what is there or makes it new, whichever a race with other creators and removers allows.
static svar_ret_t
hold_segment(const svari_segment_options_t *options, bool start_empty, svari_region_t **out_region)
{
  svar_ret_t ret;
  do {
    if (start_empty) {
      ret = svari_segment_discard(options);
      if (ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) {
        return ret;
      }
      ret = SVAR_ERR_NOT_FOUND;
    } else {
      ret = svari_segment_resume(options, out_region);
    }
    if (ret == SVAR_ERR_NOT_FOUND) {
      ret = svari_segment_create(options, out_region);
    }
  } while (ret == SVAR_ERR_EXISTS);
  return ret;
}

static svar_ret_t
hold(svari_region_t *region, svar_store_t **out_store)
{
  svar_ret_t ret = svari_store_new(region, true, out_store);
  if (ret != SVAR_OK) {
    const svari_header_t *header = (const svari_header_t *)region->space.read_base;
    if (atomic_load(&header->version) == 0) {
      (void)region->ops->remove(region); // made a moment ago, and empty
    }
    region->ops->destroy(region);
  }
  return ret;
}

static svar_ret_t
create(const request_t *request, svar_store_t **out_store)
{
  svari_region_t *region;
  SVAR_TRY(hold_segment(&request->segment, request->options.start_empty, &region));
  SVAR_TRY(hold(region, out_store));
  svar_ret_t ret =
      request->options.no_service ? SVAR_OK : svari_service_open(*out_store, &request->options);
  if (ret != SVAR_OK) {
    svar_store_close(*out_store);
  }
  return ret;
}

svar_ret_t
svar_store_create(const char *name, const svar_store_options_t *options, svar_store_t **out_store)
{
  SVAR_REQUIRE(name != NULL && out_store != NULL);
  request_t request;
  SVAR_TRY(read_request(name, options, true, &request));
  svari_birth_lock();
  svar_store_t *store;
  svar_ret_t ret = create(&request, &store);
  svari_birth_unlock();
  if (ret == SVAR_OK) {
    *out_store = store;
  }
  return ret;
}

static svar_ret_t
fail_open(svar_ret_t ret, const char *name, const svari_segment_options_t *segment)
{
  if (ret == SVAR_ERR_NOT_FOUND) {
    return svar_fail(SVAR_ERR_NOT_FOUND,
                     "there is no store '%s' of user %u in '%s': start its publisher, or see `svar "
                     "list` for the stores there are",
                     name, segment->owner, segment->directory);
  }
  return ret;
}

// Looks once more when the handle is complete: a store that went meanwhile was not there to be opened.
static svar_ret_t
attach(svari_region_t *region, svar_store_t **out_store)
{
  svar_store_t *store = NULL;
  svar_ret_t ret = svari_store_new(region, false, &store);
  if ((ret == SVAR_OK || ret == SVAR_ERR_READERS_FULL) && svari_segment_is_going(region)) {
    ret = SVAR_ERR_NOT_FOUND;
  }
  if (ret == SVAR_OK) {
    *out_store = store;
  } else if (store != NULL) {
    svar_store_close(store);
  } else {
    region->ops->destroy(region);
  }
  return ret;
}

static svar_ret_t
open_store(const svari_segment_options_t *segment, bool prefault, svar_store_t **out_store)
{
  // A store that is replaced while it is being opened is worth another look.
  enum { TRIES = 3 };
  svar_ret_t ret = SVAR_ERR_NOT_FOUND;
  for (int i = 0; i < TRIES && ret == SVAR_ERR_NOT_FOUND; i++) {
    svari_region_t *region;
    if ((ret = svari_segment_open(segment, &region)) != SVAR_OK) {
      break;
    }
    if (prefault) {
      madvise((void *)(uintptr_t)region->space.read_base, atomic_load(&region->space.known_bytes),
              MADV_POPULATE_READ);
    }
    ret = attach(region, out_store);
  }
  return fail_open(ret, segment->store_name, segment);
}

svar_ret_t
svar_store_open(const char *name, const svar_store_options_t *options, svar_store_t **out_store)
{
  SVAR_REQUIRE(name != NULL && out_store != NULL);
  request_t request;
  SVAR_TRY(read_request(name, options, false, &request));
  svari_birth_lock();
  svar_ret_t ret = open_store(&request.segment, request.options.prefault, out_store);
  svari_birth_unlock();
  return ret;
}

// --- clean -----------------------------------------------------------------------------------------

svar_ret_t
svar_store_clean(const char *name, const svar_store_options_t *options, bool is_rehearsal,
                 uint64_t *out_bytes)
{
  SVAR_REQUIRE(name != NULL);
  svar_store_options_t known;
  svari_store_paths_t paths;
  SVAR_TRY(svari_store_options_read(options, &known));
  svari_segment_options_t segment = {
      .store_name = name,
      .paths = &paths,
      .directory = svari_segment_directory(known.directory),
      .owner = known.owner == (uid_t)-1 ? geteuid() : known.owner,
  };
  SVAR_TRY(svari_store_paths_found(segment.directory, name, segment.owner, &paths));
  uint64_t bytes = 0;
  svari_birth_lock(); // a child forked meanwhile would keep the locks
  svar_ret_t ret = svari_segment_clean(&segment, is_rehearsal, &bytes);
  svari_birth_unlock();
  if (ret == SVAR_OK && out_bytes != NULL) {
    *out_bytes = bytes;
  }
  return ret;
}

// --- list ------------------------------------------------------------------------------------------

// A hashed file name does not tell the store's; its header does, to those who may read it.
static void
read_whole_name(int directory_fd, const char *file_name, char name[SVAR_STORE_NAME_BYTES])
{
  int fd = openat(directory_fd, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) {
    return;
  }
  char found[SVARI_NAME_BYTES];
  if (pread(fd, found, sizeof(found), offsetof(svari_header_t, name)) == (ssize_t)sizeof(found) &&
      memchr(found, '\0', sizeof(found)) != NULL && svari_store_name_check(found) == SVAR_OK) {
    memcpy(name, found, sizeof(found));
  }
  close(fd);
}

static bool
has_file(int directory_fd, const char *file_name, const char *suffix, const char *other_suffix)
{
  char other[NAME_MAX + 1];
  size_t stem = strlen(file_name) - strlen(suffix);
  snprintf(other, sizeof(other), "%.*s%s", (int)stem, file_name, other_suffix);
  return faccessat(directory_fd, other, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// A file of a store that is to be visited: every state file, and what is left without one. (Of a socket whose
// name was cut, nothing tells which files it belonged to.)
static bool
parse_file(int directory_fd, const char *file_name, char name[SVAR_STORE_NAME_BYTES],
           uid_t *out_owner)
{
  bool is_whole;
  if (svari_store_name_parse(file_name, name, out_owner, &is_whole)) {
    if (!is_whole) {
      read_whole_name(directory_fd, file_name, name);
    }
    return true;
  }
  if (svari_store_readers_parse(file_name, name, out_owner, &is_whole)) {
    return !has_file(directory_fd, file_name, ".readers", ".state");
  }
  return svari_store_socket_parse(file_name, name, out_owner, &is_whole) && is_whole &&
         !has_file(directory_fd, file_name, ".socket", ".state") &&
         !has_file(directory_fd, file_name, ".socket", ".readers");
}

svar_ret_t
svar_store_list(const char *directory, svar_store_visit_t visit, void *context)
{
  SVAR_REQUIRE(visit != NULL);
  directory = svari_segment_directory(directory);
  DIR *stream = opendir(directory);
  if (stream == NULL) {
    return svar_fail(errno == EACCES ? SVAR_ERR_PERMISSION : SVAR_ERR_SYSTEM,
                     "reading the segment directory '%s': %s", directory, strerror(errno));
  }
  bool go_on = true;
  for (struct dirent *file = readdir(stream); file != NULL && go_on; file = readdir(stream)) {
    char name[SVAR_STORE_NAME_BYTES];
    uid_t owner;
    if (parse_file(dirfd(stream), file->d_name, name, &owner)) {
      go_on = visit(name, owner, context);
    }
  }
  closedir(stream);
  return SVAR_OK;
}
