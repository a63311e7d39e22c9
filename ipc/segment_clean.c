// Removing stores that nobody uses. The kernel's locks say who does: the cleaner takes them all, on
// every byte of both files, and from then on nobody can begin to hold or to read what it removes. A
// process that is refused meanwhile finds out why, and looks again (see open_and_hold() and
// svari_segment_is_going()). That also serves files of other builds, wherever they put their locks.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/segment_file.h"
#include "ipc/segment_impl.h"
#include "store/store_impl.h"

enum { NO_FD = -1, LEFTOVER_MODE = 0600 };

typedef struct cleaning {
  const svari_segment_options_t *options;
  bool is_rehearsal;
  int state_fd;
  int readers_fd;
} cleaning_t;

static void
close_files(cleaning_t *cleaning)
{
  if (cleaning->state_fd != NO_FD) {
    close(cleaning->state_fd);
  }
  if (cleaning->readers_fd != NO_FD) {
    close(cleaning->readers_fd);
  }
  cleaning->state_fd = NO_FD;
  cleaning->readers_fd = NO_FD;
}

// A rehearsal must not be in anybody's way: it only looks.
static bool
take_lock(const cleaning_t *cleaning, int fd)
{
  return cleaning->is_rehearsal ? !svari_file_is_locked_anywhere(fd) : svari_file_lock_whole(fd);
}

// Names the first reader whose lock is held, as far as the table can be understood.
static svar_ret_t
fail_read(const cleaning_t *cleaning)
{
  const char *store_name = cleaning->options->store_name;
  svari_readers_t head;
  size_t head_bytes = offsetof(svari_readers_t, slots);
  if (pread(cleaning->readers_fd, &head, head_bytes, 0) == (ssize_t)head_bytes &&
      head.magic == SVARI_READERS_MAGIC && head.layout_hash == svari_layout_hash()) {
    for (uint32_t i = 0; i < SVARI_PROCESSES; i++) {
      int32_t pid = atomic_load(&head.processes[i].pid);
      if (pid != 0 && svari_file_is_locked(cleaning->readers_fd, i)) {
        return svar_fail(SVAR_ERR_BUSY, "store '%s' is read by process %d (%.*s): it stays",
                         store_name, pid, (int)sizeof(head.processes[i].program),
                         head.processes[i].program);
      }
    }
  }
  return svar_fail(SVAR_ERR_BUSY, "store '%s': its reader table is in use: it stays", store_name);
}

// Opens the reader table, if there is one, and makes sure that nobody is in it.
static svar_ret_t
take_readers(cleaning_t *cleaning)
{
  const svari_segment_options_t *options = cleaning->options;
  svar_ret_t ret =
      svari_file_open(options->paths->readers, true, options->owner, &cleaning->readers_fd);
  if (ret != SVAR_OK) {
    return ret;
  }
  return take_lock(cleaning, cleaning->readers_fd) ? SVAR_OK : fail_read(cleaning);
}

static svar_ret_t
check_gone(const char *path)
{
  return access(path, F_OK) != 0
             ? SVAR_OK
             : svar_fail(SVAR_ERR_PERMISSION, "'%s' cannot be removed by this user", path);
}

static svar_ret_t
clean_pair(cleaning_t *cleaning)
{
  const svari_segment_options_t *options = cleaning->options;
  const svari_store_paths_t *paths = options->paths;
  if (!take_lock(cleaning, cleaning->state_fd)) {
    return svari_segment_fail_held(cleaning->state_fd, options->store_name,
                                   "once that process has ended it can be removed, if it did "
                                   "not remove it itself");
  }
  if (!svari_file_is_named(cleaning->state_fd, paths->state)) {
    return SVAR_ERR_EXISTS; // another store has come in its place
  }
  svar_ret_t ret = take_readers(cleaning);
  if ((ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) || cleaning->is_rehearsal) {
    return ret == SVAR_ERR_NOT_FOUND ? SVAR_OK : ret;
  }
  svari_segment_retire(cleaning->state_fd, paths->state);
  svari_segment_unlink(paths);
  return check_gone(paths->state);
}

