// A body must be one that the holder may map: ipc/service_body.h says what such a memfd is. Its seals keep us, too,
// from mapping it a second time for writing, and so it is mapped once, as long as it may ever become: pages
// beyond its end take nothing but addresses.
#include "ipc/remote_body.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/service_body.h"
#include "ipc/service_socket.h"
#include "store/store_impl.h"

static const uint64_t LEAST_ROOM_BYTES = UINT64_C(1) << 26;
static const uint64_t ALIGNMENT = 64;
static const uint64_t PAGE_BYTES = 4096;

static svar_ret_t
fail_memfd(const char *what, const char *store_name)
{
  return svar_fail(errno == ENOSPC || errno == ENOMEM ? SVAR_ERR_NO_MEMORY : SVAR_ERR_SYSTEM,
                   "%s a memfd for store '%s': %s", what, store_name, strerror(errno));
}

// Where address space is limited, less will do.
static svar_ret_t
map_room(svari_remote_body_t *body, const char *store_name)
{
  for (uint64_t room = svari_default_capacity_bytes(); room >= LEAST_ROOM_BYTES; room /= 2) {
    void *map = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, body->fd, 0);
    if (map != MAP_FAILED) {
      madvise(map, room, MADV_HUGEPAGE);
      body->map = map;
      body->room_bytes = room;
      return SVAR_OK;
    }
  }
  return fail_memfd("mapping", store_name);
}

svar_ret_t
svari_remote_body_open(const char *store_name, svari_remote_body_t *out_body)
{
  svari_remote_body_t body = {.fd =
                                  memfd_create("shared_variable", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
  if (body.fd < 0) {
    return fail_memfd("making", store_name);
  }
  svar_ret_t ret = map_room(&body, store_name);
  if (ret == SVAR_OK && fcntl(body.fd, F_ADD_SEALS, SVARI_BODY_SEALS) != 0) {
    ret = fail_memfd("sealing", store_name);
  }
  if (ret != SVAR_OK) {
    svari_remote_body_close(&body);
    return ret;
  }
  *out_body = body;
  return SVAR_OK;
}

static uint64_t
round_up(uint64_t bytes, uint64_t unit)
{
  return (bytes + unit - 1) / unit * unit;
}

static svar_ret_t
enlarge(svari_remote_body_t *body, const char *store_name, uint64_t size_bytes)
{
  if (ftruncate(body->fd, (off_t)size_bytes) != 0) {
    return fail_memfd("enlarging", store_name);
  }
  // If this fails, the rest is a hole, which the holder refuses: the next attempt begins here again.
  if (madvise(body->map + body->size_bytes, size_bytes - body->size_bytes, MADV_POPULATE_WRITE) !=
      0) {
    return fail_memfd("taking memory for", store_name);
  }
  body->size_bytes = size_bytes;
  return SVAR_OK;
}

svar_ret_t
svari_remote_body_take(svari_remote_body_t *body, const char *store_name, uint64_t size_bytes,
                       uint64_t *out_offset)
{
  uint64_t offset = round_up(body->end_bytes, ALIGNMENT);
  if (size_bytes > body->room_bytes - offset) {
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "the values of one change of store '%s' take more than %llu bytes, for which "
                     "there are addresses: change them in several",
                     store_name, (unsigned long long)body->room_bytes);
  }
  uint64_t end = offset + size_bytes;
  if (end > body->size_bytes) {
    SVAR_TRY(enlarge(body, store_name, round_up(end, PAGE_BYTES)));
  }
  body->end_bytes = end;
  *out_offset = offset;
  return SVAR_OK;
}

void
svari_remote_body_close(svari_remote_body_t *body)
{
  if (body->map != NULL) {
    munmap(body->map, body->room_bytes);
  }
  if (body->fd >= 0) {
    close(body->fd);
  }
  *body = SVARI_REMOTE_BODY_NONE;
}
