#include "tests/gpu/checks.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/kernels.h"
#include "variable/convert.h"
#include "variable/promotion.h"

static char finding[512];

static check_text_t wrong(const char *format, ...) SVAR_PRINTF(1, 2);

static check_text_t
wrong(const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(finding, sizeof(finding), format, arguments);
  va_end(arguments);
  return finding;
}

size_t
check_dtypes(svar_dtype_t dtypes[CHECK_DTYPES_MAX])
{
  size_t count = 0;
#define ADD(symbol, name, code, bits)                                                              \
  if (svari_dtype_is_convertible(symbol)) {                                                        \
    dtypes[count++] = symbol;                                                                      \
  }
  SVAR_DTYPE_LIST(ADD)
#undef ADD
  return count;
}

// --- elements ------------------------------------------------------------------------------------------------

enum { TELLING_MAX = 4096, RANDOM_COUNT = 20000 };

// Around every power of two: where a number stops being exact, in range, normal.
static size_t
telling_doubles(double numbers[TELLING_MAX])
{
  size_t count = 0;
  const double plain[] = {0.0, 0.5, 1.5, 2.5, 8.9, 0.1, 254.5, 65519.99, 65520, INFINITY, NAN};
  for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); ++i) {
    numbers[count++] = plain[i];
  }
  for (int power = -160; power <= 130; ++power) {
    double edge = ldexp(1.0, power);
    const double near[] = {nextafter(edge, 0), edge,       nextafter(edge, INFINITY),
                           edge * 1.5,         edge - 0.5, edge + 1};
    for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); ++i) {
      numbers[count++] = near[i];
    }
  }
  for (size_t i = 0, positive = count; i < positive; ++i) {
    numbers[count++] = -numbers[i];
  }
  return count;
}

// Telling numbers as this dtype has them, then random bits; for 16 bits and fewer, all that there are.
static size_t
elements_of(svar_dtype_t dtype, uint8_t *bytes)
{
  static double numbers[TELLING_MAX];
  size_t element = svar_dtype_bytes(dtype);
  size_t count = telling_doubles(numbers);
  svari_convert_find(SVAR_FLOAT64, dtype)(numbers, bytes, count);
  uint64_t random = 20240117;
  for (size_t i = 0; i < RANDOM_COUNT * element; ++i) {
    random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
    bytes[count * element + i] = (uint8_t)(random >> 56);
  }
  count += RANDOM_COUNT;
  for (uint32_t pattern = 0; element <= 2 && pattern < 65536; ++pattern) {
    uint16_t narrow = (uint16_t)pattern;
    memcpy(bytes + count * element, &narrow, element);
    ++count;
  }
  return count;
}

// The same bits, or NaN both: a part of a complex element each.
static bool
is_same(svar_dtype_t dtype, const uint8_t *a, const uint8_t *b)
{
  if (memcmp(a, b, svar_dtype_bytes(dtype)) == 0) {
    return true;
  }
  double x[2], y[2];
  svari_convert_t widen = svari_convert_find(dtype, SVAR_COMPLEX128);
  widen(a, x, 1);
  widen(b, y, 1);
  bool is_complex = svari_dtype_is_complex(dtype);
  size_t part = svar_dtype_bytes(dtype) / 2;
  bool is_real_same = isnan(x[0]) ? isnan(y[0]) : is_complex && memcmp(a, b, part) == 0;
  bool is_imaginary_same = isnan(x[1]) ? isnan(y[1]) : memcmp(x + 1, y + 1, sizeof(double)) == 0;
  return is_real_same && is_imaginary_same;
}

// --- running -------------------------------------------------------------------------------------------------

// Of the two slots: what is read lies in the first, what is written in the second.
static svar_ret_t
put_in(const check_bench_t *bench, uint32_t slot, const void *bytes, size_t size_bytes)
{
  return svari_stream_to_device(&bench->stream, svari_memory_slot(bench->memory, slot), bytes,
                                size_bytes);
}

static svar_ret_t
take_out(const check_bench_t *bench, void *bytes, size_t size_bytes)
{
  SVAR_TRY(
      svari_stream_to_host(&bench->stream, bytes, svari_memory_slot(bench->memory, 1), size_bytes));
  return svari_stream_synchronize(&bench->stream);
}

// Buffers of the host: elements, what the device made of them, what it should have.
static uint8_t elements[CHECK_SLOT_BYTES], made[CHECK_SLOT_BYTES], expected[CHECK_SLOT_BYTES];

