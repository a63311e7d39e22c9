// The rows: each measures one line of the table of numbers to hold, in a process of its own.
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/report.h"

typedef struct bench_run {
  bench_report_t *report;
  const char *directory; // for stores and databases; emptied after each row
  uint64_t memory_bytes; // that a row may fill
  bool is_quick;
  bool has_roudi;
} bench_run_t;

void bench_row_read(const bench_run_t *run);       // borrow + release by size; the primitives
void bench_row_readers(const bench_run_t *run);    // by the number of reading processes
void bench_row_variables(const bench_run_t *run);  // by the number of variables
void bench_row_commit(const bench_run_t *run);     // loan + commit by size
void bench_row_copy(const bench_run_t *run);       // copying set and get
void bench_row_conversion(const bench_run_t *run); // casts of large arrays
void bench_row_batch(const bench_run_t *run);      // 1000 variables in one commit
void bench_row_wake(const bench_run_t *run);       // a subscriber that waits
void bench_row_service(const bench_run_t *run);    // watching by eventfd, setting from outside
void bench_row_gateway(const bench_run_t *run);    // commit events on iceoryx
void bench_row_attach(const bench_run_t *run);     // opening a large store
void bench_row_launch(const bench_run_t *run);     // starting ten nodes
void bench_row_function(const bench_run_t *run);   // a function beside the same by hand
void bench_row_policy(const bench_run_t *run);     // a step of a robot's policy

#endif
