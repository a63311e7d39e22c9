// Snapshots: one pinned version of a whole store. Every variable read through it is of that version.
#ifndef SHARED_VARIABLE_SNAPSHOT_H
#define SHARED_VARIABLE_SNAPSHOT_H

#include "shared_variable/store.h"
#include "shared_variable/value.h"

SVAR_BEGIN_DECLS

/// The caller's storage; start from SVAR_SNAPSHOT_INIT. Not to be copied while open.
typedef struct svar_snapshot {
  svar_store_t *store;
  uint64_t version; ///< the version pinned; 0: nothing had been committed
  void *pin;        ///< not for callers
} svar_snapshot_t;

#define SVAR_SNAPSHOT_INIT SVAR_ZERO_INIT

/// Pin the newest committed version: until svar_snapshot_end() the holder keeps its bytes.
/// @contract{allocates: at a thread's first read of the store; blocks: no; system calls: no (at a
/// thread's first read: a few); thread: one snapshot per begin, end it from any thread;
/// after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_READERS_FULL every reader slot is taken
/// @retval SVAR_ERR_NO_MEMORY at a thread's first read
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_snapshot_begin(svar_store_t *store,
                                                         svar_snapshot_t *out_snapshot);

/// View variable as it is in the snapshot. No copy; nothing to release: the view ends with the snapshot.
/// Of one on a GPU it is a view there, as svar_get_device_view() gives.
/// Views depend on nothing but the version: a loop that keeps its views finds them good again in its next
/// snapshot of the same handle if that has the same `version`, and need not get them anew.
/// @contract{allocates: no; blocks: no; system calls: no (one fstat if the segment grew since); on a GPU, while this
/// handle does not have the holder's memory there: as svar_get_device_view(); thread: any}
/// @retval SVAR_ERR_ARGUMENT the variable is not of this store
/// @retval SVAR_ERR_UNSET the variable had no value in this version; out_view->version is the commit that
/// unset it, 0 if none had set it yet
/// @retval SVAR_ERR_CORRUPT the record points outside the segment
/// @retval on a GPU: as svar_get_device_view()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_snapshot_get(const svar_snapshot_t *snapshot,
                                                       svar_variable_t *variable,
                                                       svar_value_t *out_view);

/// What svar_snapshot_get() views, without the value: its dtype, shape and version. On a GPU tensor.data is NULL and tensor.device
/// {kDLCUDA, -1}, and neither the driver nor the holder is asked for anything; elsewhere it is the view.
/// @contract{allocates: no; blocks: no; system calls: as svar_snapshot_get() in host memory; thread: any}
/// @retval SVAR_ERR_UNSET as svar_snapshot_get(); and on a GPU, once another holder has taken over, a value that ended
/// with the holder that gave it
/// @retval SVAR_ERR_ARGUMENT, SVAR_ERR_CORRUPT
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_snapshot_describe(const svar_snapshot_t *snapshot,
                                                            svar_variable_t *variable,
                                                            svar_value_t *out_description);

/// The value as the caller's own bytes in host memory, wherever it lies: for those who cannot follow a view of
/// a variable on a GPU (svar_variable_backing()).
/// @contract{allocates: the value's bytes; blocks: until a GPU has copied; system calls: the driver's; thread: any}
/// @param[out] out_value svar_value_release() it; written only on success
/// @retval SVAR_ERR_NO_MEMORY, SVAR_ERR_DEVICE
/// @retval as svar_snapshot_get()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_snapshot_copy(const svar_snapshot_t *snapshot,
                                                        svar_variable_t *variable,
                                                        svar_value_t *out_value);

/// Unpin. Leaves {0}; NULL and {0} are no-ops. One store, wait-free, from any thread.
SVAR_PUBLIC void svar_snapshot_end(svar_snapshot_t *snapshot);

SVAR_END_DECLS
#endif
