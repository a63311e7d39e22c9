// What the processes of a crash run share beside the stores: one mapping that the supervisor owns and
// every actor inherits. What a killed process wrote here stays, so "this commit was reported" is known
// of holders that are gone.
#ifndef SVAR_TESTS_CRASH_ARENA_H
#define SVAR_TESTS_CRASH_ARENA_H

#include <stdatomic.h>
#include <stdint.h>

enum {
  CRASH_STORES = 2,
  CRASH_HOLDERS = 2, // of a store: one holds it, the other waits for its death, now and then
  CRASH_READERS = 2, // of a store
  CRASH_ACTORS = CRASH_STORES * (CRASH_HOLDERS + CRASH_READERS),
  CRASH_POINTS = 96,    // most a program can have
  CRASH_ROLES = 3,      // of crash_role_t
  CRASH_NO_POINT = -1,  // no point is armed
  CRASH_ANY_POINT = -2, // whichever is reached when the countdown ends
};

typedef enum crash_role {
  CRASH_HOLDER = 0,
  CRASH_READER = 1,
  CRASH_SURVIVOR = 2 // looks after the others' deaths; is never killed
} crash_role_t;

typedef enum crash_verdict {
  CRASH_FINE = 0,
  CRASH_TORN, // words of different commits in one value, or values of different commits in one snapshot
  CRASH_STUCK, // refused because of somebody who is dead, or not ended in time
  CRASH_LOST,  // a reported commit, or one that was seen, is not there any more
  CRASH_LEFT,  // files or readers that belong to nobody
  CRASH_ERROR, // any other failure
  CRASH_VERDICTS
} crash_verdict_t;

// One life of one actor: what it is to do, written by the supervisor; and how far it came.
typedef struct crash_life {
  crash_role_t role;
  uint32_t store;
  uint64_t seed;
  uint32_t starts_empty; // a holder: discards what it finds
  uint32_t operations;   // then it ends by itself
  int32_t armed_point;   // index, or one of CRASH_NO_POINT and CRASH_ANY_POINT
  uint32_t countdown;    // the how manieth reach of the armed point kills
  uint32_t may_remove;   // a survivor: removes its store at the end
  int32_t died_at;       // the point that killed it, or CRASH_NO_POINT
  crash_verdict_t verdict;
  char sentence[512]; // of the verdict
} crash_life_t;

// What is known of one store. A stamp is epoch << 32 | version; each new store under the name begins
// another epoch, so stamps only grow.
typedef struct crash_record {
  _Alignas(128) _Atomic uint64_t reported; // stamp of the newest commit that returned SVAR_OK
  _Atomic uint64_t epochs;                 // given out so far
  _Atomic uint64_t gone;                   // epochs up to this one may have been taken away
  _Atomic uint64_t commits;
  _Atomic uint32_t holders;    // processes alive that hold the store or try to
  _Atomic uint32_t discarders; // those of them that start empty
} crash_record_t;

typedef struct crash_arena {
  char seeded_bug[32]; // "" for none
  crash_record_t stores[CRASH_STORES];
  _Alignas(128) _Atomic uint64_t reached[CRASH_ROLES][CRASH_POINTS];
  _Atomic uint64_t reads; // values that were verified
  crash_life_t lives[CRASH_ACTORS];
} crash_arena_t;

// A new arena; its descriptor is inherited by children. Exits on failure.
crash_arena_t *crash_arena_make(int *out_fd);
crash_arena_t *crash_arena_map(int fd);

static inline uint64_t
crash_stamp(uint64_t epoch, uint64_t version)
{
  return epoch << 32 | version;
}

#endif
