// A holder resumes a store whose two files an enemy wrote, then commits, declares and reclaims while
// the enemy goes on writing over the reader table. What it commits must be there, whatever happens.
#include <string.h>

#include "fuzz/store_image.h"

enum {
  RESUME = 0xff, // the byte that ends the patches made before the store is resumed
  STEPS_MAX = 64,
  NEW_VARIABLES = 6,
  VIEWS = 12,
  LENGTH_MAX = 600,
  UNSET = -1 // the length of no value
};

// What the holder has committed, by its own account.
typedef struct ledger {
  svar_store_t *store, *reader;
  svar_variable_t *variables[NEW_VARIABLES];
  double numbers[NEW_VARIABLES]; // each element of the value
  int64_t lengths[NEW_VARIABLES];
  svar_value_t views[VIEWS]; // pins, of the holder's own and of a reader's handle
  double next;
} ledger_t;

static svar_ret_t
create_store(bool start_empty, svar_store_t **out_store)
{
  svar_store_options_t options = fuzz_store_options();
  options.start_empty = start_empty;
  return fuzz_ret(svar_store_create(FUZZ_STORE_NAME, &options, out_store));
}

static void
open_reader(ledger_t *ledger)
{
  svar_store_options_t options = fuzz_store_options();
  if (fuzz_ret(svar_store_open(FUZZ_STORE_NAME, &options, &ledger->reader)) != SVAR_OK) {
    ledger->reader = NULL; // the reader table may say anything
  }
}

static const char *
name_of(int index)
{
  static char name[16];
  snprintf(name, sizeof(name), "new.%d", index);
  return name;
}

// --- what was committed is there -------------------------------------------------------------------

static void
check_value(svar_variable_t *variable, double number, int64_t length)
{
  svar_value_t value = SVAR_VALUE_INIT;
  svar_ret_t ret = fuzz_ret(svar_get_value(variable, SVAR_BORROW, &value));
  FUZZ_CHECK(ret == (length == UNSET ? SVAR_ERR_UNSET : SVAR_OK) ||
             ret == SVAR_ERR_READERS_FULL); // no pin is left: the enemy's doing
  if (ret != SVAR_OK) {
    return;
  }
  FUZZ_CHECK(length != UNSET);
  FUZZ_CHECK(value.tensor.ndim == 1 && value.tensor.shape[0] == length);
  for (int64_t i = 0; i < length; i++) {
    FUZZ_CHECK(((const double *)value.tensor.data)[i] == number);
  }
  svar_value_release(&value);
}

static void
check_ledger(const ledger_t *ledger)
{
  for (int i = 0; i < NEW_VARIABLES; i++) {
    if (ledger->variables[i] != NULL) {
      check_value(ledger->variables[i], ledger->numbers[i], ledger->lengths[i]);
    }
  }
}

// --- steps -----------------------------------------------------------------------------------------

static DLTensor
next_tensor(ledger_t *ledger, int64_t *length)
{
  static double numbers[LENGTH_MAX];
  ledger->next++;
  for (int64_t i = 0; i < *length; i++) {
    numbers[i] = ledger->next;
  }
  return svar_tensor(SVAR_FLOAT64, numbers, 1, length);
}

static void
note(ledger_t *ledger, int index, int64_t length)
{
  ledger->numbers[index] = ledger->next;
  ledger->lengths[index] = length;
}

static void
set_value(ledger_t *ledger, int index, int64_t length)
{
  DLTensor tensor = next_tensor(ledger, &length);
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name_of(index);
  options.store = ledger->store;
  svar_variable_t **variable = &ledger->variables[index];
  svar_ret_t ret = *variable == NULL ? svar_shared(svar_array(&tensor), &options, variable)
                                     : svar_set_value(*variable, svar_array(&tensor), SVAR_COPY);
  if (fuzz_ret(ret) == SVAR_OK) {
    note(ledger, index, length);
  } else {
    FUZZ_CHECK(ret == SVAR_ERR_BUSY || ret == SVAR_ERR_NO_SPACE);
  }
}

// All that exist at once, or none.
static void
set_together(ledger_t *ledger, int64_t length, bool commits)
{
  svar_transaction_t *transaction = NULL;
  FUZZ_CHECK(svar_transaction_begin(ledger->store, &transaction) == SVAR_OK);
  DLTensor tensor = next_tensor(ledger, &length);
  for (int i = 0; i < NEW_VARIABLES; i++) {
    if (ledger->variables[i] != NULL) {
      svar_ret_t ret = svar_transaction_set(transaction, ledger->variables[i], svar_array(&tensor));
      commits = commits && fuzz_ret(ret) == SVAR_OK;
    }
  }
  if (!commits) {
    svar_transaction_abort(transaction);
    return;
  }
  FUZZ_CHECK(svar_transaction_commit(transaction, NULL) == SVAR_OK);
  for (int i = 0; i < NEW_VARIABLES; i++) {
    if (ledger->variables[i] != NULL) {
      note(ledger, i, length);
    }
  }
}

// In place, over a copy of what is there.
static void
loan_value(ledger_t *ledger, int index)
{
  svar_transaction_t *transaction = NULL;
  svar_value_t hole = SVAR_VALUE_INIT;
  if (ledger->variables[index] == NULL) {
    return;
  }
  FUZZ_CHECK(svar_transaction_begin(ledger->store, &transaction) == SVAR_OK);
  svar_ret_t ret = svar_transaction_loan(transaction, ledger->variables[index], NULL, true, &hole);
  if (fuzz_ret(ret) != SVAR_OK) {
    svar_transaction_abort(transaction);
    return;
  }
  for (int64_t i = 0; i < ledger->lengths[index]; i++) {
    FUZZ_CHECK(((const double *)hole.tensor.data)[i] == ledger->numbers[index]);
  }
  FUZZ_CHECK(svar_transaction_commit(transaction, NULL) == SVAR_OK);
}

