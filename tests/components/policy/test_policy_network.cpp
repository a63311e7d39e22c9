#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "components/policy/made_policy.hpp"
#include "components/policy/policy_reference.hpp"
#include "policy_network.h"

namespace
{

constexpr double kTolerance = 1e-5;

// Weights in this process's memory, as the network takes them.
class HeapWeights
{
public:
  explicit HeapWeights(const Tables &tables)
  {
    for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
      const Table &table = tables.at(svari_policy_weight_names[i]);
      values_[i].assign(table.values.begin(), table.values.end());
      shapes_[i] = table.shape;
      tensors[i] = svar_tensor(SVAR_FLOAT32, values_[i].data(),
                               static_cast<int32_t>(shapes_[i].size()), shapes_[i].data());
      pointers[i] = &tensors[i];
    }
  }
  DLTensor tensors[SVARI_POLICY_WEIGHT_COUNT];
  const DLTensor *pointers[SVARI_POLICY_WEIGHT_COUNT];

private:
  std::vector<float> values_[SVARI_POLICY_WEIGHT_COUNT];
  std::vector<int64_t> shapes_[SVARI_POLICY_WEIGHT_COUNT];
};

class Network
{
public:
  explicit Network(const HeapWeights &weights)
  {
    svari_policy_sizes_t sizes;
    Require(svari_policy_sizes_of(weights.pointers, &sizes));
    Require(svari_policy_network_init(&sizes, &network_));
  }
  ~Network()
  {
    svari_policy_network_fini(&network_);
  }

  std::vector<double> Step(const HeapWeights &weights, const std::vector<double> &observation)
  {
    std::vector<float> input(observation.begin(), observation.end()), action(network_.sizes.action);
    svari_policy_network_step(&network_, weights.pointers, input.data(), action.data());
    return {action.begin(), action.end()};
  }
  void Reset()
  {
    svari_policy_network_reset(&network_);
  }

private:
  svari_policy_network_t network_ = {};
};

TEST(PolicyNetwork, EqualsTheReferenceOfBothRobotsAtEveryStep)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (std::string robot : {"g1", "h1"}) {
    Tables weights = ReadTables(PolicyFile("unitree_" + robot + ".safetensors"));
    Tables reference = ReadTables(PolicyFile("unitree_" + robot + "_reference.safetensors"));
    HeapWeights heap(weights);
    Network network(heap);
    PolicyReference model;
    const Table &observations = reference.at("observations"), &actions = reference.at("actions");
    ASSERT_EQ(observations.rows(), 200);
    for (int64_t step = 0; step < observations.rows(); step++) {
      std::vector<double> action = network.Step(heap, observations.row(step));
      ASSERT_LE(LargestDifference(action, actions.row(step)), kTolerance)
          << robot << " step " << step;
      ASSERT_LE(LargestDifference(model.Step(weights, observations.row(step)), actions.row(step)),
                1e-9)
          << "the test's own reference, " << robot << " step " << step;
    }
  }
}

TEST(PolicyNetwork, WorksAtAnySizes)
{
  struct {
    int64_t observation, hidden, actor, action;
  } cases[] = {{1, 1, 1, 1}, {47, 64, 32, 12}, {3, 5, 2, 7}, {130, 33, 65, 1}};
  for (const auto &sizes : cases) {
    Tables weights = MadeWeights(sizes.observation, sizes.hidden, sizes.actor, sizes.action);
    HeapWeights heap(weights);
    Network network(heap);
    PolicyReference model;
    for (int step = 0; step < 20; step++) {
      std::vector<double> observation(sizes.observation, static_cast<float>(std::sin(step)));
      ASSERT_LE(
          LargestDifference(network.Step(heap, observation), model.Step(weights, observation)),
          kTolerance)
          << sizes.observation << " step " << step;
    }
  }
}

TEST(PolicyNetwork, KeepsItsStateWhenTheWeightsChangeAndDropsItOnReset)
{
  Tables first = MadeWeights(4, 6, 5, 3), second = first;
  for (auto &[name, table] : second) {
    for (double &value : table.values) {
      value = static_cast<float>(value * 0.75);
    }
  }
  HeapWeights heap_first(first), heap_second(second);
  Network network(heap_first);
  PolicyReference model;
  std::vector<double> observation(4, 0.5), initial;
  for (int step = 0; step < 10; step++) {
    bool is_first = step < 5;
    std::vector<double> action = network.Step(is_first ? heap_first : heap_second, observation);
    initial = step == 0 ? action : initial;
    ASSERT_LE(LargestDifference(action, model.Step(is_first ? first : second, observation)),
              kTolerance)
        << step;
  }
  network.Reset();
  EXPECT_EQ(network.Step(heap_first, observation), initial);
}

