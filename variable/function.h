// A compiled function: a list of steps over slots. function_plan.c makes it of the graph once; a call only
// walks it, so that nothing is searched or allocated then.
#ifndef SVARI_VARIABLE_FUNCTION_H
#define SVARI_VARIABLE_FUNCTION_H

#include <stdatomic.h>

#include "shared_variable/function.h"
#include "shared_variable/snapshot.h"
#include "shared_variable/transaction.h"
#include "variable/expression.h"

#define SVARI_NOWHERE SIZE_MAX

// A growing array. Items are moved when it grows, so others refer to them by index.
typedef struct svari_list {
  void *items;
  size_t count, room;
} svari_list_t;

// Memory that is kept from call to call, and only grows.
typedef struct svari_buffer {
  void *memory;
  size_t size_bytes;
} svari_buffer_t;

// A value of a call: an input's (the first slots), a constant's, a variable's, or one result's. An input that
// has a value is a constant or a variable, its state, in calls without the argument.
typedef struct svari_slot {
  svar_type_t type;
  svar_expression_t *constant; // borrowed; NULL: none
  svar_variable_t *variable;   // shared; NULL: none
  size_t step;                 // that computes it; SVARI_NOWHERE: it is no result
  size_t store;                // of the variable, or of the update whose room it is computed in
  size_t update;               // SVARI_NOWHERE: the room is the function's own
  bool is_kept;                // a caller may look at it until the next call
  bool is_moved;               // to the variable of an update
  bool is_filled; // in the present call: an argument came, or an operation asked for room
  svari_buffer_t buffer;
  svar_value_t value; // of the present call
  uint64_t
      viewed_version; // of the store, in which value is the variable's; 0: value is something else
} svari_slot_t;

typedef struct svari_step {
  svari_apply_t *apply; // borrowed from the graph
  size_t *operands;     // slots
  DLTensor *tensors;    // the operands' values, during a call
  size_t first_result;  // slot; the others follow
  bool is_needed;       // in the present call
} svari_step_t;

typedef struct svari_function_input {
  svar_function_input_t told; // without its value
  svar_expression_t *value;   // a constant; NULL: arguments are needed
  svar_variable_t *state;     // private, beginning with value; NULL: there is no update
} svari_function_input_t;

typedef struct svari_function_output {
  svar_function_output_t told;
  size_t slot;
  svari_buffer_t buffer; // for what is borrowed and no result
  svar_value_t value;    // of the present call, until it succeeds
} svari_function_output_t;

typedef struct svari_function_update {
  svar_function_update_t told;
  size_t slot;
  size_t store;
  bool is_move; // what the slot's variable holds is handed over
} svari_function_update_t;

typedef struct svari_function_store {
  svar_store_t *store; // borrowed from a variable
  bool is_read, is_updated;
  svar_snapshot_t snapshot;
  svar_transaction_t *transaction; // of the present call
} svari_function_store_t;

struct svar_function {
  _Atomic bool is_busy;
  bool allow_given_types;
  svari_list_t inputs;  // svari_function_input_t; number i has slot i
  svari_list_t outputs; // svari_function_output_t
  svari_list_t updates; // svari_function_update_t: the caller's, those of states, those by default
  svari_list_t givens;  // svar_function_given_t
  svari_list_t swaps;   // svar_function_swap_t; the first that fits counts
  svari_list_t slots;   // svari_slot_t
  svari_list_t steps;   // svari_step_t, operands before results
  svari_list_t stores;  // svari_function_store_t
};

// Adds room for one item, all zero, and gives its address.
svar_ret_t svari_list_add(svari_list_t *list, size_t item_bytes, void **out_item);
#define SVARI_ITEM(list, type, index) (&((type *)(list).items)[index])

// True if both are handles of one cell.
bool svari_same_variable(const svar_variable_t *a, const svar_variable_t *b);

// Adds an input, with its state; but not the state's update.
svar_ret_t svari_function_add_input(svar_function_t *function, const svar_function_input_t *input);
// Adds input number index of from; its state begins with the value that it has there now.
svar_ret_t svari_function_copy_input(const svar_function_t *from, size_t index, bool delete_update,
                                     svar_function_t *to);
void svari_function_destroy_inputs(svar_function_t *function);

// Fills slots, steps and stores from inputs, outputs, updates, givens and swaps; adds default updates as
// options say.
svar_ret_t svari_function_plan(svar_function_t *function, const svar_function_options_t *options);

#endif
