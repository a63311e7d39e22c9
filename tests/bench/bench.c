// Measures the library beside raw primitives and peers, in the same run: see docs/performance.md.
#include <errno.h>
#include <ftw.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/rows.h"
#include "shared_variable/messages.h"

static const char USAGE[] =
    "usage: svar_bench [--quick] [--json FILE] [--points DIR] [--only PATTERN]\n"
    "\n"
    "Measures, prints what it finds and the table of numbers to hold. tests/bench/run builds it, "
    "starts\n"
    "the RouDi that iceoryx needs, and draws the plots.\n"
    "\n"
    "  --quick         fewer sizes and samples, values up to 64 MiB: less than a minute\n"
    "  --json FILE     write the results and the holds\n"
    "  --points DIR    write the data of the plots\n"
    "  --only PATTERN  only the rows whose names match this extended regular expression\n";

static const struct {
  const char *name;
  void (*measure)(const bench_run_t *run);
} rows[] = {
    {"read", bench_row_read},           {"readers", bench_row_readers},
    {"variables", bench_row_variables}, {"commit", bench_row_commit},
    {"copy", bench_row_copy},           {"batch", bench_row_batch},
    {"wake", bench_row_wake},           {"attach", bench_row_attach},
    {"launch", bench_row_launch},       {"gateway", bench_row_gateway},
    {"function", bench_row_function},   {"policy", bench_row_policy},
    {"service", bench_row_service},     {"conversion", bench_row_conversion},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

typedef struct options {
  const char *json, *points, *only;
  bool is_quick;
} options_t;

static const char *
next_argument(char **arguments, int *index)
{
  if (arguments[*index + 1] == NULL) {
    fprintf(stderr, "svar_bench: %s needs an argument\n%s", arguments[*index], USAGE);
    exit(2);
  }
  return arguments[++*index];
}

static options_t
read_arguments(char **arguments)
{
  options_t options = {0};
  for (int i = 1; arguments[i] != NULL; i++) {
    if (strcmp(arguments[i], "--help") == 0) {
      fputs(USAGE, stdout);
      exit(0);
    } else if (strcmp(arguments[i], "--quick") == 0) {
      options.is_quick = true;
    } else if (strcmp(arguments[i], "--json") == 0) {
      options.json = next_argument(arguments, &i);
    } else if (strcmp(arguments[i], "--points") == 0) {
      options.points = next_argument(arguments, &i);
    } else if (strcmp(arguments[i], "--only") == 0) {
      options.only = next_argument(arguments, &i);
    } else {
      fprintf(stderr, "svar_bench: '%s' is not an option\n%s", arguments[i], USAGE);
      exit(2);
    }
  }
  return options;
}

// --- the machine -----------------------------------------------------------------------------------

// The first line of the file that begins with the key, behind its colon.
static void
read_fact(const char *path, const char *key, char *text, size_t size_bytes)
{
  char line[512];
  snprintf(text, size_bytes, "unknown");
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
    const char *colon = strchr(line, ':');
    if (strncmp(line, key, strlen(key)) == 0 && colon != NULL) {
      snprintf(text, size_bytes, "%.*s", (int)strcspn(colon + 1, "\n") - 1, colon + 2);
      break;
    }
  }
  if (file != NULL) {
    fclose(file);
  }
}

// What a row may fill: of the memory that is free now and of the room in the directory, the smaller.
static uint64_t
free_bytes(const char *directory)
{
  char text[128];
  struct statvfs system;
  read_fact("/proc/meminfo", "MemAvailable", text, sizeof(text));
  uint64_t memory = strtoull(text, NULL, 10) * 1024;
  BENCH_REQUIRE(statvfs(directory, &system) == 0, "'%s': %s", directory, strerror(errno));
  uint64_t room = (uint64_t)system.f_bavail * system.f_frsize;
  uint64_t least = memory < room ? memory : room;
  return least / 8 * 7; // others run here, too
}

