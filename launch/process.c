#include "launch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "components/monotonic_clock.h"

int64_t
svari_clock_after_ns(double seconds)
{
  return svari_now_ns() + (int64_t)(seconds * SVARI_NANOSECONDS);
}

void
svari_process_init(svari_process_t *process, const svari_planned_process_t *plan)
{
  process->plan = plan;
  process->group = 0;
  process->is_leader_running = false;
  process->status = 0;
  process->status_step = SVARI_STOP_NONE;
  process->step = SVARI_STOP_NONE;
  process->deadline_ns = INT64_MAX;
  process->respawn_count = 0;
  process->ended_ns = 0;
  process->is_waiting = false;
  process->is_held = false;
  process->is_end_told = false;
  process->out_route = process->err_route = (svari_route_t){0};
  process->out.fd = -1;
  process->err.fd = -1;
}

// Applies the changes, which are listed newest first, from the oldest on.
static void
change_environment(const svari_binding_t *changes)
{
  if (changes == NULL) {
    return;
  }
  change_environment(changes->next);
  if (changes->value == NULL) {
    unsetenv(changes->name);
  } else {
    setenv(changes->name, changes->value, 1);
  }
}

// The launcher blocks and ignores signals, and may have been started with some ignored.
static void
restore_signals(void)
{
  static const int signals[] = {SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGCHLD};
  for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); ++i) {
    signal(signals[i], SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

// The pipes between launcher and child: [0] is read. failure tells the launcher the errno of a child
// that could not become the program; it closes by itself when the program starts.
typedef struct svari_pipes {
  int out[2], err[2], failure[2];
} svari_pipes_t;

static void
close_both(int pipe_ends[2])
{
  for (int i = 0; i < 2; ++i) {
    if (pipe_ends[i] >= 0) {
      close(pipe_ends[i]);
    }
  }
}

static void
close_pipes(svari_pipes_t *pipes)
{
  close_both(pipes->out);
  close_both(pipes->err);
  close_both(pipes->failure);
}

// A terminal that leaves what is written to it as it is. Its reading end fails with EIO once the last
// writer is gone, which a stream takes for the end that it is.
static int
open_terminal(int ends[2])
{
  char path[64];
  struct termios settings;
  ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ends[0] < 0 || grantpt(ends[0]) != 0 || unlockpt(ends[0]) != 0 ||
      ptsname_r(ends[0], path, sizeof(path)) != 0) {
    return -1;
  }
  ends[1] = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (ends[1] < 0 || tcgetattr(ends[1], &settings) != 0) {
    return -1;
  }
  cfmakeraw(&settings);
  return tcsetattr(ends[1], TCSANOW, &settings);
}

static int
open_output(bool is_terminal, int ends[2])
{
  return is_terminal ? open_terminal(ends) : pipe2(ends, O_CLOEXEC);
}

static svar_ret_t
open_pipes(const svari_planned_process_t *plan, svari_pipes_t *pipes)
{
  *pipes = (svari_pipes_t){{-1, -1}, {-1, -1}, {-1, -1}};
  if (open_output(plan->emulates_terminal, pipes->out) == 0 &&
      open_output(plan->emulates_terminal, pipes->err) == 0 &&
      pipe2(pipes->failure, O_CLOEXEC) == 0 && fcntl(pipes->out[0], F_SETFL, O_NONBLOCK) == 0 &&
      fcntl(pipes->err[0], F_SETFL, O_NONBLOCK) == 0) {
    return SVAR_OK;
  }
  svar_ret_t ret = svar_fail(SVAR_ERR_SYSTEM, "no pipes for %s: %s", plan->label, strerror(errno));
  close_pipes(pipes);
  return ret;
}

// In the child. The launcher has one thread, so that everything may be called here.
static _Noreturn void
become_program(const svari_planned_process_t *plan, const svari_pipes_t *pipes, pid_t launcher)
{
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGINT);
  if (getppid() != launcher) {
    _exit(127); // it died before it could be watched
  }
  restore_signals();
  change_environment(plan->environment);
  int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(pipes->out[1], STDOUT_FILENO) >= 0 &&
      dup2(pipes->err[1], STDERR_FILENO) >= 0 && (plan->cwd == NULL || chdir(plan->cwd) == 0)) {
    execv(plan->program, (char *const *)plan->argv.items);
  }
  int error = errno;
  ssize_t written = write(pipes->failure[1], &error, sizeof(error));
  (void)written; // without it the launcher sees exit code 127
  _exit(127);
}

