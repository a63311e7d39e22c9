// Conversions of large arrays beside memcpy of as many bytes (read and written), and beside NumPy's on
// the same numbers. All write into one of two populated buffers by turns, and are timed by the CPU's
// clock.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/child.h"
#include "bench/peer_numpy.h"
#include "bench/rows.h"
#include "shared_variable/shared_variable.h"

enum { COUNT = 1 << 22, QUICK_COUNT = 1 << 20, MOST_BYTES = 16 };
enum { LIBRARY, MEMCPY, NUMPY, KINDS };

// NumPy has no bfloat16.
static const struct {
  const char *from, *to;
  bool has_numpy;
} pairs[] = {
    {"float32", "float16", true},      {"float16", "float32", true},
    {"float32", "bfloat16", false},    {"bfloat16", "float32", false},
    {"float64", "float32", true},      {"float32", "float64", true},
    {"float64", "float16", true},      {"int32", "float32", true},
    {"float32", "int32", true},        {"int64", "float64", true},
    {"float64", "int64", true},        {"uint8", "float32", true},
    {"float32", "uint8", true},        {"float32", "int8", true},
    {"float32", "int16", true},        {"float64", "uint8", true},
    {"float64", "int16", true},        {"float32", "bool", true},
    {"bool", "float32", true},         {"complex64", "complex128", true},
    {"complex128", "complex64", true}, {"float32", "complex64", true},
};
enum { PAIR_COUNT = sizeof(pairs) / sizeof(pairs[0]) };

typedef struct conversion {
  size_t pair;
  int64_t count;
  DLTensor source;
  svar_variable_t *variable;
  size_t memcpy_bytes, turn;
  uint8_t *buffers[2];
  const bench_numpy_t *numpy;
} conversion_t;

static void
library_run(void *context, size_t count)
{
  conversion_t *conversion = context;
  for (size_t i = 0; i < count; i++) {
    BENCH_OK(svar_set_value(conversion->variable, svar_array(&conversion->source), SVAR_COPY));
  }
}

static void
memcpy_run(void *context, size_t count)
{
  conversion_t *conversion = context;
  for (size_t i = 0; i < count; i++) {
    memcpy(conversion->buffers[conversion->turn++ & 1], conversion->source.data,
           conversion->memcpy_bytes);
  }
}

static double
numpy_measure(void *context)
{
  const conversion_t *conversion = context;
  return bench_numpy_convert(conversion->numpy, pairs[conversion->pair].from,
                             pairs[conversion->pair].to);
}

static uint8_t *
populated(size_t size_bytes)
{
  uint8_t *memory = aligned_alloc(4096, size_bytes);
  BENCH_REQUIRE(memory != NULL, "no memory for %zu bytes", size_bytes);
  memset(memory, 1, size_bytes);
  return memory;
}

// A variable of dtype `to`, with room for what the others convert.
static svar_variable_t *
make_variable(const char *to, const DLTensor *numbers)
{
  svar_type_t type = {.ndim = 1};
  BENCH_OK(svar_dtype_parse(to, &type.dtype));
  svar_variable_t *variable;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  uint64_t element[2] = {0};
  int64_t one = 1;
  DLTensor first = svar_tensor(type.dtype, element, 1, &one);
  options.allow_downcast = SVAR_DOWNCAST_TRUE;
  BENCH_OK(svar_shared(svar_array(&first), &options, &variable));
  BENCH_OK(svar_set_value(variable, svar_array(numbers), SVAR_COPY));
  return variable;
}

// The numbers -100 to 100 as an array of that dtype: in memory, and in a file for NumPy.
static void
make_source(const bench_run_t *run, conversion_t *conversion, const DLTensor *numbers)
{
  const char *name = pairs[conversion->pair].from;
  svar_variable_t *variable = make_variable(name, numbers);
  svar_value_t value = SVAR_VALUE_INIT;
  BENCH_OK(svar_get_value(variable, SVAR_BORROW, &value));
  size_t size_bytes = (size_t)conversion->count * svar_dtype_bytes(value.tensor.dtype);
  void *data = populated((size_t)conversion->count * MOST_BYTES); // memcpy may read more than one
  memcpy(data, value.tensor.data, size_bytes);
  conversion->source = svar_tensor(value.tensor.dtype, data, 1, &conversion->count);
  char path[4096];
  snprintf(path, sizeof(path), "%s/%s.raw", run->directory, name);
  FILE *file = fopen(path, "we");
  BENCH_REQUIRE(file != NULL && fwrite(data, 1, size_bytes, file) == size_bytes &&
                    fclose(file) == 0,
                "'%s' cannot be written", path);
  svar_value_release(&value);
  svar_variable_unref(variable);
}

