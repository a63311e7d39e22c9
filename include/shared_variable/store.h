// A store: the shared variables that one publisher holds, under one ROS name, versioned together.
//
// What every process may rely on:
//   monotonic   a reader never sees a version older than one it saw
//   atomic      a snapshot never mixes commits
//   immutable   a borrowed view never changes
//   durable     within the boot, a committed value survives its holder, however that ended
//   wait-free   release; lock-free borrow (it retries only when the holder reclaims in between)
//   bounded     reading takes no lock, no memory and no system call; committing a loaned value takes
//               the store's process-private lock alone. Exceptions, each once and then not again: a
//               thread's first read of a store, its eighth view at the same time, a read after the
//               segment grew, and reading more than eight stores by turns.
#ifndef SHARED_VARIABLE_STORE_H
#define SHARED_VARIABLE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared_variable/allocator.h"
#include "shared_variable/error.h"
#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

/// One process's handle of a store: the holder's (may commit) or a reader's. Safe from any thread.
typedef struct svar_store svar_store_t;
typedef struct svar_variable svar_variable_t;

/// Where a store's bytes live.
typedef enum svar_backing {
  SVAR_BACKING_CPU = 0, ///< private memory of this process
  SVAR_BACKING_IPC = 1, ///< a shared-memory file that other processes map read-only
  SVAR_BACKING_GPU = 2  ///< device memory
} svar_backing_t;

#define SVAR_STORE_NAME_BYTES 256

/// Options of svar_store_create() and svar_store_open(). Zero means the default, for every member.
typedef struct svar_store_options {
  size_t size_bytes;     ///< sizeof(svar_store_options_t) of the caller's build
  const char *directory; ///< segment directory; NULL: $SVAR_SEGMENT_DIR, else /dev/shm
  /// create: most bytes the store may ever take, of address space, not memory; 0: the machine's memory
  uint64_t capacity_bytes;
  mode_t mode;       ///< create: permissions of the state file; 0: 0640. Readers need the read bit.
  const char *group; ///< create: group of both files; NULL: the process's own
  bool start_empty;  ///< create: discard what an earlier holder left instead of resuming it
  bool prefault;     ///< open: fault in every page now, so that the first reads do not
  uid_t owner;       ///< open: whose store; (uid_t)-1: the caller's own. Set by the INIT macro.
  const svar_allocator_t *allocator; ///< for the handle's private memory; NULL: the heap
} svar_store_options_t;

#define SVAR_STORE_OPTIONS_INIT                                                                    \
  {                                                                                                \
    sizeof(svar_store_options_t), NULL, 0, 0, NULL, false, false, (uid_t)-1, NULL                  \
  }

/// Become the holder of the store `name` in shared memory: create it, or resume the one that an
/// earlier holder left (values and version go on; readers notice nothing but newer versions).
/// @param name absolute ROS name, e.g. "/policy/weights"
/// @contract{allocates: yes; blocks: no; system calls: yes; thread: any; after fork: yes, as a new holder}
/// @param[out] out_store owned by the caller: svar_store_close()
/// @retval SVAR_ERR_ARGUMENT not an absolute ROS name
/// @retval SVAR_ERR_HELD another process holds it (the message names it)
/// @retval SVAR_ERR_NO_SPACE the segment directory is full (numbers and remedy in the message)
/// @retval SVAR_ERR_LAYOUT, SVAR_ERR_CORRUPT the file found cannot be resumed; start_empty replaces it
/// @retval SVAR_ERR_PERMISSION the segment directory or file refuses access
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_create(const char *name,
                                                       const svar_store_options_t *options,
                                                       svar_store_t **out_store);

/// A store in this process's private memory: the same versions, transactions and snapshots.
/// @retval SVAR_ERR_NO_MEMORY
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_create_private(const char *name,
                                                               const svar_store_options_t *options,
                                                               svar_store_t **out_store);

/// Map the store `name` of another (or this) process read-only.
/// @contract{allocates: yes; blocks: no; system calls: yes; thread: any; after fork: yes}
/// @retval SVAR_ERR_NOT_FOUND no such store in the segment directory
/// @retval SVAR_ERR_LAYOUT written by an incompatible build (both layout numbers in the message)
/// @retval SVAR_ERR_CORRUPT the file's bytes contradict each other
/// @retval SVAR_ERR_PERMISSION the files' mode does not let this user read
/// @retval SVAR_ERR_READERS_FULL too many processes read this store
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_open(const char *name,
                                                     const svar_store_options_t *options,
                                                     svar_store_t **out_store);

