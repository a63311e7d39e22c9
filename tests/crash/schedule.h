// What the next life of an actor shall be, and when it ends.
#ifndef SVAR_TESTS_CRASH_SCHEDULE_H
#define SVAR_TESTS_CRASH_SCHEDULE_H

#include "tests/crash/random.h"
#include "tests/crash/supervisor.h"

// Fills role-dependent choices into the life. *out_kill_after_ns: from its start on; INT64_MAX: not.
void crash_schedule_life(crash_random_t *random, const crash_arena_t *arena,
                         const crash_result_t *so_far, crash_life_t *life,
                         int64_t *out_kill_after_ns);

#endif
