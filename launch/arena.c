#include "launch/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define obstack_chunk_alloc malloc
#define obstack_chunk_free free

void
svari_arena_init(svari_arena_t *arena)
{
  obstack_init(arena);
}

void
svari_arena_fini(svari_arena_t *arena)
{
  obstack_free(arena, NULL);
}

void *
svari_arena_zeroed(svari_arena_t *arena, size_t size_bytes)
{
  void *memory = obstack_alloc(arena, size_bytes);
  return memset(memory, 0, size_bytes);
}

char *
svari_arena_copy(svari_arena_t *arena, const char *text, size_t length)
{
  return obstack_copy0(arena, text, length);
}

char *
svari_arena_printf(svari_arena_t *arena, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  obstack_vprintf(arena, format, arguments);
  va_end(arguments);
  obstack_1grow(arena, '\0');
  return obstack_finish(arena);
}

void
svari_words_add(svari_arena_t *arena, svari_words_t *words, const char *text)
{
  if (words->count + 1 >= words->capacity) {
    words->capacity = words->capacity == 0 ? 8 : 2 * words->capacity;
    const char **items = svari_arena_zeroed(arena, words->capacity * sizeof(*items));
    if (words->count > 0) {
      memcpy(items, words->items, words->count * sizeof(*items));
    }
    words->items = items;
  }
  words->items[words->count++] = text;
}
