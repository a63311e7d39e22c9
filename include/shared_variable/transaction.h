// Transactions: variables of one store that change together. Readers see all of it or none.
#ifndef SHARED_VARIABLE_TRANSACTION_H
#define SHARED_VARIABLE_TRANSACTION_H

#include "shared_variable/source.h"
#include "shared_variable/store.h"
#include "shared_variable/value.h"

SVAR_BEGIN_DECLS

/// Used by one thread at a time. Every begin ends in exactly one commit or abort. Several may be open
/// at once; where two set the same variable, the later commit wins.
typedef struct svar_transaction svar_transaction_t;

/// @contract{allocates: the first times (objects are kept and reused); blocks: a short
/// process-private lock; system calls: no (two, once somebody found the store's files gone);
/// thread: any; after fork: SVAR_ERR_FORKED}
/// @param[out] out_transaction owned until svar_transaction_commit() or svar_transaction_abort()
/// @retval SVAR_ERR_READ_ONLY the handle does not hold the store
/// @retval SVAR_ERR_STALE the store was removed, or its files were (see svar_store_wait())
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_transaction_begin(svar_store_t *store,
                                                            svar_transaction_t **out_transaction);

/// Give variable a new value from source, converted by its type's filter as svar_set_value() does; or,
/// with svar_none(), unset it. The source's bytes are copied; they may lie in a loan of the transaction.
/// A failure changes nothing, and the transaction may go on or be aborted. A second set of one
/// variable replaces the first.
/// @contract{as svar_transaction_loan(); from a loan of the variable itself: it allocates}
/// @retval SVAR_ERR_TYPE, SVAR_ERR_VALUE, SVAR_ERR_RANGE the filter refuses the source
/// @retval SVAR_ERR_STATE the variable's container is read-only, or a sparse variable's part
/// @retval SVAR_ERR_BUSY readers pin every buffer (the message names them)
/// @retval SVAR_ERR_NO_SPACE the memory behind the store is full (numbers and remedy)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_transaction_set(svar_transaction_t *transaction,
                                                          svar_variable_t *variable,
                                                          svar_source_t source);

/// Give variable the array in managed, which may become the variable's value itself: see svar_set_value()
/// for what is adopted and when its deleter runs. What cannot be adopted is copied, and the deleter runs
/// before this returns.
/// @param managed moved: the transaction's if and only if this returns SVAR_OK, then the variable's; an
/// abort, a failing commit, and a second set of the variable run the deleter
/// @contract{as svar_transaction_set(), and it allocates; thread: any}
/// @retval as svar_transaction_set()
/// @retval SVAR_ERR_TYPE of the variable's dtype, but its data are not aligned for it
/// @retval SVAR_ERR_STATE these bytes, or some of them, are adopted already
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_transaction_adopt(svar_transaction_t *transaction,
                                                            svar_variable_t *variable,
                                                            DLManagedTensor *managed);

/// Give `to` the value that `from` has before this commit, without a copy, whatever else the transaction
/// does to `from`: assigning both ways swaps two variables. The two share the bytes, which are immutable,
/// until one of them is set again. If another transaction sets `from` before the commit, `to` gets that.
/// @contract{as svar_transaction_loan(); thread: any}
/// @retval SVAR_ERR_TYPE their types differ
/// @retval SVAR_ERR_UNSET `from` has no value
/// @retval SVAR_ERR_ARGUMENT one of them is not of the transaction's store
/// @retval SVAR_ERR_STATE the container of `to` is read-only, or a sparse variable's part
/// @retval SVAR_ERR_BUSY readers pin every version of `to` that could be reused (the message names them)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_transaction_assign(svar_transaction_t *transaction,
                                                             svar_variable_t *to,
                                                             svar_variable_t *from);

/// Room for variable's next value, to be written in place: no copy is made. The bytes are undefined;
/// prefill copies the current value in first (shape must then be NULL: the current one).
/// @param shape ndim extents (the variable's rank), or NULL for the current value's
/// @param[out] out_hole tensor.data is writable until commit or abort; releasing it is not needed. Of a variable
/// on a GPU it is an address there: what writes it is over before the commit or abort, or another loan or set of the
/// variable, or the transaction follows its stream (svar_transaction_follow()).
/// @contract{allocates: no, once the store's private tables have grown to its use; blocks: a
/// process-private lock, held while another thread makes the store grow; on a GPU, for work that fills an earlier
/// loan of the variable, for the prefill, and as svar_transaction_follow(); system calls: only if the
/// store must grow, or all room is kept by readers that may have died (asks the kernel about each) or
/// gone idle (waits for the kernel, some milliseconds); thread: any}
/// @retval SVAR_ERR_TYPE a broadcastable axis of another extent than 1, a random state of another size
/// @retval SVAR_ERR_STATE the variable's container is read-only, or a sparse variable's part
/// @retval SVAR_ERR_UNSET the current shape, or value, is asked for, and there is none
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_transaction_loan(svar_transaction_t *transaction,
                                                           svar_variable_t *variable,
                                                           const int64_t *shape, bool prefill,
                                                           svar_value_t *out_hole);

/// Let the transaction wait for work of the caller's on a GPU: what it does on the variable's GPU from now on
/// (svar_transaction_set() from arrays there), and its commit, come after everything that is enqueued on stream
/// so far. The caller does not wait, nor does the stream.
/// @param stream a CUstream or cudaStream_t of the variable's GPU; 1 is the default stream and 2 the calling thread's, as
/// for the driver and DLPack
/// @contract{allocates: no; blocks: no, but (both) for a variable of svar_store_find() on a GPU that this handle has not
/// used yet, up to a second; system calls: the driver's; thread: any}
/// @retval SVAR_ERR_TYPE the variable is on no GPU
/// @retval SVAR_ERR_ARGUMENT stream is NULL, which names one default stream or the other
/// @retval SVAR_ERR_STATE stream is being captured into a graph
/// @retval SVAR_ERR_DEVICE
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_transaction_follow(svar_transaction_t *transaction,
                                                             svar_variable_t *variable,
                                                             void *stream);

/// Publish everything set or loaned, as one version, and wake waiting readers. Cannot fail but for a
/// handle that was closed or forked, or a GPU that fails; then the transaction is aborted. An empty one
/// commits nothing and reports the current version.
/// @contract{allocates: no; blocks: a short process-private lock, and until the work on loans of variables on
/// a GPU is over; system calls: one futex wake if somebody waits; thread: any. Where values of callers were
/// adopted: runs deleters, and may allocate}
/// @param[out] out_version the version made; may be NULL
/// @retval SVAR_ERR_DEVICE work on the GPU failed: nothing was published
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_transaction_commit(svar_transaction_t *transaction,
                                                             uint64_t *out_version);

/// Drop everything set or loaned. NULL is a no-op.
SVAR_PUBLIC void svar_transaction_abort(svar_transaction_t *transaction);

SVAR_END_DECLS
#endif
