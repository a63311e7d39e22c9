// What a launched process prints: forwarded line by line, to a terminal and to a pipe.
#include <fcntl.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "launch/stream.h"

static void
forward(const char *path, int null_fd, bool is_terminal)
{
  static svari_screen_t screen;
  static svari_stream_t stream;
  svari_screen_init(&screen, null_fd);
  screen.is_terminal = is_terminal;
  screen.has_colour = is_terminal;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  FUZZ_CHECK(fd >= 0);
  const svari_route_t route = {.screen = &screen};
  svari_stream_init(&stream, fd, &route, "robot-1", 1);
  svari_stream_read(&stream);
  svari_screen_say(&screen, "%s", "a line of the launcher's own");
  svari_stream_close(&stream);
  FUZZ_CHECK(stream.fd == -1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  static int null_fd = -1;
  if (null_fd < 0) {
    null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    FUZZ_CHECK(null_fd >= 0);
  }
  const char *path = fuzz_file("output", data, size_bytes);
  forward(path, null_fd, false);
  forward(path, null_fd, true);
  return 0;
}
