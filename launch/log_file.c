#include "launch/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static svar_ret_t
fail(const char *path)
{
  return svar_fail(
      SVAR_ERR_SYSTEM,
      "no log files can be made in '%.400s': %s; set ROS_LOG_DIR to a directory that can be "
      "written",
      path, strerror(errno));
}

// The directory of all launches, as ROS 2 finds it.
static svar_ret_t
find_base(char *base, size_t size_bytes)
{
  const char *directory = getenv("ROS_LOG_DIR");
  const char *below = "";
  if (directory == NULL || *directory == '\0') {
    directory = getenv("ROS_HOME");
    below = "/log";
  }
  if (directory == NULL || *directory == '\0') {
    directory = "~/.ros";
  }
  const char *home = "";
  if (*directory == '~' && (directory[1] == '/' || directory[1] == '\0')) {
    ++directory;
    home = getenv("HOME");
    if (home == NULL) {
      errno = ENOENT;
      return fail("~");
    }
  }
  int length = snprintf(base, size_bytes, "%s%s%s", home, directory, below);
  if (length < 0 || (size_t)length >= size_bytes) {
    errno = ENAMETOOLONG;
    return fail(directory);
  }
  return SVAR_OK;
}

// Makes the directory and those above it, where they are missing.
static svar_ret_t
make_all(char *path)
{
  for (char *at = path + 1;; ++at) {
    if (*at != '/' && *at != '\0') {
      continue;
    }
    char end = *at;
    *at = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
      return fail(path);
    }
    *at = end;
    if (end == '\0') {
      return SVAR_OK;
    }
  }
}

// Points base/latest to name. Best effort: somebody may have put something else there.
static void
renew_latest(const char *base, const char *name)
{
  char link[PATH_MAX];
  char fresh[PATH_MAX];
  struct stat status;
  snprintf(link, sizeof(link), "%s/latest", base);
  snprintf(fresh, sizeof(fresh), "%s/.latest-%d", base, (int)getpid());
  bool is_taken = lstat(link, &status) == 0 && !S_ISLNK(status.st_mode);
  if (!is_taken && symlink(name, fresh) == 0 && rename(fresh, link) != 0) {
    unlink(fresh);
  }
}

static void
make_name(char *name, size_t size_bytes)
{
  char host[HOST_NAME_MAX + 1] = "";
  char date[32] = "";
  struct timespec now;
  struct tm local;
  clock_gettime(CLOCK_REALTIME, &now);
  localtime_r(&now.tv_sec, &local);
  strftime(date, sizeof(date), "%Y-%m-%d-%H-%M-%S", &local);
  gethostname(host, HOST_NAME_MAX);
  snprintf(name, size_bytes, "%s-%06ld-%.64s-%d", date, now.tv_nsec / 1000, host, (int)getpid());
}

svar_ret_t
svari_log_dir_create(svari_log_dir_t *dir)
{
  char base[PATH_MAX - NAME_MAX - 1];
  char name[NAME_MAX];
  *dir = (svari_log_dir_t){0};
  SVAR_TRY(find_base(base, sizeof(base)));
  SVAR_TRY(make_all(base));
  make_name(name, sizeof(name));
  snprintf(dir->path, sizeof(dir->path), "%s/%s", base, name);
  if (mkdir(dir->path, 0777) != 0) {
    svar_ret_t ret = fail(dir->path);
    dir->path[0] = '\0';
    return ret;
  }
  renew_latest(base, name);
  return SVAR_OK;
}

svar_ret_t
svari_log_file_open(svari_log_file_t *file, svari_log_dir_t *dir, const char *name, bool has_times)
{
  char path[PATH_MAX];
  *file = (svari_log_file_t){.fd = -1, .has_times = has_times, .dir = dir};
  snprintf(file->name, sizeof(file->name), "%s", name);
  snprintf(path, sizeof(path), "%s/%s", dir->path, name);
  file->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  return file->fd >= 0 ? SVAR_OK : fail(path);
}

static void
note_failure(svari_log_file_t *file)
{
  if (file->dir->failed[0] == '\0') {
    memcpy(file->dir->failed, file->name, sizeof(file->name));
    file->dir->error = errno;
  }
  svari_log_file_close(file);
}

void
svari_log_file_line(svari_log_file_t *file, const char *label, const char *text, size_t length)
{
  if (file->fd < 0) {
    return;
  }
  char head[NAME_MAX + 64];
  int head_bytes;
  if (file->has_times) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    head_bytes = snprintf(head, sizeof(head), "%lld.%07ld [%.200s] ", (long long)now.tv_sec,
                          now.tv_nsec / 100, label);
  } else {
    head_bytes = snprintf(head, sizeof(head), "[%.200s] ", label);
  }
  const struct iovec parts[] = {
      {head, (size_t)head_bytes}, {(void *)text, length}, {(void *)"\n", 1}};
  ssize_t written;
  do {
    written = writev(file->fd, parts, 3);
  } while (written < 0 && errno == EINTR);
  if (written != head_bytes + (ssize_t)length + 1) {
    errno = written < 0 ? errno : ENOSPC; // a file takes less only when it is full
    note_failure(file);
  }
}

void
svari_log_file_close(svari_log_file_t *file)
{
  if (file->fd >= 0) {
    close(file->fd);
    file->fd = -1;
  }
}
