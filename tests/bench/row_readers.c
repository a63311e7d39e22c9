// Borrowed reads by the number of processes that read the same variable, with the holder at rest and
// with the holder committing 1000 times a second.
//
// Readers beyond the number of CPUs share them: a batch of some microseconds is rarely cut by the
// scheduler, so that p50 is what a read costs while its process runs, and max shows the waiting.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/child.h"
#include "bench/raw.h"
#include "bench/rows.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/readers";
static const char VARIABLE[] = "value";

enum { READERS_MAX = 64, SAMPLES_MAX = 20000, BATCH = 1000, WARMUP = 32 };
enum { LEVELS_MAX = 8, WRITING = 2 };
enum { BORROW, FENCE, KINDS };

// The samples of one reader at one level.
typedef struct bucket {
  size_t count;
  float samples[KINDS][SAMPLES_MAX];
} bucket_t;

typedef struct crowd {
  const bench_run_t *run;
  size_t levels[LEVELS_MAX]; // numbers of readers
  size_t level_count;
  bench_child_t readers[READERS_MAX];
  bench_child_t holder;
  // Shared with the children:
  struct {
    _Atomic bool is_writing;
    _Atomic bool is_ending;
    double slice_seconds;
    size_t level, writing; // of the slice that runs
  } * shared;
  bucket_t *buckets; // [level][writing][reader]
  size_t reader;     // in a child: which one it is
} crowd_t;

static bucket_t *
bucket_of(const crowd_t *crowd, size_t level, size_t writing, size_t reader)
{
  return &crowd->buckets[(level * WRITING + writing) * READERS_MAX + reader];
}

// --- processes -------------------------------------------------------------------------------------

static void
hold(bench_parent_t *parent, void *context)
{
  const crowd_t *crowd = context;
  const struct timespec period = {0, 1000000};
  const int64_t shape = 1;
  svar_store_t *store = bench_store_create(STORE);
  svar_variable_t *variable = bench_variable_make(store, VARIABLE, 1);
  bench_parent_tell(parent);
  for (uint64_t word = 2; !atomic_load(&crowd->shared->is_ending); word++) {
    if (atomic_load(&crowd->shared->is_writing)) {
      // Of 64 readers that share a few CPUs, more than the ring has records can be in the middle of a
      // read, each of another version: then this commit is left out.
      svar_ret_t ret = bench_variable_try_commit(store, variable, &shape, word);
      BENCH_REQUIRE(ret == SVAR_OK || ret == SVAR_ERR_BUSY, "a commit: %s", svar_error_message());
    }
    nanosleep(&period, NULL);
  }
  svar_variable_unref(variable);
  bench_store_remove(store);
}

// Adds a slice's samples to what the bucket has.
static void
keep(bucket_t *bucket, const bench_subject_t *subjects)
{
  size_t room = SAMPLES_MAX - bucket->count;
  size_t count = subjects[BORROW].sample_count < room ? subjects[BORROW].sample_count : room;
  for (int kind = 0; kind < KINDS; kind++) {
    memcpy(bucket->samples[kind] + bucket->count, subjects[kind].samples, count * sizeof(float));
  }
  bucket->count += count;
}

static void
read_slices(bench_parent_t *parent, void *context)
{
  const crowd_t *crowd = context;
  if (crowd->reader < bench_cpu_count()) {
    bench_pin(crowd->reader);
  }
  svar_store_t *store = bench_store_open(STORE);
  svar_variable_t *variable = bench_variable_find(store, VARIABLE);
  bench_subject_t subjects[KINDS] = {
      [BORROW] = {.name = "borrow + release",
                  .run = bench_borrow_run,
                  .context = variable,
                  .batch = BATCH,
                  .warmup = WARMUP},
      [FENCE] = {.name = "seq_cst store + load", .run = bench_raw_fence, .batch = BATCH},
  };
  while (bench_parent_await(parent)) {
    const bench_effort_t effort = {crowd->shared->slice_seconds, 2, SAMPLES_MAX};
    bench_interleave(subjects, KINDS, &effort);
    keep(bucket_of(crowd, crowd->shared->level, crowd->shared->writing, crowd->reader), subjects);
    bench_subjects_fini(subjects, KINDS);
    bench_parent_tell(parent);
  }
  svar_variable_unref(variable);
  svar_store_close(store);
}

static void
run_slice(crowd_t *crowd, size_t level, size_t writing)
{
  crowd->shared->level = level;
  crowd->shared->writing = writing;
  atomic_store(&crowd->shared->is_writing, writing != 0);
  for (size_t reader = 0; reader < crowd->levels[level]; reader++) {
    bench_child_tell(&crowd->readers[reader]);
  }
  for (size_t reader = 0; reader < crowd->levels[level]; reader++) {
    bench_child_await(&crowd->readers[reader]);
  }
}

