// Expressions from within: what a function's plan looks at.
#ifndef SVARI_VARIABLE_EXPRESSION_H
#define SVARI_VARIABLE_EXPRESSION_H

#include <stdatomic.h>

#include "shared_variable/expression.h"

enum { SVARI_ROOM_ALIGNMENT = 64 };

typedef enum svari_expression_kind {
  SVARI_EXPRESSION_INPUT,
  SVARI_EXPRESSION_CONSTANT,
  SVARI_EXPRESSION_VARIABLE,
  SVARI_EXPRESSION_RESULT
} svari_expression_kind_t;

// What is computed, wherever it is applied: copies of a graph share it, and its context ends with the last.
typedef struct svari_operation {
  _Atomic uint32_t reference_count;
  svar_operation_t told; // its name is owned
  size_t result_count;
  svar_type_t result_types[];
} svari_operation_t;

// An operation with its operands. Its results share it, and it goes with the last of them.
typedef struct svari_apply {
  _Atomic uint32_t reference_count;
  svari_operation_t *operation; // shared
  size_t operand_count;
  svar_expression_t *operands[];
} svari_apply_t;

struct svar_expression {
  _Atomic uint32_t reference_count;
  svar_expression_t *next_dead; // see svar_expression_unref()
  svari_expression_kind_t kind;
  svar_type_t type;
  char *name;                // of an input; owned; NULL: none
  svar_variable_t *variable; // of kind VARIABLE
  svari_apply_t *apply;      // of kind RESULT
  size_t result_index;
  DLTensor constant; // of kind CONSTANT; its data are owned, its shape is the one below
  int64_t shape[SVAR_NDIM_MAX];
};

// svar_expression_apply() of an operation that is applied elsewhere already, and shared.
svar_ret_t svari_expression_apply(svari_operation_t *operation, svar_expression_t *const *operands,
                                  size_t operand_count, svar_expression_t **out_results);

// svar_expression_constant() by the rules of a variable; name is for messages.
svar_ret_t svari_expression_constant(svar_source_t source, const svar_type_t *type, bool strict,
                                     svar_downcast_t allow_downcast, const char *name,
                                     svar_expression_t **out_expression);

// Bytes of the default allocator, at least one, aligned to 64; what names them in the message.
svar_ret_t svari_expression_allocate(size_t bytes, const char *what, void **out_memory);
void svari_expression_free(void *memory); // NULL is a no-op

#endif
