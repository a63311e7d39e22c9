#include "ipc/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ipc/remote_device.h"
#include "ipc/segment_file.h"
#include "ipc/segment_impl.h"
#include "ipc/segment_pages.h"
#include "store/crash_point.h"
#include "store/store_impl.h"

enum {
  HOLDER_BYTE = 0, // of the state file: whoever locks it holds the store
  READERS_MODE = 0660,
  NO_FD = -1
};

typedef struct segment {
  svari_region_t base;
  int state_fd;
  int readers_fd;
  uid_t owner;
  bool lock_memory;
  bool huge_pages;
  svari_store_paths_t paths;
} segment_t;

// --- the region's functions ------------------------------------------------------------------------

static bool
has_no_name(int fd)
{
  struct stat status;
  return fstat(fd, &status) == 0 && status.st_nlink == 0;
}

// Without either of its files a store can neither be opened nor resumed.
static bool
segment_is_removed(svari_region_t *base)
{
  const segment_t *segment = (const segment_t *)base;
  return has_no_name(segment->state_fd) || has_no_name(segment->readers_fd);
}

static void
segment_discard(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  const segment_t *segment = (const segment_t *)space;
  fallocate(segment->state_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
            (off_t)size_bytes);
}

static svar_ret_t
segment_commit(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  segment_t *segment = (segment_t *)space;
  svari_region_t *base = &segment->base;
  SVAR_TRY(svari_file_allocate(segment->state_fd, segment->paths.state, offset, size_bytes));
  if (segment_is_removed(base)) {
    atomic_store(&base->readers->suspected, 1); // the next transaction says so
  }
  if (segment->lock_memory) {
    svar_ret_t ret = svari_pages_lock(base->write_base + offset, size_bytes, segment->paths.state);
    if (ret != SVAR_OK) {
      segment_discard(space, offset, size_bytes);
      return ret;
    }
  }
  if (segment->huge_pages) {
    svari_pages_collapse(base->write_base + offset, size_bytes);
  }
  uint64_t end = offset + size_bytes;
  if (end > svari_space_known_bytes(space)) {
    atomic_store_explicit(&space->known_bytes, end, memory_order_relaxed);
  }
  // A hint: where the kernel does not know it, pages are faulted in one by one as they are written.
  uint64_t first = offset & ~(uint64_t)(SVARI_PAGE_BYTES - 1);
  madvise(base->write_base + first, end - first, MADV_POPULATE_WRITE);
  return SVAR_OK;
}

static uint64_t
segment_extent_bytes(svari_space_t *space)
{
  const segment_t *segment = (const segment_t *)space;
  uint64_t known = svari_space_known_bytes(space);
  if (segment->state_fd == NO_FD) {
    return known;
  }
  uint64_t extent = svari_file_bytes(segment->state_fd);
  if (segment->lock_memory && extent > known && extent <= space->capacity_bytes) {
    // A read that finds new bytes does not fail because they cannot be locked.
    svari_pages_try_lock(space->read_base + known, extent - known);
  }
  return extent;
}

static uint64_t
segment_memory_bytes(svari_region_t *base)
{
  segment_t *segment = (segment_t *)base;
  return svari_file_memory_bytes(segment->state_fd) + svari_file_memory_bytes(segment->readers_fd);
}

static bool
segment_process_lock(svari_region_t *base, uint32_t index)
{
  return svari_file_lock(((segment_t *)base)->readers_fd, index);
}

static void
segment_process_unlock(svari_region_t *base, uint32_t index)
{
  svari_file_unlock(((segment_t *)base)->readers_fd, index);
}

static bool
segment_process_is_alive(svari_region_t *base, uint32_t index)
{
  return svari_file_is_locked(((segment_t *)base)->readers_fd, index);
}

static bool
segment_is_held(svari_region_t *base)
{
  return svari_file_is_locked(((segment_t *)base)->state_fd, HOLDER_BYTE);
}

static uid_t
segment_owner(svari_region_t *base)
{
  return ((segment_t *)base)->owner;
}

static void
unlink_own(int fd, const char *path)
{
  if (svari_file_is_named(fd, path)) {
    unlink(path);
  }
}

