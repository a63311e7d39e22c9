#include "bench/sample.h"

#include <stdlib.h>
#include <time.h>

#include "bench/child.h"

int64_t
bench_now_ns(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
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
  if (subject->warmup > 0) {
    subject->run(subject->context, subject->warmup);
  }
  if (subject->prepare != NULL) {
    subject->prepare(subject->context, subject->batch);
  }
  int64_t began = bench_now_ns();
  subject->run(subject->context, subject->batch);
  int64_t ended = bench_now_ns();
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

bench_stats_t
bench_stats_of(float *samples, size_t count)
{
  if (count == 0) {
    return (bench_stats_t){0};
  }
  qsort(samples, count, sizeof(*samples), by_size);
  return (bench_stats_t){samples[count / 2], samples[(count - 1) * 99 / 100], samples[count - 1]};
}

bench_stats_t
bench_stats(const bench_subject_t *subject)
{
  return bench_stats_of(subject->samples, subject->sample_count);
}
