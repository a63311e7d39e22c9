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
