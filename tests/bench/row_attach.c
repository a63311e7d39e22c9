// Attaching to a large store (open, find, the first borrow and read) while its holder lives and after it
// was killed, beside open and mmap of the same file.
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/rows.h"
#include "bench/sizes.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/attach";
static const char VARIABLE[] = "value";

enum { ATTACH, MAP, KINDS };

typedef struct attaching {
  uint64_t size_bytes;
  svar_store_t *store;
  svar_variable_t *variable;
  char path[4096]; // of the state file
  void *map;
  size_t map_bytes;
  int fd;
} attaching_t;

static void
hold(bench_parent_t *parent, void *context)
{
  const attaching_t *attaching = context;
  bench_variable_make(bench_store_create(STORE), VARIABLE, attaching->size_bytes / 8);
  bench_parent_tell(parent);
  bench_parent_await(parent); // it is killed here
}

static void
attach_run(void *context, size_t count)
{
  attaching_t *attaching = context;
  attaching->store = bench_store_open(STORE);
  attaching->variable = bench_variable_find(attaching->store, VARIABLE);
  bench_borrow_run(attaching->variable, count);
}

static void
attach_finish(void *context, size_t count)
{
  attaching_t *attaching = context;
  (void)count;
  svar_variable_unref(attaching->variable);
  svar_store_close(attaching->store);
}

static void
map_run(void *context, size_t count)
{
  attaching_t *attaching = context;
  struct stat status;
  (void)count;
  attaching->fd = open(attaching->path, O_RDONLY | O_CLOEXEC);
  BENCH_REQUIRE(attaching->fd >= 0 && fstat(attaching->fd, &status) == 0, "no file '%s'",
                attaching->path);
  attaching->map_bytes = (size_t)status.st_size;
  attaching->map = mmap(NULL, attaching->map_bytes, PROT_READ, MAP_SHARED, attaching->fd, 0);
  BENCH_REQUIRE(attaching->map != MAP_FAILED, "no mapping of '%s'", attaching->path);
  bench_use(*(const uint64_t *)((const char *)attaching->map + attaching->map_bytes / 2));
}

static void
map_finish(void *context, size_t count)
{
  attaching_t *attaching = context;
  (void)count;
  munmap(attaching->map, attaching->map_bytes);
  close(attaching->fd);
}

// The state file is the one that is as large as the value.
static void
find_file(const bench_run_t *run, attaching_t *attaching)
{
  DIR *stream = opendir(run->directory);
  struct dirent *entry;
  struct stat status;
  while (stream != NULL && (entry = readdir(stream)) != NULL) {
    snprintf(attaching->path, sizeof(attaching->path), "%s/%s", run->directory, entry->d_name);
    if (stat(attaching->path, &status) == 0 && (uint64_t)status.st_size >= attaching->size_bytes) {
      closedir(stream);
      return;
    }
  }
  bench_fail("the store's file is not in '%s'", run->directory);
}

static void
measure(const bench_run_t *run, attaching_t *attaching, const char *holder)
{
  bench_subject_t subjects[KINDS] = {
      [ATTACH] = {.name = "open + find + first borrow",
                  .run = attach_run,
                  .finish = attach_finish,
                  .context = attaching,
                  .batch = 1},
      [MAP] = {.name = "open + mmap + first read",
               .run = map_run,
               .finish = map_finish,
               .context = attaching,
               .batch = 1},
  };
  const bench_effort_t effort = {run->is_quick ? 0.5 : 2, 200, 20000};
  char text[BENCH_SIZE_TEXT_BYTES], name[BENCH_NAME_BYTES];
  bench_interleave(subjects, KINDS, &effort);
  const bench_subject_t *neighbours[] = {&subjects[MAP]};
  bench_size_text(attaching->size_bytes, text);
  bench_report_add(run->report, &subjects[ATTACH], neighbours, 1, "attach to %s, holder %s", text,
                   holder);
  snprintf(name, sizeof(name), "attach to a store of %s, holder %s", text, holder);
  bench_report_hold(run->report, name, BENCH_AT_MOST, 1000, "us",
                    bench_stats(&subjects[ATTACH]).p50 / 1000, "open + mmap + first read: %.1f us",
                    bench_stats(&subjects[MAP]).p50 / 1000);
  bench_subjects_fini(subjects, KINDS);
}

void
bench_row_attach(const bench_run_t *run)
{
  static attaching_t attaching;
  bench_child_t holder;
  attaching.size_bytes = run->is_quick ? UINT64_C(1) << 26 : UINT64_C(1) << 32;
  BENCH_REQUIRE(attaching.size_bytes <= run->memory_bytes, "too little free memory for %llu bytes",
                (unsigned long long)attaching.size_bytes);
  bench_child_start(hold, &attaching, &holder);
  bench_child_await(&holder);
  find_file(run, &attaching);
  measure(run, &attaching, "alive");
  bench_child_kill(&holder);
  measure(run, &attaching, "killed");
}
