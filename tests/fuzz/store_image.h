// A store written by the library, and an enemy who changes words of its two files. Random bytes would
// not get past the magic; patches of fields reach everything behind it.
#ifndef SVAR_TESTS_FUZZ_STORE_IMAGE_H
#define SVAR_TESTS_FUZZ_STORE_IMAGE_H

#include "fuzz/fuzz.h"
#include "shared_variable/shared_variable.h"

#define FUZZ_STORE_NAME "/fuzz"

/// What the input may change.
typedef enum fuzz_reach {
  FUZZ_REACH_FILES = 0, ///< both files, their sizes included: before anybody has mapped them
  FUZZ_REACH_WORDS = 1, ///< both files' bytes: the holder is the enemy, and alive
  FUZZ_REACH_READERS =
      2 ///< the reader table's bytes: a member of the group is the enemy, and alive
} fuzz_reach_t;

/// Writes both files as the library left them. The store has variables of every kind, of which some
/// have several versions alive, and one that was declared and never committed.
void fuzz_store_reset(void);
/// Takes one patch off the input and performs it.
void fuzz_store_patch(fuzz_input_t *input, fuzz_reach_t reach);
/// The options to create and open it with.
svar_store_options_t fuzz_store_options(void);

/// Reads everything there is by every function there is, and checks what must hold whatever the files
/// say: views lie in bytes that exist, texts end, failures have sentences.
void fuzz_store_read_all(svar_store_t *store);

#endif
