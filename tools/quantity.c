#include "tools/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

typedef struct unit {
  const char *name;
  double size;
} unit_t;

// Writes amount in the largest unit (they ascend) that it reaches: whole in the first, else rounded to
// what matters.
static char *
in_units(double amount, const unit_t *units, size_t count, char *text)
{
  size_t at = 0;
  while (at + 1 < count && amount >= units[at + 1].size) {
    ++at;
  }
  double scaled = amount / units[at].size;
  int decimals = at > 0 && scaled < 99.95 ? 1 : 0;
  snprintf(text, SVARI_QUANTITY_TEXT_BYTES, "%.*f %s", decimals, scaled, units[at].name);
  return text;
}

char *
svari_bytes_text(uint64_t bytes, char *text)
{
  static const unit_t units[] = {{"B", 1},        {"KiB", 0x1p10}, {"MiB", 0x1p20},
                                 {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"PiB", 0x1p50}};
  return in_units((double)bytes, units, sizeof(units) / sizeof(units[0]), text);
}

char *
svari_duration_text(int64_t duration_ns, char *text)
{
  static const unit_t units[] = {{"ns", 1},     {"us", 1e3},   {"ms", 1e6},   {"s", 1e9},
                                 {"min", 60e9}, {"h", 3600e9}, {"d", 86400e9}};
  double amount = duration_ns < 0 ? 0 : (double)duration_ns; // a clock that was set back
  return in_units(amount, units, sizeof(units) / sizeof(units[0]), text);
}

char *
svari_time_text(int64_t time_ns, char *text)
{
  time_t seconds = (time_t)(time_ns / 1000000000);
  struct tm local;
  char date[32] = "?";
  if (localtime_r(&seconds, &local) != NULL) {
    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
  }
  snprintf(text, SVARI_QUANTITY_TEXT_BYTES, "%s.%03d", date, (int)(time_ns / 1000000 % 1000));
  return text;
}

int64_t
svari_time_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
