// The crash points of this program, and the life that they may end.
#ifndef SVAR_TESTS_CRASH_POINT_H
#define SVAR_TESTS_CRASH_POINT_H

#include "tests/crash/arena.h"

int32_t crash_point_count(void);
const char *crash_point_name(int32_t index);
// From here on, points are counted in the arena and kill as this life says.
void crash_points_arm(crash_arena_t *arena, crash_life_t *life);

#endif
