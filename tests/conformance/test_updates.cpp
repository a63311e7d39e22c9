// Updates: what a call stores, all of it at once, from what was there when it began.
#include "operations.hpp"

using namespace conformance;

namespace
{

// The values of a and b lie apart.
::testing::AssertionResult
are_disjoint(const Variable &a, const Variable &b)
{
  svar_value_t of_a = SVAR_VALUE_INIT;
  svar_value_t of_b = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_get_value(a.get(), SVAR_BORROW, &of_a));
  EXPECT_SVAR_OK(svar_get_value(b.get(), SVAR_BORROW, &of_b));
  bool overlap = svar_may_share_memory(&of_a.tensor, &of_b.tensor);
  svar_value_release(&of_a);
  svar_value_release(&of_b);
  return overlap ? ::testing::AssertionFailure() << "they overlap" : ::testing::AssertionSuccess();
}

} // namespace

SVAR_CASE_OF_NO_ARRAY(152, UpdatesSwap)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Function swap = Parts().update(a, of(b)).update(b, of(a)).function();
  for (int64_t i = 0; i < 4; i++) {
    swap();
    EXPECT_EQ(number(read(a)), i % 2 == 0 ? 2 : 1);
    EXPECT_EQ(number(read(b)), i % 2 == 0 ? 1 : 2);
    EXPECT_TRUE(are_disjoint(a, b));
  }
}

SVAR_CASE_OF_NO_ARRAY(152, UpdatesGoRound)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Variable c = shared(svar_int(3));
  Function round = Parts().update(a, of(b)).update(b, of(c)).update(c, of(a)).function();
  round();
  EXPECT_EQ(number(read(a)), 2);
  EXPECT_EQ(number(read(b)), 3);
  EXPECT_EQ(number(read(c)), 1);
}

SVAR_CASE_OF_NO_ARRAY(153, UpdatesUseOldValues)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Expression sum = plus(of(a), of(b));
  Function f = Parts().update(a, sum).update(b, of(a)).function();
  Function g = Parts().update(b, of(a)).update(a, sum).function();
  for (const Function *function : {&f, &g}) {
    set(a, svar_int(1));
    set(b, svar_int(2));
    (*function)();
    EXPECT_EQ(number(read(a)), 3);
    EXPECT_EQ(number(read(b)), 1);
  }
}

SVAR_CASE(154, UpdatesShareExpressionsOfOldValues)
{
  Variable x = shared(vector_of<int64_t>({4, 1}).source());
  Variable y = shared(vector_of<int64_t>({4, 2}).source());
  Variable z = shared(vector_of<int64_t>({2, 3}).source());
  Expression five = times(of(x), 5);
  Expression sum = plus(five, of(y));
  Expression whole = power(sum, of(z));
  Function f = Parts().update(x, five).update(y, sum).update(z, whole).function();
  f();
  EXPECT_EQ(read(x).as<int64_t>(), (std::vector<int64_t>{20, 5}));
  EXPECT_EQ(read(y).as<int64_t>(), (std::vector<int64_t>{24, 7}));
  EXPECT_EQ(read(z).as<int64_t>(), (std::vector<int64_t>{576, 343}));
}

SVAR_CASE(155, AVariableUpdatedByItselfStays)
{
  Array first(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3});
  Array second(std::vector<double>{7, 8, 9}, {3, 1});
  Variable a = shared(first.source());
  Variable b = shared(second.source());
  Function f = Parts().update(a, of(a)).update(b, minus(times(of(b), 2), of(b))).function();
  f();
  EXPECT_VALUE(a, first);
  EXPECT_VALUE(b, second);
}

SVAR_CASE_OF_NO_ARRAY(156, AValueThatStaysIsCopied)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Function f = Parts().update(a, of(b)).function();
  f();
  EXPECT_EQ(number(read(a)), 2);
  EXPECT_TRUE(are_disjoint(a, b));
}

