#include "launch/eval_tree.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32, NODES_MAX = 2000 }; // reading recurses by depth, evaluating by nodes

typedef struct svari_eval_parser {
  svari_arena_t *arena;
  const char *at;
  int depth, nodes;
} svari_eval_parser_t;

typedef svar_ret_t (*svari_eval_read_t)(svari_eval_parser_t *parser, svari_eval_node_t **out_node);

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
static const char digits[] = "0123456789";
static const char name_characters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

static svar_ret_t read_expression(svari_eval_parser_t *parser, svari_eval_node_t **out_node);

static bool
is_one_of(char character, const char *set)
{
  return character != '\0' && strchr(set, character) != NULL;
}

static void
skip_spaces(svari_eval_parser_t *parser)
{
  parser->at += strspn(parser->at, " \t\r\n");
}

// Takes the symbol if it comes next.
static bool
take_symbol(svari_eval_parser_t *parser, const char *symbol)
{
  skip_spaces(parser);
  bool is_next = strncmp(parser->at, symbol, strlen(symbol)) == 0;
  parser->at += is_next ? strlen(symbol) : 0;
  return is_next;
}

// Takes the word if it comes next, and is not the beginning of a longer one.
static bool
take_word(svari_eval_parser_t *parser, const char *word)
{
  skip_spaces(parser);
  size_t length = strlen(word);
  bool is_next =
      strspn(parser->at, name_characters) == length && strncmp(parser->at, word, length) == 0;
  parser->at += is_next ? length : 0;
  return is_next;
}

static svar_ret_t
go_deeper(svari_eval_parser_t *parser)
{
  return ++parser->depth <= DEPTH_MAX
             ? SVAR_OK
             : svar_fail(SVAR_ERR_SYNTAX, "it is nested more than %d deep", (int)DEPTH_MAX);
}

static svar_ret_t
new_node(svari_eval_parser_t *parser, svari_eval_form_t form, svari_eval_node_t *left,
         svari_eval_node_t *right, svari_eval_node_t **out_node)
{
  if (++parser->nodes > NODES_MAX) {
    return svar_fail(SVAR_ERR_SYNTAX, "it has more than %d parts", (int)NODES_MAX);
  }
  svari_eval_node_t *node = svari_arena_zeroed(parser->arena, sizeof(*node));
  *node = (svari_eval_node_t){.form = form, .left = left, .right = right};
  *out_node = node;
  return SVAR_OK;
}

static svar_ret_t
new_literal(svari_eval_parser_t *parser, svari_eval_value_t value, svari_eval_node_t **out_node)
{
  SVAR_TRY(new_node(parser, SVARI_EVAL_LITERAL, NULL, NULL, out_node));
  (*out_node)->is_known = true;
  (*out_node)->value = value;
  return SVAR_OK;
}

// Where something else had to stand: says what is wrong with what does.
static svar_ret_t
refuse(const svari_eval_parser_t *parser, const char *expected)
{
  const char *at = parser->at;
  int length = (int)strspn(at, name_characters);
  if (*at == '\0') {
    return svar_fail(SVAR_ERR_SYNTAX, "%s is missing at the end", expected);
  }
  if (is_one_of(*at, ".([{%") || strncmp(at, "**", 2) == 0 || strncmp(at, "//", 2) == 0) {
    return svar_fail(SVAR_ERR_UNSUPPORTED,
                     "svar launch offers neither calls, methods, indices, nor the operators // %% "
                     "and **, as at '%.40s'; compute it before, and hand the result in as an "
                     "argument",
                     at);
  }
  return length > 0
             ? svar_fail(SVAR_ERR_SYNTAX, "%s must stand before '%.*s'", expected, length, at)
             : svar_fail(SVAR_ERR_SYNTAX, "%s must stand before '%.40s'", expected, at);
}

static svar_ret_t
refuse_name(const svari_eval_parser_t *parser)
{
  const char *name = parser->at;
  int length = (int)strspn(name, name_characters);
  if (name[length] == '\'' || name[length] == '"') {
    return svar_fail(SVAR_ERR_UNSUPPORTED,
                     "svar launch offers no text with the prefix '%.*s'; remove it", length, name);
  }
  if (name[length] != '(') {
    return svar_fail(
        SVAR_ERR_SYNTAX,
        "the name '%.*s' has no value; a text stands in quotes, as in '$(var NAME)', and "
        "truth is True or False",
        length, name);
  }
  return svar_fail(SVAR_ERR_UNSUPPORTED,
                   "svar launch offers no functions, as %.*s(); compute it before, and hand the "
                   "result in as an argument",
                   length, name);
}

