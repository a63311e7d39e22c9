// A store whose files are gone: removed by its holder, replaced, or taken away by somebody else.
#include "store/store_impl.h"

bool
svari_store_is_retired(const svar_store_t *store)
{
  return atomic_load_explicit(&store->header->retired, memory_order_seq_cst) != 0;
}

bool
svari_store_is_gone(svar_store_t *store)
{
  if (svari_store_is_retired(store)) {
    return true;
  }
  if (!store->region->ops->is_removed(store->region)) {
    return false;
  }
  // Relaxed: the holder goes by what it finds itself; this only makes it look.
  atomic_store_explicit(&store->region->readers->suspected, 1, memory_order_relaxed);
  return true;
}

svar_ret_t
svari_store_fail_stale(const svar_store_t *store)
{
  if (store->region->ops->backing == SVAR_BACKING_CPU) {
    return svar_fail(SVAR_ERR_STALE, "store '%s' was removed: close it and create another one",
                     store->name);
  }
  return svar_fail(SVAR_ERR_STALE,
                   store->writer != NULL
                       ? "store '%s' was removed: its files are gone from the segment directory, "
                         "and nobody can open it any more; close it and create it again"
                       : "store '%s' was removed or replaced: no newer version will come here; "
                         "open it again for the next one",
                   store->name);
}

svar_ret_t
svari_store_look_for_files(svar_store_t *store)
{
  // The header is not marked as retired: a store that lost its reader table alone still has its values.
  atomic_store_explicit(&store->region->readers->suspected, 0, memory_order_relaxed);
  return svari_store_is_gone(store) ? svari_store_fail_stale(store) : SVAR_OK;
}