// Waits until the child is the program; the errno that prevented it, or 0.
static int
wait_for_program(int failure_fd)
{
  int error = 0;
  ssize_t count;
  do {
    count = read(failure_fd, &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  return count == sizeof(error) ? error : 0;
}

svar_ret_t
svari_process_start(svari_process_t *process, int colour)
{
  const svari_planned_process_t *plan = process->plan;
  svari_pipes_t pipes;
  SVAR_TRY(open_pipes(plan, &pipes));
  pid_t launcher = getpid();
  pid_t child = fork();
  if (child < 0) {
    svar_ret_t ret =
        svar_fail(SVAR_ERR_SYSTEM, "no process for %s: %s", plan->label, strerror(errno));
    close_pipes(&pipes);
    return ret;
  }
  if (child == 0) {
    become_program(plan, &pipes, launcher);
  }
  setpgid(child, child); // whichever of the two comes first
  close(pipes.failure[1]);
  pipes.failure[1] = -1;
  int error = wait_for_program(pipes.failure[0]);
  if (error != 0) {
    waitpid(child, NULL, 0);
    close_pipes(&pipes);
    return svar_fail(SVAR_ERR_SYSTEM, "%s cannot be started: '%s': %s", plan->label, plan->program,
                     strerror(error));
  }
  close(pipes.failure[0]);
  close(pipes.out[1]);
  close(pipes.err[1]);
  svari_stream_init(&process->out, pipes.out[0], &process->out_route, plan->label, colour);
  svari_stream_init(&process->err, pipes.err[0], &process->err_route, plan->label, colour);
  process->group = child;
  process->is_leader_running = true;
  process->is_waiting = false;
  process->is_end_told = false;
  process->step = SVARI_STOP_NONE;
  process->deadline_ns = INT64_MAX;
  return SVAR_OK;
}

void
svari_process_stop_further(svari_process_t *process)
{
  switch (process->step) {
  case SVARI_STOP_NONE:
    process->step = SVARI_STOP_INTERRUPTED;
    process->deadline_ns = svari_clock_after_ns(process->plan->sigterm_timeout_s);
    kill(-process->group, SIGINT);
    break;
  case SVARI_STOP_INTERRUPTED:
    process->step = SVARI_STOP_TERMINATED;
    process->deadline_ns = svari_clock_after_ns(process->plan->sigkill_timeout_s);
    kill(-process->group, SIGTERM);
    break;
  case SVARI_STOP_TERMINATED:
  case SVARI_STOP_KILLED:
    process->step = SVARI_STOP_KILLED;
    process->deadline_ns = INT64_MAX;
    kill(-process->group, SIGKILL);
    break;
  }
}

bool
svari_process_group_is_gone(const svari_process_t *process)
{
  // Asks for children, not for processes of that number, which may be strangers by now.
  siginfo_t info;
  return waitid(P_PGID, (id_t)process->group, &info, WEXITED | WNOHANG | WNOWAIT) != 0 &&
         errno == ECHILD;
}

void
svari_process_close(svari_process_t *process)
{
  svari_stream_close(&process->out);
  svari_stream_close(&process->err);
  process->group = 0;
  process->deadline_ns = INT64_MAX;
}

bool
svari_process_ended_well(const svari_process_t *process)
{
  // A shell reports a signal that it was stopped by as 128 + its number.
  bool was_asked = process->status_step == SVARI_STOP_INTERRUPTED ||
                   process->status_step == SVARI_STOP_TERMINATED;
  int code = WIFEXITED(process->status) ? WEXITSTATUS(process->status) : 128;
  int signal_number = WIFSIGNALED(process->status) ? WTERMSIG(process->status) : code - 128;
  return code == 0 || (was_asked && (signal_number == SIGINT || signal_number == SIGTERM));
}

const char *
svari_process_end_text(const svari_process_t *process, char *text, size_t size_bytes)
{
  if (process->status == 0) {
    snprintf(text, size_bytes, "ended");
  } else if (WIFEXITED(process->status)) {
    snprintf(text, size_bytes, "exited with code %d", WEXITSTATUS(process->status));
  } else {
    const char *name = sigabbrev_np(WTERMSIG(process->status));
    snprintf(text, size_bytes, "was ended by SIG%s", name != NULL ? name : "?");
  }
  return text;
}
