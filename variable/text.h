// Texts for messages.
#ifndef SVARI_VARIABLE_TEXT_H
#define SVARI_VARIABLE_TEXT_H

#include <stddef.h>

#include "shared_variable/export.h"

// Appends to the text in a buffer of size_bytes, cutting what does not fit. The text must be
// terminated already.
void svari_text_append(char *text, size_t size_bytes, const char *format, ...) SVAR_PRINTF(3, 4);

enum { SVARI_NAME_TEXT_BYTES = 260 };
typedef struct svari_name_text {
  char text[SVARI_NAME_TEXT_BYTES];
} svari_name_text_t;

// What sentences have after the word "variable", or "input": the name in quotes, cut to fit; or, for NULL and "", "without a
// name". svar_fail(ret, "variable %s is strict", svari_name_text(name).text): it is there until the call returns.
svari_name_text_t svari_name_text(const char *name);

#endif
