// A survivor: comes when everybody else is dead, finds every reported commit, and is in nobody's way.
#include "tests/crash/actor.h"
#include "tests/crash/holder.h"

// More than a variable has records: pins of the dead would stop it.
enum { COMMITS = 200 };

void
crash_survivor_live(crash_actor_t *actor)
{
  crash_ledger_t ledger;
  crash_holder_open(actor, &ledger);
  for (int i = 0; i < COMMITS; i++) {
    crash_holder_commit(actor, &ledger);
  }
  svar_store_info_t info;
  crash_require(actor, svar_store_info(actor->store, &info), "asking about the store");
  if (info.reader_count != 0) {
    crash_tell(actor, CRASH_LEFT, "%u readers are counted, and all are dead", info.reader_count);
  }
  if (actor->life->may_remove) {
    crash_holder_remove(actor);
  }
  crash_close(actor);
}
