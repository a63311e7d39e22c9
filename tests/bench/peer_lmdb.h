// LMDB beside the library: an embedded database that readers map, in the same kind of memory (tmpfs, no
// syncing). Keys are numbers, values are of any size up to LMDB's limit.
#ifndef BENCH_PEER_LMDB_H
#define BENCH_PEER_LMDB_H

#include <lmdb.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_LMDB_VALUE_MAX_BYTES ((uint64_t)UINT32_MAX)

typedef struct bench_lmdb {
  MDB_env *env;
  MDB_dbi database;
  MDB_txn *reader; // of a reading environment: begun and reset
} bench_lmdb_t;

// One process opens it for writing, others for reading, each once.
void bench_lmdb_create(const char *directory, bench_lmdb_t *out_lmdb);
void bench_lmdb_open(const char *directory, bench_lmdb_t *out_lmdb);
void bench_lmdb_close(bench_lmdb_t *lmdb);

// Room for the value, uninitialised but for the first word; one transaction.
void bench_lmdb_reserve(bench_lmdb_t *lmdb, uint64_t key, uint64_t size_bytes);
// `count` keys from 0 set to 8 bytes each, in one transaction.
void bench_lmdb_put(bench_lmdb_t *lmdb, uint64_t count, uint64_t word);

// Renew, get, read the first word, reset.
void bench_lmdb_get(bench_lmdb_t *lmdb, uint64_t key);
// The same as bench_subject_t.run.
typedef struct bench_lmdb_read {
  bench_lmdb_t *lmdb;
  uint64_t key;
} bench_lmdb_read_t;
void bench_lmdb_read_run(void *lmdb_read, size_t count);

#endif
