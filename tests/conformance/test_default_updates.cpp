// Default updates: what functions store to a variable unless they are told otherwise.
#include "operations.hpp"

using namespace conformance;

namespace
{

// Every way to say which default updates run, of a function of x; and whether that of x does.
std::vector<std::pair<Parts, bool>>
settings(const Variable &x, const Variable &y)
{
  const Parts all = Parts().out(of(x));
  return {{Parts(all).no_default_updates(), false},
          {Parts(all).keep({&x}), false},
          {Parts(all).keep({&x, &y}), false},
          {Parts(all).keep({&y}), true},
          {Parts(all).keep({}), true},
          {all, true}};
}

} // namespace

SVAR_CASE_OF_NO_ARRAY(184, ADefaultUpdateIsFixedWhenTheFunctionIsMade)
{
  Variable x = shared(svar_int(0));
  std::unique_ptr<Function> before;
  {
    DefaultUpdate next(x, plus(of(x), 1));
    before = std::make_unique<Function>(Parts().out(of(x)).function());
    (*before)();
    EXPECT_EQ(number(read(x)), 1);
  }
  (*before)();
  EXPECT_EQ(number(read(x)), 2);
  Function after = Parts().out(of(x)).function();
  after();
  EXPECT_EQ(number(read(x)), 2);
}

// That `kept` is a list of variables, the compiler sees to.
SVAR_CASE_OF_NO_ARRAY(185, DefaultUpdatesCanBeKeptFromRunning)
{
  Variable x = shared(svar_int(0));
  Variable y = shared(svar_int(0));
  DefaultUpdate next(x, plus(of(x), 2));
  int64_t expected = 0;
  for (const auto &[parts, runs] : settings(x, y)) {
    EXPECT_EQ(parts.function()().number(), expected);
    expected += runs ? 2 : 0;
    EXPECT_EQ(number(read(x)), expected);
  }
  EXPECT_EQ(expected, 6);
  svar_function_t *made = nullptr;
  svar_function_options_t none = SVAR_FUNCTION_OPTIONS_INIT;
  none.kept_count = 1;
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_function_create(&none, &made));
}

SVAR_CASE_OF_NO_ARRAY(186, AnExplicitUpdateWinsOverTheDefaultOne)
{
  Variable x = shared(svar_int(0));
  Variable y = shared(svar_int(0));
  DefaultUpdate next(x, plus(of(x), 2));
  int64_t expected = 0;
  for (const auto &[parts, runs] : settings(x, y)) {
    Function down = Parts(parts).update(x, plus(of(x), -1)).function();
    EXPECT_EQ(down().number(), expected);
    expected--;
    EXPECT_EQ(number(read(x)), expected);
  }
}

SVAR_CASE_OF_NO_ARRAY(187, ExplicitAndDefaultUpdatesOfSeveralVariables)
{
  Variable x = shared(svar_int(0));
  Variable y = shared(svar_int(1));
  DefaultUpdate down(x, plus(of(x), -1));
  DefaultUpdate up(y, plus(of(y), 1));
  const Parts both = Parts().out(of(x)).out(of(y));
  auto expect = [&](const Parts &parts, int64_t of_x, int64_t of_y) {
    parts.function()();
    EXPECT_EQ(number(read(x)), of_x);
    EXPECT_EQ(number(read(y)), of_y);
  };
  expect(both, -1, 2);
  const Parts two_down = Parts(both).update(x, plus(of(x), -2));
  expect(Parts(two_down).keep({&y}), -3, 2);
  expect(Parts(two_down).no_default_updates(), -5, 2);
  expect(Parts(both).update(y, plus(of(y), -2)), -6, 0);
}

SVAR_CASE_OF_NO_ARRAY(188, DefaultUpdatesAreChained)
{
  Variable x = shared(svar_int(2));
  Variable y = shared(svar_int(1));
  Variable z = shared(svar_int(-1));
  DefaultUpdate of_x(x, minus(of(x), of(y)));
  DefaultUpdate of_y(y, of(z));
  DefaultUpdate of_z(z, plus(of(z), -1));
  auto expect = [&](const Parts &parts, int64_t a, int64_t b, int64_t c) {
    parts.function()();
    EXPECT_EQ(number(read(x)), a);
    EXPECT_EQ(number(read(y)), b);
    EXPECT_EQ(number(read(z)), c);
  };
  expect(Parts().out(of(x)), 1, -1, -2);
  expect(Parts().out(of(x)).out(of(y)), 2, -2, -3);
  expect(Parts().out(of(y)), 2, -3, -4);
  expect(Parts().out(of(x)).out(of(y)).keep({&x}), 2, -4, -5);
  expect(Parts().out(of(x)).out(of(y)).out(of(z)).keep({&z}), 6, -5, -5);
}

SVAR_CASE_OF_NO_ARRAY(190, ADefaultUpdateMayNeedAnInputThatIsNotListed)
{
  Variable x = shared(svar_int(0));
  DefaultUpdate next(x, plus(of(x), input()));
  Parts().out(of(x)).expect_refused(SVAR_ERR_MISSING);
  EXPECT_EQ(Parts().out(of(x)).keep({&x}).function()().number(), 0);
}

SVAR_CASE_OF_NO_ARRAY(191, ADefaultUpdateIsOfTheVariablesTypeAndMayBeAConstant)
{
  Variable x = shared(svar_int(1));
  {
    DefaultUpdate mistyped(x, constant(svar_float(7)));
    Parts().out(of(x)).expect_refused(SVAR_ERR_TYPE);
    EXPECT_EQ(Parts().out(of(x)).keep({&x}).function()().number(), 1);
  }
  DefaultUpdate seven(x, constant(svar_int(7)));
  EXPECT_EQ(Parts().out(of(x)).function()().number(), 1);
  EXPECT_EQ(number(read(x)), 7);
}
