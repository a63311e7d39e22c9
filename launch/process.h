// One started process of a launch: its start, its output, and its orderly end.
//
// Each process leads a process group of its own, and has ended when the whole group has: the launcher
// is the subreaper of what it starts, so that a program left behind by a dying wrapper script becomes the
// launcher's child, stays in the group, and is stopped by the same steps.
#ifndef SVARI_LAUNCH_PROCESS_H
#define SVARI_LAUNCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "launch/plan.h"
#include "launch/stream.h"

SVAR_BEGIN_DECLS

typedef enum svari_stop_step {
  SVARI_STOP_NONE,
  SVARI_STOP_INTERRUPTED, // SIGINT was sent
  SVARI_STOP_TERMINATED,  // SIGTERM was sent
  SVARI_STOP_KILLED       // SIGKILL was sent
} svari_stop_step_t;

typedef struct svari_process {
  const svari_planned_process_t *plan;
  pid_t group; // leader's pid and the group's id; 0: not running
  bool is_leader_running;
  int status;                    // of the leader, as waitpid() gives it, once it has ended
  svari_stop_step_t status_step; // how far stopping had gone when the leader ended
  svari_stop_step_t step;        // how far stopping has gone
  int64_t deadline_ns; // when the next step of stopping, or a respawn, is due; INT64_MAX: none
  int64_t ended_ns;    // when it last ended without being asked to; 0: never
  long respawn_count;
  bool is_waiting;                    // for its respawn
  bool is_end_told;                   // people were told how the leader ended
  svari_route_t out_route, err_route; // set by whoever starts it
  bool is_held;                       // to be started again once RouDi is back
  svari_stream_t out, err;
} svari_process_t;

// What svari_now_ns() will be after seconds.
int64_t svari_clock_after_ns(double seconds);

void svari_process_init(svari_process_t *process, const svari_planned_process_t *plan);

// Starts the planned program. Its stdin is /dev/null, signals are as a fresh program expects them, and it
// is interrupted should the launcher die. Blocks until the program has replaced the child.
// SVAR_ERR_SYSTEM: a pipe, a process or the program cannot be had; the sentence names it.
svar_ret_t svari_process_start(svari_process_t *process, int colour);

// Sends the next signal of SIGINT, SIGTERM, SIGKILL to the group, and sets when the one after is due.
void svari_process_stop_further(svari_process_t *process);

// Whether the whole group is gone; to be called once the leader has been waited for.
bool svari_process_group_is_gone(const svari_process_t *process);

// Forwards the rest of the output and closes the pipes.
void svari_process_close(svari_process_t *process);

// Whether the leader ended as it should: with 0, or by being stopped.
bool svari_process_ended_well(const svari_process_t *process);
// "ended", "exited with code 3", "was ended by SIGSEGV". Writes to text, cut at size_bytes, and returns it.
const char *svari_process_end_text(const svari_process_t *process, char *text, size_t size_bytes);

SVAR_END_DECLS
#endif
