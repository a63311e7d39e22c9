// Values of <param>: text to typed value, by the rules with which nodes read parameter files, so that
// what the launcher writes is what the node reads.
#ifndef SVARI_LAUNCH_PARAM_VALUE_H
#define SVARI_LAUNCH_PARAM_VALUE_H

#include "components/parameter_value.h"
#include "launch/arena.h"

SVAR_BEGIN_DECLS

typedef struct svari_param_value {
  svar_parameter_kind_t kind;
  bool is_list;
  svari_words_t items; // in YAML's canonical form ("true", "16", "1000.0"); strings as they are
} svari_param_value_t;

// What a parameter file says, as it would be written again.
svari_param_value_t svari_param_value_of(svari_arena_t *arena,
                                         const svari_parameter_value_t *value);

// Reads text as the value of a <param>.
// type: its attribute, one of str bool int float yaml list_of_str list_of_bool list_of_int
//   list_of_float; NULL is the same as yaml: the text is one YAML scalar or one flat list.
// separator: splits text into the items of a list instead of YAML; NULL: none.
// SVAR_ERR_TYPE: the text is not of that type, or a list is mixed. SVAR_ERR_SYNTAX: it is not YAML, a
// mapping, or an empty or nested list. SVAR_ERR_ARGUMENT: no such type.
svar_ret_t svari_param_value_read(svari_arena_t *arena, const char *text, const char *type,
                                  const char *separator, svari_param_value_t *out_value);

SVAR_END_DECLS
#endif
