// Player, policies and the publisher of their weights in processes of their own, from policy_topics.launch.xml and by
// hand.
#include <gtest/gtest.h>

#include <fstream>

#include "components/policy/observation_topic.hpp"
#include "components/policy/policy_launch.hpp"
#include "fakes/in_process.hpp"
#include "fakes/roudi.hpp"
#include "shared_variable/messages.h"

namespace
{

using Parameters = std::map<std::string, std::string>;

// The launcher starts RouDi, and ends it.
class PolicyTopicsLaunch : public LaunchTest
{
protected:
  // Room for all observations of a run: what comes of them does not depend on the machine's load.
  static std::vector<std::string> Arguments(const Parameters &parameters)
  {
    std::vector<std::string> arguments = {SVAR_LAUNCH_FOLDER "/policy_topics.launch.xml",
                                          "queue:=256", "rate:=200"};
    for (const auto &[name, value] : parameters) {
      arguments.push_back(name + ":=" + value);
    }
    return arguments;
  }
  void ExpectEnd(int code)
  {
    EXPECT_EQ(code, 0) << said_;
    EXPECT_EQ(svar_messages_probe(), SVAR_ERR_NO_ROUDI);
  }

  RoudiTurn turn_;
};

TEST_F(PolicyTopicsLaunch, EqualsTheReferenceOfBothRobotsAndLeavesNothing)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (std::string robot : {"unitree_g1", "unitree_h1"}) {
    SCOPED_TRACE(robot);
    std::string reference = PolicyFile(robot + "_reference.safetensors");
    std::string record_file = folder_ / robot;
    ExpectEnd(Run(Arguments({{"weights", PolicyFile(robot + ".safetensors")},
                             {"observations", reference},
                             {"record_1", record_file}})));
    Tables record = ReadTables(record_file);
    EXPECT_LE(
        LargestDifference(record.at("actions").values, ReadTables(reference).at("actions").values),
        kActionTolerance);
    EXPECT_NE(said_.find("observations      0 missed, 1 senders, 0 refused"), std::string::npos)
        << said_;
  }
}

TEST_F(PolicyTopicsLaunch, RunsSeveralPoliciesOnTheSameWeightsInANamespace)
{
  Tables weights = MadeWeights(8, 12, 10, 4);
  Table observations = MadeObservations(100, 8);
  WriteTables(folder_ / "weights", weights);
  WriteTables(folder_ / "observations", {{"observations", observations}});
  std::ofstream(folder_ / "robot.launch.xml")
      << R"xml(<launch><push_ros_namespace namespace="robot"/>
           <include file=")xml" SVAR_LAUNCH_FOLDER R"xml(/policy_topics.launch.xml"/></launch>)xml";
  std::vector<std::string> arguments = Arguments({{"weights", folder_ / "weights"},
                                                  {"observations", folder_ / "observations"},
                                                  {"controllers", "4"},
                                                  {"record_1", folder_ / "1"},
                                                  {"record_2", folder_ / "2"},
                                                  {"record_3", folder_ / "3"},
                                                  {"record_4", folder_ / "4"}});
  arguments[0] = folder_ / "robot.launch.xml";
  ExpectEnd(Run(arguments));
  EXPECT_NE(said_.find("/robot/policy/observations: 100 observations"), std::string::npos) << said_;
  for (const char *policy : {"1", "2", "3", "4"}) {
    SCOPED_TRACE(policy);
    Tables record = ReadTables(folder_ / policy);
    // Who came later than the first began later, and missed nothing from there on.
    const std::vector<double> &sequences = record.at("sequences").values;
    ASSERT_FALSE(sequences.empty()) << said_;
    EXPECT_EQ(sequences.back(), 100);
    EXPECT_EQ(static_cast<double>(sequences.size()), 101 - sequences.front());
    Table rest = {{static_cast<int64_t>(sequences.size()), 8}, {}};
    rest.values.assign(observations.values.end() - rest.shape[0] * 8, observations.values.end());
    EXPECT_EQ(CheckRun(record, rest, {{1, weights}}).steps, rest.shape[0]);
    EXPECT_NE(said_.find("[robot.policy_" + std::string(policy) + "]"), std::string::npos) << said_;
  }
}

// Until the observations have begun anew.
void
SeeActions()
{
  InProcess([] {
    TopicReceiver actions("/policy_1/actions", 4);
    TopicMessage action;
    while (action.head.sequence <= 6) { // the third round
      ASSERT_TRUE(actions.Take(&action));
    }
  });
}

