#include "tools/output.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared_variable/error.h"
#include "tools/command.h"

// Why writing failed: stdio keeps only that it did, so this is errno as it was soon after. 0: it has not.
static int write_errno;

void
svari_output_begin(void)
{
  signal(SIGPIPE, SIG_IGN);
}

bool
svari_output_is_terminal(void)
{
  return isatty(STDOUT_FILENO) == 1;
}

bool
svari_output_has_failed(void)
{
  if (write_errno == 0 && (ferror(stdout) || fflush(stdout) != 0)) {
    write_errno = errno != 0 ? errno : EIO;
  }
  return write_errno != 0;
}

int
svari_output_finish(int exit_code)
{
  if (!svari_output_has_failed() || write_errno == EPIPE) {
    return exit_code;
  }
  return svari_say_failure("writing to the standard output: %s", strerror(write_errno));
}

int
svari_say_failure_list(const char *format, va_list arguments)
{
  fputs("svar: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  return SVARI_EXIT_FAILURE;
}

int
svari_say_failure(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  svari_say_failure_list(format, arguments);
  va_end(arguments);
  return SVARI_EXIT_FAILURE;
}

int
svari_say_error(void)
{
  return svari_say_failure("%s", svar_error_message());
}
