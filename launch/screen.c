#include "launch/screen.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PREFIX_BYTES = 256, WIDTH_DEFAULT = 80 };

static const char clear_line[] = "\r\033[K";
static const char colour_end[] = "\033[0m";
static const char *const colours[] = {"\033[36m", "\033[33m", "\033[32m",
                                      "\033[35m", "\033[34m", "\033[31m"};

void
svari_screen_init(svari_screen_t *screen, int fd)
{
  *screen = (svari_screen_t){.fd = fd, .is_terminal = isatty(fd) == 1};
  const char *refused = getenv("NO_COLOR");
  screen->has_colour = screen->is_terminal && (refused == NULL || *refused == '\0');
}

void
svari_screen_write(svari_screen_t *screen, const char *bytes, size_t count)
{
  while (count > 0 && !screen->is_broken) {
    ssize_t written = write(screen->fd, bytes, count);
    if (written > 0) {
      bytes += written;
      count -= (size_t)written;
    } else if (written < 0 && errno == EAGAIN) { // somebody made the terminal non-blocking
      poll(&(struct pollfd){.fd = screen->fd, .events = POLLOUT}, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      screen->is_broken = true;
    }
  }
}

// Bytes of text that fit into columns: UTF-8 characters count one, escape sequences nothing.
static size_t
fitting_bytes(const char *text, size_t length, size_t columns)
{
  size_t at = 0;
  while (at < length) {
    if (text[at] == '\033' && at + 1 < length && text[at + 1] == '[') {
      at += 2;
      while (at < length && !(text[at] >= '@' && text[at] <= '~')) {
        ++at;
      }
      at += at < length;
      continue;
    }
    bool begins_character = ((unsigned char)text[at] & 0xC0) != 0x80;
    if (begins_character && columns-- == 0) {
      break;
    }
    ++at;
  }
  return at;
}

static size_t
terminal_width(const svari_screen_t *screen)
{
  struct winsize size;
  if (ioctl(screen->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    return size.ws_col;
  }
  return WIDTH_DEFAULT;
}

// Composes "[label] text" and end in line, which holds PREFIX_BYTES beside the text; returns its bytes.
static size_t
compose(const svari_screen_t *screen, char *line, const char *label, int colour, const char *text,
        size_t length, const char *end)
{
  bool is_coloured = screen->has_colour && colour >= 0;
  size_t choice = (size_t)colour % (sizeof(colours) / sizeof(*colours));
  int prefix = snprintf(line, PREFIX_BYTES, "%s[%.200s]%s ", is_coloured ? colours[choice] : "",
                        label, is_coloured ? colour_end : "");
  char *at = mempcpy(line + prefix, text, length);
  return (size_t)(stpcpy(at, end) - line);
}

void
svari_screen_line(svari_screen_t *screen, const void *owner, const char *label, int colour,
                  const char *text, size_t length)
{
  char line[sizeof(clear_line) + PREFIX_BYTES + SVARI_LINE_BYTES + SVARI_LIVE_BYTES];
  size_t used = 0;
  if (screen->live_owner != NULL) {
    used = strlen(strcpy(line, clear_line));
  }
  length = length < SVARI_LINE_BYTES ? length : SVARI_LINE_BYTES;
  used += compose(screen, line + used, label, colour, text, length, "\n");
  if (screen->live_owner == owner) {
    screen->live_owner = NULL;
  } else if (screen->live_owner != NULL) {
    memcpy(line + used, screen->live, screen->live_bytes);
    used += screen->live_bytes;
  }
  svari_screen_write(screen, line, used); // in one go: other writers to the terminal do not cut it
}

void
svari_screen_live(svari_screen_t *screen, const void *owner, const char *label, int colour,
                  const char *text, size_t length)
{
  if (!screen->is_terminal) {
    return;
  }
  size_t taken = strlen(label) + strlen("[] ");
  size_t width = terminal_width(screen);
  size_t columns = width > taken + 1 ? width - taken - 1 : 1;
  size_t room = SVARI_LIVE_BYTES - PREFIX_BYTES - sizeof(clear_line);
  length = fitting_bytes(text, length < room ? length : room, columns);
  char *line = stpcpy(screen->live, clear_line);
  screen->live_bytes = strlen(clear_line) + compose(screen, line, label, colour, text, length,
                                                    screen->has_colour ? colour_end : "");
  screen->live_owner = owner;
  svari_screen_write(screen, screen->live, screen->live_bytes);
}

void
svari_screen_say(svari_screen_t *screen, const char *format, ...)
{
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  size_t used = length < 0 ? 0 : (size_t)length;
  used = used < sizeof(text) ? used : sizeof(text) - 1;
  svari_screen_line(screen, NULL, "launch", -1, text, used);
  if (screen->log != NULL) {
    svari_log_file_line(screen->log, "launch", text, used);
  }
}
