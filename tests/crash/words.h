// What the stores of a crash run hold. Every word of a value tells store epoch, version and variable, so
// a reader can verify each one; and variable 0, the ledger, is written in every commit and tells which
// version every variable is of, so a reader can verify a snapshot.
#ifndef SVAR_TESTS_CRASH_WORDS_H
#define SVAR_TESTS_CRASH_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  CRASH_VARIABLES = 40, // the ledger included: enough for a second block of the directory
  CRASH_LEDGER = 0,
  CRASH_BULK = 1, // now and then so large that its memory is given back to the system
};

#define CRASH_UNSET UINT64_MAX

typedef struct crash_ledger {
  uint64_t stamp;
  struct {
    uint64_t version; // of the commit that set it last; 0: never
    uint64_t words;   // CRASH_UNSET: that commit took its value away
    // Whose words they are: as they were first written, before variables took them over from others.
    uint64_t origin_version;
    uint64_t origin_variable;
  } variables[CRASH_VARIABLES];
  uint64_t sum; // over all words before it
} crash_ledger_t;
enum { CRASH_LEDGER_WORDS = sizeof(crash_ledger_t) / sizeof(uint64_t) };

void crash_words_fill(uint64_t *words, size_t count, uint64_t stamp, uint32_t variable);
// The first word that is not as crash_words_fill() wrote it, or count.
size_t crash_words_check(const uint64_t *words, size_t count, uint64_t stamp, uint32_t variable);
// The same, when it is not known of which version and variable they are: all of one.
size_t crash_words_check_alike(const uint64_t *words, size_t count);

void crash_ledger_seal(crash_ledger_t *ledger);
bool crash_ledger_is_whole(const crash_ledger_t *ledger);

#endif
