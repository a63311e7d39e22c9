// Copying reads and writes of large values beside memcpy between populated buffers.
//
// The neighbour copies as the store does: from private memory into one of two buffers by turns (set), from
// a stored buffer into private memory (get). Its buffers lie in a file of the same file system, so that
// both copy between pages of the same size. memcpy between private buffers is shown as well.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/child.h"
#include "bench/rows.h"
#include "bench/sizes.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/copy";
static const char VARIABLE[] = "value";

static const uint64_t LARGE_BYTES = 1 << 20; // from here on a copy has a target to hold
static const uint64_t MOST_BYTES = 1 << 28;

enum { SMALL_BYTES = 1 << 15, SMALL_BATCH = 100 };
// GET_NEW last: it is not measured by turns with the others, for its page faults take many times as long
// as they do.
enum { SET, MEMCPY_SET, GET, MEMCPY_GET, MEMCPY_PRIVATE, GET_NEW, KINDS };

typedef struct copying {
  const bench_run_t *run;
  uint64_t size_bytes;
  svar_variable_t *variable;
  uint8_t *source; // private, as the destinations
  // One a subject, so that none finds in the cache what another wrote a moment ago.
  uint8_t *get_destination, *memcpy_destination, *private_destination;
  uint8_t *file; // two buffers in a file beside the store's
  size_t turn;
} copying_t;

static DLTensor
tensor_of(const copying_t *copying, void *data, int64_t *shape)
{
  *shape = (int64_t)(copying->size_bytes / 8);
  return svar_tensor(SVAR_UINT64, data, 1, shape);
}

static void
set_run(void *context, size_t count)
{
  copying_t *copying = context;
  int64_t shape;
  DLTensor tensor = tensor_of(copying, copying->source, &shape);
  for (size_t i = 0; i < count; i++) {
    BENCH_OK(svar_set_value(copying->variable, svar_array(&tensor), SVAR_COPY));
  }
}

static void
memcpy_set_run(void *context, size_t count)
{
  copying_t *copying = context;
  for (size_t i = 0; i < count; i++) {
    memcpy(copying->file + (copying->turn++ & 1) * copying->size_bytes, copying->source,
           copying->size_bytes);
  }
}

static void
get_run(void *context, size_t count)
{
  copying_t *copying = context;
  int64_t shape;
  DLTensor tensor = tensor_of(copying, copying->get_destination, &shape);
  for (size_t i = 0; i < count; i++) {
    BENCH_OK(svar_get_value_into(copying->variable, &tensor, NULL));
  }
}

static void
get_new_run(void *context, size_t count)
{
  copying_t *copying = context;
  svar_value_t value = SVAR_VALUE_INIT;
  for (size_t i = 0; i < count; i++) {
    BENCH_OK(svar_get_value(copying->variable, SVAR_COPY, &value));
    svar_value_release(&value);
  }
}

static void
memcpy_get_run(void *context, size_t count)
{
  copying_t *copying = context;
  for (size_t i = 0; i < count; i++) {
    // What was written last, as a get does.
    memcpy(copying->memcpy_destination,
           copying->file + ((copying->turn + 1) & 1) * copying->size_bytes, copying->size_bytes);
  }
}

static void
memcpy_private_run(void *context, size_t count)
{
  copying_t *copying = context;
  for (size_t i = 0; i < count; i++) {
    memcpy(copying->private_destination, copying->source, copying->size_bytes);
  }
}

static uint8_t *
populated(uint64_t size_bytes)
{
  void *memory = aligned_alloc(4096, size_bytes);
  BENCH_REQUIRE(memory != NULL, "no memory for %llu bytes", (unsigned long long)size_bytes);
  memset(memory, 1, size_bytes);
  return memory;
}

static uint8_t *
populated_file(const bench_run_t *run, uint64_t size_bytes)
{
  char path[4096];
  snprintf(path, sizeof(path), "%s/buffers", run->directory);
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  BENCH_REQUIRE(fd >= 0 && ftruncate(fd, (off_t)size_bytes) == 0, "no file '%s'", path);
  void *map = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  BENCH_REQUIRE(map != MAP_FAILED, "no mapping of '%s'", path);
  close(fd);
  unlink(path);
  memset(map, 1, size_bytes);
  return map;
}