// Retired first, then the socket and the reader table, then the state file: as long as that has its name, and this
// process its lock, nobody can make a store of the same name.
static svar_ret_t
segment_remove(svari_region_t *base)
{
  segment_t *segment = (segment_t *)base;
  atomic_store(&((svari_header_t *)base->write_base)->retired, 1);
  SVARI_CRASH_POINT("remove.retired");
  if (svari_file_is_named(segment->state_fd, segment->paths.state)) {
    unlink(segment->paths.socket);
  }
  unlink_own(segment->readers_fd, segment->paths.readers);
  SVARI_CRASH_POINT("remove.readers_unlinked");
  unlink_own(segment->state_fd, segment->paths.state);
  SVARI_CRASH_POINT("remove.state_unlinked");
  if (svari_file_is_named(segment->state_fd, segment->paths.state)) {
    return svar_fail(SVAR_ERR_PERMISSION, "removing '%s': %s", segment->paths.state,
                     strerror(errno));
  }
  return SVAR_OK;
}

const svari_store_paths_t *
svari_segment_paths(const svari_region_t *base)
{
  return &((const segment_t *)base)->paths;
}

svar_ret_t
svari_segment_status(const svari_region_t *base, struct stat *out_status)
{
  const segment_t *segment = (const segment_t *)base;
  return fstat(segment->state_fd, out_status) == 0
             ? SVAR_OK
             : svar_fail(SVAR_ERR_SYSTEM, "looking at '%s': %s", segment->paths.state,
                         strerror(errno));
}

// Who cleans a store locks the whole table first, and then always removes it.
bool
svari_segment_is_going(svari_region_t *base)
{
  const svari_header_t *header = (const svari_header_t *)base->space.read_base;
  return atomic_load(&header->retired) != 0 || segment_is_removed(base) ||
         svari_file_is_locked_whole(((segment_t *)base)->readers_fd);
}

static void
close_fd(int *fd)
{
  if (*fd != NO_FD) {
    close(*fd);
    *fd = NO_FD;
  }
}

static void
close_files(segment_t *segment)
{
  close_fd(&segment->state_fd);
  close_fd(&segment->readers_fd);
}

// Replaces what this process could write by memory of its own.
static void
seal(svari_region_t *base, bool readers_too)
{
  const int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (base->write_base != NULL) {
    mmap(base->write_base, base->space.capacity_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  }
  if (base->readers != NULL && readers_too) {
    mmap(base->readers, sizeof(svari_readers_t), PROT_READ | PROT_WRITE, flags, -1, 0);
  }
}

static void
segment_release(svari_region_t *base)
{
  segment_t *segment = (segment_t *)base;
  if (segment->state_fd != NO_FD && base->write_base != NULL) {
    seal(base, false); // a thread that still fills a loan must not write the next holder's bytes
    // Closing is not enough while a child that was forked a moment ago still has the descriptor.
    svari_file_unlock(segment->state_fd, HOLDER_BYTE);
  }
  close_files(segment);
}

// What the child can still read stays mapped; even a release of an inherited view touches nothing of
// the parent's.
static void
segment_forked(svari_region_t *base)
{
  close_files((segment_t *)base); // without unlocking: the lock is the parent's
  seal(base, true);
}

static void
unmap(const void *map, uint64_t size_bytes)
{
  if (map != NULL) {
    munmap((void *)(uintptr_t)map, size_bytes);
  }
}

static void
segment_destroy(svari_region_t *base)
{
  svar_allocator_t allocator = base->allocator;
  segment_release(base);
  unmap(base->write_base, base->space.capacity_bytes);
  unmap(base->space.read_base, base->space.capacity_bytes);
  unmap(base->readers, sizeof(svari_readers_t));
  allocator.deallocate(base, allocator.state);
}

static const svari_space_ops_t segment_space_ops = {
    .commit = segment_commit,
    .discard = segment_discard,
    .extent_bytes = segment_extent_bytes,
};

static const svari_region_ops_t segment_ops = {
    .backing = SVAR_BACKING_IPC,
    .memory_bytes = segment_memory_bytes,
    .process_lock = segment_process_lock,
    .process_unlock = segment_process_unlock,
    .process_is_alive = segment_process_is_alive,
    .is_held = segment_is_held,
    .owner = segment_owner,
    .remove = segment_remove,
    .is_removed = segment_is_removed,
    .fetch_device = svari_remote_fetch_device,
    .release = segment_release,
    .forked = segment_forked,
    .destroy = segment_destroy,
};

static svar_ret_t
segment_new(const svari_segment_options_t *options, segment_t **out_segment)
{
  segment_t *segment = options->allocator.allocate(sizeof(*segment), 64, options->allocator.state);
  if (segment == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the handle of store '%s'",
                     options->store_name);
  }
  *segment = (segment_t){
      .base = {.space = {.ops = &segment_space_ops, .grain = &svari_host_grain},
               .ops = &segment_ops,
               .allocator = options->allocator},
      .state_fd = NO_FD,
      .readers_fd = NO_FD,
      .owner = options->owner,
      .lock_memory = options->lock_memory,
      .huge_pages = options->huge_pages,
      .paths = *options->paths,
  };
  *out_segment = segment;
  return SVAR_OK;
}

