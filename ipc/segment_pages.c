#include "ipc/segment_pages.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "ipc/segment_file.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE                                                                              \
  25 // Linux 6.1; older kernels answer EINVAL, which is as good as no huge pages
#endif

static const uint64_t PAGE_BYTES = 4096;
static const uint64_t HUGE_PAGE_BYTES = UINT64_C(2) << 20;

// --- locked pages ----------------------------------------------------------------------------------

static int
lock_range(const void *start, uint64_t size_bytes)
{
  uintptr_t first = (uintptr_t)start & ~(uintptr_t)(PAGE_BYTES - 1);
  return mlock2((const void *)first, (uintptr_t)start + size_bytes - first, MLOCK_ONFAULT);
}

void
svari_pages_try_lock(const void *start, uint64_t size_bytes)
{
  (void)lock_range(start, size_bytes);
}

svar_ret_t
svari_pages_lock(const void *start, uint64_t size_bytes, const char *path)
{
  if (lock_range(start, size_bytes) == 0) {
    return SVAR_OK;
  }
  int error = errno;
  struct rlimit limit = {0};
  if (error != ENOMEM && error != EPERM && error != EAGAIN) {
    return svar_fail(SVAR_ERR_SYSTEM, "locking %llu bytes of '%s' into memory: %s",
                     (unsigned long long)size_bytes, path, strerror(error));
  }
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return svar_fail(SVAR_ERR_NO_SPACE,
                   "lock_memory: %llu bytes of '%s' cannot be locked into memory (%s): this "
                   "process may lock %llu bytes in all; raise RLIMIT_MEMLOCK (ulimit -l, memlock "
                   "in /etc/security/limits.conf, LimitMEMLOCK= of a systemd unit), give it "
                   "CAP_IPC_LOCK, or do without lock_memory",
                   (unsigned long long)size_bytes, path, strerror(error),
                   (unsigned long long)limit.rlim_cur);
}

// --- huge pages ------------------------------------------------------------------------------------

// A huge page of the file can be mapped as one only where address and offset agree in their low bits:
// more address space is reserved than needed, and the file put at the first such place in it.
svar_ret_t
svari_pages_map_huge(int fd, const char *path, uint64_t size_bytes, bool writable, void **out_map)
{
  uint64_t reserved_bytes = size_bytes + HUGE_PAGE_BYTES;
  uint8_t *reserved =
      mmap(NULL, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) {
    return svari_file_map(fd, path, size_bytes, writable, out_map);
  }
  uint64_t skipped = -(uintptr_t)reserved & (HUGE_PAGE_BYTES - 1);
  uint8_t *start = reserved + skipped;
  void *map = mmap(start, size_bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ,
                   MAP_SHARED | MAP_FIXED, fd, 0);
  if (map == MAP_FAILED) {
    munmap(reserved, reserved_bytes);
    return svari_file_map(fd, path, size_bytes, writable, out_map);
  }
  if (skipped > 0) {
    munmap(reserved, skipped);
  }
  uint64_t used_bytes = (size_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
  munmap(start + used_bytes, reserved_bytes - skipped - used_bytes);
  madvise(map, size_bytes, MADV_HUGEPAGE);
  *out_map = map;
  return SVAR_OK;
}

// fallocate() knows no mapping, so it takes the wish on it for none: the pages are put together here.
void
svari_pages_collapse(const void *start, uint64_t size_bytes)
{
  uint64_t skipped = -(uintptr_t)start & (HUGE_PAGE_BYTES - 1);
  if (size_bytes < skipped + HUGE_PAGE_BYTES) {
    return;
  }
  uint64_t whole_bytes = (size_bytes - skipped) & ~(HUGE_PAGE_BYTES - 1);
  madvise((uint8_t *)(uintptr_t)start + skipped, whole_bytes, MADV_COLLAPSE);
}
