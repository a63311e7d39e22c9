#include "components/parameter_table.h"

#include <stdlib.h>
#include <string.h>

#include "components/array.h"
#include "components/ros_names.h"

static svar_ret_t
section_for(svari_parameter_table_t *table, const char *pattern,
            svari_parameter_section_t **out_section)
{
  for (size_t i = 0; i < table->count; ++i) {
    if (strcmp(table->sections[i].pattern, pattern) == 0) {
      *out_section = &table->sections[i];
      return SVAR_OK;
    }
  }
  svari_parameter_section_t *sections =
      svari_array_extend(table->sections, table->count, sizeof(*sections));
  if (sections == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  table->sections = sections;
  SVAR_TRY(svari_text_copy(pattern, strlen(pattern), &sections[table->count].pattern));
  *out_section = &sections[table->count++];
  return SVAR_OK;
}

static svari_parameter_t *
find_in_section(const svari_parameter_section_t *section, const char *name)
{
  for (size_t i = 0; i < section->count; ++i) {
    if (strcmp(section->parameters[i].name, name) == 0) {
      return &section->parameters[i];
    }
  }
  return NULL;
}

svar_ret_t
svari_parameter_table_set(svari_parameter_table_t *table, const char *section, const char *name,
                          svari_parameter_value_t *value)
{
  svari_parameter_section_t *target;
  SVAR_TRY(section_for(table, section, &target));
  svari_parameter_t *parameter = find_in_section(target, name);
  if (parameter == NULL) {
    svari_parameter_t *parameters =
        svari_array_extend(target->parameters, target->count, sizeof(*parameters));
    if (parameters == NULL) {
      return SVAR_ERR_NO_MEMORY;
    }
    target->parameters = parameters;
    parameter = &parameters[target->count];
    SVAR_TRY(svari_text_copy(name, strlen(name), &parameter->name));
    ++target->count;
  }
  svari_parameter_value_fini(&parameter->value);
  parameter->value = *value;
  *value = (svari_parameter_value_t){0};
  return SVAR_OK;
}

static void
section_fini(svari_parameter_section_t *section)
{
  for (size_t i = 0; i < section->count; ++i) {
    free(section->parameters[i].name);
    svari_parameter_value_fini(&section->parameters[i].value);
  }
  free(section->parameters);
  free(section->pattern);
}

void
svari_parameter_table_fini(svari_parameter_table_t *table)
{
  for (size_t i = 0; i < table->count; ++i) {
    section_fini(&table->sections[i]);
  }
  free(table->sections);
  *table = (svari_parameter_table_t){0};
}

const svari_parameter_value_t *
svari_parameter_table_find(const svari_parameter_table_t *table, const char *node_full_name,
                           const char *name)
{
  const svari_parameter_value_t *found = NULL;
  for (size_t i = 0; i < table->count; ++i) {
    const svari_parameter_t *parameter = find_in_section(&table->sections[i], name);
    if (parameter != NULL && svari_section_matches(table->sections[i].pattern, node_full_name)) {
      found = &parameter->value;
    }
  }
  return found;
}

svar_ret_t
svari_section_check(const char *pattern)
{
  const char *word = pattern[0] == '/' ? pattern + 1 : pattern;
  for (;;) {
    size_t length = word[0] == '*' ? 1 + (word[1] == '*') : svari_name_identifier(word);
    if (length == 0 || (word[length] != '/' && word[length] != '\0')) {
      return svar_fail(
          SVAR_ERR_SYNTAX,
          "'%s' names no node: between its '/' stand *, ** or words of letters, digits "
          "and '_' that do not begin with a digit",
          pattern);
    }
    if (word[length] == '\0') {
      return SVAR_OK;
    }
    word += length + 1;
  }
}

// The next '/'-word after *cursor (NULL: none left); moves the cursor behind it.
static const char *
next_word(const char **cursor, size_t *out_length)
{
  if (**cursor == '\0') {
    return NULL;
  }
  const char *word = **cursor == '/' ? *cursor + 1 : *cursor;
  *out_length = strcspn(word, "/");
  *cursor = word + *out_length;
  return word;
}

bool
svari_section_matches(const char *pattern, const char *node_full_name)
{
  // The usual matcher for wildcards, on words: the last "**" takes as few words as it can, and one
  // more each time that what follows it does not match.
  const char *after_stars = NULL;
  const char *retry_name = NULL;
  const char *name = node_full_name;
  for (;;) {
    size_t length = 0;
    size_t name_length = 0;
    const char *word = next_word(&pattern, &length);
    if (word != NULL && length == 2 && word[0] == '*') {
      after_stars = pattern;
      retry_name = name;
      continue;
    }
    const char *name_word = next_word(&name, &name_length);
    if (word == NULL && name_word == NULL) {
      return true;
    }
    bool equal = word != NULL && name_word != NULL &&
                 ((length == 1 && word[0] == '*') ||
                  (length == name_length && memcmp(word, name_word, length) == 0));
    if (equal) {
      continue;
    }
    if (after_stars == NULL || next_word(&retry_name, &name_length) == NULL) {
      return false;
    }
    pattern = after_stars;
    name = retry_name;
  }
}
