// Shared variables as the rows use them: vectors of 64-bit words in stores of the run's own directory
// (SVAR_SEGMENT_DIR). Whatever fails ends the process.
#ifndef BENCH_STORED_H
#define BENCH_STORED_H

#include "bench/child.h"
#include "bench/sample.h"
#include "shared_variable/shared_variable.h"

svar_store_t *bench_store_create(const char *name);
svar_store_t *bench_store_open(const char *name);
void bench_store_remove(svar_store_t *store); // and closes it

// A new variable of `words` words: loaned, so that a value of any size needs no copy to be made from.
// The first word is 1; the others are what fresh memory holds.
svar_variable_t *bench_variable_make(svar_store_t *store, const char *name, uint64_t words);
svar_variable_t *bench_variable_find(svar_store_t *store, const char *name);
// One new version of it: loaned, the first word written, committed.
// SVAR_ERR_BUSY: readers pin every version.
svar_ret_t bench_variable_try_commit(svar_store_t *store, svar_variable_t *variable,
                                     const int64_t *shape, uint64_t word);
void bench_variable_commit(svar_store_t *store, svar_variable_t *variable, const int64_t *shape,
                           uint64_t word);

// Borrow, read the first word, release. value: begun as SVAR_VALUE_INIT, and used over and over.
static inline void
bench_borrow(svar_variable_t *variable, svar_value_t *value)
{
  BENCH_OK(svar_get_value(variable, SVAR_BORROW, value));
  bench_use(*(const uint64_t *)value->tensor.data);
  svar_value_release(value);
}

// The same as bench_subject_t.run of a svar_variable_t.
void bench_borrow_run(void *variable, size_t count);
// bench_subject_t.run of this: snapshot begin, get, read the first word, end.
typedef struct bench_snapshot_read {
  svar_store_t *store;
  svar_variable_t *variable;
} bench_snapshot_read_t;
void bench_snapshot_run(void *snapshot_read, size_t count);

#endif
