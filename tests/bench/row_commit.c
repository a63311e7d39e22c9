// Committing a loaned value by its size: the commit alone, and all of begin, loan and commit.
#include <stdio.h>

#include "bench/child.h"
#include "bench/peer_iceoryx.h"
#include "bench/raw.h"
#include "bench/rows.h"
#include "bench/sizes.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/commit";
static const char VARIABLE[] = "value";

enum { BATCH = 100 };
enum { COMMIT, LOAN, CLOCK, ICEORYX, KINDS }; // iceoryx last: it may be missing

typedef struct publisher {
  svar_store_t *store;
  svar_variable_t *variable;
  int64_t words;
  svar_transaction_t *transaction; // loaned and not committed yet
} publisher_t;

// A reader in another process, attached and at rest, so that commits are those of a store in use.
static void
read_along(bench_parent_t *parent, void *unused)
{
  (void)unused;
  while (bench_parent_await(parent)) {
    svar_store_t *store = bench_store_open(STORE);
    svar_variable_t *variable = bench_variable_find(store, VARIABLE);
    bench_borrow_run(variable, 1);
    bench_parent_tell(parent);
    bench_parent_await(parent);
    svar_variable_unref(variable);
    svar_store_close(store);
    bench_parent_tell(parent);
  }
}

static void
loan_prepare(void *context, size_t count)
{
  publisher_t *publisher = context;
  svar_value_t hole;
  (void)count;
  BENCH_OK(svar_transaction_begin(publisher->store, &publisher->transaction));
  BENCH_OK(svar_transaction_loan(publisher->transaction, publisher->variable, &publisher->words,
                                 false, &hole));
  *(uint64_t *)hole.tensor.data = 2;
}

static void
commit_run(void *context, size_t count)
{
  publisher_t *publisher = context;
  (void)count;
  BENCH_OK(svar_transaction_commit(publisher->transaction, NULL));
}

static void
loan_run(void *context, size_t count)
{
  publisher_t *publisher = context;
  for (size_t i = 0; i < count; i++) {
    bench_variable_commit(publisher->store, publisher->variable, &publisher->words, i);
  }
}

static void
report_size(const bench_run_t *run, uint64_t size, const bench_subject_t subjects[KINDS],
            double slowest[KINDS])
{
  char text[BENCH_SIZE_TEXT_BYTES];
  bench_size_text(size, text);
  const bench_subject_t *neighbours[] = {&subjects[ICEORYX], &subjects[CLOCK]};
  bench_report_add(run->report, &subjects[COMMIT], neighbours, 2, "commit of a loan, %s", text);
  bench_report_add(run->report, &subjects[LOAN], neighbours, 1, "begin + loan + commit, %s", text);
  for (int kind = 0; kind < KINDS; kind++) {
    double p50 = bench_stats(&subjects[kind]).p50; // 0: not measured
    slowest[kind] = p50 > slowest[kind] ? p50 : slowest[kind];
    if (p50 > 0 && (kind == LOAN || kind == ICEORYX)) { // like with like
      bench_report_point(run->report, "size", subjects[kind].name, (double)size, p50);
    }
  }
}

static void
measure_size(const bench_run_t *run, uint64_t size, bench_child_t *reader, double slowest[KINDS])
{
  publisher_t publisher = {.store = bench_store_create(STORE), .words = (int64_t)(size / 8)};
  publisher.variable = bench_variable_make(publisher.store, VARIABLE, size / 8);
  bench_variable_commit(publisher.store, publisher.variable, &publisher.words, 1);
  bench_child_tell(reader);
  bench_child_await(reader);
  bool has_iceoryx = run->has_roudi && size <= BENCH_ICEORYX_VALUE_MAX_BYTES;
  bench_iceoryx_topic_t *topic = has_iceoryx ? bench_iceoryx_topic_create(size, 1) : NULL;
  bench_subject_t subjects[KINDS] = {
      [COMMIT] = {.name = "commit of a loan",
                  .prepare = loan_prepare,
                  .run = commit_run,
                  .context = &publisher,
                  .batch = 1},
      [LOAN] = {.name = "begin + loan + commit",
                .run = loan_run,
                .context = &publisher,
                .batch = BATCH},
      [CLOCK] = {.name = "clock", .run = bench_raw_clock, .batch = 1},
      [ICEORYX] = {.name = "iceoryx loan + publish",
                   .run = bench_iceoryx_publish_run,
                   .context = topic,
                   .batch = BATCH},
  };
  const bench_effort_t effort = {run->is_quick ? 0.5 : 2, 500, 20000};
  bench_interleave(subjects, topic != NULL ? KINDS : ICEORYX, &effort);
  report_size(run, size, subjects, slowest);
  bench_subjects_fini(subjects, KINDS);
  bench_iceoryx_topic_destroy(topic);
  bench_child_tell(reader);
  bench_child_await(reader);
  svar_variable_unref(publisher.variable);
  bench_store_remove(publisher.store);
}

void
bench_row_commit(const bench_run_t *run)
{
  bench_child_t reader;
  uint64_t sizes[BENCH_SIZES_MAX];
  double slowest[KINDS] = {0};
  char text[BENCH_SIZE_TEXT_BYTES];
  bench_child_start(read_along, NULL, &reader);
  if (run->has_roudi) {
    bench_iceoryx_join("publisher");
  }
  size_t count = bench_sizes(run, 8, run->memory_bytes / 2, sizes); // two versions of each
  for (size_t i = 0; i < count; i++) {
    measure_size(run, sizes[i], &reader, slowest);
  }
  bench_child_end(&reader);
  bench_size_text(sizes[count - 1], text);
  bench_report_hold(run->report, "commit of a loaned value, any size, p50", BENCH_AT_MOST, 300,
                    "ns", slowest[COMMIT], "8 B - %s; with begin and loan: %.1f ns", text,
                    slowest[LOAN]);
  if (run->has_roudi) {
    bench_report_hold(run->report, "begin + loan + commit beside iceoryx", BENCH_AT_MOST, 1, "x",
                      slowest[LOAN] / slowest[ICEORYX], "iceoryx loan + publish: %.1f ns",
                      slowest[ICEORYX]);
  } else {
    bench_report_missing(run->report, "iceoryx loan + publish: no RouDi");
  }
}
