// <node_container>, <composable_node> and <load_composable_node>: one process, component_container, that is
// told on its command line what ros2 launch tells a container by a service once it runs:
//
//   EXE [args] TYPE=NAME... [--ros-args ros_args] --ros-args {-r NAME:__ns:=/NS {-r NAME:from:=to}}
//       -r __node:=N -r __ns:=/NS {--params-file of the container} {--params-file of a component}
//
// Rules of components come first, for the first rule that fits wins. As in ROS 2, what is set for the
// container itself (its <remap>, its <param>) is not set for its components, and <set_remap> and
// <set_parameter> hold for components as for nodes: with components, the container's own rules are left out, for
// they would hold for all. Without, it is a node as any other.
#include <string.h>

#include "components/ros_names.h"
#include "launch/resolver.h"

struct svari_planned_component {
  const svari_element_t *element;
  const char *type, *name, *full_name;
  const char *word;     // that stands for it on the command line; NULL: not chosen yet
  svari_words_t rules;  // without "-r" and the word that they are for
  svari_words_t params; // --params-file ...
  svari_planned_file_t *files;
  const svari_binding_t *environment; // where it was described
  const char *target;                 // of <load_composable_node>: the container's full name
  struct svari_planned_component *next;
};

struct svari_planned_container {
  const svari_element_t *element;
  const char *program, *package; // package may be NULL
  const char *full_name;
  svari_planned_process_t *process;
  svari_words_t ros_head;       // [--ros-args ros_args] --ros-args, and the rules of components
  svari_words_t ros_names;      // -r __node:=N -r __ns:=/NS
  svari_words_t own_parameters; // -p
  svari_words_t ros_files;      // --params-file
  svari_words_t own_rules;      // from:=to
  svari_planned_component_t *components;
  svari_planned_component_t **component_end;
  svari_planned_file_t **files_end;
  struct svari_planned_container *next;
};

bool
svari_container_needs_roudi(const svari_resolver_t *resolver, const char *program,
                            const svari_words_t *argv)
{
  svari_arena_t *arena = resolver->view.arena;
  bool found = false;
  for (size_t i = 0;
       strcmp(basename(program), "component_container") == 0 && !found && i < argv->count; ++i) {
    const char *word = argv->items[i];
    found = svari_packages_type_needs_roudi(resolver->view.packages, arena,
                                            svari_arena_copy(arena, word, strcspn(word, "=")));
  }
  return found;
}

// What containers of ROS 2 take. Nothing here answers to them: components of a process share its memory
// anyway, and there is no rosout.
static svar_ret_t
check_extra_arg(const svari_resolver_t *resolver, const svari_element_t *element)
{
  static const char *const known[] = {"use_intra_process_comms",         "enable_rosout",
                                      "enable_topic_statistics",         "start_parameter_services",
                                      "start_parameter_event_publisher", "use_clock_thread",
                                      "forward_global_arguments"};
  enum { COUNT = sizeof(known) / sizeof(known[0]) };
  const char *name = NULL;
  bool value = false;
  size_t i = 0;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "name", &name));
  while (i < COUNT && strcmp(known[i], name) != 0) {
    ++i;
  }
  if (i == COUNT) {
    return svari_element_fail(element, SVAR_ERR_VALUE,
                              "there is no extra_arg '%s' in ROS 2; remove it, or is it "
                              "use_intra_process_comms?",
                              name);
  }
  SVAR_TRY(svari_resolve_bool(resolver, element, "value", &value));
  if (value && strcmp(name, "forward_global_arguments") == 0) {
    return svari_element_fail(element, SVAR_ERR_UNSUPPORTED,
                              "svar launch does not forward a container's own arguments to its "
                              "components; repeat them as <param> and <remap> of this one");
  }
  return SVAR_OK;
}

