// Starts the actors of a crash run, kills them, looks after each death, and counts.
#ifndef SVAR_TESTS_CRASH_SUPERVISOR_H
#define SVAR_TESTS_CRASH_SUPERVISOR_H

#include "tests/crash/point.h"

typedef struct crash_options {
  uint64_t kills;
  uint64_t seed;
  const char *seeded_bug; // NULL: none
  const char *json_path;  // NULL: not written
  uint32_t deadline_s;    // a process that takes longer is stuck
} crash_options_t;

typedef struct crash_result {
  uint64_t kills;
  uint64_t lives;
  uint64_t rounds; // after each, survivors looked at everything
  uint64_t verdicts[CRASH_VERDICTS];
  uint64_t killed_at[CRASH_POINTS];
  uint64_t killed_at_random;
  double seconds;
} crash_result_t;

// Ends early, with fewer kills, when failures pile up.
void crash_supervise(const crash_options_t *options, crash_arena_t *arena, int arena_fd,
                     const char *directory, crash_result_t *out_result);

#endif
