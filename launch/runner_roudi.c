// RouDi during a launch: up before the first node that needs it, down after the last.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "components/monotonic_clock.h"
#include "launch/private_dir.h"
#include "launch/roudi.h"
#include "launch/runner_impl.h"

static const double START_S = 30.0; // 0.3 s is usual; a loaded machine takes longer
static const double RIVAL_S = 3.0;  // for another's RouDi that took the lock before ours
static const double PROBE_END_S = 5.0;
enum { PROBE_EVERY_MS = 10 };

// Waits until the RouDi just started, or a rival's that was faster, answers.
static svar_ret_t
wait_for_answer(svari_runner_t *runner)
{
  int64_t deadline = svari_clock_after_ns(START_S);
  bool has_ended = false;
  while (!runner->is_stopping) {
    bool is_running = false;
    SVAR_TRY(svari_roudi_probe(&is_running, NULL));
    if (is_running) {
      return SVAR_OK;
    }
    if (!has_ended && runner->roudi->group == 0) {
      has_ended = true;
      deadline = svari_clock_after_ns(RIVAL_S);
    }
    if (svari_now_ns() > deadline) {
      return svar_fail(SVAR_ERR_NO_ROUDI,
                       "iox-roudi %s before it answered; its own lines, above, say why",
                       has_ended ? "ended" : "took more than 30 s");
    }
    svari_runner_turn(runner, PROBE_EVERY_MS);
  }
  return SVAR_OK;
}

// Shows the lines that were held back.
static void
show(svari_runner_t *runner, const svari_screen_t *held)
{
  char bytes[4096];
  off_t at = 0;
  for (ssize_t count = pread(held->fd, bytes, sizeof(bytes), at); count > 0;
       count = pread(held->fd, bytes, sizeof(bytes), at)) {
    svari_screen_write(runner->err, bytes, (size_t)count);
    at += count;
  }
}

// A RouDi that comes up tells much that nobody wants to read: it is held back, and shown if it fails.
static svar_ret_t
start_roudi(svari_runner_t *runner, svari_screen_t *held)
{
  svari_process_t *roudi = runner->roudi;
  roudi->out_route.screen = roudi->err_route.screen = held;
  SVAR_TRY(svari_process_start(roudi, -1));
  svari_screen_say(runner->err, "iox-roudi started with pid %d, as a node needs it and none runs",
                   (int)roudi->group);
  svar_ret_t ret = wait_for_answer(runner);
  if (ret != SVAR_OK) {
    show(runner, held);
  }
  runner->roudi_is_ready = ret == SVAR_OK && !runner->is_stopping && roudi->group != 0;
  roudi->out.route = (svari_route_t){runner->out, {&runner->logs.main}};
  roudi->err.route = (svari_route_t){runner->err, {&runner->logs.main}};
  return ret;
}

static bool
is_needed(const svari_plan_t *plan)
{
  const svari_planned_process_t *process = plan->processes;
  while (process != NULL && !process->needs_roudi) {
    process = process->next;
  }
  return process != NULL;
}

// The first time; a RouDi that is started again finds the plan, and its files.
static svar_ret_t
plan_own(svari_runner_t *runner)
{
  svari_planned_process_t *plan = NULL;
  SVAR_TRY(svari_roudi_plan(&runner->plan->arena, runner->directory, &plan));
  SVAR_TRY(svari_private_dir_write(plan->files->path, plan->files->text));
  svari_process_init(runner->roudi, plan);
  return SVAR_OK;
}

static svar_ret_t
start_own(svari_runner_t *runner)
{
  if (runner->roudi->plan == NULL) {
    SVAR_TRY(plan_own(runner));
  }
  int fd = memfd_create("svar-launch-roudi", MFD_CLOEXEC);
  if (fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no memory file for the output of iox-roudi: %s",
                     strerror(errno));
  }
  svari_screen_t held;
  svari_screen_init(&held, fd);
  svar_ret_t ret = start_roudi(runner, &held);
  close(fd);
  return ret;
}

svar_ret_t
svari_runner_ensure_roudi(svari_runner_t *runner)
{
  if (!is_needed(runner->plan)) {
    return SVAR_OK;
  }
  bool is_running = false;
  SVAR_TRY(svari_roudi_probe(&is_running, NULL));
  if (!is_running) {
    SVAR_TRY(start_own(runner));
  }
  svari_roudi_watch_start(&runner->watch, runner->plan->roudi_probe);
  return SVAR_OK;
}

void
svari_runner_note_roudi_end(svari_runner_t *runner, const char *end_text)
{
  // Before it answered, somebody waits for it and will tell. Once told to end, it may abort over nodes
  // that were killed, which harms nobody.
  if (runner->roudi_is_ready && runner->roudi->status_step == SVARI_STOP_NONE) {
    snprintf(runner->roudi_end, sizeof(runner->roudi_end), "%s", end_text);
  }
  runner->roudi_is_ready = false;
}

// RouDi aborts if it is told to end while one that joined it is ending.
static void
stop_watch(svari_runner_t *runner)
{
  svari_roudi_watch_stop(&runner->watch);
  int64_t deadline = svari_clock_after_ns(PROBE_END_S);
  while (runner->watch.probe != 0) {
    int64_t left_ms = (deadline - svari_now_ns()) / 1000000;
    if (left_ms <= 0) { // RouDi hangs, and the probe waits for it
      kill(runner->watch.probe, SIGKILL);
      left_ms = 1000;
    }
    svari_runner_turn(runner, (int)left_ms);
  }
}

void
svari_runner_end_roudi(svari_runner_t *runner)
{
  if (runner->roudi->group != 0) {
    runner->roudi->step = SVARI_STOP_INTERRUPTED; // SIGINT is no different: begin with SIGTERM
    svari_process_stop_further(runner->roudi);
  }
}

// RouDi answers SIGTERM by killing every registered application: never before all nodes have ended.
void
svari_runner_stop_roudi(svari_runner_t *runner)
{
  runner->is_stopping = true;
  stop_watch(runner);
  svari_runner_end_roudi(runner);
  while (runner->roudi->group != 0) {
    svari_runner_turn(runner, SVARI_TURN_FOREVER);
  }
}