static svar_ret_t
resolve_component_name(const svari_resolver_t *resolver, svari_planned_component_t *component)
{
  svari_node_name_t node = {0};
  SVAR_TRY(svari_resolve_node_name(resolver, component->element, &node));
  svari_arena_t *arena = resolver->view.arena;
  const char *space = node.ros_namespace == NULL ? "/" : node.ros_namespace;
  component->name = node.name;
  component->full_name =
      svari_arena_printf(arena, "%s/%s", strcmp(space, "/") == 0 ? "" : space, node.name);
  svari_words_add(arena, &component->rules, svari_arena_printf(arena, "__ns:=%s", space));
  return SVAR_OK;
}

static svar_ret_t
resolve_component(svari_resolver_t *resolver, const svari_element_t *element,
                  svari_planned_component_t **out_component)
{
  svari_arena_t *arena = resolver->view.arena;
  svari_planned_component_t *component = svari_arena_zeroed(arena, sizeof(*component));
  svari_planned_file_t **files_end = &component->files;
  const char *package = NULL;
  component->element = element;
  component->environment = resolver->view.scope.environment;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "pkg", &package));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "plugin", &component->type));
  SVAR_TRY(svari_element_blame(
      element, svari_packages_component(resolver->view.packages, arena, package, component->type)));
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "extra_arg") == 0) {
      SVAR_TRY(check_extra_arg(resolver, child));
    }
  }
  SVAR_TRY(resolve_component_name(resolver, component));
  const char *prefix = svari_arena_printf(arena, "%s:", component->name);
  SVAR_TRY(svari_resolve_remaps(resolver, element, prefix, &component->rules));
  SVAR_TRY(svari_resolve_component_params(resolver, element, component->full_name,
                                          &component->params, &files_end));
  *out_component = component;
  return SVAR_OK;
}

// The <composable_node>s below parent that their conditions let in, appended to *end.
static svar_ret_t
resolve_components(svari_resolver_t *resolver, const svari_element_t *parent, const char *target,
                   svari_planned_component_t ***end)
{
  for (const svari_element_t *child = parent->children; child != NULL; child = child->next) {
    bool is_wanted = strcmp(child->tag, "composable_node") == 0;
    if (is_wanted) {
      SVAR_TRY(svari_resolve_condition(resolver, child, &is_wanted));
    }
    if (is_wanted) {
      SVAR_TRY(resolve_component(resolver, child, *end));
      (**end)->target = target;
      *end = &(**end)->next;
    }
  }
  return SVAR_OK;
}

static svar_ret_t
resolve_container_arguments(svari_resolver_t *resolver, svari_planned_container_t *container)
{
  const svari_element_t *element = container->element;
  svari_node_name_t node = {0};
  SVAR_TRY(svari_resolve_node_name(resolver, element, &node));
  container->full_name = node.section; // both its name and its namespace are mandatory
  SVAR_TRY(svari_resolve_ros_args(resolver, element, &container->ros_head));
  svari_name_arguments(resolver->view.arena, &node, &container->ros_names);
  SVAR_TRY(svari_resolve_scope_parameters(resolver, element, &container->own_parameters));
  for (const svari_element_t *child = element->children; child != NULL; child = child->next) {
    if (strcmp(child->tag, "param") == 0) {
      SVAR_TRY(svari_resolve_param(resolver, child, container->full_name, &container->ros_files,
                                   &container->files_end));
    }
  }
  return svari_resolve_remaps(resolver, element, "", &container->own_rules);
}

svar_ret_t
svari_resolve_container(svari_resolver_t *resolver, const svari_element_t *element)
{
  svari_planned_container_t *container =
      svari_arena_zeroed(resolver->view.arena, sizeof(*container));
  container->element = element;
  container->process = svari_new_process(resolver->view.arena);
  container->files_end = &container->process->files;
  container->component_end = &container->components;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "exec", &container->program));
  SVAR_TRY(svari_resolve_attribute(resolver, element, "pkg", &container->package));
  SVAR_TRY(svari_resolve_node_process(resolver, element, container->process));
  SVAR_TRY(resolve_container_arguments(resolver, container));
  SVAR_TRY(resolve_components(resolver, element, NULL, &container->component_end));
  SVAR_TRY(svari_plan_node(resolver, element, container->process));
  container->next = resolver->containers;
  resolver->containers = container;
  return SVAR_OK;
}

