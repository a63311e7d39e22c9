#include "tools/numbers.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NO_RANK = -1, NUMBER_BYTES = 64 };

typedef struct number {
  bool is_truth; // true or false
  bool is_whole;
  bool is_negative;
  uint64_t magnitude; // of a whole one
  double real;        // of every one
} number_t;

typedef struct parser {
  const char *text, *at;
  int32_t ndim; // NO_RANK: not known before the first number, or empty list
  int64_t shape[SVAR_NDIM_MAX];
  bool has_extent[SVAR_NDIM_MAX];
  number_t *numbers;
  size_t count, room;
} parser_t;

static svar_ret_t
fail_at(const parser_t *parser, const char *what)
{
  return svar_fail(SVAR_ERR_SYNTAX, "column %zu of '%.60s': %s",
                   (size_t)(parser->at - parser->text) + 1, parser->text, what);
}

static void
skip_blanks(parser_t *parser)
{
  while (isspace((unsigned char)*parser->at)) {
    parser->at++;
  }
}

// --- one number ------------------------------------------------------------------------------------

// Leaves out_number as it is if the word is no whole number of 64 bits.
static void
parse_whole(const char *word, number_t *out_number)
{
  const char *digits = word + (*word == '-' || *word == '+');
  if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0') {
    return;
  }
  errno = 0;
  unsigned long long magnitude = strtoull(digits, NULL, 10);
  if (errno == 0) {
    out_number->is_whole = true;
    out_number->magnitude = magnitude;
    out_number->is_negative = *word == '-' && magnitude != 0;
  }
}

static bool
parse_number(const char *word, number_t *out_number)
{
  char *end;
  *out_number = (number_t){0};
  if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
    bool truth = word[0] == 't';
    *out_number = (number_t){.is_truth = true, .is_whole = true, .magnitude = truth, .real = truth};
    return true;
  }
  parse_whole(word, out_number);
  out_number->real = strtod(word, &end);
  return *word != '\0' && *end == '\0';
}

static svar_ret_t
append(parser_t *parser, const number_t *number)
{
  if (parser->count == parser->room) {
    size_t room = parser->room > 0 ? 2 * parser->room : 64;
    number_t *numbers = reallocarray(parser->numbers, room, sizeof(number_t));
    if (numbers == NULL) {
      return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu numbers", room);
    }
    parser->numbers = numbers;
    parser->room = room;
  }
  parser->numbers[parser->count++] = *number;
  return SVAR_OK;
}

static svar_ret_t
read_number(parser_t *parser, int32_t depth)
{
  char word[NUMBER_BYTES];
  number_t number;
  size_t length = strcspn(parser->at, ",[] \t\r\n");
  if (parser->ndim != NO_RANK && depth != parser->ndim) {
    return fail_at(parser, "a number where a list is expected, as in the lists before");
  }
  if (length == 0 || length >= sizeof(word)) {
    return fail_at(parser, "a number is expected, or a list in []");
  }
  memcpy(word, parser->at, length);
  word[length] = '\0';
  if (!parse_number(word, &number)) {
    return fail_at(parser, "this is no number");
  }
  parser->ndim = depth;
  parser->at += length;
  return append(parser, &number);
}

// --- lists -----------------------------------------------------------------------------------------

static svar_ret_t read_value(parser_t *parser, int32_t depth);

static svar_ret_t
set_extent(parser_t *parser, int32_t axis, int64_t extent)
{
  if (extent == 0 && parser->ndim == NO_RANK) {
    parser->ndim = axis + 1;
  }
  if (!parser->has_extent[axis]) {
    parser->has_extent[axis] = true;
    parser->shape[axis] = extent;
  }
  return parser->shape[axis] == extent
             ? SVAR_OK
             : fail_at(parser, "this list has another length than those beside it");
}

