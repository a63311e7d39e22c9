// The generator against published vectors and NumPy's numbers, and what a state is.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "shared_variable/random.h"

namespace
{

using Words = std::vector<uint64_t>;

Words
raw(svar_random_state_t *state, size_t count)
{
  Words words(count);
  svar_random_raw(state, count, words.data());
  return words;
}

Words
raw(svar_random_state_t state, size_t count)
{
  return raw(&state, count);
}

std::vector<double>
float64(svar_random_state_t *state, size_t count)
{
  std::vector<double> numbers(count);
  svar_random_float64(state, count, numbers.data());
  return numbers;
}

std::vector<float>
float32(svar_random_state_t *state, size_t count)
{
  std::vector<float> numbers(count);
  svar_random_float32(state, count, numbers.data());
  return numbers;
}

std::vector<int64_t>
integers(svar_random_state_t *state, int64_t low, int64_t high, size_t count)
{
  std::vector<int64_t> numbers(count);
  EXPECT_EQ(svar_random_integers(state, low, high, count, numbers.data()), SVAR_OK);
  return numbers;
}

std::vector<double>
normal(svar_random_state_t *state, size_t count)
{
  std::vector<double> numbers(count);
  svar_random_normal(state, count, numbers.data());
  return numbers;
}

// The known answers of Random123 1.14.0, tests/kat_vectors, lines "philox4x64 10": the block of a counter.
// A state whose counter is one less draws it first.
TEST(Random, AnswersThePublishedVectors)
{
  struct {
    uint64_t counter_before[4], key[2];
    Words block;
  } answers[] = {
      {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}, // counter 0
       {0, 0},
       {0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b}},
      {{UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX},
       {UINT64_MAX, UINT64_MAX},
       {0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0}},
      {{0x243f6a8885a308d2, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89},
       {0x452821e638d01377, 0xbe5466cf34e90c6c},
       {0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6}},
  };
  for (const auto &answer : answers) {
    svar_random_state_t state = SVAR_ZERO_INIT;
    std::memcpy(state.key, answer.key, sizeof(state.key));
    std::memcpy(state.counter, answer.counter_before, sizeof(state.counter));
    state.position = 4;
    EXPECT_EQ(raw(state, 4), answer.block);
  }
}

// What follows in this file was printed by NumPy 1.24.2; test_random_numpy asks the NumPy at hand.
TEST(Random, SeedsAsNumPyDoes)
{
  EXPECT_EQ(raw(svar_random_seeded(12345), 9),
            (Words{0x6bb68ec5e0887940, 0xa73636699d498901, 0x6ee3cefb44bbb152, 0x89f6e0013d62f3db,
                   0xb43096c46a56b28e, 0x34708a31087f4ee4, 0xb46242fbc7bcd3, 0x4c7bc7073cd68728,
                   0x5d7786c049ec7456}));
  EXPECT_EQ(raw(svar_random_seeded(0), 3),
            (Words{0x399e5b222b82fa9, 0x41fd08c1f00f3bc5, 0x78b8824162ee4d04}));
  EXPECT_EQ(raw(svar_random_seeded(UINT64_C(1) << 32), 3),
            (Words{0x9b7c56721dc8cd50, 0x80f47c00870d0663, 0x6ddd2f0ea3556e93}));
  EXPECT_EQ(raw(svar_random_seeded(UINT64_MAX), 3),
            (Words{0x979b219675f23d66, 0xf108b4617e2f37f3, 0xed78791b3ac9d148}));
}

TEST(Random, SpawnsAndJumpsAsNumPyDoes)
{
  EXPECT_EQ(raw(svar_random_spawned(12345, 3), 3),
            (Words{0xdb9206cc758ab8bb, 0x9da54d41ff611a8d, 0xe19396a1fe4d545}));
  EXPECT_EQ(raw(svar_random_spawned((UINT64_C(1) << 40) + 1, (UINT64_C(1) << 33) + 5), 3),
            (Words{0xfb51df003c3afe28, 0x1235cca5a83c6db7, 0x7240c2e917d58c82}));
  svar_random_state_t state = svar_random_seeded(12345);
  raw(&state, 5);
  EXPECT_EQ(raw(svar_random_stream(&state, 3), 5),
            (Words{0x65b9e79064a4300e, 0x839475bdfd848aba, 0x8253fff61a26a602, 0xa92d0317f35123c3,
                   0x62564e10c1415e43}));
}

