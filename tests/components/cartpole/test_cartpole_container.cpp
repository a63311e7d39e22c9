// A learner and its actors as components of one process: they share its store and its messages.
#include <gtest/gtest.h>

#include <csignal>

#include "fakes/roudi.hpp"
#include "fakes/scratch.hpp"
#include "tests/components/process.h"

namespace
{

using Words = std::vector<std::string>;

// component_container with a learner and two actors.
Process
Container(const Words &parameters)
{
  Words words = {CONTAINER, "shared_variable::CartpoleLearner", "shared_variable::CartpoleActor=a1",
                 "shared_variable::CartpoleActor=a2", "--ros-args"};
  for (const std::string &parameter : parameters) {
    words.insert(words.end(), {"-p", parameter});
  }
  return Process(words, {{"AMENT_PREFIX_PATH", PREFIX}});
}

int
CountOf(const std::string &text, const std::string &part)
{
  int count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
    count++;
  }
  return count;
}

TEST(CartpoleContainer, SolvesTheTaskInOneProcessAndEndsWithIt)
{
  Roudi roudi;
  svar_test::ScratchDirectory directory;
  Process container = Container({"cartpole_learner:seed:=4", "cartpole_learner:max_seconds:=60.0"});
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_EQ(CountOf(container.Output(), "solved: mean return "), 1) << container.Output();
  EXPECT_EQ(CountOf(container.Errors(), "the store /cartpole/policy was removed: "), 2)
      << "actors are done then: " << container.Errors();
  EXPECT_EQ(CountOf(container.Errors(), "[WARN]") + CountOf(container.Errors(), "[ERROR]"), 0)
      << container.Errors();
}

TEST(CartpoleContainer, EndsInOrderWhenItIsStopped)
{
  Roudi roudi;
  svar_test::ScratchDirectory directory;
  Process container =
      Container({"cartpole_learner:target_return:=500.0", "cartpole_learner:pace:=1.0"});
  EXPECT_TRUE(container.WaitFor("[a2]: playing the policy"));
  container.Signal(SIGTERM);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_EQ(CountOf(container.Output(), "stopped: mean return "), 1) << container.Output();
}

} // namespace
