#include "archive/snapshots.h"

#include <stdlib.h>

const svar_snapshot_t *
svari_snapshots_of(const svari_snapshots_t *snapshots, const svar_variable_t *variable)
{
  const svar_store_t *store = svar_variable_store(variable);
  for (size_t i = 0; i < snapshots->count; i++) {
    if (snapshots->items[i].store == store) {
      return &snapshots->items[i];
    }
  }
  return NULL;
}

// How many stores there are is not known, but the variables of one mostly follow each other.
static svar_ret_t
allocate(svar_variable_t *const *variables, size_t count, svari_snapshots_t *snapshots)
{
  size_t room = 1;
  for (size_t i = 1; i < count; i++) {
    room += svar_variable_store(variables[i]) != svar_variable_store(variables[i - 1]);
  }
  snapshots->items = calloc(room, sizeof(svar_snapshot_t));
  return snapshots->items != NULL
             ? SVAR_OK
             : svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu snapshots", room);
}

svar_ret_t
svari_snapshots_begin(svar_variable_t *const *variables, size_t count,
                      svari_snapshots_t *out_snapshots)
{
  *out_snapshots = (svari_snapshots_t){0};
  SVAR_TRY(allocate(variables, count, out_snapshots));
  for (size_t i = 0; i < count; i++) {
    if (svari_snapshots_of(out_snapshots, variables[i]) == NULL) {
      SVAR_TRY(svar_snapshot_begin(svar_variable_store(variables[i]),
                                   &out_snapshots->items[out_snapshots->count]));
      out_snapshots->count++;
    }
  }
  return SVAR_OK;
}

void
svari_snapshots_end(svari_snapshots_t *snapshots)
{
  for (size_t i = 0; i < snapshots->count; i++) {
    svar_snapshot_end(&snapshots->items[i]);
  }
  free(snapshots->items);
  *snapshots = (svari_snapshots_t){0};
}