// Hands the segment out, or takes it down.
static svar_ret_t
finish(svar_ret_t ret, segment_t *segment, svari_region_t **out_region)
{
  if (ret != SVAR_OK) {
    segment_destroy(&segment->base);
    return ret;
  }
  *out_region = &segment->base;
  return SVAR_OK;
}

// --- mapping ---------------------------------------------------------------------------------------

static svar_ret_t
map_readers(segment_t *segment)
{
  void *map;
  SVAR_TRY(svari_file_map(segment->readers_fd, segment->paths.readers, sizeof(svari_readers_t),
                          true, &map));
  segment->base.readers = map;
  return SVAR_OK;
}

static svar_ret_t
map_state_once(segment_t *segment, bool writable, void **out_map)
{
  uint64_t capacity_bytes = segment->base.space.capacity_bytes;
  return segment->huge_pages ? svari_pages_map_huge(segment->state_fd, segment->paths.state,
                                                    capacity_bytes, writable, out_map)
                             : svari_file_map(segment->state_fd, segment->paths.state,
                                              capacity_bytes, writable, out_map);
}

// The holder writes through one mapping and gives out views of another, which nothing can write.
static svar_ret_t
map_state(segment_t *segment, uint64_t capacity_bytes, bool writable)
{
  void *map;
  segment->base.space.capacity_bytes = capacity_bytes;
  SVAR_TRY(map_state_once(segment, false, &map));
  segment->base.space.read_base = map;
  if (writable) {
    SVAR_TRY(map_state_once(segment, true, &map));
    segment->base.write_base = map;
  }
  uint64_t file_bytes = svari_file_bytes(segment->state_fd);
  atomic_store(&segment->base.space.known_bytes,
               file_bytes < capacity_bytes ? file_bytes : capacity_bytes);
  return SVAR_OK;
}

// What is in use when the handle is made; what comes later is locked as it comes. A page stays in memory
// whichever mapping locks it: of the holder's two, the writable one does.
static svar_ret_t
lock_pages(segment_t *segment)
{
  if (!segment->lock_memory) {
    return SVAR_OK;
  }
  const svari_region_t *base = &segment->base;
  const uint8_t *map = base->write_base != NULL ? base->write_base : base->space.read_base;
  SVAR_TRY(svari_pages_lock(base->readers, sizeof(svari_readers_t), segment->paths.readers));
  return svari_pages_lock(map, atomic_load(&base->space.known_bytes), segment->paths.state);
}

static void
unmap_state(segment_t *segment)
{
  unmap(segment->base.write_base, segment->base.space.capacity_bytes);
  unmap(segment->base.space.read_base, segment->base.space.capacity_bytes);
  segment->base.write_base = NULL;
  segment->base.space.read_base = NULL;
}

static svar_ret_t
map_fresh_state(segment_t *segment, uint64_t wanted_bytes)
{
  uint64_t capacity = wanted_bytes == 0 ? svari_default_capacity_bytes() : wanted_bytes;
  for (;;) {
    svar_ret_t ret = map_state(segment, capacity, true);
    if (ret != SVAR_ERR_NO_MEMORY || wanted_bytes != 0 ||
        capacity / 2 < SVARI_DEFAULT_CAPACITY_LEAST) {
      return ret;
    }
    unmap_state(segment);
    capacity /= 2;
  }
}

// --- create ----------------------------------------------------------------------------------------

static svar_ret_t
make_generation(uint8_t generation[16])
{
  if (getrandom(generation, 16, 0) != 16) {
    return svar_fail(SVAR_ERR_SYSTEM, "no random bytes from the system: %s", strerror(errno));
  }
  generation[6] = (uint8_t)((generation[6] & 0x0f) | 0x40); // RFC 9562: version 4
  generation[8] = (uint8_t)((generation[8] & 0x3f) | 0x80);
  return SVAR_OK;
}

