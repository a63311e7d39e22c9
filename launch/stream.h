// One output pipe of a process, forwarded line by line under the process's label: to the screen, to files.
#ifndef SVARI_LAUNCH_STREAM_H
#define SVARI_LAUNCH_STREAM_H

#include "launch/screen.h"

SVAR_BEGIN_DECLS

// Where lines go; NULL: nowhere.
enum { SVARI_ROUTE_FILES = 3 };
typedef struct svari_route {
  svari_screen_t *screen;
  svari_log_file_t *files[SVARI_ROUTE_FILES];
} svari_route_t;

typedef struct svari_stream {
  int fd; // non-blocking read end; -1: closed
  svari_route_t route;
  const char *label;
  int colour;
  bool has_returned; // the line ended in '\r': what comes next replaces it
  size_t used;
  char line[SVARI_LINE_BYTES];
} svari_stream_t;

// Takes over fd. What route names and label must live as long as the stream.
void svari_stream_init(svari_stream_t *stream, int fd, const svari_route_t *route,
                       const char *label, int colour);
// Forwards everything that can be read without waiting. Closes the stream at the pipe's
// end. Harmless when closed.
void svari_stream_read(svari_stream_t *stream);
// Forwards what is left, a last line without '\n' included, and closes. Harmless when closed.
void svari_stream_close(svari_stream_t *stream);

SVAR_END_DECLS
#endif
