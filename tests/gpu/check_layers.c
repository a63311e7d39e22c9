// Layers of networks on the device, beside what kernels.h says of them.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gpu/kernels.h"
#include "tests/gpu/checks.h"

static char finding[512];

// --- numbers ---------------------------------------------------------------------------------------------------

enum { NUMBERS_MAX = CHECK_SLOT_BYTES / sizeof(float) };

// What layers read, part after part; it lies at the same places in the bench's first slot.
static float numbers[NUMBERS_MAX];
static size_t number_count;

// count numbers from -spread to spread; where they lie in the slot.
static svari_cu_address_t
made_numbers(const check_bench_t *bench, size_t count, float spread, const float **out_numbers)
{
  static uint32_t random = 20240117;
  *out_numbers = numbers + number_count;
  for (size_t i = 0; i < count; ++i) {
    random = random * 1664525 + 1013904223;
    numbers[number_count++] = spread * ((float)(random >> 8) / 8388608.0f - 1.0f);
  }
  return svari_memory_slot(bench->memory, 0) + (size_t)(*out_numbers - numbers) * sizeof(float);
}

static svar_ret_t
put_in(const check_bench_t *bench)
{
  return svari_stream_to_device(&bench->stream, svari_memory_slot(bench->memory, 0), numbers,
                                number_count * sizeof(float));
}

static svar_ret_t
take_out(const check_bench_t *bench, float *made, size_t count)
{
  SVAR_TRY(svari_stream_to_host(&bench->stream, made, svari_memory_slot(bench->memory, 1),
                                count * sizeof(float)));
  return svari_stream_synchronize(&bench->stream);
}

// A row's product with a vector, or two such products, added up as the lanes do it.
static float
product(const float *row, const float *vector, size_t count, const float *row_2,
        const float *vector_2, size_t count_2)
{
  float sums[32] = {0};
  for (size_t first = 0; first < 32; ++first) {
    float sum_2 = 0;
    for (size_t i = first; i < count; i += 32) {
      sums[first] += row[i] * vector[i];
    }
    for (size_t i = first; i < count_2; i += 32) {
      sum_2 += row_2[i] * vector_2[i];
    }
    sums[first] += sum_2;
  }
  for (size_t apart = 16; apart > 0; apart /= 2) {
    for (size_t i = 0; i < apart; ++i) {
      sums[i] += sums[i + apart];
    }
  }
  return sums[0];
}

// Within the last bits of exp() and tanh(); the same number where there is none of them.
static bool
is_near(float made, double expected, bool is_exact)
{
  return is_exact ? made == (float)expected
                  : fabs(made - expected) <= 5e-7 * fmax(1.0, fabs(expected));
}

// --- y = f(W x + b) --------------------------------------------------------------------------------------------

enum { ROWS_MAX = 1500 };

static double
activated(double x, int32_t activation)
{
  return activation == SVARI_KERNEL_RELU   ? (x < 0 ? 0 : x)
         : activation == SVARI_KERNEL_ELU  ? (x > 0 ? x : expm1(x))
         : activation == SVARI_KERNEL_TANH ? tanh(x)
                                           : x;
}

static check_text_t
check_dense_of(const check_bench_t *bench, size_t rows, size_t columns, int32_t activation)
{
  static float made[ROWS_MAX];
  const float *weight, *bias, *in;
  number_count = 0;
  svari_kernel_dense_t layer = {.rows = rows, .columns = columns, .activation = activation};
  layer.weight = made_numbers(bench, rows * columns, 0.3f, &weight);
  layer.bias = made_numbers(bench, rows, 1, &bias);
  svari_cu_address_t in_address = made_numbers(bench, columns, 1, &in);
  if (put_in(bench) != SVAR_OK ||
      svari_kernels_dense(&bench->stream, &layer, in_address,
                          svari_memory_slot(bench->memory, 1)) != SVAR_OK ||
      take_out(bench, made, rows) != SVAR_OK) {
    return svar_error_message();
  }
  bool is_exact = activation == SVARI_KERNEL_LINEAR || activation == SVARI_KERNEL_RELU;
  for (size_t row = 0; row < rows; ++row) {
    float sum = product(weight + row * columns, in, columns, NULL, NULL, 0) + bias[row];
    double expected = activated(sum, activation);
    if (!is_near(made[row], expected, is_exact)) {
      snprintf(finding, sizeof(finding), "%zu x %zu, activation %d, row %zu: %.9g, not %.9g", rows,
               columns, (int)activation, row, made[row], expected);
      return finding;
    }
  }
  return "";
}