// A state file that says it is being removed, made and named to keep others from the name.
static svar_ret_t
make_placeholder(cleaning_t *cleaning)
{
  const svari_segment_options_t *options = cleaning->options;
  static const uint8_t no_generation[16];
  void *map;
  SVAR_TRY(svari_file_make(options->directory, LEFTOVER_MODE, (gid_t)-1, &cleaning->state_fd));
  if (options->owner != geteuid() && fchown(cleaning->state_fd, options->owner, (gid_t)-1) != 0) {
    return svar_fail(SVAR_ERR_PERMISSION, "a file for user %u cannot be made: %s", options->owner,
                     strerror(errno));
  }
  (void)svari_file_lock_whole(cleaning->state_fd); // nobody else can know the file
  SVAR_TRY(svari_file_allocate(cleaning->state_fd, options->paths->state, 0, SVARI_PAGE_BYTES));
  SVAR_TRY(svari_file_map(cleaning->state_fd, options->paths->state, SVARI_PAGE_BYTES, true, &map));
  svari_store_format_header(map, options->store_name, SVARI_PAGE_BYTES, no_generation);
  atomic_store(&((svari_header_t *)map)->retired, 1);
  munmap(map, SVARI_PAGE_BYTES);
  return svari_file_name(cleaning->state_fd, options->paths->state);
}

// The reader table, if there is one; a socket, which nobody who has no store can serve, needs no lock.
static svar_ret_t
take_leftovers(cleaning_t *cleaning)
{
  svar_ret_t ret = take_readers(cleaning);
  struct stat status;
  bool is_socket = lstat(cleaning->options->paths->socket, &status) == 0 &&
                   S_ISSOCK(status.st_mode) && status.st_uid == cleaning->options->owner;
  return ret == SVAR_ERR_NOT_FOUND && is_socket ? SVAR_OK : ret;
}

// A reader table or a socket that is all there is. Only who owns the state file's name may touch the others:
// a creator might have made one under it a moment ago.
static svar_ret_t
clean_orphan(cleaning_t *cleaning)
{
  const svari_store_paths_t *paths = cleaning->options->paths;
  SVAR_TRY(take_leftovers(cleaning));
  if (cleaning->is_rehearsal) {
    return SVAR_OK;
  }
  SVAR_TRY(make_placeholder(cleaning)); // SVAR_ERR_EXISTS: a creator was faster
  unlink(paths->socket);
  if (cleaning->readers_fd != NO_FD && svari_file_is_named(cleaning->readers_fd, paths->readers)) {
    unlink(paths->readers);
  }
  unlink(paths->state);
  SVAR_TRY(check_gone(paths->socket));
  return check_gone(paths->readers);
}

static svar_ret_t
clean_once(cleaning_t *cleaning, uint64_t *out_bytes)
{
  const svari_segment_options_t *options = cleaning->options;
  svar_ret_t ret =
      svari_file_open(options->paths->state, true, options->owner, &cleaning->state_fd);
  if (ret == SVAR_OK) {
    *out_bytes = svari_file_memory_bytes(cleaning->state_fd);
    ret = clean_pair(cleaning);
  } else if (ret == SVAR_ERR_NOT_FOUND) {
    *out_bytes = 0;
    ret = clean_orphan(cleaning);
  }
  if (ret == SVAR_OK && cleaning->readers_fd != NO_FD) {
    *out_bytes += svari_file_memory_bytes(cleaning->readers_fd);
  }
  return ret;
}

svar_ret_t
svari_segment_clean(const svari_segment_options_t *options, bool is_rehearsal, uint64_t *out_bytes)
{
  if (geteuid() != 0 && geteuid() != options->owner) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "store '%s' is of user %u: only that user, or root, can remove it",
                     options->store_name, options->owner);
  }
  svar_ret_t ret;
  do {
    cleaning_t cleaning = {options, is_rehearsal, NO_FD, NO_FD};
    ret = clean_once(&cleaning, out_bytes);
    close_files(&cleaning);
  } while (ret == SVAR_ERR_EXISTS);
  if (ret == SVAR_ERR_NOT_FOUND) {
    return svar_fail(SVAR_ERR_NOT_FOUND, "there is no store '%s' of user %u in '%s'",
                     options->store_name, options->owner, options->directory);
  }
  return ret;
}
