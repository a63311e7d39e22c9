// What a run found: figures, targets held or not, points of plots. Lies in memory that the rows'
// processes share; whoever runs a row adds to it, one at a time.
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "bench/sample.h"
#include "shared_variable/error.h"

enum {
  BENCH_NAME_BYTES = 96,
  BENCH_BESIDE_MAX = 6,
  BENCH_RESULTS_MAX = 256,
  BENCH_HOLDS_MAX = 64,
  BENCH_POINTS_MAX = 1024
};

typedef struct bench_result {
  char name[BENCH_NAME_BYTES];
  bench_stats_t stats; // ns
  size_t beside_count;
  struct {
    char name[BENCH_NAME_BYTES];
    double value, ratio; // p50 of the neighbour in ns; this result's p50 / the neighbour's
  } beside[BENCH_BESIDE_MAX];
} bench_result_t;

typedef enum bench_bound { BENCH_AT_MOST, BENCH_AT_LEAST } bench_bound_t;

// A line of the table of numbers to hold.
typedef struct bench_hold {
  char name[BENCH_NAME_BYTES];
  bench_bound_t bound;
  double limit, value;
  char unit[8];                  // "ns", "us", or "x" for a ratio
  char beside[BENCH_NAME_BYTES]; // what it is compared with, for the table
} bench_hold_t;

typedef struct bench_point {
  char plot[16], series[BENCH_NAME_BYTES];
  double x, y;
} bench_point_t;

typedef struct bench_report {
  size_t result_count, hold_count, point_count;
  bool is_incomplete; // set by a row that could not measure a part of itself
  bench_result_t results[BENCH_RESULTS_MAX];
  bench_hold_t holds[BENCH_HOLDS_MAX];
  bench_point_t points[BENCH_POINTS_MAX];
} bench_report_t;

// The statistics of subject under the printed name, beside those of `neighbours` (NULL, or
// without samples: left out). Prints them.
void bench_report_add(bench_report_t *report, const bench_subject_t *subject,
                      const bench_subject_t *const *neighbours, size_t neighbour_count,
                      const char *name_format, ...) SVAR_PRINTF(5, 6);
// The same in steps, from statistics that are there already.
bench_result_t *bench_report_stats(bench_report_t *report, const char *name, bench_stats_t stats);
void bench_report_beside(bench_result_t *result, const char *name, double p50);
void bench_report_print(const bench_result_t *result);

void bench_report_hold(bench_report_t *report, const char *name, bench_bound_t bound, double limit,
                       const char *unit, double value, const char *beside_format, ...)
    SVAR_PRINTF(7, 8);
// Says that a part of the running row was not measured, and why: the row then does not pass.
void bench_report_missing(bench_report_t *report, const char *format, ...) SVAR_PRINTF(2, 3);

// The run's value goes into the plot as one point.
void bench_report_point(bench_report_t *report, const char *plot, const char *series, double x,
                        double y);

// The table: one line a target.
void bench_report_print_table(const bench_report_t *report, FILE *out);
void bench_report_write_json(const bench_report_t *report, const char *path);
// One file of data a plot, DIRECTORY/<plot>.dat: its series one after the other, as gnuplot reads them.
void bench_report_write_points(const bench_report_t *report, const char *directory);

#endif
