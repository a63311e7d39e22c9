#include "launch/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "components/monotonic_clock.h"
#include "launch/runner_impl.h"

static void
stop_all(svari_runner_t *runner, const char *reason)
{
  if (runner->is_stopping) {
    return;
  }
  runner->is_stopping = true;
  char names[512] = "";
  size_t used = 0;
  for (int i = runner->count - 1; i >= 0; --i) {
    svari_process_t *process = &runner->processes[i];
    process->is_waiting = false;
    if (process->group == 0) {
      process->deadline_ns = INT64_MAX;
    } else if (process->is_leader_running && process->step == SVARI_STOP_NONE) {
      // What an ended leader left behind, if anything, is for reap().
      svari_process_stop_further(process);
      int length = snprintf(names + used, sizeof(names) - used, "%s%s", used == 0 ? "" : ", ",
                            process->plan->label);
      used += (size_t)length < sizeof(names) - used ? (size_t)length : sizeof(names) - used - 1;
    }
  }
  svari_screen_say(runner->err, "%s%s%s", reason, used > 0 ? ": stopping " : "", names);
}

// A second Ctrl-C: whoever still runs gets the next signal now.
static void
stop_all_further(svari_runner_t *runner)
{
  svari_screen_say(runner->err, "asked again: not waiting any longer");
  for (int i = runner->count; i >= 0; --i) {
    svari_process_t *process = &runner->processes[i];
    if (process->group != 0 && process->step != SVARI_STOP_NONE) {
      svari_process_stop_further(process);
    }
  }
}

svar_ret_t
svari_runner_start(svari_runner_t *runner, svari_process_t *process)
{
  int colour = (int)(process - runner->processes);
  SVAR_TRY(svari_process_start(process, colour));
  svari_screen_say(runner->err, "%s started with pid %d", process->plan->label,
                   (int)process->group);
  return SVAR_OK;
}

// The whole group is gone: judges how it went, and plans the next run if there is one.
static void
finish(svari_runner_t *runner, svari_process_t *process)
{
  svari_process_close(process);
  const svari_planned_process_t *plan = process->plan;
  char text[64];
  svari_process_end_text(process, text, sizeof(text));
  if (process == runner->roudi) {
    svari_runner_note_roudi_end(runner, text);
    return;
  }
  bool ended_well = svari_process_ended_well(process);
  runner->has_failed = runner->has_failed || !ended_well;
  bool was_asked = process->status_step != SVARI_STOP_NONE;
  process->ended_ns = was_asked ? 0 : svari_now_ns();
  if (!process->is_end_told && !(was_asked && ended_well)) {
    svari_screen_say(runner->err, "%s %s", plan->label, text);
  }
  if (process->is_held && !runner->is_stopping) {
    process->is_waiting = true; // for RouDi, whatever respawn says
    return;
  }
  if (plan->respawn && !runner->is_stopping &&
      (plan->respawn_max_retries < 0 || process->respawn_count < plan->respawn_max_retries)) {
    ++process->respawn_count;
    process->is_waiting = true;
    process->deadline_ns = svari_clock_after_ns(plan->respawn_delay_s);
  }
}

static void
note_leader_end(svari_runner_t *runner, svari_process_t *process, int status)
{
  process->is_leader_running = false;
  process->status = status;
  process->status_step = process->step;
  if (process->plan->shutdown_on_exit && !runner->is_stopping && !process->is_held) {
    svari_stream_read(&process->out); // its last words come before the news
    svari_stream_read(&process->err);
    char text[64];
    char reason[320];
    snprintf(reason, sizeof(reason), "%s %s, and ends the launch", process->plan->label,
             svari_process_end_text(process, text, sizeof(text)));
    stop_all(runner, reason);
    process->is_end_told = true;
  }
}

static void
reap(svari_runner_t *runner)
{
  int status = 0;
  for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
    svari_roudi_watch_note_end(&runner->watch, pid, status);
    for (int i = 0; i <= runner->count; ++i) {
      svari_process_t *process = &runner->processes[i];
      if (process->group == pid && process->is_leader_running) {
        note_leader_end(runner, process, status);
      }
    }
  }
  for (int i = 0; i <= runner->count; ++i) {
    svari_process_t *process = &runner->processes[i];
    if (process->group == 0 || process->is_leader_running) {
      continue;
    }
    if (svari_process_group_is_gone(process)) {
      finish(runner, process);
    } else if (process->step == SVARI_STOP_NONE) {
      svari_process_stop_further(process); // what the leader left behind
    }
  }
}

