// Actions: everything but the processes themselves.
#include "launch/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "launch/resolver.h"

enum {
  INCLUDE_DEPTH_MAX = 32,
  INCLUDES_MAX = 1000 // in all: files that include each other twice come to 2^depth
};

static svar_ret_t resolve_children(svari_resolver_t *resolver, const svari_element_t *parent);
static svar_ret_t resolve_file(svari_resolver_t *resolver, const char *path);

svar_ret_t
svari_resolve_attribute(const svari_resolver_t *resolver, const svari_element_t *element,
                        const char *name, const char **out_text)
{
  const char *raw = svari_element_attribute(element, name);
  if (raw == NULL) {
    *out_text = NULL;
    return SVAR_OK;
  }
  return svari_element_blame(element, svari_substitution_perform(&resolver->view, raw, out_text));
}

svar_ret_t
svari_resolve_bool(const svari_resolver_t *resolver, const svari_element_t *element,
                   const char *name, bool *out_value)
{
  const char *text = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, name, &text));
  if (text != NULL && svari_text_to_bool(text, out_value) != SVAR_OK) {
    return svari_element_fail(element, SVAR_ERR_VALUE, "%s=: %s", name, svar_error_message());
  }
  return SVAR_OK;
}

static svar_ret_t
check_choice(const svari_resolver_t *resolver, const svari_element_t *element, const char *name,
             const char *value)
{
  const char *all = "";
  for (const svari_element_t *choice = element->children; choice != NULL; choice = choice->next) {
    const char *text = NULL;
    SVAR_TRY(svari_resolve_attribute(resolver, choice, "value", &text));
    if (strcmp(text, value) == 0) {
      return SVAR_OK;
    }
    all = svari_arena_printf(resolver->view.arena, "%s%s%s", all, *all == '\0' ? "" : ", ", text);
  }
  return svari_element_fail(element, SVAR_ERR_VALUE,
                            "the argument '%s' is '%s', but must be one "
                            "of: %s",
                            name, value, all);
}

static svar_ret_t
resolve_arg(svari_resolver_t *resolver, const svari_element_t *element)
{
  svari_arena_t *arena = resolver->view.arena;
  const char *name = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "name", &name));
  svari_declared_argument_t *argument = svari_declare_argument(arena, element);
  argument->name = name;
  *resolver->argument_end = argument;
  resolver->argument_end = &argument->next;

  const svari_binding_t *given = svari_binding_find(resolver->view.scope.variables, name);
  const char *value = given != NULL ? given->value : NULL;
  if (value == NULL) {
    SVAR_TRY(svari_resolve_attribute(resolver, element, "default", &value));
    if (value == NULL) {
      const char *about = argument->description;
      return svari_element_fail(
          element, SVAR_ERR_NOT_FOUND, "the argument '%s' is mandatory; add %s:=VALUE%s%s%s", name,
          name, about != NULL ? " (" : "", about != NULL ? about : "", about != NULL ? ")" : "");
    }
    svari_binding_add(arena, &resolver->view.scope.variables, name, value);
  }
  return element->children == NULL ? SVAR_OK : check_choice(resolver, element, name, value);
}

// <let> and an <arg> inside <include>.
static svar_ret_t
resolve_let(svari_resolver_t *resolver, const svari_element_t *element)
{
  const char *name = NULL;
  const char *value = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "name", &name));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "value", &value));
  svari_binding_add(resolver->view.arena, &resolver->view.scope.variables, name, value);
  return SVAR_OK;
}

// The variables of a group's <keep> tags, added to list.
static svar_ret_t
resolve_keeps(svari_resolver_t *resolver, const svari_element_t *group,
              const svari_binding_t **list)
{
  for (const svari_element_t *child = group->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "keep") == 0) {
      const char *name = NULL;
      const char *value = NULL;
      SVAR_TRY(svari_resolve_attribute(resolver, child, "name", &name));
      SVAR_TRY(svari_resolve_attribute(resolver, child, "value", &value));
      svari_binding_add(resolver->view.arena, list, name, value);
    }
  }
  return SVAR_OK;
}

// A scope that forwards nothing begins with what its <keep> tags say, seen from outside. Without a scope of its
// own, a group forwards everything.
static svar_ret_t
enter_group(svari_resolver_t *resolver, const svari_element_t *element, bool is_scoped)
{
  svari_scope_t *scope = &resolver->view.scope;
  bool is_forwarding = true;
  SVAR_TRY(svari_resolve_bool(resolver, element, "forwarding", &is_forwarding));
  if (is_scoped && !is_forwarding) {
    svari_scope_t kept = svari_scope_inner(resolver->view.arena, &(svari_scope_t){0});
    SVAR_TRY(resolve_keeps(resolver, element, &kept.variables));
    *scope = kept;
    return SVAR_OK;
  }
  if (is_scoped) {
    *scope = svari_scope_inner(resolver->view.arena, scope);
  }
  return resolve_keeps(resolver, element, &scope->variables);
}

