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
  *out_rule = text;
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
         const char *from, const char *to, svari_words_t *argv)
{
  const char *rule = NULL;
  SVAR_TRY(make_rule(resolver, element, prefix, from, to, &rule));
  svari_words_add(resolver->view.arena, argv, "-r");
  svari_words_add(resolver->view.arena, argv, rule);
  return SVAR_OK;
}

// From the oldest on: the first rule that fits wins.
static svar_ret_t
add_scope_rules(const svari_resolver_t *resolver, const svari_element_t *element,
                const char *prefix, const svari_binding_t *rules, svari_words_t *argv)
{
  if (rules == NULL) {
    return SVAR_OK;
  }
  SVAR_TRY(add_scope_rules(resolver, element, prefix, rules->next, argv));
  return add_rule(resolver, element, prefix, rules->name, rules->value, argv);
}

svar_ret_t
svari_resolve_remaps(const svari_resolver_t *resolver, const svari_element_t *element,
                     const char *prefix, svari_words_t *argv)
{
  SVAR_TRY(add_scope_rules(resolver, element, prefix, resolver->view.scope.remaps, argv));
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "remap") == 0) {
      const char *from = NULL;
      const char *to = NULL;
      SVAR_TRY(read_names(resolver, child, &from, &to));
      SVAR_TRY(add_rule(resolver, child, prefix, from, to, argv));
    }
  }
  return SVAR_OK;
}
