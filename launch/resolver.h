// The walk that turns a document into a plan: plan.c has the actions, a file plan_*.c each has processes,
// parameters, rules, containers, the parameters of components.
#ifndef SVARI_LAUNCH_RESOLVER_H
#define SVARI_LAUNCH_RESOLVER_H

#include "launch/param_file.h"
#include "launch/plan.h"
#include "launch/substitution.h"

SVAR_BEGIN_DECLS

// What a node is called; NULL where the launch file leaves it to the node itself.
typedef struct svari_node_name {
  const char *name;
  const char *ros_namespace;
  const char *section; // of its parameter files: its full name, or every node's
} svari_node_name_t;

typedef struct svari_planned_container svari_planned_container_t;
typedef struct svari_planned_component svari_planned_component_t;

typedef struct svari_resolver {
  svari_plan_t *plan;
  const svari_plan_request_t *request;
  svari_view_t view; // scope included: what the next action can see
  int include_depth;
  int include_count;
  int file_count; // parameter files planned
  svari_planned_process_t **process_end;
  svari_planned_message_t **message_end;
  svari_declared_argument_t **argument_end;
  svari_planned_container_t *containers;
  svari_planned_component_t
      *loads; // of <load_composable_node>: placed when all containers are known
  svari_planned_component_t **load_end;
} svari_resolver_t;

// Performs the attribute's substitutions. out_text is NULL where the attribute is absent.
svar_ret_t svari_resolve_attribute(const svari_resolver_t *resolver, const svari_element_t *element,
                                   const char *name, const char **out_text);
// The attribute as a truth value; absent leaves out_value.
svar_ret_t svari_resolve_bool(const svari_resolver_t *resolver, const svari_element_t *element,
                              const char *name, bool *out_value);

// A line that is shown before anything is started, beginning "FILE:LINE: warning: ".
void svari_resolver_warn(svari_resolver_t *resolver, const svari_element_t *element,
                         const char *format, ...) SVAR_PRINTF(3, 4);

// What `if` and `unless` say.
svar_ret_t svari_resolve_condition(const svari_resolver_t *resolver, const svari_element_t *element,
                                   bool *out_is_wanted);

// <set_env>, <unset_env> (no value: unset) and <env>: adds the change to list.
svar_ret_t svari_resolve_environment(const svari_resolver_t *resolver,
                                     const svari_element_t *element, const svari_binding_t **list);

// A process that is stopped after the usual times, and writes to the screen.
svari_planned_process_t *svari_new_process(svari_arena_t *arena);
// Puts the process, whose program is called so, at the plan's end.
void svari_add_process(svari_resolver_t *resolver, svari_planned_process_t *process,
                       const char *program_name);

// <node> and <executable>.
svar_ret_t svari_resolve_node(svari_resolver_t *resolver, const svari_element_t *element);
svar_ret_t svari_resolve_executable(svari_resolver_t *resolver, const svari_element_t *element);
// What <node> and <node_container> share, in the order of argv: the process up to its `args`; from
// [--ros-args ros_args] to -r __ns:=; the process's entry in the plan.
svar_ret_t svari_resolve_node_process(svari_resolver_t *resolver, const svari_element_t *element,
                                      svari_planned_process_t *process);
svar_ret_t svari_resolve_ros_args(const svari_resolver_t *resolver, const svari_element_t *element,
                                  svari_words_t *argv);
void svari_name_arguments(svari_arena_t *arena, const svari_node_name_t *node, svari_words_t *argv);
svar_ret_t svari_plan_node(svari_resolver_t *resolver, const svari_element_t *element,
                           svari_planned_process_t *process);

// `name` and `namespace` of a node.
svar_ret_t svari_resolve_node_name(const svari_resolver_t *resolver, const svari_element_t *element,
                                   svari_node_name_t *out_name);

// <node_container> and <load_composable_node>.
svar_ret_t svari_resolve_container(svari_resolver_t *resolver, const svari_element_t *element);
svar_ret_t svari_resolve_load(svari_resolver_t *resolver, const svari_element_t *element);
// Whether the program is component_container and its arguments, TYPE or TYPE=NODE_NAME, name a component
// that uses iceoryx messages.
bool svari_container_needs_roudi(const svari_resolver_t *resolver, const char *program,
                                 const svari_words_t *argv);
// Once everything was read: gives each container the argv that runs its components.
svar_ret_t svari_resolve_containers_end(svari_resolver_t *resolver);

// <set_remap>.
svar_ret_t svari_resolve_set_remap(svari_resolver_t *resolver, const svari_element_t *element);
// Appends the rules of the scope, and then those of the element, which must hold behind `prefix`; without it.
svar_ret_t svari_resolve_remaps(const svari_resolver_t *resolver, const svari_element_t *element,
                                const char *prefix, svari_words_t *rules);
// Appends "-r" and the rule behind prefix, for each of them.
void svari_rule_arguments(svari_arena_t *arena, const char *prefix, const svari_words_t *rules,
                          svari_words_t *argv);

// <set_parameter>.
svar_ret_t svari_resolve_set_parameter(svari_resolver_t *resolver, const svari_element_t *element);
// Appends "-p name:=value" for the parameters of the scope.
svar_ret_t svari_resolve_scope_parameters(const svari_resolver_t *resolver,
                                          const svari_element_t *element, svari_words_t *argv);
// A top-level <param> of a node: appends "--params-file FILE" to argv, and to files the file that the
// launcher has to write for it, if any. node is the section's name.
svar_ret_t svari_resolve_param(svari_resolver_t *resolver, const svari_element_t *element,
                               const char *node, svari_words_t *argv,
                               svari_planned_file_t ***files_end);
// Steps of it, which components take as well: which of the three forms of <param> this is must be plain; the
// parameters of one that has a name; the text of the file that a `from` names, its substitutions performed; a
// file of this text, handed to the node.
svar_ret_t svari_check_param_form(const svari_element_t *element);
svar_ret_t svari_resolve_named_params(svari_resolver_t *resolver, const svari_element_t *element,
                                      svari_param_t **out_params);
svar_ret_t svari_perform_params_file(const svari_resolver_t *resolver,
                                     const svari_element_t *element, const char *path,
                                     const char **out_text);
void svari_add_params_file(svari_resolver_t *resolver, const char *text, svari_words_t *argv,
                           svari_planned_file_t ***files_end);
// All parameters of a component of that full name, the scope's and its own, as one such file; none if it has
// none.
svar_ret_t svari_resolve_component_params(svari_resolver_t *resolver,
                                          const svari_element_t *element, const char *full_name,
                                          svari_words_t *argv, svari_planned_file_t ***files_end);

// Reads an <arg> as a declaration.
svari_declared_argument_t *svari_declare_argument(svari_arena_t *arena,
                                                  const svari_element_t *element);

SVAR_END_DECLS
#endif