static svar_ret_t
make_files(segment_t *segment, const svari_segment_options_t *options)
{
  SVAR_TRY(svari_file_make(options->directory, options->mode, options->group, &segment->state_fd));
  (void)svari_file_lock(segment->state_fd, HOLDER_BYTE); // nobody else can know the file
  SVARI_CRASH_POINT("create.state_made");
  SVAR_TRY(svari_file_allocate(segment->state_fd, segment->paths.state, 0, SVARI_PAGE_BYTES));
  SVAR_TRY(svari_file_make(options->directory, READERS_MODE, options->group, &segment->readers_fd));
  SVAR_TRY(
      svari_file_allocate(segment->readers_fd, segment->paths.readers, 0, sizeof(svari_readers_t)));
  SVAR_TRY(map_fresh_state(segment, options->capacity_bytes));
  SVAR_TRY(map_readers(segment));
  uint8_t generation[16];
  SVAR_TRY(make_generation(generation));
  svari_store_format_header((svari_header_t *)segment->base.write_base, options->store_name,
                            segment->base.space.capacity_bytes, generation);
  svari_store_format_readers(segment->base.readers, generation);
  return SVAR_OK;
}

// The state file's name decides a race of two creators; its holder owns the other name.
static svar_ret_t
name_files(segment_t *segment)
{
  SVARI_CRASH_POINT("create.files_made");
  SVAR_TRY(svari_file_name(segment->state_fd, segment->paths.state));
  SVARI_CRASH_POINT("create.state_named");
  unlink(segment->paths.socket); // of a store whose state file was removed by hand
  unlink(segment->paths.readers);
  svar_ret_t ret = svari_file_name(segment->readers_fd, segment->paths.readers);
  SVARI_CRASH_POINT("create.readers_named");
  if (ret != SVAR_OK) {
    unlink(segment->paths.state);
  }
  return ret;
}

svar_ret_t
svari_segment_create(const svari_segment_options_t *options, svari_region_t **out_region)
{
  segment_t *segment;
  SVAR_TRY(segment_new(options, &segment));
  svar_ret_t ret = make_files(segment, options);
  if (ret == SVAR_OK && (ret = lock_pages(segment)) == SVAR_OK) {
    ret = name_files(segment);
  }
  return finish(ret, segment, out_region);
}

// --- resume ----------------------------------------------------------------------------------------

svar_ret_t
svari_segment_fail_held(int state_fd, const char *store_name, const char *remedy)
{
  svari_header_t header;
  char program[32] = "";
  int32_t pid = 0;
  if (pread(state_fd, &header, sizeof(header), 0) == (ssize_t)sizeof(header)) {
    pid = atomic_load(&header.holder_pid);
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/comm", pid);
    FILE *file = pid > 0 ? fopen(path, "re") : NULL;
    if (file != NULL) {
      if (fgets(program, sizeof(program), file) != NULL) {
        program[strcspn(program, "\n")] = '\0';
      }
      fclose(file);
    }
  }
  if (pid == 0) {
    return svar_fail(SVAR_ERR_HELD,
                     "store '%s' is locked by a process that is opening or closing it, or that has "
                     "locked its file otherwise; try again, or look for it with lsof",
                     store_name);
  }
  if (pid == getpid()) {
    return svar_fail(
        SVAR_ERR_HELD,
        "store '%s' is held by process %d, which is this one: use that handle, or close it first",
        store_name, pid);
  }
  return svar_fail(SVAR_ERR_HELD, "store '%s' is held by process %d%s%s%s: %s", store_name, pid,
                   program[0] != '\0' ? " (" : "", program, program[0] != '\0' ? ")" : "", remedy);
}

// Opens the state file that bears the name and takes its lock. Who cleans or closes a store has the
// lock for less than a moment, after which the answer is another one.
static svar_ret_t
open_and_hold(segment_t *segment, const svari_segment_options_t *options)
{
  const struct timespec moment = {.tv_nsec = 1000 * 1000};
  enum { TRIES = 20 };
  for (int refused = 0;;) {
    SVAR_TRY(svari_file_open(options->paths->state, true, options->owner, &segment->state_fd));
    if (!svari_file_lock(segment->state_fd, HOLDER_BYTE)) {
      if (++refused == TRIES) {
        return svari_segment_fail_held(segment->state_fd, options->store_name,
                                       "one process at a time may commit to a store; stop that "
                                       "one, or use another store name");
      }
      nanosleep(&moment, NULL);
    } else if (svari_file_is_named(segment->state_fd, options->paths->state)) {
      return SVAR_OK;
    }
    close_fd(&segment->state_fd); // taken, or removed by its last holder a moment ago
  }
}

