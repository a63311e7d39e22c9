// Registrations: buffers of a store's host memory whose pages are known to the driver, so that GPUs copy from and to them
// by themselves, at full speed. The driver's own copies of other memory go through its buffers, at the speed of one
// thread's memcpy().
//
// A registration is one buffer, whole, from its first copy until it goes back to the heap. So
//   - what was never copied costs nothing, and no hole of the file is faulted in;
//   - no registered page is ever given back to the system: the GPU would go on with the old page;
//   - a view or a loan lies in one registration, or in none: the driver refuses a copy that spans both, also
//     one that is the user's own.
// Only the holder registers: it alone knows when buffers go back. It registers, and copies from, the mapping that it
// writes, which is of the same pages as the one that views show; a device need not take read-only pages for that.
//
// A registration that the driver refuses is not tried again, and is no failure of the copy.
#ifndef SVARI_STORE_REGISTRATION_H
#define SVARI_STORE_REGISTRATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/device_region.h"

typedef struct svari_registration {
  uint64_t offset; // of the buffer, in the store's host space
  uint64_t size_bytes;
  svari_device_region_t *device; // that the driver was asked through; NULL: it refused
} svari_registration_t;

typedef struct svari_registrations {
  pthread_rwlock_t copies; // read: while a copy may be under way; write: while there must be none
  pthread_mutex_t lock;    // of the members below
  svari_registration_t *items;
  size_t room;
  _Atomic size_t count;
  bool is_ended;
} svari_registrations_t;

void svari_registrations_init(svari_registrations_t *registrations);

// Begins a copy to the device, which finish() ends, and returns where to copy from: the same bytes, perhaps at another
// address. Registers the buffer that they lie in, if it is one of the store's, and large.
const void *svari_registrations_begin_in(svar_store_t *store, svari_device_region_t *device,
                                         const void *from, uint64_t size_bytes);
// The same for a copy to memory of the host, which is only ever the address given: views show memory that nobody may write.
void svari_registrations_begin_out(svar_store_t *store, svari_device_region_t *device,
                                   const void *to, uint64_t size_bytes);
void svari_registrations_finish(svar_store_t *store);

// The buffer at offset goes back to the heap. Under the writer's lock.
void svari_registrations_forget(svar_store_t *store, uint64_t offset);
// Ends all, when no copy is under way any more; there will be no new ones. The handle is being closed.
void svari_registrations_end(svar_store_t *store);
// Around a fork: ends all, and keeps copies from being begun. Pages that parent and child share would be replaced, in the
// parent, when it writes them, and the GPU would go on with the old ones. A file's are not.
void svari_registrations_before_fork(svar_store_t *store);
void svari_registrations_after_fork(svar_store_t *store);
// Frees what is left of them.
void svari_registrations_fini(svar_store_t *store);

#endif