TEST(Random, DrawsFloatsAsNumPyDoes)
{
  svar_random_state_t state = svar_random_seeded(12345);
  EXPECT_EQ(float64(&state, 5),
            (std::vector<double>{0x1.aeda3b178221ep-2, 0x1.4e6c6cd33a931p-1, 0x1.bb8f3bed12eecp-2,
                                 0x1.13edc0027ac5ep-1, 0x1.68612d88d4ad6p-1}));
  state = svar_random_seeded(12345);
  EXPECT_EQ(float32(&state, 5), (std::vector<float>{0x1.c110f2p-1f, 0x1.aeda38p-2f, 0x1.3a9312p-1f,
                                                    0x1.4e6c6cp-1f, 0x1.12eec4p-2f}));
  state = svar_random_seeded(12345); // a half waits for the next float32, whatever comes between
  EXPECT_EQ(float32(&state, 1), (std::vector<float>{0x1.c110f2p-1f}));
  EXPECT_EQ(float64(&state, 2), (std::vector<double>{0x1.4e6c6cd33a931p-1, 0x1.bb8f3bed12eecp-2}));
  EXPECT_EQ(float32(&state, 2), (std::vector<float>{0x1.aeda38p-2f, 0x1.eb1798p-3f}));
  EXPECT_EQ(float64(&state, 1), (std::vector<double>{0x1.68612d88d4ad6p-1}));
}

TEST(Random, DrawsIntegersAsNumPyDoes)
{
  using Integers = std::vector<int64_t>;
  const int64_t two32 = INT64_C(1) << 32;
  const int64_t two62 = INT64_C(1) << 62;
  svar_random_state_t state = svar_random_seeded(7);
  EXPECT_EQ(integers(&state, 0, 10, 12), (Integers{2, 4, 9, 4, 1, 3, 7, 2, 2, 1, 9, 5}));
  EXPECT_EQ(integers(&state, -5, two32 - 5, 3), (Integers{3919829195, 1300355532, 82395169}));
  EXPECT_EQ(integers(&state, -two62, two62 + 1, 3),
            (Integers{-3682769504055568695, 2400004233190867771, 2788273770985066991}));
  EXPECT_EQ(integers(&state, 3, 4, 2), (Integers{3, 3}));
  EXPECT_EQ(integers(&state, 0, (INT64_C(1) << 40) + 3, 3),
            (Integers{580251722278, 112944342173, 41041240016}));
  EXPECT_EQ(integers(&state, INT64_MIN, INT64_MAX, 2),
            (Integers{-6633958184777890938, -8784341178762192692}));
  EXPECT_EQ(integers(&state, 0, two32 / 2 + 1, 8),
            (Integers{2117311735, 2019159745, 2002952924, 133206999, 940574415, 1480618888,
                      1196146408, 715154030}));
  EXPECT_EQ(float64(&state, 1), (std::vector<double>{0x1.f1865a328cc1dp-1}));
}

TEST(Random, RefusesAnEmptySpan)
{
  svar_random_state_t state = svar_random_seeded(7);
  const svar_random_state_t before = state;
  int64_t number = 0;
  EXPECT_EQ(svar_random_integers(&state, 4, 4, 1, &number), SVAR_ERR_VALUE);
  EXPECT_STREQ(svar_error_message(), "no whole number is at least 4 and below 4");
  EXPECT_TRUE(svar_random_state_equal(&state, &before));
}

TEST(Random, DrawsNormalsAsNumPysRandomStateDoes)
{
  const double expected[7] = {0x1.d52c2183f0150p+0,  -0x1.e5780612b7796p-1, 0x1.6000e8ac8f46ap+0,
                              -0x1.2e37ebdc79e93p+1, -0x1.e586a9de16364p-1, 0x1.4f5ab7491d7afp-1,
                              0x1.bad259f350b93p-1};
  svar_random_state_t state = svar_random_seeded(12345);
  std::vector<double> first = normal(&state, 3); // the second of the second pair is kept
  std::vector<double> rest = normal(&state, 4);
  first.insert(first.end(), rest.begin(), rest.end());
  for (size_t i = 0; i < first.size(); i++) {
    EXPECT_DOUBLE_EQ(first[i], expected[i]) << i;
  }
}

