// <remap> and <set_remap>: rules that rename topics and stores of a node.
#include <string.h>

#include "components/remap_rule.h"
#include "launch/resolver.h"

static svar_ret_t
read_names(const svari_resolver_t *resolver, const svari_element_t *element, const char **out_from,
           const char **out_to)
{
  SVAR_TRY(svari_resolve_attribute(resolver, element, "from", out_from));
  return svari_resolve_attribute(resolver, element, "to", out_to);
}

// A rule that the node would refuse is refused here: the node could never start.
static svar_ret_t
make_rule(const svari_resolver_t *resolver, const svari_element_t *element, const char *prefix,
          const char *from, const char *to, const char **out_rule)
{
  const char *text = svari_arena_printf(resolver->view.arena, "%s%s:=%s", prefix, from, to);
  svari_remap_rule_t rule;
  SVAR_TRY(svari_element_blame(element, svari_remap_rule_parse(text, &rule)));
  svari_remap_rule_fini(&rule);
  *out_rule = text + strlen(prefix);
  return SVAR_OK;
}

svar_ret_t
svari_resolve_set_remap(svari_resolver_t *resolver, const svari_element_t *element)
{
  const char *from = NULL;
  const char *to = NULL;
  const char *rule = NULL;
  SVAR_TRY(read_names(resolver, element, &from, &to));
  SVAR_TRY(make_rule(resolver, element, "", from, to, &rule));
  svari_binding_add(resolver->view.arena, &resolver->view.scope.remaps, from, to);
  return SVAR_OK;
}

static svar_ret_t
add_rule(const svari_resolver_t *resolver, const svari_element_t *element, const char *prefix,
         const char *from, const char *to, svari_words_t *rules)
{
  const char *rule = NULL;
  SVAR_TRY(make_rule(resolver, element, prefix, from, to, &rule));
  svari_words_add(resolver->view.arena, rules, rule);
  return SVAR_OK;
}

// From the oldest on: the first rule that fits wins.
static svar_ret_t
add_scope_rules(const svari_resolver_t *resolver, const svari_element_t *element,
                const char *prefix, const svari_binding_t *remaps, svari_words_t *rules)
{
  if (remaps == NULL) {
    return SVAR_OK;
  }
  SVAR_TRY(add_scope_rules(resolver, element, prefix, remaps->next, rules));
  return add_rule(resolver, element, prefix, remaps->name, remaps->value, rules);
}

svar_ret_t
svari_resolve_remaps(const svari_resolver_t *resolver, const svari_element_t *element,
                     const char *prefix, svari_words_t *rules)
{
  SVAR_TRY(add_scope_rules(resolver, element, prefix, resolver->view.scope.remaps, rules));
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "remap") == 0) {
      const char *from = NULL;
      const char *to = NULL;
      SVAR_TRY(read_names(resolver, child, &from, &to));
      SVAR_TRY(add_rule(resolver, child, prefix, from, to, rules));
    }
  }
  return SVAR_OK;
}

void
svari_rule_arguments(svari_arena_t *arena, const char *prefix, const svari_words_t *rules,
                     svari_words_t *argv)
{
  for (size_t i = 0; i < rules->count; ++i) {
    svari_words_add(arena, argv, "-r");
    svari_words_add(arena, argv, svari_arena_printf(arena, "%s%s", prefix, rules->items[i]));
  }
}
