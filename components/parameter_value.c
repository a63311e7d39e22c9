#include "components/parameter_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "components/array.h"

static bool
is_one_of(const char *text, const char *const *words)
{
  for (; *words != NULL; ++words) {
    if (strcmp(text, *words) == 0) {
      return true;
    }
  }
  return false;
}

static bool
parse_bool(const char *text, bool *out_value)
{
  static const char *const yes[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                    "True", "TRUE", "on",  "On",  "ON",  NULL};
  static const char *const no[] = {"n",     "N",     "no",  "No",  "NO",  "false",
                                   "False", "FALSE", "off", "Off", "OFF", NULL};
  *out_value = is_one_of(text, yes);
  return *out_value || is_one_of(text, no);
}

static bool
parse_integer(const char *text, int64_t *out_value)
{
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 0);
  *out_value = value;
  return end != text && *end == '\0' && errno == 0;
}

static bool
parse_double(const char *text, double *out_value)
{
  static const char *const nan_words[] = {".nan", ".NaN", ".NAN", NULL};
  static const char *const inf_words[] = {".inf", ".Inf", ".INF", NULL};
  if (is_one_of(text, nan_words)) {
    *out_value = NAN;
    return true;
  }
  bool has_sign = text[0] == '+' || text[0] == '-';
  if (is_one_of(text + has_sign, inf_words)) {
    *out_value = text[0] == '-' ? -INFINITY : INFINITY;
    return true;
  }
  char *end;
  errno = 0;
  *out_value = strtod(text, &end);
  // As in rcl a number too large or too small for a double is a string, which no double takes.
  return end != text && *end == '\0' && errno == 0;
}

svar_ret_t
svari_parameter_scalar_parse(const char *text, bool is_quoted, svar_parameter_value_t *out_scalar)
{
  svar_parameter_value_t scalar = {0};
  if (!is_quoted && parse_bool(text, &scalar.as.boolean)) {
    scalar.kind = SVAR_PARAMETER_BOOL;
  } else if (!is_quoted && parse_integer(text, &scalar.as.integer)) {
    scalar.kind = SVAR_PARAMETER_INTEGER;
  } else if (!is_quoted && parse_double(text, &scalar.as.real)) {
    scalar.kind = SVAR_PARAMETER_DOUBLE;
  } else {
    char *copy;
    SVAR_TRY(svari_text_copy(text, strlen(text), &copy));
    scalar.kind = SVAR_PARAMETER_STRING;
    scalar.as.string = copy;
  }
  *out_scalar = scalar;
  return SVAR_OK;
}

svar_ret_t
svari_parameter_value_append(svari_parameter_value_t *value, svar_parameter_value_t scalar)
{
  if (value->count > 0 && value->items[0].kind != scalar.kind) {
    return svar_fail(SVAR_ERR_TYPE,
                     "a sequence holds values of one kind, this one begins with a %s and has a %s "
                     "as item %zu",
                     svari_parameter_kind_name(value->items[0].kind),
                     svari_parameter_kind_name(scalar.kind), value->count);
  }
  svar_parameter_value_t *items = svari_array_extend(value->items, value->count, sizeof(*items));
  if (items == NULL) {
    return SVAR_ERR_NO_MEMORY;
  }
  value->items = items;
  value->items[value->count++] = scalar;
  return SVAR_OK;
}

void
svari_parameter_value_fini(svari_parameter_value_t *value)
{
  for (size_t i = 0; i < value->count; ++i) {
    svari_parameter_free(&value->items[i]);
  }
  free(value->items);
  *value = (svari_parameter_value_t){0};
}

// --- copies ----------------------------------------------------------------------------------------

static svar_ret_t
copy_array(const svar_parameter_value_t *value, svar_parameter_value_t *out_copy)
{
  size_t count = value->as.array.count;
  svar_parameter_value_t *items = calloc(count + 1, sizeof(*items));
  if (items == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a parameter of %zu items", count);
  }
  svar_parameter_value_t copy = {.kind = value->kind, .as.array = {items, count}};
  for (size_t i = 0; i < count; ++i) {
    svar_ret_t ret = svari_parameter_copy(&value->as.array.items[i], &items[i]);
    if (ret != SVAR_OK) {
      svari_parameter_free(&copy);
      return ret;
    }
  }
  *out_copy = copy;
  return SVAR_OK;
}

