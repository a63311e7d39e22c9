// Crash points as places to interrupt: what another process may do there, done there.
#include <chrono>
#include <fstream>
#include <thread>

#include "tests/fakes/scratch.hpp"

extern "C" {
#include "store/crash_point.h"
}

using namespace svar_test;

namespace
{

// Called at every point of this process while set.
thread_local std::function<void(const std::string &point)> on_point;

class PointTest : public testing::Test
{
protected:
  ~PointTest() override
  {
    on_point = nullptr;
  }
  ScratchDirectory directory_;
};

void
replace_store(const char *name)
{
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.start_empty = true;
  Store store = create_store(name, &options);
  make_variable<uint64_t>(store, "v", {1});
}

void
die_at(const std::string &name)
{
  on_point = [name](const std::string &point) {
    if (point == name) {
      kill(getpid(), SIGKILL);
    }
  };
}

// Until the main thread of that process sleeps in the kernel.
void
wait_until_asleep(pid_t pid)
{
  std::string state;
  while (state != "S") {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number, program;
    stat >> number >> program >> state;
  }
}

} // namespace

extern "C" void
svari_crash_reach(const svari_crash_point_t *point)
{
  if (on_point) {
    auto action = on_point;
    on_point = nullptr; // not for the points that the action reaches
    action(point->name);
    if (!on_point) {
      on_point = action;
    }
  }
}

using OpenPoints = PointTest;
using HolderPoints = PointTest;
using WaitPoints = PointTest;

TEST_F(OpenPoints, OpensAStoreThatGrowsMeanwhile)
{
  Store holder = create_store("/points");
  const std::vector<uint64_t> large(1 << 20, 2);
  std::vector<Variable>
      grown; // one each time that the header is read: opening tries more than once
  on_point = [&](const std::string &point) {
    if (point == "open.header_read") {
      std::string name = "v" + std::to_string(grown.size());
      grown.push_back(make_variable<uint64_t>(holder, name.c_str(), large));
    }
  };
  make_variable<uint64_t>(holder, "v", {1});
  Store reader = open_store("/points");
  on_point = nullptr;
  EXPECT_EQ(grown.size(), 1u);
  ASSERT_TRUE(reader);
  EXPECT_EQ(get<uint64_t>(find(reader, "v0")), large);
  reader.reset();
  ASSERT_SVAR_OK(svar_store_remove(holder.get()));
}

TEST_F(OpenPoints, OpensTheSuccessorOfAStoreReplacedBetweenItsTwoFiles)
{
  const int times = 8; // more than the tries that a store without a reader table gets
  Signal wanted;
  Signal done;
  replace_store("/points");
  Child replacer([&] {
    for (int i = 0; i < times; i++) {
      wanted.wait();
      replace_store("/points");
      done.raise();
    }
    return 0;
  });
  int left = times;
  on_point = [&](const std::string &point) {
    if (point == "open.state_mapped" && left-- > 0) {
      wanted.raise();
      done.wait();
    }
  };
  Store reader = open_store("/points");
  on_point = nullptr;
  EXPECT_LT(left, 0);
  ASSERT_TRUE(reader);
  EXPECT_EQ(get<uint64_t>(find(reader, "v")), std::vector<uint64_t>{1});
  reader.reset();
  Store holder = create_store("/points");
  ASSERT_SVAR_OK(svar_store_remove(holder.get()));
}

TEST_F(HolderPoints, FindsRoomWhenPinsEndBetweenItsLooks)
{
  const size_t records = 16;
  Store holder = create_store("/points");
  Variable variable = make_variable<uint64_t>(holder, "v", {0});
  Store reader = open_store("/points");
  std::vector<svar_snapshot_t> snapshots(records, svar_snapshot_t SVAR_SNAPSHOT_INIT);
  for (uint64_t i = 1; i < records; i++) { // all versions but the newest are pinned
    ASSERT_SVAR_OK(svar_snapshot_begin(reader.get(), &snapshots[i]));
    ASSERT_SVAR_OK(set<uint64_t>(variable, {i}));
  }
  int scans = 0;
  on_point = [&](const std::string &point) {
    if (point == "reclaim.scanned" && ++scans == 2) { // the last that finds them
      for (svar_snapshot_t &snapshot : snapshots) {
        svar_snapshot_end(&snapshot);
      }
    }
  };
  EXPECT_SVAR_OK(set<uint64_t>(variable, {records}));
  on_point = nullptr;
  EXPECT_EQ(scans, 3);
  for (svar_snapshot_t &snapshot : snapshots) {
    svar_snapshot_end(&snapshot);
  }
  ASSERT_SVAR_OK(svar_store_remove(holder.get()));
}

TEST_F(WaitPoints, TheNextHolderWakesWhomADeadOneLeftAsleep)
{
  Store first = create_store("/points");
  make_variable<uint64_t>(first, "v", {1});
  Store reader = open_store("/points");
  uint64_t version = svar_store_version(reader.get());
  first.reset();
  Signal flagged;
  on_point = [&flagged](const std::string &point) {
    if (point == "wait.flag_set") {
      flagged.raise();
    }
  };
  Child holder([&flagged] {
    on_point = nullptr;
    Store store = create_store("/points");
    Variable variable = find(store, "v");
    flagged.wait();
    wait_until_asleep(getppid());
    die_at("commit.version_stored"); // between the commit and the wake
    return set<uint64_t>(variable, {2});
  });
  auto begin = std::chrono::steady_clock::now();
  uint64_t found = 0;
  std::thread successor([&holder] {
    EXPECT_EQ(holder.wait(), 128 + SIGKILL);
    Store store = create_store("/points");
  });
  EXPECT_SVAR_OK(svar_store_wait(reader.get(), version, -1, &found));
  auto waited = std::chrono::steady_clock::now() - begin;
  successor.join();
  EXPECT_EQ(found, version + 1);
  // A sleeper looks once a second by itself: that would be too late.
  EXPECT_LT(waited, std::chrono::milliseconds(900));
  Store last = create_store("/points");
  ASSERT_SVAR_OK(svar_store_remove(last.get()));
}
