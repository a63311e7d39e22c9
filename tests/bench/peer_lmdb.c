#include "bench/peer_lmdb.h"

#include "bench/child.h"
#include "bench/sample.h"

static const size_t MAP_BYTES = (size_t)1 << 34; // sparse

#define LMDB_OK(call)                                                                              \
  do {                                                                                             \
    int error_ = (call);                                                                           \
    BENCH_REQUIRE(error_ == 0, "%s: %s", #call, mdb_strerror(error_));                             \
  } while (0)

static void
open_environment(const char *directory, unsigned flags, bench_lmdb_t *out_lmdb)
{
  *out_lmdb = (bench_lmdb_t){0};
  LMDB_OK(mdb_env_create(&out_lmdb->env));
  LMDB_OK(mdb_env_set_mapsize(out_lmdb->env, MAP_BYTES));
  LMDB_OK(mdb_env_open(out_lmdb->env, directory, flags, 0600));
}

void
bench_lmdb_create(const char *directory, bench_lmdb_t *out_lmdb)
{
  open_environment(directory, MDB_WRITEMAP | MDB_NOSYNC, out_lmdb);
  MDB_txn *txn;
  LMDB_OK(mdb_txn_begin(out_lmdb->env, NULL, 0, &txn));
  LMDB_OK(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &out_lmdb->database));
  LMDB_OK(mdb_txn_commit(txn));
}

void
bench_lmdb_open(const char *directory, bench_lmdb_t *out_lmdb)
{
  open_environment(directory, MDB_RDONLY, out_lmdb);
  LMDB_OK(mdb_txn_begin(out_lmdb->env, NULL, MDB_RDONLY, &out_lmdb->reader));
  LMDB_OK(mdb_dbi_open(out_lmdb->reader, NULL, MDB_INTEGERKEY, &out_lmdb->database));
  mdb_txn_reset(out_lmdb->reader);
}

void
bench_lmdb_close(bench_lmdb_t *lmdb)
{
  if (lmdb->reader != NULL) {
    mdb_txn_abort(lmdb->reader);
  }
  mdb_env_close(lmdb->env);
}

void
bench_lmdb_reserve(bench_lmdb_t *lmdb, uint64_t key, uint64_t size_bytes)
{
  MDB_txn *txn;
  MDB_val name = {sizeof(key), &key}, value = {(size_t)size_bytes, NULL};
  LMDB_OK(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
  LMDB_OK(mdb_put(txn, lmdb->database, &name, &value, MDB_RESERVE));
  *(uint64_t *)value.mv_data = key;
  LMDB_OK(mdb_txn_commit(txn));
}

void
bench_lmdb_put(bench_lmdb_t *lmdb, uint64_t count, uint64_t word)
{
  MDB_txn *txn;
  LMDB_OK(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
  for (uint64_t key = 0; key < count; key++) {
    MDB_val name = {sizeof(key), &key}, value = {sizeof(word), &word};
    LMDB_OK(mdb_put(txn, lmdb->database, &name, &value, 0));
  }
  LMDB_OK(mdb_txn_commit(txn));
}

void
bench_lmdb_get(bench_lmdb_t *lmdb, uint64_t key)
{
  MDB_val name = {sizeof(key), &key}, value;
  LMDB_OK(mdb_txn_renew(lmdb->reader));
  LMDB_OK(mdb_get(lmdb->reader, lmdb->database, &name, &value));
  bench_use(*(const uint64_t *)value.mv_data);
  mdb_txn_reset(lmdb->reader);
}

void
bench_lmdb_read_run(void *lmdb_read, size_t count)
{
  const bench_lmdb_read_t *read = lmdb_read;
  for (size_t i = 0; i < count; i++) {
    bench_lmdb_get(read->lmdb, read->key);
  }
}