static svar_ret_t
resolve_group(svari_resolver_t *resolver, const svari_element_t *element)
{
  bool is_scoped = true;
  SVAR_TRY(svari_resolve_bool(resolver, element, "scoped", &is_scoped));
  const svari_scope_t outer = resolver->view.scope;
  SVAR_TRY(enter_group(resolver, element, is_scoped));
  SVAR_TRY(resolve_children(resolver, element));
  if (is_scoped) {
    resolver->view.scope = outer;
  }
  return SVAR_OK;
}

// <keep> has done its work when the group began.
static svar_ret_t
resolve_keep(svari_resolver_t *resolver, const svari_element_t *element)
{
  (void)resolver;
  (void)element;
  return SVAR_OK;
}

static svar_ret_t
resolve_include(svari_resolver_t *resolver, const svari_element_t *element)
{
  const char *path = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "file", &path));
  if (resolver->include_depth == INCLUDE_DEPTH_MAX) {
    return svari_element_fail(element, SVAR_ERR_VALUE,
                              "including '%s': files include each other more than %d deep; does "
                              "one include itself?",
                              path, (int)INCLUDE_DEPTH_MAX);
  }
  if (++resolver->include_count > INCLUDES_MAX) {
    return svari_element_fail(element, SVAR_ERR_VALUE,
                              "including '%s': this is more than %d files in all; do files include "
                              "each other?",
                              path, (int)INCLUDES_MAX);
  }
  SVAR_TRY(svari_element_blame(element, svari_document_check(path)));
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    SVAR_TRY(resolve_let(resolver, child));
  }
  const char *outer_file = resolver->view.file;
  ++resolver->include_depth;
  svar_ret_t ret = resolve_file(resolver, path);
  --resolver->include_depth;
  resolver->view.file = outer_file;
  return ret;
}

static svari_planned_message_t *
add_message(svari_resolver_t *resolver, const char *text)
{
  svari_planned_message_t *message = svari_arena_zeroed(resolver->view.arena, sizeof(*message));
  message->text = text;
  *resolver->message_end = message;
  resolver->message_end = &message->next;
  return message;
}

static svar_ret_t
resolve_log(svari_resolver_t *resolver, const svari_element_t *element)
{
  const char *text = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "message", &text));
  add_message(resolver, text);
  return SVAR_OK;
}

void
svari_resolver_warn(svari_resolver_t *resolver, const svari_element_t *element, const char *format,
                    ...)
{
  char sentence[900];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(sentence, sizeof(sentence), format, arguments);
  va_end(arguments);
  const char *line = svari_arena_printf(resolver->view.arena, "%s:%ld: warning: %s", element->file,
                                        element->line, sentence);
  add_message(resolver, line)->is_warning = true;
}

svar_ret_t
svari_resolve_environment(const svari_resolver_t *resolver, const svari_element_t *element,
                          const svari_binding_t **list)
{
  const char *name = NULL;
  const char *value = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "name", &name));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "value", &value));
  if (*name == '\0' || strchr(name, '=') != NULL) {
    return svari_element_fail(element, SVAR_ERR_VALUE,
                              "name=\"%s\" cannot name an environment variable", name);
  }
  svari_binding_add(resolver->view.arena, list, name, value);
  return SVAR_OK;
}

static svar_ret_t
resolve_set_env(svari_resolver_t *resolver, const svari_element_t *element)
{
  return svari_resolve_environment(resolver, element, &resolver->view.scope.environment);
}

static svar_ret_t
resolve_push_ros_namespace(svari_resolver_t *resolver, const svari_element_t *element)
{
  const char *name = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "namespace", &name));
  svari_scope_t *scope = &resolver->view.scope;
  return svari_element_blame(element,
                             svari_namespace_join(resolver->view.arena, scope->ros_namespace, name,
                                                  &scope->ros_namespace));
}

static const struct {
  const char *tag;
  svar_ret_t (*resolve)(svari_resolver_t *resolver, const svari_element_t *element);
} actions[] = {
    {"arg", resolve_arg},
    {"let", resolve_let},
    {"group", resolve_group},
    {"keep", resolve_keep},
    {"include", resolve_include},
    {"log", resolve_log},
    {"set_env", resolve_set_env},
    {"unset_env", resolve_set_env},
    {"push_ros_namespace", resolve_push_ros_namespace},
    {"push-ros-namespace", resolve_push_ros_namespace},
    {"set_parameter", svari_resolve_set_parameter},
    {"set_remap", svari_resolve_set_remap},
    {"node", svari_resolve_node},
    {"node_container", svari_resolve_container},
    {"load_composable_node", svari_resolve_load},
    {"executable", svari_resolve_executable},
};

