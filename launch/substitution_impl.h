// Between the parser of substitutions and their meaning.
#ifndef SVARI_LAUNCH_SUBSTITUTION_IMPL_H
#define SVARI_LAUNCH_SUBSTITUTION_IMPL_H

#include "launch/substitution.h"

typedef struct svari_argument {
  const svari_part_t *parts;
  const struct svari_argument *next;
} svari_argument_t;

// One kind of substitution. Arguments arrive unexpanded: a default is looked at only when needed.
typedef struct svari_call_kind {
  const char *name;
  int argument_min, argument_max;
  const char *usage;
  svar_ret_t (*perform)(const svari_view_t *view, const svari_call_t *call, const char **out_text);
} svari_call_kind_t;

struct svari_call {
  const svari_call_kind_t *kind;
  int argument_count;
  const svari_argument_t *arguments;
};

// The kind of that name, or NULL.
const svari_call_kind_t *svari_call_kind_find(const char *name);
// The failure for a name that svari_call_kind_find() does not know.
svar_ret_t svari_call_kind_refuse(const char *name);

#endif