// Appends the character behind a backslash to text; an unknown one keeps its backslash, as in Python.
static char *
put_escaped(char *end, char character)
{
  static const char known[] = "\\'\"nrt";
  static const char meant[] = "\\'\"\n\r\t";
  const char *at = strchr(known, character);
  if (at == NULL) {
    *end++ = '\\';
    *end++ = character;
  } else {
    *end++ = meant[at - known];
  }
  return end;
}

// At a quote. Texts that follow each other are one.
static svar_ret_t
read_text(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  char *text = svari_arena_zeroed(parser->arena, strlen(parser->at) + 1);
  char *end = text;
  for (; *parser->at == '\'' || *parser->at == '"'; skip_spaces(parser)) {
    char quote = *parser->at++;
    while (*parser->at != quote) {
      if (*parser->at == '\0' || (*parser->at == '\\' && parser->at[1] == '\0')) {
        return svar_fail(SVAR_ERR_SYNTAX, "the quotation %c is not closed", quote);
      }
      if (*parser->at == '\\') {
        end = put_escaped(end, parser->at[1]);
        parser->at += 2;
      } else {
        *end++ = *parser->at++;
      }
    }
    ++parser->at;
  }
  return new_literal(parser, (svari_eval_value_t){.kind = SVARI_EVAL_TEXT, .text = text}, out_node);
}

static svar_ret_t
refuse_number(const char *at, size_t length)
{
  return svar_fail(SVAR_ERR_SYNTAX,
                   "'%.*s' is no number of Python's, or beyond 64 bits; text stands in quotes",
                   length < 40 ? (int)length : 40, at);
}