SVAR_CASE_OF_NO_ARRAY(156, AValueThatMovesIsGivenToOneVariableOnly)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Variable c = shared(svar_int(3));
  Function f = Parts().update(a, of(c)).update(b, of(c)).update(c, of(a)).function();
  f();
  EXPECT_EQ(number(read(a)), 3);
  EXPECT_EQ(number(read(b)), 3);
  EXPECT_EQ(number(read(c)), 1);
  EXPECT_TRUE(are_disjoint(a, b));
  EXPECT_TRUE(are_disjoint(b, c));
  EXPECT_TRUE(are_disjoint(a, c));
}

SVAR_CASE_OF_NO_ARRAY(156, AResultIsStoredToTwoVariablesApart)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Expression sum = plus(of(a), of(b));
  Function f = Parts().out(sum).update(a, sum).update(b, sum).function();
  EXPECT_EQ(f().number(), 3);
  EXPECT_EQ(number(read(a)), 3);
  EXPECT_EQ(number(read(b)), 3);
  EXPECT_TRUE(are_disjoint(a, b));
}

SVAR_CASE(158, ASwapMovesTheBytes)
{
  Variable a = shared(vector_of<double>({1, 2}).source());
  Variable b = shared(vector_of<double>({3, 4, 5}).source());
  const void *of_a = cell(a);
  const void *of_b = cell(b);
  Function swap = Parts().update(a, of(b)).update(b, of(a)).function();
  swap();
  EXPECT_EQ(cell(a), of_b);
  EXPECT_EQ(cell(b), of_a);
  EXPECT_VALUE(a, vector_of<double>({3, 4, 5}));
  EXPECT_VALUE(b, vector_of<double>({1, 2}));
}

SVAR_CASE(159, RearrangedValuesAreDisjoint)
{
  Variable a = shared(Array(std::vector<double>{1, 2, 3, 4, 5, 6}, {2, 3}).source());
  Variable b = shared(Array(std::vector<double>{7, 8, 9, 0}, {2, 2}).source());
  Function f = Parts().update(a, reversed(of(b))).update(b, transpose(of(a))).function();
  f();
  EXPECT_VALUE(a, Array(std::vector<double>{8, 7, 0, 9}, {2, 2}));
  EXPECT_VALUE(b, Array(std::vector<double>{1, 4, 2, 5, 3, 6}, {3, 2}));
  EXPECT_TRUE(are_disjoint(a, b));
}

// That a target is a variable, and that updates are pairs, the compiler sees to.
SVAR_CASE_OF_NO_ARRAY(160, OneUpdateForATarget)
{
  Variable a = shared(svar_int(1));
  Parts().update(a, of(a)).update(a, of(a)).expect_refused(SVAR_ERR_VALUE);
}

SVAR_CASE_OF_NO_ARRAY(160, ClonesAndCopiesOfAVariableAreOneTarget)
{
  Variable a = shared(svar_int(0), options("w"));
  svar_variable_t *made[2] = {};
  ASSERT_SVAR_OK(svar_variable_clone(a.get(), "other", &made[0]));
  ASSERT_SVAR_OK(svar_variable_copy(a.get(), &made[1]));
  for (svar_variable_t *handle : made) {
    Variable other(handle);
    Parts()
        .update(a, plus(of(a), 1))
        .update(other, plus(of(other), 10))
        .expect_refused(SVAR_ERR_VALUE);
    EXPECT_MESSAGE("are of one variable");
  }
}

SVAR_CASE_ON(IPC, 160, HandlesThatAStoreFoundAreOneVariable)
{
  Variable a = shared(svar_int(0), options("w"));
  svar_variable_t *found = nullptr;
  ASSERT_SVAR_OK(svar_store_find(store(), "w", &found));
  Variable b(found);
  Parts().update(a, plus(of(a), 1)).update(b, plus(of(b), 10)).expect_refused(SVAR_ERR_VALUE);
  EXPECT_MESSAGE("are of one variable");
  Expression sum = plus(of(a), of(b));
  Function f = Parts().out(sum).function();
  EXPECT_EQ(svar_function_get_shared(f.get(), nullptr, 0), 1U);
  Function g = Parts().out(sum).given(of(b), constant(svar_int(4))).function();
  EXPECT_EQ(g().number(), 8);
}