static void
report(const copying_t *copying, const bench_subject_t subjects[KINDS], double worst[KINDS])
{
  bench_report_t *out = copying->run->report;
  char text[BENCH_SIZE_TEXT_BYTES];
  bench_size_text(copying->size_bytes, text);
  const bench_subject_t *set_beside[] = {&subjects[MEMCPY_SET], &subjects[MEMCPY_PRIVATE]};
  const bench_subject_t *get_beside[] = {&subjects[MEMCPY_GET], &subjects[MEMCPY_PRIVATE]};
  bench_report_add(out, &subjects[SET], set_beside, 2, "set (copy), %s", text);
  bench_report_add(out, &subjects[GET], get_beside, 2, "get into a buffer (copy), %s", text);
  bench_report_add(out, &subjects[GET_NEW], get_beside, 2, "get (copy, allocated), %s", text);
  const int pairs[][2] = {{SET, MEMCPY_SET}, {GET, MEMCPY_GET}, {GET_NEW, MEMCPY_GET}};
  for (int i = 0; i < 3 && copying->size_bytes >= LARGE_BYTES; i++) {
    double p50 = bench_stats(&subjects[pairs[i][0]]).p50;
    double share = bench_stats(&subjects[pairs[i][1]]).p50 / p50;
    worst[pairs[i][0]] = share < worst[pairs[i][0]] ? share : worst[pairs[i][0]];
  }
  const int drawn[] = {SET, GET, MEMCPY_GET};
  for (int i = 0; i < 3; i++) {
    bench_report_point(out, "size", subjects[drawn[i]].name, (double)copying->size_bytes,
                       bench_stats(&subjects[drawn[i]]).p50);
  }
}

static void
measure_size(copying_t *copying, double worst[KINDS])
{
  svar_store_t *store = bench_store_create(STORE);
  copying->variable = bench_variable_make(store, VARIABLE, copying->size_bytes / 8);
  copying->source = populated(copying->size_bytes);
  copying->get_destination = populated(copying->size_bytes);
  copying->memcpy_destination = populated(copying->size_bytes);
  copying->private_destination = populated(copying->size_bytes);
  copying->file = populated_file(copying->run, copying->size_bytes * 2);
  set_run(copying, 3); // both buffers of the store
  bench_subject_t subjects[KINDS] = {
      [SET] = {.name = "set (copy)", .run = set_run},
      [MEMCPY_SET] = {.name = "memcpy into a shared file", .run = memcpy_set_run},
      [GET] = {.name = "get into a buffer (copy)", .run = get_run},
      [MEMCPY_GET] = {.name = "memcpy from a shared file", .run = memcpy_get_run},
      [MEMCPY_PRIVATE] = {.name = "memcpy, private", .run = memcpy_private_run},
      [GET_NEW] = {.name = "get (copy, allocated)", .run = get_new_run},
  };
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].context = copying;
    subjects[kind].batch = copying->size_bytes <= SMALL_BYTES ? SMALL_BATCH : 1;
    subjects[kind].is_cpu_time = copying->size_bytes >= LARGE_BYTES;
  }
  double seconds = copying->size_bytes < LARGE_BYTES ? 0.5 : 6;
  const bench_effort_t effort = {copying->run->is_quick ? seconds / 4 : seconds, 20, 5000};
  const bench_effort_t less_effort = {effort.seconds / 4, 5, 5000};
  bench_interleave(subjects, GET_NEW, &effort);
  bench_interleave(&subjects[GET_NEW], 1, &less_effort);
  report(copying, subjects, worst);
  bench_subjects_fini(subjects, KINDS);
  free(copying->source);
  free(copying->get_destination);
  free(copying->memcpy_destination);
  free(copying->private_destination);
  munmap(copying->file, copying->size_bytes * 2);
  svar_variable_unref(copying->variable);
  bench_store_remove(store);
}

void
bench_row_copy(const bench_run_t *run)
{
  static copying_t copying;
  uint64_t sizes[BENCH_SIZES_MAX];
  double worst[KINDS] = {[SET] = 1e9, [GET] = 1e9, [GET_NEW] = 1e9};
  copying.run = run;
  size_t count = bench_sizes(run, 8, MOST_BYTES, sizes);
  for (size_t i = 0; i < count; i++) {
    copying.size_bytes = sizes[i];
    measure_size(&copying, worst);
  }
  char last[BENCH_SIZE_TEXT_BYTES];
  bench_size_text(sizes[count - 1], last);
  bench_report_hold(run->report, "copying set, share of memcpy's speed", BENCH_AT_LEAST, 0.95, "x",
                    worst[SET], "memcpy between populated buffers, 2 MiB - %s", last);
  bench_report_hold(run->report, "copying get, share of memcpy's speed", BENCH_AT_LEAST, 0.95, "x",
                    worst[GET], "the same; into new memory: %.2f", worst[GET_NEW]);
}