// At a digit, or a '.' before one.
static svar_ret_t
read_number(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  const char *begin = parser->at;
  size_t word = strspn(begin, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.");
  bool is_hexadecimal = begin[0] == '0' && (begin[1] == 'x' || begin[1] == 'X');
  size_t whole = is_hexadecimal ? word : strspn(begin, digits);
  char *end = NULL;
  svari_eval_value_t value = {.kind = SVARI_EVAL_INTEGER};
  errno = 0;
  if (whole == word) {
    bool is_octal_of_old = begin[0] == '0' && !is_hexadecimal && strspn(begin, "0") != word;
    value.integer = strtoll(begin, &end, is_hexadecimal ? 16 : 10);
    if (errno != 0 || end != begin + word || is_octal_of_old) {
      return refuse_number(begin, word);
    }
  } else {
    value.kind = SVARI_EVAL_REAL;
    value.real = strtod(begin, &end); // takes the sign of an exponent, which ended the word
    if (end < begin + word || is_one_of(*end, name_characters)) {
      return refuse_number(begin, word);
    }
  }
  parser->at = end;
  return new_literal(parser, value, out_node);
}

// Behind '[' or '(' of a list, at its first item or its end.
static svar_ret_t
read_items(svari_eval_parser_t *parser, svari_eval_node_t *list, const char *closing)
{
  svari_eval_node_t **end = &list->left;
  while (*end != NULL) {
    end = &(*end)->next;
  }
  while (!take_symbol(parser, closing)) {
    SVAR_TRY(read_expression(parser, end));
    end = &(*end)->next;
    if (!take_symbol(parser, ",")) {
      return take_symbol(parser, closing) ? SVAR_OK : refuse(parser, "a ',' or the list's end");
    }
  }
  return SVAR_OK;
}

// Behind '(': an expression in parentheses, or a list.
static svar_ret_t
read_group(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  if (take_symbol(parser, ")")) {
    return new_node(parser, SVARI_EVAL_LIST, NULL, NULL, out_node);
  }
  svari_eval_node_t *first = NULL;
  SVAR_TRY(read_expression(parser, &first));
  if (take_symbol(parser, ")")) {
    *out_node = first;
    return SVAR_OK;
  }
  if (!take_symbol(parser, ",")) {
    return refuse(parser, "a ')'");
  }
  SVAR_TRY(new_node(parser, SVARI_EVAL_LIST, first, NULL, out_node));
  return read_items(parser, *out_node, ")");
}

static svar_ret_t
read_constant(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  svari_eval_value_t value = {.kind = SVARI_EVAL_BOOL};
  if (take_word(parser, "True")) {
    value.integer = 1;
  } else if (take_word(parser, "None")) {
    value.kind = SVARI_EVAL_NONE;
  } else if (!take_word(parser, "False")) {
    return refuse_name(parser);
  }
  return new_literal(parser, value, out_node);
}

static svar_ret_t
read_primary(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  skip_spaces(parser);
  char next = *parser->at;
  if (next == '\'' || next == '"') {
    return read_text(parser, out_node);
  }
  if (is_one_of(next, digits) || (next == '.' && is_one_of(parser->at[1], digits))) {
    return read_number(parser, out_node);
  }
  if (take_symbol(parser, "(")) {
    return read_group(parser, out_node);
  }
  if (take_symbol(parser, "[")) {
    SVAR_TRY(new_node(parser, SVARI_EVAL_LIST, NULL, NULL, out_node));
    return read_items(parser, *out_node, "]");
  }
  return is_one_of(next, letters) ? read_constant(parser, out_node) : refuse(parser, "a value");
}

static svar_ret_t
read_sign(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  bool is_negative = take_symbol(parser, "-");
  if (!is_negative && !take_symbol(parser, "+")) {
    return read_primary(parser, out_node);
  }
  svari_eval_node_t *zero = NULL;
  svari_eval_node_t *operand = NULL;
  SVAR_TRY(go_deeper(parser));
  SVAR_TRY(read_sign(parser, &operand));
  --parser->depth;
  if (is_negative && operand->is_known && operand->value.kind == SVARI_EVAL_REAL) {
    operand->value.real = -operand->value.real; // 0 - 0.0 has lost the sign
    *out_node = operand;
    return SVAR_OK;
  }
  SVAR_TRY(new_literal(parser, (svari_eval_value_t){.kind = SVARI_EVAL_INTEGER}, &zero));
  SVAR_TRY(new_node(parser, SVARI_EVAL_COMPUTE, zero, operand, out_node));
  (*out_node)->symbol = is_negative ? '-' : '+';
  return SVAR_OK;
}

// Operands of read_operand between operators, which are single characters of symbols.
static svar_ret_t
read_computation(svari_eval_parser_t *parser, const char *symbols, svari_eval_read_t read_operand,
                 svari_eval_node_t **out_node)
{
  svari_eval_node_t *left = NULL;
  SVAR_TRY(read_operand(parser, &left));
  for (skip_spaces(parser); is_one_of(*parser->at, symbols); skip_spaces(parser)) {
    char symbol = *parser->at;
    svari_eval_node_t *right = NULL;
    if (parser->at[1] == symbol && is_one_of(symbol, "*/")) {
      return refuse(parser, "a value");
    }
    ++parser->at;
    SVAR_TRY(read_operand(parser, &right));
    SVAR_TRY(new_node(parser, SVARI_EVAL_COMPUTE, left, right, &left));
    left->symbol = symbol;
  }
  *out_node = left;
  return SVAR_OK;
}

static svar_ret_t
read_product(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  return read_computation(parser, "*/", read_sign, out_node);
}

static svar_ret_t
read_sum(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  return read_computation(parser, "+-", read_product, out_node);
}

typedef enum comparison {
  COMPARE_NOTHING,
  COMPARE_EQUAL,
  COMPARE_UNEQUAL,
  COMPARE_NOT_MORE,
  COMPARE_NOT_LESS,
  COMPARE_LESS,
  COMPARE_MORE,
  COMPARE_MEMBER,
  COMPARE_NO_MEMBER
} comparison_t;

static comparison_t
take_comparison(svari_eval_parser_t *parser)
{
  static const struct {
    const char *symbol;
    comparison_t comparison;
  } symbols[] = {{"==", COMPARE_EQUAL},    {"!=", COMPARE_UNEQUAL}, {"<=", COMPARE_NOT_MORE},
                 {">=", COMPARE_NOT_LESS}, {"<", COMPARE_LESS},     {">", COMPARE_MORE}};
  for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); ++i) {
    if (take_symbol(parser, symbols[i].symbol)) {
      return symbols[i].comparison;
    }
  }
  if (take_word(parser, "in")) {
    return COMPARE_MEMBER;
  }
  const char *before = parser->at;
  if (take_word(parser, "not") && take_word(parser, "in")) {
    return COMPARE_NO_MEMBER;
  }
  parser->at = before;
  return COMPARE_NOTHING;
}

