#include "components/parameter_yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static svar_ret_t
init_parser(svari_yaml_t *yaml, const char *source)
{
  *yaml = (svari_yaml_t){.source = source};
  if (!yaml_parser_initialize(&yaml->parser)) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "%s: no memory to read YAML", source);
  }
  yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
  return SVAR_OK;
}

svar_ret_t
svari_yaml_init_text(svari_yaml_t *yaml, const char *source, const char *text)
{
  SVAR_TRY(init_parser(yaml, source));
  yaml_parser_set_input_string(&yaml->parser, (const unsigned char *)text, strlen(text));
  return SVAR_OK;
}

svar_ret_t
svari_yaml_init_file(svari_yaml_t *yaml, const char *source, FILE *file)
{
  SVAR_TRY(init_parser(yaml, source));
  yaml_parser_set_input_file(&yaml->parser, file);
  return SVAR_OK;
}

void
svari_yaml_fini(svari_yaml_t *yaml)
{
  yaml_event_delete(&yaml->event);
  yaml_parser_delete(&yaml->parser);
  *yaml = (svari_yaml_t){0};
}

svar_ret_t
svari_yaml_next(svari_yaml_t *yaml)
{
  yaml_event_delete(&yaml->event);
  if (!yaml_parser_parse(&yaml->parser, &yaml->event)) {
    const yaml_parser_t *parser = &yaml->parser;
    yaml->event = (yaml_event_t){0};
    if (parser->error == YAML_MEMORY_ERROR) {
      return svar_fail(SVAR_ERR_NO_MEMORY, "%s: no memory to read YAML", yaml->source);
    }
    return svar_fail(SVAR_ERR_SYNTAX, "%s:%zu: this is not YAML: %s", yaml->source,
                     parser->problem_mark.line + 1,
                     parser->problem != NULL ? parser->problem : "unknown error");
  }
  if (yaml->event.type == YAML_ALIAS_EVENT) {
    return svari_yaml_fail(yaml, SVAR_ERR_SYNTAX,
                           "aliases ('*%s') are not allowed, write the value out",
                           (const char *)yaml->event.data.alias.anchor);
  }
  return SVAR_OK;
}

svar_ret_t
svari_yaml_fail(const svari_yaml_t *yaml, svar_ret_t code, const char *format, ...)
{
  char text[768];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return svar_fail(code, "%s:%zu: %s", yaml->source, yaml->event.start_mark.line + 1, text);
}

// Quotes make a string; so does the tag, whatever the style. Other tags change nothing.
static bool
is_string_event(const yaml_event_t *event)
{
  const char *tag = (const char *)event->data.scalar.tag;
  return event->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
         event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE ||
         (tag != NULL && strcmp(tag, YAML_STR_TAG) == 0);
}

static svar_ret_t
append_scalar(svari_yaml_t *yaml, svari_parameter_value_t *value)
{
  const char *text = (const char *)yaml->event.data.scalar.value;
  size_t length = yaml->event.data.scalar.length;
  bool is_string = is_string_event(&yaml->event);
  if (length == 0 && !is_string) {
    return svari_yaml_fail(yaml, SVAR_ERR_SYNTAX,
                           "there is no value here; the empty string is written \"\"");
  }
  if (strlen(text) != length) {
    return svari_yaml_fail(yaml, SVAR_ERR_SYNTAX, "a value may not contain a NUL character");
  }
  svar_parameter_value_t scalar;
  SVAR_TRY(svari_parameter_scalar_parse(text, is_string, &scalar));
  svar_ret_t ret = svari_parameter_value_append(value, scalar);
  if (ret == SVAR_OK) {
    return SVAR_OK;
  }
  if (scalar.kind == SVAR_PARAMETER_STRING) {
    free((char *)scalar.as.string);
  }
  return ret == SVAR_ERR_TYPE ? svari_yaml_fail(yaml, ret, "%s", svar_error_message()) : ret;
}

static svar_ret_t
read_sequence(svari_yaml_t *yaml, svari_parameter_value_t *value)
{
  value->is_sequence = true;
  for (;;) {
    SVAR_TRY(svari_yaml_next(yaml));
    switch (yaml->event.type) {
    case YAML_SCALAR_EVENT:
      SVAR_TRY(append_scalar(yaml, value));
      break;
    case YAML_SEQUENCE_END_EVENT:
      if (value->count == 0) {
        return svari_yaml_fail(yaml, SVAR_ERR_SYNTAX,
                               "an empty sequence has no kind: leave the parameter out instead");
      }
      return SVAR_OK;
    default:
      return svari_yaml_fail(yaml, SVAR_ERR_SYNTAX,
                             "a sequence holds bools, integers, doubles or strings, not "
                             "sequences or mappings");
    }
  }
}

svar_ret_t
svari_yaml_read_value(svari_yaml_t *yaml, svari_parameter_value_t *out_value)
{
  svari_parameter_value_t value = {0};
  svar_ret_t ret;
  switch (yaml->event.type) {
  case YAML_SCALAR_EVENT:
    ret = append_scalar(yaml, &value);
    break;
  case YAML_SEQUENCE_START_EVENT:
    ret = read_sequence(yaml, &value);
    break;
  default:
    ret = svari_yaml_fail(yaml, SVAR_ERR_SYNTAX, "a value is a scalar or a sequence of scalars");
  }
  if (ret != SVAR_OK) {
    svari_parameter_value_fini(&value);
    return ret;
  }
  *out_value = value;
  return SVAR_OK;
}

// Stream and document start, the value, document and stream end, and nothing more.
static svar_ret_t
read_only_value(svari_yaml_t *yaml, svari_parameter_value_t *value)
{
  SVAR_TRY(svari_yaml_next(yaml));
  SVAR_TRY(svari_yaml_next(yaml));
  if (yaml->event.type == YAML_STREAM_END_EVENT) {
    return svari_yaml_fail(yaml, SVAR_ERR_SYNTAX,
                           "there is no value here; the empty string is written \"\"");
  }
  SVAR_TRY(svari_yaml_next(yaml));
  SVAR_TRY(svari_yaml_read_value(yaml, value));
  SVAR_TRY(svari_yaml_next(yaml));
  SVAR_TRY(svari_yaml_next(yaml));
  if (yaml->event.type != YAML_STREAM_END_EVENT) {
    return svari_yaml_fail(yaml, SVAR_ERR_SYNTAX, "one value is expected, not several documents");
  }
  return SVAR_OK;
}

svar_ret_t
svari_yaml_parse_value(const char *source, const char *text, svari_parameter_value_t *out_value)
{
  svari_yaml_t yaml;
  SVAR_TRY(svari_yaml_init_text(&yaml, source, text));
  svari_parameter_value_t value = {0};
  svar_ret_t ret = read_only_value(&yaml, &value);
  svari_yaml_fini(&yaml);
  if (ret != SVAR_OK) {
    svari_parameter_value_fini(&value);
    return ret;
  }
  *out_value = value;
  return SVAR_OK;
}
