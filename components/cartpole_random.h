// Random numbers that a seed repeats on every machine (splitmix64): nothing here needs better ones.
#ifndef COMPONENTS_CARTPOLE_RANDOM_H
#define COMPONENTS_CARTPOLE_RANDOM_H

#include <math.h>
#include <stdint.h>

typedef struct svari_cartpole_random {
  uint64_t state;
} svari_cartpole_random_t;

static inline uint64_t
svari_cartpole_random_next(svari_cartpole_random_t *random)
{
  uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/// A generator that is another for each pair.
static inline svari_cartpole_random_t
svari_cartpole_random_of(uint64_t seed, uint64_t stream)
{
  svari_cartpole_random_t random = {seed};
  random.state = svari_cartpole_random_next(&random) ^ stream;
  random.state = svari_cartpole_random_next(&random);
  return random;
}

/// In [low, high).
static inline double
svari_cartpole_random_uniform(svari_cartpole_random_t *random, double low, double high)
{
  return low + (high - low) * (double)(svari_cartpole_random_next(random) >> 11) * 0x1p-53;
}

/// Mean 0, variance 1 (Box and Muller).
static inline double
svari_cartpole_random_normal(svari_cartpole_random_t *random)
{
  double radius = sqrt(-2.0 * log(1.0 - svari_cartpole_random_uniform(random, 0.0, 1.0)));
  return radius * cos(2.0 * M_PI * svari_cartpole_random_uniform(random, 0.0, 1.0));
}

#endif
