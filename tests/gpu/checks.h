// What the device computes, beside what the CPU does: in C and without GoogleTest, for it runs on machines
// that have a GPU and little else (tests/gpu/run), as well as on the stand-in driver.
#ifndef TESTS_GPU_CHECKS_H
#define TESTS_GPU_CHECKS_H

#include "gpu/memory.h"
#include "gpu/stream.h"
#include "shared_variable/dtype.h"

SVAR_BEGIN_DECLS

enum { CHECK_SLOT_BYTES = 4 << 20 };

/// A device with a stream and memory to work in.
typedef struct check_bench {
  svari_stream_t stream;
  svari_memory_t *memory; // two slots of CHECK_SLOT_BYTES
} check_bench_t;

/// Each check returns "" if all was right, else the first thing that was wrong, until the next check.
typedef const char *check_text_t;

/// Every element worth a look, converted on the device and by the CPU's loops: the same bits, or both NaN.
/// Also at addresses where no run of elements starts, and for counts around a run's.
check_text_t check_convert(const check_bench_t *bench, svar_dtype_t from, svar_dtype_t to);
/// y += a * x, bit for bit.
check_text_t check_add_scaled(const check_bench_t *bench, svar_dtype_t dtype);
/// Transposed, reversed, broadcast and sparse views, of elements of that size.
check_text_t check_pack(const check_bench_t *bench, uint64_t element_bytes);
/// Layers of networks, of sizes around a warp's: bit for bit, but for the last bits of exp() and tanh().
check_text_t check_dense(const check_bench_t *bench);
check_text_t check_lstm(const check_bench_t *bench);

/// The dtypes that convert, in the list's order; returns how many.
enum { CHECK_DTYPES_MAX = 32 };
size_t check_dtypes(svar_dtype_t dtypes[CHECK_DTYPES_MAX]);

SVAR_END_DECLS
#endif