// "Not more" is "less or equal", not "not (more)": of a number and nan, neither holds.
static svar_ret_t
new_comparison(svari_eval_parser_t *parser, comparison_t comparison, svari_eval_node_t *left,
               svari_eval_node_t *right, svari_eval_node_t **out_node)
{
  bool is_turned = comparison == COMPARE_NOT_LESS || comparison == COMPARE_MORE;
  bool is_negated = comparison == COMPARE_UNEQUAL || comparison == COMPARE_NO_MEMBER;
  bool or_equal = comparison == COMPARE_NOT_LESS || comparison == COMPARE_NOT_MORE;
  svari_eval_form_t form = SVARI_EVAL_LESS;
  if (comparison == COMPARE_EQUAL || comparison == COMPARE_UNEQUAL) {
    form = SVARI_EVAL_EQUAL;
  } else if (comparison == COMPARE_MEMBER || comparison == COMPARE_NO_MEMBER) {
    form = SVARI_EVAL_MEMBER;
  }
  SVAR_TRY(new_node(parser, form, is_turned ? right : left, is_turned ? left : right, out_node));
  if (or_equal) {
    svari_eval_node_t *equal = NULL;
    SVAR_TRY(new_node(parser, SVARI_EVAL_EQUAL, left, right, &equal));
    SVAR_TRY(new_node(parser, SVARI_EVAL_OR, *out_node, equal, out_node));
  }
  return is_negated ? new_node(parser, SVARI_EVAL_NOT, *out_node, NULL, out_node) : SVAR_OK;
}

// a < b < c is (a < b) and (b < c).
static svar_ret_t
read_comparisons(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  svari_eval_node_t *left = NULL;
  svari_eval_node_t *all = NULL;
  SVAR_TRY(read_sum(parser, &left));
  for (comparison_t comparison = take_comparison(parser); comparison != COMPARE_NOTHING;
       comparison = take_comparison(parser)) {
    svari_eval_node_t *right = NULL;
    svari_eval_node_t *one = NULL;
    SVAR_TRY(read_sum(parser, &right));
    SVAR_TRY(new_comparison(parser, comparison, left, right, &one));
    if (all == NULL) {
      all = one;
    } else {
      SVAR_TRY(new_node(parser, SVARI_EVAL_AND, all, one, &all));
    }
    left = right;
  }
  *out_node = all != NULL ? all : left;
  return SVAR_OK;
}

static svar_ret_t
read_not(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  if (!take_word(parser, "not")) {
    return read_comparisons(parser, out_node);
  }
  svari_eval_node_t *operand = NULL;
  SVAR_TRY(go_deeper(parser));
  SVAR_TRY(read_not(parser, &operand));
  --parser->depth;
  return new_node(parser, SVARI_EVAL_NOT, operand, NULL, out_node);
}

// Operands of read_operand between the words `and` or `or`.
static svar_ret_t
read_junction(svari_eval_parser_t *parser, const char *word, svari_eval_form_t form,
              svari_eval_read_t read_operand, svari_eval_node_t **out_node)
{
  SVAR_TRY(read_operand(parser, out_node));
  while (take_word(parser, word)) {
    svari_eval_node_t *right = NULL;
    SVAR_TRY(read_operand(parser, &right));
    SVAR_TRY(new_node(parser, form, *out_node, right, out_node));
  }
  return SVAR_OK;
}

static svar_ret_t
read_and(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  return read_junction(parser, "and", SVARI_EVAL_AND, read_not, out_node);
}

static svar_ret_t
read_or(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  return read_junction(parser, "or", SVARI_EVAL_OR, read_and, out_node);
}

static svar_ret_t
read_expression(svari_eval_parser_t *parser, svari_eval_node_t **out_node)
{
  SVAR_TRY(go_deeper(parser));
  SVAR_TRY(read_or(parser, out_node));
  if (take_word(parser, "if")) {
    svari_eval_node_t *condition = NULL;
    svari_eval_node_t *other = NULL;
    SVAR_TRY(read_or(parser, &condition));
    if (!take_word(parser, "else")) {
      return refuse(parser, "an `else`");
    }
    SVAR_TRY(read_expression(parser, &other));
    SVAR_TRY(new_node(parser, SVARI_EVAL_CHOICE, *out_node, other, out_node));
    (*out_node)->condition = condition;
  }
  --parser->depth;
  return SVAR_OK;
}

svar_ret_t
svari_eval_parse(svari_arena_t *arena, const char *expression, svari_eval_node_t **out_root)
{
  svari_eval_parser_t parser = {.arena = arena, .at = expression};
  SVAR_TRY(read_expression(&parser, out_root));
  skip_spaces(&parser);
  return *parser.at == '\0' ? SVAR_OK : refuse(&parser, "an operator");
}
