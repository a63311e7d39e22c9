// `<key>[: <key>...]: ros__parameters: {name: value | nested map}`
#include "components/parameter_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/array.h"
#include "components/parameter_yaml.h"

static const char parameters_key[] = "ros__parameters";

enum { DEPTH_MAX = 64 }; // of maps in maps: reading recurses

typedef struct reader {
  svari_yaml_t yaml;
  svari_parameter_table_t *table;
  int depth;
} reader_t;

// The current event as a key, joined to prefix; the caller frees it.
static svar_ret_t
read_key(const reader_t *reader, const char *prefix, char separator, char **out_joined)
{
  const yaml_event_t *event = &reader->yaml.event;
  if (event->type != YAML_SCALAR_EVENT) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX, "a key must be a plain text");
  }
  const char *key = (const char *)event->data.scalar.value;
  if (key[0] == '\0' || strlen(key) != event->data.scalar.length) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX, "this key is empty or contains a NUL");
  }
  size_t length = strlen(prefix);
  bool joins = length > 0 && prefix[length - 1] != separator;
  return svari_text_format(out_joined, "%s%.*s%s", prefix, joins ? 1 : 0, &separator, key);
}

typedef svar_ret_t (*read_entry_t)(reader_t *reader, const char *section, const char *prefix);

// Behind a mapping's start: calls read_entry at each key, up to the mapping's end.
static svar_ret_t
read_mapping(reader_t *reader, const char *section, const char *prefix, read_entry_t read_entry)
{
  if (++reader->depth > DEPTH_MAX) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX, "more than %d maps inside each other",
                           DEPTH_MAX);
  }
  for (;;) {
    SVAR_TRY(svari_yaml_next(&reader->yaml));
    if (reader->yaml.event.type == YAML_MAPPING_END_EVENT) {
      --reader->depth;
      return SVAR_OK;
    }
    SVAR_TRY(read_entry(reader, section, prefix));
  }
}

static svar_ret_t read_parameter(reader_t *reader, const char *section, const char *prefix);

static svar_ret_t
read_parameter_value(reader_t *reader, const char *section, const char *name)
{
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  if (reader->yaml.event.type == YAML_MAPPING_START_EVENT) {
    return read_mapping(reader, section, name, read_parameter);
  }
  svari_parameter_value_t value = {0};
  SVAR_TRY(svari_yaml_read_value(&reader->yaml, &value));
  svar_ret_t ret = svari_parameter_table_set(reader->table, section, name, &value);
  svari_parameter_value_fini(&value);
  return ret;
}

static svar_ret_t
read_parameter(reader_t *reader, const char *section, const char *prefix)
{
  char *name = NULL;
  SVAR_TRY(read_key(reader, prefix, '.', &name));
  svar_ret_t ret = read_parameter_value(reader, section, name);
  free(name);
  return ret;
}

// At the key ros__parameters.
static svar_ret_t
read_parameters(reader_t *reader, const char *section)
{
  if (section[0] == '\0') {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "no node stands above '%s'; /** is every node", parameters_key);
  }
  svar_ret_t ret = svari_section_check(section);
  if (ret != SVAR_OK) {
    return svari_yaml_fail(&reader->yaml, ret, "%s", svar_error_message());
  }
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  if (reader->yaml.event.type != YAML_MAPPING_START_EVENT) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "'%s' of '%s' must be a map of names and values; {} is an empty one",
                           parameters_key, section);
  }
  return read_mapping(reader, section, "", read_parameter);
}

static svar_ret_t
read_section(reader_t *reader, const char *unused, const char *path)
{
  (void)unused;
  const char *text = (const char *)reader->yaml.event.data.scalar.value;
  bool is_scalar = reader->yaml.event.type == YAML_SCALAR_EVENT;
  if (is_scalar && strcmp(text, parameters_key) == 0) {
    return read_parameters(reader, path);
  }
  // rcl takes ros__parametersX for ros__parameters; a typing error is better said.
  if (is_scalar && strncmp(text, parameters_key, strlen(parameters_key)) == 0) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX, "'%s' should be '%s'", text,
                           parameters_key);
  }
  char *joined = NULL;
  SVAR_TRY(read_key(reader, path, '/', &joined));
  svar_ret_t ret = svari_yaml_next(&reader->yaml);
  if (ret == SVAR_OK && reader->yaml.event.type != YAML_MAPPING_START_EVENT) {
    ret = svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                          "'%s' has a value before '%s': parameters go below that key", joined,
                          parameters_key);
  }
  if (ret == SVAR_OK) {
    ret = read_mapping(reader, "", joined, read_section);
  }
  free(joined);
  return ret;
}

static svar_ret_t
read_document(reader_t *reader)
{
  SVAR_TRY(svari_yaml_next(&reader->yaml));
  const yaml_event_t *event = &reader->yaml.event;
  if (event->type == YAML_SCALAR_EVENT && event->data.scalar.length == 0) {
    return SVAR_OK; // an empty document
  }
  if (event->type != YAML_MAPPING_START_EVENT) {
    return svari_yaml_fail(&reader->yaml, SVAR_ERR_SYNTAX,
                           "a parameter file is a map: node: %s: {name: value}", parameters_key);
  }
  return read_mapping(reader, "", "", read_section);
}

static svar_ret_t
read_stream(reader_t *reader)
{
  do {
    SVAR_TRY(svari_yaml_next(&reader->yaml));
    if (reader->yaml.event.type == YAML_DOCUMENT_START_EVENT) {
      SVAR_TRY(read_document(reader));
    }
  } while (reader->yaml.event.type != YAML_STREAM_END_EVENT);
  return SVAR_OK;
}

svar_ret_t
svari_parameter_stream_read(const char *path, FILE *file, svari_parameter_table_t *table)
{
  reader_t reader = {.table = table};
  svar_ret_t ret = svari_yaml_init_file(&reader.yaml, path, file);
  if (ret == SVAR_OK) {
    errno = 0;
    ret = read_stream(&reader);
    if (ferror(file)) { // a folder, say: libyaml only knows "input error"
      ret =
          svar_fail(SVAR_ERR_SYSTEM, "cannot read parameter file '%s': %s", path, strerror(errno));
    }
    svari_yaml_fini(&reader.yaml);
  }
  return ret;
}

svar_ret_t
svari_parameter_file_read(const char *path, svari_parameter_table_t *table)
{
  FILE *file = fopen(path, "re");
  if (file == NULL) {
    return svar_fail(errno == ENOENT ? SVAR_ERR_NOT_FOUND : SVAR_ERR_SYSTEM,
                     "cannot open parameter file '%s': %s", path, strerror(errno));
  }
  svar_ret_t ret = svari_parameter_stream_read(path, file, table);
  fclose(file);
  return ret;
}
