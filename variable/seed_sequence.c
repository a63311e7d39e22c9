#include "variable/seed_sequence.h"

enum { POOL = SVARI_SEED_POOL_WORDS, SHIFT = 16, SPAWNED_WORDS_MAX = POOL + 2 };

// The constants of seed_seq_fe.
static const uint32_t INIT_A = 0x43b0d7e5;
static const uint32_t MULTIPLY_A = 0x931e8875;
static const uint32_t INIT_B = 0x8b51f9dd;
static const uint32_t MULTIPLY_B = 0x58f38ded;
static const uint32_t MIX_LEFT = 0xca01f9dd;
static const uint32_t MIX_RIGHT = 0x4973f715;

// One hash of a word; the constant changes from call to call.
static uint32_t
hash(uint32_t word, uint32_t *constant, uint32_t multiplier)
{
  word ^= *constant;
  *constant *= multiplier;
  word *= *constant;
  return word ^ word >> SHIFT;
}

static uint32_t
mix(uint32_t left, uint32_t right)
{
  uint32_t word = MIX_LEFT * left - MIX_RIGHT * right;
  return word ^ word >> SHIFT;
}

static svari_seed_sequence_t
sequence_of_words(const uint32_t *entropy, size_t count)
{
  svari_seed_sequence_t sequence;
  uint32_t *pool = sequence.pool;
  uint32_t constant = INIT_A;
  for (size_t i = 0; i < POOL; i++) {
    pool[i] = hash(i < count ? entropy[i] : 0, &constant, MULTIPLY_A);
  }
  for (size_t from = 0; from < POOL; from++) { // every word of the pool into every other one
    for (size_t to = 0; to < POOL; to++) {
      if (from != to) {
        pool[to] = mix(pool[to], hash(pool[from], &constant, MULTIPLY_A));
      }
    }
  }
  for (size_t i = POOL; i < count; i++) { // what the pool had no room for
    for (size_t to = 0; to < POOL; to++) {
      pool[to] = mix(pool[to], hash(entropy[i], &constant, MULTIPLY_A));
    }
  }
  return sequence;
}

svari_seed_sequence_t
svari_seed_sequence_of(uint64_t seed)
{
  const uint32_t words[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  return sequence_of_words(words, 2); // a missing word is hashed as 0: so 2 stand for 1 as well
}

svari_seed_sequence_t
svari_seed_sequence_of_child(uint64_t seed, uint64_t child)
{
  // The seed fills the pool, so that no seed and child look like another seed.
  const uint32_t words[SPAWNED_WORDS_MAX] = {(uint32_t)seed,  (uint32_t)(seed >> 32), 0, 0,
                                             (uint32_t)child, (uint32_t)(child >> 32)};
  return sequence_of_words(words, child >> 32 != 0 ? SPAWNED_WORDS_MAX : SPAWNED_WORDS_MAX - 1);
}

void
svari_seed_sequence_generate(const svari_seed_sequence_t *sequence, size_t count,
                             uint64_t *out_words)
{
  uint32_t constant = INIT_B;
  for (size_t i = 0; i < count; i++) {
    uint64_t low = hash(sequence->pool[2 * i % POOL], &constant, MULTIPLY_B);
    uint64_t high = hash(sequence->pool[(2 * i + 1) % POOL], &constant, MULTIPLY_B);
    out_words[i] = high << 32 | low;
  }
}