static void
measure_pair(const bench_run_t *run, conversion_t *conversion, const DLTensor *numbers,
             double worst[KINDS])
{
  const char *from = pairs[conversion->pair].from, *to = pairs[conversion->pair].to;
  make_source(run, conversion, numbers);
  conversion->variable = make_variable(to, numbers);
  svar_dtype_t to_dtype;
  BENCH_OK(svar_dtype_parse(to, &to_dtype));
  size_t pair_bytes = svar_dtype_bytes(conversion->source.dtype) + svar_dtype_bytes(to_dtype);
  conversion->memcpy_bytes = (size_t)conversion->count * pair_bytes / 2;
  library_run(conversion, 2); // both buffers of the variable
  bench_subject_t subjects[KINDS] = {
      [LIBRARY] = {.name = "set", .run = library_run, .is_cpu_time = true},
      [MEMCPY] = {.name = "memcpy of as many bytes", .run = memcpy_run, .is_cpu_time = true},
      [NUMPY] = {.name = "NumPy", .measure = numpy_measure},
  };
  bool has_numpy = conversion->numpy != NULL && pairs[conversion->pair].has_numpy;
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].context = conversion;
    subjects[kind].batch = 1;
  }
  const bench_effort_t effort = {run->is_quick ? 0.4 : 3, 20, 1000};
  bench_interleave(subjects, has_numpy ? KINDS : NUMPY, &effort);
  const bench_subject_t *beside[] = {&subjects[MEMCPY], &subjects[NUMPY]};
  bench_report_add(run->report, &subjects[LIBRARY], beside, 2, "%s to %s, %lld elements", from, to,
                   (long long)conversion->count);
  double p50 = bench_stats(&subjects[LIBRARY]).p50;
  double share = bench_stats(&subjects[MEMCPY]).p50 / p50;
  worst[MEMCPY] = share < worst[MEMCPY] ? share : worst[MEMCPY];
  double ratio = has_numpy ? p50 / bench_stats(&subjects[NUMPY]).p50 : 0;
  worst[NUMPY] = ratio > worst[NUMPY] ? ratio : worst[NUMPY];
  bench_subjects_fini(subjects, KINDS);
  svar_variable_unref(conversion->variable);
  free(conversion->source.data);
}

void
bench_row_conversion(const bench_run_t *run)
{
  static conversion_t conversion;
  double worst[KINDS] = {[MEMCPY] = 1e9};
  conversion.count = run->is_quick ? QUICK_COUNT : COUNT;
  double *numbers = (double *)populated((size_t)conversion.count * sizeof(double));
  for (int64_t i = 0; i < conversion.count; i++) {
    numbers[i] = (double)((uint32_t)i * UINT32_C(2654435761)) / 0x1p32 * 200 - 100;
  }
  DLTensor tensor = svar_tensor(SVAR_FLOAT64, numbers, 1, &conversion.count);
  for (int i = 0; i < 2; i++) {
    conversion.buffers[i] = populated((size_t)conversion.count * MOST_BYTES);
  }
  bench_numpy_t numpy;
  if (bench_numpy_start(run->directory, &numpy)) {
    conversion.numpy = &numpy;
  } else {
    bench_report_missing(run->report, "no NumPy (Debian: apt-get install python3-numpy)");
  }
  for (conversion.pair = 0; conversion.pair < PAIR_COUNT; conversion.pair++) {
    measure_pair(run, &conversion, &tensor, worst);
  }
  bench_report_hold(run->report, "conversion, share of memcpy's speed", BENCH_AT_LEAST, 0.5, "x",
                    worst[MEMCPY], "memcpy of as many bytes, the worst of %d pairs", PAIR_COUNT);
  if (conversion.numpy != NULL) {
    bench_report_hold(run->report, "conversion, beside NumPy", BENCH_AT_MOST, 1, "x", worst[NUMPY],
                      "NumPy into memory that is there, the worst pair");
    bench_numpy_stop(&numpy);
  }
  free(conversion.buffers[0]);
  free(conversion.buffers[1]);
  free(numbers);
}
