#include "tests/crash/report.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long long ull_t;

typedef struct tally {
  int passed;
  int failed;
} tally_t;

static void
judge(tally_t *tally, bool is_good, const char *what)
{
  printf("  %-6s %s\n", is_good ? "ok" : "FAILED", what);
  *(is_good ? &tally->passed : &tally->failed) += 1;
}

static uint64_t
reached(const crash_arena_t *arena, int32_t point)
{
  uint64_t sum = 0;
  for (int role = 0; role < CRASH_ROLES; role++) {
    sum += atomic_load(&arena->reached[role][point]);
  }
  return sum;
}

static void
print_points(const crash_arena_t *arena, const crash_result_t *result)
{
  printf("%-28s %10s %10s\n", "point", "reached", "kills");
  for (int32_t i = 0; i < crash_point_count(); i++) {
    printf("%-28s %10llu %10llu\n", crash_point_name(i), (ull_t)reached(arena, i),
           (ull_t)result->killed_at[i]);
  }
  printf("%-28s %10s %10llu\n", "(a random moment)", "", (ull_t)result->killed_at_random);
}

static void
print_totals(const crash_arena_t *arena, const crash_result_t *result)
{
  uint64_t commits = 0;
  for (int i = 0; i < CRASH_STORES; i++) {
    commits += atomic_load(&arena->stores[i].commits);
  }
  printf("%llu kills in %llu lives and %llu rounds, %.1f s (%.0f kills/s); %llu commits reported, "
         "%llu values verified\n",
         (ull_t)result->kills, (ull_t)result->lives, (ull_t)result->rounds, result->seconds,
         (double)result->kills / result->seconds, (ull_t)commits,
         (ull_t)atomic_load(&arena->reads));
}

// No process here lives long enough to start a driver: test_device_points.cpp dies at these.
static bool
is_of_gpus(int32_t point)
{
  return strncmp(crash_point_name(point), "device.", strlen("device.")) == 0;
}

// One check a point.
static void
judge_points(tally_t *tally, const crash_arena_t *arena)
{
  for (int32_t i = 0; i < crash_point_count(); i++) {
    if (is_of_gpus(i)) {
      continue;
    }
    if (reached(arena, i) == 0) {
      printf("  FAILED the point %s was never reached: more --kills?\n", crash_point_name(i));
      tally->failed++;
    } else {
      tally->passed++;
    }
  }
}

static void
print_json(FILE *file, const crash_result_t *result)
{
  const uint64_t *verdicts = result->verdicts;
  fprintf(file, "{\"kills\":%llu,\"torn\":%llu,\"stuck\":%llu,\"lost\":%llu,\"left\":%llu}\n",
          (ull_t)result->kills, (ull_t)verdicts[CRASH_TORN], (ull_t)verdicts[CRASH_STUCK],
          (ull_t)verdicts[CRASH_LOST], (ull_t)verdicts[CRASH_LEFT]);
}

static void
write_json(const char *path, const crash_result_t *result)
{
  FILE *file = fopen(path, "we");
  if (file == NULL) {
    err(2, "writing '%s'", path);
  }
  print_json(file, result);
  if (fclose(file) != 0) {
    err(2, "writing '%s'", path);
  }
}

bool
crash_report(const crash_options_t *options, const crash_arena_t *arena,
             const crash_result_t *result)
{
  tally_t tally = {0};
  const uint64_t *verdicts = result->verdicts;
  print_points(arena, result);
  print_totals(arena, result);
  judge(&tally, verdicts[CRASH_TORN] == 0, "no value is torn, no snapshot mixes commits");
  judge(&tally, verdicts[CRASH_STUCK] == 0, "nobody is stuck, or refused because of the dead");
  judge(&tally, verdicts[CRASH_LOST] == 0, "no commit that was reported or seen is lost");
  judge(&tally, verdicts[CRASH_LEFT] == 0, "nothing is left in the segment directory");
  judge(&tally, verdicts[CRASH_ERROR] == 0, "no other failure");
  judge(&tally, result->kills >= options->kills, "all the kills were made");
  judge_points(&tally, arena);
  print_json(stdout, result);
  if (options->json_path != NULL) {
    write_json(options->json_path, result);
  }
  printf("%d passed, %d failed\n", tally.passed, tally.failed);
  return tally.failed == 0;
}
