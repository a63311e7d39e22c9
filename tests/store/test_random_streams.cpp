// Draw sites and what is drawn at them, in private memory and in a store.
#include <cmath>
#include <limits>
#include <memory>

#include "fakes/arrays.hpp"
#include "fakes/scratch.hpp"

namespace
{

using svar_test::create_store;
using svar_test::find;
using svar_test::ScratchDirectory;
using svar_test::Store;
using svar_test::Variable;

struct StreamsDestroyer {
  void operator()(svar_random_streams_t *streams) const
  {
    svar_random_streams_destroy(streams);
  }
};
using Streams = std::unique_ptr<svar_random_streams_t, StreamsDestroyer>;

Streams
make_streams(uint64_t seed, svar_store_t *store = nullptr)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store;
  options.name = "noise";
  svar_random_streams_t *streams = nullptr;
  EXPECT_SVAR_OK(svar_random_streams_create(seed, &options, &streams));
  return Streams(streams);
}

Variable
add(const Streams &streams)
{
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_random_streams_add(streams.get(), &variable));
  return Variable(variable);
}

template <typename T>
std::vector<T>
fill(svar_random_state_t *state, const svar_random_law_t &law, int64_t count)
{
  Array out(dtype_of<T>(), {count});
  DLTensor tensor = out.source().tensor;
  EXPECT_SVAR_OK(svar_random_fill(state, &law, &tensor));
  return std::vector<T>(out.as<T>(), out.as<T>() + count);
}

std::vector<double>
draw(const Variable &site, int64_t count = 4)
{
  svar_random_law_t law = svar_random_uniform(0, 1);
  Array out(SVAR_FLOAT64, {count});
  DLTensor tensor = out.source().tensor;
  EXPECT_SVAR_OK(svar_random_draw(site.get(), &law, &tensor));
  return std::vector<double>(out.as<double>(), out.as<double>() + count);
}

// NumPy: Generator(Philox(12345)).uniform(-2, 3, 3), and RandomState(Philox(12345)).standard_normal(3).
TEST(RandomFill, ScalesAsNumPyDoes)
{
  svar_random_state_t state = svar_random_seeded(12345);
  EXPECT_EQ(fill<double>(&state, svar_random_uniform(-2, 3), 3),
            (std::vector<double>{-2 + 5 * 0x1.aeda3b178221ep-2, -2 + 5 * 0x1.4e6c6cd33a931p-1,
                                 -2 + 5 * 0x1.bb8f3bed12eecp-2}));
  state = svar_random_seeded(12345);
  std::vector<double> numbers = fill<double>(&state, svar_random_gaussian(10, 2), 300);
  EXPECT_DOUBLE_EQ(numbers[0], 10 + 2 * 0x1.d52c2183f0150p+0);
  EXPECT_DOUBLE_EQ(numbers[1], 10 + 2 * -0x1.e5780612b7796p-1);
  state = svar_random_seeded(12345);
  EXPECT_EQ(fill<float>(&state, svar_random_gaussian(10, 2), 300),
            std::vector<float>(numbers.begin(), numbers.end()));
}

TEST(RandomFill, DrawsIntegersOfEveryWidth)
{
  svar_random_state_t state = svar_random_seeded(7);
  EXPECT_EQ(fill<int8_t>(&state, svar_random_whole(0, 10), 12),
            (std::vector<int8_t>{2, 4, 9, 4, 1, 3, 7, 2, 2, 1, 9, 5}));
  svar_random_state_t wide = svar_random_seeded(7);
  EXPECT_EQ(fill<uint64_t>(&wide, svar_random_whole(0, 10), 12)[11], 5u);
  EXPECT_TRUE(svar_random_state_equal(&state, &wide));
  for (int8_t number : fill<int8_t>(&state, svar_random_whole(-128, 128), 1000)) {
    EXPECT_TRUE(number >= -128 && number <= 127);
  }
}

TEST(RandomFill, TheEndsOfAnIntervalAreAsSaid)
{
  svar_random_state_t state = svar_random_seeded(5);
  bool seen[3] = {};
  for (int64_t number : fill<int64_t>(&state, svar_random_whole(-1, 2), 1000)) {
    ASSERT_TRUE(number >= -1 && number < 2);
    seen[number + 1] = true;
  }
  EXPECT_TRUE(seen[0] && seen[1] && seen[2]);
}

