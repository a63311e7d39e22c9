// One process of a crash run, and what holders, readers and survivors all do: open, verify, tell.
#ifndef SVAR_TESTS_CRASH_ACTOR_H
#define SVAR_TESTS_CRASH_ACTOR_H

#include "shared_variable/shared_variable.h"
#include "tests/crash/arena.h"
#include "tests/crash/random.h"
#include "tests/crash/words.h"

enum { CRASH_NAME_BYTES = 32 };

typedef struct crash_actor {
  crash_arena_t *arena;
  crash_life_t *life;
  crash_record_t *record; // of its store
  crash_random_t random;
  char store_name[CRASH_NAME_BYTES];
  svar_store_t *store; // NULL: not open
  uint64_t epoch;      // of the open store; 0: nothing was committed when this handle last looked
  uint64_t seen;       // newest stamp that this process saw, through any handle
  uint64_t versions[CRASH_VARIABLES]; // newest of each variable seen through this handle
  svar_variable_t *variables[CRASH_VARIABLES];
} crash_actor_t;

// What an actor does until its life's operations are done.
void crash_holder_live(crash_actor_t *actor);
void crash_reader_live(crash_actor_t *actor);
void crash_parker_live(crash_actor_t *actor);
void crash_survivor_live(crash_actor_t *actor);

void crash_store_name(uint32_t store, char name[CRASH_NAME_BYTES]);
void crash_variable_name(uint32_t index, char name[CRASH_NAME_BYTES]);

// Ends this process with a verdict and its sentence.
void crash_tell(crash_actor_t *actor, crash_verdict_t verdict, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
// The same unless ret is SVAR_OK: refusals that only somebody alive could be the reason of are STUCK.
void crash_require(crash_actor_t *actor, svar_ret_t ret, const char *what);

// Opens the store for reading. False: there is none at the moment.
bool crash_reader_open(crash_actor_t *actor);
// Unreferences the variables and closes the store, if one is open.
void crash_close(crash_actor_t *actor);
// The handle of a variable that has been committed.
svar_variable_t *crash_variable(crash_actor_t *actor, uint32_t index);

// Pins the newest version, and checks it against what was reported and seen. False: this handle's store
// was removed or replaced (nothing is pinned then).
bool crash_snapshot_begin(crash_actor_t *actor, svar_snapshot_t *out_snapshot,
                          crash_ledger_t *out_ledger);
// Verifies each word of each value of the snapshot.
void crash_snapshot_check(crash_actor_t *actor, const svar_snapshot_t *snapshot,
                          const crash_ledger_t *ledger);
// Verifies each word of one value. The handle's epoch is known.
void crash_value_check(crash_actor_t *actor, uint32_t variable, const svar_value_t *value,
                       const char *how);

#endif