svar_ret_t
svari_resolve_load(svari_resolver_t *resolver, const svari_element_t *element)
{
  const char *target = NULL;
  SVAR_TRY(svari_resolve_attribute(resolver, element, "target", &target));
  if (element->children == NULL) {
    return svari_element_fail(element, SVAR_ERR_SYNTAX,
                              "<load_composable_node> needs at least one <composable_node>");
  }
  if (*target != '/') { // as ros2 launch, whose own node has the namespace "/"
    target = svari_arena_printf(resolver->view.arena, "/%s", target);
  }
  return resolve_components(resolver, element, target, &resolver->load_end);
}

static const char *
names_of(svari_arena_t *arena, const svari_planned_container_t *containers)
{
  const char *names = "";
  for (const svari_planned_container_t *at = containers; at != NULL; at = at->next) {
    names = svari_arena_printf(arena, "%s%s%s", at->full_name, *names == '\0' ? "" : ", ", names);
  }
  return names;
}

static void
append_words(svari_arena_t *arena, const svari_words_t *from, svari_words_t *to)
{
  for (size_t i = 0; i < from->count; ++i) {
    svari_words_add(arena, to, from->items[i]);
  }
}

static void
warn_without_container(svari_resolver_t *resolver, const svari_planned_component_t *component)
{
  const char *names = names_of(resolver->view.arena, resolver->containers);
  svari_resolver_warn(
      resolver, component->element,
      "no <node_container> of this launch is called '%s'%s%s%s: one that runs already "
      "is looked for",
      component->target, *names == '\0' ? "" : " (there are: ", names, *names == '\0' ? "" : ")");
}

// A component for a container that runs already, of another launch: plans the command that loads it there, and
// ends.
static svar_ret_t
plan_late_load(svari_resolver_t *resolver, svari_planned_component_t *component)
{
  svari_arena_t *arena = resolver->view.arena;
  svari_planned_process_t *process = svari_new_process(arena);
  svari_words_t *argv = &process->argv;
  SVAR_TRY(svari_program_self(arena, &process->program));
  const char *const words[] = {process->program, "component",  "load", component->target,
                               component->type,  "--ros-args", "-r"};
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); ++i) {
    svari_words_add(arena, argv, words[i]);
  }
  svari_words_add(arena, argv, svari_arena_printf(arena, "__node:=%s", component->name));
  svari_rule_arguments(arena, "", &component->rules, argv);
  append_words(arena, &component->params, argv);
  process->files = component->files;
  process->environment = component->environment;
  warn_without_container(resolver, component);
  svari_add_process(resolver, process, svari_arena_printf(arena, "load_%s", component->name));
  return SVAR_OK;
}

// Moves what is to be loaded into the containers that it names, those of this launch.
static svar_ret_t
place_loads(svari_resolver_t *resolver)
{
  svari_planned_component_t *next = NULL;
  for (svari_planned_component_t *load = resolver->loads; load != NULL; load = next) {
    svari_planned_container_t *container = resolver->containers;
    next = load->next;
    while (container != NULL && strcmp(container->full_name, load->target) != 0) {
      container = container->next;
    }
    if (container == NULL) {
      SVAR_TRY(plan_late_load(resolver, load));
      continue;
    }
    load->next = NULL;
    *container->component_end = load;
    container->component_end = &load->next;
  }
  return SVAR_OK;
}

