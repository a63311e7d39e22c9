// Stores in shared memory: svar_store_create(), svar_store_open() and svar_store_list().
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/segment.h"
#include "store/store_impl.h"

enum { DEFAULT_MODE = 0640 };

static svar_ret_t
find_group(const char *name, gid_t *out_group)
{
  struct group entry;
  struct group *found = NULL;
  char buffer[4096];
  int error = getgrnam_r(name, &entry, buffer, sizeof(buffer), &found);
  if (found == NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT, "there is no group '%s'%s%s", name, error ? ": " : "",
                     error ? strerror(error) : "");
  }
  *out_group = entry.gr_gid;
  return SVAR_OK;
}

// Reads the options, of which each has a default, into those of a segment.
static svar_ret_t
segment_options(const char *name, const svar_store_options_t *given, bool is_own,
                svari_store_paths_t *paths, svari_segment_options_t *out_options)
{
  static const svar_store_options_t defaults = SVAR_STORE_OPTIONS_INIT;
  SVAR_TRY(svari_store_options_check(given));
  svar_store_options_t options = defaults;
  if (given != NULL) {
    memcpy(&options, given, given->size_bytes);
  }
  *out_options = (svari_segment_options_t){
      .store_name = name,
      .paths = paths,
      .directory = svari_segment_directory(options.directory),
      .owner = is_own || options.owner == (uid_t)-1 ? geteuid() : options.owner,
      .capacity_bytes = options.capacity_bytes,
      .mode = options.mode != 0 ? options.mode : DEFAULT_MODE,
      .group = (gid_t)-1,
      .allocator = options.allocator != NULL ? *options.allocator : svar_allocator_default(),
  };
  if (options.group != NULL) {
    SVAR_TRY(find_group(options.group, &out_options->group));
  }
  return svari_store_paths(out_options->directory, name, out_options->owner, paths);
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
new_store(svari_region_t *region, bool is_writer, svar_store_t **out_store)
{
  svar_ret_t ret = svari_store_new(region, is_writer, out_store);
  if (ret != SVAR_OK) {
    const svari_header_t *header = (const svari_header_t *)region->read_base;
    if (is_writer && atomic_load(&header->version) == 0) {
      (void)region->ops->remove(region); // made a moment ago, and empty
    }
    region->ops->destroy(region);
  }
  return ret;
}

static svar_ret_t
create(const svari_segment_options_t *segment, bool start_empty, svar_store_t **out_store)
{
  svari_region_t *region;
  SVAR_TRY(hold_segment(segment, start_empty, &region));
  return new_store(region, true, out_store);
}

svar_ret_t
svar_store_create(const char *name, const svar_store_options_t *options, svar_store_t **out_store)
{
  SVAR_REQUIRE(name != NULL && out_store != NULL);
  svari_store_paths_t paths;
  svari_segment_options_t segment;
  SVAR_TRY(segment_options(name, options, true, &paths, &segment));
  svari_birth_lock();
  svar_ret_t ret = create(&segment, options != NULL && options->start_empty, out_store);
  svari_birth_unlock();
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

static svar_ret_t
open_store(const svari_segment_options_t *segment, bool prefault, svar_store_t **out_store)
{
  svari_region_t *region;
  svar_ret_t ret = svari_segment_open(segment, &region);
  if (ret != SVAR_OK) {
    return fail_open(ret, segment->store_name, segment);
  }
  if (prefault) {
    madvise((void *)(uintptr_t)region->read_base, atomic_load(&region->known_bytes),
            MADV_POPULATE_READ);
  }
  return new_store(region, false, out_store);
}

svar_ret_t
svar_store_open(const char *name, const svar_store_options_t *options, svar_store_t **out_store)
{
  SVAR_REQUIRE(name != NULL && out_store != NULL);
  svari_store_paths_t paths;
  svari_segment_options_t segment;
  SVAR_TRY(segment_options(name, options, false, &paths, &segment));
  svari_birth_lock();
  svar_ret_t ret = open_store(&segment, options != NULL && options->prefault, out_store);
  svari_birth_unlock();
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
    bool is_whole;
    if (svari_store_name_parse(file->d_name, name, &owner, &is_whole)) {
      if (!is_whole) {
        read_whole_name(dirfd(stream), file->d_name, name);
      }
      go_on = visit(name, owner, context);
    }
  }
  closedir(stream);
  return SVAR_OK;
}
