// The loops of every pair of dtypes, for the instruction set that the including file is compiled for:
// it defines SVARI_LOOPS, the name of the table.
#include <string.h>
#ifdef __F16C__
#include <immintrin.h>
#endif

#include "variable/convert_element.h"
#include "variable/convert_table.h"

// --- loops over single elements ----------------------------------------------------------------------

// A complex element is a pair of floats: `step` says where element i is.
#define DEFINE_LOOP(name, from, to, step)                                                          \
  static void name(const void *source, void *destination, size_t count)                            \
  {                                                                                                \
    const stored_##from *restrict in = source;                                                     \
    stored_##to *restrict out = destination;                                                       \
    for (size_t i = 0; i < count; i++) {                                                           \
      step;                                                                                        \
    }                                                                                              \
  }
#define REAL_TO_REAL(from, to)                                                                     \
  DEFINE_LOOP(from##_to_##to, from, to, out[i] = TO_##to(LOAD_##from(in[i])))
#define REAL_TO_PAIR(from, to)                                                                     \
  DEFINE_LOOP(from##_to_PAIR_##to, from, to, out[2 * i] = TO_##to(LOAD_##from(in[i]));             \
              out[2 * i + 1] = 0)
#define PAIR_TO_REAL(to, from)                                                                     \
  DEFINE_LOOP(PAIR_##from##_to_##to, from, to, out[i] = TO_##to(in[2 * i]))
#define PAIR_TO_BOOL(from)                                                                         \
  DEFINE_LOOP(PAIR_##from##_to_BOOL, from, BOOL, out[i] = (in[2 * i] != 0) | (in[2 * i + 1] != 0))
// clang-format off
EACH_REAL_PAIR(REAL_TO_REAL)
EACH_REAL(REAL_TO_PAIR, FLOAT32)
EACH_REAL(REAL_TO_PAIR, FLOAT64)
EACH_NUMBER(PAIR_TO_REAL, FLOAT32)
EACH_NUMBER(PAIR_TO_REAL, FLOAT64)
PAIR_TO_BOOL(FLOAT32)
PAIR_TO_BOOL(FLOAT64)
// clang-format on

#define PAIR_TO_PAIR(from, to)                                                                     \
  static void PAIR_##from##_to_PAIR_##to(const void *source, void *destination, size_t count)      \
  {                                                                                                \
    from##_to_##to(source, destination, 2 * count);                                                \
  }
PAIR_TO_PAIR(FLOAT32, FLOAT32)
PAIR_TO_PAIR(FLOAT32, FLOAT64)
PAIR_TO_PAIR(FLOAT64, FLOAT32)
PAIR_TO_PAIR(FLOAT64, FLOAT64)

// --- float16: by way of float, block by block in the cache -------------------------------------------

// So the two loops that are dear without help from the machine are there once, and take its help. Of a
// block's few steps of long vectors compilers make one piece of code without a loop, in which no load is
// ever repeated: the processor then does not foresee what comes next, and memory has half its speed.
#ifdef __AVX512F__
enum { BLOCK = 1024 };
#else
enum { BLOCK = 256 };
#endif

static void
FLOAT16_to_FLOAT32(const void *source, void *destination, size_t count)
{
  const stored_FLOAT16 *restrict in = source;
  stored_FLOAT32 *restrict out = destination;
  size_t i = 0;
#ifdef __F16C__
  for (; i + 8 <= count; i += 8) {
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u *)(in + i))));
  }
#endif
  for (; i < count; i++) {
    out[i] = svari_float_from_float16(in[i]);
  }
}

static void
FLOAT32_to_FLOAT16(const void *source, void *destination, size_t count)
{
  const stored_FLOAT32 *restrict in = source;
  stored_FLOAT16 *restrict out = destination;
  size_t i = 0;
#ifdef __F16C__
  for (; i + 8 <= count; i += 8) { // rounds to nearest even, whatever the thread's mode
    __m128i halves = _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128((__m128i_u *)(out + i), halves);
  }
#endif
  for (; i < count; i++) {
    out[i] = svari_float16_from_float(in[i]);
  }
}

static void
FLOAT16_to_FLOAT16(const void *source, void *destination, size_t count)
{
  memcpy(destination, source, count * sizeof(stored_FLOAT16));
}

#define DEFINE_TO_FLOAT16(name, from, element)                                                     \
  static void name##_to_FLOAT16(const void *source, void *destination, size_t count)               \
  {                                                                                                \
    const stored_##from *in = source;                                                              \
    stored_FLOAT16 *out = destination;                                                             \
    stored_FLOAT32 block[BLOCK];                                                                   \
    for (size_t begin = 0; begin < count; begin += BLOCK) {                                        \
      size_t some = count - begin < BLOCK ? count - begin : BLOCK;                                 \
      for (size_t i = 0; i < some; i++) {                                                          \
        block[i] = BEFORE_FLOAT16(element);                                                        \
      }                                                                                            \
      FLOAT32_to_FLOAT16(block, out + begin, some);                                                \
    }                                                                                              \
  }