// --- conversions -----------------------------------------------------------------------------------------------

// Of elements that are looked at: the first one's number, the number of its result, and how many.
typedef struct part {
  size_t in, out, count;
} part_t;

// Converts a part, and compares it and what is before and behind it.
static check_text_t
check_part(const check_bench_t *bench, svar_dtype_t from, svar_dtype_t to, const part_t *part)
{
  size_t in_bytes = svar_dtype_bytes(from);
  size_t out_bytes = svar_dtype_bytes(to);
  size_t whole = part->out + part->count + 1;
  memset(expected, 0, whole * out_bytes);
  svari_convert_find(from, to)(elements + part->in * in_bytes, expected + part->out * out_bytes,
                               part->count);
  svari_cu_address_t in = svari_memory_slot(bench->memory, 0) + part->in * in_bytes;
  svari_cu_address_t out = svari_memory_slot(bench->memory, 1);
  if (svari_stream_zero(&bench->stream, out, whole * out_bytes) != SVAR_OK ||
      svari_kernels_convert(&bench->stream, from, in, to, out + part->out * out_bytes,
                            part->count) != SVAR_OK ||
      take_out(bench, made, whole * out_bytes) != SVAR_OK) {
    return wrong("%s", svar_error_message());
  }
  for (size_t i = 0; i < whole; ++i) {
    if (!is_same(to, made + i * out_bytes, expected + i * out_bytes)) {
      double is[2], should[2];
      svari_convert_find(to, SVAR_COMPLEX128)(made + i * out_bytes, is, 1);
      svari_convert_find(to, SVAR_COMPLEX128)(expected + i * out_bytes, should, 1);
      return wrong("%s to %s, %zu from %zu to %zu, number %zu: %.17g%+.17gi, not %.17g%+.17gi",
                   svar_dtype_name(from), svar_dtype_name(to), part->count, part->in, part->out, i,
                   is[0], is[1], should[0], should[1]);
    }
  }
  return "";
}

check_text_t
check_convert(const check_bench_t *bench, svar_dtype_t from, svar_dtype_t to)
{
  size_t count = elements_of(from, elements);
  if (put_in(bench, 0, elements, count * svar_dtype_bytes(from)) != SVAR_OK) {
    return wrong("%s", svar_error_message());
  }
  const part_t parts[] = {{0, 0, count - 1}, {1, 1, 1000}, {1, 0, 1000}, {0, 1, 1000},
                          {0, 0, 0},         {0, 0, 1},    {3, 3, 1},    {0, 0, 15},
                          {0, 0, 16},        {0, 0, 17},   {16, 16, 33}};
  check_text_t text = "";
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && text[0] == '\0'; ++i) {
    text = check_part(bench, from, to, &parts[i]);
  }
  return text;
}

// --- y += a * x ------------------------------------------------------------------------------------------------

enum { SUMS = 10007 };

// Numbers of all sizes in x and y, computed as the header says: in the dtype itself, 16-bit floats as float32.
static void
sums_of(svar_dtype_t dtype, double a, const uint8_t *x, const uint8_t *y, uint8_t *sums)
{
  static float narrow_x[SUMS], narrow_y[SUMS];
  static double wide_x[SUMS], wide_y[SUMS];
  bool is_wide = dtype.bits == 64;
  svar_dtype_t work = is_wide ? SVAR_FLOAT64 : SVAR_FLOAT32;
  svari_convert_t widen = svari_convert_find(dtype, work);
  widen(x, is_wide ? (void *)wide_x : narrow_x, SUMS);
  widen(y, is_wide ? (void *)wide_y : narrow_y, SUMS);
  for (size_t i = 0; i < SUMS; ++i) {
    double wide_product = a * wide_x[i];
    float narrow_product = (float)a * narrow_x[i];
    wide_y[i] = wide_y[i] + wide_product;
    narrow_y[i] = narrow_y[i] + narrow_product;
  }
  svari_convert_find(work, dtype)(is_wide ? (void *)wide_y : narrow_y, sums, SUMS);
}

