// Reproducible choices: every life gets its own stream, from the run's seed and the life's number.
#ifndef SVAR_TESTS_CRASH_RANDOM_H
#define SVAR_TESTS_CRASH_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct crash_random {
  uint64_t state;
} crash_random_t;

// splitmix64
static inline uint64_t
crash_scramble(uint64_t x)
{
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

static inline uint64_t
crash_random(crash_random_t *random)
{
  random->state += UINT64_C(0x9e3779b97f4a7c15);
  return crash_scramble(random->state);
}

// 0 .. limit - 1
static inline uint64_t
crash_below(crash_random_t *random, uint64_t limit)
{
  return crash_random(random) % limit;
}

// True once in n times.
static inline bool
crash_once_in(crash_random_t *random, uint64_t n)
{
  return crash_below(random, n) == 0;
}

// 0 .. 2^bits - 1, every order of magnitude as often as any other.
static inline uint64_t
crash_magnitude(crash_random_t *random, uint32_t bits)
{
  return crash_random(random) & ((UINT64_C(1) << crash_below(random, bits + 1)) - 1);
}

#endif
