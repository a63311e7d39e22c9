// The walk that turns a document into a plan; one file for actions, one for processes, one for
// parameters.
#ifndef SVARI_LAUNCH_RESOLVER_H
#define SVARI_LAUNCH_RESOLVER_H

#include "launch/param_file.h"
#include "launch/plan.h"
#include "launch/substitution.h"

SVAR_BEGIN_DECLS

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
} svari_resolver_t;

// Performs the attribute's substitutions. out_text is NULL where the attribute is absent.
svar_ret_t svari_resolve_attribute(const svari_resolver_t *resolver, const svari_element_t *element,
                                   const char *name, const char **out_text);
// The attribute as a truth value; absent leaves out_value.
svar_ret_t svari_resolve_bool(const svari_resolver_t *resolver, const svari_element_t *element,
                              const char *name, bool *out_value);

// <set_env>, <unset_env> (no value: unset) and <env>: adds the change to list.
svar_ret_t svari_resolve_environment(const svari_resolver_t *resolver,
                                     const svari_element_t *element, const svari_binding_t **list);

// <node> and <executable>.
svar_ret_t svari_resolve_node(svari_resolver_t *resolver, const svari_element_t *element);
svar_ret_t svari_resolve_executable(svari_resolver_t *resolver, const svari_element_t *element);

// A top-level <param> of a node: appends "--params-file FILE" to argv, and to files the file that the
// launcher has to write for it, if any. node is the section's name.
svar_ret_t svari_resolve_param(svari_resolver_t *resolver, const svari_element_t *element,
                               const char *node, svari_words_t *argv,
                               svari_planned_file_t ***files_end);

// Reads an <arg> as a declaration.
svari_declared_argument_t *svari_declare_argument(svari_arena_t *arena,
                                                  const svari_element_t *element);

SVAR_END_DECLS
#endif
