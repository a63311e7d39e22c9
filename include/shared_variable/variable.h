// Shared variables: name + type + container, with Theano's get_value and set_value.
//
// Two variables are the same one if their pointers are equal, whatever their names and values:
// svar_values_equal() compares values.
#ifndef SHARED_VARIABLE_VARIABLE_H
#define SHARED_VARIABLE_VARIABLE_H

#include "shared_variable/container.h"
#include "shared_variable/transaction.h"

SVAR_BEGIN_DECLS

/// Take and give back a reference. The last one frees the handle; the stored value stays in its store. (The
/// value of a variable without a store ends with its last handle, which is a commit of the private store.)
/// @contract{allocates: no; blocks: no; thread: any. The last one of a process that holds the store: as
/// svar_transaction_commit(), and it may allocate}
SVAR_PUBLIC svar_variable_t *svar_variable_ref(svar_variable_t *variable);
SVAR_PUBLIC void svar_variable_unref(svar_variable_t *variable); ///< NULL is a no-op

/// The name, or NULL for a variable without one. Borrowed: valid as long as the variable, which may
/// meanwhile be renamed.
SVAR_PUBLIC const char *svar_variable_name(const svar_variable_t *variable);
/// Give the variable another name, or none (NULL). Names of variables are labels: they need not be
/// unique, and nothing is found by them. So the container keeps its name, and readers of a store find
/// the value by that. Earlier names are kept until the variable is freed.
/// @contract{allocates: yes; blocks: no; thread: any}
/// @retval SVAR_ERR_NO_MEMORY the name is as it was
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_variable_rename(svar_variable_t *variable,
                                                          const char *name);
/// "auto_<n>": every variable made in this process gets a larger n; svar_variable_copy() and deep
/// copies keep their original's. Borrowed from the variable.
SVAR_PUBLIC const char *svar_variable_auto_name(const svar_variable_t *variable);
/// Writes the name or, if it has none, the type in angle brackets, "<Tensor(float32, (?, ?))>", to text,
/// cut at size_bytes, and returns text.
SVAR_PUBLIC const char *svar_variable_text(const svar_variable_t *variable, char *text,
                                           size_t size_bytes);
/// The type; fixed for the variable's life.
SVAR_PUBLIC svar_type_t svar_variable_type(const svar_variable_t *variable);
SVAR_PUBLIC svar_backing_t svar_variable_backing(const svar_variable_t *variable);
/// The store that holds it. Borrowed from the variable; NULL for objects only (other variables made without
/// a store live in one private store of the process).
SVAR_PUBLIC svar_store_t *svar_variable_store(const svar_variable_t *variable);

/// The container, which clones and copies of the variable share. Borrowed from the variable.
SVAR_PUBLIC svar_container_t *svar_variable_container(const svar_variable_t *variable);

/// Options of svar_variable_create(): start from SVAR_VARIABLE_OPTIONS_INIT.
typedef struct svar_variable_options {
  size_t size_bytes; ///< sizeof(svar_variable_options_t) of the caller's build
  const char *name;  ///< as svar_shared_options_t.name
  /// Of the variable, whatever the value's own; with a container NULL means the container's.
  const svar_type_t *type;
  const svar_source_t *value;      ///< what the variable begins with; NULL: a container is given
  svar_container_t *container;     ///< shared: what the variable is made of; NULL: a value is given
  svar_store_t *store;             ///< of the value; NULL: private memory
  svar_transaction_t *transaction; ///< the value appears with its commit; NULL: at once
  bool strict; ///< the value, and later ones, must be arrays of exactly the dtype
  svar_downcast_t allow_downcast; ///< for the value, and later ones
  svar_borrow_t borrow;           ///< see svar_set_value()
} svar_variable_options_t;

#define SVAR_VARIABLE_OPTIONS_INIT                                                                 \
  {                                                                                                \
    sizeof(svar_variable_options_t), NULL, NULL, NULL, NULL, NULL, NULL, false,                    \
        SVAR_DOWNCAST_UNSET, SVAR_COPY                                                             \
  }

/// Make a variable of a given type (Theano's SharedVariable class): of a new container, whose first
/// value passes the type's filter as those of svar_set_value() do, or of one that is there. What
/// svar_shared() ends in, and what constructors of a caller's own are made with.
/// @contract{as svar_shared()}
/// @param[out] out_variable shared: svar_variable_unref()
/// @retval SVAR_ERR_ARGUMENT options of another size, no type, a rank or flags that no type has, a
/// store without a name
/// @retval SVAR_ERR_TYPE the filter refuses the value; neither a value nor a container; a container
/// together with anything that it has already (value, strict, allow_downcast, store, transaction), or
/// of another type
/// @retval SVAR_ERR_VALUE, SVAR_ERR_RANGE, and those of the store: as svar_shared()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_variable_create(const svar_variable_options_t *options,
                                                          svar_variable_t **out_variable);

/// Another variable of the same container: a value set through one is read through the other. It gets
/// an automatic name of its own, and no default update.
/// @contract{allocates: yes; blocks: no; system calls: no; thread: any}
/// @param name its name; NULL: the name of variable
/// @param[out] out_clone shared: svar_variable_unref()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_variable_clone(svar_variable_t *variable,
                                                         const char *name,
                                                         svar_variable_t **out_clone);
/// A shallow copy: the same container, name, automatic name and default update.
/// @contract{as svar_variable_clone()}
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_variable_copy(svar_variable_t *variable,
                                                        svar_variable_t **out_copy);