SVAR_CASE(161, AnUpdateIsOfItsTargetsType)
{
  Variable a = shared(svar_int(1));
  Variable b = zeros(SVAR_FLOAT64, {});
  Variable c = zeros(SVAR_INT64, {2});
  Parts().update(a, of(b)).expect_refused(SVAR_ERR_TYPE);
  EXPECT_MESSAGE("Tensor(int64, ())");
  EXPECT_MESSAGE("Tensor(float64, ())");
  Parts().update(a, of(c)).expect_refused(SVAR_ERR_TYPE);
}

SVAR_CASE(161, AnUpdateHasItsTargetsBroadcastableAxes)
{
  const bool flags[2] = {true, false};
  svar_shared_options_t given = options();
  given.broadcastable = flags;
  given.broadcastable_count = 2;
  Array value(std::vector<double>{1, 2, 3}, {1, 3});
  Variable row = shared(value.source(), given);
  Variable matrix = shared(value.source());
  Parts().update(matrix, of(row)).expect_refused(SVAR_ERR_TYPE);
  EXPECT_MESSAGE("broadcastable");
  Parts().update(row, of(matrix)).expect_refused(SVAR_ERR_TYPE);
  Parts().update(matrix, flagged(of(row), 0)).update(row, flagged(of(matrix), 1)).function()();
  set(matrix, Array(SVAR_FLOAT64, {2, 3}).source());
  Parts().update(row, flagged(of(matrix), 1)).function().expect_failure(SVAR_ERR_VALUE);
}

SVAR_CASE_OF_NO_ARRAY(162, AConstantIsOfItsTargetsType)
{
  Variable a = shared(svar_int(1));
  svar_type_t type = svar_variable_type(a.get());
  svar_type_t small = svar_tensor_type(SVAR_INT8, 0, 0);
  svar_expression_t *none = nullptr;
  EXPECT_EQ(SVAR_ERR_TYPE, svar_expression_constant(svar_float(3.5), &type, &none));
  EXPECT_EQ(SVAR_ERR_TYPE, svar_expression_constant(svar_int(300), &small, &none));
  EXPECT_EQ(none, nullptr);
  for (svar_source_t source : {svar_int(3), svar_float(3.0)}) {
    set(a, svar_int(1));
    Parts().update(a, constant(source, type)).function()();
    EXPECT_EQ(number(read(a)), 3);
  }
}

SVAR_CASE(162, AConstantMayChangeTheExtents)
{
  Variable s = zeros(SVAR_FLOAT64, {2, 2});
  svar_type_t type = svar_variable_type(s.get());
  Array larger(std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 9}, {3, 3});
  Parts().update(s, constant(larger.source(), type)).function()();
  EXPECT_VALUE(s, larger);
  Array numbers(std::vector<int64_t>{1, 2}, {1, 2});
  Parts().update(s, constant(numbers.literals(), type)).function()();
  EXPECT_VALUE(s, Array(std::vector<double>{1, 2}, {1, 2}));
}

// What 1 and 1000 make of an int8 is decided by who writes the operation: int8, and int16.
SVAR_CASE(163, AnUpdateIsNeverNarrowed)
{
  Variable x = shared(Array(std::vector<int8_t>{127}, {}).source());
  Parts().update(x, plus(of(x), 1)).function()();
  EXPECT_EQ(read(x).as<int8_t>(), std::vector<int8_t>{-128});
  Parts().update(x, plus(cast(of(x), SVAR_INT16), 1000)).expect_refused(SVAR_ERR_TYPE);
  EXPECT_MESSAGE("int8");
  EXPECT_MESSAGE("int16");
  Variable y = shared(Array(std::vector<uint8_t>{5}, {}).source());
  Parts().update(y, plus(cast(of(y), SVAR_INT16), -1)).expect_refused(SVAR_ERR_TYPE);
}

