// Runs a plan: starts its processes, forwards their output, and stops them in order.
#ifndef SVARI_LAUNCH_RUNNER_H
#define SVARI_LAUNCH_RUNNER_H

#include "launch/plan.h"

SVAR_BEGIN_DECLS

// Runs until every process has ended: by itself, because one with on_exit="shutdown" ended, or because
// of SIGINT, SIGTERM or SIGHUP. Stopping: SIGINT to all in reverse order of start, SIGTERM and SIGKILL
// to those that do not end in time; a second SIGINT or SIGTERM takes the next step at once. RouDi is started
// before and stopped after all others if the plan needs it and none runs. Parameter files must exist; directory
// takes the files of RouDi.
// Output goes to stdout and stderr; the launcher's own lines to stderr. Changes the signal mask and
// dispositions, and reaps every child of the process: for a program that does nothing else meanwhile.
// @param[out] out_exit_code 0: every process ended well; 1: one did not, or had to be killed
// SVAR_ERR_NO_MEMORY, SVAR_ERR_SYSTEM, SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION, SVAR_ERR_NO_SPACE,
// SVAR_ERR_NO_ROUDI: no process was started, or all were stopped again.
svar_ret_t svari_runner_run(svari_plan_t *plan, const char *directory, int *out_exit_code);

SVAR_END_DECLS
#endif
