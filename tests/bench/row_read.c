// Borrowed reads by the size of the value, from another process than the holder's.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/child.h"
#include "bench/peer_iceoryx.h"
#include "bench/peer_lmdb.h"
#include "bench/raw.h"
#include "bench/rows.h"
#include "bench/sizes.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/read";

enum { BATCH = 1000, WARMUP = 32 };
enum { LOAD, EXCHANGE, FENCE, CALL, CLOCK, PRIMITIVES };
// What is measured of each size, in this order.
enum { BORROW, SNAPSHOT, LMDB, ICEORYX, KINDS };

typedef struct reading {
  const bench_run_t *run;
  char lmdb_directory[4096];
  uint64_t sizes[BENCH_SIZES_MAX];
  size_t size_count;
  bench_lmdb_t lmdb;
  svar_store_t *store;
  bench_snapshot_read_t snapshots[BENCH_SIZES_MAX];
  bench_lmdb_read_t lmdb_reads[BENCH_SIZES_MAX];
  bench_iceoryx_topic_t *topics[BENCH_SIZES_MAX];
  bench_subject_t subjects[PRIMITIVES + KINDS * BENCH_SIZES_MAX];
  size_t subject_count;
  // Indices into subjects; 0 (a primitive's): not measured.
  size_t where[KINDS][BENCH_SIZES_MAX];
} reading_t;

static void
hold(bench_parent_t *parent, void *context)
{
  reading_t *reading = context;
  svar_store_t *store = bench_store_create(STORE);
  bench_lmdb_create(reading->lmdb_directory, &reading->lmdb);
  for (size_t i = 0; i < reading->size_count; i++) {
    char name[BENCH_SIZE_TEXT_BYTES];
    uint64_t size = reading->sizes[i];
    svar_variable_unref(bench_variable_make(store, bench_size_text(size, name), size / 8));
    if (size <= BENCH_LMDB_VALUE_MAX_BYTES) {
      bench_lmdb_reserve(&reading->lmdb, i, size);
    }
  }
  bench_parent_tell(parent);
  bench_parent_await(parent);
  bench_lmdb_close(&reading->lmdb);
  bench_store_remove(store);
}

static void
add(reading_t *reading, int kind, size_t size_index, bench_subject_t subject)
{
  reading->where[kind][size_index] = reading->subject_count;
  reading->subjects[reading->subject_count++] = subject;
}

static void
add_primitives(reading_t *reading)
{
  const bench_subject_t primitives[PRIMITIVES] = {
      [LOAD] = {.name = "plain load", .run = bench_raw_load, .batch = BATCH},
      [EXCHANGE] = {.name = "atomic exchange", .run = bench_raw_exchange, .batch = BATCH},
      [FENCE] = {.name = "seq_cst store + load", .run = bench_raw_fence, .batch = BATCH},
      [CALL] = {.name = "empty call", .run = bench_raw_call, .batch = BATCH},
      [CLOCK] = {.name = "clock", .run = bench_raw_clock, .batch = 1},
  };
  memcpy(reading->subjects, primitives, sizeof(primitives));
  reading->subject_count = PRIMITIVES;
}

static void
add_size(reading_t *reading, size_t i)
{
  char name[BENCH_SIZE_TEXT_BYTES];
  uint64_t size = reading->sizes[i];
  svar_variable_t *variable = bench_variable_find(reading->store, bench_size_text(size, name));
  reading->snapshots[i] = (bench_snapshot_read_t){reading->store, variable};
  add(reading, BORROW, i,
      (bench_subject_t){.name = "borrow + release",
                        .run = bench_borrow_run,
                        .context = variable,
                        .batch = BATCH,
                        .warmup = WARMUP});
  add(reading, SNAPSHOT, i,
      (bench_subject_t){.name = "snapshot begin + get + end",
                        .run = bench_snapshot_run,
                        .context = &reading->snapshots[i],
                        .batch = BATCH,
                        .warmup = WARMUP});
  if (size <= BENCH_LMDB_VALUE_MAX_BYTES) {
    reading->lmdb_reads[i] = (bench_lmdb_read_t){&reading->lmdb, i};
    add(reading, LMDB, i,
        (bench_subject_t){.name = "LMDB renew + get + reset",
                          .run = bench_lmdb_read_run,
                          .context = &reading->lmdb_reads[i],
                          .batch = BATCH,
                          .warmup = WARMUP});
  }
  if (reading->run->has_roudi && size <= BENCH_ICEORYX_VALUE_MAX_BYTES) {
    size_t batch = bench_iceoryx_batch(size);
    reading->topics[i] = bench_iceoryx_topic_create(size, (uint32_t)batch);
    add(reading, ICEORYX, i,
        (bench_subject_t){.name = "iceoryx take + release",
                          .prepare = bench_iceoryx_publish_run,
                          .run = bench_iceoryx_take_run,
                          .context = reading->topics[i],
                          .batch = batch});
  }
}

static const bench_subject_t *
subject_of(const reading_t *reading, int kind, size_t size_index)
{
  size_t index = reading->where[kind][size_index];
  return index == 0 ? NULL : &reading->subjects[index];
}

