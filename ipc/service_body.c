#include "ipc/service_body.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

// --- what may be mapped ----------------------------------------------------------------------------

static svar_ret_t
check_seals(int fd)
{
  struct statfs system;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0 || fstatfs(fd, &system) != 0 || system.f_type != TMPFS_MAGIC) {
    return svar_fail(SVAR_ERR_SYNTAX, "a request's body must be a memfd; this is none");
  }
  if ((seals & SVARI_BODY_SEALS) != SVARI_BODY_SEALS) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "a request's body must be a memfd sealed against shrinking and future "
                     "writing; this one has seals 0x%x",
                     (unsigned)seals);
  }
  return SVAR_OK;
}

// After the seals: no page that is there now can go.
static svar_ret_t
check_pages(int fd, uint64_t size_bytes)
{
  off_t hole = size_bytes > 0 ? lseek(fd, 0, SEEK_HOLE) : 0;
  if (hole < 0 || (uint64_t)hole < size_bytes) {
    return svar_fail(SVAR_ERR_SYNTAX, "a request's body of %llu bytes has a hole at byte %lld",
                     (unsigned long long)size_bytes, (long long)hole);
  }
  return SVAR_OK;
}

static svar_ret_t
check_size(uint64_t size_bytes, uint64_t body_bytes)
{
  return body_bytes <= size_bytes
             ? SVAR_OK
             : svar_fail(SVAR_ERR_SYNTAX, "a request's memfd has %llu bytes, its body %llu",
                         (unsigned long long)size_bytes, (unsigned long long)body_bytes);
}

static svar_ret_t
map_body(int fd, const struct stat *status, svari_body_t *out_body)
{
  uint64_t size_bytes = (uint64_t)status->st_size;
  SVAR_TRY(check_pages(fd, size_bytes));
  void *map = mmap(NULL, size_bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) {
    return svar_fail(SVAR_ERR_SYSTEM, "the holder cannot map a request's body of %llu bytes: %s",
                     (unsigned long long)size_bytes, strerror(errno));
  }
  madvise(map, size_bytes, MADV_DONTFORK); // a child would keep the client's memory
  madvise(map, size_bytes, MADV_POPULATE_READ);
  *out_body = (svari_body_t){
      .map = map, .size_bytes = size_bytes, .device = status->st_dev, .inode = status->st_ino};
  return SVAR_OK;
}

// --- what is mapped --------------------------------------------------------------------------------

static void
unmap(svari_body_t *body)
{
  if (body->map != NULL) {
    munmap((void *)(uintptr_t)body->map, body->size_bytes);
    *body = (svari_body_t){.map = NULL};
  }
}

// The client's own, a free one, or the one that was not used for longest.
static svari_body_t *
find_place(svari_bodies_t *bodies, uint32_t client)
{
  svari_body_t *place = &bodies->bodies[0];
  for (size_t i = 0; i < SVARI_BODIES; i++) {
    svari_body_t *body = &bodies->bodies[i];
    if (body->map != NULL && body->client == client) {
      return body;
    }
    if (body->last_use < place->last_use) {
      place = body;
    }
  }
  return place;
}

// True if it is the client's memfd as it was when it was mapped. (Were it another of the same number, the client
// would have set what it wrote into the first one.)
static bool
is_mapped(const svari_body_t *body, uint32_t client, const struct stat *status)
{
  return body->map != NULL && body->client == client && body->device == status->st_dev &&
         body->inode == status->st_ino && body->size_bytes == (uint64_t)status->st_size;
}

svar_ret_t
svari_bodies_find(svari_bodies_t *bodies, uint32_t client, int fd, uint64_t body_bytes,
                  const uint8_t **out_bytes)
{
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
    return svar_fail(SVAR_ERR_SYNTAX, "a request's body is no file, or empty");
  }
  SVAR_TRY(check_size((uint64_t)status.st_size, body_bytes));
  svari_body_t *body = find_place(bodies, client);
  if (!is_mapped(body, client, &status)) {
    svari_body_t fresh;
    SVAR_TRY(check_seals(fd));
    SVAR_TRY(map_body(fd, &status, &fresh));
    unmap(body);
    *body = fresh;
    body->client = client;
  }
  body->last_use = ++bodies->uses;
  *out_bytes = body->map;
  return SVAR_OK;
}

void
svari_bodies_drop(svari_bodies_t *bodies, uint32_t client)
{
  for (size_t i = 0; i < SVARI_BODIES; i++) {
    if (bodies->bodies[i].client == client) {
      unmap(&bodies->bodies[i]);
    }
  }
}

void
svari_bodies_close(svari_bodies_t *bodies)
{
  for (size_t i = 0; i < SVARI_BODIES; i++) {
    unmap(&bodies->bodies[i]);
  }
}
