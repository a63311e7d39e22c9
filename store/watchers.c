#include "store/watchers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

static const uint64_t ONE = 1;

static uint64_t
bit(int index)
{
  return ONE << index;
}

// A full eventfd tells already, a replaced one tells nobody: no error is one.
void
svari_watchers_write(svari_watchers_t *watchers, uint64_t active)
{
  atomic_fetch_add_explicit(&watchers->begun, 1, memory_order_relaxed);
  for (; active != 0; active &= active - 1) {
    ssize_t written = write(watchers->fds[__builtin_ctzll(active)], &ONE, sizeof(ONE));
    (void)written;
  }
  // Release, pairs with settle(): the writes are over.
  atomic_fetch_add_explicit(&watchers->ended, 1, memory_order_release);
}

static svar_ret_t
make_idle(svari_watchers_t *watchers)
{
  if (watchers->idle_fd > 0) {
    return SVAR_OK;
  }
  int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no eventfd for watchers: %s", strerror(errno));
  }
  if (fd == 0) { // 0 says that there is none
    fd = fcntl(0, F_DUPFD_CLOEXEC, 1);
    close(0);
  }
  watchers->idle_fd = fd;
  return fd > 0 ? SVAR_OK
                : svar_fail(SVAR_ERR_SYSTEM, "no descriptor for watchers: %s", strerror(errno));
}

static svar_ret_t
place(svari_watchers_t *watchers, int index, int fd)
{
  if ((watchers->known & bit(index)) == 0) {
    watchers->fds[index] = fd;
    watchers->known |= bit(index);
    return SVAR_OK;
  }
  if (dup3(fd, watchers->fds[index], O_CLOEXEC) < 0) {
    return svar_fail(SVAR_ERR_SYSTEM, "no place for a watcher: %s", strerror(errno));
  }
  close(fd);
  return SVAR_OK;
}

svar_ret_t
svari_watchers_add(svari_watchers_t *watchers, int fd, int *out_index)
{
  uint64_t taken =
      atomic_load_explicit(&watchers->active, memory_order_relaxed) | watchers->leaving;
  if (taken == UINT64_MAX) {
    return svar_fail(SVAR_ERR_READERS_FULL, "all %d places for watchers are taken", SVARI_WATCHERS);
  }
  int index = __builtin_ctzll(~taken);
  SVAR_TRY(make_idle(watchers));
  SVAR_TRY(place(watchers, index, fd));
  // seq_cst, pairs with svari_watchers_tell().
  atomic_fetch_or_explicit(&watchers->active, bit(index), memory_order_seq_cst);
  *out_index = index;
  return SVAR_OK;
}

static void
replace(svari_watchers_t *watchers, uint64_t set)
{
  for (; set != 0; set &= set - 1) {
    dup3(watchers->idle_fd, watchers->fds[__builtin_ctzll(set)], O_CLOEXEC);
  }
}

// Replaces those that leave as soon as nobody is telling: as long as somebody is, he may be stuck in one of
// them, and only its own descriptor can free him.
static void
settle(svari_watchers_t *watchers)
{
  uint64_t ended = atomic_load_explicit(&watchers->ended, memory_order_acquire);
  if (watchers->leaving != 0 &&
      atomic_load_explicit(&watchers->begun, memory_order_acquire) == ended) {
    replace(watchers, watchers->leaving);
    watchers->leaving = 0;
  }
}

static void
leave(svari_watchers_t *watchers, int index)
{
  atomic_fetch_and_explicit(&watchers->active, ~bit(index), memory_order_seq_cst);
  watchers->leaving |= bit(index);
}

void
svari_watchers_remove(svari_watchers_t *watchers, int index)
{
  leave(watchers, index);
  settle(watchers);
}

static bool
is_full(int fd)
{
  struct pollfd look = {.fd = fd, .events = POLLOUT};
  return poll(&look, 1, 0) == 0;
}

// Who waits to write to a full eventfd goes on when it is read. Whoever shares it may have made its reads
// blocking, too.
static void
empty(int fd)
{
  uint64_t count;
  struct iovec into = {&count, sizeof(count)};
  ssize_t taken = preadv2(fd, &into, 1, -1, RWF_NOWAIT);
  (void)taken;
}

bool
svari_watchers_look(svari_watchers_t *watchers)
{
  uint64_t ended = atomic_load_explicit(&watchers->ended, memory_order_acquire);
  uint64_t begun = atomic_load_explicit(&watchers->begun, memory_order_acquire);
  uint64_t active = atomic_load_explicit(&watchers->active, memory_order_relaxed);
  bool is_stuck = begun != ended && begun == watchers->begun_last_look;
  for (uint64_t set = is_stuck ? active | watchers->leaving : 0; set != 0; set &= set - 1) {
    int index = __builtin_ctzll(set);
    if (is_full(watchers->fds[index])) {
      leave(watchers, index);
      empty(watchers->fds[index]);
    }
  }
  watchers->begun_last_look = begun != ended ? begun : 0;
  settle(watchers);
  return (atomic_load_explicit(&watchers->active, memory_order_relaxed) | watchers->leaving) != 0;
}

void
svari_watchers_end(svari_watchers_t *watchers)
{
  uint64_t active = atomic_exchange_explicit(&watchers->active, 0, memory_order_seq_cst);
  replace(watchers, active | watchers->leaving);
  watchers->leaving = 0;
}

void
svari_watchers_close(svari_watchers_t *watchers)
{
  atomic_store_explicit(&watchers->active, 0, memory_order_relaxed);
  for (; watchers->known != 0; watchers->known &= watchers->known - 1) {
    close(watchers->fds[__builtin_ctzll(watchers->known)]);
  }
  if (watchers->idle_fd > 0) {
    close(watchers->idle_fd);
  }
  watchers->leaving = 0;
  watchers->idle_fd = 0;
}
