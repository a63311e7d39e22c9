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
    for (const char *name :
         {"weights_publisher", "policy_controller", "cartpole_learner", "cartpole_actor",
          "iceoryx_gateway", "observation_player", "topic_policy_controller"}) {
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
  EXPECT_EQ(
      plan.argv(0),
      (Words{"PREFIX/lib/shared_variable/weights_publisher", "--ros-args", "-r", "__node:=weights",
             "--params-file", "/params/params_1.yaml", "--params-file", "/params/params_2.yaml",
             "--params-file", "/params/params_3.yaml", "--params-file", "/params/params_4.yaml"}));
  EXPECT_EQ(plan.files(0),
            (Words{section("file: '/w.safetensors'"), section("store: '/policy/weights'"),
                   section("backing: 'ipc'"), section("gpu: 0")}));
  EXPECT_STREQ(plan.process(1).label, "policy_controller-2");
  EXPECT_EQ(plan.files(1),
            (Words{section("store: '/policy/weights'"), section("observations: '1e3'"),
                   section("record: ''"), section("rate: 0.0"), section("backing: 'ipc'"),
                   section("gpu: 0")}));
  EXPECT_TRUE(plan.process(0).shutdown_on_exit);
  EXPECT_TRUE(plan.process(1).shutdown_on_exit);
}

TEST_F(ShippedFile, PolicyGpuIsThePolicyWithBothSidesOnAGpu)
{
  Plan plan(prefix_, path("policy_gpu.launch.xml"),
            {{"weights", "/w"}, {"observations", "/o"}, {"record", "/r"}, {"gpu", "2"}});
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 2);
  EXPECT_EQ(plan.files(0), (Words{section("file: '/w'"), section("store: '/policy/weights'"),
                                  section("backing: 'gpu'"), section("gpu: 2")}));
  EXPECT_EQ(plan.files(1),
            (Words{section("store: '/policy/weights'"), section("observations: '/o'"),
                   section("record: '/r'"), section("rate: 50.0"), section("backing: 'gpu'"),
                   section("gpu: 2")}));
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

TEST_F(ShippedFile, PolicyTopicsStartsAPlayerAndAsManyPoliciesAsItIsTold)
{
  Prefix::write(prefix_.index("shared_variable_needs_roudi") / "shared_variable",
                "observation_player\ntopic_policy_controller\n");
  for (int policies = 1; policies <= 4; ++policies) {
    Plan plan(prefix_, path("policy_topics.launch.xml"),
              {{"weights", "/w"},
               {"observations", "/o"},
               {"controllers", std::to_string(policies)},
               {"loop", "true"},
               {"queue", "8"},
               {"record_" + std::to_string(policies), "/r"}});
    ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
    ASSERT_EQ(plan->process_count, 2 + policies);
    EXPECT_EQ(plan.files(0), (Words{section("file: '/w'"), section("store: 'policy/weights'"),
                                    section("watch_period: 0.2"), section("settable: ''"),
                                    section("setters: ''")}));
    EXPECT_EQ(plan.argv(1)[3], "__node:=player");
    EXPECT_EQ(plan.files(1), (Words{section("observations: '/o'"),
                                    section("observations_topic: 'policy/observations'"),
                                    section("rate: 50.0"), section("loop: true"),
                                    section("wait_for_receiver: true"), section("linger: 1.0")}));
    EXPECT_TRUE(plan.process(1).needs_roudi);
    EXPECT_TRUE(plan.process(1).shutdown_on_exit);
    for (int policy = 1; policy <= policies; ++policy) {
      EXPECT_EQ(plan.argv(1 + policy)[3], "__node:=policy_" + std::to_string(policy));
      EXPECT_EQ(
          plan.files(1 + policy),
          (Words{section("store: 'policy/weights'"), section("store_timeout: 10.0"),
                 section("observations_topic: 'policy/observations'"), section("queue: 8"),
                 section("stay: false"), section("actions_topic: '~/actions'"),
                 section("rate: 0.0"), section(policy == policies ? "record: '/r'" : "record: ''"),
                 section("record_steps: 100000")}));
      EXPECT_TRUE(plan.process(1 + policy).needs_roudi);
      EXPECT_FALSE(plan.process(1 + policy).shutdown_on_exit);
    }
  }
  Plan alone(prefix_, path("policy_topics.launch.xml"), {{"weights", "/w"}, {"player", "false"}});
  ASSERT_EQ(alone.ret, SVAR_OK) << alone.sentence;
  EXPECT_EQ(alone->process_count, 2);
  Plan many(prefix_, path("policy_topics.launch.xml"), {{"weights", "/w"}, {"controllers", "5"}});
  EXPECT_NE(many.sentence.find("'controllers' is '5', but must be one of: 1, 2, 3, 4"),
            std::string::npos)
      << many.sentence;
}

