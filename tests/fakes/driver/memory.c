// Memory of the stand-in driver: an allocation is a memfd, a range of addresses has no access at all, and the
// bytes are reached through a second mapping of the memfd, which only the stand-in knows.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/driver/fake_driver.h"

typedef struct allocation {
  struct allocation *next;
  int fd;
  int references; // its handle's, and one for each range that it is mapped to
  bool has_handle;
  size_t size_bytes;
  uint8_t *bytes; // with a page behind them that nobody may touch
} allocation_t;

typedef struct range {
  struct range *next;
  uintptr_t address;
  size_t size_bytes;
  void *reserved;           // what was mapped to have an aligned address in it
  allocation_t *allocation; // NULL: not mapped
  int access[FAKE_DEVICES_MAX];
} range_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static allocation_t *allocations;
static range_t *ranges;

enum { GUARD_BYTES = 4096 };

// --- allocations -------------------------------------------------------------------------------------------

// Takes fd over if it succeeds.
static allocation_t *
allocation_new(int fd, size_t size_bytes)
{
  allocation_t *allocation = calloc(1, sizeof(*allocation));
  uint8_t *bytes = mmap(NULL, size_bytes + GUARD_BYTES, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (allocation == NULL || bytes == MAP_FAILED ||
      mmap(bytes, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
          MAP_FAILED) {
    free(allocation);
    if (bytes != MAP_FAILED) {
      munmap(bytes, size_bytes + GUARD_BYTES);
    }
    return NULL;
  }
  *allocation = (allocation_t){
      .fd = fd, .references = 1, .has_handle = true, .size_bytes = size_bytes, .bytes = bytes};
  pthread_mutex_lock(&lock);
  allocation->next = allocations;
  allocations = allocation;
  pthread_mutex_unlock(&lock);
  fake_count(1);
  return allocation;
}

// Holding the lock.
static void
allocation_unref(allocation_t *allocation)
{
  if (--allocation->references > 0) {
    return;
  }
  allocation_t **link = &allocations;
  while (*link != allocation) {
    link = &(*link)->next;
  }
  *link = allocation->next;
  munmap(allocation->bytes, allocation->size_bytes + GUARD_BYTES);
  close(allocation->fd);
  free(allocation);
}

// The allocation whose handle this is and still stands, holding the lock.
static allocation_t *
allocation_of(svari_cu_allocation_t handle)
{
  for (allocation_t *allocation = allocations; allocation != NULL; allocation = allocation->next) {
    if ((uintptr_t)allocation == handle && allocation->has_handle) {
      return allocation;
    }
  }
  return NULL;
}

static bool
are_usual(const svari_cu_properties_t *properties)
{
  return properties->type == SVARI_CU_PINNED && properties->location.type == SVARI_CU_ON_DEVICE &&
         properties->location.id >= 0 && properties->location.id < fake_device_count() &&
         properties->handle_types == SVARI_CU_POSIX_FD;
}

svari_cu_result_t
cuMemGetAllocationGranularity(size_t *out_bytes, const svari_cu_properties_t *properties,
                              svari_cu_granularity_t option)
{
  FAKE_TRY(fake_enter(__func__));
  if (!are_usual(properties) || option != SVARI_CU_GRANULARITY_MINIMUM) {
    return SVARI_CU_INVALID_VALUE;
  }
  *out_bytes = FAKE_GRANULARITY;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemCreate(svari_cu_allocation_t *out_handle, size_t size_bytes,
            const svari_cu_properties_t *properties, unsigned long long flags)
{
  FAKE_TRY(fake_enter(__func__));
  if (size_bytes == 0 || size_bytes % FAKE_GRANULARITY != 0 || !are_usual(properties) ||
      flags != 0) {
    return SVARI_CU_INVALID_VALUE;
  }
  int fd = memfd_create("stand-in device memory", MFD_CLOEXEC);
  if (fd < 0) {
    return SVARI_CU_OPERATING_SYSTEM;
  }
  allocation_t *allocation =
      ftruncate(fd, (off_t)size_bytes) == 0 ? allocation_new(fd, size_bytes) : NULL;
  if (allocation == NULL) {
    close(fd);
    return SVARI_CU_OUT_OF_MEMORY;
  }
  *out_handle = (uintptr_t)allocation;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemRelease(svari_cu_allocation_t handle)
{
  FAKE_TRY(fake_enter(__func__));
  pthread_mutex_lock(&lock);
  allocation_t *allocation = allocation_of(handle);
  if (allocation != NULL) {
    allocation->has_handle = false;
    allocation_unref(allocation);
  }
  pthread_mutex_unlock(&lock);
  fake_count(allocation != NULL ? -1 : 0);
  return allocation != NULL ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_VALUE;
}

// Not closed on exec: nothing says that the real driver's is.
svari_cu_result_t
cuMemExportToShareableHandle(void *out_descriptor, svari_cu_allocation_t handle,
                             svari_cu_handle_type_t type, unsigned long long flags)
{
  FAKE_TRY(fake_enter(__func__));
  if (type != SVARI_CU_POSIX_FD || flags != 0) {
    return SVARI_CU_INVALID_VALUE;
  }
  pthread_mutex_lock(&lock);
  allocation_t *allocation = allocation_of(handle);
  int fd = allocation != NULL ? dup(allocation->fd) : -1;
  pthread_mutex_unlock(&lock);
  if (fd < 0) {
    return allocation != NULL ? SVARI_CU_OPERATING_SYSTEM : SVARI_CU_INVALID_VALUE;
  }
  memcpy(out_descriptor, &fd, sizeof(fd));
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemImportFromShareableHandle(svari_cu_allocation_t *out_handle, void *descriptor,
                               svari_cu_handle_type_t type)
{
  FAKE_TRY(fake_enter(__func__));
  struct stat file;
  int given = (int)(intptr_t)descriptor;
  if (type != SVARI_CU_POSIX_FD || fstat(given, &file) != 0 || file.st_size == 0 ||
      file.st_size % FAKE_GRANULARITY != 0) {
    return SVARI_CU_INVALID_VALUE;
  }
  int fd = fcntl(given, F_DUPFD_CLOEXEC, 0);
  allocation_t *allocation = fd >= 0 ? allocation_new(fd, (size_t)file.st_size) : NULL;
  if (allocation == NULL) {
    close(fd);
    return SVARI_CU_OPERATING_SYSTEM;
  }
  *out_handle = (uintptr_t)allocation;
  return SVARI_CU_SUCCESS;
}

// --- ranges of addresses -----------------------------------------------------------------------------------

static range_t *
range_at(svari_cu_address_t address, size_t size_bytes)
{
  range_t *range = ranges;
  while (range != NULL && (range->address != address || range->size_bytes != size_bytes)) {
    range = range->next;
  }
  return range;
}

svari_cu_result_t
cuMemAddressReserve(svari_cu_address_t *out_address, size_t size_bytes, size_t alignment,
                    svari_cu_address_t wish, unsigned long long flags)
{
  FAKE_TRY(fake_enter(__func__));
  if (size_bytes == 0 || size_bytes % FAKE_GRANULARITY != 0 || alignment != 0 || wish != 0 ||
      flags != 0) {
    return SVARI_CU_INVALID_VALUE;
  }
  range_t *range = calloc(1, sizeof(*range));
  void *reserved = mmap(NULL, size_bytes + FAKE_GRANULARITY, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (range == NULL || reserved == MAP_FAILED) {
    free(range);
    return SVARI_CU_OUT_OF_MEMORY;
  }
  uintptr_t address = ((uintptr_t)reserved + FAKE_GRANULARITY - 1) & -(uintptr_t)FAKE_GRANULARITY;
  *range = (range_t){.address = address, .size_bytes = size_bytes, .reserved = reserved};
  pthread_mutex_lock(&lock);
  range->next = ranges;
  ranges = range;
  pthread_mutex_unlock(&lock);
  fake_count(1);
  *out_address = address;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemAddressFree(svari_cu_address_t address, size_t size_bytes)
{
  FAKE_TRY(fake_enter(__func__));
  pthread_mutex_lock(&lock);
  range_t **link = &ranges;
  while (*link != NULL && ((*link)->address != address || (*link)->size_bytes != size_bytes)) {
    link = &(*link)->next;
  }
  range_t *range = *link;
  if (range == NULL || range->allocation != NULL) {
    pthread_mutex_unlock(&lock);
    return SVARI_CU_INVALID_VALUE;
  }
  *link = range->next;
  pthread_mutex_unlock(&lock);
  munmap(range->reserved, size_bytes + FAKE_GRANULARITY);
  free(range);
  fake_count(-1);
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemMap(svari_cu_address_t address, size_t size_bytes, size_t offset, svari_cu_allocation_t handle,
         unsigned long long flags)
{
  FAKE_TRY(fake_enter(__func__));
  pthread_mutex_lock(&lock);
  range_t *range = range_at(address, size_bytes);
  allocation_t *allocation = allocation_of(handle);
  bool fits = range != NULL && range->allocation == NULL && allocation != NULL && offset == 0 &&
              flags == 0 && size_bytes <= allocation->size_bytes;
  if (fits) {
    range->allocation = allocation;
    memset(range->access, 0, sizeof(range->access));
    allocation->references++;
  }
  pthread_mutex_unlock(&lock);
  fake_count(fits ? 1 : 0);
  return fits ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_VALUE;
}

svari_cu_result_t
cuMemUnmap(svari_cu_address_t address, size_t size_bytes)
{
  FAKE_TRY(fake_enter(__func__));
  pthread_mutex_lock(&lock);
  range_t *range = range_at(address, size_bytes);
  bool is_mapped = range != NULL && range->allocation != NULL;
  if (is_mapped) {
    allocation_unref(range->allocation);
    range->allocation = NULL;
  }
  pthread_mutex_unlock(&lock);
  fake_count(is_mapped ? -1 : 0);
  return is_mapped ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_VALUE;
}

svari_cu_result_t
cuMemSetAccess(svari_cu_address_t address, size_t size_bytes, const svari_cu_access_t *grants,
               size_t count)
{
  FAKE_TRY(fake_enter(__func__));
  if (count != 1 || grants->location.type != SVARI_CU_ON_DEVICE || grants->location.id < 0 ||
      grants->location.id >= fake_device_count()) {
    return SVARI_CU_INVALID_VALUE;
  }
  pthread_mutex_lock(&lock);
  range_t *range = range_at(address, size_bytes);
  bool is_mapped = range != NULL && range->allocation != NULL;
  if (is_mapped) {
    range->access[grants->location.id] = grants->access;
  }
  pthread_mutex_unlock(&lock);
  return is_mapped ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_VALUE;
}

void *
fake_memory_find(int device, svari_cu_address_t address, size_t size_bytes, int access)
{
  void *found = NULL;
  pthread_mutex_lock(&lock);
  for (range_t *range = ranges; range != NULL; range = range->next) {
    uint64_t offset = address - range->address;
    if (address >= range->address && offset < range->size_bytes &&
        size_bytes <= range->size_bytes - offset && range->allocation != NULL &&
        (range->access[device] & access) == access) {
      found = range->allocation->bytes + offset;
    }
  }
  pthread_mutex_unlock(&lock);
  return found;
}

// --- pages of the host -------------------------------------------------------------------------------------

typedef struct registration {
  struct registration *next;
  void *start;
} registration_t;

static registration_t *registrations; // under the lock

static registration_t **
registration_at(const void *start)
{
  registration_t **link = &registrations;
  while (*link != NULL && (*link)->start != start) {
    link = &(*link)->next;
  }
  return link;
}

svari_cu_result_t
cuMemHostRegister(void *start, size_t size_bytes, unsigned flags)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  registration_t *registration = malloc(sizeof(*registration));
  if (start == NULL || size_bytes == 0 || registration == NULL ||
      (flags & ~(unsigned)(SVARI_CU_REGISTER_PORTABLE | SVARI_CU_REGISTER_READ_ONLY)) != 0) {
    free(registration);
    return SVARI_CU_INVALID_VALUE;
  }
  pthread_mutex_lock(&lock);
  registration_t **link = registration_at(start);
  bool is_new = *link == NULL;
  if (is_new) {
    *registration = (registration_t){.next = registrations, .start = start};
    registrations = registration;
  }
  pthread_mutex_unlock(&lock);
  if (!is_new) {
    free(registration);
    return SVARI_CU_HOST_ALREADY_REGISTERED;
  }
  fake_count(1);
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemHostUnregister(void *start)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  pthread_mutex_lock(&lock);
  registration_t **link = registration_at(start);
  registration_t *registration = *link;
  if (registration != NULL) {
    *link = registration->next;
  }
  pthread_mutex_unlock(&lock);
  if (registration == NULL) {
    return SVARI_CU_HOST_NOT_REGISTERED;
  }
  free(registration);
  fake_count(-1);
  return SVARI_CU_SUCCESS;
}
