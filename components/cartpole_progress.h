// The learner's progress, for people: on a terminal one line that grows, elsewhere a line whenever the
// return has clearly risen (some 15 in all).
#ifndef COMPONENTS_CARTPOLE_PROGRESS_H
#define COMPONENTS_CARTPOLE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { SVARI_CARTPOLE_PROGRESS_COLUMNS = 48 };

typedef struct svari_cartpole_progress {
  FILE *out;
  bool is_live;      ///< out shows a line that is written over with '\r'
  bool is_line_open; ///< such a line stands there, without its end
  float printed;     ///< the return of the last line of its own
  uint32_t count;    ///< columns of the curve in use
  uint32_t stride;   ///< generations a column stands for
  uint32_t in_last;  ///< generations in the last column
  float columns[SVARI_CARTPOLE_PROGRESS_COLUMNS]; ///< sums of returns
} svari_cartpole_progress_t;

/// Writes to out from now on. Live if out is a terminal, or if the environment has SVAR_LIVE=1: the
/// launcher says so when its own output is one.
void svari_cartpole_progress_init(svari_cartpole_progress_t *progress, FILE *out);
/// One more generation, whose network had this mean return.
void svari_cartpole_progress_add(svari_cartpole_progress_t *progress, int64_t generation,
                                 float mean_return);
/// Ends the line that grows, so that something else can be written.
void svari_cartpole_progress_end_line(svari_cartpole_progress_t *progress);

#endif
