#include "shared_variable/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

static _Thread_local char message[MESSAGE_BYTES];

const char *
svar_ret_name(svar_ret_t ret)
{
  switch (ret) {
#define SVAR_RET_CASE(name, value, text)                                                           \
  case name:                                                                                       \
    return #name;
    SVAR_RET_LIST(SVAR_RET_CASE)
#undef SVAR_RET_CASE
  }
  return "SVAR_RET_UNKNOWN";
}

const char *
svar_ret_text(svar_ret_t ret)
{
  switch (ret) {
#define SVAR_RET_CASE(name, value, text)                                                           \
  case name:                                                                                       \
    return text;
    SVAR_RET_LIST(SVAR_RET_CASE)
#undef SVAR_RET_CASE
  }
  return "a code this build does not know";
}

const char *
svar_error_message(void)
{
  return message;
}

svar_ret_t
svar_fail(svar_ret_t code, const char *format, ...)
{
  // An argument may point into the message itself (a sentence around an earlier one).
  int saved_errno = errno;
  char text[MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  memcpy(message, text, sizeof(message));
  errno = saved_errno;
  return code;
}

void
svar_fail_context(const char *format, ...)
{
  int saved_errno = errno;
  char text[MESSAGE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  if (length >= 0 && (size_t)length < sizeof(text)) {
    snprintf(text + length, sizeof(text) - (size_t)length, ": %s", message);
  }
  memcpy(message, text, sizeof(message));
  errno = saved_errno;
}
