// How a report leaves the program: the table, the JSON file, the data of plots.
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "bench/child.h"
#include "bench/report.h"

static bool
is_held(const bench_hold_t *hold)
{
  return hold->bound == BENCH_AT_MOST ? hold->value <= hold->limit : hold->value >= hold->limit;
}

static const char *
target_text(const bench_hold_t *hold, char *text, size_t size_bytes)
{
  snprintf(text, size_bytes, "%s %g %s", hold->bound == BENCH_AT_MOST ? "<=" : ">=", hold->limit,
           hold->unit);
  return text;
}

void
bench_report_print_table(const bench_report_t *report, FILE *out)
{
  fprintf(out, "| %-46s | %-13s | %12s | %-52s | %-4s |\n", "what", "target", "figure", "beside",
          "held");
  fprintf(out, "|---|---|---:|---|---|\n");
  for (size_t i = 0; i < report->hold_count; i++) {
    const bench_hold_t *hold = &report->holds[i];
    char target[64], figure[64];
    snprintf(figure, sizeof(figure), strcmp(hold->unit, "x") == 0 ? "%.3f %s" : "%.1f %s",
             hold->value, hold->unit);
    fprintf(out, "| %-46s | %-13s | %12s | %-52s | %-4s |\n", hold->name,
            target_text(hold, target, sizeof(target)), figure, hold->beside,
            is_held(hold) ? "yes" : "no");
  }
}

static json_t *
result_json(const bench_result_t *result)
{
  json_t *beside = json_object(), *ratio = json_object();
  for (size_t i = 0; i < result->beside_count; i++) {
    json_object_set_new(beside, result->beside[i].name, json_real(result->beside[i].value));
    json_object_set_new(ratio, result->beside[i].name, json_real(result->beside[i].ratio));
  }
  return json_pack("{s:s, s:s, s:f, s:f, s:f, s:o, s:o}", "name", result->name, "unit", "ns", "p50",
                   result->stats.p50, "p99", result->stats.p99, "max", result->stats.max, "beside",
                   beside, "ratio", ratio);
}

static json_t *
hold_json(const bench_hold_t *hold)
{
  char target[64];
  return json_pack("{s:s, s:s, s:f, s:b}", "name", hold->name, "target",
                   target_text(hold, target, sizeof(target)), "value", hold->value, "ok",
                   is_held(hold));
}

void
bench_report_write_json(const bench_report_t *report, const char *path)
{
  json_t *results = json_array(), *holds = json_array();
  for (size_t i = 0; i < report->result_count; i++) {
    json_array_append_new(results, result_json(&report->results[i]));
  }
  for (size_t i = 0; i < report->hold_count; i++) {
    json_array_append_new(holds, hold_json(&report->holds[i]));
  }
  json_t *root = json_pack("{s:o, s:o}", "results", results, "holds", holds);
  BENCH_REQUIRE(root != NULL, "no memory for the JSON text");
  BENCH_REQUIRE(json_dump_file(root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) == 0,
                "'%s' cannot be written: %s", path, strerror(errno));
  json_decref(root);
}

// True if an earlier point begins what `index` belongs to: the same plot and, if asked, series.
static bool
has_earlier(const bench_report_t *report, size_t index, bool by_series)
{
  const bench_point_t *point = &report->points[index];
  for (size_t i = 0; i < index; i++) {
    if (strcmp(report->points[i].plot, point->plot) == 0 &&
        (!by_series || strcmp(report->points[i].series, point->series) == 0)) {
      return true;
    }
  }
  return false;
}

static void
write_series(const bench_report_t *report, size_t first, FILE *file)
{
  const bench_point_t *name = &report->points[first];
  fprintf(file, "\"%s\"\n", name->series);
  for (size_t i = first; i < report->point_count; i++) {
    const bench_point_t *point = &report->points[i];
    if (strcmp(point->plot, name->plot) == 0 && strcmp(point->series, name->series) == 0) {
      fprintf(file, "%.17g %.6g\n", point->x, point->y);
    }
  }
  fputs("\n\n", file);
}

static void
write_plot(const bench_report_t *report, size_t first, const char *directory)
{
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s.dat", directory, report->points[first].plot);
  FILE *file = fopen(path, "w");
  BENCH_REQUIRE(file != NULL, "'%s' cannot be written: %s", path, strerror(errno));
  for (size_t i = first; i < report->point_count; i++) {
    if (strcmp(report->points[i].plot, report->points[first].plot) == 0 &&
        !has_earlier(report, i, true)) {
      write_series(report, i, file);
    }
  }
  BENCH_REQUIRE(fclose(file) == 0, "'%s' cannot be written: %s", path, strerror(errno));
}

void
bench_report_write_points(const bench_report_t *report, const char *directory)
{
  for (size_t i = 0; i < report->point_count; i++) {
    if (!has_earlier(report, i, false)) {
      write_plot(report, i, directory);
    }
  }
}