static svar_ret_t
read_list(parser_t *parser, int32_t depth)
{
  if (depth == SVAR_NDIM_MAX || (parser->ndim != NO_RANK && depth >= parser->ndim)) {
    return fail_at(parser, depth == SVAR_NDIM_MAX ? "lists are nested too deep"
                                                  : "a list where a number is expected");
  }
  int64_t extent = 0;
  parser->at++;
  for (skip_blanks(parser); *parser->at != ']'; skip_blanks(parser)) {
    if (extent > 0) {
      if (*parser->at != ',') {
        return fail_at(parser, "a ',' or a ']' is expected");
      }
      parser->at++;
    }
    SVAR_TRY(read_value(parser, depth + 1));
    extent++;
  }
  SVAR_TRY(set_extent(parser, depth, extent));
  parser->at++;
  return SVAR_OK;
}

static svar_ret_t
read_value(parser_t *parser, int32_t depth)
{
  skip_blanks(parser);
  return *parser->at == '[' ? read_list(parser, depth) : read_number(parser, depth);
}

// --- all of them -----------------------------------------------------------------------------------

static svar_dtype_t
natural_dtype(const parser_t *parser)
{
  bool is_truths = parser->count > 0, is_whole = true, has_negative = false, is_large = false;
  for (size_t i = 0; i < parser->count; i++) {
    const number_t *number = &parser->numbers[i];
    // The least int64 has no positive counterpart.
    bool is_least = number->is_negative && number->magnitude == (uint64_t)INT64_MAX + 1;
    is_truths &= number->is_truth;
    is_whole &= number->is_whole;
    has_negative |= number->is_negative;
    is_large |= number->magnitude > INT64_MAX && !is_least;
  }
  if (is_truths) {
    return SVAR_BOOL;
  }
  if (!is_whole || (has_negative && is_large)) {
    return SVAR_FLOAT64;
  }
  return is_large ? SVAR_UINT64 : SVAR_INT64;
}

static void
write_element(const number_t *number, svar_dtype_t dtype, void *element)
{
  if (svar_dtype_equal(dtype, SVAR_FLOAT64)) {
    memcpy(element, &number->real, sizeof(number->real));
  } else {
    uint64_t whole = number->is_negative ? 0 - number->magnitude : number->magnitude;
    memcpy(element, &whole, svar_dtype_bytes(dtype)); // little-endian
  }
}

static svar_ret_t
take_elements(const parser_t *parser, svari_numbers_t *out_numbers)
{
  svar_dtype_t dtype = natural_dtype(parser);
  size_t element_bytes = svar_dtype_bytes(dtype);
  uint8_t *elements = calloc(parser->count + 1, element_bytes); // not of 0 bytes
  if (elements == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %zu numbers", parser->count);
  }
  for (size_t i = 0; i < parser->count; i++) {
    write_element(&parser->numbers[i], dtype, elements + i * element_bytes);
  }
  *out_numbers = (svari_numbers_t){
      .dtype = dtype, .ndim = parser->ndim, .count = parser->count, .elements = elements};
  memcpy(out_numbers->shape, parser->shape, sizeof(parser->shape));
  return SVAR_OK;
}

svar_ret_t
svari_numbers_parse(const char *text, svari_numbers_t *out_numbers)
{
  parser_t parser = {.text = text, .at = text, .ndim = NO_RANK};
  svar_ret_t ret = read_value(&parser, 0);
  skip_blanks(&parser);
  if (ret == SVAR_OK && *parser.at != '\0') {
    ret = fail_at(&parser, "nothing is expected behind the value");
  }
  if (ret == SVAR_OK) {
    ret = take_elements(&parser, out_numbers);
  }
  free(parser.numbers);
  return ret;
}

void
svari_numbers_fini(svari_numbers_t *numbers)
{
  free(numbers->elements);
  numbers->elements = NULL;
}

svar_source_t
svari_numbers_source(const svari_numbers_t *numbers)
{
  return svar_literals(numbers->dtype, numbers->elements, numbers->ndim, numbers->shape);
}