SVAR_CASE(164, AnUpdateMayChangeTheExtents)
{
  Variable v = shared(vector_of<double>({1, 2}).source());
  Function twice = Parts().update(v, concat(of(v), of(v))).function();
  twice();
  twice();
  EXPECT_VALUE(v, vector_of<double>({1, 2, 1, 2, 1, 2, 1, 2}));
  Array nothing(SVAR_FLOAT64, {0});
  set(v, nothing.source());
  twice();
  EXPECT_VALUE(v, nothing);
}

SVAR_CASE(174, WhatWasReadBeforeAnUpdateStays)
{
  Variable v = shared(vector_of<double>({1, 2}).source());
  Function next = Parts().update(v, plus(of(v), 1)).function();
  Function twice = Parts().update(v, concat(of(v), of(v))).function();
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    for (const Function *function : {&next, &twice}) {
      svar_value_t value = SVAR_VALUE_INIT;
      ASSERT_SVAR_OK(svar_get_value(v.get(), borrow, &value));
      std::vector<double> before = svar_test::contents<double>(value);
      (*function)();
      EXPECT_EQ(svar_test::contents<double>(value), before);
      EXPECT_NE(read(v).as<double>(), before);
      svar_value_release(&value);
    }
  }
}

SVAR_CASE(175, AStrictTargetTakesAnUpdateOfItsType)
{
  Variable s = zeros(SVAR_INT64, {}, SVAR_DOWNCAST_UNSET, true);
  Parts().update(s, plus(of(s), 1)).function()();
  EXPECT_EQ(number(read(s)), 1);
}

SVAR_CASE_OF_NO_ARRAY(176, AReadOnlyTargetIsRefusedAndNothingIsStored)
{
  Variable s = shared(svar_int(1), options("w"));
  Variable other = shared(svar_int(5));
  svar_container_t *container = svar_variable_container(s.get());
  uint64_t version = svar_store_version(svar_variable_store(s.get()));
  Function f = Parts().out(of(s)).update(other, of(s)).update(s, plus(of(s), 1)).function();
  svar_container_readonly_set(container, true);
  f.expect_failure(SVAR_ERR_STATE);
  EXPECT_MESSAGE("'w' is read-only");
  Parts().update(s, of(other)).update(other, of(s)).function().expect_failure(SVAR_ERR_STATE);
  Parts()
      .update(s, failing(of(s)))
      .function()
      .expect_failure(SVAR_ERR_STATE); // nothing is computed
  {
    DefaultUpdate up(s, plus(of(s), 1));
    Parts().out(of(s)).function().expect_failure(SVAR_ERR_STATE);
  }
  EXPECT_EQ(Parts().out(of(s)).update(other, of(other)).function()().number(), 1)
      << "it can be read";
  EXPECT_EQ(number(read(s)), 1);
  EXPECT_EQ(number(read(other)), 5);
  svar_container_readonly_set(container, false);
  EXPECT_EQ(f().number(), 1);
  EXPECT_EQ(number(read(s)), 2);
  EXPECT_EQ(number(read(other)), 1);
  EXPECT_EQ(svar_store_version(svar_variable_store(s.get())), version + 2);
}

SVAR_CASE_OF_NO_ARRAY(177, AFailingOperationStoresNothing)
{
  Variable u = shared(svar_int(0));
  Variable k = shared(svar_int(5));
  Function f = Parts().update(u, plus(of(u), 1)).update(k, failing(of(k))).function();
  f.expect_failure(SVAR_ERR_VALUE);
  EXPECT_MESSAGE("operation 'failing'");
  EXPECT_EQ(number(read(u)), 0);
  EXPECT_EQ(number(read(k)), 5);
}