svar_ret_t
svari_resolve_condition(const svari_resolver_t *resolver, const svari_element_t *element,
                        bool *out_is_wanted)
{
  bool is_wanted = true;
  bool is_unwanted = false;
  SVAR_TRY(svari_resolve_bool(resolver, element, "if", &is_wanted));
  SVAR_TRY(svari_resolve_bool(resolver, element, "unless", &is_unwanted));
  *out_is_wanted = is_wanted && !is_unwanted;
  return SVAR_OK;
}

static svar_ret_t
resolve_action(svari_resolver_t *resolver, const svari_element_t *element)
{
  bool is_wanted = false;
  SVAR_TRY(svari_resolve_condition(resolver, element, &is_wanted));
  if (!is_wanted) {
    return SVAR_OK;
  }
  for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); ++i) {
    if (strcmp(actions[i].tag, element->tag) == 0) {
      return actions[i].resolve(resolver, element);
    }
  }
  return svari_element_fail(element, SVAR_ERR_UNSUPPORTED, "<%s> has no meaning here",
                            element->tag); // the schema let it pass: the two tables disagree
}

static svar_ret_t
resolve_children(svari_resolver_t *resolver, const svari_element_t *parent)
{
  for (const svari_element_t *child = parent->children; child != NULL; child = child->next) {
    SVAR_TRY(resolve_action(resolver, child));
  }
  return SVAR_OK;
}

static svar_ret_t
resolve_file(svari_resolver_t *resolver, const char *path)
{
  const svari_element_t *root = NULL;
  SVAR_TRY(svari_document_read(resolver->view.arena, path, &root));
  // $(dirname) and $(filename) are absolute.
  SVAR_TRY(svari_path_absolute(resolver->view.arena, path, &resolver->view.file));
  return resolve_children(resolver, root);
}

// As ros2 launch: the words are joined by spaces, quotes that parted them are gone.
static void
hand_to_shell(svari_arena_t *arena, svari_planned_process_t *process)
{
  for (size_t i = 0; i < process->argv.count; ++i) {
    obstack_grow(arena, i == 0 ? "" : " ", i == 0 ? 0 : 1);
    obstack_grow(arena, process->argv.items[i], strlen(process->argv.items[i]));
  }
  obstack_1grow(arena, '\0');
  const char *command = obstack_finish(arena);
  process->argv = (svari_words_t){0};
  svari_words_add(arena, &process->argv, "/bin/sh");
  svari_words_add(arena, &process->argv, "-c");
  svari_words_add(arena, &process->argv, command);
}

static svar_ret_t
resolve_plan(svari_plan_t *plan, const svari_plan_request_t *request)
{
  svari_resolver_t resolver = {
      .plan = plan,
      .request = request,
      .view = {.arena = &plan->arena, .packages = request->packages},
      .process_end = &plan->processes,
      .message_end = &plan->messages,
      .argument_end = &plan->arguments,
  };
  resolver.load_end = &resolver.loads;
  resolver.view.scope = svari_scope_inner(&plan->arena, &(svari_scope_t){0});
  resolver.view.scope.variables = request->arguments;
  SVAR_TRY(resolve_file(&resolver, request->path));
  SVAR_TRY(svari_resolve_containers_end(&resolver));
  for (svari_planned_process_t *at = plan->processes; at != NULL; at = at->next) {
    if (at->is_for_shell) {
      hand_to_shell(&plan->arena, at);
    }
  }
  return SVAR_OK;
}

static const char *
find_roudi_probe(svari_plan_t *plan, const svari_packages_t *packages)
{
  const char *path = NULL;
  const svari_planned_process_t *process = plan->processes;
  while (process != NULL && !process->needs_roudi) {
    process = process->next;
  }
  if (process == NULL || svari_packages_program(packages, &plan->arena, "shared_variable",
                                                "iceoryx_probe", &path) != SVAR_OK) {
    return NULL;
  }
  return path;
}

svar_ret_t
svari_plan_create(const svari_plan_request_t *request, svari_plan_t **out_plan)
{
  svari_plan_t *plan = calloc(1, sizeof(*plan));
  if (plan == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the plan of '%s'", request->path);
  }
  svari_arena_init(&plan->arena);
  svar_ret_t ret = resolve_plan(plan, request);
  if (ret != SVAR_OK) {
    svari_plan_destroy(plan);
    return ret;
  }
  plan->roudi_probe = find_roudi_probe(plan, request->packages);
  *out_plan = plan;
  return SVAR_OK;
}

void
svari_plan_destroy(svari_plan_t *plan)
{
  if (plan != NULL) {
    svari_arena_fini(&plan->arena);
    free(plan);
  }
}
