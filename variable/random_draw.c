// Drawing whole tensors.
#include <float.h>
#include <math.h>

#include "shared_variable/random_streams.h"
#include "variable/convert.h"
#include "variable/layout.h"
#include "variable/promotion.h"
#include "variable/random_law.h"
#include "variable/source.h"

enum { CHUNK = 256 };

// --- what may be drawn ------------------------------------------------------------------------------

static bool
is_float_dtype(svar_dtype_t dtype)
{
  return svar_dtype_equal(dtype, SVAR_FLOAT64) || svar_dtype_equal(dtype, SVAR_FLOAT32);
}

// The numbers of an integer dtype, as far as int64 goes.
static bool
holds_span(svar_dtype_t dtype, int64_t first, int64_t last)
{
  bool is_signed = dtype.code == kDLInt;
  int value_bits = is_signed ? dtype.bits - 1 : dtype.bits;
  int64_t most = value_bits >= 63 ? INT64_MAX : (INT64_C(1) << value_bits) - 1;
  int64_t least = is_signed ? -most - 1 : 0;
  return first >= least && last <= most;
}

// A number is low plus a part of the distance.
static bool
holds_interval(svar_dtype_t dtype, double low, double high)
{
  double most = dtype.bits == 32 ? FLT_MAX : DBL_MAX;
  return fabs(low) <= most && fabs(high) <= most && high - low <= most;
}

svar_ret_t
svari_random_law_check(const svar_random_law_t *law, svar_dtype_t dtype)
{
  bool is_integers = law->kind == SVAR_RANDOM_INTEGERS;
  if ((unsigned)law->kind > SVAR_RANDOM_INTEGERS) {
    return svar_fail(SVAR_ERR_ARGUMENT, "a law of kind %d: there is none", (int)law->kind);
  }
  if (is_integers ? !svari_dtype_is_integer(dtype) : !is_float_dtype(dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "%s are drawn, not %s",
                     is_integers ? "integers of any width" : "float64 and float32",
                     svar_dtype_name(dtype));
  }
  if (is_integers && law->first >= law->end) {
    return svar_fail(SVAR_ERR_VALUE, "no whole number is at least %lld and below %lld",
                     (long long)law->first, (long long)law->end);
  }
  if (is_integers && !holds_span(dtype, law->first, law->end - 1)) {
    return svar_fail(SVAR_ERR_VALUE, "%lld to %lld: %s does not hold them all",
                     (long long)law->first, (long long)law->end - 1, svar_dtype_name(dtype));
  }
  // Not `low >= high`, which no NaN is.
  if (law->kind == SVAR_RANDOM_UNIFORM && !(law->low < law->high)) {
    return svar_fail(SVAR_ERR_VALUE, "no number is at least %g and below %g", law->low, law->high);
  }
  if (law->kind == SVAR_RANDOM_UNIFORM && !holds_interval(dtype, law->low, law->high)) {
    return svar_fail(SVAR_ERR_VALUE, "%g, %g, or the distance between them is no finite %s",
                     law->low, law->high, svar_dtype_name(dtype));
  }
  if (law->kind == SVAR_RANDOM_NORMAL && !(law->deviation >= 0)) {
    return svar_fail(SVAR_ERR_VALUE, "a standard deviation of %g: it is 0 or more", law->deviation);
  }
  return SVAR_OK;
}

static svar_ret_t
check_out(const DLTensor *out, uint64_t *out_count, unsigned char **out_data)
{
  const svar_source_t as_source = svar_array(out); // it passes the checks of every array
  SVAR_TRY(svari_source_check(&as_source));
  *out_count = svari_source_count(&as_source);
  *out_data = (unsigned char *)out->data + out->byte_offset;
  if (*out_count == 0) {
    return SVAR_OK;
  }
  svari_layout_t layout;
  svari_layout_of(out, *out_data, &layout);
  if (out->device.device_type != kDLCPU || !svari_layout_is_compact(&layout) ||
      (uintptr_t)*out_data % svar_dtype_bytes(out->dtype) != 0) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "numbers are drawn into compact, row-major, aligned host memory");
  }
  return SVAR_OK;
}

// --- drawing ---------------------------------------------------------------------------------------

static void
fill_uniform32(svar_random_state_t *state, const svar_random_law_t *law, uint64_t count,
               float *numbers)
{
  float low = (float)law->low;
  float span = (float)(law->high - law->low);
  svar_random_float32(state, count, numbers);
  for (uint64_t i = 0; i < count; i++) {
    numbers[i] = low + span * numbers[i];
  }
}

static void
fill_uniform64(svar_random_state_t *state, const svar_random_law_t *law, uint64_t count,
               double *numbers)
{
  double span = law->high - law->low;
  svar_random_float64(state, count, numbers);
  for (uint64_t i = 0; i < count; i++) {
    numbers[i] = law->low + span * numbers[i];
  }
}

// A chunk of what is drawn in 8 bytes, to be converted.
typedef union chunk {
  double floats[CHUNK];
  int64_t integers[CHUNK];
} chunk_t;

static svar_ret_t
draw_chunk(svar_random_state_t *state, const svar_random_law_t *law, size_t count, chunk_t *chunk)
{
  if (law->kind == SVAR_RANDOM_INTEGERS) {
    return svar_random_integers(state, law->first, law->end, count, chunk->integers);
  }
  svar_random_normal(state, count, chunk->floats);
  for (size_t i = 0; i < count; i++) {
    chunk->floats[i] = law->mean + law->deviation * chunk->floats[i];
  }
  return SVAR_OK;
}

static svar_ret_t
fill_by_chunks(svar_random_state_t *state, const svar_random_law_t *law, svar_dtype_t dtype,
               uint64_t count, unsigned char *data)
{
  svar_dtype_t drawn = law->kind == SVAR_RANDOM_INTEGERS ? SVAR_INT64 : SVAR_FLOAT64;
  svari_convert_t convert = svari_convert_find(drawn, dtype);
  chunk_t chunk;
  for (uint64_t done = 0; done < count; done += CHUNK) {
    size_t now = count - done < CHUNK ? (size_t)(count - done) : CHUNK;
    SVAR_TRY(draw_chunk(state, law, now, &chunk));
    convert(&chunk, data + done * svar_dtype_bytes(dtype), now);
  }
  return SVAR_OK;
}

svar_ret_t
svar_random_fill(svar_random_state_t *state, const svar_random_law_t *law, DLTensor *out)
{
  SVAR_REQUIRE(state != NULL && law != NULL && out != NULL);
  uint64_t count;
  unsigned char *data;
  SVAR_TRY(svar_random_state_check(state));
  SVAR_TRY(svari_random_law_check(law, out->dtype));
  SVAR_TRY(check_out(out, &count, &data));
  if (law->kind != SVAR_RANDOM_UNIFORM) {
    return fill_by_chunks(state, law, out->dtype, count, data);
  }
  if (out->dtype.bits == 32) {
    fill_uniform32(state, law, count, (float *)data);
  } else {
    fill_uniform64(state, law, count, (double *)data);
  }
  return SVAR_OK;
}

svar_ret_t
svar_random_draw(svar_variable_t *variable, const svar_random_law_t *law, DLTensor *out)
{
  SVAR_REQUIRE(variable != NULL && law != NULL && out != NULL);
  svar_random_state_t state;
  SVAR_TRY(svar_random_get(variable, &state));
  SVAR_TRY(svar_random_fill(&state, law, out));
  return svar_set_value(variable, svar_random_source(&state), SVAR_COPY);
}
