// Holders with variables on GPUs, killed at the points where dying leaves something else behind there. Beside the crash
// test, whose processes live for milliseconds: a driver takes longer to start.
#include "gpu/store_process.hpp"

extern "C" {
#include "store/crash_point.h"
}

using namespace svar_test;

namespace
{

using Environment = StoreProcess::Environment;
using Floats = StoreProcess::Floats;

// Two GPUs, and the end at that point.
Environment
DyingAt(const char *point)
{
  return {{"FAKE_DRIVER_DEVICES", "2"}, {"DIE_AT", point}};
}

// One that the header does not know yet is taken into use at the first two, too.
const char *const kPoints[] = {"device.named", "device.counted", "device.numbered",
                               "device.offered"};

class DevicePoints : public testing::TestWithParam<const char *>
{
protected:
  const Environment two_ = {{"FAKE_DRIVER_DEVICES", "2"}};
  ScratchDirectory directory_;
};

TEST_P(DevicePoints, TheFirstVariableOnAGpu)
{
  StoreProcess dying(DyingAt(GetParam())), next(two_), reader(two_);
  dying.Resume();
  dying.Add("h", {7}, -1);
  dying.DieAdding("w", {1}, 1);
  reader.Open();
  EXPECT_EQ(reader.Read("h"), Floats({7}));
  next.Resume();
  next.Add("w", {2}, 1);
  next.Add("v", {3}, 0);
  EXPECT_EQ(reader.Read("w"), Floats({2}));
  EXPECT_EQ(reader.Read("v"), Floats({3}));
  next.Remove();
}

TEST_P(DevicePoints, AnotherGpuOfAStoreThatIsRead)
{
  StoreProcess first(two_), dying(DyingAt(GetParam())), next(two_), early(two_), late(two_);
  first.Hold("w", {1}, 0);
  early.Open();
  early.View("w");
  first.Kill();
  dying.Resume();
  dying.DieAdding("v", {2}, 1);
  EXPECT_EQ(early.Viewed(), Floats({1}));
  EXPECT_EQ(early.Read("w"), Floats({1}));
  late.Open();
  late.ExpectFailure("w", SVAR_ERR_UNSET, "ended with the holder that gave it");
  next.Resume();
  next.Add("v", {3}, 1);
  next.Set("w", {4});
  for (StoreProcess *process : {&early, &late, &next}) {
    EXPECT_EQ(process->Read("v"), Floats({3}));
    EXPECT_EQ(process->Read("w"), Floats({4}));
  }
  EXPECT_EQ(early.Viewed(), Floats({1}));
  next.Remove();
}

INSTANTIATE_TEST_SUITE_P(EachPoint, DevicePoints, testing::ValuesIn(kPoints));

// The GPU is known: no name is given, but a number is.
class SettingPoints : public DevicePoints
{
};

TEST_P(SettingPoints, AVariableOfTheHolderBefore)
{
  StoreProcess first(two_), dying(DyingAt(GetParam())), next(two_), early(two_), late(two_);
  first.Hold("w", {1});
  early.Open();
  early.View("w");
  first.Kill();
  dying.Resume();
  dying.DieSetting("w", {2});
  EXPECT_EQ(early.Read("w"), Floats({1}));
  next.Resume();
  EXPECT_EQ(early.Read("w"), Floats({1})); // by a number that only the first holder's memory has
  late.Open();
  late.ExpectFailure("w", SVAR_ERR_UNSET, "ended with the holder that gave it");
  next.Set("w", {3});
  EXPECT_EQ(early.Read("w"), Floats({3}));
  EXPECT_EQ(late.Read("w"), Floats({3}));
  EXPECT_EQ(early.Viewed(), Floats({1}));
  next.Remove();
}

INSTANTIATE_TEST_SUITE_P(EachPoint, SettingPoints,
                         testing::Values("device.numbered", "device.offered"));

TEST_F(DevicePoints, ResumingAfterAHolderOnTwoGpus)
{
  for (const char *point : {"resume.region_forgotten", "resume.recovered"}) {
    StoreProcess first(two_), dying(DyingAt(point)), next(two_), early(two_), late(two_);
    first.Hold("w", {1}, 0);
    first.Add("v", {2}, 1);
    early.Open();
    EXPECT_EQ(early.Read("w"), Floats({1}));
    EXPECT_EQ(early.Read("v"), Floats({2}));
    first.Kill();
    dying.DieResuming();
    EXPECT_EQ(early.Read("w"), Floats({1}));
    EXPECT_EQ(early.Read("v"), Floats({2}));
    late.Open();
    late.ExpectFailure("w", SVAR_ERR_UNSET, "has no value");
    late.ExpectFailure("v", SVAR_ERR_UNSET, "");
    next.Resume();
    next.Set("v", {3});
    EXPECT_EQ(late.Read("v"), Floats({3}));
    EXPECT_EQ(early.Read("v"), Floats({3}));
    late.ExpectFailure("w", SVAR_ERR_UNSET, "ended with the holder that gave it");
    EXPECT_EQ(early.Read("w"), Floats({1}));
    next.Remove();
  }
}

} // namespace

extern "C" void
svari_crash_reach(const svari_crash_point_t *point)
{
  const char *fatal = getenv("DIE_AT");
  if (fatal != nullptr && strcmp(point->name, fatal) == 0) {
    kill(getpid(), SIGKILL);
  }
}
