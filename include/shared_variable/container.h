// Containers: the storage cell behind a variable. Clones of a variable share one, and so share its
// value and its rules; a variable can be made of a container that is there already.
#ifndef SHARED_VARIABLE_CONTAINER_H
#define SHARED_VARIABLE_CONTAINER_H

#include "shared_variable/source.h"
#include "shared_variable/store.h"
#include "shared_variable/value.h"

SVAR_BEGIN_DECLS

/// Safe from any thread. Made with the variable that is its first user (svar_shared(),
/// svar_variable_create(), svar_store_find()); svar_variable_container() gives it. Its storage comes
/// with it: Theano's list of one cell is not the caller's to hand in.
typedef struct svar_container svar_container_t;

/// Theano's tri-state flag: unset (literals must survive the round trip, a lone float may round into
/// floatX), false (no rounding at all), true (cast whatever comes).
typedef enum svar_downcast {
  SVAR_DOWNCAST_UNSET = 0,
  SVAR_DOWNCAST_FALSE = 1,
  SVAR_DOWNCAST_TRUE = 2
} svar_downcast_t;

/// Take and give back a reference. NULL is a no-op.
/// @contract{as svar_variable_ref() and svar_variable_unref()}
SVAR_PUBLIC svar_container_t *svar_container_ref(svar_container_t *container);
SVAR_PUBLIC void svar_container_unref(svar_container_t *container);

/// The name of the variable it was made for, as it was then (cut at 255 bytes), or NULL: renaming a
/// variable leaves it. In a store it is the name that readers find. Borrowed from the container.
SVAR_PUBLIC const char *svar_container_name(const svar_container_t *container);
/// The type of every value that it holds.
SVAR_PUBLIC svar_type_t svar_container_type(const svar_container_t *container);
/// True if it takes arrays of exactly its dtype only.
SVAR_PUBLIC bool svar_container_is_strict(const svar_container_t *container);
SVAR_PUBLIC svar_downcast_t svar_container_allow_downcast(const svar_container_t *container);
/// An address that only handles of one value have in common, whose every change each of them shows: containers
/// of one variable that a store found twice are two, and have one cell. For comparing only. NULL for NULL.
/// @contract{allocates: no; blocks: no; thread: any}
SVAR_PUBLIC const void *svar_container_cell(const svar_container_t *container);
/// True for an array of a sparse variable ("w.data", "w.indices", "w.indptr" of "w"), which is read like any
/// other tensor, and changes with the sparse variable alone.
SVAR_PUBLIC bool svar_container_is_part(const svar_container_t *container);
/// A read-only container refuses every change of its value through this process: sets, loans, zeros,
/// updates of functions, a transaction's as soon as they are asked for. What was set or loaned before
/// is not called back. A flag of this handle of the value: other handles of a store's variable have
/// their own, and what readers see is not touched.
/// @contract{allocates: no; blocks: no; thread: any}
SVAR_PUBLIC void svar_container_readonly_set(svar_container_t *container, bool is_readonly);
SVAR_PUBLIC bool svar_container_is_readonly(const svar_container_t *container);

/// Read and replace the value, exactly as svar_get_value() and svar_set_value() do through any of its
/// variables.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_container_get_value(svar_container_t *container,
                                                              svar_borrow_t borrow,
                                                              svar_value_t *out_value);
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_container_set_value(svar_container_t *container,
                                                              svar_source_t source,
                                                              svar_borrow_t borrow);

SVAR_END_DECLS
#endif
