#include "archive/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

// Bytes of the character that begins with this one, 0 if none does. The rest of a character of two to four
// bytes is 10xxxxxx each.
static int
character_bytes(unsigned char first)
{
  if (first < 0x80) {
    return 1;
  }
  if (first < 0xc2) { // a later byte, or a longer form of what has one byte
    return 0;
  }
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
}

static bool
is_utf8(const char *text)
{
  static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
  const unsigned char *at = (const unsigned char *)text;
  while (*at != '\0') {
    int bytes = character_bytes(*at);
    uint32_t character = bytes > 1 ? *at & (0x7fU >> bytes) : *at;
    at++;
    for (int i = 1; i < bytes; i++, at++) {
      if ((*at & 0xc0) != 0x80) {
        return false;
      }
      character = character << 6 | (*at & 0x3f);
    }
    bool is_surrogate = character >= 0xd800 && character < 0xe000;
    if (bytes == 0 || character < least[bytes] || character > 0x10ffff || is_surrogate) {
      return false;
    }
  }
  return true;
}

svar_ret_t
svari_text_fail(const char *what, const char *text)
{
  return is_utf8(text) ? svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the %s '%s'", what, text)
                       : svar_fail(SVAR_ERR_VALUE, "the %s '%s' is not UTF-8", what, text);
}

// Not by json_dumps(): without memory it leaves keys out, and says nothing.
svar_ret_t
svari_text_write(const json_t *json, char **out_text)
{
  size_t bytes = json_dumpb(json, NULL, 0, JSON_COMPACT);
  char *text = bytes > 0 ? malloc(bytes + 1) : NULL;
  if (text == NULL || json_dumpb(json, text, bytes, JSON_COMPACT) != bytes) {
    free(text);
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a text of %zu bytes", bytes);
  }
  text[bytes] = '\0';
  *out_text = text;
  return SVAR_OK;
}

svar_ret_t
svari_text_parse(const char *what, const char *text, size_t text_bytes, json_t **out_json)
{
  json_error_t error;
  errno = 0;
  json_t *json = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &error);
  if (json != NULL) {
    *out_json = json;
    return SVAR_OK;
  }
  // Few of jansson's failed allocations have their code; others have no text, or the next thing it misses.
  if (json_error_code(&error) == json_error_out_of_memory || error.text[0] == '\0' ||
      errno == ENOMEM) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to read %s", what);
  }
  return svar_fail(SVAR_ERR_SYNTAX, "%s is not valid JSON: %s at byte %d", what, error.text,
                   error.position);
}