// Two nodes of one full name could not be told apart.
static svar_ret_t
check_names(const svari_planned_container_t *container)
{
  for (const svari_planned_component_t *at = container->components; at != NULL; at = at->next) {
    for (const svari_planned_component_t *other = container->components; other != at;
         other = other->next) {
      if (strcmp(at->full_name, other->full_name) == 0) {
        return svari_element_fail(
            at->element, SVAR_ERR_EXISTS,
            "the container '%s' has a component '%s' already; give one of the "
            "two another name or namespace",
            container->full_name, at->full_name);
      }
    }
  }
  return SVAR_OK;
}

static bool
is_taken(const svari_planned_container_t *container, const char *word)
{
  const svari_planned_component_t *at = container->components;
  while (at != NULL && strcmp(at->name, word) != 0 &&
         (at->word == NULL || strcmp(at->word, word) != 0)) {
    at = at->next;
  }
  return at != NULL;
}

// Rules of the command line tell components apart by the word behind "TYPE=": a component's name, or, where an
// earlier one of another namespace has that, a word like it.
static void
choose_word(svari_arena_t *arena, const svari_planned_container_t *container,
            svari_planned_component_t *component)
{
  const svari_planned_component_t *earlier = container->components;
  while (earlier != component && strcmp(earlier->name, component->name) != 0) {
    earlier = earlier->next;
  }
  const char *word = component->name;
  for (int i = 2; earlier != component && is_taken(container, word); ++i) {
    word = svari_arena_printf(arena, "%s_%d", component->name, i);
  }
  component->word = word;
}

static void
add_component(svari_arena_t *arena, svari_planned_container_t *container,
              svari_planned_component_t *component)
{
  choose_word(arena, container, component);
  svari_words_add(arena, &container->process->argv,
                  svari_arena_printf(arena, "%s=%s", component->type, component->word));
  if (strcmp(component->word, component->name) != 0) {
    svari_words_add(arena, &component->rules,
                    svari_arena_printf(arena, "__node:=%s", component->name));
  }
  svari_rule_arguments(arena, svari_arena_printf(arena, "%s:", component->word), &component->rules,
                       &container->ros_head);
  append_words(arena, &component->params, &container->ros_files);
  *container->files_end = component->files;
  container->files_end = component->files != NULL ? &component->files->next : container->files_end;
}

static svar_ret_t
check_program(const svari_planned_container_t *container)
{
  bool is_of_ros =
      container->package != NULL && strcmp(container->package, "rclcpp_components") == 0;
  if (container->components == NULL ||
      (!is_of_ros && strcmp(basename(container->program), "component_container") == 0)) {
    return SVAR_OK;
  }
  return svari_element_fail(container->element, SVAR_ERR_UNSUPPORTED,
                            "svar launch loads composable nodes into pkg=\"shared_variable\" "
                            "exec=\"component_container\" alone, not into '%s'; use that one, or "
                            "start this file with ros2 launch",
                            container->program);
}

static svar_ret_t
compose(svari_resolver_t *resolver, svari_planned_container_t *container)
{
  svari_arena_t *arena = resolver->view.arena;
  svari_words_t *argv = &container->process->argv;
  SVAR_TRY(check_program(container));
  SVAR_TRY(check_names(container));
  for (svari_planned_component_t *at = container->components; at != NULL; at = at->next) {
    add_component(arena, container, at);
  }
  container->process->needs_roudi |=
      svari_container_needs_roudi(resolver, container->program, argv);
  append_words(arena, &container->ros_head, argv);
  append_words(arena, &container->ros_names, argv);
  bool has_components = container->components != NULL;
  if (!has_components) {
    append_words(arena, &container->own_parameters, argv);
  }
  append_words(arena, &container->ros_files, argv);
  if (!has_components) {
    svari_rule_arguments(arena, "", &container->own_rules, argv);
  }
  return SVAR_OK;
}

svar_ret_t
svari_resolve_containers_end(svari_resolver_t *resolver)
{
  SVAR_TRY(place_loads(resolver));
  for (svari_planned_container_t *at = resolver->containers; at != NULL; at = at->next) {
    SVAR_TRY(compose(resolver, at));
  }
  return SVAR_OK;
}
