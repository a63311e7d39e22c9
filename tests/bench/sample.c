#include "bench/sample.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/child.h"

static int64_t
read_clock(clockid_t clock)
{
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
bench_now_ns(void)
{
  return read_clock(CLOCK_MONOTONIC);
}

static void
keep(bench_subject_t *subject, double ns)
{
  if (subject->sample_count == subject->capacity) {
    subject->capacity = subject->capacity == 0 ? 1024 : subject->capacity * 2;
    subject->samples = realloc(subject->samples, subject->capacity * sizeof(float));
    BENCH_REQUIRE(subject->samples != NULL, "no memory for samples");
  }
  subject->samples[subject->sample_count++] = (float)ns;
}

static void
sample(bench_subject_t *subject)
{
  if (subject->measure != NULL) {
    keep(subject, subject->measure(subject->context));
    return;
  }
  if (subject->warmup > 0) {
    subject->run(subject->context, subject->warmup);
  }
  if (subject->prepare != NULL) {
    subject->prepare(subject->context, subject->batch);
  }
  clockid_t clock = subject->is_cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  int64_t began = read_clock(clock);
  subject->run(subject->context, subject->batch);
  int64_t ended = read_clock(clock);
  if (subject->finish != NULL) {
    subject->finish(subject->context, subject->batch);
  }
  keep(subject, (double)(ended - began) / (double)subject->batch);
}

void
bench_interleave(bench_subject_t *subjects, size_t count, const bench_effort_t *effort)
{
  int64_t deadline = bench_now_ns() + (int64_t)(effort->seconds * 1e9);
  for (size_t round = 0;
       round < effort->most && (round < effort->least || bench_now_ns() < deadline); round++) {
    for (size_t i = 0; i < count; i++) {
      sample(&subjects[i]);
    }
  }
}

void
bench_halve(bench_subject_t *subjects, size_t count)
{
  for (size_t subject = 0; subject < count; subject++) {
    for (size_t i = 0; i < subjects[subject].sample_count; i++) {
      subjects[subject].samples[i] /= 2;
    }
  }
}

void
bench_subjects_fini(bench_subject_t *subjects, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    free(subjects[i].samples);
    subjects[i].samples = NULL;
    subjects[i].sample_count = subjects[i].capacity = 0;
  }
}

static int
by_size(const void *a, const void *b)
{
  float left = *(const float *)a, right = *(const float *)b;
  return (left > right) - (left < right);
}

static float *
allocate(size_t count)
{
  float *samples = malloc(count * sizeof(*samples));
  BENCH_REQUIRE(samples != NULL, "no memory for %zu samples", count);
  return samples;
}

bench_stats_t
bench_stats_of(const float *samples, size_t count)
{
  if (count == 0) {
    return (bench_stats_t){0};
  }
  float *sorted = allocate(count);
  memcpy(sorted, samples, count * sizeof(*sorted));
  qsort(sorted, count, sizeof(*sorted), by_size);
  bench_stats_t stats = {sorted[count / 2], sorted[(count - 1) * 99 / 100], sorted[count - 1]};
  free(sorted);
  return stats;
}

bench_stats_t
bench_stats(const bench_subject_t *subject)
{
  return bench_stats_of(subject->samples, subject->sample_count);
}