svar_ret_t
svari_parameter_copy(const svar_parameter_value_t *value, svar_parameter_value_t *out_copy)
{
  if (svari_parameter_is_array(value->kind)) {
    return copy_array(value, out_copy);
  }
  svar_parameter_value_t copy = *value;
  if (value->kind == SVAR_PARAMETER_STRING) {
    char *text;
    SVAR_TRY(svari_text_copy(value->as.string, strlen(value->as.string), &text));
    copy.as.string = text;
  }
  *out_copy = copy;
  return SVAR_OK;
}

// Casts: const is for the component that borrows.
void
svari_parameter_free(svar_parameter_value_t *copy)
{
  if (svari_parameter_is_array(copy->kind)) {
    svar_parameter_value_t *items = (svar_parameter_value_t *)copy->as.array.items;
    for (size_t i = 0; i < copy->as.array.count; ++i) {
      svari_parameter_free(&items[i]);
    }
    free(items);
  } else if (copy->kind == SVAR_PARAMETER_STRING) {
    free((char *)copy->as.string);
  }
  *copy = (svar_parameter_value_t){0};
}

// --- texts -----------------------------------------------------------------------------------------

bool
svari_parameter_is_array(svar_parameter_kind_t kind)
{
  return kind >= SVAR_PARAMETER_BOOL_ARRAY && kind <= SVAR_PARAMETER_STRING_ARRAY;
}

svar_parameter_kind_t
svari_parameter_item_kind(svar_parameter_kind_t kind)
{
  return svari_parameter_is_array(kind)
             ? (svar_parameter_kind_t)(kind - SVAR_PARAMETER_BOOL_ARRAY + SVAR_PARAMETER_BOOL)
             : kind;
}

const char *
svari_parameter_kind_name(svar_parameter_kind_t kind)
{
  switch (kind) {
  case SVAR_PARAMETER_BOOL:
    return "bool";
  case SVAR_PARAMETER_INTEGER:
    return "integer";
  case SVAR_PARAMETER_DOUBLE:
    return "double";
  case SVAR_PARAMETER_STRING:
    return "string";
  case SVAR_PARAMETER_BOOL_ARRAY:
    return "bool array";
  case SVAR_PARAMETER_INTEGER_ARRAY:
    return "integer array";
  case SVAR_PARAMETER_DOUBLE_ARRAY:
    return "double array";
  case SVAR_PARAMETER_STRING_ARRAY:
    return "string array";
  }
  return "kind that this build does not know";
}

static void
print_array(const svar_parameter_value_t *value, char *out_text, size_t text_bytes)
{
  size_t used = (size_t)snprintf(out_text, text_bytes, "[");
  for (size_t i = 0; i < value->as.array.count && used < text_bytes; ++i) {
    char item[256];
    svari_parameter_print(&value->as.array.items[i], item, sizeof(item));
    used += (size_t)snprintf(out_text + used, text_bytes - used, "%s%s", i == 0 ? "" : ", ", item);
  }
  if (used < text_bytes) {
    snprintf(out_text + used, text_bytes - used, "]");
  }
}

void
svari_parameter_print(const svar_parameter_value_t *value, char *out_text, size_t text_bytes)
{
  switch (value->kind) {
  case SVAR_PARAMETER_BOOL:
    snprintf(out_text, text_bytes, "%s", value->as.boolean ? "true" : "false");
    return;
  case SVAR_PARAMETER_INTEGER:
    snprintf(out_text, text_bytes, "%" PRId64, value->as.integer);
    return;
  case SVAR_PARAMETER_DOUBLE:
    snprintf(out_text, text_bytes, "%g", value->as.real);
    return;
  case SVAR_PARAMETER_STRING:
    snprintf(out_text, text_bytes, "'%s'", value->as.string);
    return;
  case SVAR_PARAMETER_BOOL_ARRAY:
  case SVAR_PARAMETER_INTEGER_ARRAY:
  case SVAR_PARAMETER_DOUBLE_ARRAY:
  case SVAR_PARAMETER_STRING_ARRAY:
    print_array(value, out_text, text_bytes);
    return;
  }
  snprintf(out_text, text_bytes, "?");
}

void
svari_parameter_value_describe(const svari_parameter_value_t *value, char *out_text,
                               size_t text_bytes)
{
  const char *kind = svari_parameter_kind_name(value->items[0].kind);
  if (value->is_sequence) {
    snprintf(out_text, text_bytes, "a sequence of %zu %s%s", value->count, kind,
             value->count == 1 ? "" : "s");
    return;
  }
  char text[256];
  svari_parameter_print(&value->items[0], text, sizeof(text));
  snprintf(out_text, text_bytes, "the %s %s", kind, text);
}
