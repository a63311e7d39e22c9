// Functions: inputs with values, graphs of any depth, several results, several stores, two threads.
#include <pthread.h>
#include <semaphore.h>

#include "fakes/functions.hpp"

using namespace svar_test;

namespace
{

// --- inputs with a value --------------------------------------------------------------------------

class Accumulator : public testing::Test
{
protected:
  const svar_source_t ten_ = svar_int(10);
  Expression x_ = number_input();
  Expression next_ = sum(x_, constant(1));
  Parts parts_ = Parts().in(x_, &ten_, next_).out(x_);
};

TEST_F(Accumulator, IsNoSharedVariableOfTheFunction)
{
  EXPECT_EQ(svar_function_get_shared(parts_.function().get(), nullptr, 0), 0U);
}

TEST_F(Accumulator, KeepsItsStateWhenAnotherUpdateFails)
{
  Variable u = shared_number(1);
  Expression y = number_input("y");
  svar_operation_t operation = sum_operation();
  operation.compute = [](void *, const DLTensor *operands, size_t, svar_results_t *results) {
    DLTensor room;
    SVAR_TRY(svar_results_room(results, 0, nullptr, &room));
    *static_cast<int64_t *>(room.data) = *static_cast<int64_t *>(operands[0].data);
    return *static_cast<int64_t *>(room.data) < 0 ? svar_fail(SVAR_ERR_VALUE, "negative") : SVAR_OK;
  };
  Expression not_negative = apply(operation, {y.get()});
  Function f = parts_.in(y).update(u, not_negative).function();
  EXPECT_EQ(call(f, {svar_none(), svar_int(0)}), 10);
  svar_value_t result = SVAR_VALUE_INIT;
  for (svar_source_t x : {svar_none(), svar_int(5)}) {
    const svar_source_t arguments[] = {x, svar_int(-1)};
    EXPECT_EQ(SVAR_ERR_VALUE, svar_function_call(f.get(), arguments, 2, &result, 1));
  }
  EXPECT_EQ(number(u), 0);
  EXPECT_EQ(call(f, {svar_none(), svar_int(2)}), 11);
  EXPECT_EQ(number(u), 2);
}

TEST_F(Accumulator, HasACopyThatGoesOnFromWhereItIs)
{
  Function f = parts_.function();
  call(f);
  svar_function_t *made = nullptr;
  ASSERT_SVAR_OK(svar_function_copy(f.get(), nullptr, 0, false, &made));
  Function copy(made);
  EXPECT_EQ(call(copy), 11);
  EXPECT_EQ(call(copy), 12);
  EXPECT_EQ(call(f), 11);
}

TEST_F(Accumulator, StaysInACopyWithoutUpdates)
{
  Function f = parts_.function();
  call(f);
  svar_function_t *made = nullptr;
  ASSERT_SVAR_OK(svar_function_copy(f.get(), nullptr, 0, true, &made));
  Function copy(made);
  EXPECT_EQ(call(copy), 11);
  EXPECT_EQ(call(copy), 11);
  EXPECT_EQ(call(f), 11);
}

TEST_F(Accumulator, HandsItsStateToASharedVariableAndArgumentsToo)
{
  Variable last = shared_number(0);
  Function f = parts_.update(last, x_).function();
  call(f);
  EXPECT_EQ(number(last), 10);
  call(f, {svar_int(5)});
  EXPECT_EQ(number(last), 5);
  call(f);
  EXPECT_EQ(number(last), 6);
}

TEST_F(Accumulator, ConvertsItsValueByTheRulesOfTheInput)
{
  const svar_source_t half = svar_float(1.5);
  parts_.inputs[0].value = &half;
  svar_function_t *function = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "the value of input 0", parts_.make(&function));
  parts_.inputs[0].allow_downcast = SVAR_DOWNCAST_TRUE;
  EXPECT_EQ(call(parts_.function()), 1);
}

TEST_F(Accumulator, NeedsAValueToBeginWith)
{
  parts_.inputs[0].value = nullptr;
  svar_function_t *function = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "no value to begin with", parts_.make(&function));
}

TEST_F(Accumulator, IsUpdatedByItsOwnTypeOnly)
{
  svar_expression_t *number = nullptr;
  ASSERT_SVAR_OK(svar_expression_constant(svar_float(1), nullptr, &number));
  Expression owned(number);
  parts_.inputs[0].update = number;
  svar_function_t *function = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "variable 'x'", parts_.make(&function));
}

