// Comparisons of our declarations of the driver's interface (gpu/driver_types.h, gpu/driver_calls.h) with the
// toolkit's, for test_abi.cpp.
#ifndef TESTS_GPU_ABI_H
#define TESTS_GPU_ABI_H

#include <stddef.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

typedef struct abi_number {
  const char *what;
  long long ours, theirs;
} abi_number_t;

// Counts are 0 where the tests were built without a toolkit.
extern const abi_number_t abi_numbers[]; // sizes, offsets and constants
extern const size_t abi_number_count;
extern const abi_number_t abi_calls[]; // ours: whether the prototypes are the same, theirs: 1
extern const size_t abi_call_count;

SVAR_END_DECLS
#endif
