#include "variable/philox.h"

enum { ROUNDS = 10 };

// The multipliers and the key's steps (the golden ratio, and sqrt(3) - 1, in 64 bits) of the paper.
static const uint64_t MULTIPLIERS[2] = {UINT64_C(0xd2e7470ee14c6c93), UINT64_C(0xca5a826395121157)};
static const uint64_t KEY_STEPS[2] = {UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xbb67ae8584caa73b)};

static uint64_t
multiply(uint64_t a, uint64_t b, uint64_t *out_high)
{
  unsigned __int128 product = (unsigned __int128)a * b;
  *out_high = (uint64_t)(product >> 64);
  return (uint64_t)product;
}

void
svari_philox_block(const uint64_t key[SVARI_PHILOX_KEY_WORDS],
                   const uint64_t counter[SVARI_PHILOX_WORDS],
                   uint64_t out_block[SVARI_PHILOX_WORDS])
{
  uint64_t x[SVARI_PHILOX_WORDS] = {counter[0], counter[1], counter[2], counter[3]};
  uint64_t k[SVARI_PHILOX_KEY_WORDS] = {key[0], key[1]};
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t high0;
    uint64_t high1;
    uint64_t low0 = multiply(MULTIPLIERS[0], x[0], &high0);
    uint64_t low1 = multiply(MULTIPLIERS[1], x[2], &high1);
    x[0] = high1 ^ x[1] ^ k[0];
    x[1] = low1;
    x[2] = high0 ^ x[3] ^ k[1];
    x[3] = low0;
    k[0] += KEY_STEPS[0];
    k[1] += KEY_STEPS[1];
  }
  for (int i = 0; i < SVARI_PHILOX_WORDS; i++) {
    out_block[i] = x[i];
  }
}
