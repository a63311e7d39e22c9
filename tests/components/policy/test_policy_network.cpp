#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "components/policy/made_policy.hpp"
#include "components/policy/policy_places.hpp"
#include "components/policy/policy_reference.hpp"

namespace
{

constexpr double kTolerance = 1e-5;

template <typename Place> class Network
{
public:
  using Weights = typename Place::Weights;

  explicit Network(const Weights &weights)
  {
    svari_policy_sizes_t sizes;
    Require(svari_policy_sizes_of(weights.pointers, &sizes));
    Require(svari_policy_network_create(&sizes, Place::kDevice, &network_));
  }
  ~Network()
  {
    svari_policy_network_destroy(network_);
  }
  Network(const Network &) = delete;

  std::string Check(const DLTensor *const *weights)
  {
    return svari_policy_network_check(network_, weights) == SVAR_OK ? "" : svar_error_message();
  }
  svar_ret_t TryStep(const Weights &weights, const std::vector<double> &observation)
  {
    std::vector<float> input(observation.begin(), observation.end());
    action_.resize(svari_policy_network_sizes(network_)->action);
    return svari_policy_network_step(network_, weights.pointers, input.data(), action_.data());
  }
  std::vector<double> Step(const Weights &weights, const std::vector<double> &observation)
  {
    Require(TryStep(weights, observation));
    return {action_.begin(), action_.end()};
  }
  void Reset()
  {
    Require(svari_policy_network_reset(network_));
  }

private:
  svari_policy_network_t *network_ = nullptr;
  std::vector<float> action_;
};

// The same promises wherever it runs.
template <typename Place> class PolicyNetwork : public OnPlace<Place>
{
};
TYPED_TEST_SUITE(PolicyNetwork, Places);

TYPED_TEST(PolicyNetwork, EqualsTheReferenceOfBothRobotsAtEveryStep)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (std::string robot : {"g1", "h1"}) {
    Tables weights = ReadTables(PolicyFile("unitree_" + robot + ".safetensors"));
    Tables reference = ReadTables(PolicyFile("unitree_" + robot + "_reference.safetensors"));
    typename TestFixture::Weights stored(weights);
    Network<TypeParam> network(stored);
    PolicyReference model;
    const Table &observations = reference.at("observations"), &actions = reference.at("actions");
    ASSERT_EQ(observations.rows(), 200);
    for (int64_t step = 0; step < observations.rows(); step++) {
      std::vector<double> action = network.Step(stored, observations.row(step));
      ASSERT_LE(LargestDifference(action, actions.row(step)), kTolerance)
          << robot << " step " << step;
      ASSERT_LE(LargestDifference(model.Step(weights, observations.row(step)), actions.row(step)),
                1e-9)
          << "the test's own reference, " << robot << " step " << step;
    }
  }
}

TYPED_TEST(PolicyNetwork, WorksAtAnySizes)
{
  struct {
    int64_t observation, hidden, actor, action;
  } cases[] = {{1, 1, 1, 1}, {47, 64, 32, 12}, {3, 5, 2, 7}, {130, 33, 65, 1}};
  for (const auto &sizes : cases) {
    Tables weights = MadeWeights(sizes.observation, sizes.hidden, sizes.actor, sizes.action);
    typename TestFixture::Weights stored(weights);
    Network<TypeParam> network(stored);
    PolicyReference model;
    for (int step = 0; step < 20; step++) {
      std::vector<double> observation(sizes.observation, static_cast<float>(std::sin(step)));
      ASSERT_LE(
          LargestDifference(network.Step(stored, observation), model.Step(weights, observation)),
          kTolerance)
          << sizes.observation << " step " << step;
    }
  }
}

TYPED_TEST(PolicyNetwork, KeepsItsStateWhenTheWeightsChangeAndDropsItOnReset)
{
  Tables first = MadeWeights(4, 6, 5, 3), second = first;
  for (auto &[name, table] : second) {
    for (double &value : table.values) {
      value = static_cast<float>(value * 0.75);
    }
  }
  typename TestFixture::Weights stored_first(first), stored_second(second);
  Network<TypeParam> network(stored_first);
  PolicyReference model;
  std::vector<double> observation(4, 0.5), initial;
  for (int step = 0; step < 10; step++) {
    bool is_first = step < 5;
    std::vector<double> action = network.Step(is_first ? stored_first : stored_second, observation);
    initial = step == 0 ? action : initial;
    ASSERT_LE(LargestDifference(action, model.Step(is_first ? first : second, observation)),
              kTolerance)
        << step;
  }
  network.Reset();
  EXPECT_EQ(network.Step(stored_first, observation), initial);
}

TYPED_TEST(PolicyNetwork, SurvivesGatesThatAreFarOutside)
{
  Tables weights = MadeWeights(2, 3, 2, 2);
  for (double &value : weights.at("memory.weight_ih_l0").values) {
    value *= 1e6;
  }
  typename TestFixture::Weights stored(weights);
  Network<TypeParam> network(stored);
  for (double input : {1e3, -1e3}) {
    for (double value : network.Step(stored, {input, input})) {
      EXPECT_TRUE(std::isfinite(value)) << input;
    }
  }
}

