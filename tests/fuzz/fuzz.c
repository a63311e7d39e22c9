#include "fuzz/fuzz.h"

#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

svar_ret_t
fuzz_ret(svar_ret_t ret)
{
  bool is_failure = ret >= SVAR_ERR_ARGUMENT;
  FUZZ_CHECK(!is_failure || svar_error_message()[0] != '\0');
  return ret;
}

static char *
copy_text(const uint8_t *data, size_t size_bytes)
{
  char *text = malloc(size_bytes + 1);
  if (text == NULL) {
    abort();
  }
  if (size_bytes > 0) {
    memcpy(text, data, size_bytes);
  }
  text[size_bytes] = '\0';
  return text;
}

// Of exactly its size, so that AddressSanitizer sees one byte too far.
char *
fuzz_text(const uint8_t *data, size_t size_bytes)
{
  const uint8_t *nul = size_bytes > 0 ? memchr(data, '\0', size_bytes) : NULL;
  return copy_text(data, nul != NULL ? (size_t)(nul - data) : size_bytes);
}

char *
fuzz_line(fuzz_input_t *input)
{
  const uint8_t *begin = input->at;
  size_t left = (size_t)(input->end - begin);
  const uint8_t *newline = left > 0 ? memchr(begin, '\n', left) : NULL;
  size_t length = newline != NULL ? (size_t)(newline - begin) : left;
  input->at = newline != NULL ? newline + 1 : input->end;
  return fuzz_text(begin, length);
}

static char folder[] = "/dev/shm/svar_fuzz.XXXXXX";
static pid_t folder_owner;

static void
remove_folder(void)
{
  char *const roots[] = {folder, NULL};
  FTS *walk = getpid() == folder_owner ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
  if (walk == NULL) {
    return;
  }
  for (FTSENT *entry; (entry = fts_read(walk)) != NULL;) {
    if (entry->fts_info != FTS_D) {
      remove(entry->fts_accpath);
    }
  }
  fts_close(walk);
}

const char *
fuzz_folder(void)
{
  if (folder_owner == 0) {
    FUZZ_CHECK(mkdtemp(folder) != NULL);
    folder_owner = getpid();
    atexit(remove_folder);
  }
  return folder;
}

const char *
fuzz_file(const char *name, const uint8_t *data, size_t size_bytes)
{
  static char path[PATH_MAX];
  snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  FUZZ_CHECK(fd >= 0 && write(fd, data, size_bytes) == (ssize_t)size_bytes);
  const struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
  FUZZ_CHECK(futimens(fd, long_ago) == 0);
  close(fd);
  return path;
}
