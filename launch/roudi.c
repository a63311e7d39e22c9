#include "launch/roudi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_PATH "/tmp/roudi"
#define LOCK_PATH "/tmp/iox-unique-roudi.lock"
#define SHM_PATH "/dev/shm"

// RouDi commits all of its pools at start: few and small, for messages. Values are not sent through
// iceoryx, they lie in stores.
typedef struct svari_pool {
  uint32_t size_bytes, count;
} svari_pool_t;

static const svari_pool_t pools[] = {
    {128, 1000}, {1024, 500}, {16384, 100}, {131072, 20}, {1048576, 4},
};
static const uint64_t CHUNK_OVERHEAD_BYTES = 64;           // header, rounded up
static const uint64_t MANAGEMENT_BYTES = 68 * 1000 * 1000; // RouDi's own, whatever the pools
static const double STOP_TIMEOUT_S = 5.0;

static svar_ret_t
connect_to_socket(bool *out_answers)
{
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no socket to ask for iox-roudi: %s", strerror(errno));
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_PATH};
  int result = connect(fd, (const struct sockaddr *)&address, sizeof(address));
  int error = errno;
  close(fd);
  if (result != 0 && (error == EACCES || error == EPERM)) {
    return svar_fail(SVAR_ERR_PERMISSION,
                     "an iox-roudi runs as another user, and its socket %s is closed to this one; "
                     "run both as one user, or as members of RouDi's group",
                     SOCKET_PATH);
  }
  *out_answers = result == 0;
  return SVAR_OK;
}

bool
svari_roudi_id_equal(const svari_roudi_id_t *a, const svari_roudi_id_t *b)
{
  return a->device == b->device && a->inode == b->inode && a->changed_s == b->changed_s &&
         a->changed_ns == b->changed_ns;
}

// As svar_messages_probe(), whose library would load iceoryx and the C++ runtime into every svar command.
svar_ret_t
svari_roudi_probe(bool *out_is_running, svari_roudi_id_t *out_id)
{
  bool answers = false;
  struct stat status = {0};
  SVAR_TRY(connect_to_socket(&answers));
  answers = answers && stat(SOCKET_PATH, &status) == 0;
  if (answers) { // its lock tells that the process behind the socket lives
    int fd = open(LOCK_PATH, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      answers = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
      close(fd); // gives the lock back, if it was free
    }
  }
  *out_is_running = answers;
  if (out_id != NULL) {
    *out_id = (svari_roudi_id_t){status.st_dev, status.st_ino, status.st_ctim.tv_sec,
                                 status.st_ctim.tv_nsec};
  }
  return SVAR_OK;
}

static svar_ret_t
check_room(void)
{
  uint64_t needed = MANAGEMENT_BYTES;
  for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); ++i) {
    needed += (pools[i].size_bytes + CHUNK_OVERHEAD_BYTES) * pools[i].count;
  }
  struct statvfs system;
  if (statvfs(SHM_PATH, &system) != 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "%s, which iox-roudi needs, cannot be looked at: %s",
                     SHM_PATH, strerror(errno));
  }
  uint64_t available = (uint64_t)system.f_bavail * system.f_frsize;
  if (available < needed) {
    return svar_fail(SVAR_ERR_NO_SPACE,
                     "iox-roudi needs %llu MB in %s, which has %llu MB left; make it bigger (in a "
                     "container: docker run --shm-size=256m, else mount -o remount,size=256m %s)",
                     (unsigned long long)(needed / 1000000 + 1), SHM_PATH,
                     (unsigned long long)(available / 1000000), SHM_PATH);
  }
  return SVAR_OK;
}

static const char *
configuration_text(svari_arena_t *arena)
{
  const char *text = "[general]\nversion = 1\n\n[[segment]]\n";
  for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); ++i) {
    text = svari_arena_printf(arena, "%s\n[[segment.mempool]]\nsize = %u\ncount = %u\n", text,
                              pools[i].size_bytes, pools[i].count);
  }
  return text;
}

svar_ret_t
svari_roudi_plan(svari_arena_t *arena, const char *directory, svari_planned_process_t **out_process)
{
  svari_planned_process_t *process = svari_arena_zeroed(arena, sizeof(*process));
  if (svari_program_find(arena, getenv("PATH"), "iox-roudi", &process->program) != SVAR_OK) {
    return svar_fail(SVAR_ERR_NOT_FOUND,
                     "a launched node uses iceoryx messages, no iox-roudi runs, and the program "
                     "iox-roudi is not on PATH; install it (Debian: apt-get install iceoryx)");
  }
  SVAR_TRY(check_room());
  process->label = "iox-roudi";
  process->sigterm_timeout_s = STOP_TIMEOUT_S;
  process->sigkill_timeout_s = STOP_TIMEOUT_S;
  process->files = svari_arena_zeroed(arena, sizeof(*process->files));
  process->files->path = svari_arena_printf(arena, "%s/roudi.toml", directory);
  process->files->text = configuration_text(arena);
  const char *const arguments[] = {"iox-roudi", "--config-file", process->files->path,
                                   "--log-level", "warning"};
  for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); ++i) {
    svari_words_add(arena, &process->argv, arguments[i]);
  }
  *out_process = process;
  return SVAR_OK;
}
