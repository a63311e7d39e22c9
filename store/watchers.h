// The event descriptors that a store's commits are told to. The process that commits writes to each, after
// the commit and without a lock: so this table is read by committing threads while others change it.
#ifndef SVARI_STORE_WATCHERS_H
#define SVARI_STORE_WATCHERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/bell.h"

enum { SVARI_WATCHERS = SVARI_BELL_MOST, SVARI_WATCHER_NONE = -1 };

// A committing thread may be about to write to a descriptor that is being taken out. A descriptor number
// that was once in the table is therefore never closed while the store lives, and never means anything but
// an eventfd: who leaves is replaced, under the same number, by an eventfd that nobody reads.
typedef struct svari_watchers {
  _Atomic uint64_t active;  // bit i: fds[i] is to be told
  _Atomic uint64_t foreign; // ... and is not to be waited for; written before the bit of `active`
  int fds[SVARI_WATCHERS];  // of the bits of `known`; so are these
  uint64_t known;           // the members from here on: under the store's lock
  int idle_fd;              // what replaces; made with the first watcher, so 0 is none
} svari_watchers_t;

// Of the functions below, all but tell() are called under the store's lock.

// Takes in an eventfd. is_foreign: who shares it is not trusted to leave it as it is, and svari_bell_open() was
// called (bell.h). Moves fd if and only if it returns SVAR_OK. SVAR_ERR_READERS_FULL, SVAR_ERR_SYSTEM
svar_ret_t svari_watchers_add(svari_watchers_t *watchers, int fd, bool is_foreign, int *out_index);
void svari_watchers_remove(svari_watchers_t *watchers, int index);
// Nobody is told any more; closes nothing yet, for a thread may still be telling.
void svari_watchers_end(svari_watchers_t *watchers);
// Closes everything: nobody can be telling. Also in the child of a fork.
void svari_watchers_close(svari_watchers_t *watchers);

void svari_watchers_write(svari_watchers_t *watchers, uint64_t active);

// After a change that waiters wait for. seq_cst, after the seq_cst store of the change: a watcher that this
// look misses has not been answered yet, and looks at the version once it has.
static inline void
svari_watchers_tell(svari_watchers_t *watchers)
{
  uint64_t active = atomic_load_explicit(&watchers->active, memory_order_seq_cst);
  if (__builtin_expect(active != 0, 0)) {
    svari_watchers_write(watchers, active);
  }
}

#endif
