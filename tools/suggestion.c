#include "tools/suggestion.h"

#include <stdio.h>
#include <string.h>

svari_suggestion_t
svari_suggestion_begin(const char *wanted)
{
  svari_suggestion_t suggestion = {.wanted = wanted};
  return suggestion;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
  size_t least = a < b ? a : b;
  return least < c ? least : c;
}

// Letters to insert, drop or replace to make one text of the other (Levenshtein), row by row.
// @pre b fits SVARI_SUGGESTION_BYTES
static size_t
edit_distance(const char *a, const char *b)
{
  size_t row[SVARI_SUGGESTION_BYTES];
  size_t columns = strlen(b);
  for (size_t j = 0; j <= columns; ++j) {
    row[j] = j;
  }
  for (size_t i = 0; a[i] != '\0'; ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < columns; ++j) {
      size_t above = row[j + 1];
      row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1));
      diagonal = above;
    }
  }
  return row[columns];
}

static int
is_near(const svari_suggestion_t *suggestion, const char *known, size_t distance)
{
  size_t length = strlen(suggestion->wanted);
  if (length == 0) {
    return 0;
  }
  return distance <= 1 + length / 3 ||
         (length >= 3 && (strstr(known, suggestion->wanted) != NULL ||
                          (strlen(known) >= 3 && strstr(suggestion->wanted, known) != NULL)));
}

void
svari_suggestion_offer(svari_suggestion_t *suggestion, const char *known)
{
  if (strlen(known) >= SVARI_SUGGESTION_BYTES) {
    return;
  }
  size_t distance = edit_distance(suggestion->wanted, known);
  if (!is_near(suggestion, known, distance)) {
    return;
  }
  size_t at = suggestion->count;
  while (at > 0 && suggestion->distance[at - 1] > distance) {
    --at;
  }
  if (at == SVARI_SUGGESTIONS) {
    return;
  }
  size_t kept = suggestion->count < SVARI_SUGGESTIONS ? suggestion->count : SVARI_SUGGESTIONS - 1;
  for (size_t i = kept; i > at; --i) {
    suggestion->distance[i] = suggestion->distance[i - 1];
    memcpy(suggestion->name[i], suggestion->name[i - 1], SVARI_SUGGESTION_BYTES);
  }
  suggestion->distance[at] = distance;
  strcpy(suggestion->name[at], known);
  suggestion->count = kept + 1;
}

char *
svari_suggestion_text(const svari_suggestion_t *suggestion, char *text, size_t size_bytes)
{
  text[0] = '\0';
  size_t length = 0;
  for (size_t i = 0; i < suggestion->count && length < size_bytes; ++i) {
    const char *before = i == 0 ? " (did you mean " : i + 1 < suggestion->count ? ", " : " or ";
    const char *after = i + 1 == suggestion->count ? "?)" : "";
    length += (size_t)snprintf(text + length, size_bytes - length, "%s'%s'%s", before,
                               suggestion->name[i], after);
  }
  return text;
}
