// A transaction's inside, for the files of this room.
#ifndef SVARI_STORE_TRANSACTION_H
#define SVARI_STORE_TRANSACTION_H

#include "shared_variable/transaction.h"
#include "store/container.h"

// svar_transaction_set() for a container.
svar_ret_t svari_transaction_set(svar_transaction_t *transaction,
                                 svari_store_container_t *container, const svar_source_t *source);
// Filters sources[i] for members[i], which are containers of stores: sets all of them or, on failure, none.
// SVAR_ERR_ARGUMENT if they are not of the transaction's store.
svar_ret_t svari_transaction_set_together(svar_transaction_t *transaction,
                                          svari_container_t *const *members,
                                          const svar_source_t *sources, size_t count);
// The same for a source that may be borrowed. *out_is_adopted, on success: the array's owner is the
// transaction now, if it came with one. SVAR_ERR_TYPE: of the right dtype, but misaligned. SVAR_ERR_STATE:
// adopted already.
svar_ret_t svari_transaction_borrow(svar_transaction_t *transaction,
                                    svari_store_container_t *container, const svar_source_t *source,
                                    bool *out_is_adopted);
// svar_transaction_commit(), but on failure it stays open.
svar_ret_t svari_transaction_commit(svar_transaction_t *transaction, uint64_t *out_version);
// svar_transaction_abort(), but what was adopted belongs to its owners again.
void svari_transaction_take_back(svar_transaction_t *transaction);
svar_store_t *svari_transaction_store(const svar_transaction_t *transaction);

#endif