// Copies the header and checks the copy, to see what the file is before anything in it is used.
static svar_ret_t
check_state(segment_t *segment, const char *store_name, svari_header_t *out_header)
{
  ssize_t header_bytes = pread(segment->state_fd, out_header, sizeof(*out_header), 0);
  SVARI_CRASH_POINT("open.header_read");
  // The size after the header: the file only grows, and before the header says so. The other way round a
  // store that grows in between would seem longer than its file.
  uint64_t file_bytes = svari_file_bytes(segment->state_fd);
  if (header_bytes != (ssize_t)sizeof(*out_header)) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' has %llu bytes: less than a store's header",
                     segment->paths.state, (unsigned long long)file_bytes);
  }
  SVAR_TRY(svari_store_check_header(out_header, file_bytes, segment->paths.state));
  if (strncmp(out_header->name, store_name, SVARI_NAME_BYTES) != 0) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' holds the store '%.255s', not '%s'",
                     segment->paths.state, out_header->name, store_name);
  }
  return SVAR_OK;
}

static svar_ret_t
open_readers(segment_t *segment)
{
  const svari_header_t *header = (const svari_header_t *)segment->base.space.read_base;
  SVAR_TRY(svari_file_open(segment->paths.readers, true, segment->owner, &segment->readers_fd));
  uint64_t file_bytes = svari_file_bytes(segment->readers_fd);
  if (file_bytes < sizeof(svari_readers_t)) {
    return svar_fail(SVAR_ERR_CORRUPT, "'%s' has %llu bytes, a reader table has %zu",
                     segment->paths.readers, (unsigned long long)file_bytes,
                     sizeof(svari_readers_t));
  }
  SVAR_TRY(map_readers(segment));
  return svari_store_check_readers(segment->base.readers, header->generation,
                                   segment->paths.readers);
}

// The holder's side: the table is its own file under its own name, so whatever a member of the group has
// made of its head or its length, this is the table that readers have mapped. Refusing it would lose the
// values for the sake of bytes that nobody believes.
static svar_ret_t
hold_readers(segment_t *segment)
{
  const svari_header_t *header = (const svari_header_t *)segment->base.space.read_base;
  bool is_new = atomic_load(&header->version) == 0;
  svar_ret_t ret = open_readers(segment);
  if (ret == SVAR_OK || is_new || segment->readers_fd == NO_FD) {
    return ret;
  }
  if (segment->base.readers == NULL) { // cut short
    SVAR_TRY(svari_file_allocate(segment->readers_fd, segment->paths.readers, 0,
                                 sizeof(svari_readers_t)));
    SVAR_TRY(map_readers(segment));
  }
  svari_store_format_readers(segment->base.readers, header->generation);
  return SVAR_OK;
}

// A creator was killed between naming its two files: nothing was committed and nobody can have
// attached, so a new table is as good.
static svar_ret_t
remake_readers(segment_t *segment, const svari_segment_options_t *options)
{
  const svari_header_t *header = (const svari_header_t *)segment->base.space.read_base;
  unmap(segment->base.readers, sizeof(svari_readers_t));
  segment->base.readers = NULL;
  close_fd(&segment->readers_fd);
  SVAR_TRY(svari_file_make(options->directory, READERS_MODE, options->group, &segment->readers_fd));
  SVAR_TRY(
      svari_file_allocate(segment->readers_fd, segment->paths.readers, 0, sizeof(svari_readers_t)));
  SVAR_TRY(map_readers(segment));
  svari_store_format_readers(segment->base.readers, header->generation);
  SVARI_CRASH_POINT("resume.readers_made");
  unlink(segment->paths.readers);
  SVARI_CRASH_POINT("resume.readers_unlinked");
  return svari_file_name(segment->readers_fd, segment->paths.readers);
}

void
svari_segment_unlink(const svari_store_paths_t *paths)
{
  unlink(paths->socket);
  unlink(paths->readers);
  SVARI_CRASH_POINT("discard.readers_unlinked");
  unlink(paths->state);
  SVARI_CRASH_POINT("discard.state_unlinked");
}

