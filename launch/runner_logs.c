// Where the lines of each process go.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/runner_impl.h"

static const unsigned FILES = SVARI_TO_LOG | SVARI_TO_OWN | SVARI_TO_BOTH;

static bool
are_needed(const svari_plan_t *plan)
{
  unsigned all = 0;
  for (const svari_planned_process_t *at = plan->processes; at != NULL; at = at->next) {
    all |= at->out_destinations | at->err_destinations;
  }
  return (all & FILES) != 0;
}

static svar_ret_t
open_file(svari_runner_logs_t *logs, const char *label, const char *end, svari_log_file_t *file)
{
  char name[NAME_MAX + 1];
  snprintf(name, sizeof(name), "%.200s%s", label, end);
  return svari_log_file_open(file, &logs->dir, name, false);
}

static svar_ret_t
open_own(svari_runner_logs_t *logs, const svari_planned_process_t *plan, svari_own_logs_t *own)
{
  if ((plan->out_destinations & SVARI_TO_OWN) != 0) {
    SVAR_TRY(open_file(logs, plan->label, "-stdout.log", &own->out));
    SVAR_TRY(open_file(logs, plan->label, "-stderr.log", &own->err));
    SVAR_TRY(open_file(logs, plan->label, ".log", &own->both));
  }
  return SVAR_OK;
}

static svar_ret_t
open_files(svari_runner_t *runner)
{
  svari_runner_logs_t *logs = &runner->logs;
  SVAR_TRY(svari_log_dir_create(&logs->dir));
  SVAR_TRY(svari_log_file_open(&logs->main, &logs->dir, "launch.log", true));
  for (int i = 0; i < runner->count; ++i) {
    SVAR_TRY(open_own(logs, runner->processes[i].plan, &logs->own[i]));
  }
  return SVAR_OK;
}

// A line that no file takes goes to the screen.
static svari_route_t
route(unsigned destinations, svari_screen_t *screen, svari_log_file_t *main, svari_log_file_t *own,
      svari_log_file_t *both)
{
  svari_route_t route = {0};
  int count = 0;
  if ((destinations & SVARI_TO_LOG) != 0 && main->fd >= 0) {
    route.files[count++] = main;
  }
  if ((destinations & SVARI_TO_OWN) != 0 && own->fd >= 0) {
    route.files[count++] = own;
  }
  if ((destinations & SVARI_TO_BOTH) != 0 && both->fd >= 0) {
    route.files[count++] = both;
  }
  route.screen = (destinations & SVARI_TO_SCREEN) != 0 || count == 0 ? screen : NULL;
  return route;
}

svar_ret_t
svari_runner_open_logs(svari_runner_t *runner)
{
  svari_runner_logs_t *logs = &runner->logs;
  logs->own = calloc((size_t)runner->count + 1, sizeof(*logs->own));
  if (logs->own == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the log files of %d processes",
                     runner->count);
  }
  for (int i = 0; i < runner->count; ++i) {
    logs->own[i].out.fd = logs->own[i].err.fd = logs->own[i].both.fd = -1;
  }
  if (are_needed(runner->plan)) {
    if (open_files(runner) == SVAR_OK) {
      runner->screens[0].log = runner->screens[1].log = &logs->main;
      svari_screen_say(runner->err, "log files are in %s", logs->dir.path);
    } else {
      svari_screen_say(runner->err, "warning: %s; lines go to the screen", svar_error_message());
    }
  }
  for (int i = 0; i < runner->count; ++i) {
    svari_process_t *process = &runner->processes[i];
    svari_own_logs_t *own = &logs->own[i];
    process->out_route =
        route(process->plan->out_destinations, runner->out, &logs->main, &own->out, &own->both);
    process->err_route =
        route(process->plan->err_destinations, runner->err, &logs->main, &own->err, &own->both);
  }
  return SVAR_OK;
}

void
svari_runner_check_logs(svari_runner_t *runner)
{
  const svari_log_dir_t *dir = &runner->logs.dir;
  if (dir->failed[0] != '\0' && !runner->logs.is_failure_told) {
    runner->logs.is_failure_told = true;
    svari_screen_say(runner->err,
                     "warning: the log file '%s/%s' cannot be written: %s; its lines are lost",
                     dir->path, dir->failed, strerror(dir->error));
  }
}

void
svari_runner_close_logs(svari_runner_t *runner)
{
  svari_log_file_close(&runner->logs.main);
  for (int i = 0; runner->logs.own != NULL && i < runner->count; ++i) {
    svari_log_file_close(&runner->logs.own[i].out);
    svari_log_file_close(&runner->logs.own[i].err);
    svari_log_file_close(&runner->logs.own[i].both);
  }
  free(runner->logs.own);
}
