#include "launch/eval_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "launch/substitution.h"

static const char *
name_of(const svari_eval_value_t *value)
{
  static const char *const names[] = {
      [SVARI_EVAL_NONE] = "None",        [SVARI_EVAL_BOOL] = "a truth value",
      [SVARI_EVAL_INTEGER] = "a number", [SVARI_EVAL_REAL] = "a number",
      [SVARI_EVAL_TEXT] = "a text",
  };
  return names[value->kind];
}

static bool
is_whole(const svari_eval_value_t *value)
{
  return value->kind == SVARI_EVAL_INTEGER || value->kind == SVARI_EVAL_BOOL;
}

static bool
is_number(const svari_eval_value_t *value)
{
  return is_whole(value) || value->kind == SVARI_EVAL_REAL;
}

static double
to_real(const svari_eval_value_t *value)
{
  return is_whole(value) ? (double)value->integer : value->real;
}

// Exact for both kinds: a long double holds every 64-bit number.
static long double
to_exact(const svari_eval_value_t *value)
{
  return is_whole(value) ? (long double)value->integer : (long double)value->real;
}

bool
svari_eval_is_true(const svari_eval_value_t *value)
{
  switch (value->kind) {
  case SVARI_EVAL_NONE:
    return false;
  case SVARI_EVAL_BOOL:
  case SVARI_EVAL_INTEGER:
    return value->integer != 0;
  case SVARI_EVAL_REAL:
    return value->real != 0;
  case SVARI_EVAL_TEXT:
    break;
  }
  return *value->text != '\0';
}

bool
svari_eval_are_equal(const svari_eval_value_t *left, const svari_eval_value_t *right)
{
  if (is_number(left) && is_number(right)) {
    return to_exact(left) == to_exact(right);
  }
  return left->kind == right->kind &&
         (left->kind == SVARI_EVAL_NONE || strcmp(left->text, right->text) == 0);
}

svar_ret_t
svari_eval_is_less(const svari_eval_value_t *left, const svari_eval_value_t *right, bool *out_less)
{
  if (is_number(left) && is_number(right)) {
    *out_less = to_exact(left) < to_exact(right);
    return SVAR_OK;
  }
  if (left->kind == SVARI_EVAL_TEXT && right->kind == SVARI_EVAL_TEXT) {
    *out_less = strcmp(left->text, right->text) < 0; // UTF-8 sorts as its code points do
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_TYPE,
                   "%s and %s have no order; compare two numbers, or two texts (in quotes)",
                   name_of(left), name_of(right));
}

svar_ret_t
svari_eval_is_part(const svari_eval_value_t *left, const svari_eval_value_t *right, bool *out_part)
{
  if (left->kind != SVARI_EVAL_TEXT || right->kind != SVARI_EVAL_TEXT) {
    return svar_fail(SVAR_ERR_TYPE,
                     "`in` looks for a text in a text, or for a value in a list [a, b], not for %s "
                     "in %s",
                     name_of(left), name_of(right));
  }
  *out_part = strstr(right->text, left->text) != NULL;
  return SVAR_OK;
}

static svar_ret_t
compute_whole(char symbol, int64_t left, int64_t right, svari_eval_value_t *out_value)
{
  int64_t result = 0;
  bool leaves = symbol == '+'   ? __builtin_add_overflow(left, right, &result)
                : symbol == '-' ? __builtin_sub_overflow(left, right, &result)
                                : __builtin_mul_overflow(left, right, &result);
  if (leaves) {
    return svar_fail(SVAR_ERR_VALUE,
                     "%" PRId64 " %c %" PRId64 " leaves the whole numbers of 64 bits; write one as "
                     "%" PRId64 ".0",
                     left, symbol, right, right);
  }
  *out_value = (svari_eval_value_t){.kind = SVARI_EVAL_INTEGER, .integer = result};
  return SVAR_OK;
}

