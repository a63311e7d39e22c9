// A watch over RouDi while it is needed: does it live, is it the same, does it answer?
#ifndef SVARI_LAUNCH_ROUDI_WATCH_H
#define SVARI_LAUNCH_ROUDI_WATCH_H

#include <sys/types.h>

#include "launch/roudi.h"

SVAR_BEGIN_DECLS

typedef enum svari_roudi_state {
  SVARI_ROUDI_FINE,
  SVARI_ROUDI_DEAD,
  SVARI_ROUDI_REPLACED, // by another, which those that used the first cannot join
  SVARI_ROUDI_HANGS     // or has cut off those who joined it, which looks the same to them
} svari_roudi_state_t;

// Looks at RouDi's socket once a second. Whether it answers is asked by a child, iceoryx_probe, which ends if
// it does not. {0} watches nothing.
typedef struct svari_roudi_watch {
  svari_roudi_id_t known;
  int64_t next_ns; // of the next look; 0: off
  pid_t probe;     // 0: none
  bool is_without_answer;
} svari_roudi_watch_t;

// Begins with the RouDi that runs now. program: iceoryx_probe; NULL: it is not installed, and a RouDi that
// hangs is not noticed.
void svari_roudi_watch_start(svari_roudi_watch_t *watch, const char *program);
// Ends, and tells the probe to; its end is still to be noted.
void svari_roudi_watch_stop(svari_roudi_watch_t *watch);
// As svari_roudi_watch_stop(), when RouDi is dead or hangs: the probe, which may wait for it, is killed.
void svari_roudi_watch_abandon(svari_roudi_watch_t *watch);
// When svari_roudi_watch_look() has something to do; INT64_MAX: never.
int64_t svari_roudi_watch_due_ns(const svari_roudi_watch_t *watch);
// Whether the RouDi that it began with runs, at a look out of turn.
bool svari_roudi_watch_sees_it(const svari_roudi_watch_t *watch);
// What is known by now, after what is due.
svari_roudi_state_t svari_roudi_watch_look(svari_roudi_watch_t *watch);
// A child of the launcher has ended: perhaps the probe. status as waitpid() gives it.
void svari_roudi_watch_note_end(svari_roudi_watch_t *watch, pid_t pid, int status);

SVAR_END_DECLS
#endif
