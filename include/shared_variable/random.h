// Random numbers: a generator's state as a plain value, what is drawn from it, and shared variables
// that hold one.
//
// The generator is Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011),
// number for number as NumPy has it: a seed here is np.random.Philox(seed) there, and each call below
// says whose numbers it draws.
#ifndef SHARED_VARIABLE_RANDOM_H
#define SHARED_VARIABLE_RANDOM_H

#include "shared_variable/source.h"
#include "shared_variable/variable.h"

SVAR_BEGIN_DECLS

/// Where a sequence of random numbers stands: a plain value, copy it freely. Two states that are equal
/// go on alike, in every process. Make one with svar_random_seeded() and its like; key and counter may
/// also be set by hand (the counter is that of the last block: the first draw takes counter + 1).
typedef struct svar_random_state {
  uint64_t key[2];     ///< tells the sequence from every other one
  uint64_t counter[4]; ///< of the block in use, least significant word first
  uint64_t
      position; ///< words of that block that are used up, 1 to 4; 4: a draw begins the next one
  uint64_t has_half;   ///< 1: `half` is the next 32-bit number; 0: there is none
  uint64_t half;       ///< the upper half of a word whose lower half was drawn
  uint64_t has_normal; ///< 1: `normal` is the next normal number; 0: there is none
  double normal;       ///< the second of a pair of normal numbers
} svar_random_state_t;

/// Words of a state, and the extent of the uint64 tensor that a variable keeps it in: word k is the k-th
/// 8 bytes of the struct.
#define SVAR_RANDOM_WORDS 11

/// The state that NumPy's Philox(seed) begins with. Any seed is good: SeedSequence makes a key of it.
SVAR_PUBLIC svar_random_state_t svar_random_seeded(uint64_t seed);
/// A child of a seed, NumPy's Philox(SeedSequence(seed).spawn(...)[child]): sequences that have nothing
/// to do with each other, for workers that know their number.
SVAR_PUBLIC svar_random_state_t svar_random_spawned(uint64_t seed, uint64_t child);
/// Stream number `index` of state: index * 2^128 blocks ahead, NumPy's jumped(index), so that no two
/// streams ever meet. It begins with a fresh block: halves, normals and the rest of a block are dropped.
SVAR_PUBLIC svar_random_state_t svar_random_stream(const svar_random_state_t *state,
                                                   uint64_t index);
/// True if both go on alike: the same key, counter and position, and the same cached numbers, which count
/// only where their flags are set.
SVAR_PUBLIC bool svar_random_state_equal(const svar_random_state_t *a,
                                         const svar_random_state_t *b);
/// @retval SVAR_ERR_VALUE position or a flag is none that a state can have
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_state_check(const svar_random_state_t *state);

// Draws: fill `count` numbers and advance state.
// @contract{allocates: no; blocks: no; system calls: no; thread: one at a time for a state}

/// 64 random bits each: NumPy's random_raw().
SVAR_PUBLIC void svar_random_raw(svar_random_state_t *state, size_t count, uint64_t *out_words);
/// Multiples of 2^-53 in [0, 1): NumPy's random(). As there, each takes the upper 53 bits of a word.
SVAR_PUBLIC void svar_random_float64(svar_random_state_t *state, size_t count, double *out_numbers);
/// Multiples of 2^-24 in [0, 1): NumPy's random(dtype=float32). Each takes half a word.
SVAR_PUBLIC void svar_random_float32(svar_random_state_t *state, size_t count, float *out_numbers);
/// Whole numbers low <= x < high, all equally likely: NumPy's integers(low, high). Lemire's method, on
/// halves of words for spans up to 2^32, on words beyond.
/// @retval SVAR_ERR_VALUE low >= high
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_integers(svar_random_state_t *state, int64_t low,
                                                          int64_t high, size_t count,
                                                          int64_t *out_numbers);
/// Normal numbers of mean 0 and variance 1: Marsaglia's polar form of Box and Muller, whose second number
/// is kept for the next call. NumPy's RandomState(Philox(seed)).standard_normal(), not the ziggurat of its
/// Generator; the last bit is up to the C library's log().
SVAR_PUBLIC void svar_random_normal(svar_random_state_t *state, size_t count, double *out_numbers);

/// A state as a value to make or set a variable of: svar_shared() makes a random-state variable, which
/// takes nothing but such sources, strict or not. Borrowed for the call that it is passed to, and always
/// copied.
SVAR_PUBLIC svar_source_t svar_random_source(const svar_random_state_t *state);
/// A copy of the state that variable holds. (svar_get_value() gives its words.)
/// @contract{as svar_get_value() with SVAR_BORROW}
/// @retval SVAR_ERR_TYPE variable holds no random state
/// @retval SVAR_ERR_VALUE the words stored are no state
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_random_get(svar_variable_t *variable,
                                                     svar_random_state_t *out_state);

SVAR_END_DECLS
#endif
