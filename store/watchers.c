#include "store/watchers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint64_t ONE = 1;

static uint64_t
bit(int index)
{
  return ONE << index;
}

static void
ring(const svari_watchers_t *watchers, uint64_t set)
{
  int fds[SVARI_WATCHERS];
  size_t count = 0;
  for (; set != 0; set &= set - 1) {
    fds[count++] = watchers->fds[__builtin_ctzll(set)];
  }
  svari_bell_ring(watchers->idle_fd, fds, count);
}

// A full eventfd tells already, a replaced one tells nobody: no error is one. Not by write(): what
// ThreadSanitizer knows of a descriptor is freed under it when another thread replaces that by dup3().
void
svari_watchers_write(svari_watchers_t *watchers, uint64_t active)
{
  const uint64_t foreign = atomic_load_explicit(&watchers->foreign, memory_order_relaxed) & active;
  for (uint64_t own = active & ~foreign; own != 0; own &= own - 1) {
    (void)syscall(SYS_write, watchers->fds[__builtin_ctzll(own)], &ONE, sizeof(ONE));
  }
  if (foreign != 0) {
    ring(watchers, foreign);
  }
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
svari_watchers_add(svari_watchers_t *watchers, int fd, bool is_foreign, int *out_index)
{
  uint64_t taken = atomic_load_explicit(&watchers->active, memory_order_relaxed);
  if (taken == UINT64_MAX) {
    return svar_fail(SVAR_ERR_READERS_FULL, "all %d places for watchers are taken", SVARI_WATCHERS);
  }
  int index = __builtin_ctzll(~taken);
  SVAR_TRY(make_idle(watchers));
  SVAR_TRY(place(watchers, index, fd));
  if (is_foreign) {
    atomic_fetch_or_explicit(&watchers->foreign, bit(index), memory_order_relaxed);
  } else {
    atomic_fetch_and_explicit(&watchers->foreign, ~bit(index), memory_order_relaxed);
  }
  // seq_cst, pairs with svari_watchers_tell().
  atomic_fetch_or_explicit(&watchers->active, bit(index), memory_order_seq_cst);
  *out_index = index;
  return SVAR_OK;
}

void
svari_watchers_remove(svari_watchers_t *watchers, int index)
{
  atomic_fetch_and_explicit(&watchers->active, ~bit(index), memory_order_seq_cst);
  dup3(watchers->idle_fd, watchers->fds[index], O_CLOEXEC);
}

void
svari_watchers_end(svari_watchers_t *watchers)
{
  uint64_t active = atomic_exchange_explicit(&watchers->active, 0, memory_order_seq_cst);
  for (; active != 0; active &= active - 1) {
    dup3(watchers->idle_fd, watchers->fds[__builtin_ctzll(active)], O_CLOEXEC);
  }
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
  watchers->idle_fd = 0;
}
