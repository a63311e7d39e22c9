#include "bench/report.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "bench/child.h"

static void
copy_text(char *destination, size_t size_bytes, const char *text)
{
  snprintf(destination, size_bytes, "%s", text);
}

bench_result_t *
bench_report_stats(bench_report_t *report, const char *name, bench_stats_t stats)
{
  BENCH_REQUIRE(report->result_count < BENCH_RESULTS_MAX, "too many results");
  bench_result_t *result = &report->results[report->result_count++];
  *result = (bench_result_t){.stats = stats};
  copy_text(result->name, sizeof(result->name), name);
  return result;
}

void
bench_report_beside(bench_result_t *result, const char *name, double p50)
{
  BENCH_REQUIRE(result->beside_count < BENCH_BESIDE_MAX, "too many neighbours");
  size_t index = result->beside_count++;
  copy_text(result->beside[index].name, sizeof(result->beside[index].name), name);
  result->beside[index].value = p50;
  result->beside[index].ratio = p50 > 0 ? result->stats.p50 / p50 : 0;
}

void
bench_report_print(const bench_result_t *result)
{
  printf("  %-52s p50 %12.1f  p99 %12.1f  max %12.1f ns\n", result->name, result->stats.p50,
         result->stats.p99, result->stats.max);
  for (size_t i = 0; i < result->beside_count; i++) {
    printf("%s%s %.1f (%.3fx)", i == 0 ? "      beside " : ", ", result->beside[i].name,
           result->beside[i].value, result->beside[i].ratio);
  }
  if (result->beside_count > 0) {
    putchar('\n');
  }
}

void
bench_report_add(bench_report_t *report, const bench_subject_t *subject,
                 const bench_subject_t *const *neighbours, size_t neighbour_count,
                 const char *name_format, ...)
{
  char name[BENCH_NAME_BYTES];
  va_list arguments;
  va_start(arguments, name_format);
  vsnprintf(name, sizeof(name), name_format, arguments);
  va_end(arguments);
  bench_result_t *result = bench_report_stats(report, name, bench_stats(subject));
  for (size_t i = 0; i < neighbour_count; i++) {
    if (neighbours[i] != NULL && neighbours[i]->sample_count > 0) {
      bench_report_beside(result, neighbours[i]->name, bench_stats(neighbours[i]).p50);
    }
  }
  bench_report_print(result);
}

void
bench_report_hold(bench_report_t *report, const char *name, bench_bound_t bound, double limit,
                  const char *unit, double value, const char *beside_format, ...)
{
  BENCH_REQUIRE(report->hold_count < BENCH_HOLDS_MAX, "too many targets");
  bench_hold_t *hold = &report->holds[report->hold_count++];
  *hold = (bench_hold_t){.bound = bound, .limit = limit, .value = value};
  copy_text(hold->name, sizeof(hold->name), name);
  copy_text(hold->unit, sizeof(hold->unit), unit);
  va_list arguments;
  va_start(arguments, beside_format);
  vsnprintf(hold->beside, sizeof(hold->beside), beside_format, arguments);
  va_end(arguments);
}

void
bench_report_missing(bench_report_t *report, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  fputs("  not measured: ", stdout);
  vprintf(format, arguments);
  putchar('\n');
  va_end(arguments);
  report->is_incomplete = true;
}

void
bench_report_point(bench_report_t *report, const char *plot, const char *series, double x, double y)
{
  BENCH_REQUIRE(report->point_count < BENCH_POINTS_MAX, "too many points");
  bench_point_t *point = &report->points[report->point_count++];
  *point = (bench_point_t){.x = x, .y = y};
  copy_text(point->plot, sizeof(point->plot), plot);
  copy_text(point->series, sizeof(point->series), series);
}
