#include "shared_variable/mrg.h"

#include <string.h>

#include "variable/filter.h"
#include "variable/promotion.h"
#include "variable/source.h"

enum { ORDER = 3, SUBSTREAM_LOG2 = 72, STREAM_LOG2 = 134 };

// One step of a recurrence as a matrix: new state = matrix * state, modulo the modulus.
typedef struct recurrence {
  int64_t modulus;
  int64_t step[ORDER][ORDER];
} recurrence_t;

// x[n] = 2^22 x[n-2] + (2^7 + 1) x[n-3], and y[n] = 2^15 y[n-1] + (2^15 + 1) y[n-3].
static const recurrence_t RECURRENCES[2] = {
    {SVAR_MRG_M1, {{0, 1 << 22, (1 << 7) + 1}, {1, 0, 0}, {0, 1, 0}}},
    {SVAR_MRG_M2, {{1 << 15, 0, (1 << 15) + 1}, {1, 0, 0}, {0, 1, 0}}},
};

// --- jumps -----------------------------------------------------------------------------------------

// recurrence->step to the power 2^log2.
static void
power(const recurrence_t *recurrence, int log2, int64_t out_matrix[ORDER][ORDER])
{
  memcpy(out_matrix, recurrence->step, sizeof(recurrence->step));
  for (int squared = 0; squared < log2; squared++) {
    int64_t square[ORDER][ORDER] = {{0}};
    for (int i = 0; i < ORDER; i++) {
      for (int j = 0; j < ORDER; j++) {
        for (int k = 0; k < ORDER; k++) {
          int64_t product = out_matrix[i][k] * out_matrix[k][j] % recurrence->modulus;
          square[i][j] = (square[i][j] + product) % recurrence->modulus;
        }
      }
    }
    memcpy(out_matrix, square, sizeof(square));
  }
}

// out_to may be from.
static void
apply(int64_t matrix[ORDER][ORDER], int64_t modulus, const int32_t from[ORDER],
      int32_t out_to[ORDER])
{
  int32_t to[ORDER];
  for (int i = 0; i < ORDER; i++) {
    int64_t sum = 0;
    for (int j = 0; j < ORDER; j++) {
      sum = (sum + matrix[i][j] * from[j]) % modulus;
    }
    to[i] = (int32_t)sum;
  }
  memcpy(out_to, to, sizeof(to));
}

// One recurrence's half of svar_mrg_take().
static void
take_half(const recurrence_t *recurrence, int32_t next[ORDER], size_t count, int32_t *out_states)
{
  int64_t substream[ORDER][ORDER];
  int64_t stream[ORDER][ORDER];
  power(recurrence, SUBSTREAM_LOG2, substream);
  power(recurrence, STREAM_LOG2, stream);
  int32_t from[ORDER];
  memcpy(from, next, sizeof(from));
  for (size_t i = 0; i < count; i++) {
    memcpy(out_states + i * SVAR_MRG_WORDS, from, sizeof(from));
    apply(substream, recurrence->modulus, from, from);
  }
  apply(stream, recurrence->modulus, next, next);
}

void
svar_mrg_take(svar_mrg_t *streams, size_t count, int32_t *out_states)
{
  take_half(&RECURRENCES[0], streams->next, count, out_states);
  take_half(&RECURRENCES[1], streams->next + ORDER, count, out_states + ORDER);
}

// --- seeds -----------------------------------------------------------------------------------------

static svar_ret_t
check_half(const int64_t numbers[ORDER], int first, int64_t modulus)
{
  for (int i = 0; i < ORDER; i++) {
    if (numbers[i] < 0 || numbers[i] >= modulus) {
      return svar_fail(SVAR_ERR_VALUE, "number %d of the seed is %lld; it must be 0 to %lld",
                       first + i, (long long)numbers[i], (long long)modulus - 1);
    }
  }
  if (numbers[0] == 0 && numbers[1] == 0 && numbers[2] == 0) {
    return svar_fail(SVAR_ERR_VALUE,
                     "numbers %d to %d of the seed are all 0: the recurrence would stay there",
                     first, first + ORDER - 1);
  }
  return SVAR_OK;
}

