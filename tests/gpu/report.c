#include "tests/gpu/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static int passed, failed, held, missed;

static void
print_line(const char *mark, const char *what, const char *format, va_list arguments)
{
  printf("%-6s %-58s ", mark, what);
  vprintf(format, arguments);
  printf("\n");
  fflush(stdout); // whatever ends the program next: what is known is told
}

void
report_fact(const char *what, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  print_line("", what, format, arguments);
  va_end(arguments);
}

void
report_check(bool holds, const char *what, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  print_line(holds ? "ok" : "FAILED", what, format, arguments);
  va_end(arguments);
  passed += holds;
  failed += !holds;
}

void
report_speed(bool is_held, const char *what, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  print_line(is_held ? "ok" : "MISSED", what, format, arguments);
  va_end(arguments);
  held += is_held;
  missed += !is_held;
}

void
report_share(const char *what, double found, double ceiling, int least_percent)
{
  double percent = 100 * found / ceiling;
  report_speed(percent >= least_percent, what, "%.1f GB/s, %.0f %% of %.1f (at least %d)", found,
               percent, ceiling, least_percent);
}

bool
report_call(svar_ret_t ret, const char *what)
{
  if (ret != SVAR_OK) {
    report_check(false, what, "%s", svar_error_message());
  }
  return ret == SVAR_OK;
}

int
report_end(void)
{
  printf("speeds: %d held, %d missed\n", held, missed);
  printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

double
report_now_us(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}
