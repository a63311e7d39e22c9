#include "launch/roudi_watch.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "components/monotonic_clock.h"

static const int64_t LOOK_EVERY_NS = SVARI_NANOSECONDS;

// In a process group of its own, so that Ctrl-C does not reach it before the launcher does.
static pid_t
start_probe(const char *program)
{
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  char *const argv[] = {(char *)"iceoryx_probe", NULL};
  pid_t pid = 0;
  if (posix_spawn(&pid, program, &actions, &attributes, argv, environ) != 0) {
    pid = 0; // no process is to be had: that says nothing of RouDi
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

void
svari_roudi_watch_start(svari_roudi_watch_t *watch, const char *program)
{
  bool is_running = false;
  *watch = (svari_roudi_watch_t){.next_ns = svari_now_ns() + LOOK_EVERY_NS};
  (void)!svari_roudi_probe(&is_running,
                           &watch->known); // it ran just now; if not, the first look tells
  if (program != NULL) {
    watch->probe = start_probe(program);
  }
}

static void
stop(svari_roudi_watch_t *watch, int signal_number)
{
  watch->next_ns = 0;
  if (watch->probe != 0) {
    kill(watch->probe, signal_number);
  }
}

void
svari_roudi_watch_stop(svari_roudi_watch_t *watch)
{
  stop(watch, SIGTERM);
}

void
svari_roudi_watch_abandon(svari_roudi_watch_t *watch)
{
  stop(watch, SIGKILL);
}

int64_t
svari_roudi_watch_due_ns(const svari_roudi_watch_t *watch)
{
  if (watch->next_ns == 0) {
    return INT64_MAX;
  }
  return watch->is_without_answer ? 0 : watch->next_ns;
}

void
svari_roudi_watch_note_end(svari_roudi_watch_t *watch, pid_t pid, int status)
{
  if (pid == watch->probe) {
    watch->probe = 0;
    watch->is_without_answer = WIFEXITED(status) && WEXITSTATUS(status) == 1;
  }
}

bool
svari_roudi_watch_sees_it(const svari_roudi_watch_t *watch)
{
  bool is_running = false;
  svari_roudi_id_t id;
  return svari_roudi_probe(&is_running, &id) == SVAR_OK && is_running &&
         svari_roudi_id_equal(&id, &watch->known);
}

svari_roudi_state_t
svari_roudi_watch_look(svari_roudi_watch_t *watch)
{
  int64_t now = svari_now_ns();
  if (now < svari_roudi_watch_due_ns(watch)) {
    return SVARI_ROUDI_FINE;
  }
  bool hangs = watch->is_without_answer;
  watch->is_without_answer = false;
  watch->next_ns = now + LOOK_EVERY_NS;
  bool is_running = false;
  svari_roudi_id_t id;
  if (svari_roudi_probe(&is_running, &id) != SVAR_OK) {
    return SVARI_ROUDI_FINE; // as far as can be told
  }
  if (!is_running) {
    return SVARI_ROUDI_DEAD;
  }
  if (!svari_roudi_id_equal(&id, &watch->known)) {
    return SVARI_ROUDI_REPLACED;
  }
  return hangs ? SVARI_ROUDI_HANGS : SVARI_ROUDI_FINE;
}
