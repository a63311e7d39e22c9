// What a launch description can see at one point of its reading: variables, environment, namespace, and what
// it sets for all nodes to come.
// Lists are persistent: adding puts a new head before an unchanged tail, so that keeping a scope is
// copying its struct and ending a group is copying it back.
#ifndef SVARI_LAUNCH_SCOPE_H
#define SVARI_LAUNCH_SCOPE_H

#include <stdbool.h>

#include "launch/param_file.h"

SVAR_BEGIN_DECLS

// A name and its value, newest first; an older binding of the same name is shadowed.
typedef struct svari_binding {
  const char *name;
  const char *value; // NULL: unset from here on
  const struct svari_binding *next;
} svari_binding_t;

// Names that were made up by $(anon id), under their id. As in ROS 2, groups that begin before any was made
// have names of their own; others share them with what surrounds them.
typedef struct svari_anonymous {
  const svari_binding_t *names;
} svari_anonymous_t;

typedef struct svari_scope {
  const svari_binding_t *variables;
  const svari_binding_t *environment; // changes to the launcher's own environment
  const char *ros_namespace;          // absolute; NULL: none was pushed
  svari_anonymous_t *anonymous;
  const svari_binding_t *remaps; // of <set_remap>, newest first: from and to
  svari_param_t *parameters;     // of <set_parameter>, newest first
} svari_scope_t;

// name and value are kept, not copied.
void svari_binding_add(svari_arena_t *arena, const svari_binding_t **list, const char *name,
                       const char *value);
// The newest binding of that name, or NULL.
const svari_binding_t *svari_binding_find(const svari_binding_t *list, const char *name);

// The environment variable as a process started in this scope would see it, or NULL.
const char *svari_scope_environment(const svari_scope_t *scope, const char *name);

// The scope at the beginning of a group inside outer.
svari_scope_t svari_scope_inner(svari_arena_t *arena, const svari_scope_t *outer);

// Joins a namespace to base (NULL: none) as ROS 2 does: an absolute one replaces it, a relative one
// is appended, "" leaves it. The result is absolute, without a '/' at the end.
// SVAR_ERR_VALUE: the result is not a ROS namespace.
svar_ret_t svari_namespace_join(svari_arena_t *arena, const char *base, const char *name,
                                const char **out_namespace);

// Reads a launch file's truth value: true, false, 1 or 0, in any case, spaces around it ignored.
// SVAR_ERR_VALUE for anything else.
svar_ret_t svari_text_to_bool(const char *text, bool *out_value);

SVAR_END_DECLS
#endif
