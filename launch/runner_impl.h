// A running plan, between the loop and its dealings with RouDi.
#ifndef SVARI_LAUNCH_RUNNER_IMPL_H
#define SVARI_LAUNCH_RUNNER_IMPL_H

#include <poll.h>

#include "launch/process.h"
#include "launch/roudi_watch.h"
#include "launch/runner.h"

// The log files of one process.
typedef struct svari_own_logs {
  svari_log_file_t out, err, both;
} svari_own_logs_t;

// The log files of a launch; there are none where no process writes to one.
typedef struct svari_runner_logs {
  svari_log_dir_t dir;
  svari_log_file_t main;
  svari_own_logs_t *own; // of each process
  bool is_failure_told;
} svari_runner_logs_t;

typedef struct svari_runner {
  svari_plan_t *plan;
  svari_process_t *processes; // count nodes in order of start, then RouDi
  int count;
  svari_process_t *roudi;
  const char *directory; // for RouDi's files
  bool roudi_is_ready;   // it is ours, and answered
  char roudi_end[64];    // how ours ended, unasked; "": it did not
  svari_roudi_watch_t watch;
  bool is_recovering;    // RouDi is being replaced, and those that used it are held
  bool is_hang_told;     // of a RouDi that is not ours
  bool is_roudi_missed;  // ours was not found, and yet had not ended
  int64_t retry_ns;      // when to try again to start a RouDi; 0: at once
  struct pollfd *polled; // signal_fd, then out and err of each process
  svari_screen_t screens[2];
  svari_screen_t *out, *err; // one and the same where both are one terminal
  svari_runner_logs_t logs;
  int signal_fd;
  bool is_stopping;
  bool has_failed;
} svari_runner_t;

enum { SVARI_TURN_FOREVER = -1 };

// Waits for something to happen, at most longest_ms, and handles everything that did.
void svari_runner_turn(svari_runner_t *runner, int longest_ms);

// Makes the log files that the plan asks for, and tells each process where its lines go. Without log files,
// which is said, they go to the screen.
// SVAR_ERR_NO_MEMORY.
svar_ret_t svari_runner_open_logs(svari_runner_t *runner);
// Says, once, that a log file cannot be written.
void svari_runner_check_logs(svari_runner_t *runner);
void svari_runner_close_logs(svari_runner_t *runner);

// Starts a node, and says so.
svar_ret_t svari_runner_start(svari_runner_t *runner, svari_process_t *process);

// Starts a RouDi if a node needs one and none runs, waits until it answers, and watches over it from then on;
// SVAR_OK without one, too, if the launch is being stopped meanwhile.
// SVAR_ERR_NO_ROUDI: it does not come up; what it said was shown. Others as svari_roudi_plan().
svar_ret_t svari_runner_ensure_roudi(svari_runner_t *runner);
// Our RouDi has ended, in the words of end_text.
void svari_runner_note_roudi_end(svari_runner_t *runner, const char *end_text);
// Between two turns: a RouDi that died, hangs or is another one is replaced, with those that used it. In
// steps, each when it is due.
void svari_runner_tend_roudi(svari_runner_t *runner);
int64_t
svari_runner_recovery_due_ns(const svari_runner_t *runner); // INT64_MAX: when something happens
// Tells our RouDi, if there is one, to end. No process uses it.
void svari_runner_end_roudi(svari_runner_t *runner);
// Stops our RouDi, if there is one, and waits for its end. All nodes have ended.
void svari_runner_stop_roudi(svari_runner_t *runner);

#endif
