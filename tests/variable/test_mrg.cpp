// Theano's parallel generator against published samples, and against its recurrences computed otherwise.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "shared_variable/mrg.h"

namespace
{

using State = std::array<int32_t, SVAR_MRG_WORDS>;

svar_mrg_t
seeded(int64_t seed)
{
  svar_mrg_t streams;
  EXPECT_EQ(svar_mrg_seed(svar_int(seed), &streams), SVAR_OK) << svar_error_message();
  return streams;
}

std::vector<State>
take(svar_mrg_t *streams, size_t count)
{
  std::vector<State> states(count);
  svar_mrg_take(streams, count, states[0].data());
  return states;
}

std::vector<double>
draw(std::vector<State> *states, size_t count)
{
  std::vector<double> numbers(count);
  EXPECT_EQ(svar_mrg_float64((*states)[0].data(), states->size(), count, numbers.data()), SVAR_OK);
  return numbers;
}

svar_ret_t
seed_six(const std::vector<int64_t> &numbers)
{
  int64_t count = static_cast<int64_t>(numbers.size());
  svar_mrg_t streams;
  return svar_mrg_seed(svar_literals(SVAR_INT64, numbers.data(), 1, &count), &streams);
}

// The samples that SSJ, L'Ecuyer's own library, draws of MRG31k3p seeded with 12345, as Theano compares
// itself with them (samples_MRG31k3p_12_7_5.txt): 12 streams of 7 sub-streams of 5 numbers. Here the first
// and last numbers of the first and last sub-stream of some streams.
TEST(Mrg, DrawsTheSamplesOfItsAuthors)
{
  struct {
    int stream, substream, number;
    double sample;
  } samples[] = {{0, 0, 0, 0.7353244530968368},  {0, 0, 1, 0.6142074400559068},
                 {0, 0, 4, 0.36619443260133266}, {0, 1, 0, 0.2585685825906694},
                 {0, 6, 4, 0.8276205519214272},  {1, 0, 0, 0.5180770065635443},
                 {1, 6, 4, 0.3549888739362359},  {2, 0, 0, 0.8423425843939185},
                 {11, 6, 0, 0.8762755445204675}, {11, 6, 4, 0.18852565623819828}};
  svar_mrg_t streams = seeded(12345);
  std::vector<std::vector<State>> all;
  for (int stream = 0; stream < 12; stream++) {
    all.push_back(take(&streams, 7));
  }
  for (const auto &sample : samples) {
    std::vector<State> one = {all[sample.stream][sample.substream]};
    EXPECT_EQ(draw(&one, 5)[sample.number], sample.sample)
        << "stream " << sample.stream << ", sub-stream " << sample.substream;
  }
}

// The recurrences as the paper states them, on whole sequences, without matrices or states.
TEST(Mrg, FollowsItsRecurrences)
{
  const int64_t m1 = INT64_C(2147483647);
  const int64_t m2 = INT64_C(2147462579);
  std::vector<int64_t> x = {3, 2, 1}; // oldest first
  std::vector<int64_t> y = {6, 5, 4};
  std::vector<State> states = {{1, 2, 3, 4, 5, 6}};
  for (double number : draw(&states, 5000)) {
    size_t n = x.size();
    x.push_back((4194304 * x[n - 2] + 129 * x[n - 3]) % m1);
    y.push_back((32768 * y[n - 1] + 32769 * y[n - 3]) % m2);
    int64_t z = (x[n] - y[n]) % m1;
    EXPECT_EQ(number, static_cast<double>(z <= 0 ? z + m1 : z) / 2147483648.0) << n;
  }
}

TEST(Mrg, TheFirstRowIsTheSeedSixTimes)
{
  svar_mrg_t streams = seeded(234);
  EXPECT_EQ(take(&streams, 3)[0], (State{234, 234, 234, 234, 234, 234}));
  svar_mrg_t of_six;
  const int64_t six[6] = {1, 2, 3, 4, 5, 6};
  const int64_t count = 6;
  ASSERT_EQ(svar_mrg_seed(svar_literals(SVAR_INT64, six, 1, &count), &of_six), SVAR_OK);
  EXPECT_EQ(take(&of_six, 1)[0], (State{1, 2, 3, 4, 5, 6}));
}

// The jump matrices that the authors publish, by what they do to the unit vectors.
TEST(Mrg, JumpsAsFarAsItSays)
{
  const int32_t substream1[3][3] = {{1516919229, 758510237, 499121365},
                                    {1884998244, 1516919229, 335398200},
                                    {601897748, 1884998244, 358115744}};
  const int32_t stream2[3][3] = {{796789021, 1464208080, 607337906},
                                 {1241679051, 1431130166, 1464208080},
                                 {1401213391, 1178684362, 1431130166}};
  for (int unit = 0; unit < 3; unit++) {
    svar_mrg_t streams = SVAR_ZERO_INIT;
    streams.next[unit] = 1;
    streams.next[3 + unit] = 1;
    std::vector<State> states = take(&streams, 2);
    for (int i = 0; i < 3; i++) {
      EXPECT_EQ(states[1][i], substream1[i][unit]);
      EXPECT_EQ(streams.next[3 + i], stream2[i][unit]);
    }
  }
}

TEST(Mrg, DrawsFromItsSubstreamsByTurns)
{
  svar_mrg_t streams = seeded(12345);
  std::vector<State> together = take(&streams, 3);
  std::vector<State> second = {together[1]};
  std::vector<double> numbers = draw(&together, 8);
  std::vector<double> alone = draw(&second, 3);
  EXPECT_EQ(numbers[1], alone[0]);
  EXPECT_EQ(numbers[4], alone[1]);
  EXPECT_EQ(numbers[7], alone[2]);
  EXPECT_EQ(together[1], second[0]);
}

TEST(Mrg, SinglesAreTheDoublesRounded)
{
  svar_mrg_t streams = seeded(77);
  std::vector<State> states = take(&streams, 4);
  std::vector<State> same = states;
  std::vector<double> expected = draw(&states, 1000);
  std::vector<float> numbers(1000);
  ASSERT_EQ(svar_mrg_float32(same[0].data(), 4, 1000, numbers.data()), SVAR_OK);
  for (size_t i = 0; i < numbers.size(); i++) {
    EXPECT_NEAR(numbers[i], expected[i], 1.2e-7);
    EXPECT_GT(numbers[i], 0);
    EXPECT_LT(numbers[i], 1);
  }
}

TEST(Mrg, RefusesSeedsThatDoNotDraw)
{
  svar_mrg_t streams;
  EXPECT_EQ(svar_mrg_seed(svar_int(0), &streams), SVAR_ERR_VALUE);
  EXPECT_EQ(svar_mrg_seed(svar_int(-1), &streams), SVAR_ERR_VALUE);
  EXPECT_EQ(svar_mrg_seed(svar_int(2147462579), &streams), SVAR_ERR_VALUE);
  EXPECT_STREQ(svar_error_message(),
               "number 3 of the seed is 2147462579; it must be 0 to 2147462578");
  EXPECT_EQ(svar_mrg_seed(svar_int(2147462578), &streams), SVAR_OK);
  EXPECT_EQ(seed_six({0, 0, 0, 1, 1, 1}), SVAR_ERR_VALUE);
  EXPECT_EQ(seed_six({1, 1, 1, 0, 0, 0}), SVAR_ERR_VALUE);
  EXPECT_EQ(seed_six({1, 1, 2147483647, 1, 1, 1}), SVAR_ERR_VALUE);
  EXPECT_EQ(seed_six({1, 1, 2147483646, 1, 1, 1}), SVAR_OK);
  EXPECT_EQ(seed_six({1, 1, 1, 1, 2147462579, 1}), SVAR_ERR_VALUE);
  EXPECT_EQ(seed_six({1, 2, 3}), SVAR_ERR_TYPE);
  EXPECT_EQ(svar_mrg_seed(svar_float(234), &streams), SVAR_ERR_TYPE);
  EXPECT_EQ(svar_mrg_seed(svar_bool(true), &streams), SVAR_ERR_TYPE);
}

TEST(Mrg, DrawsNothingFromNoState)
{
  double number = 0;
  EXPECT_EQ(svar_mrg_float64(nullptr, 0, 1, &number), SVAR_ERR_VALUE);
  EXPECT_EQ(svar_mrg_float64(nullptr, 0, 0, nullptr), SVAR_OK);
}

} // namespace
