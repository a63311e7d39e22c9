// Random state: variables that hold one, and the parallel generator.
#include "operations.hpp"

using conformance::Expression;
using conformance::Function;
using conformance::minus;
using conformance::own;
using conformance::Parts;
using conformance::Results;
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

// A collection of draw sites.
class Sites
{
public:
  Sites(uint64_t seed, const svar_shared_options_t &options)
  {
    EXPECT_SVAR_OK(svar_random_streams_create(seed, &options, &streams_));
  }
  ~Sites()
  {
    svar_random_streams_destroy(streams_);
  }
  Sites(const Sites &) = delete;
  Sites &operator=(const Sites &) = delete;

  Variable add()
  {
    svar_variable_t *site = nullptr;
    EXPECT_SVAR_OK(svar_random_streams_add(streams_, &site));
    return Variable(site);
  }
  /// A site, and a draw of two numbers from it.
  Expression uniform()
  {
    const svar_random_law_t law = svar_random_uniform(0, 1);
    const int64_t shape[1] = {2};
    svar_expression_t *drawn = nullptr;
    EXPECT_SVAR_OK(
        svar_random_streams_draw(streams_, &law, SVAR_FLOAT64, 1, shape, nullptr, &drawn));
    return own(drawn);
  }
  void seed(uint64_t seed)
  {
    EXPECT_SVAR_OK(svar_random_streams_seed(streams_, &seed));
  }

private:
  svar_random_streams_t *streams_ = nullptr;
};

std::vector<double>
draw(const Variable &site)
{
  const svar_random_law_t law = svar_random_uniform(0, 1);
  std::vector<double> numbers(2);
  const int64_t two = 2;
  DLTensor out = svar_tensor(SVAR_FLOAT64, numbers.data(), 1, &two);
  EXPECT_SVAR_OK(svar_random_draw(site.get(), &law, &out));
  return numbers;
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

SVAR_CASE_OF_NO_ARRAY(199, AVariableKeepsACopyOfTheState)
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

SVAR_CASE_OF_NO_ARRAY(200, DrawingFromWhatWasReadAdvancesNothing)
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

SVAR_CASE_OF_NO_ARRAY(201, OnlyStatesAreAccepted)
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

SVAR_CASE_OF_NO_ARRAY(201, WhatIsNoStateIsRefused)
{
  svar_random_state_t state = used_state();
  Variable variable = shared(svar_random_source(&state));
  state.position = 5;
  expect_refused(SVAR_ERR_VALUE, variable, svar_random_source(&state));
}

SVAR_CASE_OF_NO_ARRAY(202, StatesAreEqualWhenTheyGoOnAlike)
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

SVAR_CASE_OF_NO_ARRAY(203, ASiteDrawsItsSequence)
{
  Sites sites(234, options("site"));
  Variable site = sites.add();
  // NumPy's Generator(Philox(SeedSequence(234).spawn(1)[0])).random(2), twice.
  const std::vector<double> first = {0x1.362cc75c5c508p-2, 0x1.4d7148b6404e0p-5};
  const std::vector<double> second = {0x1.fd41a582f2c8bp-1, 0x1.d0f3c574aac8bp-1};
  EXPECT_EQ(draw(site), first);
  EXPECT_EQ(draw(site), second);
  Sites again(234, options("again"));
  EXPECT_EQ(draw(again.add()), first);
}

SVAR_CASE_OF_NO_ARRAY(203, ADrawIsOneValueInACallAndAnotherInTheNext)
{
  Sites sites(234, options("site"));
  Expression u = sites.uniform();
  Function f = Parts().out(u).out(minus(u, u)).function();
  Results first = f();
  EXPECT_EQ(first.as<double>(0), (std::vector<double>{0x1.362cc75c5c508p-2, 0x1.4d7148b6404e0p-5}));
  EXPECT_EQ(first.as<double>(1), (std::vector<double>{0, 0}));
  Function g = Parts().out(u).function(); // of the same site: it goes on
  EXPECT_EQ(g().as<double>(), (std::vector<double>{0x1.fd41a582f2c8bp-1, 0x1.d0f3c574aac8bp-1}));
}

SVAR_CASE_OF_NO_ARRAY(204, CallsWithoutDefaultUpdatesRepeatThemselves)
{
  Sites sites(234, options("site"));
  Expression u = sites.uniform();
  Function still = Parts().out(u).no_default_updates().function();
  const std::vector<double> first = still().as<double>();
  EXPECT_EQ(still().as<double>(), first);
  Function moving = Parts().out(u).function();
  EXPECT_EQ(moving().as<double>(), first);
  EXPECT_NE(still().as<double>(), first);
}

SVAR_CASE_OF_NO_ARRAY(206, ARestoredStateDrawsTheSameAgain)
{
  Sites sites(234, options("site"));
  Variable site = sites.add();
  draw(site);
  const svar_random_state_t saved = state_of(site);
  std::vector<double> numbers = draw(site);
  EXPECT_NE(draw(site), numbers);
  EXPECT_SVAR_OK(svar_set_value(site.get(), svar_random_source(&saved), SVAR_COPY));
  EXPECT_EQ(draw(site), numbers);
}

SVAR_CASE_OF_NO_ARRAY(207, SeedingBeginsEverySiteAgain)
{
  Sites sites(234, options("site"));
  Variable a = sites.add();
  Variable b = sites.add();
  sites.seed(5);
  std::vector<double> of_a = draw(a);
  std::vector<double> of_b = draw(b);
  EXPECT_NE(of_a, of_b); // each has a seed of its own
  draw(a);
  sites.seed(5);
  EXPECT_EQ(draw(a), of_a);
  EXPECT_EQ(draw(b), of_b);
  sites.seed(6);
  EXPECT_NE(draw(a), of_a);
}

SVAR_CASE_OF_NO_ARRAY(208, ASitesStateCanBeReadAndSet)
{
  Sites sites(234, options("site"));
  Variable site = sites.add();
  svar_random_state_t given = used_state();
  EXPECT_SVAR_OK(svar_set_value(site.get(), svar_random_source(&given), SVAR_BORROW));
  svar_random_state_t found = state_of(site);
  EXPECT_TRUE(svar_random_state_equal(&found, &given));
  std::vector<double> expected(2);
  svar_random_float64(&given, 2, expected.data());
  EXPECT_EQ(draw(site), expected);
}

SVAR_CASE_OF_NO_ARRAY(209, StatesCarryOverToOtherSites)
{
  Sites ones(1, options("ones"));
  Sites others(2, options("others"));
  for (int k = 0; k < 2; k++) {
    Variable from = ones.add();
    Variable to = others.add();
    draw(from);
    const svar_random_state_t state = state_of(from);
    EXPECT_SVAR_OK(svar_set_value(to.get(), svar_random_source(&state), SVAR_COPY));
    EXPECT_EQ(draw(to), draw(from));
  }
}

SVAR_NOT_APPLICABLE(
    210, "a borrowed state is immutable: a draw stores the advanced one as a new version")

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
