#include "variable/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
svari_text_append(char *text, size_t size_bytes, const char *format, ...)
{
  size_t length = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + length, size_bytes - length, format, arguments);
  va_end(arguments);
}

svari_name_text_t
svari_name_text(const char *name)
{
  svari_name_text_t text;
  if (name == NULL || name[0] == '\0') {
    snprintf(text.text, sizeof(text.text), "without a name");
  } else {
    snprintf(text.text, sizeof(text.text), "'%.*s'", SVARI_NAME_TEXT_BYTES - 3, name);
  }
  return text;
}