#define REAL_TO_FLOAT16(from) DEFINE_TO_FLOAT16(from, from, LOAD_##from(in[begin + i]))
#define PAIR_TO_FLOAT16(from) DEFINE_TO_FLOAT16(PAIR_##from, from, in[2 * (begin + i)])
REAL_TO_FLOAT16(BOOL)
REAL_TO_FLOAT16(INT8)
REAL_TO_FLOAT16(INT16)
REAL_TO_FLOAT16(INT32)
REAL_TO_FLOAT16(INT64)
REAL_TO_FLOAT16(UINT8)
REAL_TO_FLOAT16(UINT16)
REAL_TO_FLOAT16(UINT32)
REAL_TO_FLOAT16(UINT64)
REAL_TO_FLOAT16(FLOAT64)
REAL_TO_FLOAT16(BFLOAT16)
PAIR_TO_FLOAT16(FLOAT32)
PAIR_TO_FLOAT16(FLOAT64)

#define DEFINE_FROM_FLOAT16(name, to, parts)                                                       \
  static void FLOAT16_to_##name(const void *source, void *destination, size_t count)               \
  {                                                                                                \
    const stored_FLOAT16 *in = source;                                                             \
    stored_##to *out = destination;                                                                \
    stored_FLOAT32 block[BLOCK];                                                                   \
    for (size_t begin = 0; begin < count; begin += BLOCK) {                                        \
      size_t some = count - begin < BLOCK ? count - begin : BLOCK;                                 \
      FLOAT16_to_FLOAT32(in + begin, block, some);                                                 \
      FLOAT32_to_##name(block, out + begin * (parts), some);                                       \
    }                                                                                              \
  }
DEFINE_FROM_FLOAT16(BOOL, BOOL, 1)
DEFINE_FROM_FLOAT16(INT8, INT8, 1)
DEFINE_FROM_FLOAT16(INT16, INT16, 1)
DEFINE_FROM_FLOAT16(INT32, INT32, 1)
DEFINE_FROM_FLOAT16(INT64, INT64, 1)
DEFINE_FROM_FLOAT16(UINT8, UINT8, 1)
DEFINE_FROM_FLOAT16(UINT16, UINT16, 1)
DEFINE_FROM_FLOAT16(UINT32, UINT32, 1)
DEFINE_FROM_FLOAT16(UINT64, UINT64, 1)
DEFINE_FROM_FLOAT16(FLOAT64, FLOAT64, 1)
DEFINE_FROM_FLOAT16(BFLOAT16, BFLOAT16, 1)
DEFINE_FROM_FLOAT16(PAIR_FLOAT32, FLOAT32, 2)
DEFINE_FROM_FLOAT16(PAIR_FLOAT64, FLOAT64, 2)

// --- the table -----------------------------------------------------------------------------------------

#define PLACE(from, to) [SVARI_INDEX_SVAR_##from][SVARI_INDEX_SVAR_##to]
#define REAL_ENTRY(from, to) PLACE(from, to) = from##_to_##to,
// A row and a column: each real dtype with the one that is called `name` above.
#define ENTRIES_WITH(real, dtype, name)                                                            \
  PLACE(real, dtype) = real##_to_##name, PLACE(dtype, real) = name##_to_##real,
#define ENTRIES_WITH_OTHERS(real, unused)                                                          \
  ENTRIES_WITH(real, FLOAT16, FLOAT16)                                                             \
  ENTRIES_WITH(real, COMPLEX64, PAIR_FLOAT32)                                                      \
  ENTRIES_WITH(real, COMPLEX128, PAIR_FLOAT64)
// clang-format off
const svari_convert_table_t SVARI_LOOPS = {{
  EACH_REAL_PAIR(REAL_ENTRY)
  EACH_REAL(ENTRIES_WITH_OTHERS, )
  ENTRIES_WITH(FLOAT16, COMPLEX64, PAIR_FLOAT32)
  ENTRIES_WITH(FLOAT16, COMPLEX128, PAIR_FLOAT64)
  PLACE(FLOAT16, FLOAT16) = FLOAT16_to_FLOAT16,
  PLACE(COMPLEX64, COMPLEX64) = PAIR_FLOAT32_to_PAIR_FLOAT32,
  PLACE(COMPLEX64, COMPLEX128) = PAIR_FLOAT32_to_PAIR_FLOAT64,
  PLACE(COMPLEX128, COMPLEX64) = PAIR_FLOAT64_to_PAIR_FLOAT32,
  PLACE(COMPLEX128, COMPLEX128) = PAIR_FLOAT64_to_PAIR_FLOAT64,
}};
// clang-format on
