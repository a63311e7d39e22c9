// The clock that deadlines and periods are measured by: it never jumps.
#ifndef SVARI_COMPONENTS_MONOTONIC_CLOCK_H
#define SVARI_COMPONENTS_MONOTONIC_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { SVARI_NANOSECONDS = 1000000000 }; ///< in a second

/// CLOCK_MONOTONIC, in ns.
static inline int64_t
svari_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * SVARI_NANOSECONDS + now.tv_nsec;
}

#endif
