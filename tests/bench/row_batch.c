// A commit of 1000 small variables beside 1000 commits of one.
#include <stdio.h>
#include <sys/stat.h>

#include "bench/child.h"
#include "bench/peer_lmdb.h"
#include "bench/rows.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/batch";

enum { VARIABLES = 1000 };
enum { TOGETHER, COMMIT, LOANED, SINGLY, LMDB, KINDS };

typedef struct batch {
  svar_store_t *store;
  svar_variable_t *variables[VARIABLES];
  svar_transaction_t *transaction; // filled and not committed yet
  bench_lmdb_t lmdb;
  uint64_t word;
} batch_t;

static svar_source_t
source_of(batch_t *batch, DLTensor *tensor)
{
  static const int64_t shape = 1;
  batch->word++;
  *tensor = svar_tensor(SVAR_UINT64, &batch->word, 1, &shape);
  return svar_array(tensor);
}

static void
set_prepare(void *context, size_t count)
{
  batch_t *batch = context;
  DLTensor tensor;
  (void)count;
  svar_source_t source = source_of(batch, &tensor);
  BENCH_OK(svar_transaction_begin(batch->store, &batch->transaction));
  for (size_t i = 0; i < VARIABLES; i++) {
    BENCH_OK(svar_transaction_set(batch->transaction, batch->variables[i], source));
  }
}

static void
commit_run(void *context, size_t count)
{
  batch_t *batch = context;
  (void)count;
  BENCH_OK(svar_transaction_commit(batch->transaction, NULL));
}

static void
together_run(void *context, size_t count)
{
  set_prepare(context, count);
  commit_run(context, count);
}

static void
loaned_run(void *context, size_t count)
{
  static const int64_t shape = 1;
  batch_t *batch = context;
  svar_value_t hole;
  BENCH_OK(svar_transaction_begin(batch->store, &batch->transaction));
  for (size_t i = 0; i < VARIABLES; i++) {
    BENCH_OK(svar_transaction_loan(batch->transaction, batch->variables[i], &shape, false, &hole));
    *(uint64_t *)hole.tensor.data = ++batch->word;
  }
  commit_run(context, count);
}

static void
singly_run(void *context, size_t count)
{
  batch_t *batch = context;
  DLTensor tensor;
  (void)count;
  svar_source_t source = source_of(batch, &tensor);
  for (size_t i = 0; i < VARIABLES; i++) {
    BENCH_OK(svar_set_value(batch->variables[i], source, SVAR_COPY));
  }
}

static void
lmdb_run(void *context, size_t count)
{
  batch_t *batch = context;
  (void)count;
  bench_lmdb_put(&batch->lmdb, VARIABLES, ++batch->word);
}

void
bench_row_batch(const bench_run_t *run)
{
  static batch_t batch;
  char name[4096];
  snprintf(name, sizeof(name), "%s/lmdb", run->directory);
  BENCH_REQUIRE(mkdir(name, 0700) == 0, "no directory '%s'", name);
  bench_lmdb_create(name, &batch.lmdb);
  batch.store = bench_store_create(STORE);
  for (size_t i = 0; i < VARIABLES; i++) {
    snprintf(name, sizeof(name), "layer.%zu", i);
    batch.variables[i] = bench_variable_make(batch.store, name, 1);
  }
  bench_subject_t subjects[KINDS] = {
      [TOGETHER] = {.name = "1000 sets, one commit", .run = together_run},
      [COMMIT] = {.name = "the commit alone", .prepare = set_prepare, .run = commit_run},
      [LOANED] = {.name = "1000 loans, one commit", .run = loaned_run},
      [SINGLY] = {.name = "1000 sets and commits", .run = singly_run},
      [LMDB] = {.name = "LMDB: 1000 puts, one commit", .run = lmdb_run},
  };
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].context = &batch;
    subjects[kind].batch = 1;
  }
  const bench_effort_t effort = {run->is_quick ? 1.5 : 8, 200, 20000};
  bench_interleave(subjects, KINDS, &effort);
  const bench_subject_t *neighbours[] = {&subjects[SINGLY], &subjects[LMDB]};
  for (int kind = TOGETHER; kind <= LOANED; kind++) {
    bench_report_add(run->report, &subjects[kind], neighbours, 2, "%s", subjects[kind].name);
  }
  bench_report_hold(
      run->report, "1000 small variables set and committed at once", BENCH_AT_MOST, 100, "us",
      bench_stats(&subjects[TOGETHER]).p50 / 1000, "1000 single commits: %.1f us; LMDB: %.1f us",
      bench_stats(&subjects[SINGLY]).p50 / 1000, bench_stats(&subjects[LMDB]).p50 / 1000);
  bench_lmdb_close(&batch.lmdb);
  for (size_t i = 0; i < VARIABLES; i++) {
    svar_variable_unref(batch.variables[i]);
  }
  bench_store_remove(batch.store);
}
