#include <gtest/gtest.h>

#include <cmath>

extern "C" {
#include "components/cartpole.h"
#include "components/cartpole_network.h"
}

namespace
{

TEST(Cartpole, FollowsTheEquationsOfMotion)
{
  // From a separate evaluation of the frictionless equations as Florian 2007 writes them.
  svari_cartpole_t cartpole = {0.01, -0.02, 0.03, -0.04};
  for (bool to_the_right : {true, true, false, true, false, false, true, false, true, true}) {
    svari_cartpole_push(&cartpole, to_the_right);
  }
  EXPECT_NEAR(cartpole.position, 0.040939284166852885, 1e-12);
  EXPECT_NEAR(cartpole.velocity, 0.369905620381013, 1e-12);
  EXPECT_NEAR(cartpole.angle, -0.026661611227023277, 1e-12);
  EXPECT_NEAR(cartpole.angular_velocity, -0.6180202741438212, 1e-12);
}

TEST(Cartpole, IsItsOwnMirrorImage)
{
  svari_cartpole_t left = {0.1, 0.2, -0.05, 0.3}, right = {-0.1, -0.2, 0.05, -0.3};
  for (int i = 0; i < 20; i++) {
    svari_cartpole_push(&left, i % 3 == 0);
    svari_cartpole_push(&right, i % 3 != 0);
    EXPECT_DOUBLE_EQ(left.position, -right.position);
    EXPECT_DOUBLE_EQ(left.angular_velocity, -right.angular_velocity);
  }
}

TEST(Cartpole, FailsBeyondItsLimitsOnly)
{
  const double twelve_degrees = 12 * M_PI / 180;
  svari_cartpole_t inside = {2.3999, 100, twelve_degrees - 1e-6, -100};
  EXPECT_FALSE(svari_cartpole_has_failed(&inside));
  svari_cartpole_t off_track = {-2.4001, 0, 0, 0}, fallen = {0, 0, -twelve_degrees - 1e-6, 0};
  EXPECT_TRUE(svari_cartpole_has_failed(&off_track));
  EXPECT_TRUE(svari_cartpole_has_failed(&fallen));
  svari_cartpole_t nowhere = {NAN, 0, 0, 0};
  EXPECT_TRUE(svari_cartpole_has_failed(&nowhere));
}

TEST(Cartpole, StartsWithinItsRangeAndAsItsSeedSays)
{
  for (uint64_t seed = 0; seed < 100; seed++) {
    svari_cartpole_random_t random = svari_cartpole_random_of(seed, 0), same = random;
    svari_cartpole_t start, again;
    svari_cartpole_reset(&start, &random);
    svari_cartpole_reset(&again, &same);
    for (double value : {start.position, start.velocity, start.angle, start.angular_velocity}) {
      EXPECT_LE(std::fabs(value), 0.05);
    }
    EXPECT_EQ(start.position, again.position);
    EXPECT_NE(start.position, start.velocity);
  }
}

TEST(CartpoleNetwork, ThatAlwaysPushesTheSameWayFailsAtOnce)
{
  float row[SVARI_CARTPOLE_PARAMETERS] = {0};
  for (float bias : {-1.0f, 1.0f}) {
    row[SVARI_CARTPOLE_PARAMETERS - 1] = bias; // of the score of pushing right
    svari_cartpole_network_t network = svari_cartpole_network_of_row(row);
    for (uint64_t seed = 0; seed < 20; seed++) {
      uint32_t steps = svari_cartpole_network_run(&network, seed);
      EXPECT_GE(steps, 7u);
      EXPECT_LE(steps, 12u);
    }
  }
}

TEST(CartpoleNetwork, RunsAnEpisodeOfAtMostFiveHundredSteps)
{
  float row[SVARI_CARTPOLE_PARAMETERS] = {0};
  const float gains[] = {0.1f, 0.2f, 1.0f, 0.6f}; // balances, and stays on the track
  for (int i = 0; i < SVARI_CARTPOLE_OBSERVATIONS; i++) {
    row[i] = gains[i];
  }
  row[SVARI_CARTPOLE_W1 + SVARI_CARTPOLE_B1 + SVARI_CARTPOLE_HIDDEN] = 1.0f;
  svari_cartpole_network_t network = svari_cartpole_network_of_row(row);
  EXPECT_EQ(svari_cartpole_network_run(&network, 1), 500u);
}

TEST(CartpoleNetwork, MeetsItsMatricesInRowMajorOrder)
{
  float row[SVARI_CARTPOLE_PARAMETERS] = {0};
  svari_cartpole_network_t network = svari_cartpole_network_of_row(row);
  EXPECT_EQ(network.b1 - network.w1, 64);
  EXPECT_EQ(network.w2 - network.w1, 80);
  EXPECT_EQ(network.b2 - network.w1, 112);
  row[3 * 4 + 1] = 1.0f;       // unit 3 sees the velocity
  row[80 + 1 * 16 + 3] = 1.0f; // right scores by it
  svari_cartpole_t rolling = {0, 0.5, 0, 0};
  EXPECT_TRUE(svari_cartpole_network_act(&network, &rolling));
  rolling.velocity = -0.5;
  EXPECT_FALSE(svari_cartpole_network_act(&network, &rolling));
}

} // namespace
