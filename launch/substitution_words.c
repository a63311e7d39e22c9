// Splits a command line into words around its substitutions.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/substitution_impl.h"

typedef struct svari_splitter {
  svari_arena_t *arena;
  svari_words_t *words;
  FILE *word; // grows into word_text
  char *word_text;
  size_t word_bytes;
  bool in_word; // "" is a word too
  char quote;   // the open quotation, or 0
} svari_splitter_t;

static void
end_word(svari_splitter_t *splitter)
{
  if (!splitter->in_word) {
    return;
  }
  fflush(splitter->word);
  svari_words_add(
      splitter->arena, splitter->words,
      svari_arena_copy(splitter->arena, splitter->word_text, (size_t)ftello(splitter->word)));
  rewind(splitter->word);
  splitter->in_word = false;
}

// Reads one character of a literal, at most two; returns how many.
static int
split_character(svari_splitter_t *splitter, const char *at)
{
  if (splitter->quote == 0 && strchr(" \t\r\n", *at) != NULL) {
    end_word(splitter);
    return 1;
  }
  splitter->in_word = true;
  if (*at == splitter->quote) {
    splitter->quote = 0;
    return 1;
  }
  if (splitter->quote == 0 && (*at == '\'' || *at == '"')) {
    splitter->quote = *at;
    return 1;
  }
  bool escape =
      *at == '\\' && at[1] != '\0' &&
      (splitter->quote == 0 || (splitter->quote == '"' && (at[1] == '"' || at[1] == '\\')));
  fputc(at[escape], splitter->word);
  return escape ? 2 : 1;
}

static svar_ret_t
split_parts(svari_splitter_t *splitter, const svari_view_t *view, const svari_part_t *parts)
{
  for (const svari_part_t *part = parts; part != NULL; part = part->next) {
    if (part->call != NULL) {
      const char *text = NULL;
      SVAR_TRY(part->call->kind->perform(view, part->call, &text));
      fputs(text, splitter->word);
      splitter->in_word = true;
      continue;
    }
    for (const char *at = part->literal; *at != '\0';) {
      at += split_character(splitter, at);
    }
  }
  end_word(splitter);
  return SVAR_OK;
}

svar_ret_t
svari_substitution_words(const svari_view_t *view, const char *source, svari_words_t *words)
{
  const svari_part_t *parts = NULL;
  SVAR_TRY(svari_substitution_parse(view->arena, source, &parts));
  svari_splitter_t splitter = {.arena = view->arena, .words = words};
  splitter.word = open_memstream(&splitter.word_text, &splitter.word_bytes);
  if (splitter.word == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to split '%s' into words", source);
  }
  svar_ret_t ret = split_parts(&splitter, view, parts);
  fclose(splitter.word);
  free(splitter.word_text);
  if (ret == SVAR_OK && splitter.quote != 0) {
    ret =
        svar_fail(SVAR_ERR_SYNTAX, "'%s': the quotation %c is not closed", source, splitter.quote);
  }
  return ret;
}
