// A random state in a store: another process reads it and goes on with the very sequence.
#include <vector>

#include "fakes/scratch.hpp"

namespace
{

using namespace svar_test;

svar_random_state_t
state_of(const Variable &variable)
{
  svar_random_state_t state = SVAR_ZERO_INIT;
  EXPECT_SVAR_OK(svar_random_get(variable.get(), &state));
  return state;
}

Variable
make_state(const Store &store, const char *name, const svar_random_state_t &state)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.name = name;
  options.store = store.get();
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_shared(svar_random_source(&state), &options, &variable));
  return Variable(variable);
}

TEST(RandomState, AnotherProcessGoesOnWithTheSequence)
{
  ScratchDirectory directory;
  Store store = create_store("/random");
  svar_random_state_t state = svar_random_seeded(42);
  double normal = 0;
  svar_random_normal(&state, 1, &normal); // so that a second one waits
  Variable variable = make_state(store, "rng", state);
  svar_random_normal(&state, 1, &normal);
  uint64_t word = 0;
  svar_random_raw(&state, 1, &word);

  Child child([&] {
    Store reader = open_store("/random");
    Variable found = find(reader, "rng");
    svar_type_t type = svar_variable_type(found.get());
    svar_random_state_t here = state_of(found);
    double number = 0;
    uint64_t next = 0;
    svar_random_normal(&here, 1, &number);
    svar_random_raw(&here, 1, &next);
    return type.kind == SVAR_KIND_RANDOM && number == normal && next == word ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(RandomState, TheNextHolderGoesOnWithTheSequence)
{
  ScratchDirectory directory;
  svar_random_state_t state = svar_random_seeded(42);
  {
    Store store = create_store("/random");
    make_state(store, "rng", state);
  }
  Store store = create_store("/random");
  Variable variable = find(store, "rng");
  svar_random_state_t found = state_of(variable);
  EXPECT_TRUE(svar_random_state_equal(&found, &state));
  const int64_t three = 3;
  const double tuple[3] = {1, 2, 3};
  EXPECT_EQ(
      svar_set_value(variable.get(), svar_literals(SVAR_FLOAT64, tuple, 1, &three), SVAR_COPY),
      SVAR_ERR_TYPE);
  uint64_t word = 0;
  svar_random_raw(&state, 1, &word);
  ASSERT_SVAR_OK(svar_set_value(variable.get(), svar_random_source(&state), SVAR_COPY));
  found = state_of(variable);
  EXPECT_TRUE(svar_random_state_equal(&found, &state));
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(RandomState, ChangesWithItsTransaction)
{
  ScratchDirectory directory;
  Store store = create_store("/random");
  Variable variable = make_state(store, "rng", svar_random_seeded(1));
  Variable weights = make_variable<double>(store, "w", {1});
  svar_random_state_t next = svar_random_seeded(2);
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_set(change, variable.get(), svar_random_source(&next)));
  ASSERT_SVAR_OK(svar_transaction_set(change, weights.get(), Array<double>({2}).source()));
  svar_random_state_t found = state_of(variable);
  EXPECT_FALSE(svar_random_state_equal(&found, &next));
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  found = state_of(variable);
  EXPECT_TRUE(svar_random_state_equal(&found, &next));
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(RandomState, OnlyAStatesVariableHasOne)
{
  ScratchDirectory directory;
  Store store = create_store("/random");
  Variable weights = make_variable<double>(store, "w", {1});
  svar_random_state_t state;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "variable 'w' is Tensor(float64, (?)), not a random state",
                    svar_random_get(weights.get(), &state));
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(RandomState, ALoanIsOfAStatesSize)
{
  svar_random_state_t state = svar_random_seeded(1);
  svar_variable_t *shared = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_random_source(&state), nullptr, &shared));
  Variable variable(shared);
  svar_transaction_t *transaction = nullptr;
  svar_value_t hole = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_transaction_begin(svar_variable_store(shared), &transaction));
  int64_t words = 3;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "words",
                    svar_transaction_loan(transaction, shared, &words, false, &hole));
  words = SVAR_RANDOM_WORDS;
  EXPECT_SVAR_OK(svar_transaction_loan(transaction, shared, &words, false, &hole));
  svar_transaction_abort(transaction);
}

} // namespace
