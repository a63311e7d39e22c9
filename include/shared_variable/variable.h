// Shared variables: name + type + container, with Theano's get_value and set_value.
#ifndef SHARED_VARIABLE_VARIABLE_H
#define SHARED_VARIABLE_VARIABLE_H

#include "shared_variable/source.h"
#include "shared_variable/store.h"
#include "shared_variable/value.h"

SVAR_BEGIN_DECLS

/// Theano's tri-state flag: unset (literals must survive the round trip, a lone float may round into
/// floatX), false (no rounding at all), true (cast whatever comes).
typedef enum svar_downcast {
  SVAR_DOWNCAST_UNSET = 0,
  SVAR_DOWNCAST_FALSE = 1,
  SVAR_DOWNCAST_TRUE = 2
} svar_downcast_t;

/// Take and give back a reference. The last one frees the handle; the stored value stays in its store.
/// @contract{allocates: no; blocks: no; thread: any}
SVAR_PUBLIC svar_variable_t *svar_variable_ref(svar_variable_t *variable);
SVAR_PUBLIC void svar_variable_unref(svar_variable_t *variable); ///< NULL is a no-op

/// The name, or NULL for a variable without one. Borrowed from the variable.
SVAR_PUBLIC const char *svar_variable_name(const svar_variable_t *variable);
/// The type; fixed for the variable's life.
SVAR_PUBLIC svar_type_t svar_variable_type(const svar_variable_t *variable);
SVAR_PUBLIC svar_backing_t svar_variable_backing(const svar_variable_t *variable);
/// The store that holds it. Borrowed from the variable; never NULL (variables made without a store
/// live in one private store of the process).
SVAR_PUBLIC svar_store_t *svar_variable_store(const svar_variable_t *variable);

/// Read the current value (Theano's get_value).
/// SVAR_COPY: the caller's own bytes. SVAR_BORROW: a pinned, immutable view, at any size.
/// @contract{borrow: allocates: at a thread's first read of the store; blocks: no; system calls: no.
/// copy: allocates the value's bytes. thread: any; after fork: SVAR_ERR_FORKED}
/// @param[out] out_value svar_value_release() it; written only on success
/// @retval SVAR_ERR_UNSET no value has been committed, or svar_none() was the last
/// @retval SVAR_ERR_READERS_FULL, SVAR_ERR_NO_MEMORY, SVAR_ERR_FORKED
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_get_value(svar_variable_t *variable, svar_borrow_t borrow,
                                                    svar_value_t *out_value);

/// Copy the current value into the caller's compact tensor of the same dtype and shape: a copying read
/// without an allocation. @param[out] out_version may be NULL
/// @retval SVAR_ERR_TYPE dtype or shape differ
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_get_value_into(svar_variable_t *variable,
                                                         DLTensor *destination,
                                                         uint64_t *out_version);

/// Replace the value in one commit (Theano's set_value), converted by the type's filter. A refused
/// value leaves the old one as it was. svar_none() unsets the variable: reading it is SVAR_ERR_UNSET
/// until the next set, while older versions keep their values.
///
/// borrow is a permission, as in Theano; SVAR_COPY leaves the source alone. SVAR_BORROW lets a private
/// store adopt the array of svar_managed() without a copy if its dtype is the variable's and it is compact,
/// row-major, in host memory, and not empty: views are its very bytes, which nobody may write any more.
/// Its deleter then runs once, under no lock, when the value has been replaced or has ended with its
/// variable and no pin covers any version that it was the value of: at once, if no reader stands in
/// the way, else at the end of the next transaction or variable of the store after the reader has gone (a
/// thread that read one version twice stands in the way until it reads the store again, waits or ends),
/// and with svar_store_close() at the latest. A child of fork() runs none. Every other source is copied
/// into the store, and an array's deleter runs before this returns. The array is moved if and only if
/// this returns SVAR_OK. (svar_transaction_loan() is the other way to write without a copy.)
/// @contract{allocates, blocks, makes system calls: as svar_transaction_loan() and
/// svar_transaction_commit(); thread: any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_TYPE dtype, rank or broadcast flags refuse the source, or precision would be lost;
/// borrowed and of the right dtype, but its data are not aligned for it; svar_none() for a strict variable
/// @retval SVAR_ERR_STATE the variable's container is read-only; the array is adopted already
/// @retval SVAR_ERR_VALUE, SVAR_ERR_RANGE a literal cannot be a number of this dtype
/// @retval SVAR_ERR_READ_ONLY this process does not hold the store
/// @retval SVAR_ERR_BUSY, SVAR_ERR_NO_SPACE no room for a new version (message: who, or how much)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_set_value(svar_variable_t *variable, svar_source_t source,
                                                    svar_borrow_t borrow);

/// Replace the value by zeros of the same dtype and shape, in one commit (Theano's zero). True zeros
/// whatever the value was (NaN, negative, bool); a sparse matrix keeps no entry. A published version is never written, so borrow changes
/// nothing: earlier views keep what they show.
/// @contract{as svar_set_value()}
/// @retval SVAR_ERR_TYPE not an array of numbers, or of a dtype without a zero (float8_e8m0fnu)
/// @retval SVAR_ERR_UNSET there is no value whose shape to keep
/// @retval as svar_set_value()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_zero(svar_variable_t *variable, svar_borrow_t borrow);

SVAR_END_DECLS
#endif
