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
svar_store_t *svari_transaction_store(const svar_transaction_t *transaction);

#endif
