#include "ipc/messages_names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "ipc/ros_name.h"

#define RUNTIME_DIRECTORY "/tmp" // a constant of iceoryx
#define PREFIX "svar-"
#define LOCK_SUFFIX ".lock"

svar_ret_t
svari_topic_check(const char *topic)
{
  if (!svari_ros_name_is_absolute(topic, SVAR_TOPIC_NAME_BYTES)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "'%.255s' cannot name a topic: it takes an absolute ROS name of at most %d "
                     "bytes, such as /cartpole/returns (letters, digits, single underscores)",
                     topic, SVAR_TOPIC_NAME_BYTES - 1);
  }
  return SVAR_OK;
}

void
svari_runtime_name_make(const char *name, char out_name[SVARI_RUNTIME_NAME_BYTES])
{
  static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  while (name[0] != '\0' && strchr(safe, name[0]) == NULL) { // "/robot/actor" begins with its 'r'
    name++;
  }
  char word[64];
  size_t length = 0;
  while (length < sizeof word - 1 && name[length] != '\0') {
    word[length] = strchr(safe, name[length]) != NULL ? name[length] : '_';
    length++;
  }
  word[length] = '\0';
  uint32_t chance = 0;
  if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    chance = (uint32_t)now.tv_nsec;
  }
  snprintf(out_name, SVARI_RUNTIME_NAME_BYTES, PREFIX "%s-%d-%08x", word, (int)getpid(), chance);
}

void
svari_runtime_files_remove(const char *name)
{
  char path[PATH_MAX];
  snprintf(path, sizeof path, RUNTIME_DIRECTORY "/%s", name);
  unlink(path);
  snprintf(path, sizeof path, RUNTIME_DIRECTORY "/%s" LOCK_SUFFIX, name);
  unlink(path);
}

// Splits "svar-<word>-<pid>-<chance>.lock"; false if file is not such a name.
static bool
parse_lock_name(const char *file, char out_name[SVARI_RUNTIME_NAME_BYTES], pid_t *out_pid)
{
  size_t length = strlen(file), suffix = strlen(LOCK_SUFFIX);
  if (strncmp(file, PREFIX, strlen(PREFIX)) != 0 || length <= suffix ||
      length - suffix >= SVARI_RUNTIME_NAME_BYTES ||
      strcmp(file + length - suffix, LOCK_SUFFIX) != 0) {
    return false;
  }
  snprintf(out_name, SVARI_RUNTIME_NAME_BYTES, "%.*s", (int)(length - suffix), file);
  const char *word_end = strchr(out_name + strlen(PREFIX), '-');
  unsigned chance;
  return word_end != NULL && sscanf(word_end, "-%d-%8x", out_pid, &chance) == 2;
}

// Whose process has ended: iceoryx's lock on the file says so. The pid only keeps us away from a
// process that has made its file and is about to lock it.
static bool
is_orphan(int directory, const char *file, pid_t pid)
{
  if (kill(pid, 0) == 0 || errno != ESRCH) {
    return false;
  }
  int fd = openat(directory, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  bool is_unlocked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
  if (fd >= 0) {
    close(fd);
  }
  return is_unlocked;
}

void
svari_runtime_files_sweep(void)
{
  DIR *directory = opendir(RUNTIME_DIRECTORY);
  if (directory == NULL) {
    return;
  }
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char name[SVARI_RUNTIME_NAME_BYTES];
    pid_t pid;
    if (parse_lock_name(entry->d_name, name, &pid) &&
        is_orphan(dirfd(directory), entry->d_name, pid)) {
      svari_runtime_files_remove(name);
    }
  }
  closedir(directory);
}
