// Growing arrays and copied texts, for lists that are built once at start and never shrink.
#ifndef SVARI_COMPONENTS_ARRAY_H
#define SVARI_COMPONENTS_ARRAY_H

#include <stddef.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

/// items with room for one more than count, the new last one zeroed. NULL: no memory, the sentence is
/// set, and items is as it was. The caller stores the pointer and counts.
void *svari_array_extend(void *items, size_t count, size_t item_bytes);

/// A copy of text's first length bytes, ended by a NUL; the caller frees it.
svar_ret_t svari_text_copy(const char *text, size_t length, char **out_copy);

/// Like asprintf, with the sentence set when memory runs out; the caller frees *out_text.
svar_ret_t svari_text_format(char **out_text, const char *format, ...) SVAR_PRINTF(2, 3);

SVAR_END_DECLS
#endif
