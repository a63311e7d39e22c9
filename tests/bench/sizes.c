#include "bench/sizes.h"

static const uint64_t KIB = UINT64_C(1) << 10, MIB = UINT64_C(1) << 20;

size_t
bench_sizes(const bench_run_t *run, uint64_t least, uint64_t most,
            uint64_t out_sizes[BENCH_SIZES_MAX])
{
  const uint64_t quick[] = {8, 512, 32 * KIB, 2 * MIB, 64 * MIB};
  const uint64_t full[] = {8,       64,       512,       4 * KIB,    32 * KIB,  256 * KIB,
                           2 * MIB, 16 * MIB, 128 * MIB, 1024 * MIB, 8192 * MIB};
  const uint64_t *sizes = run->is_quick ? quick : full;
  size_t all = run->is_quick ? sizeof(quick) / sizeof(*quick) : sizeof(full) / sizeof(*full);
  size_t count = 0;
  for (size_t i = 0; i < all; i++) {
    if (sizes[i] >= least && sizes[i] <= most) {
      out_sizes[count++] = sizes[i];
    }
  }
  return count;
}

const char *
bench_size_text(uint64_t size_bytes, char text[BENCH_SIZE_TEXT_BYTES])
{
  const char *const units[] = {"B", "KiB", "MiB", "GiB"};
  int unit = 0;
  while (unit < 3 && size_bytes >= 1024) {
    size_bytes /= 1024;
    unit++;
  }
  snprintf(text, BENCH_SIZE_TEXT_BYTES, "%u %s", (unsigned)size_bytes, units[unit]);
  return text;
}
