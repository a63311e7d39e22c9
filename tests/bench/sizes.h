// The sizes that values are measured at.
#ifndef BENCH_SIZES_H
#define BENCH_SIZES_H

#include "bench/rows.h"

enum { BENCH_SIZES_MAX = 16, BENCH_SIZE_TEXT_BYTES = 16 };

// The run's sizes from `least` to `most` bytes, ascending. Returns how many.
size_t bench_sizes(const bench_run_t *run, uint64_t least, uint64_t most,
                   uint64_t out_sizes[BENCH_SIZES_MAX]);
// "8 B", "64 MiB"; returns text.
const char *bench_size_text(uint64_t size_bytes, char text[BENCH_SIZE_TEXT_BYTES]);

#endif
