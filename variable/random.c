#include "shared_variable/random.h"

#include <assert.h>
#include <math.h>

#include "variable/philox.h"
#include "variable/seed_sequence.h"

enum { BLOCK = SVARI_PHILOX_WORDS };

static_assert(sizeof(svar_random_state_t) == SVAR_RANDOM_WORDS * sizeof(uint64_t),
              "a state is words without gaps");

// --- states ----------------------------------------------------------------------------------------

static svar_random_state_t
state_of(const svari_seed_sequence_t *sequence)
{
  svar_random_state_t state = {.position = BLOCK};
  svari_seed_sequence_generate(sequence, SVARI_PHILOX_KEY_WORDS, state.key);
  return state;
}

svar_random_state_t
svar_random_seeded(uint64_t seed)
{
  svari_seed_sequence_t sequence = svari_seed_sequence_of(seed);
  return state_of(&sequence);
}

svar_random_state_t
svar_random_spawned(uint64_t seed, uint64_t child)
{
  svari_seed_sequence_t sequence = svari_seed_sequence_of_child(seed, child);
  return state_of(&sequence);
}

svar_random_state_t
svar_random_stream(const svar_random_state_t *state, uint64_t index)
{
  svar_random_state_t stream = {.key = {state->key[0], state->key[1]}, .position = BLOCK};
  for (int i = 0; i < BLOCK; i++) {
    stream.counter[i] = state->counter[i];
  }
  stream.counter[2] += index; // of 2^128 blocks
  stream.counter[3] += stream.counter[2] < index;
  return stream;
}

bool
svar_random_state_equal(const svar_random_state_t *a, const svar_random_state_t *b)
{
  bool is_equal = a->key[0] == b->key[0] && a->key[1] == b->key[1] && a->position == b->position &&
                  a->has_half == b->has_half && a->has_normal == b->has_normal;
  for (int i = 0; i < BLOCK; i++) {
    is_equal = is_equal && a->counter[i] == b->counter[i];
  }
  return is_equal && (a->has_half == 0 || a->half == b->half) &&
         (a->has_normal == 0 || a->normal == b->normal);
}

svar_ret_t
svar_random_state_check(const svar_random_state_t *state)
{
  SVAR_REQUIRE(state != NULL);
  if (state->position == 0 || state->position > BLOCK || state->has_half > 1 ||
      state->has_normal > 1 || state->half > UINT32_MAX) {
    return svar_fail(SVAR_ERR_VALUE,
                     "no random state: position %llu (1 to %d), has_half %llu and has_normal %llu "
                     "(0 or 1), half %llu (below 2^32); svar_random_seeded() makes one",
                     (unsigned long long)state->position, BLOCK,
                     (unsigned long long)state->has_half, (unsigned long long)state->has_normal,
                     (unsigned long long)state->half);
  }
  return SVAR_OK;
}

// --- words -----------------------------------------------------------------------------------------

// A state while numbers are drawn from it: the block in use is computed once, not kept in the state.
typedef struct source {
  svar_random_state_t *state;
  uint64_t block[BLOCK];
} source_t;

static void
open_source(svar_random_state_t *state, source_t *out_source)
{
  out_source->state = state;
  if (state->position < BLOCK) {
    svari_philox_block(state->key, state->counter, out_source->block);
  }
}

static void
next_block(source_t *source)
{
  svar_random_state_t *state = source->state;
  for (int i = 0; i < BLOCK && ++state->counter[i] == 0; i++) { // carry
  }
  svari_philox_block(state->key, state->counter, source->block);
  state->position = 0;
}

static uint64_t
next_word(source_t *source)
{
  if (source->state->position >= BLOCK) {
    next_block(source);
  }
  return source->block[source->state->position++];
}

// The lower half of a word first, then the upper one, whatever else is drawn between.
static uint32_t
next_half(source_t *source)
{
  svar_random_state_t *state = source->state;
  if (state->has_half != 0) {
    state->has_half = 0;
    return (uint32_t)state->half;
  }
  uint64_t word = next_word(source);
  state->has_half = 1;
  state->half = word >> 32;
  return (uint32_t)word;
}

static double
next_double(source_t *source)
{
  return (double)(next_word(source) >> 11) * 0x1p-53;
}

