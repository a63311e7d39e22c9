#include "bench/raw.h"

__attribute__((visibility("default"))) void
bench_empty(void)
{
}