static void
report_size(reading_t *reading, size_t i)
{
  bench_report_t *report = reading->run->report;
  char text[BENCH_SIZE_TEXT_BYTES];
  bench_size_text(reading->sizes[i], text);
  const bench_subject_t *neighbours[] = {
      subject_of(reading, LMDB, i), subject_of(reading, ICEORYX, i), &reading->subjects[FENCE],
      &reading->subjects[EXCHANGE], &reading->subjects[LOAD],        &reading->subjects[CALL]};
  bench_report_add(report, subject_of(reading, BORROW, i), neighbours, 6, "borrow + release, %s",
                   text);
  bench_report_add(report, subject_of(reading, SNAPSHOT, i), neighbours, 6,
                   "snapshot begin + get + end, %s", text);
  for (int kind = 0; kind < KINDS; kind++) {
    const bench_subject_t *subject = subject_of(reading, kind, i);
    if (subject != NULL && kind != SNAPSHOT) { // which would lie on the line of borrow
      bench_report_point(report, "size", subject->name, (double)reading->sizes[i],
                         bench_stats(subject).p50);
    }
  }
}

// The largest p50 of a kind over the sizes; 0: not measured.
static double
largest_p50(const reading_t *reading, int kind, double *out_smallest)
{
  double largest = 0, smallest = 0;
  for (size_t i = 0; i < reading->size_count; i++) {
    if (subject_of(reading, kind, i) != NULL) {
      double p50 = bench_stats(subject_of(reading, kind, i)).p50;
      largest = p50 > largest ? p50 : largest;
      smallest = smallest == 0 || p50 < smallest ? p50 : smallest;
    }
  }
  *out_smallest = smallest;
  return largest;
}

static void
report_holds(const reading_t *reading)
{
  bench_report_t *report = reading->run->report;
  char range[64], text[BENCH_SIZE_TEXT_BYTES];
  snprintf(range, sizeof(range), "8 B - %s",
           bench_size_text(reading->sizes[reading->size_count - 1], text));
  double fastest, lmdb, iceoryx;
  double slowest = largest_p50(reading, BORROW, &fastest);
  largest_p50(reading, LMDB, &lmdb);
  largest_p50(reading, ICEORYX, &iceoryx);
  bench_report_hold(report, "borrow + release, any size, p50", BENCH_AT_MOST, 5, "ns", slowest,
                    "%s; a seq_cst store + load: %.1f ns", range,
                    bench_stats(&reading->subjects[FENCE]).p50);
  bench_report_hold(report, "borrow + release, flat over sizes", BENCH_AT_MOST, 1.1, "x",
                    slowest / fastest, "%s: %.2f - %.2f ns", range, fastest, slowest);
  bench_report_hold(report, "borrow + release, times faster than LMDB", BENCH_AT_LEAST, 5, "x",
                    lmdb / slowest, "LMDB renew + get + reset: %.1f ns", lmdb);
  if (iceoryx > 0) {
    bench_report_hold(report, "borrow + release, times faster than iceoryx", BENCH_AT_LEAST, 20,
                      "x", iceoryx / slowest, "iceoryx take + release: %.1f ns", iceoryx);
  } else {
    bench_report_missing(report, "iceoryx take + release: no RouDi");
  }
}

static void
measure(reading_t *reading)
{
  const bench_run_t *run = reading->run;
  if (run->has_roudi) {
    bench_iceoryx_join("reader");
  }
  reading->store = bench_store_open(STORE);
  bench_lmdb_open(reading->lmdb_directory, &reading->lmdb);
  add_primitives(reading);
  for (size_t i = 0; i < reading->size_count; i++) {
    add_size(reading, i);
  }
  const bench_effort_t effort = {run->is_quick ? 4 : 15, 200, 20000};
  bench_interleave(reading->subjects, reading->subject_count, &effort);
  for (size_t i = 0; i < PRIMITIVES; i++) {
    bench_report_add(run->report, &reading->subjects[i], NULL, 0, "raw: %s",
                     reading->subjects[i].name);
  }
  for (size_t i = 0; i < reading->size_count; i++) {
    report_size(reading, i);
    bench_iceoryx_topic_destroy(reading->topics[i]);
  }
  report_holds(reading);
  bench_lmdb_close(&reading->lmdb);
  svar_store_close(reading->store);
}

void
bench_row_read(const bench_run_t *run)
{
  static reading_t reading;
  reading.run = run;
  snprintf(reading.lmdb_directory, sizeof(reading.lmdb_directory), "%s/lmdb", run->directory);
  BENCH_REQUIRE(mkdir(reading.lmdb_directory, 0700) == 0, "no directory '%s'",
                reading.lmdb_directory);
  // Every size once, and each smaller one adds an eighth of the next.
  reading.size_count = bench_sizes(run, 8, run->memory_bytes / 8 * 7, reading.sizes);
  bench_child_t holder;
  bench_child_start(hold, &reading, &holder);
  bench_child_await(&holder);
  measure(&reading);
  bench_child_end(&holder);
}
