#include "launch/param_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "components/parameter_yaml.h"

// What a type="..." asks for.
typedef struct svari_wanted {
  bool anything; // yaml, or no type at all
  bool is_list;
  svar_parameter_kind_t kind;
} svari_wanted_t;

static svar_ret_t
read_type(const char *type, svari_wanted_t *out_wanted)
{
  static const struct {
    const char *name;
    svari_wanted_t wanted;
  } types[] = {
      {"yaml", {.anything = true}},
      {"str", {.kind = SVAR_PARAMETER_STRING}},
      {"bool", {.kind = SVAR_PARAMETER_BOOL}},
      {"int", {.kind = SVAR_PARAMETER_INTEGER}},
      {"float", {.kind = SVAR_PARAMETER_DOUBLE}},
      {"list_of_str", {.is_list = true, .kind = SVAR_PARAMETER_STRING}},
      {"list_of_bool", {.is_list = true, .kind = SVAR_PARAMETER_BOOL}},
      {"list_of_int", {.is_list = true, .kind = SVAR_PARAMETER_INTEGER}},
      {"list_of_float", {.is_list = true, .kind = SVAR_PARAMETER_DOUBLE}},
  };
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i) {
    if (strcmp(types[i].name, type == NULL ? "yaml" : type) == 0) {
      *out_wanted = types[i].wanted;
      return SVAR_OK;
    }
  }
  return svar_fail(SVAR_ERR_ARGUMENT,
                   "type=\"%s\" is none of str, bool, int, float, yaml, list_of_str, "
                   "list_of_bool, list_of_int, list_of_float",
                   type);
}

static bool
asks_for(const svari_wanted_t *wanted, svar_parameter_kind_t kind)
{
  return !wanted->anything && wanted->kind == kind;
}

// Types text by itself, or as what is wanted where the two may differ.
static svar_ret_t
append_scalar(const char *text, const svari_wanted_t *wanted, svari_parameter_value_t *value)
{
  svar_parameter_value_t scalar;
  bool is_string = *text == '\0' || asks_for(wanted, SVAR_PARAMETER_STRING);
  SVAR_TRY(svari_parameter_scalar_parse(text, is_string, &scalar));
  if (scalar.kind == SVAR_PARAMETER_INTEGER && asks_for(wanted, SVAR_PARAMETER_DOUBLE)) {
    scalar.as.real = (double)scalar.as.integer; // among doubles, "1;2.5"
    scalar.kind = SVAR_PARAMETER_DOUBLE;
  }
  svar_ret_t ret = svari_parameter_value_append(value, scalar);
  if (ret != SVAR_OK && scalar.kind == SVAR_PARAMETER_STRING) {
    free((char *)scalar.as.string); // it did not move in
  }
  return ret;
}

static svar_ret_t
read_separated(svari_arena_t *arena, const char *text, const char *separator,
               const svari_wanted_t *wanted, svari_parameter_value_t *value)
{
  if (*separator == '\0') {
    return svar_fail(SVAR_ERR_ARGUMENT, "value-sep=\"\" separates nothing; give it a character");
  }
  value->is_sequence = true;
  for (const char *at = text;;) {
    const char *end = strstr(at, separator);
    size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
    SVAR_TRY(append_scalar(svari_arena_copy(arena, at, length), wanted, value));
    if (end == NULL) {
      return SVAR_OK;
    }
    at = end + strlen(separator);
  }
}

static svar_ret_t
read_yaml(const char *text, const svari_wanted_t *wanted, svari_parameter_value_t *value)
{
  if (strspn(text, " \t\r\n") == strlen(text)) {
    return append_scalar("", wanted, value); // value="" is the empty text
  }
  svar_ret_t ret = svari_yaml_parse_value("value", text, value);
  return ret == SVAR_OK ? SVAR_OK
                        : svar_fail(ret, "%s; write type=\"str\" for text", svar_error_message());
}

static svar_ret_t
read_value(svari_arena_t *arena, const char *text, const char *separator,
           const svari_wanted_t *wanted, svari_parameter_value_t *value)
{
  if (separator != NULL) {
    return read_separated(arena, text, separator, wanted, value);
  }
  return asks_for(wanted, SVAR_PARAMETER_STRING) && !wanted->is_list
             ? append_scalar(text, wanted, value)
             : read_yaml(text, wanted, value);
}