TEST(PolicyNetwork, SurvivesGatesThatAreFarOutside)
{
  Tables weights = MadeWeights(2, 3, 2, 2);
  for (double &value : weights.at("memory.weight_ih_l0").values) {
    value *= 1e6;
  }
  HeapWeights heap(weights);
  Network network(heap);
  for (double input : {1e3, -1e3}) {
    for (double value : network.Step(heap, {input, input})) {
      EXPECT_TRUE(std::isfinite(value)) << input;
    }
  }
}

// --- weights that do not fit each other ------------------------------------------------------------

struct Misfit {
  const char *what;
  void (*spoil)(DLTensor *tensors);
  const char *sentence;
};

DLTensor *
Named(DLTensor *tensors, const char *name)
{
  for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
    if (std::strcmp(svari_policy_weight_names[i], name) == 0) {
      return &tensors[i];
    }
  }
  throw std::runtime_error(name);
}

class PolicyNetworkRefuses : public testing::TestWithParam<Misfit>
{
};

TEST_P(PolicyNetworkRefuses, NamingTheTensor)
{
  HeapWeights weights(MadeWeights(3, 4, 5, 2));
  GetParam().spoil(weights.tensors);
  svari_policy_sizes_t sizes;
  EXPECT_EQ(svari_policy_sizes_of(weights.pointers, &sizes), SVAR_ERR_TYPE);
  EXPECT_STREQ(svar_error_message(), GetParam().sentence);
}

std::string
MisfitName(const testing::TestParamInfo<Misfit> &info)
{
  return info.param.what;
}

std::vector<Misfit>
Misfits()
{
  return {{"Dtype", [](DLTensor *t) { Named(t, "actor.0.bias")->dtype = SVAR_FLOAT64; },
           "'actor.0.bias' is float64; the policy network runs on float32"},
          {"Rank", [](DLTensor *t) { Named(t, "memory.bias_ih_l0")->ndim = 0; },
           "'memory.bias_ih_l0' has 0 dimensions; the policy network asks for 1"},
          {"HiddenNotAQuarter", [](DLTensor *t) { Named(t, "memory.weight_hh_l0")->shape[0] = 15; },
           "'memory.weight_hh_l0' has shape (15, 4), but the other weights ask for 16 at axis 0"},
          {"InputGates", [](DLTensor *t) { Named(t, "memory.weight_ih_l0")->shape[0] = 20; },
           "'memory.weight_ih_l0' has shape (20, 3), but the other weights ask for 16 at axis 0"},
          {"Bias", [](DLTensor *t) { Named(t, "memory.bias_hh_l0")->shape[0] = 4; },
           "'memory.bias_hh_l0' has shape (4), but the other weights ask for 16 at axis 0"},
          {"ActorInput", [](DLTensor *t) { Named(t, "actor.0.weight")->shape[1] = 3; },
           "'actor.0.weight' has shape (5, 3), but the other weights ask for 4 at axis 1"},
          {"ActorOutput", [](DLTensor *t) { Named(t, "actor.2.weight")->shape[1] = 6; },
           "'actor.2.weight' has shape (2, 6), but the other weights ask for 5 at axis 1"},
          {"ActionBias", [](DLTensor *t) { Named(t, "actor.2.bias")->shape[0] = 1; },
           "'actor.2.bias' has shape (1), but the other weights ask for 2 at axis 0"},
          {"NoObservation", [](DLTensor *t) { Named(t, "memory.weight_ih_l0")->shape[1] = 0; },
           "'memory.weight_ih_l0' has shape (16, 0); axis 1 must be from 1 to 16777216"},
          {"Absurd", [](DLTensor *t) { Named(t, "memory.weight_hh_l0")->shape[1] = INT64_MAX / 2; },
           "'memory.weight_hh_l0' has shape (16, 4611686018427387903); axis 1 must be from 1 to "
           "16777216"}};
}

INSTANTIATE_TEST_SUITE_P(Weights, PolicyNetworkRefuses, testing::ValuesIn(Misfits()), MisfitName);

} // namespace