svar_ret_t
svar_mrg_seed(svar_source_t seed, svar_mrg_t *out_streams)
{
  SVAR_REQUIRE(out_streams != NULL);
  SVAR_TRY(svari_source_check(&seed));
  const DLTensor *tensor = &seed.tensor;
  bool is_one = tensor->ndim == 0;
  bool is_six = tensor->ndim == 1 && tensor->shape[0] == SVAR_MRG_WORDS;
  if ((!is_one && !is_six) || !svari_dtype_is_integer(tensor->dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "a seed is one whole number or six of them, not rank %d of %s",
                     tensor->ndim, svar_dtype_name(tensor->dtype));
  }
  const svar_type_t type = {.dtype = SVAR_INT64, .ndim = tensor->ndim};
  svari_filter_plan_t plan;
  SVAR_TRY(svari_filter_check(&type, false, SVAR_DOWNCAST_TRUE, "seed", &seed, &plan));
  _Alignas(64) int64_t numbers[SVAR_MRG_WORDS];
  svari_filter_write(&plan, &seed, numbers);
  for (int i = 1; i < SVAR_MRG_WORDS && is_one; i++) {
    numbers[i] = numbers[0];
  }
  // One number stands in both halves: the second, whose modulus is the smaller, is the one to name.
  SVAR_TRY(check_half(numbers + ORDER, ORDER, SVAR_MRG_M2));
  SVAR_TRY(check_half(numbers, 0, SVAR_MRG_M1));
  for (int i = 0; i < SVAR_MRG_WORDS; i++) {
    out_streams->next[i] = (int32_t)numbers[i];
  }
  return SVAR_OK;
}

// --- draws -----------------------------------------------------------------------------------------

static int64_t
step_half(const recurrence_t *recurrence, int32_t x[ORDER])
{
  const int64_t *factors = recurrence->step[0];
  int64_t sum = factors[0] * x[0] + factors[1] * x[1] + factors[2] * x[2];
  int64_t next = sum % recurrence->modulus;
  next += next < 0 ? recurrence->modulus : 0; // only for states that no sequence has
  x[2] = x[1];
  x[1] = x[0];
  x[0] = (int32_t)next;
  return next;
}

// The next number of a sub-stream, 1 to M1.
static int64_t
step(int32_t state[SVAR_MRG_WORDS])
{
  int64_t x = step_half(&RECURRENCES[0], state);
  int64_t y = step_half(&RECURRENCES[1], state + ORDER);
  return x > y ? x - y : x - y + SVAR_MRG_M1;
}

static svar_ret_t
check_draw(const int32_t *states, size_t state_count, size_t count, const void *out_numbers)
{
  SVAR_REQUIRE(count == 0 || out_numbers != NULL);
  if (count > 0 && (states == NULL || state_count == 0)) {
    return svar_fail(SVAR_ERR_VALUE, "%zu numbers from no state: svar_mrg_take() makes states",
                     count);
  }
  return SVAR_OK;
}

svar_ret_t
svar_mrg_float64(int32_t *states, size_t state_count, size_t count, double *out_numbers)
{
  SVAR_TRY(check_draw(states, state_count, count, out_numbers));
  for (size_t i = 0; i < count; i++) {
    out_numbers[i] = (double)step(states + i % state_count * SVAR_MRG_WORDS) * 0x1p-31;
  }
  return SVAR_OK;
}

svar_ret_t
svar_mrg_float32(int32_t *states, size_t state_count, size_t count, float *out_numbers)
{
  // The largest float32 whose product with M1 is still below 1, as Theano found it.
  static const float scale = 4.6566126e-10f;
  SVAR_TRY(check_draw(states, state_count, count, out_numbers));
  for (size_t i = 0; i < count; i++) {
    out_numbers[i] = (float)step(states + i % state_count * SVAR_MRG_WORDS) * scale;
  }
  return SVAR_OK;
}
