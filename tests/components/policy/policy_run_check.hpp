// Compares what a controller recorded with the float64 reference.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "components/policy/policy_reference.hpp"

// The weights that each version of a store held.
using Versions = std::map<uint64_t, Tables>;

inline constexpr double kActionTolerance = 1e-5;

struct RunSummary {
  int64_t steps = 0;
  std::map<uint64_t, int64_t> steps_of; // by version
};

// Each action must be the one that the recorded version makes of the state that the steps before it left:
// never that of another version, never a mixture of two.
inline RunSummary
CheckRun(const Tables &record, const Table &observations, const Versions &versions)
{
  RunSummary summary;
  const Table &actions = record.at("actions"), &used = record.at("versions");
  summary.steps = actions.rows();
  EXPECT_EQ(used.shape, std::vector<int64_t>{actions.rows()});
  PolicyReference model;
  for (int64_t step = 0; step < actions.rows(); step++) {
    uint64_t version = static_cast<uint64_t>(used.values.at(step));
    auto weights = versions.find(version);
    if (weights == versions.end()) {
      ADD_FAILURE() << "step " << step << " used version " << version << ", which nobody published";
      return summary;
    }
    PolicyReference before = model;
    std::vector<double> expected = model.Step(weights->second, observations.row(step));
    double difference = LargestDifference(actions.row(step), expected);
    if (!(difference <= kActionTolerance)) {
      ADD_FAILURE() << "step " << step << " of version " << version << " is off by " << difference;
      return summary;
    }
    for (const auto &[other, other_weights] : versions) {
      PolicyReference fork = before;
      if (other != version && LargestDifference(fork.Step(other_weights, observations.row(step)),
                                                actions.row(step)) <= kActionTolerance) {
        ADD_FAILURE() << "step " << step << " fits version " << other << " as well as " << version;
      }
    }
    summary.steps_of[version]++;
  }
  return summary;
}

// For a run whose versions do not tell its weights apart, as those of two stores do not: each action must
// fit exactly one of the sets. Returns how many steps used each.
inline std::vector<int64_t>
CheckRunOfSets(const Tables &record, const Table &observations, const std::vector<Tables> &sets)
{
  std::vector<int64_t> steps_of(sets.size());
  const Table &actions = record.at("actions");
  PolicyReference model;
  for (int64_t step = 0; step < actions.rows(); step++) {
    PolicyReference before = model;
    int fitting = 0;
    for (size_t set = 0; set < sets.size(); set++) {
      PolicyReference fork = before;
      std::vector<double> expected = fork.Step(sets[set], observations.row(step));
      if (LargestDifference(actions.row(step), expected) <= kActionTolerance) {
        fitting++;
        steps_of[set]++;
        model = fork;
      }
    }
    if (fitting != 1) {
      ADD_FAILURE() << "step " << step << " fits " << fitting << " sets of weights";
      break;
    }
  }
  return steps_of;
}

// Another set of the same shapes: every weight scaled, and rounded to float32 as a file stores it.
inline Tables
Scaled(Tables tables, double factor)
{
  for (auto &[name, table] : tables) {
    for (double &value : table.values) {
      value = static_cast<float>(value * factor);
    }
  }
  return tables;
}
