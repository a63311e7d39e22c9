// The launch files that ship, with the real programs, as `svar launch` runs it.
#include <gtest/gtest.h>

#include "components/policy/policy_launch.hpp"

namespace
{

class PolicyLaunch : public LaunchTest
{
protected:
  int Launch(const std::string &weights, const std::string &observations,
             const std::string &file = "policy.launch.xml")
  {
    return Run({SVAR_LAUNCH_FOLDER "/" + file, "weights:=" + weights,
                "observations:=" + observations, "rate:=0", "record:=" + record_file_});
  }

  std::string record_file_ = folder_ / "record.safetensors";
};

TEST_F(PolicyLaunch, EqualsTheReferenceOfBothRobotsAndLeavesNothing)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (std::string file : {"policy.launch.xml", "policy_gpu.launch.xml"}) {
    for (std::string robot : {"unitree_g1", "unitree_h1"}) {
      SCOPED_TRACE(file + " " + robot);
      std::string reference = PolicyFile(robot + "_reference.safetensors");
      ASSERT_EQ(Launch(PolicyFile(robot + ".safetensors"), reference, file), 0) << said_;
      EXPECT_EQ(said_.find("actions on GPU 0;") != std::string::npos, file != "policy.launch.xml")
          << said_;
      EXPECT_LE(LargestDifference(ReadTables(record_file_).at("actions").values,
                                  ReadTables(reference).at("actions").values),
                kActionTolerance);
    }
  }
}

TEST_F(PolicyLaunch, SaysWhatIsMissingForAGpu)
{
  WriteTables(folder_ / "weights", MadeWeights(8, 12, 10, 4));
  WriteTables(folder_ / "observations", {{"observations", MadeObservations(50, 8)}});
  gpu_driver_ = "/nowhere/libcuda.so.1";
  EXPECT_EQ(Launch(folder_ / "weights", folder_ / "observations", "policy_gpu.launch.xml"), 1);
  EXPECT_NE(said_.find("backing:=gpu asks for GPU 0 (backing:=ipc, in the publisher and in those "
                       "who read it, asks for none): there is no NVIDIA driver on this machine "
                       "(/nowhere/libcuda.so.1"),
            std::string::npos)
      << said_;
}

TEST_F(PolicyLaunch, RunsAPolicyToItsEndAndLeavesNothing)
{
  Tables weights = MadeWeights(8, 12, 10, 4);
  Table observations = MadeObservations(50, 8);
  WriteTables(folder_ / "weights", weights);
  WriteTables(folder_ / "observations", {{"observations", observations}});
  ASSERT_EQ(Launch(folder_ / "weights", folder_ / "observations"), 0) << said_;
  EXPECT_EQ(CheckRun(ReadTables(record_file_), observations, {{1, weights}}).steps, 50);
}

// Two policies in one process, each with a name space, parameters and a rule of its own.
TEST_F(PolicyLaunch, RunsPoliciesAsComponentsOfOneContainer)
{
  Tables weights = MadeWeights(8, 12, 10, 4);
  Table observations = MadeObservations(50, 8);
  WriteTables(folder_ / "weights", weights);
  WriteTables(folder_ / "observations", {{"observations", observations}});
  std::ofstream(folder_ / "both.launch.xml") << R"xml(<launch>
    <node pkg="shared_variable" exec="weights_publisher" name="weights" namespace="left">
      <param name="file" value="$(dirname)/weights" type="str"/>
      <param name="store" value="policy" type="str"/>
    </node>
    <set_parameter name="rate" value="0.0"/>
    <node_container pkg="shared_variable" exec="component_container" name="both" namespace=""
                    on_exit="shutdown" output="screen">
      <composable_node pkg="shared_variable" plugin="shared_variable::PolicyController"
                       name="a" namespace="left">
        <param name="store" value="policy" type="str"/>
        <param name="observations" value="$(dirname)/observations" type="str"/>
        <param name="record" value="$(dirname)/a" type="str"/>
      </composable_node>
    </node_container>
    <group>
      <push_ros_namespace namespace="right"/>
      <load_composable_node target="/both">
        <composable_node pkg="shared_variable" plugin="shared_variable::PolicyController" name="a">
          <param name="store" value="here" type="str"/>
          <param name="observations" value="$(dirname)/observations" type="str"/>
          <param name="record" value="$(dirname)/b" type="str"/>
          <remap from="here" to="/left/policy"/>
        </composable_node>
      </load_composable_node>
    </group>
  </launch>)xml";
  ASSERT_EQ(Run({folder_ / "both.launch.xml"}), 0) << said_;
  for (const char *record : {"a", "b"}) {
    EXPECT_EQ(CheckRun(ReadTables(folder_ / record), observations, {{1, weights}}).steps, 50)
        << said_;
  }
  EXPECT_NE(said_.find("[left.a]"), std::string::npos) << said_;
  EXPECT_NE(said_.find("[right.a]"), std::string::npos) << said_;
}

