// Expressions: nodes of a small graph that a function computes. Leaves are inputs, constants and shared
// variables; everything else is the result of an operation, which is a C callback of the user's.
#ifndef SHARED_VARIABLE_EXPRESSION_H
#define SHARED_VARIABLE_EXPRESSION_H

#include "shared_variable/source.h"
#include "shared_variable/variable.h"

SVAR_BEGIN_DECLS

/// Of this process: an expression holds code. Immutable, so any thread may use it.
typedef struct svar_expression svar_expression_t;

/// Take and give back a reference. The last one frees what only this expression kept, however deep its graph:
/// contexts of operations are destroyed before the outermost svar_expression_unref() of the thread returns.
/// @contract{allocates: no; blocks: no; thread: any}
SVAR_PUBLIC svar_expression_t *svar_expression_ref(svar_expression_t *expression);
SVAR_PUBLIC void svar_expression_unref(svar_expression_t *expression); ///< NULL is a no-op

/// The type of every value of the expression.
SVAR_PUBLIC svar_type_t svar_expression_type(const svar_expression_t *expression);
/// An input's name, a variable's, or an operation's; NULL: none. Borrowed from the expression.
SVAR_PUBLIC const char *svar_expression_name(const svar_expression_t *expression);

// The makers below: @contract{allocates: yes; blocks: no; thread: any}; out_expression is shared:
// svar_expression_unref(). Of sparse matrices there are none (SVAR_ERR_NOT_IMPLEMENTED), and objects are
// no numbers (SVAR_ERR_TYPE).

/// An explicit input: its value is an argument of each call. name is copied; NULL: none.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_expression_input(const char *name, svar_type_t type,
                                                           svar_expression_t **out_expression);
/// A constant: source is copied now, converted by the rules of svar_set_value() (allow_downcast unset).
/// @param type NULL: dtype and rank of the source, no axis broadcastable
/// @retval SVAR_ERR_TYPE, SVAR_ERR_VALUE, SVAR_ERR_RANGE as svar_set_value()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_expression_constant(svar_source_t source,
                                                              const svar_type_t *type,
                                                              svar_expression_t **out_expression);
/// The value that variable has when a call starts. Keeps a reference of variable.
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_expression_of(svar_variable_t *variable,
                                                        svar_expression_t **out_expression);

/// Where an operation's results go, during one computation.
typedef struct svar_results svar_results_t;

/// Room for result number index, to be filled: compact, row-major, aligned to 64 bytes. It may be the very
/// room of a variable's next version, so that nothing is copied. Asking again replaces the room.
/// @param shape as many extents as the result's type has axes
/// @param[out] out_room borrowed until the computation returns
/// @contract{allocates: where shapes grow; blocks, system calls: as svar_transaction_loan()}
/// @retval SVAR_ERR_VALUE an extent of a broadcastable axis is not 1
/// @retval as svar_transaction_loan()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_results_room(svar_results_t *results, size_t index,
                                                       const int64_t *shape, DLTensor *out_room);

typedef struct svar_operation {
  size_t size_bytes; ///< sizeof(svar_operation_t) of the caller's build
  const char *name;  ///< for messages; copied
  /// Compute all results from the operands, which are compact, row-major, in host memory, and not to be
  /// written. Ask svar_results_room() for each result. A failure (a code with svar_fail()) fails the call.
  svar_ret_t (*compute)(void *context, const DLTensor *operands, size_t operand_count,
                        svar_results_t *results);
  void *context;
  void (*destroy)(
      void *context); ///< called when no expression needs context any more; NULL: nothing to do
} svar_operation_t;

/// The results of an operation that is applied to operands (references are taken). The operation runs at
/// most once in a call, however many of its results are used how often.
/// @param operation copied; its context is moved if and only if this returns SVAR_OK
/// @param[out] out_results result_count expressions, each shared: svar_expression_unref()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_expression_apply(
    const svar_operation_t *operation, svar_expression_t *const *operands, size_t operand_count,
    const svar_type_t *result_types, size_t result_count, svar_expression_t **out_results);

/// expression[indices[0], indices[1], ...]: the leading axes fixed, negative indices counted from the end.
/// No value is looked at now; an index that is out of range fails the call with SVAR_ERR_INDEX.
/// @retval SVAR_ERR_INDEX more indices than axes
/// @retval SVAR_ERR_TYPE the expression has no axes to index (a random state)
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_expression_index(svar_expression_t *expression,
                                                           const int64_t *indices, size_t count,
                                                           svar_expression_t **out_expression);

/// What functions that read variable through this handle store to it, unless told otherwise (Theano's
/// default_update). NULL: nothing. A function keeps what was set when it was made. An update that reads the
/// variable itself keeps it alive: set NULL before the last svar_variable_unref().
/// @contract{allocates: no; blocks: no; thread: not beside another that sets it or makes functions of it}
SVAR_PUBLIC void svar_variable_default_update_set(svar_variable_t *variable,
                                                  svar_expression_t *expression);
/// Borrowed until the next set; NULL: none.
SVAR_PUBLIC svar_expression_t *svar_variable_default_update(const svar_variable_t *variable);

SVAR_END_DECLS
#endif
