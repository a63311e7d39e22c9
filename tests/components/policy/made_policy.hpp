// Policies that the tests make up, the same in every run.
#pragma once

#include <random>

#include "components/policy/policy_data.hpp"

// Its numbers are float32, as a file stores them.
inline Table
MadeTable(std::vector<int64_t> shape, double deviation, std::mt19937 &generator)
{
  int64_t count = 1;
  for (int64_t extent : shape) {
    count *= extent;
  }
  std::normal_distribution<double> normal(0, deviation);
  Table made{std::move(shape), {}};
  for (int64_t i = 0; i < count; i++) {
    made.values.push_back(static_cast<float>(normal(generator)));
  }
  return made;
}

// Weights so small that the recurrence forgets: rounding does not grow from step to step.
inline Tables
MadeWeights(int64_t observation, int64_t hidden, int64_t actor, int64_t action)
{
  std::mt19937 generator(7);
  auto table = [&](std::vector<int64_t> shape) {
    return MadeTable(std::move(shape), 0.15, generator);
  };
  return {{"memory.weight_ih_l0", table({4 * hidden, observation})},
          {"memory.weight_hh_l0", table({4 * hidden, hidden})},
          {"memory.bias_ih_l0", table({4 * hidden})},
          {"memory.bias_hh_l0", table({4 * hidden})},
          {"actor.0.weight", table({actor, hidden})},
          {"actor.0.bias", table({actor})},
          {"actor.2.weight", table({action, actor})},
          {"actor.2.bias", table({action})}};
}

inline Table
MadeObservations(int64_t steps, int64_t width)
{
  std::mt19937 generator(11);
  return MadeTable({steps, width}, 1, generator);
}