TEST(FunctionInput, MayBeARandomState)
{
  const svar_type_t type = {SVAR_UINT64, 1, 0, SVAR_KIND_RANDOM, 0};
  svar_expression_t *made = nullptr;
  ASSERT_SVAR_OK(svar_expression_input("state", type, &made));
  Expression x(made);
  const svar_random_state_t states[] = {svar_random_seeded(3), svar_random_seeded(4)};
  const svar_source_t value = svar_random_source(&states[0]);
  Function f = Parts().in(x, &value, x).out(x).function();
  svar_function_t *copied = nullptr;
  ASSERT_SVAR_OK(svar_function_copy(f.get(), nullptr, 0, false, &copied));
  Function copy(copied);
  auto state_after = [&](std::vector<svar_source_t> arguments) {
    svar_value_t result = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_function_call(copy.get(), arguments.data(), arguments.size(), &result, 1));
    svar_random_state_t state = {};
    memcpy(&state, result.tensor.data, sizeof(state));
    svar_value_release(&result);
    return state;
  };
  svar_random_state_t first = state_after({});
  EXPECT_TRUE(svar_random_state_equal(&first, &states[0]));
  state_after({svar_random_source(&states[1])});
  svar_random_state_t last = state_after({});
  EXPECT_TRUE(svar_random_state_equal(&last, &states[1]));
}

TEST(FunctionInput, WithoutAValueIsNamedWhenItsArgumentIsMissing)
{
  Expression a = number_input("a");
  Expression b = number_input("b");
  Function f = Parts().in(a).in(b).out(sum(a, b)).function();
  const svar_source_t arguments[] = {svar_int(1), svar_none(), svar_int(2)};
  svar_value_t result = SVAR_VALUE_INIT;
  for (size_t count : {1, 2}) {
    EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "input 'b' has no value",
                      svar_function_call(f.get(), arguments, count, &result, 1));
  }
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "3 arguments",
                    svar_function_call(f.get(), arguments, 3, &result, 1));
  EXPECT_EQ(result.tensor.data, nullptr);
}

// --- what callers fill ----------------------------------------------------------------------------

TEST(FunctionOptions, MayHaveInputsOfAnOlderBuild)
{
  // As the struct was before its last two members.
  struct OlderInput {
    svar_expression_t *expression;
    bool strict;
    svar_downcast_t allow_downcast;
    bool borrow, is_mutable;
  };
  Expression a = number_input("a");
  Expression b = number_input("b");
  Expression both = sum(a, b);
  const OlderInput inputs[] = {{a.get(), false, SVAR_DOWNCAST_UNSET, false, false},
                               {b.get(), false, SVAR_DOWNCAST_UNSET, false, false}};
  Parts parts = Parts().out(both);
  svar_function_options_t options = parts.options();
  options.inputs = reinterpret_cast<const svar_function_input_t *>(inputs);
  options.input_count = 2;
  options.input_size_bytes = sizeof(OlderInput);
  svar_function_t *function = nullptr;
  ASSERT_SVAR_OK(svar_function_create(&options, &function));
  EXPECT_EQ(call(Function(function), {svar_int(3), svar_int(4)}), 7);
}

TEST(FunctionOptions, OfAnotherSizeAreRefused)
{
  Expression a = number_input();
  Parts parts = Parts().in(a).out(a);
  svar_function_t *function = nullptr;
  for (int what = 0; what < 3; what++) {
    for (size_t wrong : {size_t{0}, size_t{4096}}) {
      svar_function_options_t options = parts.options();
      (what == 0   ? options.size_bytes
       : what == 1 ? options.input_size_bytes
                   : options.output_size_bytes) = wrong;
      EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "size_bytes is",
                        svar_function_create(&options, &function));
    }
  }
}

// --- graphs ---------------------------------------------------------------------------------------

// Runs body on a stack of 128 KiB.
void
on_a_small_stack(std::function<void()> body)
{
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 << 10);
  pthread_t thread;
  ASSERT_EQ(0, pthread_create(
                   &thread, &attributes,
                   [](void *context) -> void * {
                     (*static_cast<std::function<void()> *>(context))();
                     return nullptr;
                   },
                   &body));
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST(FunctionGraph, MayBeOfAnyDepth)
{
  on_a_small_stack([] {
    const int depth = 100000;
    Expression x = number_input();
    Expression one = constant(1);
    Expression last = sum(x, one);
    for (int i = 1; i < depth; i++) {
      last = sum(last, one);
    }
    Function f = Parts().in(x).out(last).function();
    EXPECT_EQ(call(f, {svar_int(5)}), depth + 5);
    last.reset(); // the function keeps it
    EXPECT_EQ(call(f, {svar_int(6)}), depth + 6);
  });
}

TEST(FunctionGraph, RunsAnOperationOnceHoweverManyPathsLeadToIt)
{
  Expression x = number_input();
  Expression last = sum(x, x);
  for (int i = 1; i < 60; i++) { // 2^60 paths
    last = sum(last, last);
  }
  EXPECT_EQ(call(Parts().in(x).out(last).function(), {svar_int(1)}), INT64_C(1) << 60);
}

