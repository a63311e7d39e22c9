#include "store/private_region.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/store_impl.h"

// Address space is reserved without access and opened as the store grows: reserved pages cost nothing
// and count nowhere, not even under mlockall() or strict overcommit.
typedef struct private_region {
  svari_region_t base;
  uint64_t open_bytes;
  bool is_attached; // the one handle's process record
} private_region_t;

static svar_ret_t
private_commit(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  private_region_t *region = (private_region_t *)space;
  const svari_region_t *base = &region->base;
  uint64_t end = offset + size_bytes;
  uint64_t first = offset & ~(uint64_t)(SVARI_PAGE_BYTES - 1);
  uint64_t last = (end + SVARI_PAGE_BYTES - 1) & ~(uint64_t)(SVARI_PAGE_BYTES - 1);
  if (last > region->open_bytes &&
      mprotect(base->write_base + region->open_bytes, last - region->open_bytes,
               PROT_READ | PROT_WRITE) != 0) {
    return svar_fail(SVAR_ERR_NO_SPACE, "no memory for %llu bytes of a private store (%s)",
                     (unsigned long long)size_bytes, strerror(errno));
  }
  region->open_bytes = last > region->open_bytes ? last : region->open_bytes;
  atomic_store_explicit(&space->known_bytes, region->open_bytes, memory_order_relaxed);
  // A hint: where the kernel does not know it, pages are faulted in one by one as they are written.
  madvise(base->write_base + first, last - first, MADV_POPULATE_WRITE);
  return SVAR_OK;
}

static void
private_discard(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  madvise(((private_region_t *)space)->base.write_base + offset, size_bytes, MADV_DONTNEED);
}

static uint64_t
private_extent_bytes(svari_space_t *space)
{
  return ((private_region_t *)space)->open_bytes;
}

static uint64_t
private_memory_bytes(svari_region_t *base)
{
  return ((private_region_t *)base)->open_bytes;
}

static bool
private_process_lock(svari_region_t *base, uint32_t index)
{
  private_region_t *region = (private_region_t *)base;
  if (index != 0 || region->is_attached) {
    return false;
  }
  region->is_attached = true;
  return true;
}

static void
private_process_unlock(svari_region_t *base, uint32_t index)
{
  (void)index;
  ((private_region_t *)base)->is_attached = false;
}

static bool
private_process_is_alive(svari_region_t *base, uint32_t index)
{
  (void)base;
  (void)index;
  return false; // there is no other process
}

static bool
private_is_held(svari_region_t *base)
{
  (void)base;
  return true;
}

static uid_t
private_owner(svari_region_t *base)
{
  (void)base;
  return getuid();
}

static svar_ret_t
private_remove(svari_region_t *base)
{
  // It has no name outside the process; those who wait in it are told.
  atomic_store(&((svari_header_t *)base->write_base)->retired, 1);
  return SVAR_OK;
}

static bool
private_is_removed(svari_region_t *base)
{
  (void)base;
  return false;
}

static void
private_release(svari_region_t *base)
{
  (void)base;
}

static void
private_destroy(svari_region_t *base)
{
  svar_allocator_t allocator = base->allocator;
  if (base->write_base != NULL) {
    munmap(base->write_base, base->space.capacity_bytes);
  }
  if (base->readers != NULL) {
    munmap(base->readers, sizeof(svari_readers_t));
  }
  allocator.deallocate(base, allocator.state);
}

static const svari_space_ops_t private_space_ops = {
    .commit = private_commit,
    .discard = private_discard,
    .extent_bytes = private_extent_bytes,
};

static const svari_region_ops_t private_ops = {
    .backing = SVAR_BACKING_CPU,
    .memory_bytes = private_memory_bytes,
    .process_lock = private_process_lock,
    .process_unlock = private_process_unlock,
    .process_is_alive = private_process_is_alive,
    .is_held = private_is_held,
    .owner = private_owner,
    .remove = private_remove,
    .is_removed = private_is_removed,
    .release = private_release,
    .forked = private_release, // a child has its own copy; its handles refuse all the same
    .destroy = private_destroy,
};

static void *
map_anonymous(uint64_t size_bytes, int protection)
{
  void *map =
      mmap(NULL, size_bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return map == MAP_FAILED ? NULL : map;
}

static svar_ret_t
map_region(private_region_t *region, const char *store_name, uint64_t wanted_bytes)
{
  svari_region_t *base = &region->base;
  svari_space_t *space = &base->space;
  space->capacity_bytes = wanted_bytes != 0 ? wanted_bytes : svari_default_capacity_bytes();
  while ((base->write_base = map_anonymous(space->capacity_bytes, PROT_NONE)) == NULL &&
         wanted_bytes == 0 && space->capacity_bytes / 2 >= SVARI_DEFAULT_CAPACITY_LEAST) {
    space->capacity_bytes /= 2;
  }
  base->readers = map_anonymous(sizeof(svari_readers_t), PROT_READ | PROT_WRITE);
  if (base->write_base == NULL || base->readers == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "store '%s': no address space for %llu bytes (%s); create it with a smaller "
                     "capacity_bytes",
                     store_name, (unsigned long long)base->space.capacity_bytes, strerror(errno));
  }
  base->space.read_base = base->write_base;
  SVAR_TRY(private_commit(&base->space, 0, SVARI_PAGE_BYTES));
  static const uint8_t no_generation[16];
  svari_store_format_header((svari_header_t *)base->write_base, store_name,
                            base->space.capacity_bytes, no_generation);
  svari_store_format_readers(base->readers, no_generation);
  return SVAR_OK;
}

svar_ret_t
svari_private_region_create(const char *store_name, uint64_t capacity_bytes,
                            const svar_allocator_t *allocator, svari_region_t **out_region)
{
  private_region_t *region = allocator->allocate(sizeof(*region), 64, allocator->state);
  if (region == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for store '%s'", store_name);
  }
  *region =
      (private_region_t){.base = {.space = {.ops = &private_space_ops, .grain = &svari_host_grain},
                                  .ops = &private_ops,
                                  .allocator = *allocator}};
  svar_ret_t ret = map_region(region, store_name, capacity_bytes);
  if (ret != SVAR_OK) {
    private_destroy(&region->base);
    return ret;
  }
  *out_region = &region->base;
  return SVAR_OK;
}