check_text_t
check_dense(const check_bench_t *bench)
{
  // The last has more rows than the threads of a GPU of few processors take at once.
  static const size_t sizes[][2] = {{1, 1},   {12, 32},   {32, 64},
                                    {33, 31}, {256, 111}, {ROWS_MAX, 300}};
  check_text_t text = "";
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); ++i) {
    for (int32_t activation = SVARI_KERNEL_LINEAR;
         activation <= SVARI_KERNEL_TANH && text[0] == '\0'; ++activation) {
      text = check_dense_of(bench, sizes[i][0], sizes[i][1], activation);
    }
  }
  return text;
}

// --- LSTM ------------------------------------------------------------------------------------------------------

enum { UNITS_MAX = 64 };

static double
sigmoid(double x)
{
  return 1 / (1 + exp(-x));
}

// What the host knows of a layer: as svari_kernel_lstm_t has it.
typedef struct lstm_numbers {
  const float *weight_in, *weight_hidden, *bias_in, *bias_hidden, *in, *hidden, *cell;
} lstm_numbers_t;

static void
lstm_expected(const lstm_numbers_t *n, size_t inputs, size_t units, size_t unit, double expected[2])
{
  float gate[4];
  for (size_t k = 0; k < 4; ++k) {
    size_t row = k * units + unit;
    gate[k] = product(n->weight_in + row * inputs, n->in, inputs, n->weight_hidden + row * units,
                      n->hidden, units) +
              n->bias_in[row] + n->bias_hidden[row];
  }
  expected[1] = sigmoid(gate[1]) * n->cell[unit] + sigmoid(gate[0]) * tanh(gate[2]);
  expected[0] = sigmoid(gate[3]) * tanh(expected[1]);
}

static check_text_t
check_lstm_of(const check_bench_t *bench, size_t inputs, size_t units)
{
  static float made[2 * UNITS_MAX]; // hidden, cell
  lstm_numbers_t n;
  number_count = 0;
  svari_kernel_lstm_t layer = {.inputs = inputs, .units = units};
  layer.weight_in = made_numbers(bench, 4 * units * inputs, 0.3f, &n.weight_in);
  layer.weight_hidden = made_numbers(bench, 4 * units * units, 0.3f, &n.weight_hidden);
  layer.bias_in = made_numbers(bench, 4 * units, 1, &n.bias_in);
  layer.bias_hidden = made_numbers(bench, 4 * units, 1, &n.bias_hidden);
  svari_cu_address_t in = made_numbers(bench, inputs, 1, &n.in);
  svari_kernel_lstm_state_t from = {made_numbers(bench, units, 1, &n.hidden),
                                    made_numbers(bench, units, 2, &n.cell)};
  svari_cu_address_t out = svari_memory_slot(bench->memory, 1);
  svari_kernel_lstm_state_t to = {out, out + units * sizeof(float)};
  if (put_in(bench) != SVAR_OK ||
      svari_kernels_lstm(&bench->stream, &layer, in, from, to) != SVAR_OK ||
      take_out(bench, made, 2 * units) != SVAR_OK) {
    return svar_error_message();
  }
  for (size_t unit = 0; unit < units; ++unit) {
    double expected[2];
    lstm_expected(&n, inputs, units, unit, expected);
    if (!is_near(made[unit], expected[0], false) ||
        !is_near(made[units + unit], expected[1], false)) {
      snprintf(finding, sizeof(finding), "%zu inputs, unit %zu of %zu: %.9g, %.9g, not %.9g, %.9g",
               inputs, unit, units, made[unit], made[units + unit], expected[0], expected[1]);
      return finding;
    }
  }
  return "";
}

check_text_t
check_lstm(const check_bench_t *bench)
{
  static const size_t sizes[][2] = {{1, 1}, {47, UNITS_MAX}, {41, UNITS_MAX}, {3, 5}, {130, 33}};
  check_text_t text = "";
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && text[0] == '\0'; ++i) {
    text = check_lstm_of(bench, sizes[i][0], sizes[i][1]);
  }
  return text;
}
