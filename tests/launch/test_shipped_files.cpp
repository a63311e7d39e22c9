// The launch files that ship, resolved against a prefix that has their programs.
#include <gtest/gtest.h>

#include "tests/launch/launch_fixture.hpp"

namespace
{

using launch_test::Arguments;
using launch_test::Plan;
using launch_test::Prefix;
using launch_test::Words;

class ShippedFile : public testing::Test
{
protected:
  ShippedFile()
  {
    Prefix::write(prefix_.index("packages") / "shared_variable", "");
    for (const char *name : {"weights_publisher", "policy_controller", "cartpole_learner",
                             "cartpole_actor", "iceoryx_gateway"}) {
      prefix_.program("../shared_variable/" + std::string(name), "true");
    }
  }

  static std::string path(const std::string &name)
  {
    return SVAR_TEST_LAUNCH_DIR "/" + name;
  }

  static std::string section(const std::string &line)
  {
    return "/**:\n  ros__parameters:\n    " + line + "\n";
  }

  Prefix prefix_;
};

TEST_F(ShippedFile, PolicyHandsItsArgumentsToTheTwoNodes)
{
  Plan plan(prefix_, path("policy.launch.xml"),
            {{"weights", "/w.safetensors"}, {"observations", "1e3"}, {"rate", "0"}});
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 2);
  EXPECT_STREQ(plan.process(0).label, "weights_publisher-1");
  EXPECT_EQ(plan.argv(0), (Words{"PREFIX/lib/shared_variable/weights_publisher", "--ros-args", "-r",
                                 "__node:=weights", "--params-file", "/params/params_1.yaml",
                                 "--params-file", "/params/params_2.yaml"}));
  EXPECT_EQ(plan.files(0),
            (Words{section("file: '/w.safetensors'"), section("store: '/policy/weights'")}));
  EXPECT_STREQ(plan.process(1).label, "policy_controller-2");
  EXPECT_EQ(plan.files(1),
            (Words{section("store: '/policy/weights'"), section("observations: '1e3'"),
                   section("record: ''"), section("rate: 0.0")}));
  EXPECT_TRUE(plan.process(0).shutdown_on_exit);
  EXPECT_TRUE(plan.process(1).shutdown_on_exit);
}

TEST_F(ShippedFile, PolicyAsksForItsMandatoryArguments)
{
  Plan plan(prefix_, path("policy.launch.xml"), {{"weights", "/w.safetensors"}});
  EXPECT_EQ(plan.ret, SVAR_ERR_NOT_FOUND);
  EXPECT_NE(plan.sentence.find("the argument 'observations' is mandatory"), std::string::npos)
      << plan.sentence;
}

TEST_F(ShippedFile, DemoStartsALearnerAndTwoActorsAndEndsWithTheLearner)
{
  Plan plan(prefix_, path("demo.launch.xml"), {{"seed", "7"}});
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 3);
  EXPECT_TRUE(plan.process(0).shutdown_on_exit);
  EXPECT_FALSE(plan.process(1).shutdown_on_exit);
  EXPECT_EQ(plan.files(0), (Words{section("store: '/cartpole/policy'"),
                                  section("returns_topic: '/cartpole/returns'"), section("seed: 7"),
                                  section("target_return: 475.0")}));
  EXPECT_EQ(plan.files(1), plan.files(2));
  EXPECT_EQ(plan.argv(1)[3], "__node:=actor_1");
  EXPECT_EQ(plan.argv(2)[3], "__node:=actor_2");
}

TEST_F(ShippedFile, IceoryxGatewayComesBackAndTakesEachOfItsParameters)
{
  Prefix::write(prefix_.index("shared_variable_needs_roudi") / "shared_variable",
                "iceoryx_gateway\n");
  Plan plan(prefix_, path("iceoryx_gateway.launch.xml"), {{"requests", ""}});
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 1);
  EXPECT_TRUE(plan.process(0).needs_roudi);
  EXPECT_TRUE(plan.process(0).respawn);
  EXPECT_EQ(plan.files(0), (Words{section("stores: '*'"), section("max_stores: 64"),
                                  section("scan_period: 1.0"), section("requests: ''"),
                                  section("allow_set: false"), section("request_timeout: 1.0")}));
}

} // namespace