TYPED_TEST(PolicyNetwork, TakesWeightsOfItsSizesThatAreFinite)
{
  Tables weights = MadeWeights(4, 6, 5, 3);
  typename TestFixture::Weights stored(weights);
  Network<TypeParam> network(stored);
  EXPECT_EQ(network.Check(stored.pointers), "");
  typename TestFixture::Weights wider(MadeWeights(4, 6, 5, 2));
  EXPECT_EQ(network.Check(wider.pointers),
            "the weights make a network of sizes 4, 6, 5, 2, but the one that runs has 4, 6, 5, 3 "
            "(observation, hidden, actor, action); restart the policy to use them");
  for (double bad : {NAN, INFINITY, -INFINITY}) {
    for (const char *name : svari_policy_weight_names) {
      Tables spoiled = weights;
      spoiled.at(name).values.back() = bad;
      int64_t row = spoiled.at(name).rows() - 1;
      typename TestFixture::Weights refused(spoiled);
      std::string sentence = network.Check(refused.pointers);
      EXPECT_NE(sentence.find("'" + std::string(name) + "'"), std::string::npos) << sentence;
      EXPECT_NE(sentence.find("has a number in row " + std::to_string(row) + " that is not finite"),
                std::string::npos)
          << sentence;
    }
  }
  EXPECT_EQ(network.Check(stored.pointers), "") << "and goes on with the others";
}

TYPED_TEST(PolicyNetwork, TakesNumbersOfEverySize)
{
  Tables weights = MadeWeights(2, 3, 2, 2);
  for (auto &[name, table] : weights) {
    table.values.front() = std::numeric_limits<float>::max();
    table.values.back() = -std::numeric_limits<float>::denorm_min();
  }
  typename TestFixture::Weights stored(weights);
  Network<TypeParam> network(stored);
  EXPECT_EQ(network.Check(stored.pointers), "");
}

TEST(PolicyNetworkPlaces, AreNotMixed)
{
  use_gpus();
  Tables tables = MadeWeights(4, 6, 5, 3);
  HeapWeights heap(tables);
  GpuWeights gpu(tables);
  EXPECT_EQ(
      Network<OnHost>(heap).Check(gpu.pointers),
      "'memory.weight_hh_l0' lies on GPU 0, but the policy runs on weights in host memory: give "
      "both sides the same 'backing' and 'gpu'");
  EXPECT_EQ(Network<OnGpu>(gpu).Check(heap.pointers),
            "'memory.weight_hh_l0' lies in host memory, but the policy runs on weights on GPU 0: "
            "give both "
            "sides the same 'backing' and 'gpu'");
  svari_policy_sizes_t sizes;
  Require(svari_policy_sizes_of(gpu.pointers, &sizes));
  svari_policy_network_t *other = nullptr;
  Require(svari_policy_network_create(&sizes, {kDLCUDA, 1}, &other));
  EXPECT_EQ(svari_policy_network_check(other, gpu.pointers), SVAR_ERR_TYPE);
  EXPECT_STREQ(
      svar_error_message(),
      "'memory.weight_hh_l0' lies on GPU 0, but the policy runs on weights on GPU 1: give both "
      "sides the same 'backing' and 'gpu'");
  svari_policy_network_destroy(other);
  EXPECT_EQ(svari_policy_network_create(&sizes, {kDLCUDA, 7}, &other), SVAR_ERR_CONTEXT);
  EXPECT_EQ(svari_policy_network_create(&sizes, {kDLVulkan, 0}, &other), SVAR_ERR_NOT_IMPLEMENTED);
}

// --- a GPU that fails ------------------------------------------------------------------------------

TEST(PolicyNetworkOnGpu, TellsEachCallThatFailsInAStepAndKeepsItsState)
{
  use_gpus();
  Tables tables = MadeWeights(4, 6, 5, 3);
  GpuWeights weights(tables);
  Network<OnGpu> network(weights);
  PolicyReference model;
  std::vector<double> observation(4, 0.5);
  const fake_driver_control_t &driver = svar_test::stand_in();
  auto expect_right_step = [&] {
    EXPECT_LE(
        LargestDifference(network.Step(weights, observation), model.Step(tables, observation)),
        kTolerance);
  };
  driver.delay(100);
  expect_right_step();
  int live = driver.live(), calls = 0;
  for (bool has_failed = true; has_failed && calls < 20;) {
    driver.fail("*", ++calls, SVARI_CU_LAUNCH_FAILED);
    svar_ret_t ret = network.TryStep(weights, observation);
    has_failed = driver.has_failed();
    driver.fail(nullptr, 0, 0);
    EXPECT_EQ(ret, has_failed ? SVAR_ERR_DEVICE : SVAR_OK) << calls << svar_error_message();
    if (has_failed) {
      EXPECT_NE(std::string(svar_error_message()).find("GPU 0"), std::string::npos);
      expect_right_step();
    }
  }
  EXPECT_EQ(calls, 7) << "in, three kernels, out, waiting; then none fails";
  EXPECT_EQ(driver.live(), live) << "steps take nothing of the driver";
  driver.delay(0);
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