TEST_F(PolicyLaunch, LoadsAPolicyIntoAContainerOfAnotherLaunch)
{
  Tables weights = MadeWeights(8, 12, 10, 4);
  Table observations = MadeObservations(50, 8);
  WriteTables(folder_ / "weights", weights);
  WriteTables(folder_ / "observations", {{"observations", observations}});
  std::ofstream(folder_ / "box.launch.xml") << R"xml(<launch>
    <node_container pkg="shared_variable" exec="component_container" name="box" namespace="ground"
                    output="screen">
      <composable_node pkg="shared_variable" plugin="shared_variable::WeightsPublisher" name="w">
        <param name="file" value="$(dirname)/weights" type="str"/>
        <param name="store" value="/policy" type="str"/>
      </composable_node>
    </node_container>
  </launch>)xml";
  std::ofstream(folder_ / "load.launch.xml") << R"xml(<launch>
    <load_composable_node target="/ground/box">
      <composable_node pkg="shared_variable" plugin="shared_variable::PolicyController" name="late"
                       namespace="air">
        <param name="store" value="policy" type="str"/>
        <param name="observations" value="$(dirname)/observations" type="str"/>
        <param name="record" value="$(dirname)/record" type="str"/>
        <param name="rate" value="0.0"/>
        <remap from="policy" to="/policy"/>
      </composable_node>
    </load_composable_node>
  </launch>)xml";
  Process box(Words({folder_ / "box.launch.xml"}), Environment());
  ASSERT_TRUE(box.WaitFor("version 1 of /policy"));
  Process load(Words({folder_ / "load.launch.xml"}), Environment());
  EXPECT_EQ(load.Wait(), 0) << load.Errors() << load.Output();
  EXPECT_NE(load.Output().find("/air/late"), std::string::npos) << load.Output();
  ASSERT_TRUE(box.WaitFor("[air.late]: step latency"));
  box.Signal(SIGINT);
  EXPECT_EQ(Finish(&box), 0) << said_;
  EXPECT_EQ(CheckRun(ReadTables(folder_ / "record"), observations, {{1, weights}}).steps, 50);
}

TEST_F(PolicyLaunch, RunsTwoRobotsEachInItsNamespaceUntilItIsStopped)
{
  Tables weights[] = {MadeWeights(8, 12, 10, 4), MadeWeights(8, 6, 5, 4)};
  Table observations = MadeObservations(50, 8);
  WriteTables(folder_ / "weights", weights[0]);
  WriteTables(folder_ / "weights_2", weights[1]);
  WriteTables(folder_ / "observations", {{"observations", observations}});
  Process launch(
      Words({SVAR_LAUNCH_FOLDER "/two_robots.launch.xml", "weights:=" + (folder_ / "weights"),
             "weights_2:=" + (folder_ / "weights_2"), "observations:=" + (folder_ / "observations"),
             "rate:=0", "record_1:=" + (folder_ / "1"), "record_2:=" + (folder_ / "2")}),
      Environment());
  while (launch.Errors().find("policy_controller-2 ended") == std::string::npos ||
         launch.Errors().find("policy_controller-4 ended") == std::string::npos) {
    ASSERT_TRUE(launch.WaitFor("policy_controller-"));
  }
  launch.Signal(SIGINT);
  EXPECT_EQ(Finish(&launch), 0) << said_;
  for (int robot : {0, 1}) {
    RunSummary run = CheckRun(ReadTables(folder_ / std::to_string(robot + 1)), observations,
                              {{1, weights[robot]}});
    EXPECT_EQ(run.steps, 50) << said_;
    const std::string name = "robot_" + std::to_string(robot + 1);
    EXPECT_NE(said_.find("version 1 of /" + name + "/policy/weights"), std::string::npos) << said_;
    EXPECT_NE(said_.find("[" + name + ".policy]"), std::string::npos) << said_;
  }
}

// Where the machine refuses something of it, the policy says so and runs without.
TEST_F(PolicyLaunch, RunsAPolicyInRealTime)
{
  Tables weights = MadeWeights(8, 12, 10, 4);
  Table observations = MadeObservations(50, 8);
  WriteTables(folder_ / "weights", weights);
  WriteTables(folder_ / "observations", {{"observations", observations}});
  ASSERT_EQ(Run({SVAR_LAUNCH_FOLDER "/realtime.launch.xml", "weights:=" + (folder_ / "weights"),
                 "observations:=" + (folder_ / "observations"), "record:=" + record_file_,
                 "rate:=1000", "cpus:=[0]"}),
            0)
      << said_;
  EXPECT_EQ(CheckRun(ReadTables(record_file_), observations, {{1, weights}}).steps, 50);
  EXPECT_NE(said_.find("missed deadlines"), std::string::npos) << said_;
}

TEST_F(PolicyLaunch, EndsWithOneWhenTheWeightsAreNoWeights)
{
  WriteOldFile(folder_ / "weights", "cut");
  WriteTables(folder_ / "observations", {{"observations", MadeObservations(50, 8)}});
  EXPECT_EQ(Launch(folder_ / "weights", folder_ / "observations"), 1) << said_;
  EXPECT_NE(said_.find("has 3 bytes, too few"), std::string::npos) << said_;
}

} // namespace
