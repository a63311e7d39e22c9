// Learner and actors as they run in a robot: processes of their own, a store and a topic between them.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "component_process.hpp"
#include "fakes/roudi.hpp"
#include "fakes/scratch.hpp"
#include "shared_variable/messages.h"

extern "C" {
#include "components/cartpole_protocol.h"
}

namespace
{

using namespace svar_test;
using Overrides = ComponentProcess::Overrides;

struct Learner : ComponentProcess {
  explicit Learner(const Overrides &overrides) : ComponentProcess(LEARNER_LIBRARY, overrides) {}
};

struct Actor : ComponentProcess {
  explicit Actor(const Overrides &overrides = {}) : ComponentProcess(ACTOR_LIBRARY, overrides) {}
};

// The number behind a word of the learner's summary; -1: it is not there.
double
summary(const ComponentProcess &learner, const std::string &word)
{
  std::string text = learner.output();
  size_t at = text.find("\n  " + word);
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + 3 + word.size());
}

bool
says(const ComponentProcess &process, const std::string &part)
{
  return process.output().find(part) != std::string::npos;
}

// Returns once the store has that version.
Store
store_at_version(uint64_t version)
{
  svar_store_t *store = nullptr;
  while (svar_store_open(SVARI_CARTPOLE_STORE, nullptr, &store) == SVAR_ERR_NOT_FOUND) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  uint64_t found = 0;
  while (found < version) {
    EXPECT_SVAR_OK(svar_store_wait(store, found, 20'000'000'000, &found));
    if (testing::Test::HasFailure()) {
      break;
    }
  }
  return Store(store);
}

TEST(CartpoleRun, SolvesTheTaskWhateverTheSeedAndLeavesNothing)
{
  Roudi roudi;
  for (int seed = 1; seed <= 5; seed++) {
    ScratchDirectory directory;
    Learner learner({{"seed", seed}, {"pace", 0.0}, {"max_seconds", 60.0}});
    Actor one, two;
    EXPECT_EQ(learner.wait(), 0);
    EXPECT_TRUE(says(learner, "solved: mean return "));
    EXPECT_GE(
        std::atof(learner.output().c_str() + learner.output().find("solved: mean return ") + 20),
        475);
    EXPECT_EQ(summary(learner, "versions committed"), summary(learner, "generations") + 1);
    EXPECT_EQ(summary(learner, "episodes"), summary(learner, "versions committed") * 84);
    EXPECT_GE(summary(learner, "returns received"), summary(learner, "episodes"));
    EXPECT_EQ(one.wait(), 0) << "the store was removed: an actor has nothing left to do";
    EXPECT_EQ(two.wait(), 0);
    EXPECT_TRUE(says(one, "was removed"));
  }
}

TEST(CartpoleRun, IsRepeatedByItsSeedHoweverManyActorsShareIt)
{
  Roudi roudi;
  std::vector<std::string> verdicts;
  for (size_t count : {1, 3}) {
    ScratchDirectory directory;
    Learner learner({{"seed", 12}, {"pace", 0.0}});
    std::vector<std::unique_ptr<Actor>> actors(count);
    for (auto &actor : actors) {
      actor = std::make_unique<Actor>();
    }
    EXPECT_EQ(learner.wait(), 0);
    for (auto &actor : actors) {
      EXPECT_EQ(actor->wait(), 0);
    }
    std::string text = learner.output();
    size_t begin = text.find("solved"), end = text.find("  wall time");
    ASSERT_NE(begin, std::string::npos);
    verdicts.push_back(text.substr(begin, end - begin));
  }
  EXPECT_EQ(verdicts[0], verdicts[1]);
}

TEST(CartpoleRun, GoesOnWhenActorsDieAndComeLate)
{
  Roudi roudi;
  ScratchDirectory directory;
  Learner learner({{"seed", 3}, {"pace", 0.4}});
  auto first = std::make_unique<Actor>();
  Store store = store_at_version(4);
  first->kill_while_idle();
  EXPECT_EQ(first->wait(), 128 + SIGKILL);
  uint64_t version = svar_store_version(store.get());
  Actor second;
  EXPECT_SVAR_OK(svar_store_wait(store.get(), version, 20'000'000'000, nullptr));
  EXPECT_EQ(learner.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
}

TEST(CartpoleRun, EndsInOrderWhenItIsStopped)
{
  Roudi roudi;
  ScratchDirectory directory;
  Learner learner({{"target_return", 500.0}, {"pace", 1.0}});
  Actor actor, other;
  store_at_version(2);
  other.signal(SIGTERM);
  EXPECT_EQ(other.wait(), 0);
  learner.signal(SIGTERM);
  EXPECT_EQ(learner.wait(), 0);
  EXPECT_TRUE(says(learner, "stopped: mean return "));
  EXPECT_EQ(actor.wait(), 0);
}

TEST(CartpoleRun, GoesOnWhereAKilledLearnerStopped)
{
  Roudi roudi;
  ScratchDirectory directory;
  auto killed = std::make_unique<Learner>(Overrides{{"seed", 8}});
  Actor actor;
  Store store = store_at_version(7); // of generation 5: the first has no generation
  killed->signal(SIGKILL);
  EXPECT_EQ(killed->wait(), 128 + SIGKILL);
  killed.reset();
  Learner learner({{"seed", 9}});
  EXPECT_EQ(learner.wait(), 0);
  EXPECT_TRUE(says(learner, "going on with the policy")) << learner.output();
  EXPECT_GE(summary(learner, "generations"), summary(learner, "versions committed") + 5);
  EXPECT_EQ(actor.wait(), 0);
}

TEST(CartpoleRun, LeavesTheSolvedPolicyBehindIfItIsTold)
{
  Roudi roudi;
  ScratchDirectory directory;
  directory.allow_leftovers();
  {
    Learner learner({{"seed", 2}, {"pace", 0.0}, {"keep", true}});
    Actor actor;
    EXPECT_EQ(learner.wait(), 0);
    actor.signal(SIGTERM);
    EXPECT_EQ(actor.wait(), 0);
  }
  Store store = open_store(SVARI_CARTPOLE_STORE);
  EXPECT_EQ(get<float>(find(store, "w1")).size(), 64u);
  Learner again({{"pace", 0.0}}); // and removes it
  Actor actor;
  EXPECT_EQ(again.wait(), 0);
  EXPECT_EQ(summary(again, "versions committed"), 1) << "it was solved from the start";
  EXPECT_EQ(actor.wait(), 0);
  EXPECT_EQ(directory.files(), std::vector<std::string>());
}

TEST(CartpoleRun, IsNotMisledByWhatOthersSend)
{
  Roudi roudi;
  ScratchDirectory directory;
  Child liar([]() -> int {
    svar_messages_t *messages = nullptr;
    svar_message_sender_t *sender = nullptr, *wrong_size = nullptr;
    EXPECT_SVAR_OK(svar_messages_create("liar", &messages));
    EXPECT_SVAR_OK(svar_message_sender_create(messages, SVARI_CARTPOLE_RETURNS,
                                              sizeof(svari_cartpole_episode_t), &sender));
    EXPECT_SVAR_OK(svar_message_sender_create(messages, SVARI_CARTPOLE_RETURNS, 3, &wrong_size));
    Store store = store_at_version(1);
    for (uint32_t i = 0; svar_store_wait(store.get(), 1u << 30, 1'000'000, nullptr) == SVAR_TIMEOUT;
         i++) {
      void *payload = nullptr;
      EXPECT_SVAR_OK(svar_message_sender_loan(sender, &payload));
      *static_cast<svari_cartpole_episode_t *>(payload) = {
          svar_store_version(store.get()), i, i % 100, i % 3, 500, 500.0f};
      EXPECT_SVAR_OK(svar_message_sender_publish(sender, payload));
      if (i == 3) {
        EXPECT_SVAR_OK(svar_message_sender_loan(wrong_size, &payload));
        EXPECT_SVAR_OK(svar_message_sender_publish(wrong_size, payload));
      }
    }
    svar_message_sender_destroy(sender);
    svar_message_sender_destroy(wrong_size);
    svar_messages_destroy(messages);
    std::exit(testing::Test::HasFailure() ? 1 : 0);
  });
  Learner learner({{"seed", 5}, {"pace", 0.02}});
  Actor actor;
  EXPECT_EQ(learner.wait(), 0);
  EXPECT_GE(summary(learner, "generations"), 5) << "lies would have solved it at once";
  EXPECT_TRUE(says(learner, "dropped a message of 3 bytes"));
  EXPECT_EQ(actor.wait(), 0);
  EXPECT_EQ(liar.wait(), 0);
}

TEST(CartpoleRun, WithoutActorsSaysWhatIsMissingAndGivesUpInTime)
{
  Roudi roudi;
  ScratchDirectory directory;
  Learner learner({{"max_seconds", 6.0}});
  EXPECT_EQ(learner.wait(), 1);
  EXPECT_TRUE(says(learner, "no returns arrive on /cartpole/returns: start a cartpole_actor"));
  EXPECT_TRUE(says(learner, "not solved")) << learner.output();
  EXPECT_TRUE(says(learner, "failed: a mean return of 475 was not reached within 6 s"));
}

TEST(CartpoleRun, WithoutRoudiIsOneSentenceAndLeavesNothing)
{
  RoudiTurn turn;
  ScratchDirectory directory;
  Learner learner({});
  Actor actor;
  EXPECT_EQ(learner.wait(), 1);
  EXPECT_EQ(actor.wait(), 1);
  for (const ComponentProcess *process : std::vector<const ComponentProcess *>{&learner, &actor}) {
    EXPECT_TRUE(says(*process, "start iox-roudi, or use `svar launch`"));
    std::string text = process->output();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  }
}

TEST(CartpoleRun, AnActorWithoutAStoreGivesUpInTime)
{
  Roudi roudi;
  ScratchDirectory directory;
  Actor actor({{"store_timeout", 0.05}});
  EXPECT_EQ(actor.wait(), 1);
  EXPECT_TRUE(says(actor, "the store '/cartpole/policy' has no holder after 0.05 s"));
}

TEST(CartpoleRun, AnActorRefusesAStoreThatHoldsSomethingElse)
{
  Roudi roudi;
  ScratchDirectory directory;
  Store store = create_store(SVARI_CARTPOLE_STORE);
  make_variable<float>(store, "w1", {1, 2, 3});
  {
    Actor actor;
    EXPECT_EQ(actor.wait(), 1);
    EXPECT_TRUE(says(actor, "'/cartpole/policy' does not hold a cart-pole policy"));
  }
  for (const char *name : {"b1", "w2", "b2", "population", "generation", "seed"}) {
    make_variable<float>(store, name, {1, 2, 3});
  }
  {
    Actor actor;
    EXPECT_EQ(actor.wait(), 1);
    EXPECT_TRUE(says(actor, "its 'w1' is float32 (3)")) << actor.output();
  }
  Learner learner({});
  EXPECT_EQ(learner.wait(), 1);
  EXPECT_TRUE(says(learner, "is held by process")) << learner.output();
  EXPECT_SVAR_OK(svar_store_remove(store.get()));
}

TEST(CartpoleRun, ALearnerRefusesAnOddPopulation)
{
  RoudiTurn turn;
  ScratchDirectory directory;
  Learner learner({{"population", 7}});
  EXPECT_EQ(learner.wait(), 1);
  EXPECT_TRUE(says(learner, "'population' is 7")) << learner.output();
}

} // namespace
