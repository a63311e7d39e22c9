// From a seed that a person chose to a key as good as any: NumPy's SeedSequence, which is Melissa
// O'Neill's seed_seq_fe over a pool of 128 bits.
#ifndef SVARI_VARIABLE_SEED_SEQUENCE_H
#define SVARI_VARIABLE_SEED_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

enum { SVARI_SEED_POOL_WORDS = 4 };

typedef struct svari_seed_sequence {
  uint32_t pool[SVARI_SEED_POOL_WORDS];
} svari_seed_sequence_t;

// The sequence of a seed, NumPy's SeedSequence(seed), or of one of its children, spawn(n)[child].
svari_seed_sequence_t svari_seed_sequence_of(uint64_t seed);
svari_seed_sequence_t svari_seed_sequence_of_child(uint64_t seed, uint64_t child);

// NumPy's generate_state(count, uint64).
void svari_seed_sequence_generate(const svari_seed_sequence_t *sequence, size_t count,
                                  uint64_t *out_words);

#endif