static svar_ret_t
resume(segment_t *segment, const svari_segment_options_t *options)
{
  svari_header_t header_copy;
  SVAR_TRY(open_and_hold(segment, options));
  SVARI_CRASH_POINT("resume.locked");
  SVAR_TRY(check_state(segment, options->store_name, &header_copy));
  if (atomic_load(&header_copy.retired) != 0) { // its remover was killed half-way
    svari_segment_unlink(options->paths);
    return svar_fail(SVAR_ERR_NOT_FOUND, "store '%s' was being removed", options->store_name);
  }
  SVAR_TRY(map_state(segment, header_copy.capacity_bytes, true));
  svar_ret_t ret = hold_readers(segment);
  if (ret == SVAR_OK) {
    return SVAR_OK;
  }
  const svari_header_t *header = (const svari_header_t *)segment->base.space.read_base;
  if (atomic_load(&header->version) == 0 &&
      (ret == SVAR_ERR_NOT_FOUND || ret == SVAR_ERR_CORRUPT)) {
    return remake_readers(segment, options);
  }
  // Readers may be attached to a table that lost its name: their pins cannot be seen any more.
  svar_fail_context(
      "store '%s' cannot be resumed without its reader table (start_empty discards it)",
      options->store_name);
  return ret == SVAR_ERR_NOT_FOUND ? SVAR_ERR_CORRUPT : ret;
}

svar_ret_t
svari_segment_resume(const svari_segment_options_t *options, svari_region_t **out_region)
{
  segment_t *segment;
  SVAR_TRY(segment_new(options, &segment));
  svar_ret_t ret = resume(segment, options);
  return finish(ret == SVAR_OK ? lock_pages(segment) : ret, segment, out_region);
}

void
svari_segment_retire(int state_fd, const char *path)
{
  svari_header_t copy;
  void *map;
  if (pread(state_fd, &copy, sizeof(copy), 0) == (ssize_t)sizeof(copy) &&
      svari_store_check_header(&copy, svari_file_bytes(state_fd), path) == SVAR_OK &&
      svari_file_map(state_fd, path, SVARI_PAGE_BYTES, true, &map) == SVAR_OK) {
    svari_header_t *header = map;
    atomic_store(&header->retired, 1);
    SVARI_CRASH_POINT("discard.retired");
    syscall(SYS_futex, &header->version, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    munmap(map, SVARI_PAGE_BYTES);
  }
}

svar_ret_t
svari_segment_discard(const svari_segment_options_t *options)
{
  segment_t *segment;
  SVAR_TRY(segment_new(options, &segment));
  svar_ret_t ret = open_and_hold(segment, options);
  if (ret == SVAR_OK) {
    svari_segment_retire(segment->state_fd, segment->paths.state);
    svari_segment_unlink(&segment->paths);
  }
  segment_destroy(&segment->base);
  return ret;
}

// --- open ------------------------------------------------------------------------------------------

static svar_ret_t
open_once(segment_t *segment, const svari_segment_options_t *options)
{
  svari_header_t header_copy;
  SVAR_TRY(svari_file_open(options->paths->state, false, options->owner, &segment->state_fd));
  SVAR_TRY(check_state(segment, options->store_name, &header_copy));
  SVAR_TRY(map_state(segment, header_copy.capacity_bytes, false));
  SVARI_CRASH_POINT("open.state_mapped");
  SVAR_TRY(open_readers(segment));
  return lock_pages(segment);
}

// True if the state file that was opened bears its name no longer: what its reader table is, or why there
// is none, means nothing then.
static bool
was_replaced(const segment_t *segment)
{
  return segment->state_fd != NO_FD &&
         !svari_file_is_named(segment->state_fd, segment->paths.state);
}

svar_ret_t
svari_segment_open(const svari_segment_options_t *options, svari_region_t **out_region)
{
  // A store that is just being made gets its second name a moment after its first.
  enum { TRIES = 3 };
  for (int i = 1;; i++) {
    segment_t *segment;
    SVAR_TRY(segment_new(options, &segment));
    svar_ret_t ret = open_once(segment, options);
    bool is_worth_another = was_replaced(segment) || i < TRIES;
    ret = finish(ret, segment, out_region);
    if ((ret != SVAR_ERR_CORRUPT && ret != SVAR_ERR_NOT_FOUND) || !is_worth_another) {
      return ret;
    }
  }
}
