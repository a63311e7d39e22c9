// Values of $(eval): what operators make of them.
#ifndef SVARI_LAUNCH_EVAL_VALUE_H
#define SVARI_LAUNCH_EVAL_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "launch/arena.h"
#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef enum svari_eval_kind {
  SVARI_EVAL_NONE,
  SVARI_EVAL_BOOL,
  SVARI_EVAL_INTEGER,
  SVARI_EVAL_REAL,
  SVARI_EVAL_TEXT
} svari_eval_kind_t;

typedef struct svari_eval_value {
  svari_eval_kind_t kind;
  int64_t integer; // of a bool, too: it counts as 0 or 1
  double real;
  const char *text;
} svari_eval_value_t;

// Whether Python takes the value for true: 0, "" and None are not.
bool svari_eval_is_true(const svari_eval_value_t *value);
// Numbers are equal by value, whatever their kind; other kinds are never equal to each other.
bool svari_eval_are_equal(const svari_eval_value_t *left, const svari_eval_value_t *right);
// Whether left comes before right. SVAR_ERR_TYPE: the two have no order.
svar_ret_t svari_eval_is_less(const svari_eval_value_t *left, const svari_eval_value_t *right,
                              bool *out_less);
// Whether left is a part of right. SVAR_ERR_TYPE: they are not both texts.
svar_ret_t svari_eval_is_part(const svari_eval_value_t *left, const svari_eval_value_t *right,
                              bool *out_part);

// symbol is one of + - * /. SVAR_ERR_TYPE: not for these kinds. SVAR_ERR_VALUE: division by 0, a whole
// number beyond 64 bits, a text that is too long.
svar_ret_t svari_eval_compute(svari_arena_t *arena, char symbol, const svari_eval_value_t *left,
                              const svari_eval_value_t *right, svari_eval_value_t *out_value);

// As Python's str().
const char *svari_eval_text(svari_arena_t *arena, const svari_eval_value_t *value);

SVAR_END_DECLS
#endif
