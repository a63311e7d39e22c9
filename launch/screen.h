// The launcher's terminal or pipe, shared by the lines of many processes.
//
// A process may show a live line: text that ends in '\r' or is not ended yet. On a terminal the newest
// live line stays at the bottom and is drawn again in place; a finished line of another process goes
// above it. Where output is piped, live lines are not written at all: only what remains when the line
// ends, so that a progress bar costs one line in a log.
#ifndef SVARI_LAUNCH_SCREEN_H
#define SVARI_LAUNCH_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "launch/log_file.h"

SVAR_BEGIN_DECLS

enum {
  SVARI_LINE_BYTES = 16384, // longer lines are cut into pieces of this length
  SVARI_LIVE_BYTES = 4096
};

typedef struct svari_screen {
  int fd;
  bool is_terminal;
  bool has_colour;
  bool is_broken;         // a write failed: the reader is gone
  svari_log_file_t *log;  // takes the launcher's own lines, too; NULL: none
  const void *live_owner; // whose live line stands at the bottom; NULL: none
  size_t live_bytes;
  char live[SVARI_LIVE_BYTES]; // that line as it was drawn
} svari_screen_t;

// fd stays the caller's.
void svari_screen_init(svari_screen_t *screen, int fd);

// Writes "[label] text\n", in place of the owner's live line if it has one, else above another's.
// colour picks one of a few; < 0 is none. owner is an identity only, never looked into.
void svari_screen_line(svari_screen_t *screen, const void *owner, const char *label, int colour,
                       const char *text, size_t length);
// Shows text as owner's live line, cut at the width of the terminal; nothing where piped.
void svari_screen_live(svari_screen_t *screen, const void *owner, const char *label, int colour,
                       const char *text, size_t length);

// Writes bytes that are lines already. There is no live line.
void svari_screen_write(svari_screen_t *screen, const char *bytes, size_t count);

// One line of the launcher itself.
void svari_screen_say(svari_screen_t *screen, const char *format, ...) SVAR_PRINTF(2, 3);

SVAR_END_DECLS
#endif