static svar_ret_t
check_type(const char *type, const svari_wanted_t *wanted, const svari_parameter_value_t *value)
{
  svar_parameter_kind_t kind = value->items[0].kind;
  bool widens = wanted->kind == SVAR_PARAMETER_DOUBLE && kind == SVAR_PARAMETER_INTEGER;
  if (wanted->anything ||
      (value->is_sequence == wanted->is_list && (kind == wanted->kind || widens))) {
    return SVAR_OK;
  }
  char text[320];
  svari_parameter_value_describe(value, text, sizeof(text));
  return svar_fail(SVAR_ERR_TYPE, "it is %s, but type=\"%s\" asks for another; change one", text,
                   type);
}

// The shortest decimal that reads back as the same double, always with a sign of being one.
static const char *
write_double(svari_arena_t *arena, double number)
{
  if (isnan(number)) {
    return ".nan";
  }
  if (isinf(number)) {
    return number > 0 ? ".inf" : "-.inf";
  }
  const char *text = "";
  for (int digits = 15; digits <= 17; ++digits) {
    text = svari_arena_printf(arena, "%.*g", digits, number);
    if (strtod(text, NULL) == number) {
      break;
    }
  }
  return strpbrk(text, ".e") != NULL ? text : svari_arena_printf(arena, "%s.0", text);
}

static const char *
write_item(svari_arena_t *arena, const svar_parameter_value_t *item, bool as_double)
{
  switch (item->kind) {
  case SVAR_PARAMETER_BOOL:
    return item->as.boolean ? "true" : "false";
  case SVAR_PARAMETER_INTEGER:
    return as_double ? write_double(arena, (double)item->as.integer)
                     : svari_arena_printf(arena, "%" PRId64, item->as.integer);
  case SVAR_PARAMETER_DOUBLE:
    return write_double(arena, item->as.real);
  case SVAR_PARAMETER_STRING:
  case SVAR_PARAMETER_BOOL_ARRAY: // an item is no array
  case SVAR_PARAMETER_INTEGER_ARRAY:
  case SVAR_PARAMETER_DOUBLE_ARRAY:
  case SVAR_PARAMETER_STRING_ARRAY:
    break;
  }
  return svari_arena_copy(arena, item->as.string, strlen(item->as.string));
}

static svari_param_value_t
write_value(svari_arena_t *arena, const svari_wanted_t *wanted,
            const svari_parameter_value_t *value)
{
  svari_param_value_t written = {
      .kind = wanted->anything ? value->items[0].kind : wanted->kind,
      .is_list = value->is_sequence,
  };
  for (size_t i = 0; i < value->count; ++i) {
    svari_words_add(arena, &written.items,
                    write_item(arena, &value->items[i], written.kind == SVAR_PARAMETER_DOUBLE));
  }
  return written;
}

svari_param_value_t
svari_param_value_of(svari_arena_t *arena, const svari_parameter_value_t *value)
{
  return write_value(arena, &(svari_wanted_t){.anything = true}, value);
}

// For a sentence: text on one line.
static const char *
one_line(svari_arena_t *arena, const char *text)
{
  char *line = svari_arena_copy(arena, text, strlen(text));
  for (char *at = line; *at != '\0'; ++at) {
    *at = (unsigned char)*at < ' ' ? ' ' : *at;
  }
  return line;
}

svar_ret_t
svari_param_value_read(svari_arena_t *arena, const char *text, const char *type,
                       const char *separator, svari_param_value_t *out_value)
{
  svari_wanted_t wanted = {0};
  SVAR_TRY(read_type(type, &wanted));
  svari_parameter_value_t value = {0};
  svar_ret_t ret = read_value(arena, text, separator, &wanted, &value);
  if (ret == SVAR_OK) {
    ret = check_type(type, &wanted, &value);
  }
  if (ret == SVAR_OK) {
    *out_value = write_value(arena, &wanted, &value);
  } else {
    svar_fail_context("the value '%s'", one_line(arena, text));
  }
  svari_parameter_value_fini(&value);
  return ret;
}
