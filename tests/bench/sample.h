// How everything here is timed. Subjects (the library's call, a raw primitive, a peer) take turns within
// one loop, A B C A B C ..., so that whatever disturbs the machine disturbs all of them alike.
//
// One sample is the time of a batch of operations, between two readings of CLOCK_MONOTONIC, divided
// by their number. Nothing is subtracted: a batch of 1 contains the clock (measured, too: raw.h), a batch
// of 1000 a thousandth of it. What a batch hides is said where it is used: its p99 is that of means.
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bench_subject {
  const char *name;
  void (*prepare)(void *context, size_t count); // before each batch, not timed; may be NULL
  void (*run)(void *context, size_t count);     // `count` operations, timed
  void (*finish)(void *context, size_t count);  // after each batch, not timed; may be NULL
  double (*measure)(void *context); // instead of run: what another process timed, in ns; or NULL
  void *context;
  size_t batch;  // operations a sample
  size_t warmup; // operations of run before each batch that are not timed
  // Time that the thread ran instead of time that passed: for what takes longer than a time slice, and
  // never sleeps. On a busy machine the rest is other programs' time.
  bool is_cpu_time;
  float *samples;  // ns an operation; bench_interleave() allocates it
  size_t capacity; // of samples
  size_t sample_count;
} bench_subject_t;

typedef struct bench_effort {
  double seconds; // stop after this time ...
  size_t least;   // ... but not before this many rounds
  size_t most;    // and never after this many
} bench_effort_t;

typedef struct bench_stats {
  double p50, p99, max; // ns an operation
} bench_stats_t;

int64_t bench_now_ns(void); // CLOCK_MONOTONIC

// Rounds of one sample a subject each, added to what the subjects have from earlier calls.
void bench_interleave(bench_subject_t *subjects, size_t count, const bench_effort_t *effort);
// From there and back to one way.
void bench_halve(bench_subject_t *subjects, size_t count);
void bench_subjects_fini(bench_subject_t *subjects, size_t count);

// Without samples, all is 0.
bench_stats_t bench_stats_of(const float *samples, size_t count);
bench_stats_t bench_stats(const bench_subject_t *subject);

// Makes the compiler believe that the value is used.
static inline void
bench_use(uint64_t value)
{
  __asm__ volatile("" : : "r"(value) : "memory");
}

#endif
