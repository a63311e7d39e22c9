// Random state: variables that hold one, and the parallel generator.
#include "case.hpp"

using conformance::Variable;

namespace
{

svar_ret_t
seed_mrg(const std::vector<int64_t> &numbers)
{
  Array seed = vector_of<int64_t>(numbers);
  svar_mrg_t streams;
  return svar_mrg_seed(seed.source(), &streams);
}

// Draws through the variable, as one who knows nothing but get and set.
std::vector<double>
draw_mrg(const Variable &variable, size_t count)
{
  svar_value_t states = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_COPY, &states));
  std::vector<double> numbers(count);
  EXPECT_SVAR_OK(svar_mrg_float64(static_cast<int32_t *>(states.tensor.data),
                                  static_cast<size_t>(states.shape[0]), count, numbers.data()));
  EXPECT_SVAR_OK(svar_set_value(variable.get(), svar_array(&states.tensor), SVAR_COPY));
  svar_value_release(&states);
  return numbers;
}

svar_random_state_t
state_of(const Variable &variable)
{
  svar_random_state_t state = SVAR_ZERO_INIT;
  EXPECT_SVAR_OK(svar_random_get(variable.get(), &state));
  return state;
}

uint64_t
next(svar_random_state_t state)
{
  uint64_t word = 0;
  svar_random_raw(&state, 1, &word);
  return word;
}

// A random state, two numbers into its sequence and with a normal number in store.
svar_random_state_t
used_state()
{
  svar_random_state_t state = svar_random_seeded(234);
  double number = 0;
  svar_random_normal(&state, 1, &number);
  return state;
}

} // namespace

SVAR_CASE(199, AVariableKeepsACopyOfTheState)
{
  svar_random_state_t state = used_state();
  const svar_random_state_t before = state;
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) { // a state is copied, borrowed or not
    svar_shared_options_t given = options();
    given.borrow = borrow;
    Variable variable = shared(svar_random_source(&state), given);
    svar_type_t type = svar_variable_type(variable.get());
    EXPECT_EQ(type.kind, SVAR_KIND_RANDOM);
    EXPECT_TRUE(svar_dtype_equal(type.dtype, SVAR_UINT64));
    uint64_t word = 0;
    svar_random_raw(&state, 1, &word);
    svar_random_state_t kept = state_of(variable);
    EXPECT_TRUE(svar_random_state_equal(&kept, &before));
    EXPECT_EQ(next(kept), word);
    EXPECT_EQ(read(variable).shape, std::vector<int64_t>{SVAR_RANDOM_WORDS});
    state = before;
  }
}

SVAR_CASE(200, DrawingFromWhatWasReadAdvancesNothing)
{
  const svar_random_state_t state = used_state();
  Variable variable = shared(svar_random_source(&state));
  svar_random_state_t first = state_of(variable);
  EXPECT_TRUE(svar_random_state_equal(&first, &state));
  uint64_t words[5];
  svar_random_raw(&first, 5, words);
  svar_random_state_t second = state_of(variable);
  EXPECT_TRUE(svar_random_state_equal(&second, &state));
}

SVAR_CASE(201, OnlyStatesAreAccepted)
{
  for (bool strict : {false, true}) {
    const svar_random_state_t first = used_state();
    svar_shared_options_t given = options();
    given.strict = strict;
    Variable variable = shared(svar_random_source(&first), given);

    svar_random_state_t other = svar_random_seeded(5);
    set(variable, svar_random_source(&other));
    const svar_random_state_t kept = other;
    uint64_t word = 0;
    svar_random_raw(&other, 1, &word);
    svar_random_state_t found = state_of(variable);
    EXPECT_TRUE(svar_random_state_equal(&found, &kept));

    expect_refused(SVAR_ERR_TYPE, variable, svar_int(3));
    EXPECT_MESSAGE("its values are not made from numbers");
    const int64_t tuple[3] = {1, 2, 3};
    const int64_t three = 3;
    expect_refused(SVAR_ERR_TYPE, variable, svar_literals(SVAR_INT64, tuple, 1, &three));
    Array words(SVAR_UINT64, {SVAR_RANDOM_WORDS}); // not even its own words
    expect_refused(SVAR_ERR_TYPE, variable, words.source());
  }
}