static void
print_machine(const bench_run_t *run)
{
  char cpu[128];
  struct utsname system;
  uname(&system);
  read_fact("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
  printf("On: %s, %zu CPUs for this process; %s %s; %.1f GiB of memory free; %s run.\n", cpu,
         bench_cpu_count(), system.sysname, system.release,
         (double)run->memory_bytes / 7 * 8 / (1 << 30), run->is_quick ? "quick" : "full");
  printf("Times are p50, p99 and max over samples; nothing is subtracted.\n");
}

// --- rows ------------------------------------------------------------------------------------------

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *position)
{
  (void)status;
  (void)kind;
  return position->level == 0 ? 0 : remove(path);
}

static void
empty_directory(const char *directory)
{
  nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

typedef struct row_run {
  const bench_run_t *run;
  size_t index;
} row_run_t;

static void
run_row(bench_parent_t *parent, void *context)
{
  const row_run_t *row = context;
  enum { PATIENCE_S = 240 };
  alarm(PATIENCE_S); // a row that hangs ends, and with it, its children
  rows[row->index].measure(row->run);
  bench_parent_tell(parent);
}

// True if all of the row was measured.
static bool
measure_row(const bench_run_t *run, size_t index)
{
  bench_child_t child;
  row_run_t row = {run, index};
  bench_report_t *report = run->report;
  int64_t began = bench_now_ns();
  report->is_incomplete = false;
  printf("\n%s\n", rows[index].name);
  bench_child_start(run_row, &row, &child);
  bool is_done = bench_child_try_await(&child);
  is_done = bench_child_try_end(&child) && is_done;
  empty_directory(run->directory);
  bool is_measured = is_done && !report->is_incomplete;
  if (!is_measured) { // what it would have said is missing from the table: this line says so
    bench_report_hold(report, rows[index].name, BENCH_AT_LEAST, 1, "x", 0,
                      "NOT MEASURED, see above");
  }
  printf("  (%.1f s%s)\n", (double)(bench_now_ns() - began) / 1e9,
         is_measured ? "" : "; NOT MEASURED, or not all of it");
  return is_measured;
}

static size_t
measure_rows(const bench_run_t *run, const char *only, size_t *out_passed)
{
  regex_t pattern;
  size_t tried = 0;
  if (regcomp(&pattern, only != NULL ? only : "", REG_EXTENDED | REG_NOSUB) != 0) {
    fprintf(stderr, "svar_bench: '%s' is not a regular expression\n", only);
    exit(2);
  }
  *out_passed = 0;
  for (size_t i = 0; i < ROW_COUNT; i++) {
    if (regexec(&pattern, rows[i].name, 0, NULL, 0) == 0) {
      tried++;
      *out_passed += measure_row(run, i) ? 1 : 0;
    }
  }
  regfree(&pattern);
  return tried;
}

int
main(int argc, char **argv)
{
  (void)argc;
  options_t options = read_arguments(argv);
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  char directory[] = "/dev/shm/svar_bench.XXXXXX";
  BENCH_REQUIRE(mkdtemp(directory) != NULL, "no directory in /dev/shm: %s", strerror(errno));
  setenv("SVAR_SEGMENT_DIR", directory, 1);
  bench_run_t run = {.report = bench_share(sizeof(bench_report_t)),
                     .directory = directory,
                     .memory_bytes = free_bytes(directory),
                     .is_quick = options.is_quick,
                     .has_roudi = svar_messages_probe() == SVAR_OK};
  print_machine(&run);
  size_t passed;
  size_t tried = measure_rows(&run, options.only, &passed);
  rmdir(directory);
  printf("\n");
  bench_report_print_table(run.report, stdout);
  printf("Random SIGKILLs of holders and readers: tests/crash/run.\n");
  if (options.json != NULL) {
    bench_report_write_json(run.report, options.json);
  }
  if (options.points != NULL) {
    bench_report_write_points(run.report, options.points);
  }
  printf("%zu passed, %zu failed\n", passed, tried - passed);
  return tried > 0 && passed == tried ? 0 : 1;
}
