// svar_shared(): make a shared variable from a value, through a registry of constructors.
#ifndef SHARED_VARIABLE_SHARED_H
#define SHARED_VARIABLE_SHARED_H

#include "shared_variable/source.h"
#include "shared_variable/sparse.h"
#include "shared_variable/transaction.h"
#include "shared_variable/variable.h"

SVAR_BEGIN_DECLS

/// Where a variable's values lie.
typedef enum svar_target {
  /// On the default GPU (svar_gpu_default_set()), if there is one, the value is an array of rank 1 or more of real
  /// numbers, and no other process reads its store; else where SVAR_TARGET_HOST says.
  SVAR_TARGET_DEFAULT = 0,
  SVAR_TARGET_HOST = 1, ///< in host memory: the store's
  SVAR_TARGET_GPU = 2   ///< on options.gpu: an array of any rank, or no variable at all
} svar_target_t;

/// Options of svar_shared(). As in Theano, a given option also restricts the candidates: a
/// constructor that does not know it declines.
typedef struct svar_shared_options {
  size_t size_bytes; ///< sizeof(svar_shared_options_t) of the caller's build
  const char *name;  ///< a label; NULL: none. In a named store: required and unique.
  /// NULL: private memory (CPU). Else the store decides the backing, but for target.
  svar_store_t *store;
  svar_transaction_t
      *transaction; ///< the first value appears with this transaction's commit; NULL: at once
  bool strict;      ///< later sets must be arrays of exactly this dtype
  svar_downcast_t allow_downcast;
  svar_borrow_t borrow;      ///< see svar_set_value()
  const bool *broadcastable; ///< one flag per axis of the value; NULL: all false
  int32_t broadcastable_count;
  /// The format that a sparse variable gets, whatever its first value's; SVAR_SPARSE_NONE: the value's.
  svar_sparse_format_t sparse_format;
  svar_target_t target;
  int32_t gpu; ///< of SVAR_TARGET_GPU: its number (gpu.h); -1: the default GPU, else number 0
} svar_shared_options_t;

#define SVAR_SHARED_OPTIONS_INIT                                                                   \
  {                                                                                                \
    sizeof(svar_shared_options_t), NULL, NULL, NULL, false, SVAR_DOWNCAST_UNSET, SVAR_COPY, NULL,  \
        0, SVAR_SPARSE_NONE, SVAR_TARGET_DEFAULT, -1                                               \
  }

/// Make a shared variable holding source. Constructors are tried in reverse order of registration;
/// the first that accepts the value and every given option wins.
/// @contract{allocates: yes; blocks: a short process-private lock; system calls: if the store grows;
/// thread: any; after fork: SVAR_ERR_FORKED for stores of the parent}
/// @param options NULL: all defaults
/// @param[out] out_variable shared: svar_variable_unref()
/// @retval SVAR_ERR_ARGUMENT options of another size, a store without a name, a source without data
/// @retval SVAR_ERR_TYPE no constructor accepted (the message lists what was tried, and why each declined)
/// @retval SVAR_ERR_EXISTS the store has a variable of this name: find it and set it
/// @retval SVAR_ERR_READ_ONLY, SVAR_ERR_NO_SPACE, SVAR_ERR_NO_MEMORY of the store
/// @retval SVAR_ERR_UNSUPPORTED, SVAR_ERR_CONTEXT, SVAR_ERR_DEVICE a GPU is asked for: there is no driver that
/// works, no such GPU, or it fails (the message says which). Nothing is put into host memory instead.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_shared(svar_source_t source,
                                                 const svar_shared_options_t *options,
                                                 svar_variable_t **out_variable);

/// A constructor. Declines by returning SVAR_ERR_TYPE (for any reason, said with svar_fail()); any
/// other failure ends svar_shared() at once. source is well formed, options is never NULL and of this
/// build's size. No lock is held: it may register and unregister constructors.
typedef svar_ret_t (*svar_constructor_t)(const svar_source_t *source,
                                         const svar_shared_options_t *options, void *context,
                                         svar_variable_t **out_variable);

/// Add a constructor; it is tried before all earlier ones. name is for messages; it is copied.
/// @contract{allocates: no (a fixed table); blocks: a short lock; thread: any}
/// @retval SVAR_ERR_NO_MEMORY the registry (64 entries) is full
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_constructor_register(const char *name,
                                                               svar_constructor_t constructor,
                                                               void *context);
/// Remove the first entry with this function and context. A svar_shared() that already runs in
/// another thread may still call it.
/// @retval SVAR_ERR_VALUE it is not registered (as in Theano)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_constructor_unregister(svar_constructor_t constructor,
                                                                 void *context);

SVAR_END_DECLS
#endif