static void
take_signals(svari_runner_t *runner)
{
  struct signalfd_siginfo info;
  while (read(runner->signal_fd, &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo == SIGCHLD) {
      continue; // reap() looks anyway
    }
    if (runner->is_stopping) {
      // A terminal that closes is told of twice, by the shell and by the kernel: nobody asks again.
      if (info.ssi_signo != SIGHUP) {
        stop_all_further(runner);
      }
    } else {
      char reason[32];
      snprintf(reason, sizeof(reason), "SIG%s", sigabbrev_np((int)info.ssi_signo));
      stop_all(runner, reason);
    }
  }
}

static void
take_deadline(svari_runner_t *runner, svari_process_t *process)
{
  const svari_planned_process_t *plan = process->plan;
  if (process->is_waiting) {
    process->is_waiting = false;
    process->deadline_ns = INT64_MAX;
    if (svari_runner_start(runner, process) != SVAR_OK) {
      runner->has_failed = true;
      svari_screen_say(runner->err, "%s", svar_error_message());
    }
    return;
  }
  bool was_interrupted = process->step == SVARI_STOP_INTERRUPTED;
  svari_screen_say(runner->err, "%s did not end %g s after SIG%s: sending SIG%s", plan->label,
                   was_interrupted ? plan->sigterm_timeout_s : plan->sigkill_timeout_s,
                   was_interrupted ? "INT" : "TERM", was_interrupted ? "TERM" : "KILL");
  svari_process_stop_further(process);
}

static int64_t
next_deadline_ns(const svari_runner_t *runner)
{
  int64_t deadline = svari_runner_recovery_due_ns(runner);
  for (int i = 0; i <= runner->count; ++i) {
    int64_t own = runner->processes[i].deadline_ns;
    deadline = own < deadline ? own : deadline;
  }
  return deadline;
}

static int
timeout_ms(const svari_runner_t *runner, int longest_ms)
{
  int64_t deadline = next_deadline_ns(runner);
  if (deadline == INT64_MAX) {
    return longest_ms;
  }
  int64_t left_ms = (deadline - svari_now_ns() + 999999) / 1000000;
  left_ms = left_ms < 0 ? 0 : left_ms;
  int most = longest_ms == SVARI_TURN_FOREVER ? 60000 : longest_ms;
  return left_ms < most ? (int)left_ms : most;
}

void
svari_runner_turn(svari_runner_t *runner, int longest_ms)
{
  struct pollfd *polled = runner->polled;
  int total = 1 + 2 * (runner->count + 1);
  polled[0] = (struct pollfd){.fd = runner->signal_fd, .events = POLLIN};
  for (int i = 0; i <= runner->count; ++i) {
    polled[1 + 2 * i] = (struct pollfd){.fd = runner->processes[i].out.fd, .events = POLLIN};
    polled[2 + 2 * i] = (struct pollfd){.fd = runner->processes[i].err.fd, .events = POLLIN};
  }
  if (poll(polled, (nfds_t)total, timeout_ms(runner, longest_ms)) > 0) {
    for (int i = 0; i <= runner->count; ++i) {
      if (polled[1 + 2 * i].revents != 0) {
        svari_stream_read(&runner->processes[i].out);
      }
      if (polled[2 + 2 * i].revents != 0) {
        svari_stream_read(&runner->processes[i].err);
      }
    }
    take_signals(runner);
  }
  reap(runner);
  int64_t now = svari_now_ns();
  for (int i = 0; i <= runner->count; ++i) {
    if (runner->processes[i].deadline_ns <= now) {
      take_deadline(runner, &runner->processes[i]);
    }
  }
  svari_runner_check_logs(runner);
  if ((runner->out->is_broken || runner->err->is_broken) && !runner->is_stopping) {
    runner->has_failed = true;
    stop_all(runner, "nobody reads the output any more");
  }
}

