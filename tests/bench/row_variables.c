// Borrowed reads by the number of variables among which a reader goes to and fro: each read is of
// another, chosen at random beforehand.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bench/child.h"
#include "bench/peer_lmdb.h"
#include "bench/rows.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/variables";

enum { VARIABLES = 10000, COUNTS = 5, CHOICES = 4096, BATCH = 1000, WARMUP = 32 };
enum { BORROW, LMDB, LOAD, KINDS };
static const size_t counts[COUNTS] = {1, 10, 100, 1000, VARIABLES};

// Goes around the choices; each subject keeps its own place.
typedef struct walk {
  struct many *many;
  uint32_t choices[CHOICES];
  size_t at;
} walk_t;

typedef struct many {
  char lmdb_directory[4096];
  bench_lmdb_t lmdb;
  svar_variable_t *variables[VARIABLES];
  struct {
    _Alignas(64) uint64_t word;
  } lines[VARIABLES]; // raw: a cache line for each variable
  walk_t walks[COUNTS][KINDS];
} many_t;

static void
hold(bench_parent_t *parent, void *context)
{
  many_t *many = context;
  char name[32];
  svar_store_t *store = bench_store_create(STORE);
  bench_lmdb_create(many->lmdb_directory, &many->lmdb);
  for (size_t i = 0; i < VARIABLES; i++) {
    snprintf(name, sizeof(name), "layer.%zu", i);
    svar_variable_unref(bench_variable_make(store, name, 1));
  }
  bench_lmdb_put(&many->lmdb, VARIABLES, 1);
  bench_parent_tell(parent);
  bench_parent_await(parent);
  bench_lmdb_close(&many->lmdb);
  bench_store_remove(store);
}

static uint32_t
next_choice(walk_t *walk)
{
  uint32_t choice = walk->choices[walk->at];
  walk->at = (walk->at + 1) % CHOICES;
  return choice;
}

static void
borrow_run(void *context, size_t count)
{
  walk_t *walk = context;
  svar_value_t value = SVAR_VALUE_INIT;
  for (size_t i = 0; i < count; i++) {
    bench_borrow(walk->many->variables[next_choice(walk)], &value);
  }
}

static void
lmdb_run(void *context, size_t count)
{
  walk_t *walk = context;
  for (size_t i = 0; i < count; i++) {
    bench_lmdb_get(&walk->many->lmdb, next_choice(walk));
  }
}

static void
load_run(void *context, size_t count)
{
  walk_t *walk = context;
  for (size_t i = 0; i < count; i++) {
    bench_use(walk->many->lines[next_choice(walk)].word);
  }
}

static void
make_walk(walk_t *walk, many_t *many, size_t count)
{
  walk->many = many;
  for (size_t i = 0; i < CHOICES; i++) {
    walk->choices[i] = (uint32_t)(random() % (long)count);
  }
}

static void
attach(many_t *many, svar_store_t **out_store)
{
  char name[32];
  *out_store = bench_store_open(STORE);
  bench_lmdb_open(many->lmdb_directory, &many->lmdb);
  for (size_t i = 0; i < VARIABLES; i++) {
    snprintf(name, sizeof(name), "layer.%zu", i);
    many->variables[i] = bench_variable_find(*out_store, name);
    many->lines[i].word = i;
  }
}

static void
report(const bench_run_t *run, const bench_subject_t subjects[COUNTS][KINDS])
{
  for (size_t i = 0; i < COUNTS; i++) {
    const bench_subject_t *neighbours[] = {&subjects[i][LMDB], &subjects[i][LOAD]};
    bench_report_add(run->report, &subjects[i][BORROW], neighbours, 2,
                     "borrow + release, one of %zu variables", counts[i]);
    for (int kind = 0; kind < KINDS; kind++) {
      bench_report_point(run->report, "variables", subjects[i][kind].name, (double)counts[i],
                         bench_stats(&subjects[i][kind]).p50);
    }
  }
}

void
bench_row_variables(const bench_run_t *run)
{
  static many_t many;
  bench_child_t holder;
  svar_store_t *store;
  snprintf(many.lmdb_directory, sizeof(many.lmdb_directory), "%s/lmdb", run->directory);
  BENCH_REQUIRE(mkdir(many.lmdb_directory, 0700) == 0, "no directory '%s'", many.lmdb_directory);
  bench_child_start(hold, &many, &holder);
  bench_child_await(&holder);
  attach(&many, &store);
  bench_subject_t subjects[COUNTS][KINDS];
  for (size_t i = 0; i < COUNTS; i++) {
    for (int kind = 0; kind < KINDS; kind++) {
      static const char *const names[] = {"borrow + release", "LMDB renew + get + reset",
                                          "raw: load of a line"};
      static void (*const runs[])(void *, size_t) = {borrow_run, lmdb_run, load_run};
      make_walk(&many.walks[i][kind], &many, counts[i]);
      subjects[i][kind] = (bench_subject_t){.name = names[kind],
                                            .run = runs[kind],
                                            .context = &many.walks[i][kind],
                                            .batch = BATCH,
                                            .warmup = WARMUP};
    }
  }
  const bench_effort_t effort = {run->is_quick ? 1.5 : 8, 100, 20000};
  bench_interleave(&subjects[0][0], COUNTS * KINDS, &effort);
  report(run, subjects);
  bench_lmdb_close(&many.lmdb);
  svar_store_close(store);
  bench_child_end(&holder);
}
