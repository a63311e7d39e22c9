// "[node:]name:=value"
#include "components/parameter_table.h"

#include <stdlib.h>
#include <string.h>

#include "components/array.h"
#include "components/parameter_yaml.h"
#include "components/ros_names.h"

// (TOKEN | '/')+ ('.' (TOKEN | '/')+)*
static size_t
parameter_name_length(const char *text)
{
  size_t length = 0;
  for (;;) {
    size_t part = 0;
    for (size_t piece = 1; piece != 0; part += piece) {
      piece = text[length + part] == '/' ? 1 : svari_name_token(text + length + part);
    }
    if (part == 0) {
      return 0;
    }
    length += part;
    if (text[length] != '.') {
      return length;
    }
    ++length;
  }
}

static svar_ret_t
set_rule(const char *text, const char *name, size_t name_length, const char *section,
         svari_parameter_table_t *table)
{
  svari_parameter_value_t value = {0};
  char *source = NULL;
  char *name_copy = NULL;
  svar_ret_t ret;
  if ((ret = svari_text_format(&source, "parameter rule '%s'", text)) == SVAR_OK &&
      (ret = svari_text_copy(name, name_length, &name_copy)) == SVAR_OK &&
      (ret = svari_yaml_parse_value(source, name + name_length + 2, &value)) == SVAR_OK) {
    ret = svari_parameter_table_set(table, section, name_copy, &value);
  }
  svari_parameter_value_fini(&value);
  free(name_copy);
  free(source);
  return ret;
}

svar_ret_t
svari_parameter_rule_parse(const char *text, svari_parameter_table_t *table)
{
  const char *name = text;
  size_t node_length = svari_name_token(text);
  bool has_node = node_length != 0 && text[node_length] == ':' && text[node_length + 1] != '=';
  if (has_node) {
    name = text + node_length + 1;
  }
  size_t name_length = parameter_name_length(name);
  if (name_length == 0 || strncmp(name + name_length, ":=", 2) != 0) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "parameter rule '%s': it must be [node:]name:=value, with a name such as rate "
                     "or gains.p",
                     text);
  }
  if (!has_node) {
    return set_rule(text, name, name_length, "/**", table);
  }
  char *section;
  SVAR_TRY(svari_text_copy(text, node_length, &section));
  svar_ret_t ret = set_rule(text, name, name_length, section, table);
  free(section);
  return ret;
}
