// A function that updates a variable, beside the same by hand and beside its bare computation.
#include "bench/rows.h"
#include "bench/stored.h"

static const char STORE[] = "/bench/function";

enum { WORDS = 64, BATCH = 100 }; // the state of a small recurrent network
enum { FUNCTION, BY_HAND, COMPUTATION, KINDS };

typedef struct stepper {
  svar_store_t *store;
  svar_variable_t *variable;
  svar_function_t *function;
} stepper_t;

static const int64_t shape[] = {WORDS};

static void
add_to_all(const uint64_t *words, uint64_t more, uint64_t *out_words)
{
  for (int i = 0; i < WORDS; i++) {
    out_words[i] = words[i] + more;
  }
}

static svar_ret_t
compute(void *context, const DLTensor *operands, size_t operand_count, svar_results_t *results)
{
  (void)context;
  (void)operand_count;
  DLTensor room;
  SVAR_TRY(svar_results_room(results, 0, shape, &room));
  add_to_all(operands[0].data, *(const uint64_t *)operands[1].data, room.data);
  return SVAR_OK;
}

// variable <- variable + an argument; gives what the variable was.
static svar_function_t *
make_function(svar_variable_t *variable)
{
  svar_function_t *function;
  svar_expression_t *old, *more, *next;
  const svar_type_t type = svar_variable_type(variable);
  BENCH_OK(svar_expression_of(variable, &old));
  BENCH_OK(svar_expression_input("more", svar_tensor_type(SVAR_UINT64, 0, 0), &more));
  svar_expression_t *const operands[] = {old, more};
  const svar_operation_t add = {sizeof(add), "add", compute, NULL, NULL};
  BENCH_OK(svar_expression_apply(&add, operands, 2, &type, 1, &next));
  const svar_function_input_t input = {.expression = more};
  const svar_function_update_t update = {variable, next};
  svar_function_options_t options = SVAR_FUNCTION_OPTIONS_INIT;
  options.inputs = &input;
  options.input_count = 1;
  options.updates = &update;
  options.update_count = 1;
  BENCH_OK(svar_function_create(&options, &function));
  svar_expression_unref(old);
  svar_expression_unref(more);
  svar_expression_unref(next);
  return function;
}

static void
function_run(void *context, size_t count)
{
  stepper_t *stepper = context;
  for (size_t i = 0; i < count; i++) {
    uint64_t number = i;
    const DLTensor tensor = svar_tensor(SVAR_UINT64, &number, 0, NULL);
    const svar_source_t more = svar_array(&tensor);
    BENCH_OK(svar_function_call(stepper->function, &more, 1, NULL, 0));
  }
}

static void
by_hand_run(void *context, size_t count)
{
  stepper_t *stepper = context;
  for (size_t i = 0; i < count; i++) {
    svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
    svar_transaction_t *change;
    svar_value_t old, hole;
    BENCH_OK(svar_snapshot_begin(stepper->store, &now));
    BENCH_OK(svar_transaction_begin(stepper->store, &change));
    BENCH_OK(svar_snapshot_get(&now, stepper->variable, &old));
    BENCH_OK(svar_transaction_loan(change, stepper->variable, shape, false, &hole));
    add_to_all(old.tensor.data, i, hole.tensor.data);
    BENCH_OK(svar_transaction_commit(change, NULL));
    svar_snapshot_end(&now);
  }
}

static void
computation_run(void *context, size_t count)
{
  static uint64_t words[2][WORDS];
  (void)context;
  for (size_t i = 0; i < count; i++) {
    add_to_all(words[i % 2], i, words[1 - i % 2]);
    bench_use(words[1 - i % 2][0]);
  }
}

void
bench_row_function(const bench_run_t *run)
{
  stepper_t stepper = {.store = bench_store_create(STORE)};
  stepper.variable = bench_variable_make(stepper.store, "state", WORDS);
  stepper.function = make_function(stepper.variable);
  bench_subject_t subjects[KINDS] = {
      [FUNCTION] = {.name = "function call", .run = function_run, .context = &stepper},
      [BY_HAND] = {.name = "by hand", .run = by_hand_run, .context = &stepper},
      [COMPUTATION] = {.name = "computation alone", .run = computation_run},
  };
  for (int kind = 0; kind < KINDS; kind++) {
    subjects[kind].batch = BATCH;
  }
  const bench_effort_t effort = {run->is_quick ? 0.5 : 3, 500, 20000};
  bench_interleave(subjects, KINDS, &effort);
  const bench_subject_t *neighbours[] = {&subjects[BY_HAND], &subjects[COMPUTATION]};
  bench_report_add(run->report, &subjects[FUNCTION], neighbours, 2,
                   "function call with one update of %d words", WORDS);
  bench_stats_t call = bench_stats(&subjects[FUNCTION]);
  bench_stats_t by_hand = bench_stats(&subjects[BY_HAND]);
  bench_report_hold(run->report, "function call with one update, p50", BENCH_AT_MOST, 1.5, "x",
                    call.p50 / by_hand.p50, "snapshot + loan + commit by hand: %.0f ns",
                    by_hand.p50);
  bench_subjects_fini(subjects, KINDS);
  svar_function_destroy(stepper.function);
  svar_variable_unref(stepper.variable);
  bench_store_remove(stepper.store);
}
