// A controller whose observations come on a topic and whose actions go out on another.
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>

#include "components/policy/fake_host.hpp"
#include "components/policy/made_policy.hpp"
#include "components/policy/observation_topic.hpp"
#include "components/policy/policy_run_check.hpp"
#include "components/policy/scratch_folder.hpp"
#include "fakes/in_process.hpp"
#include "fakes/roudi.hpp"
#include "fakes/scratch.hpp"

namespace
{

constexpr const char *kObservations = "/test/observations";
constexpr const char *kActions = "/test/actions";

// A publisher and a configured controller in this process.
struct Pair {
  Pair(const std::string &weights, Settings settings)
      : publisher(SVAR_WEIGHTS_PUBLISHER, {{"file", Setting(weights)}}),
        controller(SVAR_POLICY_CONTROLLER, std::move(settings))
  {
    EXPECT_EQ(publisher.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    EXPECT_EQ(controller.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    EXPECT_EQ(controller.Activate(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
  }
  ~Pair()
  {
    EXPECT_EQ(controller.Cleanup(), SVAR_TRANSITION_SUCCESS);
    EXPECT_EQ(publisher.Cleanup(), SVAR_TRANSITION_SUCCESS);
  }

  bool Said(const std::string &text) const
  {
    for (const FakeHost::Line &line : controller.host.lines) {
      if (line.text.find(text) != std::string::npos) {
        return true;
      }
    }
    return false;
  }
  // Steps without observations until the controller has said so.
  void StepsUntilSaid(const std::string &text)
  {
    while (!Said(text) && !testing::Test::HasFailure()) {
      EXPECT_EQ(controller.Step(), SVAR_STEP_CONTINUE) << svar_error_message();
    }
  }

  Component publisher;
  Component controller;
};

class PolicyTopics : public testing::Test
{
protected:
  PolicyTopics()
  {
    MakeWeights(4);
  }

  void MakeWeights(int64_t actions)
  {
    weights_ = MadeWeights(8, 12, 10, actions);
    WriteTables(weights_file_, weights_);
  }
  Settings With(Settings extra = {})
  {
    extra.insert({"observations_topic", Setting(kObservations)});
    extra.insert({"actions_topic", Setting(kActions)});
    extra.insert({"record", Setting(record_file_)});
    extra.insert({"rate", 0.0});
    return extra;
  }
  // The observations of these numbers, one a step.
  Table Rows(const std::vector<double> &sequences)
  {
    Table rows{{static_cast<int64_t>(sequences.size()), 8}, {}};
    for (double sequence : sequences) {
      std::vector<double> row = observations_.row((static_cast<int64_t>(sequence) - 1) % 50);
      rows.values.insert(rows.values.end(), row.begin(), row.end());
    }
    return rows;
  }
  void ExpectRecord(const std::vector<double> &sequences)
  {
    Tables record = ReadTables(record_file_);
    EXPECT_EQ(record.at("sequences").values, sequences);
    EXPECT_EQ(CheckRun(record, Rows(sequences), {{1, weights_}}).steps,
              static_cast<int64_t>(sequences.size()));
  }

  Roudi roudi_;
  svar_test::ScratchDirectory segments_;
  ScratchFolder folder_;
  Tables weights_;
  Table observations_ = MadeObservations(50, 8);
  std::string weights_file_ = folder_ / "weights.safetensors",
              record_file_ = folder_ / "record.safetensors";
};

TEST_F(PolicyTopics, EachObservationBecomesAnActionOfItsNumberAndTheLastOneEndsIt)
{
  InProcess([&] {
    Pair pair(weights_file_, With());
    EXPECT_EQ(pair.controller.host.period_ns, 0);
    EXPECT_TRUE(pair.Said("4 actions; observations of /test/observations as they come"));
    TopicReceiver actions(kActions, 4);
    TopicSender sender(kObservations, 8);
    std::vector<double> sent;
    for (int64_t sequence = 1; sequence <= 20; sequence++) {
      uint32_t flags = sequence == 20 ? SVARI_POLICY_LAST : 0;
      sender.SendRow(observations_, sequence, flags);
      ASSERT_EQ(pair.controller.Step(), sequence < 20 ? SVAR_STEP_CONTINUE : SVAR_STEP_DONE);
      TopicMessage action;
      ASSERT_TRUE(actions.Take(&action));
      EXPECT_EQ(action.head.sequence, static_cast<uint64_t>(sequence));
      EXPECT_EQ(action.head.version, 1u);
      EXPECT_EQ(action.head.width, 4u);
      EXPECT_EQ(action.head.flags, flags);
      EXPECT_GT(action.head.stamp_ns, 0);
      sent.insert(sent.end(), action.values.begin(), action.values.end());
    }
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    Tables record = ReadTables(record_file_);
    EXPECT_EQ(sent, record.at("actions").values);
    EXPECT_EQ(CheckRun(record, observations_, {{1, weights_}}).steps, 20);
    EXPECT_TRUE(pair.Said("steps             20"));
    EXPECT_TRUE(pair.Said("observations      0 missed, 1 senders, 0 refused; 0 steps without one"));
    EXPECT_TRUE(pair.Said("actions not sent  0"));
  });
}

TEST_F(PolicyTopics, AWaitEndsWithTheObservation)
{
  InProcess([&] {
    Pair pair(weights_file_, With());
    TopicSender sender(kObservations, 8);
    std::thread late([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      sender.SendRow(observations_, 1, SVARI_POLICY_LAST);
    });
    svar_step_result_t result = SVAR_STEP_CONTINUE;
    while (result == SVAR_STEP_CONTINUE) {
      result = pair.controller.Step();
    }
    late.join();
    EXPECT_EQ(result, SVAR_STEP_DONE);
    ExpectRecord({1});
  });
}

TEST_F(PolicyTopics, ALateStepTakesTheNewestAndCountsWhatItMissed)
{
  InProcess([&] {
    Pair pair(weights_file_, With({{"rate", 100.0}}));
    EXPECT_EQ(pair.controller.host.period_ns, 10000000);
    TopicSender sender(kObservations, 8);
    sender.SendRow(observations_, 3); // those before it were sent to others
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    for (int64_t sequence : {4, 5, 6}) {
      sender.SendRow(observations_, sequence);
    }
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    sender.SendRow(observations_, 7);
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    ExpectRecord({3, 6, 7});
    EXPECT_TRUE(pair.Said("2 missed, 1 senders, 0 refused; 0 steps"));
  });
}

TEST_F(PolicyTopics, AQueueKeepsObservationsForALateStep)
{
  InProcess([&] {
    Setting queue(0.0);
    queue.value.kind = SVAR_PARAMETER_INTEGER;
    queue.value.as.integer = 16;
    Pair pair(weights_file_, With({{"queue", queue}}));
    TopicSender sender(kObservations, 8);
    for (int64_t sequence : {1, 2, 3, 4}) {
      sender.SendRow(observations_, sequence);
    }
    for (int i = 0; i < 4; i++) {
      EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    }
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    ExpectRecord({1, 2, 3, 4});
  });
}

TEST_F(PolicyTopics, WithoutAnObservationNothingIsSentAndTheNextSenderGoesOn)
{
  InProcess([&] {
    Pair pair(weights_file_, With({{"rate", 1000.0}, {"stay", true}}));
    TopicReceiver actions(kActions, 4);
    TopicMessage action;
    {
      TopicSender first(kObservations, 8);
      first.SendRow(observations_, 1);
      EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
      ASSERT_TRUE(actions.Take(&action));
    }
    for (int i = 0; i < 7; i++) {
      EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    }
    TopicSender second(kObservations, 8);
    second.SendRow(observations_, 1, SVARI_POLICY_LAST);
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE) << "it stays";
    ASSERT_TRUE(actions.Take(&action));
    second.SendRow(observations_, 1); // as a player that is activated again
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    ExpectRecord({1, 1, 1});
    EXPECT_TRUE(pair.Said("0 missed, 3 senders, 0 refused; 7 steps without one"));
    EXPECT_TRUE(actions.Take(&action));
    EXPECT_FALSE(actions.Take(&action, 0)) << "an action for each observation, no more";
  });
}

TEST_F(PolicyTopics, WhatIsNoObservationIsPassedOverAndSaidOnce)
{
  InProcess([&] {
    Pair pair(weights_file_, With({{"rate", 1000.0}}));
    TopicSender sender(kObservations, 8), other(kObservations, 9);
    for (int i = 0; i < 2; i++) {
      other.Send({1, 0, 0, 9, 0}, std::vector<double>(9));
      EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    }
    sender.Send({1, 0, 0, 7, 0}, std::vector<double>(8)); // of the right size, and lies
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    sender.SendRow(observations_, 2);
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    std::this_thread::sleep_for(std::chrono::milliseconds(550)); // so often it looks for news
    EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    ExpectRecord({2});
    EXPECT_TRUE(pair.Said("dropped a message"));
    EXPECT_TRUE(pair.Said("0 missed, 1 senders, 3 refused; 4 steps without one"));
  });
}

TEST_F(PolicyTopics, ActionsThatNobodyLeavesRoomForAreCountedAndTheStepsGoOn)
{
  MakeWeights(40); // its pool is small
  InProcess([&] {
    Pair pair(weights_file_, With());
    TopicSender sender(kObservations, 8);
    {
      TopicReceiver stalled(kActions, 40); // never takes one
      ChunkHoard hoard(40);
      for (int64_t sequence = 1; sequence <= 10; sequence++) {
        sender.SendRow(observations_, sequence);
        EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
      }
      pair.StepsUntilSaid("every chunk of RouDi's pool is in use");
    }
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    ExpectRecord({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
    EXPECT_TRUE(pair.Said("actions not sent  "));
    EXPECT_FALSE(pair.Said("actions not sent  0"));
  });
}

// Until nobody gets another one in.
void
FillRoudisQueue()
{
  sockaddr_un address = {AF_UNIX, "/tmp/roudi"};
  ssize_t first = 1;
  while (first == 1) {
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
    first = send(fd, "x", 1, 0);
    while (send(fd, "x", 1, 0) == 1) {
    }
    close(fd);
  }
}

TEST_F(PolicyTopics, ActionsGoOutWithoutAPauseWhileRoudiHangs)
{
  using std::chrono::steady_clock;
  InProcess([&] {
    Pair pair(weights_file_, With());
    TopicReceiver actions(kActions, 4);
    TopicSender sender(kObservations, 8);
    int64_t sequence = 0;
    auto act = [&] { // how long until the action of an observation is there
      const auto begin = steady_clock::now();
      TopicMessage action;
      sender.SendRow(observations_, ++sequence);
      EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
      EXPECT_TRUE(actions.Take(&action));
      return steady_clock::now() - begin;
    };
    act();
    roudi_.Pause();
    FillRoudisQueue();
    // Each look at RouDi, one a second, takes a second now. On a busy machine a pause is none of ours: then anew.
    const auto end = steady_clock::now() + std::chrono::seconds(20);
    auto calm_since = steady_clock::now();
    while (steady_clock::now() < calm_since + std::chrono::seconds(3) && !HasFailure()) {
      ASSERT_LT(steady_clock::now(), end) << "each look keeps an action waiting";
      if (act() > std::chrono::milliseconds(500)) {
        calm_since = steady_clock::now();
      }
    }
    pair.StepsUntilSaid("RouDi, the iceoryx daemon, hangs");
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
  });
}

TEST_F(PolicyTopics, ALongRunKeepsItsLatestSteps)
{
  InProcess([&] {
    Setting steps(0.0);
    steps.value.kind = SVAR_PARAMETER_INTEGER;
    steps.value.as.integer = 6;
    Pair pair(weights_file_, With({{"record_steps", steps}}));
    TopicReceiver actions(kActions, 4);
    TopicSender sender(kObservations, 8);
    std::vector<double> sent;
    for (int64_t sequence = 1; sequence <= 20; sequence++) {
      sender.SendRow(observations_, sequence);
      EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
      TopicMessage action;
      ASSERT_TRUE(actions.Take(&action));
      sent.insert(sent.end(), action.values.begin(), action.values.end());
    }
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    Tables record = ReadTables(record_file_);
    EXPECT_EQ(record.at("sequences").values, (std::vector<double>{15, 16, 17, 18, 19, 20}));
    EXPECT_EQ(record.at("actions").values, std::vector<double>(sent.end() - 24, sent.end()));
    EXPECT_TRUE(pair.Said("steps             20"));
  });
}

TEST_F(PolicyTopics, AFilesActionsGoOutToo)
{
  std::string file = folder_ / "observations.safetensors";
  WriteTables(file, {{"observations", observations_}});
  InProcess([&] {
    Settings settings = With({{"observations", Setting(file)}});
    settings.erase("observations_topic");
    Pair pair(weights_file_, settings);
    TopicReceiver actions(kActions, 4);
    for (uint64_t sequence = 1; sequence <= 50; sequence++) {
      EXPECT_EQ(pair.controller.Step(), sequence < 50 ? SVAR_STEP_CONTINUE : SVAR_STEP_DONE);
      TopicMessage action;
      ASSERT_TRUE(actions.Take(&action));
      EXPECT_EQ(action.head.sequence, sequence);
    }
  });
}

TEST_F(PolicyTopics, NeitherRoudisEndNorAnotherOneStopsTheController)
{
  int ready[2], go[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(go), 0);
  auto meet = [](int tell, int hear) {
    char byte = 0;
    EXPECT_EQ(write(tell, &byte, 1), 1);
    EXPECT_EQ(read(hear, &byte, 1), 1);
  };
  svar_test::Child child = BeginInProcess([&] {
    Pair pair(weights_file_, With());
    TopicReceiver actions(kActions, 4);
    TopicSender sender(kObservations, 8);
    TopicMessage action;
    int64_t sequence = 0;
    auto act = [&] {
      sender.SendRow(observations_, ++sequence);
      EXPECT_EQ(pair.controller.Step(), SVAR_STEP_CONTINUE);
      ASSERT_TRUE(actions.Take(&action));
      EXPECT_EQ(action.head.sequence, static_cast<uint64_t>(sequence));
    };
    act();
    meet(ready[1], go[0]); // it is dead now
    act();
    pair.StepsUntilSaid("RouDi");
    act();
    meet(ready[1], go[0]); // another one runs
    pair.StepsUntilSaid("cannot sign on again: restart this process");
    act();
    EXPECT_EQ(pair.controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    ExpectRecord({1, 2, 3, 4});
  });
  close(ready[1]); // if the child fails, nobody waits for it
  char byte;
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  roudi_.Kill();
  EXPECT_EQ(write(go[1], &byte, 1), 1);
  EXPECT_EQ(read(ready[0], &byte, 1), 1);
  roudi_.Start();
  EXPECT_EQ(write(go[1], &byte, 1), 1);
  EXPECT_EQ(child.wait(), 0);
  for (int fd : {ready[0], go[0], go[1]}) {
    close(fd);
  }
}

TEST_F(PolicyTopics, ObservationsComeFromOnePlaceOrTheOther)
{
  Component both(SVAR_POLICY_CONTROLLER, With({{"observations", "/o"}}));
  EXPECT_EQ(both.Configure(), SVAR_TRANSITION_FAILURE);
  EXPECT_STREQ(svar_error_message(),
               "observations are to come from the file '/o' and on the topic '/test/observations': "
               "give one of 'observations' and 'observations_topic'");
  Component neither(SVAR_POLICY_CONTROLLER, {});
  EXPECT_EQ(neither.Configure(), SVAR_TRANSITION_FAILURE);
  EXPECT_NE(std::string(svar_error_message()).find("observations_topic:="), std::string::npos);
}

} // namespace
