#include "components/ros_names.h"

#include <stdio.h>
#include <string.h>

// Not ctype.h: a name is ASCII in every locale.
static bool
is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_letter_or_digit(char c)
{
  return is_letter(c) || (c >= '0' && c <= '9');
}

size_t
svari_name_token(const char *text)
{
  size_t length = 0;
  if (is_letter(text[0])) {
    length = text[1] == '_' ? 2 : 1;
  } else if (text[0] == '_' && text[1] != '_') {
    length = 1; // "__" begins __node, __name and __ns, never a token
  } else {
    return 0;
  }
  while (is_letter_or_digit(text[length])) {
    length += text[length + 1] == '_' ? 2 : 1;
  }
  return length;
}

size_t
svari_name_path(const char *text)
{
  size_t length = svari_name_token(text);
  while (length != 0 && text[length] == '/') {
    size_t token = svari_name_token(text + length + 1);
    if (token == 0) {
      break;
    }
    length += 1 + token;
  }
  return length;
}

size_t
svari_name_identifier(const char *text)
{
  if (!is_letter(text[0]) && text[0] != '_') {
    return 0;
  }
  size_t length = 1;
  while (is_letter_or_digit(text[length]) || text[length] == '_') {
    ++length;
  }
  return length;
}

svar_ret_t
svari_node_name_check(const char *name)
{
  size_t length = strlen(name);
  if (length == 0 || svari_name_identifier(name) != length) {
    return svar_fail(SVAR_ERR_VALUE,
                     "'%s' is no node name: it takes letters, digits and '_', and does not begin "
                     "with a digit",
                     name);
  }
  if (length > SVARI_NODE_NAME_MAX) {
    return svar_fail(SVAR_ERR_VALUE, "the node name '%s' has %zu bytes, %d are allowed", name,
                     length, SVARI_NODE_NAME_MAX);
  }
  return SVAR_OK;
}

// '/' identifier ('/' identifier)*
static bool
is_full_name(const char *name)
{
  const char *rest = name;
  do {
    size_t length = *rest == '/' ? svari_name_identifier(rest + 1) : 0;
    if (length == 0) {
      return false;
    }
    rest += 1 + length;
  } while (*rest != '\0');
  return true;
}

static svar_ret_t
full_name_check(const char *what, const char *name, size_t longest)
{
  if (!is_full_name(name)) {
    return svar_fail(SVAR_ERR_VALUE,
                     "'%s' is no %s: it is '/' and words with '/' between (none at the end), of "
                     "letters, digits and '_', not beginning with a digit",
                     name, what);
  }
  if (strlen(name) > longest) {
    return svar_fail(SVAR_ERR_VALUE, "the %s '%s' has %zu bytes, %zu are allowed", what, name,
                     strlen(name), longest);
  }
  return SVAR_OK;
}

svar_ret_t
svari_namespace_check(const char *name_space)
{
  if (strcmp(name_space, "/") == 0) {
    return SVAR_OK;
  }
  return full_name_check("namespace", name_space, SVARI_NAMESPACE_MAX);
}

svar_ret_t
svari_name_expand(const svari_node_identity_t *node, const char *name, char *out_name,
                  size_t name_bytes)
{
  char expanded[2 * SVARI_FULL_NAME_BYTES];
  int length;
  if (name[0] == '~' && name[1] == '/') {
    length = snprintf(expanded, sizeof(expanded), "%s%s", node->full_name, name + 1);
  } else if (name[0] == '/') {
    length = snprintf(expanded, sizeof(expanded), "%s", name);
  } else {
    const char *name_space = strcmp(node->name_space, "/") == 0 ? "" : node->name_space;
    length = snprintf(expanded, sizeof(expanded), "%s/%s", name_space, name);
  }
  if (length < 0 || (size_t)length >= sizeof(expanded)) {
    return svar_fail(SVAR_ERR_VALUE, "the name '%s' is too long: %d bytes are allowed", name,
                     SVARI_TOPIC_NAME_MAX);
  }
  SVAR_TRY(full_name_check("name", expanded, SVARI_TOPIC_NAME_MAX));
  if ((size_t)length >= name_bytes) {
    return svar_fail(SVAR_ERR_RANGE, "the name '%s' needs %d bytes, its buffer has %zu", expanded,
                     length + 1, name_bytes);
  }
  memcpy(out_name, expanded, (size_t)length + 1);
  return SVAR_OK;
}

void
svari_node_identity_set(svari_node_identity_t *node, const char *original, const char *name,
                        const char *name_space)
{
  snprintf(node->original, sizeof(node->original), "%s", original);
  snprintf(node->name, sizeof(node->name), "%s", name);
  snprintf(node->name_space, sizeof(node->name_space), "%s", name_space);
  const char *before = strcmp(name_space, "/") == 0 ? "" : name_space;
  snprintf(node->full_name, sizeof(node->full_name), "%s/%s", before, name);
}