SVAR_CASE(201, NoOtherVariableTakesAState)
{
  const svar_random_state_t state = used_state();
  Variable words = zeros(SVAR_UINT64, {SVAR_RANDOM_WORDS});
  expect_refused(SVAR_ERR_TYPE, words, svar_random_source(&state));
  EXPECT_MESSAGE("its values are made from numbers");
  const bool flag = false;
  svar_shared_options_t flags = options();
  flags.broadcastable = &flag;
  flags.broadcastable_count = 1;
  expect_not_shared(SVAR_ERR_TYPE, svar_random_source(&state), flags);
}

SVAR_CASE(201, WhatIsNoStateIsRefused)
{
  svar_random_state_t state = used_state();
  Variable variable = shared(svar_random_source(&state));
  state.position = 5;
  expect_refused(SVAR_ERR_VALUE, variable, svar_random_source(&state));
}

SVAR_CASE(202, StatesAreEqualWhenTheyGoOnAlike)
{
  svar_random_state_t a = svar_random_seeded(7);
  svar_random_state_t b = svar_random_seeded(7);
  Variable x = shared(svar_random_source(&a));
  Variable y = shared(svar_random_source(&b));
  auto are_equal = [&] {
    EXPECT_SVAR_OK(svar_set_value(x.get(), svar_random_source(&a), SVAR_COPY));
    EXPECT_SVAR_OK(svar_set_value(y.get(), svar_random_source(&b), SVAR_COPY));
    svar_random_state_t of_x = state_of(x);
    svar_random_state_t of_y = state_of(y);
    return svar_random_state_equal(&of_x, &of_y);
  };
  double number = 0;
  EXPECT_TRUE(are_equal());
  svar_random_normal(&a, 1, &number);
  EXPECT_FALSE(are_equal());
  svar_random_normal(&b, 1, &number);
  EXPECT_TRUE(are_equal());
  a.normal += 1; // the number kept for later counts ...
  EXPECT_FALSE(are_equal());
  a.has_normal = b.has_normal = 0; // ... only with its flag
  EXPECT_TRUE(are_equal());
}

SVAR_CASE(211, TheParallelGeneratorsStateIsATensor)
{
  svar_mrg_t streams;
  ASSERT_SVAR_OK(svar_mrg_seed(svar_int(234), &streams));
  Array states(SVAR_INT32, {4, SVAR_MRG_WORDS});
  svar_mrg_take(&streams, 4, states.as<int32_t>());
  EXPECT_EQ(std::vector<int32_t>(states.as<int32_t>(), states.as<int32_t>() + SVAR_MRG_WORDS),
            std::vector<int32_t>(SVAR_MRG_WORDS, 234));
  Variable variable = shared(states.source());
  EXPECT_VALUE(variable, states);
  std::vector<double> first = draw_mrg(variable, 10);
  std::vector<double> second = draw_mrg(variable, 10);
  EXPECT_NE(first, second);
  EXPECT_SVAR_OK(svar_set_value(variable.get(), states.source(), SVAR_COPY)); // restore: replay
  EXPECT_EQ(draw_mrg(variable, 10), first);
  EXPECT_EQ(draw_mrg(variable, 10), second);
}

SVAR_CASE_ON(PROCESS, 211, TheParallelGeneratorRefusesSeeds)
{
  svar_mrg_t streams;
  EXPECT_EQ(svar_mrg_seed(svar_int(0), &streams), SVAR_ERR_VALUE);
  EXPECT_EQ(svar_mrg_seed(svar_int(2147462579), &streams), SVAR_ERR_VALUE);
  EXPECT_EQ(seed_mrg({0, 0, 0, 1, 1, 1}), SVAR_ERR_VALUE);
  EXPECT_EQ(seed_mrg({1, 1, 1, 0, 0, 0}), SVAR_ERR_VALUE);
  EXPECT_EQ(seed_mrg({1, 2, 3, 4}), SVAR_ERR_TYPE);
  EXPECT_EQ(svar_mrg_seed(svar_float(0.5), &streams), SVAR_ERR_TYPE); // C has no text to offer
  EXPECT_EQ(seed_mrg({1, 2, 3, 4, 5, 6}), SVAR_OK);
}

SVAR_NOT_APPLICABLE(212,
                    "PyTensor only: its set_value takes a seed beside a value; here a state is "
                    "made of a seed by a call of its own")
