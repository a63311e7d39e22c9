// One snapshot for each store that variables are of: however many, each store shows one version.
#ifndef SVARI_ARCHIVE_SNAPSHOTS_H
#define SVARI_ARCHIVE_SNAPSHOTS_H

#include "shared_variable/snapshot.h"
#include "shared_variable/variable.h"

typedef struct svari_snapshots {
  svar_snapshot_t *items; // not moved while open: one after the other is begun in room for all
  size_t count;
} svari_snapshots_t;

// Begins a snapshot of every store.
// @param[out] out_snapshots svari_snapshots_end(), also on failure
svar_ret_t svari_snapshots_begin(svar_variable_t *const *variables, size_t count,
                                 svari_snapshots_t *out_snapshots);
void svari_snapshots_end(svari_snapshots_t *snapshots);
// That of the variable's store.
const svar_snapshot_t *svari_snapshots_of(const svari_snapshots_t *snapshots,
                                          const svar_variable_t *variable);

#endif