TEST(FunctionGraph, OfVariablesThatUpdateEachOtherMayBeOfAnyDepth)
{
  on_a_small_stack([] {
    const int length = 2000;
    Variable last = shared_number(1);
    for (int i = 1; i < length; i++) {
      Variable variable = shared_number(0);
      svar_variable_default_update_set(variable.get(), of(last).get());
      last = std::move(variable);
    }
    Expression e = of(last);
    Function f = Parts().out(e).function();
    EXPECT_EQ(call(f), 0);
  });
}

// The two operands' sum and difference.
svar_ret_t
compute_both(void *, const DLTensor *operands, size_t, svar_results_t *results)
{
  int64_t a = *static_cast<int64_t *>(operands[0].data);
  int64_t b = *static_cast<int64_t *>(operands[1].data);
  DLTensor rooms[2];
  SVAR_TRY(svar_results_room(results, 0, nullptr, &rooms[0]));
  SVAR_TRY(svar_results_room(results, 1, nullptr, &rooms[1]));
  *static_cast<int64_t *>(rooms[0].data) = a + b;
  *static_cast<int64_t *>(rooms[1].data) = a - b;
  return SVAR_OK;
}

class SeveralResults : public testing::Test
{
protected:
  void make(svar_ret_t (*compute)(void *, const DLTensor *, size_t, svar_results_t *))
  {
    svar_operation_t operation = sum_operation();
    operation.compute = compute;
    svar_expression_t *operands[] = {a_.get(), b_.get()};
    const svar_type_t types[] = {int64_number(), int64_number()};
    svar_expression_t *results[2];
    ASSERT_SVAR_OK(svar_expression_apply(&operation, operands, 2, types, 2, results));
    plus_.reset(results[0]);
    minus_.reset(results[1]);
  }
  Expression a_ = number_input("a"), b_ = number_input("b");
  Expression plus_, minus_;
};

TEST_F(SeveralResults, GoEachTheirWay)
{
  make(compute_both);
  Variable difference = shared_number(0);
  Function f = Parts().in(a_).in(b_).out(plus_).update(difference, minus_).function();
  EXPECT_EQ(call(f, {svar_int(7), svar_int(3)}), 10);
  EXPECT_EQ(number(difference), 4);
  Function g = Parts().in(a_).in(b_).out(minus_).function(); // one of them alone
  plus_.reset();
  EXPECT_EQ(call(g, {svar_int(7), svar_int(3)}), 4);
}

TEST_F(SeveralResults, MustAllBeGivenRoom)
{
  make([](void *, const DLTensor *, size_t, svar_results_t *results) {
    DLTensor room;
    return svar_results_room(results, 0, nullptr, &room);
  });
  Function f = Parts().in(a_).in(b_).out(plus_).function();
  const svar_source_t arguments[] = {svar_int(7), svar_int(3)};
  svar_value_t result = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "no room for result 1",
                    svar_function_call(f.get(), arguments, 2, &result, 1));
}

TEST_F(SeveralResults, AreWrittenOnlyTogether)
{
  svar_operation_t operation = sum_operation();
  const svar_type_t types[] = {int64_number(), svar_object_type()};
  svar_expression_t *operands[] = {a_.get()};
  svar_expression_t *results[2] = {nullptr, nullptr};
  bool is_destroyed = false;
  operation.context = &is_destroyed;
  operation.destroy = [](void *context) { *static_cast<bool *>(context) = true; };
  EXPECT_EQ(SVAR_ERR_TYPE, svar_expression_apply(&operation, operands, 1, types, 2, results));
  EXPECT_EQ(results[0], nullptr);
  EXPECT_FALSE(is_destroyed); // still the caller's
}

// --- two threads ----------------------------------------------------------------------------------

struct Gate {
  sem_t is_inside, may_leave;
};

