#include "tests/crash/point.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "store/crash_point.h"
#include "tests/crash/seeded_bug.h"

// Made by the linker: where the points of all source files were gathered.
extern svari_crash_point_t __start_svari_crash_points[];
extern svari_crash_point_t __stop_svari_crash_points[];

static crash_arena_t *arena;
static crash_life_t *life;

int32_t
crash_point_count(void)
{
  return (int32_t)(__stop_svari_crash_points - __start_svari_crash_points);
}

const char *
crash_point_name(int32_t index)
{
  return __start_svari_crash_points[index].name;
}

void
crash_points_arm(crash_arena_t *its_arena, crash_life_t *its_life)
{
  arena = its_arena;
  life = its_life;
}

static void
die_at(int32_t index)
{
  life->died_at = index;
  for (;;) {
    kill(getpid(), SIGKILL);
  }
}

void
svari_crash_reach(const svari_crash_point_t *point)
{
  if (life == NULL) {
    return;
  }
  int32_t index = (int32_t)(point - __start_svari_crash_points);
  atomic_fetch_add_explicit(&arena->reached[life->role][index], 1, memory_order_relaxed);
  crash_seeded_bug_at(arena, life, point->name);
  if ((life->armed_point == index || life->armed_point == CRASH_ANY_POINT) &&
      --life->countdown == 0) {
    die_at(index);
  }
}