TEST(RandomFill, RefusesWhatCannotBeDrawn)
{
  svar_random_state_t state = svar_random_seeded(5);
  const svar_random_state_t before = state;
  auto fails = [&](svar_ret_t code, const svar_random_law_t &law, svar_dtype_t dtype) {
    Array out(dtype, {2});
    DLTensor tensor = out.source().tensor;
    EXPECT_EQ(svar_random_fill(&state, &law, &tensor), code) << svar_error_message();
    EXPECT_TRUE(svar_random_state_equal(&state, &before));
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  fails(SVAR_ERR_TYPE, svar_random_uniform(0, 1), SVAR_INT32);
  fails(SVAR_ERR_TYPE, svar_random_gaussian(0, 1), SVAR_FLOAT16);
  fails(SVAR_ERR_TYPE, svar_random_whole(0, 1), SVAR_FLOAT64);
  fails(SVAR_ERR_TYPE, svar_random_whole(0, 1), SVAR_BOOL);
  fails(SVAR_ERR_VALUE, svar_random_uniform(1, 1), SVAR_FLOAT64);
  fails(SVAR_ERR_VALUE, svar_random_uniform(0, nan), SVAR_FLOAT64);
  const double most = std::numeric_limits<double>::max();
  fails(SVAR_ERR_VALUE, svar_random_uniform(0, 2 * most), SVAR_FLOAT64);
  fails(SVAR_ERR_VALUE, svar_random_uniform(-most, most), SVAR_FLOAT64);
  fails(SVAR_ERR_VALUE, svar_random_uniform(0, most), SVAR_FLOAT32);
  fails(SVAR_ERR_VALUE, svar_random_gaussian(0, -1), SVAR_FLOAT64);
  fails(SVAR_ERR_VALUE, svar_random_whole(2, 2), SVAR_INT64);
  fails(SVAR_ERR_VALUE, svar_random_whole(0, 257), SVAR_UINT8);
  fails(SVAR_ERR_VALUE, svar_random_whole(-1, 2), SVAR_UINT64);
  fails(SVAR_ERR_VALUE, svar_random_whole(-129, 2), SVAR_INT8);
  svar_random_law_t none = svar_random_whole(0, 1);
  none.kind = static_cast<svar_random_law_kind_t>(7);
  fails(SVAR_ERR_ARGUMENT, none, SVAR_INT8);

  double numbers[4];
  const int64_t two = 2;
  int64_t stride = 2;
  DLTensor strided = svar_tensor(SVAR_FLOAT64, numbers, 1, &two);
  strided.strides = &stride;
  const svar_random_law_t law = svar_random_uniform(0, 1);
  EXPECT_EQ(svar_random_fill(&state, &law, &strided), SVAR_ERR_ARGUMENT);
  EXPECT_TRUE(svar_random_state_equal(&state, &before));
}

TEST(RandomStreams, SitesHaveSequencesOfTheirOwn)
{
  Streams streams = make_streams(234);
  Variable a = add(streams);
  Variable b = add(streams);
  EXPECT_EQ(svar_random_streams_count(streams.get()), 2u);
  EXPECT_STREQ(svar_variable_name(a.get()), "noise.0");
  std::vector<double> of_a = draw(a);
  EXPECT_NE(of_a, draw(b));
  EXPECT_NE(of_a, draw(a));
  svar_random_state_t first = svar_random_spawned(234, 0);
  EXPECT_EQ(fill<double>(&first, svar_random_uniform(0, 1), 4), of_a);
}

TEST(RandomStreams, SeedingBeginsEverySiteAgain)
{
  Streams streams = make_streams(1);
  Variable a = add(streams);
  Variable b = add(streams);
  std::vector<double> first_a = draw(a);
  std::vector<double> first_b = draw(b);
  const uint64_t seed = 99;
  ASSERT_SVAR_OK(svar_random_streams_seed(streams.get(), &seed));
  std::vector<double> other = draw(a);
  EXPECT_NE(other, first_a);
  draw(b, 17);
  ASSERT_SVAR_OK(svar_random_streams_seed(streams.get(), &seed));
  EXPECT_EQ(draw(a), other);
  Variable late = add(streams); // of the new seed
  svar_random_state_t state = svar_random_spawned(99, 2);
  EXPECT_EQ(draw(late), fill<double>(&state, svar_random_uniform(0, 1), 4));
  ASSERT_SVAR_OK(svar_random_streams_seed(streams.get(), nullptr)); // the construction's
  EXPECT_EQ(draw(a), first_a);
  EXPECT_EQ(draw(b), first_b);
}

TEST(RandomStreams, InAStoreTheyOutliveTheirHolder)
{
  ScratchDirectory directory;
  std::vector<double> next;
  {
    Store store = create_store("/noise");
    Streams streams = make_streams(5, store.get());
    Variable a = add(streams);
    Variable b = add(streams);
    draw(a, 6);
    svar_random_state_t state;
    ASSERT_SVAR_OK(svar_random_get(a.get(), &state));
    next = fill<double>(&state, svar_random_uniform(0, 1), 4);
    uint64_t version = svar_store_version(store.get());
    ASSERT_SVAR_OK(svar_random_streams_seed(streams.get(), nullptr));
    EXPECT_EQ(svar_store_version(store.get()), version + 1); // one commit for all
    draw(a, 6);
  }
  Store store = create_store("/noise");
  Streams streams = make_streams(5, store.get());
  Variable a = add(streams);
  EXPECT_EQ(draw(a), next);
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(RandomStreams, ANameThatSomethingElseHasIsRefused)
{
  ScratchDirectory directory;
  Store store = create_store("/noise");
  Variable other = svar_test::make_variable<double>(store, "noise.0", {1});
  Streams streams = make_streams(5, store.get());
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "variable 'noise.0' is no draw site",
                    svar_random_streams_add(streams.get(), &variable));
  EXPECT_EQ(svar_random_streams_count(streams.get()), 0u);
  svar_shared_options_t nameless = SVAR_SHARED_OPTIONS_INIT;
  nameless.store = store.get();
  svar_random_streams_t *none = nullptr;
  EXPECT_EQ(svar_random_streams_create(1, &nameless, &none), SVAR_ERR_ARGUMENT);
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(RandomStreams, AFailedDrawLeavesTheState)
{
  Streams streams = make_streams(5);
  Variable a = add(streams);
  Array out(SVAR_FLOAT64, {2});
  DLTensor tensor = out.source().tensor;
  const svar_random_law_t law = svar_random_uniform(1, 0);
  svar_random_state_t before;
  svar_random_state_t after;
  ASSERT_SVAR_OK(svar_random_get(a.get(), &before));
  EXPECT_EQ(svar_random_draw(a.get(), &law, &tensor), SVAR_ERR_VALUE);
  ASSERT_SVAR_OK(svar_random_get(a.get(), &after));
  EXPECT_TRUE(svar_random_state_equal(&before, &after));
}

} // namespace
