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
//               segment grew. And each time: a read of another store than the last one, while the process
//               has more than eight handles open.
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
  /// create: most bytes the store may ever take, of address space, not memory: whole pages, 2^46 at most;
  /// 0: the machine's memory
  uint64_t capacity_bytes;
  mode_t mode; ///< create: permissions of the state file; 0: 0640. Readers need the read bit.
  /// create: group of both files, a name or a number; NULL: the process's own
  const char *group;
  bool start_empty; ///< create: discard what an earlier holder left instead of resuming it
  bool prefault;    ///< open: fault in every page now, so that the first reads do not
  uid_t owner;      ///< open: whose store; (uid_t)-1: the caller's own. Set by the INIT macro.
  const svar_allocator_t *allocator; ///< for the handle's private memory; NULL: the heap
  /// Lock what the store uses into memory as it is faulted in, now and as the store grows (mlock2 with
  /// MLOCK_ONFAULT; with `prefault`, a reader has everything there at once). Counts against
  /// RLIMIT_MEMLOCK: too low a limit is SVAR_ERR_NO_SPACE, of the call that needs more; only what a
  /// reader's segment grows by later is read unlocked where it cannot be locked.
  bool lock_memory;
  /// Use huge pages where the kernel gives them: asked for on the mappings, and, by the holder, for
  /// each large range when the store grows by it, which then takes longer. No error where there are
  /// none; `svar doctor` says what the machine allows.
  bool huge_pages;
  /// create: open no service socket, and start no thread that answers there. Readers then wait and watch all
  /// the same (svar_store_watch_fd() a little later); nobody can set a variable from outside (remote.h).
  bool no_service;
  /// create: which variables other processes may set through the service socket: shell patterns (fnmatch),
  /// commas between them, "*" for all; a backslash takes the meaning from what follows. NULL, "": none.
  const char *settable;
  /// create: who may set them: users, and groups with an '@', by name or number, commas between
  /// them ("robot, @control"). NULL, "": the holder's own user. Root always may. The file's mode decides
  /// before it who can connect at all: who may read the store.
  const char *setters;
} svar_store_options_t;

#define SVAR_STORE_OPTIONS_INIT                                                                    \
  {                                                                                                \
    sizeof(svar_store_options_t), NULL, 0, 0, NULL, false, false, (uid_t)-1, NULL, false, false,   \
        false, NULL, NULL                                                                          \
  }

/// Become the holder of the store `name` in shared memory: create it, or resume the one that an
/// earlier holder left (values and version go on; readers notice nothing but newer versions).
/// @param name absolute ROS name, e.g. "/policy/weights"
/// @contract{allocates: yes; blocks: up to 20 ms if it is held; system calls: yes; thread: any;
/// after fork: yes, as a new holder}
/// @param[out] out_store owned by the caller: svar_store_close()
/// @retval SVAR_ERR_ARGUMENT not an absolute ROS name
/// @retval SVAR_ERR_HELD another process holds it (the message names it)
/// @retval SVAR_ERR_NO_SPACE the segment directory is full, or a limit of this process is too low
/// (numbers and remedy in the message)
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
/// @retval SVAR_ERR_NO_SPACE lock_memory: RLIMIT_MEMLOCK is too low
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_open(const char *name,
                                                     const svar_store_options_t *options,
                                                     svar_store_t **out_store);

/// End the use of a handle. The store itself stays (see svar_store_remove), unless nothing was ever
/// committed to it. Views of this handle must have been released; its variables may still be
/// unreferenced later; open transactions can only be aborted, and what is written into their loans is
/// lost. Threads that wait for a version of it are told SVAR_ERR_STATE. NULL is a no-op.
/// @contract{blocks: until a commit under way in another thread has ended}
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
/// CLOCK_REALTIME of the latest commit, or of one that is about to become it; 0 before the first. One atomic load.
SVAR_PUBLIC int64_t svar_store_committed_ns(const svar_store_t *store);

/// The variable of that name.
/// @contract{allocates: yes; blocks: a short process-private lock; system calls: no (one fstat if the segment
/// grew since); thread: any; after fork: SVAR_ERR_FORKED}
/// @param[out] out_variable shared: svar_variable_unref()
/// @retval SVAR_ERR_NOT_FOUND no variable of that name has been committed
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_find(svar_store_t *store, const char *name,
                                                     svar_variable_t **out_variable);
/// Number of variables in the directory, the newest perhaps not yet committed. All of them are named, but for
/// those made without a store, in the private store of the process.
SVAR_PUBLIC size_t svar_store_count(const svar_store_t *store);
/// The variable at index 0 .. svar_store_count()-1, in order of creation. As svar_store_find().
/// @retval SVAR_ERR_NOT_FOUND this one has not been committed yet, or was made without a store
/// @retval SVAR_ERR_INDEX index >= svar_store_count()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_at(svar_store_t *store, size_t index,
                                                   svar_variable_t **out_variable);

/// Wait for a version newer than after_version.
/// @param timeout_ns from now, CLOCK_MONOTONIC; < 0: no limit; 0: just look
/// @param[out] out_version the version found; may be NULL
/// @contract{allocates: no; blocks: yes; system calls: futex; thread: any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_TIMEOUT, SVAR_INTERRUPTED (a signal handler ran)
/// @retval SVAR_ERR_STATE another thread closed the handle
/// @retval SVAR_ERR_STALE the store was removed or replaced: no newer version will ever come. Files that
/// vanish without a word (by hand, by logind's RemoveIPC) are noticed within a second by those who wait,
/// and by svar_store_info() and a store that grows; the holder is told by its next transaction.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_wait(svar_store_t *store, uint64_t after_version,
                                                     int64_t timeout_ns, uint64_t *out_version);