static svar_ret_t
compute_number(char symbol, const svari_eval_value_t *left, const svari_eval_value_t *right,
               svari_eval_value_t *out_value)
{
  if (symbol != '/' && is_whole(left) && is_whole(right)) {
    return compute_whole(symbol, left->integer, right->integer, out_value);
  }
  double a = to_real(left);
  double b = to_real(right);
  if (symbol == '/' && b == 0) {
    return svar_fail(SVAR_ERR_VALUE, "a division by 0");
  }
  double result = symbol == '+' ? a + b : symbol == '-' ? a - b : symbol == '*' ? a * b : a / b;
  *out_value = (svari_eval_value_t){.kind = SVARI_EVAL_REAL, .real = result};
  return SVAR_OK;
}

static svar_ret_t
repeat(svari_arena_t *arena, const char *text, int64_t count, svari_eval_value_t *out_value)
{
  size_t length = strlen(text);
  count = count < 0 || length == 0 ? 0 : count;
  if (count > SVARI_TEXT_BYTES_MAX / (int64_t)(length + 1)) {
    return svar_fail(SVAR_ERR_VALUE, "%" PRId64 " times a text of %zu bytes is too long", count,
                     length);
  }
  char *repeated = svari_arena_zeroed(arena, length * (size_t)count + 1);
  for (int64_t i = 0; i < count; ++i) {
    memcpy(repeated + (size_t)i * length, text, length);
  }
  *out_value = (svari_eval_value_t){.kind = SVARI_EVAL_TEXT, .text = repeated};
  return SVAR_OK;
}

static svar_ret_t
join(svari_arena_t *arena, const char *left, const char *right, svari_eval_value_t *out_value)
{
  if (strlen(left) + strlen(right) > SVARI_TEXT_BYTES_MAX) {
    return svar_fail(SVAR_ERR_VALUE, "two texts together have more than %d bytes",
                     (int)SVARI_TEXT_BYTES_MAX);
  }
  *out_value = (svari_eval_value_t){.kind = SVARI_EVAL_TEXT,
                                    .text = svari_arena_printf(arena, "%s%s", left, right)};
  return SVAR_OK;
}

svar_ret_t
svari_eval_compute(svari_arena_t *arena, char symbol, const svari_eval_value_t *left,
                   const svari_eval_value_t *right, svari_eval_value_t *out_value)
{
  if (is_number(left) && is_number(right)) {
    return compute_number(symbol, left, right, out_value);
  }
  bool left_is_text = left->kind == SVARI_EVAL_TEXT;
  bool right_is_text = right->kind == SVARI_EVAL_TEXT;
  if (symbol == '+' && left_is_text && right_is_text) {
    return join(arena, left->text, right->text, out_value);
  }
  if (symbol == '*' && left_is_text && is_whole(right)) {
    return repeat(arena, left->text, right->integer, out_value);
  }
  if (symbol == '*' && is_whole(left) && right_is_text) {
    return repeat(arena, right->text, left->integer, out_value);
  }
  return svar_fail(SVAR_ERR_TYPE, "'%c' is not for %s and %s; a text in quotes is not a number",
                   symbol, name_of(left), name_of(right));
}

// Python's repr(): the fewest digits that read back as the same number, without an exponent from 1e-4 up to
// below 1e16.
static const char *
real_text(svari_arena_t *arena, double number)
{
  if (isnan(number) || isinf(number)) {
    return isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
  }
  const char *text = "";
  int decimals = 0;
  for (; decimals < 17; ++decimals) {
    text = svari_arena_printf(arena, "%.*e", decimals, number);
    if (strtod(text, NULL) == number) {
      break;
    }
  }
  int exponent = atoi(strchr(text, 'e') + 1);
  if (exponent < -4 || exponent >= 16) {
    return text;
  }
  decimals -= exponent;
  return decimals > 0 ? svari_arena_printf(arena, "%.*f", decimals, number)
                      : svari_arena_printf(arena, "%.1f", number);
}

const char *
svari_eval_text(svari_arena_t *arena, const svari_eval_value_t *value)
{
  switch (value->kind) {
  case SVARI_EVAL_NONE:
    return "None";
  case SVARI_EVAL_BOOL:
    return value->integer != 0 ? "True" : "False";
  case SVARI_EVAL_INTEGER:
    return svari_arena_printf(arena, "%" PRId64, value->integer);
  case SVARI_EVAL_REAL:
    return real_text(arena, value->real);
  case SVARI_EVAL_TEXT:
    break;
  }
  return value->text;
}
