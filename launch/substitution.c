#include "launch/substitution.h"

#include <stdbool.h>
#include <string.h>

#include "launch/substitution_impl.h"

enum { DEPTH_MAX = 32 };

typedef struct svari_parser {
  svari_arena_t *arena;
  const char *source; // for messages
  const char *at;
  int depth;
} svari_parser_t;

// Where a run of characters ends, and which characters would be a mistake in it.
typedef struct svari_context {
  const char *stop;
  const char *forbidden;
  char quote; // the quotation this lies in, or 0; the other kind of quote is an ordinary character
} svari_context_t;

static svar_ret_t parse_parts(svari_parser_t *parser, svari_context_t context,
                              const svari_part_t **out_parts);

static bool
is_one_of(char character, const char *set)
{
  return character != '\0' && strchr(set, character) != NULL;
}

static bool
is_call(const char *at)
{
  return at[0] == '$' && at[1] == '(';
}

static svar_ret_t
parse_literal(svari_parser_t *parser, svari_context_t context, const char **out_literal)
{
  const char *begin = parser->at;
  char *literal = svari_arena_zeroed(parser->arena, strlen(begin) + 1);
  size_t length = 0;
  const char *at = begin;
  for (; *at != '\0' && !is_one_of(*at, context.stop) && !is_call(at); ++at) {
    if (is_one_of(*at, context.forbidden)) {
      return svar_fail(SVAR_ERR_SYNTAX, "in '%s': '%c' must be written '\\%c' inside $(...)",
                       parser->source, *at, *at);
    }
    if (*at == '\\') {
      ++at;
      if (*at == '\0') {
        return svar_fail(SVAR_ERR_SYNTAX, "'%s' ends in a lone backslash; write '\\\\' for one",
                         parser->source);
      }
    }
    literal[length++] = *at;
  }
  parser->at = at;
  *out_literal = literal;
  return SVAR_OK;
}

static svar_ret_t
parse_argument(svari_parser_t *parser, char quote, const svari_argument_t **out_argument)
{
  svari_argument_t *argument = svari_arena_zeroed(parser->arena, sizeof(*argument));
  char opening = *parser->at;
  if (quote == 0 && (opening == '\'' || opening == '"')) {
    const char stop[2] = {opening, '\0'};
    ++parser->at;
    SVAR_TRY(parse_parts(parser, (svari_context_t){stop, "", opening}, &argument->parts));
    if (*parser->at != opening) {
      return svar_fail(SVAR_ERR_SYNTAX, "in '%s': the quotation %c is not closed", parser->source,
                       opening);
    }
    ++parser->at;
  } else {
    const char quoted[3] = {'(', quote, '\0'};
    const char *forbidden = quote == 0 ? "('\"" : quoted;
    SVAR_TRY(parse_parts(parser, (svari_context_t){" )", forbidden, quote}, &argument->parts));
    if (argument->parts == NULL) {
      return svar_fail(SVAR_ERR_SYNTAX,
                       "in '%s': exactly one space stands before each argument of $(...), and "
                       "none before its ')'",
                       parser->source);
    }
  }
  *out_argument = argument;
  return SVAR_OK;
}

static svar_ret_t
parse_arguments(svari_parser_t *parser, char quote, svari_call_t *call)
{
  const svari_argument_t **end = &call->arguments;
  while (*parser->at == ' ') {
    ++parser->at;
    SVAR_TRY(parse_argument(parser, quote, end));
    end = (const svari_argument_t **)&(*end)->next;
    ++call->argument_count;
  }
  if (*parser->at == '\0') {
    return svar_fail(SVAR_ERR_SYNTAX, "in '%s': $(%s is not closed by ')'", parser->source,
                     call->kind->name);
  }
  if (*parser->at != ')') {
    return svar_fail(SVAR_ERR_SYNTAX, "in '%s': a space or ')' must stand before '%s'",
                     parser->source, parser->at);
  }
  ++parser->at;
  if (call->argument_count < call->kind->argument_min ||
      call->argument_count > call->kind->argument_max) {
    return svar_fail(SVAR_ERR_SYNTAX, "in '%s': the form is %s", parser->source, call->kind->usage);
  }
  return SVAR_OK;
}

