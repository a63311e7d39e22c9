// The memfds that clients put the bodies of their requests into, mapped in the holder for as long as a client
// comes with the same one.
//
// A client may do to its memfd what it likes, while the holder reads it. What could harm the holder is
// made impossible by seals, which nobody can take off again, and by looking once after they are on:
//   cut it short: a read of what is no longer there ends the process          SHRINK
//   make holes (punch, MADV_REMOVE): a read of one takes memory, which is     FUTURE_WRITE, for a hole is
//     charged to the reader, and fails where there is none                    a write to the kernel; and
//                                                                             there were none
//   write other bytes into it through a mapping made before                   nothing: what is decided on is
//                                                                             copied first
// So the holder copies descriptions, and numbers whose value decides, before it looks at them; the elements of an
// array decide nothing, and who changes them while they are copied has set other elements. Growing harms nobody:
// what was mapped is what was checked.
//
// Only memfds of ordinary shared memory are taken. hugetlbfs does not tell its holes, and a file of
// another file system may be served by a process that stands still.
#ifndef SVARI_IPC_SERVICE_BODY_H
#define SVARI_IPC_SERVICE_BODY_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared_variable/error.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 // Linux 5.1
#endif

enum {
  SVARI_BODY_SEALS = F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE,
  SVARI_BODIES = 8 // kept; a mapping costs the holder a 512th of its bytes for tables
};

typedef struct svari_body {
  const uint8_t *map; // NULL: a free place
  uint64_t size_bytes;
  dev_t device;
  ino_t inode;
  uint32_t client;
  uint64_t last_use;
} svari_body_t;

// {0} is an empty one; the child of a fork, which has none of the mappings, makes it so.
typedef struct svari_bodies {
  svari_body_t bodies[SVARI_BODIES];
  uint64_t uses;
} svari_bodies_t;

// Where the bytes of client's memfd are, body_bytes of them at least: until the next call. fd stays the caller's.
// SVAR_ERR_SYNTAX: it is no such memfd, or is shorter; SVAR_ERR_SYSTEM: it cannot be mapped
svar_ret_t svari_bodies_find(svari_bodies_t *bodies, uint32_t client, int fd, uint64_t body_bytes,
                             const uint8_t **out_bytes);
// The client is gone.
void svari_bodies_drop(svari_bodies_t *bodies, uint32_t client);
// Leaves {0}.
void svari_bodies_close(svari_bodies_t *bodies);

#endif
