#include "components/remap_rule.h"

#include <stdlib.h>
#include <string.h>

#include "components/array.h"

static svar_ret_t
refuse(const char *rule, const char *reason)
{
  return svar_fail(SVAR_ERR_SYNTAX, "remap rule '%s': %s", rule, reason);
}

static bool
skip(const char **cursor, const char *word)
{
  size_t length = strlen(word);
  if (strncmp(*cursor, word, length) != 0) {
    return false;
  }
  *cursor += length;
  return true;
}

// ['~/' | '/'] TOKEN ('/' TOKEN)*
static size_t
name_length(const char *text)
{
  size_t prefix = strncmp(text, "~/", 2) == 0 ? 2 : text[0] == '/' ? 1 : 0;
  size_t path = svari_name_path(text + prefix);
  return path == 0 ? 0 : prefix + path;
}

// '/' (TOKEN ('/' TOKEN)* '/'?)?
static size_t
namespace_length(const char *text)
{
  if (text[0] != '/') {
    return 0;
  }
  size_t path = svari_name_path(text + 1);
  return path == 0 ? 1 : 1 + path + (text[1 + path] == '/');
}

// After a side that did not lex as a whole: rcl has words for wildcards, so we do too.
static const char *
reason_at(const char *rest, const char *otherwise)
{
  if (rest[0] == '*') {
    return "wildcards are not implemented, write the whole name";
  }
  if (rest[0] == '\\') {
    return "back references are not implemented, write the whole name";
  }
  return otherwise;
}

static svar_ret_t
parse_own_rule(const char *text, const char *cursor, svari_remap_rule_t *rule)
{
  if (!skip(&cursor, ":=")) {
    return refuse(text, "':=' must follow __node, __name and __ns");
  }
  bool is_namespace = rule->kind == SVARI_REMAP_NAMESPACE;
  size_t length = is_namespace ? namespace_length(cursor) : svari_name_token(cursor);
  if (length == 0 || cursor[length] != '\0') {
    return refuse(text, is_namespace ? "a namespace begins with '/' and is made of names and '/'"
                                     : "a node's name is one word of letters, digits and '_'");
  }
  return svari_text_copy(cursor, length, &rule->to);
}

static svar_ret_t
parse_name_rule(const char *text, const char *cursor, svari_remap_rule_t *rule)
{
  rule->kind = SVARI_REMAP_NAME;
  if (skip(&cursor, "rosservice://")) {
    rule->kind = SVARI_REMAP_SERVICE;
  } else {
    (void)skip(&cursor, "rostopic://");
  }
  size_t length = name_length(cursor);
  const char *to = cursor + length;
  if (length == 0 || !skip(&to, ":=")) {
    return refuse(text, reason_at(to, "it must be [node:]from:=to, 'from' a name such as x, /x or "
                                      "~/x"));
  }
  SVAR_TRY(svari_text_copy(cursor, length, &rule->from));
  length = name_length(to);
  if (length == 0 || to[length] != '\0') {
    return refuse(text, reason_at(to + length, "what follows ':=' must be a name such as x, /x or "
                                               "~/x"));
  }
  return svari_text_copy(to, length, &rule->to);
}

static svar_ret_t
parse_rule(const char *text, svari_remap_rule_t *rule)
{
  const char *cursor = text;
  size_t token = svari_name_token(cursor);
  bool has_node = token != 0 && cursor[token] == ':' && cursor[token + 1] != '=' &&
                  strncmp(cursor + token, "://", 3) != 0;
  if (has_node) {
    SVAR_TRY(svari_text_copy(cursor, token, &rule->node));
    cursor += token + 1;
  }
  if (skip(&cursor, "__node") || skip(&cursor, "__name")) {
    rule->kind = SVARI_REMAP_NODE;
    return parse_own_rule(text, cursor, rule);
  }
  if (skip(&cursor, "__ns")) {
    rule->kind = SVARI_REMAP_NAMESPACE;
    return parse_own_rule(text, cursor, rule);
  }
  return parse_name_rule(text, cursor, rule);
}

svar_ret_t
svari_remap_rule_parse(const char *text, svari_remap_rule_t *out_rule)
{
  svari_remap_rule_t rule = {0};
  svar_ret_t ret = parse_rule(text, &rule);
  if (ret != SVAR_OK) {
    svari_remap_rule_fini(&rule);
    return ret;
  }
  *out_rule = rule;
  return SVAR_OK;
}

void
svari_remap_rule_fini(svari_remap_rule_t *rule)
{
  free(rule->node);
  free(rule->from);
  free(rule->to);
  *rule = (svari_remap_rule_t){0};
}

static const svari_remap_rule_t *
first_own_rule(const svari_remap_rule_t *rules, size_t rule_count, svari_remap_kind_t kind,
               const char *original, bool named_only)
{
  for (size_t i = 0; i < rule_count; ++i) {
    const svari_remap_rule_t *rule = &rules[i];
    bool fits = rule->node == NULL ? !named_only : strcmp(rule->node, original) == 0;
    if (rule->kind == kind && fits) {
      return rule;
    }
  }
  return NULL;
}

svar_ret_t
svari_remap_node(const svari_remap_rule_t *rules, size_t rule_count, const char *original,
                 bool keep_name, svari_node_identity_t *out_node)
{
  const svari_remap_rule_t *rule =
      first_own_rule(rules, rule_count, SVARI_REMAP_NODE, original, keep_name);
  const char *name = rule != NULL ? rule->to : original;
  rule = first_own_rule(rules, rule_count, SVARI_REMAP_NAMESPACE, original, false);
  const char *name_space = rule != NULL ? rule->to : "/";
  SVAR_TRY(svari_node_name_check(original)); // a rule with "node:" compares with it
  SVAR_TRY(svari_node_name_check(name));
  SVAR_TRY(svari_namespace_check(name_space));
  svari_node_identity_set(out_node, original, name, name_space);
  return SVAR_OK;
}

svar_ret_t
svari_remap_name(const svari_remap_rule_t *rules, size_t rule_count,
                 const svari_node_identity_t *node, const char *name, char *out_name,
                 size_t name_bytes)
{
  char expanded[SVARI_TOPIC_NAME_MAX + 1];
  SVAR_TRY(svari_name_expand(node, name, expanded, sizeof(expanded)));
  for (size_t i = 0; i < rule_count; ++i) {
    const svari_remap_rule_t *rule = &rules[i];
    char from[SVARI_TOPIC_NAME_MAX + 1];
    bool fits = rule->kind == SVARI_REMAP_NAME &&
                (rule->node == NULL || strcmp(rule->node, node->original) == 0);
    // A rule that cannot be expanded here (too long under this namespace) equals no valid name.
    if (fits && svari_name_expand(node, rule->from, from, sizeof(from)) == SVAR_OK &&
        strcmp(from, expanded) == 0) {
      return svari_name_expand(node, rule->to, out_name, name_bytes);
    }
  }
  return svari_name_expand(node, expanded, out_name, name_bytes);
}
