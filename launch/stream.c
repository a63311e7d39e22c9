#include "launch/stream.h"

#include <errno.h>
#include <unistd.h>

// How much of a talkative process is taken before others have their turn.
enum { READ_BYTES = 4096, READS_MAX = 16 };

void
svari_stream_init(svari_stream_t *stream, int fd, const svari_route_t *route, const char *label,
                  int colour)
{
  stream->fd = fd;
  stream->route = *route;
  stream->label = label;
  stream->colour = colour;
  stream->has_returned = false;
  stream->used = 0;
}

static void
end_line(svari_stream_t *stream)
{
  const svari_route_t *route = &stream->route;
  if (route->screen != NULL) {
    svari_screen_line(route->screen, stream, stream->label, stream->colour, stream->line,
                      stream->used);
  }
  for (int i = 0; i < SVARI_ROUTE_FILES; ++i) {
    if (route->files[i] != NULL) {
      svari_log_file_line(route->files[i], stream->label, stream->line, stream->used);
    }
  }
  stream->used = 0;
  stream->has_returned = false;
}

static void
take_byte(svari_stream_t *stream, char byte)
{
  if (byte == '\n') {
    end_line(stream);
    return;
  }
  if (byte == '\r') {
    stream->has_returned = true;
    return;
  }
  if (stream->has_returned) { // the line is written anew
    stream->used = 0;
    stream->has_returned = false;
  }
  if (stream->used == sizeof(stream->line)) {
    end_line(stream);
  }
  stream->line[stream->used++] = byte;
}

// Reads once; returns whether there may be more.
static bool
read_once(svari_stream_t *stream, bool *out_ended)
{
  char bytes[READ_BYTES];
  ssize_t count = read(stream->fd, bytes, sizeof(bytes));
  if (count <= 0) {
    *out_ended = count == 0 || (errno != EAGAIN && errno != EINTR);
    return false;
  }
  for (ssize_t i = 0; i < count; ++i) {
    take_byte(stream, bytes[i]);
  }
  return true;
}

// Returns whether the pipe has ended.
static bool
read_available(svari_stream_t *stream)
{
  bool ended = false;
  for (int reads = 0; reads < READS_MAX && read_once(stream, &ended); ++reads) {
  }
  return ended;
}

static void
end_stream(svari_stream_t *stream)
{
  if (stream->used > 0) {
    end_line(stream);
  }
  close(stream->fd);
  stream->fd = -1;
}

void
svari_stream_read(svari_stream_t *stream)
{
  if (stream->fd < 0) {
    return;
  }
  if (read_available(stream)) {
    end_stream(stream);
  } else if (stream->used > 0 && stream->route.screen != NULL) {
    svari_screen_live(stream->route.screen, stream, stream->label, stream->colour, stream->line,
                      stream->used);
  }
}

void
svari_stream_close(svari_stream_t *stream)
{
  if (stream->fd >= 0) {
    read_available(stream); // a pipe holds 64 KiB: 16 reads
    end_stream(stream);
  }
}