/// End the use of a handle. The store itself stays (see svar_store_remove), unless nothing was ever
/// committed to it. Views of this handle must have been released; its variables may still be
/// unreferenced later; open transactions can only be aborted, and what is written into their loans is
/// lost. NULL is a no-op. @contract{blocks: until a commit under way in another thread has ended}
SVAR_PUBLIC void svar_store_close(svar_store_t *store);

/// Remove the store's files, as its holder. Attached readers keep what they map and are told
/// SVAR_ERR_STALE by svar_store_wait(). Close the handle afterwards.
/// @retval SVAR_ERR_READ_ONLY the handle does not hold the store
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_remove(svar_store_t *store);

/// The store's ROS name. Borrowed: valid until the handle is closed.
SVAR_PUBLIC const char *svar_store_name(const svar_store_t *store);
SVAR_PUBLIC svar_backing_t svar_store_backing(const svar_store_t *store);
/// True if this handle may commit.
SVAR_PUBLIC bool svar_store_is_holder(const svar_store_t *store);
/// The latest committed version; 0 before the first commit. One atomic load.
SVAR_PUBLIC uint64_t svar_store_version(const svar_store_t *store);

/// The variable of that name.
/// @contract{allocates: yes; blocks: a short process-private lock; system calls: no; thread: any; after fork: SVAR_ERR_FORKED}
/// @param[out] out_variable shared: svar_variable_unref()
/// @retval SVAR_ERR_NOT_FOUND no variable of that name has been committed
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_find(svar_store_t *store, const char *name,
                                                     svar_variable_t **out_variable);
/// Number of variables in the directory (all of them named, the newest perhaps not yet committed).
SVAR_PUBLIC size_t svar_store_count(const svar_store_t *store);
/// The variable at index 0 .. svar_store_count()-1, in order of creation. As svar_store_find().
/// @retval SVAR_ERR_NOT_FOUND this one has not been committed yet
/// @retval SVAR_ERR_INDEX index >= svar_store_count()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_at(svar_store_t *store, size_t index,
                                                   svar_variable_t **out_variable);

/// Wait for a version newer than after_version.
/// @param timeout_ns from now, CLOCK_MONOTONIC; < 0: no limit; 0: just look
/// @param[out] out_version the version found; may be NULL
/// @contract{allocates: no; blocks: yes; system calls: futex; thread: any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_TIMEOUT, SVAR_INTERRUPTED (a signal handler ran)
/// @retval SVAR_ERR_STALE the store was removed or replaced: no newer version will ever come
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_wait(svar_store_t *store, uint64_t after_version,
                                                     int64_t timeout_ns, uint64_t *out_version);

/// What an operator wants to know about a store. (No tag: in C++ it would be hidden by the function.)
typedef struct {
  char name[SVAR_STORE_NAME_BYTES];
  svar_backing_t backing;
  uint64_t version; ///< latest commit
  uint64_t variable_count;
  uint64_t memory_bytes; ///< bytes of the segment that are backed by memory
  uint64_t capacity_bytes;
  int64_t created_ns;    ///< CLOCK_REALTIME of the creation
  int64_t committed_ns;  ///< CLOCK_REALTIME of the latest commit; 0 before the first
  int32_t holder_pid;    ///< 0: nobody holds it now
  uint32_t reader_count; ///< handles attached now, the holder's own not counted
  uid_t owner;
  bool is_stale; ///< removed or replaced under this handle
} svar_store_info_t;

/// Fills out_info. @contract{allocates: no; blocks: no; system calls: yes; thread: any}
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_info(svar_store_t *store,
                                                     svar_store_info_t *out_info);

/// Calls visit for every store file in the segment directory (NULL: the default one), those of other
/// users included, until it returns false. name is borrowed for the call.
/// @retval SVAR_ERR_SYSTEM the directory cannot be read
typedef bool (*svar_store_visit_t)(const char *name, uid_t owner, void *context);
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_list(const char *directory,
                                                     svar_store_visit_t visit, void *context);

SVAR_END_DECLS
#endif
