// The launcher and iceoryx's daemon, of which a machine has one: these tests need that none runs.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>

#include <csignal>
#include <memory>

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
  EXPECT_EQ(svari_roudi_probe(&is_running, nullptr), SVAR_OK) << svar_error_message();
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

  pid_t pid_in(const std::string &file) const
  {
    pid_t pid = 0;
    std::ifstream(prefix_.root / file) >> pid;
    EXPECT_GT(pid, 0);
    return pid;
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

// Another launch's, that was faster and answers while ours still comes up: it is used, and ours is not missed.
TEST_F(RoudiLaunch, ThatIsLostToARivalsIsNotMissed)
{
  prctl(PR_SET_CHILD_SUBREAPER, 1); // the orphan becomes this process's child
  const std::string path = prefix_.root.string();
  prefix_.program("listener", "trap 'exit 0' INT; touch " + path +
                                  "/used\necho ready\n"
                                  "while :; do sleep 0.02; done");
  prefix_.program("rival", "echo $$ >" + path + "/rival; exec /usr/bin/iox-roudi >/dev/null 2>&1");
  LaunchRun run(prefix_, {listener()},
                with_program("echo $$ >" + path + "/lost\nsetsid " + path +
                             "/lib/robot/rival &\n"
                             "until test -e " +
                             path + "/used; do sleep 0.02; done; exit 1"));
  ASSERT_TRUE(run.sees("[listener-1] ready")) << run.err;
  while (kill(pid_in("lost"), 0) == 0) { // until the launcher knows
    sched_yield();
  }
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_FALSE(has(run.err, "starting one again")) << run.err;
  kill(pid_in("rival"), SIGTERM);
  EXPECT_EQ(waitpid(pid_in("rival"), nullptr, 0), pid_in("rival"));
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

// What becomes of a running launch when its RouDi does not live as long. The talker needs none.
class RoudiRecovery : public RoudiLaunch
{
protected:
  void SetUp() override
  {
    RoudiLaunch::SetUp();
    Prefix::write(prefix_.index("packages") / "shared_variable", "");
    prefix_.program("../shared_variable/iceoryx_probe", "exec " SVAR_TEST_PROBE);
    prefix_.program("talker", "trap 'exit 0' INT; echo talking; while :; do sleep 0.02; done");
    run_ = std::make_unique<LaunchRun>(
        prefix_, std::vector<std::string>{both()},
        with_program("echo $$ > " + pid_file() + "; exec /usr/bin/iox-roudi \"$@\""));
    ASSERT_TRUE(run_->sees("[listener-2] ready")) << run_->err;
    ASSERT_TRUE(run_->sees("[talker-1] talking")) << run_->err;
  }
  // The listener is back, and only it was away.
  void ExpectRecovery(const std::string &what)
  {
    ASSERT_TRUE(
        run_->sees("[launch] iox-roudi " + what + ": starting one again, and then listener-2\n"));
    ASSERT_TRUE(run_->sees("[listener-2] interrupted\n[listener-2] ready"));
    EXPECT_TRUE(roudi_runs());
    run_->signal(SIGINT);
    EXPECT_EQ(run_->finish(), 1); // all is well, but it was not
    EXPECT_EQ(Count(run_->err, "iox-roudi started"), 2) << run_->err;
    EXPECT_EQ(Count(run_->err, "listener-2 started"), 2) << run_->err;
    EXPECT_EQ(Count(run_->err, "talker-1 started"), 1) << run_->err;
    EXPECT_FALSE(fs::exists("/dev/shm/iceoryx_mgmt")); // what the first had left
  }
  static int Count(const std::string &text, const std::string &part)
  {
    int count = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
      count++;
    }
    return count;
  }
  std::string both() const
  {
    return prefix_.launch("<node pkg='robot' exec='talker' output='screen'/>"
                          "<node pkg='robot' exec='listener' output='screen'/>");
  }
  std::string pid_file() const
  {
    return (prefix_.root / "pid").string();
  }
  pid_t roudi() const
  {
    return pid_in("pid");
  }

  std::unique_ptr<LaunchRun> run_;
};

TEST_F(RoudiRecovery, FollowsADeath)
{
  kill(roudi(), SIGKILL);
  ExpectRecovery("was ended by SIGKILL");
}

TEST_F(RoudiRecovery, FollowsAnEndThatSomebodyAskedFor)
{
  kill(roudi(), SIGTERM);
  ExpectRecovery("ended");
}

TEST_F(RoudiRecovery, FollowsAPauseInWhichItCannotAnswer)
{
  kill(roudi(), SIGSTOP);
  ExpectRecovery("does not answer");
}

TEST_F(RoudiRecovery, FollowsTheLossOfTheSocketByWhichEachNodeWouldJoinIt)
{
  fs::remove("/tmp/roudi");
  ExpectRecovery("has lost its socket");
}

TEST_F(RoudiRecovery, FollowsAWedgeByAProcessThatWasKilledInsidePublish)
{
  pid_t victim = fork();
  if (victim == 0) {
    execl(SVAR_TEST_KILLED_IN_PUBLISH, SVAR_TEST_KILLED_IN_PUBLISH, nullptr);
    _exit(126);
  }
  int status = 0;
  ASSERT_EQ(waitpid(victim, &status, 0), victim);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  ExpectRecovery("does not answer");
}

// RouDis that the launch did not start.
class ForeignRoudi : public RoudiRecovery
{
protected:
  void SetUp() override
  {
    RoudiLaunch::SetUp();
    Prefix::write(prefix_.index("packages") / "shared_variable", "");
    prefix_.program("../shared_variable/iceoryx_probe", "exec " SVAR_TEST_PROBE);
    prefix_.program("talker", "trap 'exit 0' INT; echo talking; while :; do sleep 0.02; done");
    foreign_ = std::make_unique<Roudi>(Roudi::WithinTurn{});
    run_ = std::make_unique<LaunchRun>(prefix_, std::vector<std::string>{both()});
    ASSERT_TRUE(run_->sees("[listener-2] ready")) << run_->err;
  }
  void TearDown() override
  {
    foreign_.reset();
    RoudiLaunch::TearDown();
  }
  std::unique_ptr<Roudi> foreign_;
};

TEST_F(ForeignRoudi, ThatIsRestartedGetsItsUsersAgain)
{
  run_->signal(SIGSTOP); // else it may be the first to start the next one
  foreign_->Kill();
  foreign_->Start();
  run_->signal(SIGCONT);
  ASSERT_TRUE(run_->sees("[listener-2] interrupted\n[listener-2] ready"));
  EXPECT_TRUE(has(run_->err, "starting one again, and then listener-2\n")) << run_->err;
  run_->signal(SIGINT);
  EXPECT_EQ(run_->finish(), 1);
}

TEST_F(ForeignRoudi, ThatHangsIsLeftToWhoStartedItAndThenReplaced)
{
  foreign_->Pause();
  ASSERT_TRUE(run_->sees("an iox-roudi that this launch did not start does not answer: stop it"));
  foreign_->Kill();
  ASSERT_TRUE(run_->sees("iox-roudi has died: starting one again, and then listener-2\n"));
  ASSERT_TRUE(run_->sees("[listener-2] interrupted\n[listener-2] ready"));
  run_->signal(SIGINT);
  EXPECT_EQ(run_->finish(), 1);
  EXPECT_EQ(Count(run_->err, "iox-roudi started"), 1) << run_->err;
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
