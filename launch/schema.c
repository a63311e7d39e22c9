#include "launch/schema.h"

#include <stdbool.h>
#include <string.h>

#include "launch/substitution.h"

#define ACTIONS                                                                                    \
  "arg let group include node executable log set_env unset_env push_ros_namespace "                \
  "push-ros-namespace set_parameter set_remap node_container load_composable_node"
#define CONDITIONS " if unless"
#define PROCESS                                                                                    \
  " name cwd output respawn respawn_delay respawn_max_retries launch-prefix on_exit "              \
  "shell emulate_tty sigterm_timeout sigkill_timeout" CONDITIONS

typedef struct svari_rule {
  const char *tag;        // "parent/tag" where the same tag means something else under that parent
  const char *attributes; // separated by spaces; '!' marks a mandatory one
  const char *children;
} svari_rule_t;

static const svari_rule_t rules[] = {
    {"launch", NULL, ACTIONS}, // ROS 2 does not look at the root's attributes
    {"arg", "name! default description" CONDITIONS, "choice"},
    {"choice", "value!", ""},
    {"let", "name! value!" CONDITIONS, ""},
    {"group", "scoped forwarding" CONDITIONS, ACTIONS " keep"},
    {"keep", "name! value!", ""},
    {"include", "file!" CONDITIONS, "arg"},
    {"include/arg", "name! value!", ""},
    {"node", "exec! pkg namespace exec_name args ros_args" PROCESS, "param remap env"},
    {"executable", "cmd!" PROCESS, "env"},
    {"param", "name value type value-sep from allow_substs", "param"},
    {"remap", "from! to!", ""},
    {"env", "name! value!", ""},
    {"log", "message!" CONDITIONS, ""},
    {"set_env", "name! value!" CONDITIONS, ""},
    {"unset_env", "name!" CONDITIONS, ""},
    {"set_parameter", "name! value!" CONDITIONS, ""},
    {"set_remap", "from! to!" CONDITIONS, ""},
    {"node_container", "exec! pkg name! namespace! exec_name args ros_args" PROCESS,
     "composable_node param remap env"},
    {"load_composable_node", "target!" CONDITIONS, "composable_node"},
    {"composable_node", "pkg! plugin! name! namespace" CONDITIONS, "param remap extra_arg"},
    {"extra_arg", "name! value!", ""},
    {"push_ros_namespace", "namespace!" CONDITIONS, ""},
    {"push-ros-namespace", "namespace!" CONDITIONS, ""},
};

// Known to ROS 2's launch, by tag or by "tag@attribute".
static const char not_offered[] =
    "append_env set_parameters_from_file set_use_sim_time timer shutdown lifecycle_node reset for"
    " node@additional_env executable@additional_env";

// Words of ROS 1, and what took their place.
static const struct {
  const char *old, *now;
} renamed[] = {
    {"node@type", "exec=\"...\""},
    {"node@ns", "namespace=\"...\""},
    {"group@ns", "a <push_ros_namespace namespace=\"...\"/> inside the group"},
    {"include@ns", "a <group> with <push_ros_namespace namespace=\"...\"/> around it"},
    {"node@required", "on_exit=\"shutdown\""},
    {"arg@value", "default=\"...\"; an <arg> with a value stands inside <include>, a fixed value "
                  "is a <let>"},
    {"arg@doc", "description=\"...\""},
    {"rosparam", "<param from=\"FILE\"/> inside the <node>"},
};

// Whether word stands, with or without '!', in a list of words separated by spaces.
static bool
list_has(const char *list, const char *word)
{
  size_t length = strlen(word);
  for (const char *at = list; *at != '\0';) {
    size_t span = strcspn(at, " ");
    size_t name_length = span > 0 && at[span - 1] == '!' ? span - 1 : span;
    if (name_length == length && strncmp(at, word, length) == 0) {
      return true;
    }
    at += span;
    at += strspn(at, " ");
  }
  return false;
}

static const svari_rule_t *
find_rule(const char *tag)
{
  for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); ++i) {
    if (strcmp(rules[i].tag, tag) == 0) {
      return &rules[i];
    }
  }
  return NULL;
}

