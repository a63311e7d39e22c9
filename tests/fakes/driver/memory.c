// Memory of the stand-in driver: an allocation is a memfd; reserved addresses have no access at all, and the bytes are
// reached through a shadow of the same size, into which memfds are mapped and which only the stand-in knows.
// Allocations that are mapped one behind the other are one piece of memory, as on a device.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/driver/fake_driver.h"

#define MEMFD_NAME "stand-in device memory"

typedef struct allocation {
  struct allocation *next;
  int fd;
  int references; // its handle's, and one for each range that it is mapped to
  bool has_handle;
  size_t size_bytes;
} allocation_t;

// A mapping of an allocation to addresses of a reservation.
typedef struct range {
  struct range *next;
  uintptr_t address;
  size_t size_bytes;
  allocation_t *allocation;
  int access[FAKE_DEVICES_MAX];
} range_t;

typedef struct reservation {
  struct reservation *next;
  uintptr_t address;
  size_t size_bytes;
  void *reserved;  // what was mapped to have an aligned address in it
  uint8_t *shadow; // the bytes, with a page behind them that nobody may touch
  range_t *ranges;
} reservation_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static allocation_t *allocations;
static reservation_t *reservations;

enum { GUARD_BYTES = 4096 };

static void *
map_nothing(size_t size_bytes)
{
  void *map = mmap(NULL, size_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return map == MAP_FAILED ? NULL : map;
}

// --- allocations -------------------------------------------------------------------------------------------

// Takes fd over if it succeeds.
static allocation_t *
allocation_new(int fd, size_t size_bytes)
{
  allocation_t *allocation = calloc(1, sizeof(*allocation));
  if (allocation == NULL) {
    return NULL;
  }
  *allocation =
      (allocation_t){.fd = fd, .references = 1, .has_handle = true, .size_bytes = size_bytes};
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
  int fd = memfd_create(MEMFD_NAME, MFD_CLOEXEC);
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

// A driver knows its own.
static bool
is_device_memory(int fd)
{
  char link[64];
  char target[64] = "";
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  return readlink(link, target, sizeof(target) - 1) > 0 &&
         strncmp(target, "/memfd:" MEMFD_NAME, strlen("/memfd:" MEMFD_NAME)) == 0;
}

svari_cu_result_t
cuMemImportFromShareableHandle(svari_cu_allocation_t *out_handle, void *descriptor,
                               svari_cu_handle_type_t type)
{
  FAKE_TRY(fake_enter(__func__));
  struct stat file;
  int given = (int)(intptr_t)descriptor;
  if (type != SVARI_CU_POSIX_FD || !is_device_memory(given) || fstat(given, &file) != 0) {
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

// --- addresses ---------------------------------------------------------------------------------------------

static bool
is_within(uintptr_t outer, size_t outer_bytes, uintptr_t address, size_t size_bytes)
{
  return address >= outer && address - outer < outer_bytes &&
         size_bytes <= outer_bytes - (address - outer);
}

// All of these: holding the lock.
static reservation_t *
reservation_around(uintptr_t address, size_t size_bytes)
{
  reservation_t *found = reservations;
  while (found != NULL && !is_within(found->address, found->size_bytes, address, size_bytes)) {
    found = found->next;
  }
  return found;
}

// The link to the mapping of exactly these addresses, or to the end of the list.
static range_t **
range_at(reservation_t *reservation, uintptr_t address, size_t size_bytes)
{
  range_t **link = &reservation->ranges;
  while (*link != NULL && ((*link)->address != address || (*link)->size_bytes != size_bytes)) {
    link = &(*link)->next;
  }
  return link;
}

static bool
is_free(const reservation_t *reservation, uintptr_t address, size_t size_bytes)
{
  for (const range_t *range = reservation->ranges; range != NULL; range = range->next) {
    if (range->address < address + size_bytes && address < range->address + range->size_bytes) {
      return false;
    }
  }
  return true;
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
  reservation_t *reservation = calloc(1, sizeof(*reservation));
  void *reserved = map_nothing(size_bytes + FAKE_GRANULARITY);
  uint8_t *shadow = map_nothing(size_bytes + GUARD_BYTES);
  if (reservation == NULL || reserved == NULL || shadow == NULL) {
    abort(); // no test takes the host's own memory away
  }
  uintptr_t address = ((uintptr_t)reserved + FAKE_GRANULARITY - 1) & -(uintptr_t)FAKE_GRANULARITY;
  *reservation = (reservation_t){
      .address = address, .size_bytes = size_bytes, .reserved = reserved, .shadow = shadow};
  pthread_mutex_lock(&lock);
  reservation->next = reservations;
  reservations = reservation;
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
  reservation_t **link = &reservations;
  while (*link != NULL && ((*link)->address != address || (*link)->size_bytes != size_bytes)) {
    link = &(*link)->next;
  }
  reservation_t *reservation = *link;
  if (reservation == NULL || reservation->ranges != NULL) {
    pthread_mutex_unlock(&lock);
    return SVARI_CU_INVALID_VALUE;
  }
  *link = reservation->next;
  pthread_mutex_unlock(&lock);
  munmap(reservation->reserved, size_bytes + FAKE_GRANULARITY);
  munmap(reservation->shadow, size_bytes + GUARD_BYTES);
  free(reservation);
  fake_count(-1);
  return SVARI_CU_SUCCESS;
}

static svari_cu_result_t
map_locked(uintptr_t address, size_t size_bytes, allocation_t *allocation)
{
  reservation_t *reservation = reservation_around(address, size_bytes);
  if (reservation == NULL || allocation == NULL || size_bytes == 0 ||
      size_bytes > allocation->size_bytes || address % FAKE_GRANULARITY != 0 ||
      !is_free(reservation, address, size_bytes)) {
    return SVARI_CU_INVALID_VALUE;
  }
  range_t *range = calloc(1, sizeof(*range));
  if (range == NULL ||
      mmap(reservation->shadow + (address - reservation->address), size_bytes,
           PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, allocation->fd, 0) == MAP_FAILED) {
    free(range);
    return SVARI_CU_OUT_OF_MEMORY;
  }
  *range = (range_t){.next = reservation->ranges,
                     .address = address,
                     .size_bytes = size_bytes,
                     .allocation = allocation};
  reservation->ranges = range;
  allocation->references++;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemMap(svari_cu_address_t address, size_t size_bytes, size_t offset, svari_cu_allocation_t handle,
         unsigned long long flags)
{
  FAKE_TRY(fake_enter(__func__));
  if (offset != 0 || flags != 0) {
    return SVARI_CU_INVALID_VALUE;
  }
  pthread_mutex_lock(&lock);
  svari_cu_result_t result = map_locked(address, size_bytes, allocation_of(handle));
  pthread_mutex_unlock(&lock);
  fake_count(result == SVARI_CU_SUCCESS ? 1 : 0);
  return result;
}

static bool
unmap_locked(uintptr_t address, size_t size_bytes)
{
  reservation_t *reservation = reservation_around(address, size_bytes);
  range_t **link = reservation != NULL ? range_at(reservation, address, size_bytes) : NULL;
  if (link == NULL || *link == NULL) {
    return false;
  }
  range_t *range = *link;
  *link = range->next;
  mmap(reservation->shadow + (address - reservation->address), size_bytes, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  allocation_unref(range->allocation);
  free(range);
  return true;
}

svari_cu_result_t
cuMemUnmap(svari_cu_address_t address, size_t size_bytes)
{
  FAKE_TRY(fake_enter(__func__));
  pthread_mutex_lock(&lock);
  bool was_mapped = unmap_locked(address, size_bytes);
  pthread_mutex_unlock(&lock);
  fake_count(was_mapped ? -1 : 0);
  return was_mapped ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_VALUE;
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
  reservation_t *reservation = reservation_around(address, size_bytes);
  range_t *range = reservation != NULL ? *range_at(reservation, address, size_bytes) : NULL;
  if (range != NULL) {
    range->access[grants->location.id] = grants->access;
  }
  pthread_mutex_unlock(&lock);
  return range != NULL ? SVARI_CU_SUCCESS : SVARI_CU_INVALID_VALUE;
}

// True if every byte is mapped, and the device may access it so.
static bool
is_accessible_locked(const reservation_t *reservation, int device, uintptr_t address,
                     size_t size_bytes, int access)
{
  size_t found = 0;
  for (const range_t *range = reservation->ranges; range != NULL; range = range->next) {
    uintptr_t first = range->address > address ? range->address : address;
    uintptr_t last = range->address + range->size_bytes < address + size_bytes
                         ? range->address + range->size_bytes
                         : address + size_bytes;
    if (first < last && (range->access[device] & access) == access) {
      found += last - first;
    }
  }
  return found == size_bytes;
}

void *
fake_memory_find(int device, svari_cu_address_t address, size_t size_bytes, int access)
{
  void *found = NULL;
  pthread_mutex_lock(&lock);
  const reservation_t *reservation = reservation_around(address, size_bytes);
  if (reservation != NULL &&
      is_accessible_locked(reservation, device, address, size_bytes, access)) {
    found = reservation->shadow + (address - reservation->address);
  }
  pthread_mutex_unlock(&lock);
  return found;
}

// --- pages of the host -------------------------------------------------------------------------------------
//
// What a real driver does with pages that are not there when they are registered is to fault them in, and it goes on with
// the old ones when they are taken away after that; what it does when they are unregistered while a copy of them is
// under way, nobody says. All of these end the process here.

struct fake_registration {
  fake_registration_t *next;
  uintptr_t start;
  size_t size_bytes;
  int copies; // under way
};

static fake_registration_t *registrations; // under the lock
static int fast_copies;                    // the same

// Ends the process unless every page is in memory.
static void
check_resident(const fake_registration_t *registration, const char *when)
{
  enum { PAGE_BYTES = 4096, PAGES = 256 };
  uintptr_t end = registration->start + registration->size_bytes;
  for (uintptr_t page = registration->start & -(uintptr_t)PAGE_BYTES; page < end;
       page += (uintptr_t)PAGES * PAGE_BYTES) {
    unsigned char is_there[PAGES];
    size_t left = (end - page + PAGE_BYTES - 1) / PAGE_BYTES;
    size_t count = left < PAGES ? left : PAGES;
    bool are_mapped = mincore((void *)page, count * PAGE_BYTES, is_there) == 0;
    for (size_t i = 0; i < count; ++i) {
      if (!are_mapped || (is_there[i] & 1) == 0) {
        fprintf(stderr, "a registered page of the host is not in memory when %s\n", when);
        abort();
      }
    }
  }
}

static fake_registration_t **
registration_at(uintptr_t start)
{
  fake_registration_t **link = &registrations;
  while (*link != NULL && (*link)->start != start) {
    link = &(*link)->next;
  }
  return link;
}

// One that has some of these bytes.
static fake_registration_t *
registration_in(uintptr_t start, size_t size_bytes)
{
  fake_registration_t *found = registrations;
  while (found != NULL &&
         (found->start >= start + size_bytes || start >= found->start + found->size_bytes)) {
    found = found->next;
  }
  return found;
}

static svari_cu_result_t
register_locked(uintptr_t start, size_t size_bytes)
{
  if (registration_in(start, size_bytes) != NULL) {
    return SVARI_CU_HOST_ALREADY_REGISTERED;
  }
  fake_registration_t *registration = malloc(sizeof(*registration));
  if (registration == NULL) {
    return SVARI_CU_OUT_OF_MEMORY;
  }
  *registration = (fake_registration_t){registrations, start, size_bytes, 0};
  check_resident(registration, "it is registered");
  registrations = registration;
  fake_count(1);
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuMemHostRegister(void *start, size_t size_bytes, unsigned flags)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  if (start == NULL || size_bytes == 0 || flags != SVARI_CU_REGISTER_PORTABLE) {
    return SVARI_CU_INVALID_VALUE;
  }
  pthread_mutex_lock(&lock);
  svari_cu_result_t result = register_locked((uintptr_t)start, size_bytes);
  pthread_mutex_unlock(&lock);
  return result;
}

svari_cu_result_t
cuMemHostUnregister(void *start)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  pthread_mutex_lock(&lock);
  fake_registration_t **link = registration_at((uintptr_t)start);
  fake_registration_t *registration = *link;
  if (registration != NULL) {
    check_resident(registration, "it is unregistered");
    if (registration->copies > 0) {
      fprintf(stderr, "host memory is unregistered while a copy of it is under way\n");
      abort();
    }
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

svari_cu_result_t
fake_memory_hold_host(const void *start, size_t size_bytes, fake_registration_t **out_held)
{
  svari_cu_result_t result = SVARI_CU_SUCCESS;
  pthread_mutex_lock(&lock);
  fake_registration_t *found = registration_in((uintptr_t)start, size_bytes);
  if (found != NULL) {
    check_resident(found, "it is copied");
    result = is_within(found->start, found->size_bytes, (uintptr_t)start, size_bytes)
                 ? SVARI_CU_SUCCESS
                 : SVARI_CU_INVALID_VALUE;
    found->copies += result == SVARI_CU_SUCCESS;
    fast_copies += result == SVARI_CU_SUCCESS;
  }
  pthread_mutex_unlock(&lock);
  *out_held = found;
  return result;
}

void
fake_memory_let_go_host(fake_registration_t *held)
{
  if (held != NULL) {
    pthread_mutex_lock(&lock);
    held->copies--;
    pthread_mutex_unlock(&lock);
  }
}

size_t
fake_memory_registered(void)
{
  size_t size_bytes = 0;
  pthread_mutex_lock(&lock);
  for (const fake_registration_t *one = registrations; one != NULL; one = one->next) {
    size_bytes += one->size_bytes;
  }
  pthread_mutex_unlock(&lock);
  return size_bytes;
}

int
fake_memory_fast_copies(void)
{
  pthread_mutex_lock(&lock);
  int count = fast_copies;
  pthread_mutex_unlock(&lock);
  return count;
}
