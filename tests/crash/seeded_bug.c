#include "tests/crash/seeded_bug.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/store_name.h"
#include "store/writer_impl.h"
#include "tests/crash/actor.h"

// --- what they do ----------------------------------------------------------------------------------

static svari_store_paths_t
paths_of(const crash_life_t *life)
{
  svari_store_paths_t paths;
  char name[CRASH_NAME_BYTES];
  crash_store_name(life->store, name);
  if (svari_store_paths(svari_segment_directory(NULL), name, geteuid(), &paths) != SVAR_OK) {
    errx(2, "%s", svar_error_message());
  }
  return paths;
}

// Changes the version in the store's file, as a library with the bug would.
static void
add_to_version(const crash_life_t *life, int64_t change)
{
  svari_store_paths_t paths = paths_of(life);
  int fd = open(paths.state, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    return; // not named yet
  }
  svari_header_t *header = mmap(NULL, sizeof(*header), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (header == MAP_FAILED) {
    err(2, "mapping '%s'", paths.state);
  }
  uint64_t version = atomic_load(&header->version);
  if (version != 0 && (change > 0 || version > 1)) {
    atomic_store(&header->version, version + (uint64_t)change);
  }
  munmap(header, sizeof(*header));
}

// The commit point comes before the records.
static void
publish_first(const crash_life_t *life)
{
  add_to_version(life, 1);
}

// Unfinished records are taken for committed ones.
static void
keep_unfinished(const crash_life_t *life)
{
  add_to_version(life, 1);
}

static void
forget_newest(const crash_life_t *life)
{
  add_to_version(life, -1);
}

static void
drop_pins(svar_store_t *store, void *context)
{
  (void)context;
  if (store->writer != NULL) {
    store->writer->pinned_count = 0;
  }
}

static void
ignore_pins(const crash_life_t *life)
{
  (void)life;
  svari_store_each(drop_pins, NULL);
}

static void
drop_sharers(svar_store_t *store, void *context)
{
  (void)context;
  for (size_t i = 0; store->writer != NULL && i < store->writer->variable_count; i++) {
    for (int record = 0; record < SVARI_RING_RECORDS; record++) {
      store->writer->variables[i].records[record].sharer = 0;
    }
  }
}

// A buffer of several records is given back with the first of them.
static void
forget_sharers(const crash_life_t *life)
{
  (void)life;
  svari_store_each(drop_sharers, NULL);
}

static void
leave_file(const crash_life_t *life)
{
  svari_store_paths_t paths = paths_of(life);
  strncat(paths.readers, ".old", sizeof(paths.readers) - strlen(paths.readers) - 1);
  close(open(paths.readers, O_RDWR | O_CREAT | O_CLOEXEC, 0660));
}

static void
hang(const crash_life_t *life)
{
  static int times;
  (void)life;
  for (times++; times >= 20;) {
    pause();
  }
}

// --- which there are -------------------------------------------------------------------------------

static const struct {
  const char *name;
  const char *figure; // that must not be zero then
  const char *point;
  void (*act)(const crash_life_t *life);
} bugs[] = {
    {"publish-before-fill", "torn", "commit.begun", publish_first},
    {"resume-keeps-unfinished", "torn", "resume.begun", keep_unfinished},
    {"reclaim-ignores-pins", "torn", "reclaim.scanned", ignore_pins},
    {"reclaim-forgets-sharers", "torn", "reclaim.scanned", forget_sharers},
    {"resume-forgets-newest", "lost", "resume.begun", forget_newest},
    {"reclaim-hangs", "stuck", "reclaim.scanned", hang},
    {"create-leaves-file", "left", "create.state_named", leave_file},
};
enum { BUGS = sizeof(bugs) / sizeof(bugs[0]) };

void
crash_seeded_bug_at(crash_arena_t *arena, const crash_life_t *life, const char *point)
{
  if (__builtin_expect(arena->seeded_bug[0] == '\0', 1)) {
    return;
  }
  for (int i = 0; i < BUGS; i++) {
    if (strcmp(arena->seeded_bug, bugs[i].name) == 0 && strcmp(point, bugs[i].point) == 0) {
      bugs[i].act(life);
    }
  }
}

bool
crash_seeded_bug_is_known(const char *name)
{
  for (int i = 0; i < BUGS; i++) {
    if (strcmp(name, bugs[i].name) == 0) {
      return true;
    }
  }
  return false;
}

void
crash_seeded_bug_each(void (*visit)(const char *name, const char *figure))
{
  for (int i = 0; i < BUGS; i++) {
    visit(bugs[i].name, bugs[i].figure);
  }
}