TEST(FunctionCall, IsRefusedWhileAnotherOneRuns)
{
  Gate gate;
  sem_init(&gate.is_inside, 0, 0);
  sem_init(&gate.may_leave, 0, 0);
  svar_operation_t operation = sum_operation();
  operation.context = &gate;
  operation.compute = [](void *context, const DLTensor *, size_t, svar_results_t *results) {
    Gate *inner = static_cast<Gate *>(context);
    DLTensor room;
    SVAR_TRY(svar_results_room(results, 0, nullptr, &room));
    *static_cast<int64_t *>(room.data) = 42;
    sem_post(&inner->is_inside);
    sem_wait(&inner->may_leave);
    return SVAR_OK;
  };
  Expression slow = apply(operation, {});
  Function f = Parts().out(slow).function();
  pthread_t thread;
  int64_t found = 0;
  auto body = std::pair<const Function *, int64_t *>(&f, &found);
  ASSERT_EQ(0, pthread_create(
                   &thread, nullptr,
                   [](void *context) -> void * {
                     auto *both = static_cast<std::pair<const Function *, int64_t *> *>(context);
                     *both->second = call(*both->first);
                     return nullptr;
                   },
                   &body));
  sem_wait(&gate.is_inside);
  svar_value_t result = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "another call",
                    svar_function_call(f.get(), nullptr, 0, &result, 1));
  EXPECT_EQ(result.tensor.data, nullptr);
  sem_post(&gate.may_leave);
  pthread_join(thread, nullptr);
  EXPECT_EQ(found, 42);
  sem_post(&gate.may_leave);
  EXPECT_EQ(call(f), 42); // the refusal left nothing behind
}

// --- several stores -------------------------------------------------------------------------------

class SeveralStores : public testing::Test
{
protected:
  SeveralStores() : a_(create_store("/a")), b_(create_store("/b"))
  {
    in_a_ = shared_number(1, a_.get(), "n");
    in_b_ = shared_number(10, b_.get(), "n");
  }
  ~SeveralStores() override
  {
    EXPECT_SVAR_OK(svar_store_remove(a_.get()));
    EXPECT_SVAR_OK(svar_store_remove(b_.get()));
  }
  ScratchDirectory directory_;
  Store a_, b_;
  Variable in_a_, in_b_;
  Variable private_ = shared_number(100);
};

TEST_F(SeveralStores, AreReadAndUpdatedByOneCall)
{
  Store reader = open_store("/b");
  Variable read_only = find(reader, "n");
  Expression x = of(in_a_);
  Expression y = of(read_only);
  Expression next = sum(x, sum(y, of(private_)));
  Function f = Parts().out(next).update(in_a_, next).update(private_, y).function();
  EXPECT_EQ(call(f), 111);
  EXPECT_EQ(number(in_a_), 111);
  EXPECT_EQ(number(private_), 10);
  EXPECT_EQ(call(f), 131);
}

TEST_F(SeveralStores, AllStayIfOneIsNotHeld)
{
  Store reader = open_store("/b");
  Variable read_only = find(reader, "n");
  Expression x = of(in_a_);
  Expression next = sum(x, x);
  Function f =
      Parts().update(private_, next).update(in_a_, next).update(read_only, next).function();
  EXPECT_SVAR_FAILS(SVAR_ERR_READ_ONLY, "/b", svar_function_call(f.get(), nullptr, 0, nullptr, 0));
  EXPECT_EQ(number(private_), 100);
  EXPECT_EQ(number(in_a_), 1);
  EXPECT_EQ(number(in_b_), 10);
  EXPECT_EQ(svar_store_version(a_.get()), 1U);
}

TEST_F(SeveralStores, AreCommittedInTurnUpToOneThatAnOperationClosed)
{
  svar_operation_t closing = sum_operation();
  closing.context = &b_;
  closing.compute = [](void *context, const DLTensor *, size_t, svar_results_t *results) {
    static_cast<Store *>(context)->reset();
    DLTensor room;
    return svar_results_room(results, 0, nullptr, &room);
  };
  Expression seven = sum(constant(3), constant(4));
  Expression eight = sum(constant(3), constant(5));
  Expression last = apply(closing, {seven.get(), eight.get()}); // both are in their stores' loans
  Function f = Parts().out(last).update(in_a_, seven).update(in_b_, eight).function();
  svar_value_t result = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "'/b' has been closed",
                    svar_function_call(f.get(), nullptr, 0, &result, 1));
  EXPECT_EQ(result.tensor.data, nullptr);
  EXPECT_EQ(number(in_a_), 7);
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "'/b' has been closed",
                    svar_function_call(f.get(), nullptr, 0, &result, 1));
  EXPECT_EQ(svar_store_version(a_.get()), 2U); // now it is known before anything is computed
  b_ = create_store("/b");
  EXPECT_EQ(number(find(b_, "n")), 10);
}

TEST_F(SeveralStores, AllStayIfTheSecondWasRemoved)
{
  Expression x = of(in_a_);
  Expression next = sum(x, x);
  Function f = Parts().update(in_a_, next).update(in_b_, next).function();
  ASSERT_SVAR_OK(svar_store_remove(b_.get()));
  EXPECT_EQ(SVAR_ERR_STALE, svar_function_call(f.get(), nullptr, 0, nullptr, 0));
  EXPECT_EQ(number(in_a_), 1);
  b_ = create_store("/b");
}

} // namespace
