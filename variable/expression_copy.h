// Copies of expressions in which other variables stand in the place of some.
#ifndef SVARI_VARIABLE_EXPRESSION_COPY_H
#define SVARI_VARIABLE_EXPRESSION_COPY_H

#include "variable/function.h"
#include "variable/pointer_map.h"

// What is copied with one copier and shares operations goes on sharing them.
typedef struct svari_expression_copier {
  // What is to stand in the place of variable; borrowed. NULL: variable itself.
  svar_variable_t *(*replacement)(void *context, const svar_variable_t *variable);
  void *context;
  svari_pointer_map_t applies; // -> number of their copy; begins empty
  svari_list_t copies;         // these begin as {0}
  svari_list_t targets;
} svari_expression_copier_t;

// Inputs, constants, and whatever no variable is replaced in, are shared with the original.
// @param[out] out_copy shared: svar_expression_unref()
svar_ret_t svari_expression_copy(svari_expression_copier_t *copier, svar_expression_t *expression,
                                 svar_expression_t **out_copy);
// The copies stay.
void svari_expression_copier_fini(svari_expression_copier_t *copier);

#endif
