// The text of the parameter files that the launcher hands to nodes.
#ifndef SVARI_LAUNCH_PARAM_FILE_H
#define SVARI_LAUNCH_PARAM_FILE_H

#include "launch/param_value.h"

SVAR_BEGIN_DECLS

typedef struct svari_param {
  const char *name; // nested names joined by '.'
  svari_param_value_t value;
  struct svari_param *next;
} svari_param_t;

// The YAML text of a parameter file with these parameters in the section named node ("/ns/n", "/**").
// Every string is quoted: a bare y or 1e3 would read as another type.
// SVAR_ERR_VALUE: a name or value is not UTF-8.
svar_ret_t svari_param_file_write(svari_arena_t *arena, const char *node,
                                  const svari_param_t *params, const char **out_text);

// The text of a `-p` rule, name:=value, as ros2 launch writes it (True and False for a bool). A string that
// would read as another type is quoted. SVAR_ERR_SYNTAX, SVAR_ERR_VALUE: a node could not read it.
svar_ret_t svari_param_rule_write(svari_arena_t *arena, const svari_param_t *param,
                                  const char **out_text);

SVAR_END_DECLS
#endif
