// A reader: comes, reads in every way there is, keeps pins, verifies what it pinned again later, and
// is killed with its pins or goes.
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "tests/crash/actor.h"

// Together the readers of a store keep fewer versions than a variable can have: BUSY is never right.
enum { KEPT = 5 };

typedef struct kept {
  svar_snapshot_t snapshot;
  crash_ledger_t ledger;
} kept_t;

typedef struct reader {
  crash_actor_t *actor;
  kept_t kept[KEPT];
} reader_t;

static void
let_go(reader_t *reader)
{
  for (int i = 0; i < KEPT; i++) {
    svar_snapshot_end(&reader->kept[i].snapshot);
  }
  crash_close(reader->actor);
}

// There may be no store at the moment: made and removed while we look.
bool
crash_reader_open(crash_actor_t *actor)
{
  svar_ret_t ret = svar_store_open(actor->store_name, NULL, &actor->store);
  if (ret == SVAR_ERR_NOT_FOUND) {
    usleep(50);
    return false;
  }
  crash_require(actor, ret, "opening the store");
  return true;
}

// Takes a snapshot in place of one that was kept, which must still be what it was.
static void
renew_snapshot(reader_t *reader)
{
  crash_actor_t *actor = reader->actor;
  kept_t *kept = &reader->kept[crash_below(&actor->random, KEPT)];
  if (kept->snapshot.version != 0) {
    crash_snapshot_check(actor, &kept->snapshot, &kept->ledger);
  }
  svar_snapshot_end(&kept->snapshot);
  if (!crash_snapshot_begin(actor, &kept->snapshot, &kept->ledger)) {
    let_go(reader);
  } else if (kept->snapshot.version != 0) {
    crash_snapshot_check(actor, &kept->snapshot, &kept->ledger);
  }
}

// One variable by itself, several times: views and copies.
static void
read_one(crash_actor_t *actor, const crash_ledger_t *ledger)
{
  uint32_t index = 1 + (uint32_t)crash_below(&actor->random, CRASH_VARIABLES - 1);
  if (ledger->variables[index].version == 0 || actor->epoch == 0) {
    return;
  }
  svar_borrow_t borrow = crash_once_in(&actor->random, 4) ? SVAR_COPY : SVAR_BORROW;
  for (uint64_t times = 1 + crash_below(&actor->random, 16); times > 0; times--) {
    svar_value_t value = SVAR_VALUE_INIT;
    svar_ret_t ret = svar_get_value(crash_variable(actor, index), borrow, &value);
    if (ret == SVAR_ERR_UNSET) {
      return; // a holder took its value away meanwhile, or a moment ago
    }
    crash_require(actor, ret, "reading a variable");
    crash_value_check(actor, index, &value, "by itself");
    actor->versions[index] = value.version;
    svar_value_release(&value);
  }
}

static void
wait_for_commit(crash_actor_t *actor)
{
  enum { MOST_NS = 2000000 };
  uint64_t version;
  uint64_t before = svar_store_version(actor->store);
  svar_ret_t ret = svar_store_wait(actor->store, before,
                                   (int64_t)crash_below(&actor->random, MOST_NS), &version);
  if (ret != SVAR_TIMEOUT && ret != SVAR_ERR_STALE) {
    crash_require(actor, ret, "waiting for a commit");
    if (version <= before) {
      crash_tell(actor, CRASH_LOST, "waiting for a version after %llu gave %llu",
                 (unsigned long long)before, (unsigned long long)version);
    }
  }
}

static void *
read_in_thread(void *context)
{
  svar_snapshot_t snapshot;
  crash_ledger_t ledger;
  if (crash_snapshot_begin(context, &snapshot, &ledger)) {
    svar_snapshot_end(&snapshot);
  }
  return NULL;
}

// A thread that comes and goes leaves its slot to the next.
static void
use_thread(crash_actor_t *actor)
{
  pthread_t thread;
  if (pthread_create(&thread, NULL, read_in_thread, actor) != 0) {
    crash_tell(actor, CRASH_ERROR, "no thread");
  }
  pthread_join(thread, NULL);
}

static void
do_something(reader_t *reader)
{
  crash_actor_t *actor = reader->actor;
  switch (crash_below(&actor->random, 16)) {
  case 0:
    let_go(reader);
    break;
  case 1:
  case 2:
    wait_for_commit(actor);
    break;
  case 3:
    use_thread(actor);
    break;
  case 4:
  case 5:
  case 6:
  case 7:
  case 8:
    read_one(actor, &reader->kept[crash_below(&actor->random, KEPT)].ledger);
    break;
  default:
    renew_snapshot(reader);
  }
}

void
crash_reader_live(crash_actor_t *actor)
{
  reader_t reader = {.actor = actor};
  if (crash_once_in(&actor->random, 4)) {
    crash_parker_live(actor);
    return;
  }
  for (uint32_t i = 0; i < actor->life->operations; i++) {
    if (actor->store != NULL) {
      do_something(&reader);
    } else if (crash_reader_open(actor)) {
      memset(reader.kept, 0, sizeof(reader.kept));
    }
  }
  if (actor->store != NULL && crash_once_in(&actor->random, 2)) {
    let_go(&reader);
  }
}
