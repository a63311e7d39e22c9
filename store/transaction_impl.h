// What a transaction is, and its loans, for the files that make it up.
#ifndef SVARI_STORE_TRANSACTION_IMPL_H
#define SVARI_STORE_TRANSACTION_IMPL_H

#include "store/transaction.h"
#include "store/writer_impl.h"
#include "variable/filter.h"

// Kept by the writer when it ends, with its array of loans, so that beginning again allocates nothing.
struct svar_transaction {
  svar_store_t *store; // shared while open
  svari_loan_t *loans;
  size_t loan_count, loan_room;
  svari_container_t **sources; // shared: what loans take their values over from
  size_t source_count, source_room;
  uint32_t awaited;              // bit n - 1: work on the store's device n may be under way
  struct svar_transaction *next; // among the spare ones
};

// What may be stored of source in the container, wherever both are.
svar_ret_t svari_transaction_filter(svari_store_container_t *container, const svar_source_t *source,
                                    svari_filter_plan_t *out_plan);
// SVAR_ERR_ARGUMENT: the variable is of another handle.
svar_ret_t svari_transaction_refuse_stranger(const svar_transaction_t *transaction);

// The container of a tensor of this store.
// SVAR_ERR_TYPE: it is no tensor; as svari_transaction_refuse_stranger()
svar_ret_t svari_transaction_require(const svar_transaction_t *transaction,
                                     const svar_variable_t *variable,
                                     svari_store_container_t **out_container);

// Room in the host for a value of this shape; *out_data is where it goes.
svar_ret_t svari_transaction_take_room(svar_transaction_t *transaction,
                                       svari_store_container_t *container, const int64_t *shape,
                                       uint64_t size_bytes, uint8_t **out_data);
// Waits for what is under way in an earlier loan of the variable on a GPU: its room will go back.
svar_ret_t svari_transaction_finish_earlier(svar_transaction_t *transaction,
                                            const svari_store_container_t *container);

// Room in the array for so many loans more.
svar_ret_t svari_transaction_reserve_loans(svar_transaction_t *transaction, size_t count);
// This transaction's earlier loan of the variable, or NULL.
svari_loan_t *svari_transaction_find_loan_locked(svar_transaction_t *transaction, uint64_t index);
// The loan that was taken in the array's next place becomes the transaction's.
void svari_transaction_keep_loan_locked(svar_transaction_t *transaction,
                                        svari_store_container_t *container);

// One of several variables that are set together, or of one that is written without the lock: what goes in, and where.
typedef struct svari_member {
  svari_store_container_t *container;
  svari_filter_plan_t plan; // unset: of SVARI_NO_BUFFER bytes
  svari_loan_t loan;
} svari_member_t;

// Room for every member beside what the transaction has loaned of it already, or for none.
svar_ret_t svari_transaction_loan_members(svar_transaction_t *transaction, svari_member_t *members,
                                          size_t count);
// What was loaned has been written, if ret is SVAR_OK, and becomes the transaction's; else it is given back.
// Returns ret.
svar_ret_t svari_transaction_settle_members(svar_transaction_t *transaction,
                                            svari_member_t *members, size_t count, svar_ret_t ret);

#endif
