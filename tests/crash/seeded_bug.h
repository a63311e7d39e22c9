// Bugs on purpose, to show that the run finds them. They act at crash points, so the library's sources
// know nothing of them.
#ifndef SVAR_TESTS_CRASH_SEEDED_BUG_H
#define SVAR_TESTS_CRASH_SEEDED_BUG_H

#include <stdbool.h>

#include "tests/crash/arena.h"

// Does what arena->seeded_bug does at the point of that name, if anything.
void crash_seeded_bug_at(crash_arena_t *arena, const crash_life_t *life, const char *point);
bool crash_seeded_bug_is_known(const char *name);
// Calls visit with each name, and which figure must not be zero then.
void crash_seeded_bug_each(void (*visit)(const char *name, const char *figure));

#endif