static bool
nodes_are_left(const svari_runner_t *runner)
{
  for (int i = 0; i < runner->count; ++i) {
    if (runner->processes[i].group != 0 || runner->processes[i].is_waiting) {
      return true;
    }
  }
  return false;
}

static svar_ret_t
start_nodes(svari_runner_t *runner)
{
  for (int i = 0; i < runner->count && !runner->is_stopping; ++i) {
    svar_ret_t ret = svari_runner_start(runner, &runner->processes[i]);
    if (ret != SVAR_OK) {
      stop_all(runner, "a node cannot be started");
      return ret;
    }
  }
  return SVAR_OK;
}

// The child's pipes must not take the numbers of closed standard streams.
static void
fill_standard_streams(void)
{
  int fd;
  do {
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  close(fd);
}

static bool
is_same_terminal(const svari_screen_t *a, const svari_screen_t *b)
{
  struct stat a_status;
  struct stat b_status;
  return a->is_terminal && b->is_terminal && fstat(a->fd, &a_status) == 0 &&
         fstat(b->fd, &b_status) == 0 && a_status.st_rdev == b_status.st_rdev;
}

static svar_ret_t
open_signals(svari_runner_t *runner)
{
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGCHLD);
  struct sigaction hangup;
  sigaction(SIGHUP, NULL, &hangup);
  if (hangup.sa_handler != SIG_IGN) { // under nohup it stays ignored
    sigaddset(&signals, SIGHUP);
  }
  signal(SIGCHLD, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  runner->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (runner->signal_fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no descriptor for signals: %s", strerror(errno));
  }
  return SVAR_OK;
}

static void
open_screens(svari_runner_t *runner)
{
  svari_screen_init(&runner->screens[0], STDOUT_FILENO);
  svari_screen_init(&runner->screens[1], STDERR_FILENO);
  runner->out = &runner->screens[0];
  runner->err = is_same_terminal(&runner->screens[0], &runner->screens[1]) ? runner->out
                                                                           : &runner->screens[1];
  if (runner->out->is_terminal) {
    setenv("SVAR_LIVE", "1", 0); // a node writes to a pipe, but may show a live line all the same
  }
}

static svar_ret_t
open_runner(svari_runner_t *runner, svari_plan_t *plan)
{
  *runner = (svari_runner_t){.plan = plan, .count = plan->process_count, .signal_fd = -1};
  runner->logs.main.fd = -1;
  size_t total = (size_t)runner->count + 1;
  runner->processes = calloc(total, sizeof(*runner->processes));
  runner->polled = calloc(1 + 2 * total, sizeof(*runner->polled));
  if (runner->processes == NULL || runner->polled == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %d processes", runner->count);
  }
  svari_process_t *process = runner->processes;
  for (const svari_planned_process_t *at = plan->processes; at != NULL; at = at->next) {
    svari_process_init(process++, at);
  }
  svari_process_init(process, NULL);
  runner->roudi = process;
  fill_standard_streams();
  open_screens(runner);
  SVAR_TRY(svari_runner_open_logs(runner));
  return open_signals(runner);
}

static void
close_runner(svari_runner_t *runner)
{
  if (runner->signal_fd >= 0) {
    close(runner->signal_fd);
  }
  svari_runner_close_logs(runner);
  free(runner->polled);
  free(runner->processes);
}

svar_ret_t
svari_runner_run(svari_plan_t *plan, const char *directory, int *out_exit_code)
{
  svari_runner_t runner;
  svar_ret_t ret = open_runner(&runner, plan);
  if (ret == SVAR_OK) {
    for (const svari_planned_message_t *at = plan->messages; at != NULL; at = at->next) {
      svari_screen_say(runner.err, "%s", at->text);
    }
    runner.directory = directory;
    if ((ret = svari_runner_ensure_roudi(&runner)) == SVAR_OK) {
      ret = start_nodes(&runner);
    }
    while (nodes_are_left(&runner)) {
      svari_runner_turn(&runner, SVARI_TURN_FOREVER);
      svari_runner_tend_roudi(&runner);
    }
    svari_runner_stop_roudi(&runner);
  }
  *out_exit_code = runner.has_failed ? 1 : 0;
  close_runner(&runner);
  return ret;
}