void
svar_random_raw(svar_random_state_t *state, size_t count, uint64_t *out_words)
{
  source_t source;
  open_source(state, &source);
  for (size_t i = 0; i < count; i++) {
    out_words[i] = next_word(&source);
  }
}

void
svar_random_float64(svar_random_state_t *state, size_t count, double *out_numbers)
{
  source_t source;
  open_source(state, &source);
  for (size_t i = 0; i < count; i++) {
    out_numbers[i] = next_double(&source);
  }
}

void
svar_random_float32(svar_random_state_t *state, size_t count, float *out_numbers)
{
  source_t source;
  open_source(state, &source);
  for (size_t i = 0; i < count; i++) {
    out_numbers[i] = (float)(next_half(&source) >> 8) * 0x1p-24f;
  }
}

// --- whole numbers ---------------------------------------------------------------------------------

// Lemire's method ("Fast random integer generation in an interval", 2019): the upper half of word * span is
// uniform once the few words are rejected whose lower half says that they are one too many. span is
// last + 1, and no power of two's edge: the callers take the widths' whole ranges themselves.
static uint32_t
below_half_span(source_t *source, uint32_t last)
{
  uint32_t span = last + 1;
  uint64_t product = (uint64_t)next_half(source) * span;
  if ((uint32_t)product < span) {
    uint32_t threshold = (UINT32_MAX - last) % span;
    while ((uint32_t)product < threshold) {
      product = (uint64_t)next_half(source) * span;
    }
  }
  return (uint32_t)(product >> 32);
}

static uint64_t
below_word_span(source_t *source, uint64_t last)
{
  uint64_t span = last + 1;
  unsigned __int128 product = (unsigned __int128)next_word(source) * span;
  if ((uint64_t)product < span) {
    uint64_t threshold = (UINT64_MAX - last) % span;
    while ((uint64_t)product < threshold) {
      product = (unsigned __int128)next_word(source) * span;
    }
  }
  return (uint64_t)(product >> 64);
}

// A number of 0 ... last. high is exclusive, so last is below 2^64 - 1.
static uint64_t
next_below(source_t *source, uint64_t last)
{
  if (last == 0) {
    return 0; // and nothing is drawn
  }
  if (last == UINT32_MAX) {
    return next_half(source);
  }
  return last < UINT32_MAX ? below_half_span(source, (uint32_t)last)
                           : below_word_span(source, last);
}

svar_ret_t
svar_random_integers(svar_random_state_t *state, int64_t low, int64_t high, size_t count,
                     int64_t *out_numbers)
{
  SVAR_REQUIRE(state != NULL && (out_numbers != NULL || count == 0));
  if (low >= high) {
    return svar_fail(SVAR_ERR_VALUE, "no whole number is at least %lld and below %lld",
                     (long long)low, (long long)high);
  }
  source_t source;
  open_source(state, &source);
  uint64_t last = (uint64_t)high - (uint64_t)low - 1;
  for (size_t i = 0; i < count; i++) {
    out_numbers[i] = (int64_t)((uint64_t)low + next_below(&source, last));
  }
  return SVAR_OK;
}

// --- normal numbers --------------------------------------------------------------------------------

// A point of the unit disc, by rejection from the square around it; its radius, squared, is uniform and
// gives the length of a pair of normal numbers, the point itself their direction.
static double
next_normal(source_t *source)
{
  svar_random_state_t *state = source->state;
  if (state->has_normal != 0) {
    state->has_normal = 0;
    return state->normal;
  }
  double x;
  double y;
  double square;
  do {
    x = 2.0 * next_double(source) - 1.0;
    y = 2.0 * next_double(source) - 1.0;
    square = x * x + y * y;
  } while (square >= 1.0 || square == 0.0);
  double stretch = sqrt(-2.0 * log(square) / square);
  state->has_normal = 1;
  state->normal = stretch * x;
  return stretch * y;
}

void
svar_random_normal(svar_random_state_t *state, size_t count, double *out_numbers)
{
  source_t source;
  open_source(state, &source);
  for (size_t i = 0; i < count; i++) {
    out_numbers[i] = next_normal(&source);
  }
}
