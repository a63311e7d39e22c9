// The launch file that ships, with the real programs, as `svar launch` runs it.
#include <gtest/gtest.h>

#include "components/policy/made_policy.hpp"
#include "components/policy/policy_run_check.hpp"
#include "components/policy/scratch_folder.hpp"
#include "components/process.h"
#include "fakes/scratch.hpp"

namespace
{

class PolicyLaunch : public testing::Test
{
protected:
  PolicyLaunch()
  {
    std::filesystem::create_directory(temporary_);
  }

  int Launch(const std::string &weights, const std::string &observations)
  {
    return Run({SVAR_POLICY_LAUNCH, "weights:=" + weights, "observations:=" + observations,
                "rate:=0", "record:=" + record_file_});
  }

  int Run(std::vector<std::string> arguments)
  {
    arguments.insert(arguments.begin(), {SVAR_PROGRAM, "launch"});
    Process launch(arguments, {{"AMENT_PREFIX_PATH", SVAR_PREFIX},
                               {"TMPDIR", temporary_},
                               {"ROS_LOG_DIR", folder_ / "log"}});
    int code = launch.Wait();
    said_ = launch.Errors() + launch.Output();
    EXPECT_EQ(segments_.files(), std::vector<std::string>{});
    EXPECT_TRUE(std::filesystem::is_empty(temporary_));
    return code;
  }

  svar_test::ScratchDirectory segments_;
  ScratchFolder folder_;
  std::string temporary_ = folder_ / "tmp", record_file_ = folder_ / "record.safetensors", said_;
};

TEST_F(PolicyLaunch, EqualsTheReferenceOfBothRobotsAndLeavesNothing)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (std::string robot : {"unitree_g1", "unitree_h1"}) {
    SCOPED_TRACE(robot);
    std::string reference = PolicyFile(robot + "_reference.safetensors");
    ASSERT_EQ(Launch(PolicyFile(robot + ".safetensors"), reference), 0) << said_;
    EXPECT_LE(LargestDifference(ReadTables(record_file_).at("actions").values,
                                ReadTables(reference).at("actions").values),
              kActionTolerance);
  }
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
        <composable_node pkg="shared_variable" plugin="shared_variable::PolicyController" name="b">
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
  EXPECT_NE(said_.find("[right.b]"), std::string::npos) << said_;
}

TEST_F(PolicyLaunch, EndsWithOneWhenTheWeightsAreNoWeights)
{
  WriteOldFile(folder_ / "weights", "cut");
  WriteTables(folder_ / "observations", {{"observations", MadeObservations(50, 8)}});
  EXPECT_EQ(Launch(folder_ / "weights", folder_ / "observations"), 1) << said_;
  EXPECT_NE(said_.find("has 3 bytes, too few"), std::string::npos) << said_;
}

} // namespace