static const svari_rule_t *
rule_of(svari_arena_t *arena, const svari_element_t *parent, const svari_element_t *element)
{
  const svari_rule_t *rule =
      find_rule(svari_arena_printf(arena, "%s/%s", parent->tag, element->tag));
  return rule != NULL ? rule : find_rule(element->tag);
}

static const char *
renamed_to(const char *old)
{
  for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); ++i) {
    if (strcmp(renamed[i].old, old) == 0) {
      return renamed[i].now;
    }
  }
  return NULL;
}

static svar_ret_t
refuse_tag(const svari_element_t *parent, const svari_element_t *element, const char *children)
{
  if (renamed_to(element->tag) != NULL) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX, "<%s> is ROS 1; in ROS 2 write %s",
                              element->tag, renamed_to(element->tag));
  }
  if (list_has(not_offered, element->tag)) {
    return svari_element_fail(element, SVAR_ERR_UNSUPPORTED,
                              "svar launch does not offer <%s>; remove it, or start this file "
                              "with ros2 launch",
                              element->tag);
  }
  if (*children == '\0') {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "<%s> cannot stand inside <%s>, which "
                              "holds no tags",
                              element->tag, parent->tag);
  }
  return svari_element_fail(element, SVAR_ERR_SYNTAX,
                            "<%s> cannot stand inside <%s>, which may hold: %s", element->tag,
                            parent->tag, children);
}

static svar_ret_t
refuse_attribute(svari_arena_t *arena, const svari_element_t *element, const char *name,
                 const char *known)
{
  const char *full_name = svari_arena_printf(arena, "%s@%s", element->tag, name);
  if (renamed_to(full_name) != NULL) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "<%s> has no attribute '%s' in ROS 2; write %s", element->tag, name,
                              renamed_to(full_name));
  }
  if (list_has(not_offered, full_name)) {
    return svari_element_fail(element, SVAR_ERR_UNSUPPORTED,
                              "svar launch does not offer the attribute '%s' of <%s>; remove it, "
                              "or start this file with ros2 launch",
                              name, element->tag);
  }
  return svari_element_fail(element, SVAR_ERR_SYNTAX,
                            "<%s> has no attribute '%s'; it may have: %s (! is mandatory)",
                            element->tag, name, known);
}

static svar_ret_t
check_attributes(svari_arena_t *arena, const svari_element_t *element, const char *known)
{
  for (const svari_attribute_t *attribute = element->attributes; attribute != NULL;
       attribute = attribute->next) {
    if (!list_has(known, attribute->name)) {
      return refuse_attribute(arena, element, attribute->name, known);
    }
    const svari_part_t *parts = NULL;
    SVAR_TRY(
        svari_element_blame(element, svari_substitution_parse(arena, attribute->value, &parts)));
  }
  for (const char *at = known; *at != '\0';) {
    size_t span = strcspn(at, " ");
    if (at[span - 1] == '!') {
      const char *name = svari_arena_copy(arena, at, span - 1);
      if (svari_element_attribute(element, name) == NULL) {
        return svari_element_fail(element, SVAR_ERR_SYNTAX, "<%s> needs the attribute '%s'",
                                  element->tag, name);
      }
    }
    at += span;
    at += strspn(at, " ");
  }
  if (svari_element_attribute(element, "if") != NULL &&
      svari_element_attribute(element, "unless") != NULL) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "<%s> has both 'if' and 'unless'; keep one of them", element->tag);
  }
  return SVAR_OK;
}

static svar_ret_t
check_children(svari_arena_t *arena, const svari_element_t *element, const svari_rule_t *rule)
{
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (!list_has(rule->children, child->tag)) {
      return refuse_tag(element, child, rule->children);
    }
    const svari_rule_t *child_rule = rule_of(arena, element, child);
    SVAR_TRY(check_attributes(arena, child, child_rule->attributes));
    SVAR_TRY(check_children(arena, child, child_rule));
  }
  return SVAR_OK;
}

svar_ret_t
svari_schema_check(svari_arena_t *arena, const svari_element_t *root)
{
  if (strcmp(root->tag, "launch") != 0) {
    return svari_element_fail(root, SVAR_ERR_SYNTAX,
                              "the outermost tag of a launch file is <launch>, not <%s>",
                              root->tag);
  }
  return check_children(arena, root, find_rule("launch"));
}
