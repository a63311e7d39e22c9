#include "bench/raw.h"

#include <stdatomic.h>
#include <stdint.h>

#include "bench/sample.h"

static _Alignas(128) _Atomic uint64_t own_line;
static _Alignas(128) _Atomic uint64_t other_line;

void
bench_raw_clock(void *unused, size_t count)
{
  (void)unused;
  (void)count;
}

void
bench_raw_load(void *unused, size_t count)
{
  (void)unused;
  for (size_t i = 0; i < count; i++) {
    bench_use(atomic_load_explicit(&own_line, memory_order_relaxed));
  }
}

void
bench_raw_exchange(void *unused, size_t count)
{
  (void)unused;
  for (size_t i = 0; i < count; i++) {
    bench_use(atomic_exchange_explicit(&own_line, i, memory_order_seq_cst));
  }
}

void
bench_raw_fence(void *unused, size_t count)
{
  (void)unused;
  for (size_t i = 0; i < count; i++) {
    atomic_store_explicit(&own_line, i, memory_order_seq_cst);
    bench_use(atomic_load_explicit(&other_line, memory_order_seq_cst));
    atomic_store_explicit(&own_line, 0, memory_order_release);
  }
}

void
bench_raw_call(void *unused, size_t count)
{
  (void)unused;
  for (size_t i = 0; i < count; i++) {
    bench_empty();
  }
}
