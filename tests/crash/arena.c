#include "tests/crash/arena.h"

#include <err.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

crash_arena_t *
crash_arena_map(int fd)
{
  void *map = mmap(NULL, sizeof(crash_arena_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) {
    err(2, "mapping what the processes of the run share");
  }
  return map;
}

crash_arena_t *
crash_arena_make(int *out_fd)
{
  int fd = memfd_create("svar_crash", 0);
  if (fd < 0 || ftruncate(fd, sizeof(crash_arena_t)) != 0) {
    err(2, "making what the processes of the run share");
  }
  *out_fd = fd;
  return crash_arena_map(fd);
}
