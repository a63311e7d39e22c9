// Replaces the heap's entry points in this program to count what a step takes from it.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "components/policy/fake_host.hpp"
#include "components/policy/made_policy.hpp"
#include "components/policy/observation_topic.hpp"
#include "components/policy/scratch_folder.hpp"
#include "fakes/in_process.hpp"
#include "fakes/roudi.hpp"

extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
}

static thread_local long allocations = 0;

extern "C" void *
malloc(size_t size)
{
  allocations++;
  return __libc_malloc(size);
}

extern "C" void *
calloc(size_t count, size_t size)
{
  allocations++;
  return __libc_calloc(count, size);
}

extern "C" void *
realloc(void *memory, size_t size)
{
  allocations++;
  return __libc_realloc(memory, size);
}

extern "C" void *
aligned_alloc(size_t alignment, size_t size)
{
  allocations++;
  return __libc_memalign(alignment, size);
}

extern "C" int
posix_memalign(void **out_memory, size_t alignment, size_t size)
{
  *out_memory = aligned_alloc(alignment, size);
  return *out_memory == nullptr ? ENOMEM : 0;
}
#include "fakes/scratch.hpp"

namespace
{

TEST(PolicyRealtime, AStepAllocatesNothingNotEvenTheFirstOfANewVersion)
{
  svar_test::ScratchDirectory segments;
  ScratchFolder folder;
  std::string file = folder / "weights.safetensors";
  std::string observations = folder / "observations.safetensors";
  WriteTables(file, MadeWeights(47, 64, 32, 12));
  WriteTables(observations, {{"observations", MadeObservations(200, 47)}});
  Component publisher(SVAR_WEIGHTS_PUBLISHER, {{"file", Setting(file)}});
  ASSERT_EQ(publisher.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
  Component controller(SVAR_POLICY_CONTROLLER, {{"observations", Setting(observations)}});
  long before_configure = allocations;
  ASSERT_EQ(controller.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
  ASSERT_GT(allocations - before_configure, 20) << "what the components' libraries take is counted";
  ASSERT_EQ(controller.Activate(), SVAR_TRANSITION_SUCCESS);
  for (int step = 0; step < 150; step++) {
    if (step == 100) {
      WriteFile(file, ReadFile(file));
      publisher.Step();
    }
    if (step == 120) { // the next step also looks after the store, as it does from time to time
      std::this_thread::sleep_for(std::chrono::milliseconds(600));
    }
    long before = allocations;
    ASSERT_EQ(controller.Step(), SVAR_STEP_CONTINUE) << svar_error_message();
    ASSERT_EQ(allocations, before) << "step " << step;
  }
  EXPECT_EQ(publisher.Cleanup(), SVAR_TRANSITION_SUCCESS);
  EXPECT_NE(publisher.host.lines.back().text.find("version 2 of"), std::string::npos);
}

TEST(PolicyRealtime, AStepOnTopicsAllocatesNothingWhetherAnObservationComesOrNot)
{
  Roudi roudi;
  svar_test::ScratchDirectory segments;
  ScratchFolder folder;
  std::string file = folder / "weights.safetensors";
  WriteTables(file, MadeWeights(8, 12, 10, 4));
  Table observations = MadeObservations(50, 8);
  InProcess([&] {
    Component publisher(SVAR_WEIGHTS_PUBLISHER, {{"file", Setting(file)}});
    ASSERT_EQ(publisher.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    Component controller(SVAR_POLICY_CONTROLLER, {{"observations_topic", "/test/observations"},
                                                  {"actions_topic", "/test/actions"},
                                                  {"rate", 0.0}});
    ASSERT_EQ(controller.Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    ASSERT_EQ(controller.Activate(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
    TopicSender sender("/test/observations", 8);
    for (int64_t sequence = 1; sequence <= 100; sequence++) {
      if (sequence % 20 != 0) { // else the step waits in vain
        sender.SendRow(observations, sequence);
      }
      long before = allocations;
      ASSERT_EQ(controller.Step(), SVAR_STEP_CONTINUE) << svar_error_message();
      ASSERT_EQ(allocations, before) << "step " << sequence;
    }
    EXPECT_EQ(controller.Cleanup(), SVAR_TRANSITION_SUCCESS);
    EXPECT_EQ(publisher.Cleanup(), SVAR_TRANSITION_SUCCESS);
  });
}

} // namespace
