// A reader with more handles than a variable has versions. Each reads the same version twice and so keeps
// its pin parked; the holder has to take such pins away when it runs out of versions.
#include <unistd.h>

#include "tests/crash/actor.h"

enum { HANDLES = 24 };

// False: there is no store, or another one.
static bool
read_once(crash_actor_t *handle)
{
  svar_snapshot_t snapshot;
  crash_ledger_t ledger;
  if (!crash_snapshot_begin(handle, &snapshot, &ledger)) {
    return false;
  }
  if (snapshot.version != 0 && crash_once_in(&handle->random, 8)) {
    crash_snapshot_check(handle, &snapshot, &ledger);
  }
  svar_snapshot_end(&snapshot);
  return true;
}

static void
use_handle(crash_actor_t *handle)
{
  if (handle->store == NULL && !crash_reader_open(handle)) {
    return;
  }
  if (!read_once(handle) || !read_once(handle)) {
    crash_close(handle);
  }
}

void
crash_parker_live(crash_actor_t *actor)
{
  static crash_actor_t handles[HANDLES];
  for (int i = 0; i < HANDLES; i++) {
    handles[i] = *actor;
    handles[i].random.state += (uint64_t)i;
  }
  for (uint32_t i = 0; i < actor->life->operations; i++) {
    use_handle(&handles[crash_below(&actor->random, HANDLES)]);
    usleep(20); // the holder commits meanwhile
  }
}