/// Deep copies: new variables, which share nothing with those they are made of. Among each other they share
/// what those do: clones (and what a store found twice) become clones of each other, a variable that is given
/// twice is one. One snapshot of each store gives the values, which appear in one commit of the target; what has no value is unset.
///
/// A copy keeps type, kind, name, automatic name, the container's name, strict, allow_downcast and the
/// read-only flag; and the default update, in which the copies stand for the variables that are given, while
/// others stay. An object is copied by its class (in private memory only), whenever that was set.
/// @param variables of any stores; a sparse variable's parts come with it
/// @param store the target: each copy under its container's name (without one, the variable's). NULL: the
/// process's private memory
/// @param[out] out_copies count variables, each shared: svar_variable_unref(). Written only on success: on any
/// failure nothing is left of the copies
/// @contract{allocates: yes; blocks, makes system calls: as svar_transaction_loan() and
/// svar_transaction_commit(); thread: any, but not beside one that sets a default update; after fork:
/// SVAR_ERR_FORKED}
/// @retval SVAR_ERR_EXISTS the target has a variable of such a name, or two are copied
/// @retval SVAR_ERR_ARGUMENT a variable without a name for a store
/// @retval SVAR_ERR_TYPE an object for a store
/// @retval SVAR_ERR_NOT_IMPLEMENTED an object whose class copies none
/// @retval SVAR_ERR_READ_ONLY this process does not hold the target
/// @retval as svar_snapshot_begin(), svar_snapshot_get_sparse() and svar_transaction_loan()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_variables_deep_copy(svar_variable_t *const *variables,
                                                              size_t count, svar_store_t *store,
                                                              svar_variable_t **out_copies);

/// Read the current value (Theano's get_value).
/// SVAR_COPY: the caller's own bytes. SVAR_BORROW: a pinned, immutable view, at any size.
/// @contract{borrow: allocates: at a thread's first read of the store; blocks: no; system calls: no.
/// copy: allocates the value's bytes. thread: any; after fork: SVAR_ERR_FORKED. On a GPU both are the copy, and
/// wait for the GPU}
/// @param[out] out_value svar_value_release() it. Holds nothing before the call (SVAR_VALUE_INIT, or one that was
/// released), and nothing after a failure
/// @retval SVAR_ERR_UNSET no value has been committed, or svar_none() was the last
/// @retval SVAR_ERR_TYPE a sparse matrix or an object: svar_sparse_get(), svar_object_get()
/// @retval SVAR_ERR_READERS_FULL, SVAR_ERR_NO_MEMORY, SVAR_ERR_FORKED
/// @retval on a GPU: as svar_get_device_view()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_get_value(svar_variable_t *variable, svar_borrow_t borrow,
                                                    svar_value_t *out_value);

/// Read the current value of a variable on a GPU where it lies: a pinned, immutable view (Theano's get_value
/// with borrow and return_internal_type). tensor.device is {kDLCUDA, number}: the host must not follow its
/// address, and nothing may write there. All that reads it on the device is over before svar_value_release(); svar_value_release_after()
/// (gpu.h) needs no waiting for that.
/// svar_snapshot_get() views the same way; svar_get_value() copies to the host, borrowed or not.
/// In a store that another process holds, the first read there asks the holder for its memory on that GPU, and takes the
/// GPU into use; and so does one after the holder took more, or another took over. Those reads allocate, and
/// block: the first of a process a good part of a second, the others as long as the holder takes to answer (at most 5 s).
/// @contract{allocates: at a thread's first read of the store; blocks: no; system calls, calls of the driver: no;
/// thread: any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_TYPE the variable is on no GPU
/// @retval SVAR_ERR_UNSET the holder that gave the value has ended, and its memory on the GPU with it; or it was created
/// with no_service. The variable has a value again when it is set
/// @retval SVAR_ERR_PERMISSION the store is another user's, who hands out no memory on GPUs
/// @retval SVAR_ERR_SYSTEM the holder does not answer
/// @retval SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT, SVAR_ERR_NO_SPACE, SVAR_ERR_DEVICE of the GPU, which this process may not see
/// @retval as svar_get_value()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_get_device_view(svar_variable_t *variable,
                                                          svar_value_t *out_view);

/// Copy the current value into the caller's compact tensor of the same dtype and shape: a copying read
/// without an allocation. @param[out] out_version may be NULL
/// @contract{allocates: at a thread's first read of the store; blocks: no; system calls: no; on a GPU it waits for that; thread:
/// any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_TYPE dtype or shape differ
/// @retval as svar_get_value()
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
/// this returns SVAR_OK. A variable on a GPU adopts arrays on that GPU in the same way, and copies all others. (svar_transaction_loan() is the other way to write without a copy.)
/// @contract{allocates, blocks, makes system calls: as svar_transaction_loan() and
/// svar_transaction_commit(); thread: any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_TYPE dtype, rank or broadcast flags refuse the source, or precision would be lost;
/// borrowed and of the right dtype, but its data are not aligned for it; svar_none() for a strict variable
/// @retval SVAR_ERR_STATE the variable's container is read-only, or it is a part of a sparse variable; the array
/// is adopted already
/// @retval SVAR_ERR_VALUE, SVAR_ERR_RANGE a literal cannot be a number of this dtype
/// @retval SVAR_ERR_READ_ONLY this process does not hold the store
/// @retval SVAR_ERR_BUSY, SVAR_ERR_NO_SPACE no room for a new version (message: who, or how much)
/// @retval on a GPU also: SVAR_ERR_VALUE an array on another GPU, or one there to be converted that is not aligned;
/// SVAR_ERR_TYPE a strict variable, and an array of the host; SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT, SVAR_ERR_DEVICE of the
/// GPU. In host memory, SVAR_ERR_TYPE: an array on a GPU
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
