#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

#include "components/monotonic_clock.h"
#include "components/policy/fake_host.hpp"
#include "components/policy/made_policy.hpp"
#include "components/policy/observation_topic.hpp"
#include "components/policy/scratch_folder.hpp"
#include "fakes/in_process.hpp"
#include "fakes/roudi.hpp"

namespace
{

class ObservationPlayer : public testing::Test
{
protected:
  ObservationPlayer()
  {
    MakeFile(8);
  }

  void MakeFile(int64_t width)
  {
    observations_ = MadeObservations(5, width);
    WriteTables(file_, {{"observations", observations_}});
  }

  Settings With(Settings extra = {})
  {
    extra.insert({"observations", Setting(file_)});
    extra.insert({"observations_topic", Setting(topic_)});
    return extra;
  }
  void ExpectRow(TopicReceiver &receiver, uint64_t sequence, bool is_last = false)
  {
    TopicMessage message;
    ASSERT_TRUE(receiver.Take(&message)) << "observation " << sequence;
    EXPECT_EQ(message.head.sequence, sequence);
    EXPECT_EQ(message.head.width, observations_.width());
    EXPECT_EQ(message.head.flags, is_last ? static_cast<uint32_t>(SVARI_POLICY_LAST) : 0u);
    EXPECT_EQ(message.head.version, 0u);
    EXPECT_LE(message.head.stamp_ns, svari_now_ns());
    EXPECT_GT(message.head.stamp_ns, svari_now_ns() - 60 * INT64_C(1000000000));
    EXPECT_EQ(message.values, observations_.row(static_cast<int64_t>(sequence - 1) % 5));
  }

  Roudi roudi_;
  ScratchFolder folder_;
  std::string file_ = folder_ / "observations.safetensors";
  std::string topic_ = "/test/observations";
  Table observations_;
};

TEST_F(ObservationPlayer, SendsEachObservationOnceInOrderAndEndsWhenTheListenersHaveGone)
{
  InProcess([&] {
    Component player(SVAR_OBSERVATION_PLAYER, With({{"rate", 100.0}, {"linger", 60.0}}));
    ASSERT_EQ(player.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    EXPECT_EQ(player.host.period_ns, 10000000);
    EXPECT_EQ(player.host.lines.back().text, topic_ + ": 5 observations of 8 numbers at 100 Hz");
    auto receiver = std::make_unique<TopicReceiver>(topic_, 8);
    player.Activate();
    for (uint64_t sequence = 1; sequence <= 5; sequence++) {
      ASSERT_EQ(player.Step(), SVAR_STEP_CONTINUE) << svar_error_message();
      ExpectRow(*receiver, sequence, sequence == 5);
    }
    EXPECT_EQ(player.Step(), SVAR_STEP_CONTINUE) << "somebody listens";
    TopicMessage none;
    EXPECT_FALSE(receiver->Take(&none, 0)) << "all were sent";
    receiver.reset();
    while (player.Step() == SVAR_STEP_CONTINUE) { // until RouDi has seen it
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(player.Deactivate(), SVAR_TRANSITION_SUCCESS);
    EXPECT_EQ(player.host.lines.back().text, "played 5 observations, 0 were lost");
    EXPECT_EQ(player.Cleanup(), SVAR_TRANSITION_SUCCESS);
  });
}

TEST_F(ObservationPlayer, DoesNotWaitForListenersThatStay)
{
  InProcess([&] {
    Component player(SVAR_OBSERVATION_PLAYER, With({{"linger", 0.0}}));
    ASSERT_EQ(player.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    TopicReceiver receiver(topic_, 8);
    player.Activate();
    for (int i = 0; i < 5; i++) {
      EXPECT_EQ(player.Step(), SVAR_STEP_CONTINUE);
    }
    EXPECT_EQ(player.Step(), SVAR_STEP_DONE);
  });
}

TEST_F(ObservationPlayer, BeginsAgainAfterTheLastOneAndInEachActivation)
{
  InProcess([&] {
    Component player(SVAR_OBSERVATION_PLAYER, With({{"loop", true}}));
    ASSERT_EQ(player.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    TopicReceiver receiver(topic_, 8);
    for (int activation = 0; activation < 2; activation++) {
      player.Activate();
      for (uint64_t sequence = 1; sequence <= 12; sequence++) {
        ASSERT_EQ(player.Step(), SVAR_STEP_CONTINUE);
        ExpectRow(receiver, sequence);
      }
      EXPECT_EQ(player.Deactivate(), SVAR_TRANSITION_SUCCESS);
    }
  });
}

TEST_F(ObservationPlayer, WaitsForTheFirstListenerIfItIsAsked)
{
  InProcess([&] {
    Component player(SVAR_OBSERVATION_PLAYER, With({{"wait_for_receiver", true}}));
    ASSERT_EQ(player.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    player.Activate();
    for (int i = 0; i < 20; i++) {
      ASSERT_EQ(player.Step(), SVAR_STEP_CONTINUE);
    }
    TopicReceiver receiver(topic_, 8);
    EXPECT_EQ(player.Step(), SVAR_STEP_CONTINUE);
    ExpectRow(receiver, 1);
  });
}

TEST_F(ObservationPlayer, CountsWhatItCannotSendAndKeepsTheLastForLater)
{
  InProcess([&] {
    MakeFile(47); // its pool is small
    Component player(SVAR_OBSERVATION_PLAYER, With({{"linger", 0.0}}));
    ASSERT_EQ(player.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    TopicReceiver receiver(topic_, 47);
    player.Activate();
    EXPECT_EQ(player.Step(), SVAR_STEP_CONTINUE);
    ExpectRow(receiver, 1);
    auto hoard = std::make_unique<ChunkHoard>(47);
    for (int i = 0; i < 6; i++) {
      EXPECT_EQ(player.Step(), SVAR_STEP_CONTINUE) << svar_error_message();
    }
    hoard.reset();
    EXPECT_EQ(player.Step(), SVAR_STEP_CONTINUE) << svar_error_message();
    ExpectRow(receiver, 2); // iceoryx gives a sender its last chunk again
    ExpectRow(receiver, 5, true);
    EXPECT_EQ(player.Step(), SVAR_STEP_DONE);
    EXPECT_EQ(player.Deactivate(), SVAR_TRANSITION_SUCCESS);
    EXPECT_EQ(player.host.lines.back().text, "played 5 observations, 2 were lost");
  });
}

TEST_F(ObservationPlayer, RefusesWhatItCannotPlay)
{
  InProcess([&] {
    Component without(SVAR_OBSERVATION_PLAYER, {});
    EXPECT_EQ(without.Configure(), SVAR_TRANSITION_FAILURE);
    EXPECT_NE(std::string(svar_error_message()).find("'observations' is empty"), std::string::npos);
    Component nowhere(SVAR_OBSERVATION_PLAYER, {{"observations", "/nowhere/o"}});
    EXPECT_EQ(nowhere.Configure(), SVAR_TRANSITION_FAILURE);
    EXPECT_NE(std::string(svar_error_message()).find("'/nowhere/o'"), std::string::npos);
    Component unnamed(SVAR_OBSERVATION_PLAYER, With({{"observations_topic", ""}}));
    EXPECT_EQ(unnamed.Configure(), SVAR_TRANSITION_FAILURE);
  });
}

} // namespace
