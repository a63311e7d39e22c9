#include "components/array.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
svari_array_extend(void *items, size_t count, size_t item_bytes)
{
  // One item at a time: glibc's realloc grows in place, and these lists are short.
  char *extended = reallocarray(items, count + 1, item_bytes);
  if (extended == NULL) {
    (void)svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu items of %zu bytes", count + 1,
                    item_bytes);
    return NULL;
  }
  memset(extended + count * item_bytes, 0, item_bytes);
  return extended;
}

svar_ret_t
svari_text_copy(const char *text, size_t length, char **out_copy)
{
  char *copy = strndup(text, length);
  if (copy == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a text of %zu bytes", length);
  }
  *out_copy = copy;
  return SVAR_OK;
}

svar_ret_t
svari_text_format(char **out_text, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  char *text = NULL;
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  if (length < 0) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a text like '%s'", format);
  }
  *out_text = text;
  return SVAR_OK;
}
