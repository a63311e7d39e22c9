#include "tests/crash/schedule.h"

enum {
  LONGEST_LIFE_NS = 8000000,
  MOST_OPERATIONS = 250,
  MOST_POINTS_BITS = 8, // of a life whose n-th point kills, whichever it is
};

// A point that this role reaches; of two candidates the one that killed fewer.
static int32_t
pick_point(crash_random_t *random, const crash_arena_t *arena, const crash_result_t *so_far,
           crash_role_t role)
{
  int32_t best = CRASH_ANY_POINT;
  for (int tries = 0; tries < 8; tries++) {
    int32_t point = (int32_t)crash_below(random, (uint64_t)crash_point_count());
    if (atomic_load(&arena->reached[role][point]) != 0 &&
        (best < 0 || so_far->killed_at[point] < so_far->killed_at[best])) {
      best = point;
    }
  }
  return best;
}

void
crash_schedule_life(crash_random_t *random, const crash_arena_t *arena,
                    const crash_result_t *so_far, crash_life_t *life, int64_t *out_kill_after_ns)
{
  *out_kill_after_ns = INT64_MAX;
  life->seed = crash_random(random);
  life->operations = 1 + (uint32_t)crash_below(random, MOST_OPERATIONS);
  life->starts_empty = life->role == CRASH_HOLDER && crash_once_in(random, 12);
  life->armed_point = CRASH_NO_POINT;
  life->countdown = 1;
  switch (crash_below(random, 8)) {
  case 0: // ends by itself
    break;
  case 1:
  case 2:
    life->armed_point = CRASH_ANY_POINT;
    life->countdown = 1 + (uint32_t)crash_magnitude(random, MOST_POINTS_BITS);
    break;
  case 3:
  case 4:
    life->armed_point = pick_point(random, arena, so_far, life->role);
    life->countdown = 1 + (uint32_t)crash_magnitude(random, 4);
    break;
  default:
    life->operations = UINT32_MAX;
    *out_kill_after_ns = (int64_t)crash_below(random, LONGEST_LIFE_NS);
  }
}
