// The launcher and iceoryx's daemon, of which a machine has one: these tests need that none runs.
#include <gtest/gtest.h>

#include <csignal>

#include "fakes/roudi.hpp"
#include "launch/roudi.h"
#include "tests/launch/launch_run.hpp"

namespace
{

using launch_test::LaunchRun;
using launch_test::Prefix;
namespace fs = std::filesystem;

bool
roudi_runs()
{
  bool is_running = false;
  EXPECT_EQ(svari_roudi_probe(&is_running), SVAR_OK) << svar_error_message();
  return is_running;
}

bool
has(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

// The package's listener needs RouDi, its talker does not.
class RoudiLaunch : public testing::Test
{
protected:
  void SetUp() override
  {
    fs::create_directories(prefix_.root / "tmp");
    ASSERT_FALSE(HasFailure()); // nobody else's RouDi runs
    Prefix::write(prefix_.index("shared_variable_needs_roudi") / "robot", "listener\n");
    prefix_.program("listener", "trap 'echo interrupted; exit 0' INT\necho ready\n"
                                "while :; do sleep 0.02; done");
  }
  void TearDown() override
  {
    EXPECT_FALSE(roudi_runs());
    EXPECT_TRUE(fs::is_empty(prefix_.root / "tmp"));
  }

  std::string listener() const
  {
    return prefix_.launch("<node pkg='robot' exec='listener' output='screen'/>");
  }

  // A stand-in for iox-roudi, first on PATH.
  LaunchRun::Options with_program(const std::string &body) const
  {
    prefix_.program("iox-roudi", body);
    LaunchRun::Options options;
    options.path_first = (prefix_.root / "lib/robot").string();
    return options;
  }

  RoudiTurn turn_;
  Prefix prefix_;
};

TEST_F(RoudiLaunch, IsStartedBeforeAndStoppedAfterTheNodesThatNeedIt)
{
  LaunchRun run(prefix_, {listener()});
  ASSERT_TRUE(run.sees("[listener-1] ready")) << run.err;
  EXPECT_TRUE(roudi_runs());
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_LT(run.err.find("iox-roudi started"), run.err.find("listener-1 started")) << run.err;
  EXPECT_EQ(run.out, "[listener-1] ready\n[listener-1] interrupted\n"); // not terminated by RouDi
  EXPECT_FALSE(has(run.err, "[iox-roudi]")) << run.err;                 // what it said, coming up
}

TEST_F(RoudiLaunch, IsLeftAloneWhenNoNodeNeedsIt)
{
  LaunchRun run(prefix_, {prefix_.launch("<node pkg='robot' exec='talker' output='screen'/>")});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_FALSE(has(run.err, "roudi")) << run.err;
}

TEST_F(RoudiLaunch, IsUsedAndLeftAloneWhenOneRuns)
{
  LaunchRun first(prefix_, {listener()});
  ASSERT_TRUE(first.sees("[listener-1] ready"));
  {
    LaunchRun second(prefix_, {listener()});
    ASSERT_TRUE(second.sees("[listener-1] ready"));
    second.signal(SIGINT);
    EXPECT_EQ(second.finish(), 0);
    EXPECT_FALSE(has(second.err, "roudi")) << second.err;
  }
  EXPECT_TRUE(roudi_runs());
  first.signal(SIGINT);
  EXPECT_EQ(first.finish(), 0);
}

TEST_F(RoudiLaunch, IsStoppedAgainWhenANodeCannotStart)
{
  Prefix::write(prefix_.root / "lib/robot/listener", "no interpreter line");
  LaunchRun run(prefix_, {listener()});
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(run.err, "listener-1 cannot be started")) << run.err;
}

TEST_F(RoudiLaunch, IsStoppedWhenCtrlCComesWhileItStarts)
{
  LaunchRun run(prefix_, {listener()}, with_program("echo starting; exec sleep 60"));
  ASSERT_TRUE(run.sees("iox-roudi started"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_FALSE(has(run.out, "ready")) << run.out;
}

TEST_F(RoudiLaunch, ThatDoesNotStartIsReportedWithItsOwnWordsAndStartsNoNode)
{
  LaunchRun run(prefix_, {listener()}, with_program("echo 'no memory, sorry' >&2; exit 1"));
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(run.err, "[iox-roudi] no memory, sorry\n")) << run.err;
  EXPECT_TRUE(has(run.err, "svar launch: iox-roudi ended before it answered")) << run.err;
  EXPECT_FALSE(has(run.err, "listener-1 started")) << run.err;
}

TEST_F(RoudiLaunch, ThatDiesIsReportedWhileTheNodesGoOnAndReplacedAtTheNextLaunch)
{
  LaunchRun run(prefix_, {listener()},
                with_program("echo $$ > " + (prefix_.root / "pid").string() +
                             "; exec /usr/bin/iox-roudi \"$@\""));
  ASSERT_TRUE(run.sees("[listener-1] ready")) << run.err;
  pid_t roudi = 0;
  std::ifstream(prefix_.root / "pid") >> roudi;
  ASSERT_GT(roudi, 0);
  kill(roudi, SIGKILL);
  ASSERT_TRUE(run.sees("iox-roudi was ended by SIGKILL: messages between nodes fail from now on"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(run.out, "[listener-1] interrupted"));

  LaunchRun next(prefix_, {listener()});
  ASSERT_TRUE(next.sees("[listener-1] ready"));
  next.signal(SIGINT);
  EXPECT_EQ(next.finish(), 0);
  EXPECT_FALSE(fs::exists("/dev/shm/iceoryx_mgmt")); // what the killed one had left
}

TEST(RoudiPlan, NamesThePackageWhenItIsNotInstalled)
{
  const std::string path = getenv("PATH");
  setenv("PATH", "/nowhere", 1);
  svari_arena_t arena;
  svari_arena_init(&arena);
  svari_planned_process_t *process = nullptr;
  EXPECT_EQ(svari_roudi_plan(&arena, "/params", &process), SVAR_ERR_NOT_FOUND);
  EXPECT_TRUE(has(svar_error_message(), "apt-get install iceoryx")) << svar_error_message();
  setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(svari_roudi_plan(&arena, "/params", &process), SVAR_OK) << svar_error_message();
  EXPECT_STREQ(process->files->path, "/params/roudi.toml");
  EXPECT_TRUE(has(process->files->text, "[general]\nversion = 1\n\n[[segment]]\n"))
      << process->files->text;
  svari_arena_fini(&arena);
}

} // namespace
