// The policy network once more, in float64 and in the plainest words: what the tests compare with.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "components/policy/policy_data.hpp"

class PolicyReference
{
public:
  using Vector = std::vector<double>;

  // Weights may change from step to step; the state is this object's.
  Vector Step(const Tables &weights, const Vector &observation)
  {
    Vector gates = Linear(weights, "memory.weight_ih_l0", "memory.bias_ih_l0", observation);
    hidden_.resize(gates.size() / 4);
    cell_.resize(gates.size() / 4);
    Vector recurrent = Linear(weights, "memory.weight_hh_l0", "memory.bias_hh_l0", hidden_);
    size_t count = hidden_.size();
    for (size_t i = 0; i < count; i++) {
      auto gate = [&](size_t which) {
        return gates[which * count + i] + recurrent[which * count + i];
      };
      cell_[i] = Sigmoid(gate(1)) * cell_[i] + Sigmoid(gate(0)) * std::tanh(gate(2));
      hidden_[i] = Sigmoid(gate(3)) * std::tanh(cell_[i]);
    }
    Vector actor = Linear(weights, "actor.0.weight", "actor.0.bias", hidden_);
    for (double &value : actor) {
      value = value > 0 ? value : std::expm1(value);
    }
    return Linear(weights, "actor.2.weight", "actor.2.bias", actor);
  }

private:
  static double Sigmoid(double x)
  {
    return 1 / (1 + std::exp(-x));
  }

  static Vector Linear(const Tables &weights, const std::string &matrix_name,
                       const std::string &bias_name, const Vector &input)
  {
    const Table &matrix = weights.at(matrix_name);
    Vector out = weights.at(bias_name).values;
    for (int64_t row = 0; row < matrix.rows(); row++) {
      for (int64_t column = 0; column < matrix.width(); column++) {
        out[row] += matrix.values[row * matrix.width() + column] * input[column];
      }
    }
    return out;
  }

  Vector hidden_, cell_;
};

inline double
LargestDifference(const std::vector<double> &a, const std::vector<double> &b)
{
  double largest = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < a.size() && i < b.size(); i++) {
    double difference = std::fabs(a[i] - b[i]);
    largest = difference <= largest ? largest : difference; // a NaN is kept, too
  }
  return largest;
}
