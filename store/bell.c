#include "store/bell.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Of the process, not of a store: to end one takes the kernel some ten milliseconds, which a process
// pays once, at its end.
static aio_context_t context;
static pid_t owner; // a child of a fork has no contexts

svar_ret_t
svari_bell_open(void)
{
  aio_context_t fresh = 0;
  if (owner == getpid()) {
    return SVAR_OK;
  }
  if (syscall(SYS_io_setup, SVARI_BELL_MOST, &fresh) != 0) {
    return svar_fail(SVAR_ERR_UNSUPPORTED,
                     "other processes' eventfds cannot be signalled without waiting for them: no "
                     "asynchronous operations are to be had (%s; see fs.aio-max-nr)",
                     strerror(errno));
  }
  context = fresh;
  owner = getpid();
  return SVAR_OK;
}

// Takes the results of earlier operations away, which nobody wants: they take the room of new ones.
static void
clear_results(void)
{
  struct io_event events[SVARI_BELL_MOST];
  struct timespec now = {0};
  while (syscall(SYS_io_getevents, context, 0, SVARI_BELL_MOST, events, &now) == SVARI_BELL_MOST) {
  }
}

static void
begin_all(struct iocb **operations, size_t count)
{
  enum { MOST_TRIES = 1000 }; // other threads may take the room that was made
  int tries = 0;
  while (count > 0 && tries < MOST_TRIES) {
    long begun = syscall(SYS_io_submit, context, count, operations);
    if (begun < 0 && errno == EAGAIN) {
      clear_results();
      tries++;
      continue;
    }
    size_t passed = begun > 0 ? (size_t)begun : 1; // or the first one is no eventfd
    operations += passed;
    count -= passed;
  }
}

void
svari_bell_ring(int ready_fd, const int *fds, size_t count)
{
  struct iocb operations[SVARI_BELL_MOST];
  struct iocb *list[SVARI_BELL_MOST];
  for (size_t i = 0; i < count; i++) {
    operations[i] = (struct iocb){
        .aio_lio_opcode = IOCB_CMD_POLL,
        .aio_fildes = (uint32_t)ready_fd,
        .aio_buf = POLLOUT,
        .aio_flags = IOCB_FLAG_RESFD,
        .aio_resfd = (uint32_t)fds[i],
    };
    list[i] = &operations[i];
  }
  begin_all(list, count);
}
