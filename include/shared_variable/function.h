// Functions: expressions compiled for calling. Shared variables that they reach are implicit inputs; their
// updates are computed from the values at the start of the call and appear together.
#ifndef SHARED_VARIABLE_FUNCTION_H
#define SHARED_VARIABLE_FUNCTION_H

#include "shared_variable/expression.h"

SVAR_BEGIN_DECLS

/// Of this process. Used by one thread at a time: a second call meanwhile is refused (SVAR_ERR_STATE).
typedef struct svar_function svar_function_t;

typedef struct svar_function_input {
  svar_expression_t *expression; ///< of svar_expression_input()
  bool strict;                   ///< arguments must be arrays of exactly this dtype
  svar_downcast_t allow_downcast;
  /// Permissions that no operation makes use of: arguments are never written, nor do results alias them.
  bool borrow;
  bool is_mutable; ///< implies borrow, which must be set too
  /// What calls take that leave the argument out, converted as an argument and copied when the function is
  /// made. NULL: every call needs the argument.
  const svar_source_t *value;
  /// Makes the value a state that the function keeps: each call replaces it by this, which is of exactly the
  /// input's type, together with the other updates. NULL: the value stays.
  svar_expression_t *update;
} svar_function_input_t;

typedef struct svar_function_output {
  svar_expression_t *expression;
  /// SVAR_COPY: the caller's own value. SVAR_BORROW: the function's memory, good until its next call.
  svar_borrow_t borrow;
} svar_function_output_t;

typedef struct svar_function_update {
  svar_variable_t *variable;
  svar_expression_t *expression; ///< of exactly the variable's type
} svar_function_update_t;

typedef struct svar_function_given {
  svar_expression_t *replaced;    ///< no constant, and no explicit input
  svar_expression_t *replacement; ///< in it nothing is replaced
} svar_function_given_t;

typedef struct svar_function_options {
  size_t size_bytes;       ///< sizeof(svar_function_options_t) of the caller's build
  size_t input_size_bytes; ///< sizeof(svar_function_input_t) of it: how far inputs lie apart
  const svar_function_input_t *inputs;
  size_t input_count;
  size_t output_size_bytes; ///< sizeof(svar_function_output_t) of it
  const svar_function_output_t *outputs;
  size_t output_count;
  const svar_function_update_t *updates; ///< their order does not matter
  size_t update_count;
  /// Replaced in outputs, updates and default updates, all at once; targets of updates stay.
  const svar_function_given_t *givens;
  size_t given_count;
  bool allow_given_types; ///< a replacement may be of another type (Theano's rebuild_strict=False)
  bool allow_unused_inputs;     ///< else SVAR_ERR_UNUSED
  bool no_default_updates;      ///< run none
  svar_variable_t *const *kept; ///< run the default updates of all but these
  size_t kept_count;
} svar_function_options_t;

#define SVAR_FUNCTION_OPTIONS_INIT                                                                 \
  {                                                                                                \
    sizeof(svar_function_options_t), sizeof(svar_function_input_t), NULL, 0,                       \
        sizeof(svar_function_output_t), NULL, 0, NULL, 0, NULL, 0, false, false, false, NULL, 0    \
  }

/// Compile. Everything is checked now but shapes. Default updates run for variables that the function reaches,
/// the default updates of others among them, and that no explicit update sets.
/// Options, inputs and outputs may be those of an older build, which are smaller; updates and givens are pairs
/// and stay so.
/// @contract{allocates: yes; blocks: no; system calls: no; thread: any}
/// @param[out] out_function owned: svar_function_destroy(). It keeps references of all that it needs.
/// @retval SVAR_ERR_TYPE an update is not of its target's type; an input is not of svar_expression_input(), or
/// refuses its value; a given replaces a constant, or by another type
/// @retval SVAR_ERR_VALUE two updates of one variable (clones and handles of one cell are one variable)
/// @retval SVAR_ERR_MISSING an input is needed that was not listed
/// @retval SVAR_ERR_UNUSED an input is listed twice, or not needed
/// @retval SVAR_ERR_RUNTIME a given replaces a listed input
/// @retval SVAR_ERR_ASSERTION an input is mutable, but not borrowed
/// @retval SVAR_ERR_ARGUMENT an input has an update, but no value to begin with
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_function_create(const svar_function_options_t *options,
                                                          svar_function_t **out_function);
/// NULL is a no-op. Borrowed results end.
SVAR_PUBLIC void svar_function_destroy(svar_function_t *function);

/// Call. Takes one snapshot of each store, computes, and commits all updates of a store in one version. A
/// failure, an operation's among them, commits nothing in any store: all is prepared before the first
/// commit, and a commit cannot fail but for a handle that was closed or forked (then updates of stores that
/// were committed before it stay). Two stores change one after the other. A variable that takes the value of
/// another updated one as it is, as in a swap, takes it without a copy; if another writer sets the source
/// during the call, it takes that writer's value.
/// @contract{allocates: values of SVAR_COPY; else no, once shapes are as in the call before; blocks, system
/// calls: as svar_transaction_loan() and svar_transaction_commit(); thread: one at a time}
/// @param arguments one for each input, in order; borrowed during the call, converted as svar_set_value() does.
/// svar_none(), or none at the end, for an input that has a value: it takes that, or what its update left
/// @param[out] results one for each output, written only on success; svar_value_release() each
/// (borrowed ones need it not). Their version is 0.
/// @retval SVAR_ERR_TYPE an input without a value has no argument; too many arguments; or one that its type
/// refuses
/// @retval SVAR_ERR_STATE another call runs; a target's container is read-only
/// @retval SVAR_ERR_UNSET a variable has no value
/// @retval as the operations, svar_snapshot_begin(), svar_transaction_begin(), svar_transaction_loan()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_function_call(svar_function_t *function,
                                                        const svar_source_t *arguments,
                                                        size_t argument_count,
                                                        svar_value_t *results, size_t result_count);
/// Call for some outputs only: results[i] is output number which[i]. All updates are applied; operations that
/// neither needs do not run.
/// @retval SVAR_ERR_INDEX there is no such output
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_function_call_some(
    svar_function_t *function, const svar_source_t *arguments, size_t argument_count,
    const size_t *which, svar_value_t *results, size_t result_count);

/// The implicit inputs: variables that are read. Writes up to room of them, borrowed from the function, and
/// returns how many there are.
SVAR_PUBLIC size_t svar_function_get_shared(const svar_function_t *function,
                                            svar_variable_t **out_variables, size_t room);

typedef struct svar_function_swap {
  svar_variable_t *old_variable;
  svar_variable_t *new_variable; ///< of the same type
} svar_function_swap_t;

/// A function that computes the same from the same variables, with memory of its own. Swapped variables are
/// read and updated in the place of the old ones. States of inputs are its own too: they begin as they are now.
/// @param delete_updates the copy updates nothing; a state becomes a value that stays
/// @retval SVAR_ERR_VALUE the function knows no such old variable
/// @retval SVAR_ERR_ASSERTION the two variables' types differ
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_function_copy(const svar_function_t *function,
                                                        const svar_function_swap_t *swaps,
                                                        size_t swap_count, bool delete_updates,
                                                        svar_function_t **out_function);

SVAR_END_DECLS
#endif
