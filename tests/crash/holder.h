// What a survivor does as a holder does it.
#ifndef SVAR_TESTS_CRASH_HOLDER_H
#define SVAR_TESTS_CRASH_HOLDER_H

#include "tests/crash/actor.h"

// Becomes the holder and verifies everything found; *out_ledger tells what there is.
void crash_holder_open(crash_actor_t *actor, crash_ledger_t *out_ledger);
// One transaction over some variables: committed and reported, or aborted.
void crash_holder_commit(crash_actor_t *actor, crash_ledger_t *ledger);
// Removes the store and closes it.
void crash_holder_remove(crash_actor_t *actor);

#endif