static void
unset_value(ledger_t *ledger, int index)
{
  if (ledger->variables[index] == NULL) {
    return;
  }
  svar_ret_t ret = fuzz_ret(svar_set_value(ledger->variables[index], svar_none(), SVAR_COPY));
  FUZZ_CHECK(ret == SVAR_OK || ret == SVAR_ERR_BUSY);
  if (ret == SVAR_OK) {
    ledger->lengths[index] = UNSET;
  }
}

// Both ways, or one.
static void
assign_value(ledger_t *ledger, int to, int from, bool swaps)
{
  svar_transaction_t *transaction = NULL;
  svar_variable_t *a = ledger->variables[to], *b = ledger->variables[from];
  if (a == NULL || b == NULL) {
    return;
  }
  FUZZ_CHECK(svar_transaction_begin(ledger->store, &transaction) == SVAR_OK);
  if (fuzz_ret(svar_transaction_assign(transaction, a, b)) != SVAR_OK ||
      (swaps && fuzz_ret(svar_transaction_assign(transaction, b, a)) != SVAR_OK)) {
    svar_transaction_abort(transaction);
    return;
  }
  FUZZ_CHECK(svar_transaction_commit(transaction, NULL) == SVAR_OK);
  double number = ledger->numbers[to];
  int64_t length = ledger->lengths[to];
  ledger->numbers[to] = ledger->numbers[from];
  ledger->lengths[to] = ledger->lengths[from];
  if (swaps) {
    ledger->numbers[from] = number;
    ledger->lengths[from] = length;
  }
}

// Pins a value, through the holder's handle or a reader's, or releases the one that is there.
static void
toggle_view(ledger_t *ledger, int index, bool by_reader)
{
  svar_value_t *view = &ledger->views[index % VIEWS];
  svar_store_t *store = by_reader ? ledger->reader : ledger->store;
  svar_variable_t *variable = NULL;
  if (view->tensor.data != NULL) {
    svar_value_release(view);
    return;
  }
  if (store != NULL &&
      fuzz_ret(svar_store_find(store, name_of(index % NEW_VARIABLES), &variable)) == SVAR_OK) {
    fuzz_ret(svar_get_value(variable, SVAR_BORROW, view));
    svar_variable_unref(variable);
  }
}

static void
step(ledger_t *ledger, fuzz_input_t *input)
{
  uint8_t action = fuzz_byte(input);
  uint8_t operand = fuzz_byte(input);
  int index = operand % NEW_VARIABLES;
  int64_t length = 1 + operand * 2;
  switch (action % 8) {
  case 0:
  case 1:
    set_value(ledger, index, length);
    break;
  case 2:
    set_together(ledger, length, action < 0xe0);
    break;
  case 3:
    loan_value(ledger, index);
    break;
  case 4:
    toggle_view(ledger, operand, action >= 0x80);
    break;
  case 5:
    assign_value(ledger, index, operand / NEW_VARIABLES % NEW_VARIABLES, action >= 0x80);
    break;
  case 6:
    unset_value(ledger, index);
    break;
  default:
    input->at -= input->at < input->end || operand != 0; // the patch reads the operand again
    fuzz_store_patch(input, FUZZ_REACH_READERS);
    break;
  }
}

// --- one life of a holder --------------------------------------------------------------------------

static void
close_all(ledger_t *ledger)
{
  for (int i = 0; i < VIEWS; i++) {
    svar_value_release(&ledger->views[i]);
  }
  for (int i = 0; i < NEW_VARIABLES; i++) {
    svar_variable_unref(ledger->variables[i]);
    ledger->variables[i] = NULL;
  }
  svar_store_close(ledger->reader);
  svar_store_close(ledger->store);
  ledger->reader = NULL;
  ledger->store = NULL;
}

// The next holder finds what the last one committed, whatever the reader table says.
static void
check_next_holder(const ledger_t *before)
{
  svar_store_t *store = NULL;
  FUZZ_CHECK(create_store(false, &store) == SVAR_OK);
  for (int i = 0; i < NEW_VARIABLES; i++) {
    svar_variable_t *variable = NULL;
    if (before->lengths[i] > 0) {
      FUZZ_CHECK(svar_store_find(store, name_of(i), &variable) == SVAR_OK);
      check_value(variable, before->numbers[i], before->lengths[i]);
      svar_variable_unref(variable);
    }
  }
  svar_store_close(store);
}

static void
hold(svar_store_t *store, fuzz_input_t *input)
{
  ledger_t ledger = {.store = store};
  fuzz_store_read_all(store);
  open_reader(&ledger);
  for (int i = 0; i < STEPS_MAX && fuzz_has_more(input); i++) {
    step(&ledger, input);
    check_ledger(&ledger);
  }
  bool has_values = svar_store_version(store) > 0;
  close_all(&ledger);
  if (has_values) {
    check_next_holder(&ledger);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
  fuzz_input_t input = {data, data + size_bytes};
  fuzz_store_reset();
  while (fuzz_has_more(&input) && *input.at != RESUME) {
    fuzz_store_patch(&input, FUZZ_REACH_FILES);
  }
  (void)fuzz_byte(&input);
  svar_store_t *store = NULL;
  if (create_store(false, &store) != SVAR_OK) {
    FUZZ_CHECK(create_store(true, &store) == SVAR_OK); // start_empty replaces whatever is there
  }
  hold(store, &input);
  return 0;
}
