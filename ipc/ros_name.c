#include "ipc/ros_name.h"

#include <string.h>

// Not isalpha() and its like: they ask the locale.
static bool
is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static bool
is_name_byte(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static bool
is_token(const char *token, size_t length)
{
  if (length == 0 || is_digit(token[0])) {
    return false;
  }
  for (size_t i = 0; i < length; i++) {
    if (!is_name_byte(token[i]) || (i > 0 && token[i] == '_' && token[i - 1] == '_')) {
      return false;
    }
  }
  return true;
}

bool
svari_ros_name_is_absolute(const char *name, size_t size_bytes)
{
  bool is_valid = strnlen(name, size_bytes) < size_bytes && name[0] == '/';
  const char *token = name;
  while (is_valid && *token == '/') {
    token++;
    size_t token_length = strcspn(token, "/");
    is_valid = is_token(token, token_length);
    token += token_length;
  }
  return is_valid;
}