// --- figures ---------------------------------------------------------------------------------------

static bench_stats_t
level_stats(const crowd_t *crowd, size_t level, size_t writing, int kind)
{
  size_t count = 0;
  float *all = malloc((size_t)READERS_MAX * SAMPLES_MAX * sizeof(float));
  BENCH_REQUIRE(all != NULL, "no memory for samples");
  for (size_t reader = 0; reader < crowd->levels[level]; reader++) {
    const bucket_t *bucket = bucket_of(crowd, level, writing, reader);
    memcpy(all + count, bucket->samples[kind], bucket->count * sizeof(float));
    count += bucket->count;
  }
  bench_stats_t stats = bench_stats_of(all, count);
  free(all);
  return stats;
}

static void
report_level(const crowd_t *crowd, size_t level, size_t writing)
{
  bench_report_t *report = crowd->run->report;
  size_t readers = crowd->levels[level];
  char name[BENCH_NAME_BYTES];
  snprintf(name, sizeof(name), "borrow + release, %zu reader%s%s", readers, readers > 1 ? "s" : "",
           writing ? ", commits at 1 kHz" : "");
  bench_stats_t borrow = level_stats(crowd, level, writing, BORROW);
  bench_stats_t fence = level_stats(crowd, level, writing, FENCE);
  bench_result_t *result = bench_report_stats(report, name, borrow);
  bench_report_beside(result, "one reader", level_stats(crowd, 0, 0, BORROW).p50);
  bench_report_beside(result, "seq_cst store + load, as many processes", fence.p50);
  bench_report_print(result);
  bench_report_point(report, "readers",
                     writing ? "borrow + release, commits at 1 kHz" : "borrow + release",
                     (double)readers, borrow.p50);
  if (!writing) {
    bench_report_point(report, "readers", "raw: seq_cst store + load", (double)readers, fence.p50);
  }
}

static void
report_holds(const crowd_t *crowd)
{
  double one = level_stats(crowd, 0, 0, BORROW).p50, two = one, most = one;
  for (size_t level = 1; level < crowd->level_count; level++) {
    double p50 = level_stats(crowd, level, 0, BORROW).p50;
    two = crowd->levels[level] == 2 ? p50 : two;
    most = p50 > most ? p50 : most;
  }
  bench_report_t *report = crowd->run->report;
  bench_report_hold(report, "borrow + release, 2 readers", BENCH_AT_MOST, 1.2, "x", two / one,
                    "one reader: %.1f ns", one);
  bench_report_hold(report, "borrow + release, up to 64 readers", BENCH_AT_MOST, 1.2, "x",
                    most / one, "one reader: %.1f ns", one);
}

// --- the row ---------------------------------------------------------------------------------------

static void
start(crowd_t *crowd)
{
  crowd->shared = bench_share(sizeof(*crowd->shared));
  crowd->buckets = bench_share(sizeof(bucket_t) * LEVELS_MAX * WRITING * READERS_MAX);
  bench_child_start(hold, crowd, &crowd->holder);
  bench_child_await(&crowd->holder);
  for (size_t reader = 0; reader < READERS_MAX; reader++) {
    crowd->reader = reader;
    bench_child_start(read_slices, crowd, &crowd->readers[reader]);
  }
}

static void
stop(crowd_t *crowd)
{
  for (size_t reader = 0; reader < READERS_MAX; reader++) {
    bench_child_end(&crowd->readers[reader]);
  }
  atomic_store(&crowd->shared->is_ending, true);
  bench_child_end(&crowd->holder);
}

void
bench_row_readers(const bench_run_t *run)
{
  static const size_t quick[] = {1, 2, 8, 64}, full[] = {1, 2, 4, 8, 16, 32, 64};
  static crowd_t crowd;
  crowd.run = run;
  crowd.level_count = run->is_quick ? sizeof(quick) / sizeof(*quick) : sizeof(full) / sizeof(*full);
  memcpy(crowd.levels, run->is_quick ? quick : full, crowd.level_count * sizeof(size_t));
  start(&crowd);
  crowd.shared->slice_seconds = run->is_quick ? 0.1 : 0.2;
  size_t rounds = run->is_quick ? 3 : 5;
  for (size_t round = 0; round < rounds; round++) {
    for (size_t level = 0; level < crowd.level_count; level++) {
      for (size_t writing = 0; writing < WRITING; writing++) {
        run_slice(&crowd, level, writing);
      }
    }
  }
  stop(&crowd);
  for (size_t writing = 0; writing < WRITING; writing++) {
    for (size_t level = 0; level < crowd.level_count; level++) {
      report_level(&crowd, level, writing);
    }
  }
  report_holds(&crowd);
}