TEST(Random, NormalsHaveTheMomentsOfTheirDistribution)
{
  svar_random_state_t state = svar_random_seeded(1);
  double sum = 0;
  double square = 0;
  double beyond_two = 0;
  const size_t count = 200000;
  for (double x : normal(&state, count)) {
    sum += x;
    square += x * x;
    beyond_two += std::fabs(x) > 2;
  }
  EXPECT_NEAR(sum / count, 0, 0.01);
  EXPECT_NEAR(square / count, 1, 0.015);
  EXPECT_NEAR(beyond_two / count, 0.0455, 0.002);
}

TEST(Random, GoesOnFromACopyWhereverItWasTaken)
{
  svar_random_state_t state = svar_random_seeded(3);
  for (int step = 0; step < 20; step++) {
    svar_random_state_t copy = state;
    float32(&copy, 1);
    normal(&copy, 1);
    float32(&state, 1);
    normal(&state, 1);
    ASSERT_TRUE(svar_random_state_equal(&copy, &state));
    EXPECT_EQ(raw(copy, 6), raw(state, 6));
    EXPECT_EQ(svar_random_state_check(&state), SVAR_OK);
  }
}

TEST(Random, DrawsTheSameAtOnceOrOneByOne)
{
  svar_random_state_t one = svar_random_seeded(9);
  svar_random_state_t all = one;
  Words words = raw(&all, 13);
  for (uint64_t word : words) {
    EXPECT_EQ(raw(&one, 1)[0], word);
  }
  EXPECT_TRUE(svar_random_state_equal(&one, &all));
}

TEST(Random, StreamsNeverMeet)
{
  svar_random_state_t state = svar_random_seeded(12345);
  state.counter[2] = UINT64_MAX; // a carry
  normal(&state, 1);
  svar_random_state_t stream = svar_random_stream(&state, 2);
  EXPECT_EQ(stream.counter[2], 1u);
  EXPECT_EQ(stream.counter[3], 1u);
  EXPECT_EQ(stream.counter[0], state.counter[0]);
  EXPECT_EQ(stream.has_normal, 0u);
  EXPECT_EQ(svar_random_state_check(&stream), SVAR_OK);
}

TEST(Random, StatesAreEqualWhenTheyGoOnAlike)
{
  svar_random_state_t a = svar_random_seeded(5);
  svar_random_state_t b = svar_random_seeded(5);
  EXPECT_TRUE(svar_random_state_equal(&a, &b));
  raw(&a, 1);
  EXPECT_FALSE(svar_random_state_equal(&a, &b));
  raw(&b, 1);
  EXPECT_TRUE(svar_random_state_equal(&a, &b));
  a.normal = 1; // counts only with its flag
  a.half = 1;
  EXPECT_TRUE(svar_random_state_equal(&a, &b));
  a.has_normal = b.has_normal = 1;
  EXPECT_FALSE(svar_random_state_equal(&a, &b));
  b.normal = 1;
  EXPECT_TRUE(svar_random_state_equal(&a, &b));
  a.has_half = b.has_half = 1;
  EXPECT_FALSE(svar_random_state_equal(&a, &b));
}

TEST(Random, ChecksWhatAStateCanBe)
{
  const svar_random_state_t good = svar_random_seeded(5);
  svar_random_state_t bad = good;
  EXPECT_EQ(svar_random_state_check(&good), SVAR_OK);
  bad.position = 0;
  EXPECT_EQ(svar_random_state_check(&bad), SVAR_ERR_VALUE);
  bad.position = 5;
  EXPECT_EQ(svar_random_state_check(&bad), SVAR_ERR_VALUE);
  bad = good;
  bad.has_half = 2;
  EXPECT_EQ(svar_random_state_check(&bad), SVAR_ERR_VALUE);
  bad = good;
  bad.half = UINT64_C(1) << 32;
  EXPECT_EQ(svar_random_state_check(&bad), SVAR_ERR_VALUE);
  bad = good;
  bad.has_normal = 2;
  EXPECT_EQ(svar_random_state_check(&bad), SVAR_ERR_VALUE);
}

} // namespace