TEST_F(PolicyTopicsLaunch, LoopsUntilItIsStoppedAndComesBackWhenRoudiDies)
{
  WriteTables(folder_ / "weights", MadeWeights(8, 12, 10, 4));
  WriteTables(folder_ / "observations", {{"observations", MadeObservations(3, 8)}});
  Process launch(Words(Arguments({{"weights", folder_ / "weights"},
                                  {"observations", folder_ / "observations"},
                                  {"loop", "true"},
                                  {"record_1", folder_ / "record"}})),
                 Environment());
  const std::string started = "iox-roudi started with pid ";
  ASSERT_TRUE(launch.WaitFor("[policy_1]: /policy/weights"));
  SeeActions();
  pid_t roudi = std::stoi(launch.Errors().substr(launch.Errors().find(started) + started.size()));
  ASSERT_GT(roudi, 0);
  kill(roudi, SIGKILL);
  ASSERT_TRUE(launch.WaitFor("[policy_1]: /policy/weights"));
  SeeActions();
  launch.Signal(SIGINT);
  Finish(&launch);
  EXPECT_EQ(svar_messages_probe(), SVAR_ERR_NO_ROUDI);
}

// A player that is killed and started again, as a launcher respawns it.
TEST(PolicyTopicProcesses, APolicyOutlivesItsPlayer)
{
  Roudi roudi;
  svar_test::ScratchDirectory segments;
  ScratchFolder folder;
  Tables weights = MadeWeights(8, 12, 10, 4);
  Table observations = MadeObservations(1000, 8);
  WriteTables(folder / "weights", weights);
  WriteTables(folder / "observations", {{"observations", observations}});
  auto start = [](const char *program, const Parameters &parameters) {
    std::vector<std::string> words = {SVAR_PREFIX "/lib/shared_variable/" + std::string(program),
                                      "--ros-args", "--log-level", "debug"};
    for (const auto &[name, value] : parameters) {
      words.insert(words.end(), {"-p", name + ":=" + value});
    }
    return std::make_unique<Process>(words,
                                     Process::Environment{{"AMENT_PREFIX_PATH", SVAR_PREFIX}});
  };
  InProcess([&] {
    TopicReceiver actions("/policy/actions", 4);
    TopicMessage action;
    auto publisher = start("weights_publisher", {{"file", folder / "weights"}});
    auto policy = start("policy_controller", {{"observations_topic", "/policy/observations"},
                                              {"actions_topic", "/policy/actions"},
                                              {"rate", "0.0"},
                                              {"queue", "8"},
                                              {"record", folder / "record"}});
    Parameters played = {
        {"observations", folder / "observations"}, {"rate", "5.0"}, {"wait_for_receiver", "true"}};
    auto killed = start("observation_player", played);
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
      ASSERT_TRUE(actions.Take(&action));
      EXPECT_EQ(action.head.sequence, sequence);
    }
    svar_test::stop_asleep(killed->Pid()); // who has just been heard may still be publishing
    killed->Signal(SIGKILL);
    EXPECT_EQ(killed->Wait(), -SIGKILL);
    while (actions.Take(&action, 0)) { // what it sent in its last moments
    }
    auto player = start("observation_player", played);
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
      ASSERT_TRUE(actions.Take(&action));
      EXPECT_EQ(action.head.sequence, sequence);
    }
    player->Signal(SIGINT);
    EXPECT_EQ(player->Wait(), 0) << player->Errors();
    policy->Signal(SIGINT);
    EXPECT_EQ(policy->Wait(), 0) << policy->Errors();
    EXPECT_NE(policy->Errors().find("0 missed, 2 senders, 0 refused"), std::string::npos)
        << policy->Errors();
    publisher->Signal(SIGINT);
    EXPECT_EQ(publisher->Wait(), 0) << publisher->Errors();
  });
  Tables record = ReadTables(folder / "record");
  Table seen = {record.at("actions").shape, {}};
  seen.shape[1] = 8;
  for (double sequence : record.at("sequences").values) {
    std::vector<double> row = observations.row(static_cast<int64_t>(sequence) - 1);
    seen.values.insert(seen.values.end(), row.begin(), row.end());
  }
  EXPECT_GE(CheckRun(record, seen, {{1, weights}}).steps, 6) << "one state through both players";
}

} // namespace