// At "$(" within context.
static svar_ret_t
parse_call(svari_parser_t *parser, char quote, const svari_call_t **out_call)
{
  if (++parser->depth > DEPTH_MAX) {
    return svar_fail(SVAR_ERR_SYNTAX, "in '%s': $(...) is nested more than %d deep", parser->source,
                     (int)DEPTH_MAX);
  }
  parser->at += 2;
  size_t length =
      strspn(parser->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
  const char *name = svari_arena_copy(parser->arena, parser->at, length);
  svari_call_t *call = svari_arena_zeroed(parser->arena, sizeof(*call));
  call->kind = svari_call_kind_find(name);
  if (call->kind == NULL) {
    svar_ret_t ret = svari_call_kind_refuse(name);
    svar_fail_context("in '%s'", parser->source);
    return ret;
  }
  parser->at += length;
  SVAR_TRY(parse_arguments(parser, quote, call));
  --parser->depth;
  *out_call = call;
  return SVAR_OK;
}

static svar_ret_t
parse_parts(svari_parser_t *parser, svari_context_t context, const svari_part_t **out_parts)
{
  const svari_part_t **end = out_parts;
  *end = NULL;
  while (*parser->at != '\0' && !is_one_of(*parser->at, context.stop)) {
    svari_part_t *part = svari_arena_zeroed(parser->arena, sizeof(*part));
    if (is_call(parser->at)) {
      SVAR_TRY(parse_call(parser, context.quote, &part->call));
    } else {
      SVAR_TRY(parse_literal(parser, context, &part->literal));
    }
    *end = part;
    end = &part->next;
  }
  return SVAR_OK;
}

svar_ret_t
svari_substitution_parse(svari_arena_t *arena, const char *source, const svari_part_t **out_parts)
{
  svari_parser_t parser = {.arena = arena, .source = source, .at = source};
  return parse_parts(&parser, (svari_context_t){"", "", 0}, out_parts);
}

static svar_ret_t
expand_part(const svari_view_t *view, const svari_part_t *part, const char **out_text)
{
  if (part->call != NULL) {
    return part->call->kind->perform(view, part->call, out_text);
  }
  *out_text = part->literal;
  return SVAR_OK;
}

svar_ret_t
svari_substitution_expand(const svari_view_t *view, const svari_part_t *parts,
                          const char **out_text)
{
  svari_words_t texts = {0};
  size_t length = 0;
  for (const svari_part_t *part = parts; part != NULL; part = part->next) {
    const char *text = NULL;
    SVAR_TRY(expand_part(view, part, &text));
    svari_words_add(view->arena, &texts, text);
    length += strlen(text);
  }
  if (texts.count == 1) {
    *out_text = texts.items[0];
    return SVAR_OK;
  }
  if (length > SVARI_TEXT_BYTES_MAX) {
    return svar_fail(SVAR_ERR_VALUE,
                     "the text would have %zu bytes, more than the %d that the system lets one "
                     "argument have; does a variable contain itself again and again?",
                     length, (int)SVARI_TEXT_BYTES_MAX);
  }
  char *joined = svari_arena_zeroed(view->arena, length + 1);
  char *end = joined;
  for (size_t i = 0; i < texts.count; ++i) {
    end = stpcpy(end, texts.items[i]);
  }
  *out_text = joined;
  return SVAR_OK;
}

svar_ret_t
svari_substitution_perform(const svari_view_t *view, const char *source, const char **out_text)
{
  const svari_part_t *parts = NULL;
  SVAR_TRY(svari_substitution_parse(view->arena, source, &parts));
  return svari_substitution_expand(view, parts, out_text);
}
