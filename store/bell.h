// Signals eventfds whose open files other processes share, and never waits for one of them.
//
// A write(2) to an eventfd waits if its counter is full and O_NONBLOCK is off. Whoever shares the open file can bring
// about both, at any moment, also between a look and the write. The kernel does not wait when it signals an eventfd
// itself, as it does at the end of an asynchronous operation (io_submit(2), IOCB_FLAG_RESFD): a full
// one stays full. So an operation is begun that ends at once: a poll for what is there already.
#ifndef SVARI_STORE_BELL_H
#define SVARI_STORE_BELL_H

#include <stddef.h>

#include "shared_variable/error.h"

enum { SVARI_BELL_MOST = 64 };

// Makes ready, once for the process, and again for the child of a fork. To be called under the birth lock.
// SVAR_ERR_UNSUPPORTED: the kernel, or a sandbox, has no asynchronous operations to give
svar_ret_t svari_bell_open(void);
// Signals each of the eventfds, SVARI_BELL_MOST at most: one system call. A descriptor that is none is passed over.
// ready_fd: one that can be written to at any time. From any thread. @pre svari_bell_open()
void svari_bell_ring(int ready_fd, const int *fds, size_t count);

#endif
