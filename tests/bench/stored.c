#include "bench/stored.h"

svar_store_t *
bench_store_create(const char *name)
{
  svar_store_t *store;
  BENCH_OK(svar_store_create(name, NULL, &store));
  return store;
}

svar_store_t *
bench_store_open(const char *name)
{
  svar_store_t *store;
  BENCH_OK(svar_store_open(name, NULL, &store));
  return store;
}

void
bench_store_remove(svar_store_t *store)
{
  BENCH_OK(svar_store_remove(store));
  svar_store_close(store);
}

svar_ret_t
bench_variable_try_commit(svar_store_t *store, svar_variable_t *variable, const int64_t *shape,
                          uint64_t word)
{
  svar_transaction_t *transaction;
  svar_value_t hole;
  BENCH_OK(svar_transaction_begin(store, &transaction));
  svar_ret_t ret = svar_transaction_loan(transaction, variable, shape, false, &hole);
  if (ret != SVAR_OK) {
    svar_transaction_abort(transaction);
    return ret;
  }
  *(uint64_t *)hole.tensor.data = word;
  return svar_transaction_commit(transaction, NULL);
}

void
bench_variable_commit(svar_store_t *store, svar_variable_t *variable, const int64_t *shape,
                      uint64_t word)
{
  BENCH_OK(bench_variable_try_commit(store, variable, shape, word));
}

svar_variable_t *
bench_variable_make(svar_store_t *store, const char *name, uint64_t words)
{
  svar_variable_t *variable;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = store;
  uint64_t word = 1;
  int64_t shape = 1;
  DLTensor first = svar_tensor(SVAR_UINT64, &word, 1, &shape);
  BENCH_OK(svar_shared(svar_array(&first), &options, &variable));
  if (words != 1) {
    shape = (int64_t)words;
    bench_variable_commit(store, variable, &shape, 1);
  }
  return variable;
}

svar_variable_t *
bench_variable_find(svar_store_t *store, const char *name)
{
  svar_variable_t *variable;
  BENCH_OK(svar_store_find(store, name, &variable));
  return variable;
}

void
bench_borrow_run(void *variable, size_t count)
{
  svar_value_t value = SVAR_VALUE_INIT;
  for (size_t i = 0; i < count; i++) {
    bench_borrow(variable, &value);
  }
}

void
bench_snapshot_run(void *snapshot_read, size_t count)
{
  const bench_snapshot_read_t *read = snapshot_read;
  svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
  svar_value_t view;
  for (size_t i = 0; i < count; i++) {
    BENCH_OK(svar_snapshot_begin(read->store, &snapshot));
    BENCH_OK(svar_snapshot_get(&snapshot, read->variable, &view));
    bench_use(*(const uint64_t *)view.tensor.data);
    svar_snapshot_end(&snapshot);
  }
}