TEST_F(ShippedFile, TwoRobotsAreOneFileInTwoNamespaces)
{
  Plan plan(prefix_, path("two_robots.launch.xml"),
            {{"weights", "/a.safetensors"},
             {"weights_2", "/b.safetensors"},
             {"observations", "/o"},
             {"record_2", "/r"}});
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 4);
  for (int robot = 0; robot < 2; ++robot) {
    const std::string name_space = robot == 0 ? "/robot_1" : "/robot_2";
    const int publisher = 2 * robot;
    EXPECT_EQ(plan.argv(publisher)[3], "__node:=weights");
    EXPECT_EQ(plan.argv(publisher)[5], "__ns:=" + name_space);
    EXPECT_EQ(plan.argv(publisher + 1)[3], "__node:=policy");
    EXPECT_EQ(plan.argv(publisher + 1)[5], "__ns:=" + name_space);
    const std::string head = name_space + "/weights:\n  ros__parameters:\n    ";
    EXPECT_EQ(plan.files(publisher)[0],
              head + (robot == 0 ? "file: '/a.safetensors'\n" : "file: '/b.safetensors'\n"));
    EXPECT_EQ(plan.files(publisher)[1], head + "store: 'policy/weights'\n");
    EXPECT_EQ(plan.files(publisher + 1)[2], name_space + "/policy:\n  ros__parameters:\n    " +
                                                (robot == 0 ? "record: ''\n" : "record: '/r'\n"));
    EXPECT_FALSE(plan.process(publisher).shutdown_on_exit);
    EXPECT_FALSE(plan.process(publisher + 1).shutdown_on_exit);
  }
}

TEST_F(ShippedFile, RealtimeAsksForTheThreadOfThePolicyAlone)
{
  Plan plan(prefix_, path("realtime.launch.xml"),
            {{"weights", "/w"}, {"observations", "/o"}, {"cpus", "[2, 3]"}, {"rate", "1000"}});
  ASSERT_EQ(plan.ret, SVAR_OK) << plan.sentence;
  ASSERT_EQ(plan->process_count, 2);
  EXPECT_EQ(plan.files(0), (Words{section("file: '/w'"), section("store: '/policy/weights'")}));
  EXPECT_EQ(plan.files(1)[3], section("rate: 1000.0"));
  EXPECT_EQ(plan.files(1)[4], section("realtime.scheduler: 'fifo'\n    realtime.priority: 80\n"
                                      "    realtime.cpus: [2, 3]\n    realtime.lock_memory: true\n"
                                      "    realtime.stack_kib: 256\n    realtime.required: false"));
  Plan wrong(prefix_, path("realtime.launch.xml"),
             {{"weights", "/w"}, {"observations", "/o"}, {"scheduler", "idle"}});
  EXPECT_NE(wrong.sentence.find("'scheduler' is 'idle', but must be one of: fifo, rr, other"),
            std::string::npos)
      << wrong.sentence;
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
