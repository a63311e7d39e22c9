#include "launch/private_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

svar_ret_t
svari_private_dir_create(svari_private_dir_t *dir)
{
  const char *parent = getenv("TMPDIR");
  if (parent == NULL || *parent != '/') {
    parent = "/tmp";
  }
  int length = snprintf(dir->path, sizeof(dir->path), "%s/svar-launch-XXXXXX", parent);
  if (length < 0 || (size_t)length >= sizeof(dir->path) || mkdtemp(dir->path) == NULL) {
    dir->path[0] = '\0';
    return svar_fail(SVAR_ERR_SYSTEM,
                     "no directory for parameter files can be made in '%s': %s; set TMPDIR to a "
                     "writable directory",
                     parent, strerror(errno));
  }
  return SVAR_OK;
}

svar_ret_t
svari_private_dir_write(const char *path, const char *text)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "'%s' cannot be made: %s", path, strerror(errno));
  }
  svar_ret_t ret = SVAR_OK;
  size_t left = strlen(text);
  while (ret == SVAR_OK && left > 0) {
    ssize_t written = write(fd, text, left);
    if (written < 0 && errno != EINTR) {
      svar_ret_t code = errno == ENOSPC ? SVAR_ERR_NO_SPACE : SVAR_ERR_SYSTEM;
      ret = svar_fail(code, "'%s' cannot be written: %s", path, strerror(errno));
    } else if (written > 0) {
      text += written;
      left -= (size_t)written;
    }
  }
  close(fd);
  if (ret != SVAR_OK) {
    unlink(path); // else the next attempt would find it
  }
  return ret;
}

void
svari_private_dir_destroy(svari_private_dir_t *dir)
{
  if (dir->path[0] == '\0') {
    return;
  }
  DIR *entries = opendir(dir->path);
  if (entries != NULL) {
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
        unlinkat(dirfd(entries), entry->d_name, 0);
      }
    }
    closedir(entries);
  }
  rmdir(dir->path);
  dir->path[0] = '\0';
}
