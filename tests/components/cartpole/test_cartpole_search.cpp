#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

extern "C" {
#include "components/cartpole_round.h"
#include "components/cartpole_search.h"
}

namespace
{

class Search
{
public:
  Search(uint32_t population, uint64_t seed) : rows(population * SVARI_CARTPOLE_PARAMETERS)
  {
    EXPECT_EQ(svari_cartpole_search_init(&state, population, seed), SVAR_OK);
  }
  ~Search()
  {
    svari_cartpole_search_fini(&state);
  }
  Search(const Search &) = delete;
  Search &operator=(const Search &) = delete;

  svari_cartpole_search_t state;
  std::vector<float> rows;
};

// What learner and actors do together, in one process: the generations it took.
int
solve(uint32_t population, uint64_t seed, int most)
{
  Search search(population, seed);
  svari_cartpole_round_t round;
  EXPECT_EQ(svari_cartpole_round_init(&round, population), SVAR_OK);
  int generation = 0;
  for (; generation < most; generation++) {
    svari_cartpole_search_draw(&search.state, search.rows.data());
    svari_cartpole_round_begin(&round, 1, seed * 1000 + static_cast<uint64_t>(generation));
    for (uint32_t slot = 0; slot < population + SVARI_CARTPOLE_EVALUATIONS; slot++) {
      svari_cartpole_network_t network = svari_cartpole_network_of_row(
          slot < population ? &search.rows[slot * SVARI_CARTPOLE_PARAMETERS] : search.state.mean);
      svari_cartpole_episode_t episode = {
          1,    svari_cartpole_slot_seed(round.seed, slot, population),
          slot, svari_cartpole_slot_kind(slot, population),
          0,    0};
      episode.steps = svari_cartpole_network_run(&network, episode.seed);
      episode.total = static_cast<float>(episode.steps);
      EXPECT_TRUE(svari_cartpole_round_add(&round, &episode));
    }
    EXPECT_EQ(round.missing, 0u);
    if (svari_cartpole_round_score(&round) >= 475) {
      break;
    }
    svari_cartpole_search_update(&search.state, round.returns);
  }
  svari_cartpole_round_fini(&round);
  return generation;
}

TEST(CartpoleSearch, SolvesTheTaskWhateverTheSeed)
{
  for (uint64_t seed = 1; seed <= 30; seed++) {
    EXPECT_LT(solve(64, seed, 200), 80) << "seed " << seed;
  }
}

TEST(CartpoleSearch, SolvesTheTaskWithOtherPopulationsToo)
{
  for (uint32_t population : {16u, 32u, 256u}) {
    EXPECT_LT(solve(population, 1, 500), 200) << population;
  }
}

TEST(CartpoleSearch, DrawsCandidatesInPairsAroundTheNetwork)
{
  Search search(6, 1);
  std::iota(search.state.mean, search.state.mean + SVARI_CARTPOLE_PARAMETERS, 0.0f);
  svari_cartpole_search_draw(&search.state, search.rows.data());
  for (int i = 0; i < 6 * SVARI_CARTPOLE_PARAMETERS; i += 2 * SVARI_CARTPOLE_PARAMETERS) {
    for (int k = 0; k < SVARI_CARTPOLE_PARAMETERS; k++) {
      float one = search.rows[i + k], other = search.rows[i + SVARI_CARTPOLE_PARAMETERS + k];
      EXPECT_NE(one, other);
      EXPECT_NEAR((one + other) / 2, k, 1e-4);
    }
  }
}

TEST(CartpoleSearch, MovesTowardsTheBetterOfAPairAndStaysWhereBothAreEqual)
{
  Search search(2, 7);
  svari_cartpole_search_draw(&search.state, search.rows.data());
  svari_cartpole_search_update(&search.state, std::vector<float>{10, 10}.data());
  for (float parameter : search.state.mean) {
    EXPECT_NEAR(parameter, 0, 1e-6);
  }
  svari_cartpole_search_update(&search.state, std::vector<float>{10, 20}.data());
  for (int k = 0; k < SVARI_CARTPOLE_PARAMETERS; k++) {
    EXPECT_GT(search.state.mean[k] * search.rows[SVARI_CARTPOLE_PARAMETERS + k], 0);
  }
}

TEST(CartpoleSearch, CountsRanksNotReturns)
{
  Search small(4, 3), large(4, 3);
  svari_cartpole_search_draw(&small.state, small.rows.data());
  svari_cartpole_search_draw(&large.state, large.rows.data());
  svari_cartpole_search_update(&small.state, std::vector<float>{1, 2, 3, 4}.data());
  svari_cartpole_search_update(&large.state, std::vector<float>{9, 100, 101, 500}.data());
  for (int k = 0; k < SVARI_CARTPOLE_PARAMETERS; k++) {
    EXPECT_EQ(small.state.mean[k], large.state.mean[k]);
  }
}

class CartpoleRound : public testing::Test
{
protected:
  CartpoleRound()
  {
    EXPECT_EQ(svari_cartpole_round_init(&round_, 4), SVAR_OK);
    svari_cartpole_round_begin(&round_, 9, 77);
  }
  ~CartpoleRound() override
  {
    svari_cartpole_round_fini(&round_);
  }
  static svari_cartpole_episode_t episode(uint32_t slot, uint32_t steps)
  {
    return {9,     svari_cartpole_slot_seed(77, slot, 4),
            slot,  svari_cartpole_slot_kind(slot, 4),
            steps, static_cast<float>(steps)};
  }
  svari_cartpole_round_t round_;
};

TEST_F(CartpoleRound, IsCompleteWhenEverySlotHasAReturnOnce)
{
  for (uint32_t slot = 0; slot < 24; slot++) {
    EXPECT_EQ(round_.missing, 24 - slot);
    svari_cartpole_episode_t played = episode(slot, slot < 4 ? 500 : 100);
    EXPECT_TRUE(svari_cartpole_round_add(&round_, &played));
    EXPECT_FALSE(svari_cartpole_round_add(&round_, &played)) << "another actor played it, too";
  }
  EXPECT_EQ(round_.missing, 0u);
  EXPECT_EQ(svari_cartpole_round_score(&round_), 100) << "of the evaluations alone";
  svari_cartpole_round_begin(&round_, 10, 78);
  EXPECT_EQ(round_.missing, 24u);
}

TEST_F(CartpoleRound, IgnoresWhatDoesNotBelongToIt)
{
  const svari_cartpole_episode_t good = episode(2, 30);
  auto is_ignored = [&](auto change) {
    svari_cartpole_episode_t bad = good;
    change(bad);
    return !svari_cartpole_round_add(&round_, &bad) && round_.missing == 24;
  };
  EXPECT_TRUE(is_ignored([](auto &e) { e.version = 8; }));
  EXPECT_TRUE(is_ignored([](auto &e) { e.slot = 24; }));
  EXPECT_TRUE(is_ignored([](auto &e) { e.slot = UINT32_MAX; }));
  EXPECT_TRUE(is_ignored([](auto &e) { e.kind = SVARI_CARTPOLE_EPISODE_EVALUATION; }));
  EXPECT_TRUE(is_ignored([](auto &e) { e.seed++; }));
  EXPECT_TRUE(is_ignored([](auto &e) { e.steps = 501, e.total = 501; }));
  EXPECT_TRUE(is_ignored([](auto &e) { e.total = 31; }));
  EXPECT_TRUE(is_ignored([](auto &e) { e.total = NAN; }));
  EXPECT_TRUE(svari_cartpole_round_add(&round_, &good));
}

TEST(CartpoleSlot, CandidatesShareAStartAndEvaluationsDoNot)
{
  EXPECT_EQ(svari_cartpole_slot_seed(5, 0, 4), svari_cartpole_slot_seed(5, 3, 4));
  EXPECT_NE(svari_cartpole_slot_seed(5, 3, 4), svari_cartpole_slot_seed(5, 4, 4));
  EXPECT_NE(svari_cartpole_slot_seed(5, 4, 4), svari_cartpole_slot_seed(5, 5, 4));
  EXPECT_NE(svari_cartpole_slot_seed(5, 0, 4), svari_cartpole_slot_seed(6, 0, 4));
}

} // namespace