check_text_t
check_add_scaled(const check_bench_t *bench, svar_dtype_t dtype)
{
  const double scales[] = {-0.3, 1.0, 3e30};
  size_t element = svar_dtype_bytes(dtype);
  elements_of(dtype, elements);
  uint8_t *y = elements + (SUMS + 2) * element;
  for (size_t n = 0; n < sizeof(scales) / sizeof(scales[0]); ++n) {
    size_t first = n * element; // from the second time on, no run of elements starts where x does
    sums_of(dtype, scales[n], elements + first, y, expected);
    if (put_in(bench, 0, elements, (SUMS + 2) * element) != SVAR_OK ||
        put_in(bench, 1, y, SUMS * element) != SVAR_OK ||
        svari_kernels_add_scaled(&bench->stream, dtype, scales[n],
                                 svari_memory_slot(bench->memory, 0) + first,
                                 svari_memory_slot(bench->memory, 1), SUMS) != SVAR_OK ||
        take_out(bench, made, SUMS * element) != SVAR_OK) {
      return wrong("%s", svar_error_message());
    }
    for (size_t i = 0; i < SUMS; ++i) {
      if (!is_same(dtype, made + i * element, expected + i * element)) {
        return wrong("y += %g * x of %s, x at byte %zu: element %zu differs", scales[n],
                     svar_dtype_name(dtype), first, i);
      }
    }
  }
  return "";
}

// --- packing ---------------------------------------------------------------------------------------------------

// Where index 0 of the view lies in the slot, counted in elements, and the view.
typedef struct layout {
  const char *name;
  int64_t origin;
  svari_kernel_view_t view;
} layout_t;

static const layout_t layouts[] = {
    {"a number", 3, {0, {0}, {0}}},
    {"a compact matrix", 0, {2, {50, 70}, {70, 1}}},
    {"a transposed matrix", 0, {2, {70, 50}, {1, 70}}},
    {"a reversed vector", 999, {1, {1000}, {-1}}},
    {"every third row, backwards", 900, {2, {10, 31}, {-90, 3}}},
    {"a broadcast row", 5, {3, {4, 5, 6}, {0, 0, 1}}},
    {"nothing", 0, {2, {0, 7}, {7, 1}}},
    {"sixteen axes",
     0,
     {16,
      {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2},
      {0, 1, 0, 2, 0, 4, 0, 8, 0, 16, 0, 32, 0, 64, 0, 128}}},
};

// Walks through the indices like an odometer, unlike the kernel, which divides.
static size_t
pack_on_host(const layout_t *layout, size_t element, const uint8_t *from, uint8_t *to)
{
  const svari_kernel_view_t *view = &layout->view;
  int64_t index[SVARI_KERNEL_DIMENSIONS] = {0};
  size_t count = 0;
  for (int32_t axis = 0; axis < view->ndim; ++axis) {
    if (view->shape[axis] == 0) {
      return 0;
    }
  }
  for (;;) {
    int64_t place = layout->origin;
    for (int32_t axis = 0; axis < view->ndim; ++axis) {
      place += index[axis] * view->strides[axis];
    }
    memcpy(to + count++ * element, from + (size_t)place * element, element);
    int32_t axis = view->ndim - 1;
    while (axis >= 0 && ++index[axis] == view->shape[axis]) {
      index[axis--] = 0;
    }
    if (axis < 0) {
      return count;
    }
  }
}

check_text_t
check_pack(const check_bench_t *bench, uint64_t element_bytes)
{
  enum { ELEMENTS = 4096 };
  for (size_t i = 0; i < ELEMENTS * element_bytes; ++i) {
    elements[i] = (uint8_t)(i * 131 + i / 251);
  }
  for (size_t n = 0; n < sizeof(layouts) / sizeof(layouts[0]); ++n) {
    const layout_t *layout = &layouts[n];
    size_t bytes = pack_on_host(layout, element_bytes, elements, expected) * element_bytes;
    svari_cu_address_t in =
        svari_memory_slot(bench->memory, 0) + (uint64_t)layout->origin * element_bytes;
    if (put_in(bench, 0, elements, ELEMENTS * element_bytes) != SVAR_OK ||
        svari_kernels_pack(&bench->stream, element_bytes, &layout->view, in,
                           svari_memory_slot(bench->memory, 1)) != SVAR_OK ||
        (bytes > 0 && take_out(bench, made, bytes) != SVAR_OK)) {
      return wrong("%s: %s", layout->name, svar_error_message());
    }
    if (memcmp(made, expected, bytes) != 0) {
      return wrong("packing %s of %llu-byte elements: the bytes differ", layout->name,
                   (unsigned long long)element_bytes);
    }
  }
  return "";
}