/// A descriptor for loops that wait for many things (poll, epoll, libuv, asyncio): it is readable once there is
/// a newer version, or the store was removed. An eventfd(2): read its 8 bytes, then look at the version, with
/// svar_store_wait() and a timeout of 0 where a removal matters. It may be readable once too often, never too
/// seldom, and several commits may make it so once. It works on, without the caller's doing, when the holder
/// ends and another one comes.
/// @param[out] out_fd the same at each call. Borrowed: svar_store_close() closes it. It does not block.
/// @contract{allocates: yes; blocks: no; system calls: yes; thread: any; after fork: SVAR_ERR_FORKED.
/// A reader's handle gets a thread of ordinary priority, which follows the holder; the commits of a holder that
/// is watched each signal the watchers' descriptors (one system call for each watcher of the holder's user, one for
/// all others), and never wait for one}
/// @retval SVAR_ERR_SYSTEM no descriptor or no thread is to be had
/// @retval SVAR_ERR_READERS_FULL a holder's own handle only: its places for watchers are taken
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_watch_fd(svar_store_t *store, int *out_fd);

/// What an operator wants to know about a store. (No tag: in C++ it would be hidden by the function.)
typedef struct {
  char name[SVAR_STORE_NAME_BYTES];
  svar_backing_t backing;
  uint64_t version; ///< latest commit
  uint64_t variable_count;
  uint64_t memory_bytes; ///< bytes of the segment that are backed by the host's memory
  uint64_t capacity_bytes;
  int64_t created_ns;    ///< CLOCK_REALTIME of the creation
  int64_t committed_ns;  ///< CLOCK_REALTIME of the latest commit; 0 before the first
  int32_t holder_pid;    ///< 0: nobody holds it now
  uint32_t reader_count; ///< handles attached now, the holder's own not counted
  uid_t owner;
  bool is_stale; ///< removed or replaced under this handle
  /// Bytes of GPUs' memory that the holder has for the store, beside memory_bytes; 0 while nobody holds it.
  uint64_t device_memory_bytes;
  /// Of memory_bytes, what the holder's copies between the store's host and GPU variables have had locked into memory: so
  /// they run at full speed.
  uint64_t registered_bytes;
  /// The same that the driver refused to lock: such copies are slower. svar_error_message() said why, after the first
  /// one, although that succeeded.
  uint64_t refused_bytes;
} svar_store_info_t;

/// Fills out_info. @contract{allocates: no; blocks: no; system calls: yes; thread: any}
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_info(svar_store_t *store,
                                                     svar_store_info_t *out_info);

/// One handle that reads a store, as the reader table tells it. What a process writes about itself in
/// that table is not verified; is_alive is the kernel's word.
typedef struct {
  int32_t pid;
  char program[48];
  int64_t attached_ns; ///< CLOCK_REALTIME
  bool is_alive;       ///< false: it was killed; the holder clears what it left when it needs room
  bool is_holder;      ///< of the process that holds the store
  bool is_self;        ///< the handle that asks
  uint32_t pin_count;  ///< values and snapshots in use
  uint64_t oldest_version; ///< the oldest version in use; 0: none
} svar_store_reader_t;

/// Calls visit for every handle of the store until it returns false. reader is borrowed for the call.
/// @contract{allocates: no; blocks: no; system calls: yes; thread: any; after fork: SVAR_ERR_FORKED}
typedef bool (*svar_store_reader_visit_t)(const svar_store_reader_t *reader, void *context);
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_readers(svar_store_t *store,
                                                        svar_store_reader_visit_t visit,
                                                        void *context);

/// Calls visit for every store that has a file in the segment directory (NULL: the default one), those
/// of other users included, until it returns false. Of a store whose removal was interrupted a file may
/// be left; it is visited too. name is borrowed for the call.
/// @retval SVAR_ERR_SYSTEM the directory cannot be read
typedef bool (*svar_store_visit_t)(const char *name, uid_t owner, void *context);
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_list(const char *directory,
                                                     svar_store_visit_t visit, void *context);

/// Remove a store that nobody holds or reads, or what is left of one: values, versions, all of it.
/// Locks decide, so it is safe beside processes that create or open the store: those come before, and
/// the store stays, or after, and find none.
/// @param name as svar_store_list() gave it
/// @param options `directory` and `owner` count, as for svar_store_open(); may be NULL
/// @param is_rehearsal remove nothing, but answer as if
/// @param[out] out_bytes the memory that its files took; may be NULL
/// @contract{allocates: yes; blocks: no; system calls: yes; thread: any}
/// @retval SVAR_ERR_NOT_FOUND there is no file of such a store
/// @retval SVAR_ERR_HELD, SVAR_ERR_BUSY a process holds it, reads it (the message names it)
/// @retval SVAR_ERR_PERMISSION it is another user's
/// @retval SVAR_ERR_CORRUPT something else than a file bears the name
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_store_clean(const char *name,
                                                      const svar_store_options_t *options,
                                                      bool is_rehearsal, uint64_t *out_bytes);

SVAR_END_DECLS
#endif
