// Setting the variables of a store that another process holds: it is asked, over its service socket. It
// obeys if its options allow that (svar_store_options_t.settable and setters), after the filter that its own
// sets go through. The rules are those of its own variable, that svar_shared() gave it, as long as it has that:
// strict, allow_downcast, and a read-only container; else those of one that svar_store_find() gives.
//
// Reading needs none of this: svar_store_open().
#ifndef SHARED_VARIABLE_REMOTE_H
#define SHARED_VARIABLE_REMOTE_H

#include "shared_variable/source.h"
#include "shared_variable/store.h"

SVAR_BEGIN_DECLS

/// A connection to whoever holds a store. Used by one thread at a time. It stays good when the holder ends
/// and another comes: the next call connects again. It keeps the memory that its largest change so far was sent
/// in, up to 256 MiB, because to write into memory that is there costs a tenth of making it.
typedef struct svar_remote svar_remote_t;

/// Options of svar_remote_open(). Zero means the default, for every member.
typedef struct svar_remote_options {
  size_t size_bytes;     ///< sizeof(svar_remote_options_t) of the caller's build
  const char *directory; ///< segment directory; NULL: $SVAR_SEGMENT_DIR, else /dev/shm
  uid_t owner;           ///< whose store; (uid_t)-1: the caller's own. Set by the INIT macro.
  int64_t timeout_ns;    ///< how long a call waits for the holder; 0: five seconds; < 0: no limit
  const svar_allocator_t *allocator; ///< NULL: the heap
} svar_remote_options_t;

#define SVAR_REMOTE_OPTIONS_INIT                                                                   \
  {                                                                                                \
    sizeof(svar_remote_options_t), NULL, (uid_t)-1, 0, NULL                                        \
  }

/// Connect to the holder of the store `name`.
/// @contract{allocates: yes; blocks: up to the timeout; system calls: yes; thread: any; after fork: yes}
/// @param options NULL: all defaults
/// @param[out] out_remote owned: svar_remote_close()
/// @retval SVAR_ERR_ARGUMENT not an absolute ROS name
/// @retval SVAR_ERR_NOT_FOUND nobody holds the store, or its holder serves nobody (no_service)
/// @retval SVAR_ERR_PERMISSION this user may not read the store
/// @retval SVAR_TIMEOUT
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_remote_open(const char *name,
                                                      const svar_remote_options_t *options,
                                                      svar_remote_t **out_remote);
/// NULL is a no-op. Its changes must have ended.
SVAR_PUBLIC void svar_remote_close(svar_remote_t *remote);

/// What the holder says of its store: svar_store_info() in its process.
/// @contract{allocates: no; blocks: up to the timeout; system calls: yes; after fork: SVAR_ERR_FORKED}
/// @retval as svar_remote_open(); SVAR_ERR_STATE the holder ended before it answered
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_remote_info(svar_remote_t *remote,
                                                      svar_store_info_t *out_info);

/// Give one variable a new value in one commit, as svar_set_value() does in the holder. At most once: a request
/// is sent again, to the next holder, only if the last one never read it. A large array is copied twice, here and
/// in the holder: svar_remote_change_loan() saves the first copy.
/// @param source of any kind but an object: arrays, scalars, literals (a list of at most 4 MiB), sparse matrices, random
/// states, svar_none()
/// @param[out] out_version the version made; may be NULL
/// @contract{allocates: up to a few KiB no; blocks: up to the timeout; system calls: yes; after fork:
/// SVAR_ERR_FORKED}
/// @retval SVAR_ERR_PERMISSION the holder does not allow it (the message says what would)
/// @retval SVAR_ERR_NOT_FOUND no holder, or no such variable
/// @retval SVAR_ERR_TYPE, SVAR_ERR_VALUE, SVAR_ERR_RANGE, SVAR_ERR_BUSY, SVAR_ERR_NO_SPACE as svar_set_value()
/// @retval SVAR_ERR_STATE the holder made the variable's container read-only
/// @retval SVAR_ERR_NOT_IMPLEMENTED an object
/// @retval SVAR_TIMEOUT, SVAR_ERR_STATE no answer: whether the value was set is not known
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_remote_set(svar_remote_t *remote, const char *variable,
                                                     svar_source_t source, uint64_t *out_version);

/// Variables that change together: the holder commits all of them as one version, or none. Every begin ends in
/// exactly one commit or abort.
typedef struct svar_remote_change svar_remote_change_t;

/// @param[out] out_change owned until svar_remote_change_commit() or svar_remote_change_abort()
/// @contract{allocates: yes; blocks: no}
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_remote_change_begin(svar_remote_t *remote,
                                                              svar_remote_change_t **out_change);
/// Add a value; it is copied now. A failure changes nothing. What the variable makes of it is found
/// out at the commit.
/// @contract{allocates: yes; blocks: no; system calls: yes}
/// @retval SVAR_ERR_ARGUMENT no source, no name
/// @retval SVAR_ERR_NOT_IMPLEMENTED, SVAR_ERR_NO_MEMORY
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_remote_change_set(svar_remote_change_t *change,
                                                            const char *variable,
                                                            svar_source_t source);
/// Add an array that is to be written in place: no copy is made until the holder makes its own.
/// @param shape ndim extents
/// @param[out] out_data room for the elements, compact and row-major; writable until commit or abort
/// @contract{allocates: yes; blocks: no; system calls: yes}
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_remote_change_loan(svar_remote_change_t *change,
                                                             const char *variable,
                                                             svar_dtype_t dtype, int32_t ndim,
                                                             const int64_t *shape, void **out_data);
/// Send it all, and end the change, whatever comes of it. As svar_remote_set().
/// @param[out] out_version the version made; may be NULL
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_remote_change_commit(svar_remote_change_t *change,
                                                               uint64_t *out_version);
/// Drop it. NULL is a no-op.
SVAR_PUBLIC void svar_remote_change_abort(svar_remote_change_t *change);

SVAR_END_DECLS
#endif
