// Texts for messages, built piece by piece in a fixed buffer.
#ifndef SVARI_VARIABLE_TEXT_H
#define SVARI_VARIABLE_TEXT_H

#include <stddef.h>

#include "shared_variable/export.h"

// Appends to the text in a buffer of size_bytes, cutting what does not fit. The text must be
// terminated already.
void svari_text_append(char *text, size_t size_bytes, const char *format, ...) SVAR_PRINTF(3, 4);

#endif
