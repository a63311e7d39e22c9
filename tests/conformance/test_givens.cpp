// Givens: other expressions in the place of variables, and variables in the place of a function's own.
#include "operations.hpp"

using namespace conformance;

SVAR_CASE_OF_NO_ARRAY(179, AGivenStandsForAVariable)
{
  Variable x = shared(svar_int(0));
  Function three = Parts().out(of(x)).given(of(x), constant(svar_int(3))).function();
  EXPECT_EQ(three().number(), 3);
  EXPECT_EQ(number(read(x)), 0);
  Expression y = input(svar_tensor_type(SVAR_INT64, 1, 0), "y");
  Function product =
      Parts().in(y).out(times(y, of(x))).given(of(x), constant(svar_int(6))).function();
  Array ones = vector_of<int64_t>({1, 1, 1});
  EXPECT_EQ(product({ones.source()}).as<int64_t>(), (std::vector<int64_t>{6, 6, 6}));
  EXPECT_EQ(number(read(x)), 0);
}

SVAR_CASE_OF_NO_ARRAY(180, AReplacedVariableIsNoInput)
{
  Variable s = shared(svar_int(0));
  Expression b = input();
  DefaultUpdate next(s, plus(of(s), 1));
  Function f = Parts().in(b).out(of(s)).given(of(s), b).function();
  EXPECT_EQ(svar_function_get_shared(f.get(), nullptr, 0), 0U);
  EXPECT_EQ(f({svar_int(7)}).number(), 7);
  EXPECT_EQ(number(read(s)), 0);
}

SVAR_CASE_OF_NO_ARRAY(182, AGivenIsReplacedInUpdates)
{
  Variable s = shared(svar_int(1));
  Parts().update(s, times(of(s), 2)).given(of(s), constant(svar_int(10))).function()();
  EXPECT_EQ(number(read(s)), 20);
}

SVAR_CASE_OF_NO_ARRAY(182, AGivenIsReplacedInDefaultUpdatesAndNotInItself)
{
  Variable s = shared(svar_int(1));
  DefaultUpdate next(s, plus(of(s), 3));
  Function f = Parts().out(plus(of(s), 10)).given(of(s), plus(of(s), 10)).function();
  EXPECT_EQ(f().number(), 21);
  EXPECT_EQ(number(read(s)), 14);
  EXPECT_EQ(f().number(), 34);
  EXPECT_EQ(number(read(s)), 27);
}

SVAR_CASE_OF_NO_ARRAY(183, GivensThatDependOnEachOtherActAtOnceInNoOrder)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(10));
  Parts outputs = Parts().out(of(a)).out(of(b));
  Function f = Parts(outputs).given(of(a), plus(of(b), 100)).given(of(b), of(a)).function();
  Function g = Parts(outputs).given(of(b), of(a)).given(of(a), plus(of(b), 100)).function();
  for (const Function *function : {&f, &g}) {
    Results found = (*function)();
    EXPECT_EQ(found.number(0), 110);
    EXPECT_EQ(found.number(1), 1);
  }
}

SVAR_CASE(183, GivensAreCheckedWhenTheFunctionIsMade)
{
  Variable x = shared(svar_int(0));
  Expression y = input();
  Expression three = constant(svar_int(3));
  Expression half = constant(svar_float(0.5));
  Parts().out(three).given(three, constant(svar_int(4))).expect_refused(SVAR_ERR_TYPE);
  EXPECT_MESSAGE("replaces a constant");
  Parts().in(y).out(y).given(y, three).expect_refused(SVAR_ERR_RUNTIME);
  EXPECT_MESSAGE("replaces input 0");
  Parts().out(of(x)).given(of(x), half).expect_refused(SVAR_ERR_TYPE);
  EXPECT_MESSAGE("replaces Tensor(int64, ()) by Tensor(float64, ())");
  Function f = Parts().out(of(x)).given(of(x), half).allow_given_types().function();
  EXPECT_EQ(f().as<double>(), std::vector<double>{0.5});
  Variable small = shared(Array(std::vector<int8_t>{1}, {}).source());
  Parts().out(of(small)).given(of(small), three).expect_refused(SVAR_ERR_TYPE);
}

SVAR_CASE_OF_NO_ARRAY(183, AResultCanBeReplacedAndAnInputThatIsNotListed)
{
  Variable x = shared(svar_int(1));
  Expression y = input();
  Expression sum = plus(of(x), y);
  Function f = Parts().out(times(sum, 2)).given(sum, constant(svar_int(5))).function();
  EXPECT_EQ(f().number(), 10);
  Function g = Parts().out(sum).given(y, constant(svar_int(6))).function();
  EXPECT_EQ(g().number(), 7);
}

SVAR_CASE(194, ACopySwapsVariables)
{
  Variable s = shared(svar_int(1));
  Variable n = shared(svar_int(10));
  Variable other = zeros(SVAR_FLOAT64, {});
  Function f = Parts().out(of(s)).update(s, plus(of(s), 1)).function();
  svar_function_t *made = nullptr;
  svar_function_swap_t swap = {s.get(), n.get()};
  ASSERT_SVAR_OK(svar_function_copy(f.get(), &swap, 1, false, &made));
  Function copy(made, 1);
  EXPECT_EQ(copy().number(), 10);
  EXPECT_EQ(number(read(n)), 11);
  EXPECT_EQ(number(read(s)), 1);
  EXPECT_EQ(f().number(), 1);
  EXPECT_EQ(number(read(n)), 11);
  EXPECT_EQ(number(read(s)), 2);
  svar_function_swap_t unknown = {other.get(), n.get()};
  EXPECT_EQ(SVAR_ERR_VALUE, svar_function_copy(f.get(), &unknown, 1, false, &made));
  svar_function_swap_t mistyped = {s.get(), other.get()};
  EXPECT_EQ(SVAR_ERR_ASSERTION, svar_function_copy(f.get(), &mistyped, 1, false, &made));
  ASSERT_SVAR_OK(svar_function_copy(f.get(), nullptr, 0, true, &made));
  Function still(made, 1);
  EXPECT_EQ(still().number(), 2);
  EXPECT_EQ(number(read(s)), 2);
}

SVAR_NOT_APPLICABLE(196, "a function is code; svar_function_copy() binds one to other variables")
