// A transaction's inside, for the files of this room.
#ifndef SVARI_STORE_TRANSACTION_H
#define SVARI_STORE_TRANSACTION_H

#include "shared_variable/transaction.h"
#include "store/container.h"

// svar_transaction_set() for a container.
svar_ret_t svari_transaction_set(svar_transaction_t *transaction,
                                 svari_store_container_t *container, const svar_source_t *source);
svar_store_t *svari_transaction_store(const svar_transaction_t *transaction);

#endif
