// A heap over an imaginary region, for test_heap.cpp: C++ cannot read the atomics of store/heap.h.
#ifndef SVAR_TESTS_HEAP_PROBE_H
#define SVAR_TESTS_HEAP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct heap_probe heap_probe_t;

heap_probe_t *heap_probe_create(uint64_t capacity_bytes);
void heap_probe_destroy(heap_probe_t *probe);
svar_ret_t heap_probe_take(heap_probe_t *probe, uint64_t size_bytes, uint64_t *out_offset);
void heap_probe_give(heap_probe_t *probe, uint64_t offset, uint64_t size_bytes);
/// Rebuilds from count used ranges (offset, size pairs).
svar_ret_t heap_probe_rebuild(heap_probe_t *probe, const uint64_t *ranges, size_t count);
uint64_t heap_probe_round(const heap_probe_t *probe, uint64_t size_bytes);
uint64_t heap_probe_end(const heap_probe_t *probe);
uint64_t heap_probe_used(const heap_probe_t *probe);
size_t heap_probe_extents(const heap_probe_t *probe);
/// Every byte handed out lies in memory that was committed and not discarded since.
bool heap_probe_is_committed(const heap_probe_t *probe, uint64_t offset, uint64_t size_bytes);
/// The next commits fail with SVAR_ERR_NO_SPACE.
void heap_probe_fail_commits(heap_probe_t *probe, bool fail);

SVAR_END_DECLS
#endif
