#include "launch/document.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch/schema.h"

enum { SENTENCE_BYTES = 900 };

typedef svar_ret_t (*read_document_t)(svari_arena_t *arena, const char *path,
                                      const svari_element_t **out_root);

static bool
ends_with(const char *text, const char *tail)
{
  size_t length = strlen(text);
  size_t tail_length = strlen(tail);
  return length >= tail_length && strcmp(text + length - tail_length, tail) == 0;
}

// XML begins with '<', and nothing in YAML does that could be a launch file.
static bool
begins_as_xml(const char *path)
{
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return true; // the reader says why
  }
  int byte;
  do {
    byte = getc(file);
  } while (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n');
  fclose(file);
  return byte == '<';
}

// NULL: the name is not that of a launch file which can be read.
static read_document_t
reader_of(const char *path)
{
  if (ends_with(path, ".xml")) {
    return svari_document_read_xml;
  }
  if (ends_with(path, ".yaml") || ends_with(path, ".yml")) {
    return svari_document_read_yaml;
  }
  if (ends_with(path, ".launch")) {
    return begins_as_xml(path) ? svari_document_read_xml : svari_document_read_yaml;
  }
  return NULL;
}

svar_ret_t
svari_document_check(const char *path)
{
  struct stat status;
  if (stat(path, &status) != 0) {
    svar_ret_t code = errno == ENOENT || errno == ENOTDIR ? SVAR_ERR_NOT_FOUND : SVAR_ERR_SYSTEM;
    return svar_fail(code, "launch file '%s' cannot be opened: %s", path, strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "launch file '%s' is not a file; name a .launch.xml or .launch.yaml file",
                     path);
  }
  if (access(path, R_OK) != 0) {
    return svar_fail(SVAR_ERR_PERMISSION, "launch file '%s' cannot be opened: %s", path,
                     strerror(errno));
  }
  if (reader_of(path) == NULL) {
    return svar_fail(SVAR_ERR_UNSUPPORTED,
                     "%s:1: svar launch reads XML and YAML launch files, told by a name that ends "
                     "in .xml, .yaml, .yml or .launch; write this one as such, or start it with "
                     "ros2 launch",
                     path);
  }
  return SVAR_OK;
}

svar_ret_t
svari_document_read(svari_arena_t *arena, const char *path, const svari_element_t **out_root)
{
  SVAR_TRY(svari_document_check(path));
  const svari_element_t *root = NULL;
  SVAR_TRY(reader_of(path)(arena, path, &root));
  SVAR_TRY(svari_schema_check(arena, root));
  *out_root = root;
  return SVAR_OK;
}

const char *
svari_element_attribute(const svari_element_t *element, const char *name)
{
  for (const svari_attribute_t *attribute = element->attributes; attribute != NULL;
       attribute = attribute->next) {
    if (strcmp(attribute->name, name) == 0) {
      return attribute->value;
    }
  }
  return NULL;
}

svar_ret_t
svari_element_fail(const svari_element_t *element, svar_ret_t code, const char *format, ...)
{
  char sentence[SENTENCE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof(sentence), format, arguments);
  va_end(arguments);
  return svar_fail(code, "%s:%ld: %s", element->file, element->line, sentence);
}

svar_ret_t
svari_element_blame(const svari_element_t *element, svar_ret_t code)
{
  if (code != SVAR_OK) {
    svar_fail_context("%s:%ld", element->file, element->line);
  }
  return code;
}
