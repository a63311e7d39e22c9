// "Did you mean": the known names nearest to one that was not found.
#ifndef SVARI_TOOLS_SUGGESTION_H
#define SVARI_TOOLS_SUGGESTION_H

#include <stddef.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

enum { SVARI_SUGGESTIONS = 3, SVARI_SUGGESTION_BYTES = 256 };

typedef struct svari_suggestion {
  const char *wanted; // borrowed
  size_t count;
  size_t distance[SVARI_SUGGESTIONS]; // ascending
  char name[SVARI_SUGGESTIONS][SVARI_SUGGESTION_BYTES];
} svari_suggestion_t;

// @param wanted borrowed: what was asked for
svari_suggestion_t svari_suggestion_begin(const char *wanted);
// Offers a known name: kept if it is one of the nearest, and near at all (a few letters apart, or one
// part of the other). Names that do not fit SVARI_SUGGESTION_BYTES are passed over.
void svari_suggestion_offer(svari_suggestion_t *suggestion, const char *known);
// " (did you mean '/a' or '/b'?)", or "" if nothing was near. Returns text.
char *svari_suggestion_text(const svari_suggestion_t *suggestion, char *text, size_t size_bytes);

SVAR_END_DECLS
#endif
