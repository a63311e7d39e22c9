// An expression of $(eval), between its parser and its value.
#ifndef SVARI_LAUNCH_EVAL_TREE_H
#define SVARI_LAUNCH_EVAL_TREE_H

#include "launch/eval_value.h"

typedef enum svari_eval_form {
  SVARI_EVAL_LITERAL,
  SVARI_EVAL_CHOICE, // left if condition else right
  SVARI_EVAL_OR,
  SVARI_EVAL_AND,
  SVARI_EVAL_NOT, // left
  SVARI_EVAL_EQUAL,
  SVARI_EVAL_LESS,
  SVARI_EVAL_MEMBER,  // left in right
  SVARI_EVAL_COMPUTE, // left symbol right
  SVARI_EVAL_LIST     // right of `in` alone; left is the first item, and items are linked by next
} svari_eval_form_t;

typedef struct svari_eval_node {
  svari_eval_form_t form;
  char symbol;
  struct svari_eval_node *condition, *left, *right;
  struct svari_eval_node *next; // item of a list
  // A literal's from the start; another's once it was needed: in a < b < c, b is used twice.
  bool is_known;
  svari_eval_value_t value;
} svari_eval_node_t;

// The nodes lie in arena. SVAR_ERR_SYNTAX, SVAR_ERR_UNSUPPORTED.
svar_ret_t svari_eval_parse(svari_arena_t *arena, const char *expression,
                            svari_eval_node_t **out_root);

#endif
