#include "ipc/segment_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static svar_ret_t
fail_call(const char *what, const char *path)
{
  int error = errno;
  switch (error) {
  case ENOENT:
    return svar_fail(SVAR_ERR_NOT_FOUND, "%s '%s': it does not exist", what, path);
  case EACCES:
  case EPERM:
  case EROFS:
    return svar_fail(SVAR_ERR_PERMISSION,
                     "%s '%s': %s; ask its owner for a group or mode that lets this user in", what,
                     path, strerror(error));
  case ENOSPC:
  case EDQUOT:
    return svar_fail(SVAR_ERR_NO_SPACE, "%s '%s': %s", what, path, strerror(error));
  default:
    return svar_fail(SVAR_ERR_SYSTEM, "%s '%s': %s", what, path, strerror(error));
  }
}

svar_ret_t
svari_file_make(const char *directory, mode_t mode, gid_t group, int *out_fd)
{
  int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
  if (fd < 0 && errno == EOPNOTSUPP) {
    return svar_fail(
        SVAR_ERR_UNSUPPORTED,
        "the file system of the segment directory '%s' has no unnamed files (O_TMPFILE); "
        "use a tmpfs such as /dev/shm",
        directory);
  }
  if (fd < 0) {
    return fail_call("making a file in the segment directory", directory);
  }
  if (fchmod(fd, mode) != 0 || (group != (gid_t)-1 && fchown(fd, (uid_t)-1, group) != 0)) {
    svar_ret_t ret = fail_call("setting mode and group of a file in", directory);
    close(fd);
    return ret;
  }
  *out_fd = fd;
  return SVAR_OK;
}

// Growing a file beyond RLIMIT_FSIZE raises SIGXFSZ, which ends the process: looked at before.
static svar_ret_t
check_size_limit(int fd, const char *path, uint64_t end)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      end <= limit.rlim_cur || end <= svari_file_bytes(fd)) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_NO_SPACE,
                   "'%s' needs to grow to %llu bytes, this process may make files of %llu: raise "
                   "RLIMIT_FSIZE (ulimit -f, LimitFSIZE= of a systemd unit)",
                   path, (unsigned long long)end, (unsigned long long)limit.rlim_cur);
}

static svar_ret_t
fail_no_space(int fd, const char *path, uint64_t size_bytes)
{
  struct statvfs system = {0};
  fstatvfs(fd, &system);
  return svar_fail(SVAR_ERR_NO_SPACE,
                   "'%s' needs %llu bytes more; its file system has %llu of %llu bytes left; free "
                   "some, enlarge it "
                   "(mount -o remount,size=..., docker run --shm-size=...), or set "
                   "SVAR_SEGMENT_DIR to a larger one",
                   path, (unsigned long long)size_bytes,
                   (unsigned long long)system.f_bavail * system.f_frsize,
                   (unsigned long long)system.f_blocks * system.f_frsize);
}

svar_ret_t
svari_file_allocate(int fd, const char *path, uint64_t offset, uint64_t size_bytes)
{
  int ret;
  SVAR_TRY(check_size_limit(fd, path, offset + size_bytes));
  do {
    ret = fallocate(fd, 0, (off_t)offset, (off_t)size_bytes);
  } while (ret != 0 && errno == EINTR);
  if (ret == 0) {
    return SVAR_OK;
  }
  return errno == ENOSPC || errno == EDQUOT ? fail_no_space(fd, path, size_bytes)
                                            : fail_call("taking memory for", path);
}

svar_ret_t
svari_file_name(int fd, const char *path)
{
  char self[64];
  snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
  if (linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0) {
    return SVAR_OK;
  }
  if (errno == EEXIST) {
    return svar_fail(SVAR_ERR_EXISTS, "'%s' exists already", path);
  }
  return fail_call("naming", path);
}

svar_ret_t
svari_file_open(const char *path, bool writable, uid_t owner, int *out_fd)
{
  int fd = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) {
    return fail_call("opening", path);
  }
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != owner) {
    close(fd);
    return svar_fail(SVAR_ERR_CORRUPT,
                     "'%s' is not a regular file of user %u, as its name says: remove it", path,
                     owner);
  }
  *out_fd = fd;
  return SVAR_OK;
}

svar_ret_t
svari_file_map(int fd, const char *path, uint64_t size_bytes, bool writable, void **out_map)
{
  void *map =
      mmap(NULL, size_bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) {
    int error = errno;
    return svar_fail(error == ENOMEM ? SVAR_ERR_NO_MEMORY : SVAR_ERR_SYSTEM,
                     "mapping %llu bytes of '%s': %s", (unsigned long long)size_bytes, path,
                     strerror(error));
  }
  *out_map = map;
  return SVAR_OK;
}

uint64_t
svari_file_bytes(int fd)
{
  struct stat status;
  return fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

uint64_t
svari_file_memory_bytes(int fd)
{
  struct stat status;
  return fstat(fd, &status) == 0 ? (uint64_t)status.st_blocks * 512 : 0;
}

bool
svari_file_is_named(int fd, const char *path)
{
  struct stat mine;
  struct stat named;
  return fstat(fd, &mine) == 0 && lstat(path, &named) == 0 && mine.st_dev == named.st_dev &&
         mine.st_ino == named.st_ino;
}

static bool
control_lock(int fd, int command, uint64_t byte, short type, struct flock *lock)
{
  *lock = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
  return fcntl(fd, command, lock) == 0;
}

bool
svari_file_lock(int fd, uint64_t byte)
{
  struct flock lock;
  return control_lock(fd, F_OFD_SETLK, byte, F_WRLCK, &lock);
}

void
svari_file_unlock(int fd, uint64_t byte)
{
  struct flock lock;
  (void)control_lock(fd, F_OFD_SETLK, byte, F_UNLCK, &lock);
}

bool
svari_file_is_locked(int fd, uint64_t byte)
{
  struct flock lock;
  return control_lock(fd, F_OFD_GETLK, byte, F_WRLCK, &lock) && lock.l_type != F_UNLCK;
}

// A length of 0 reaches to the end of all files.
static bool
control_whole_lock(int fd, int command, struct flock *lock)
{
  *lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
  return fcntl(fd, command, lock) == 0;
}

bool
svari_file_lock_whole(int fd)
{
  struct flock lock;
  return control_whole_lock(fd, F_OFD_SETLK, &lock);
}

bool
svari_file_is_locked_anywhere(int fd)
{
  struct flock lock;
  return control_whole_lock(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

bool
svari_file_is_locked_whole(int fd)
{
  struct flock lock;
  return control_whole_lock(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK && lock.l_len == 0;
}
