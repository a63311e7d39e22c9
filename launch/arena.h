// Memory of a launch description: everything read from a file lives until the whole is thrown away.
// A thin layer over glibc's obstack. Nothing here returns NULL: a launcher that cannot get a few
// kilobytes prints "memory exhausted" and exits with code 1 (obstack's own rule); arenas are used
// only while a description is read, before any process runs.
#ifndef SVARI_LAUNCH_ARENA_H
#define SVARI_LAUNCH_ARENA_H

#include <obstack.h>
#include <stdarg.h>
#include <stddef.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

typedef struct obstack svari_arena_t;

void svari_arena_init(svari_arena_t *arena);
void svari_arena_fini(svari_arena_t *arena); // frees everything that came from it

// size_bytes of zeroes, aligned for any type.
void *svari_arena_zeroed(svari_arena_t *arena, size_t size_bytes);
// The first length bytes of text, and a terminating zero.
char *svari_arena_copy(svari_arena_t *arena, const char *text, size_t length);
char *svari_arena_printf(svari_arena_t *arena, const char *format, ...) SVAR_PRINTF(2, 3);

// A growing list of texts, NULL-terminated at all times after the first add; `items` moves as it
// grows. {0} is an empty list.
typedef struct svari_words {
  const char **items;
  size_t count;
  size_t capacity;
} svari_words_t;

// Appends text itself, not a copy.
void svari_words_add(svari_arena_t *arena, svari_words_t *words, const char *text);

SVAR_END_DECLS
#endif
