// The launcher runs shell scripts as nodes.
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <csignal>

#include "tests/launch/launch_run.hpp"

namespace
{

using launch_test::LaunchRun;
using launch_test::Prefix;
namespace fs = std::filesystem;

// Bodies of scripts. A node that waits ends with SIGINT, unless it is deaf.
const char *const WAITER = "trap 'echo interrupted; exit 0' INT\necho ready\n"
                           "while :; do sleep 0.02; done";
const char *const DEAF_WAITER = "trap '' INT\ntrap 'echo terminated; exit 0' TERM\necho ready\n"
                                "while :; do sleep 0.02; done";
const char *const DEAFEST_WAITER = "trap '' INT TERM\necho ready\nwhile :; do sleep 0.02; done";

bool
has(const std::string &text, const std::string &part)
{
  return text.find(part) != std::string::npos;
}

size_t
count_of(const std::string &text, const std::string &part)
{
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

bool
is_alive(pid_t pid)
{
  return kill(pid, 0) == 0;
}

pid_t
pid_in(const fs::path &path)
{
  pid_t pid = 0;
  std::ifstream(path) >> pid;
  return pid;
}

class Runner : public testing::Test
{
protected:
  static std::string node(const std::string &name, const std::string &more = "")
  {
    return "<node pkg='robot' exec='" + name + "' output='screen' " + more + "/>";
  }

  // Nothing of the launcher's own may stay.
  void TearDown() override
  {
    EXPECT_TRUE(fs::is_empty(prefix_.root / "tmp"));
  }

  Prefix prefix_;
};

TEST_F(Runner, ForwardsEachLineUnderItsNodesNameOnTheSameStream)
{
  prefix_.program("talker", "echo one; echo; echo two; echo three >&2; printf last");
  LaunchRun run(prefix_, {prefix_.launch(node("talker"))});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(run.out, "[talker-1] one\n[talker-1] \n[talker-1] two\n[talker-1] last\n");
  EXPECT_TRUE(has(run.err, "[talker-1] three\n")) << run.err;
  EXPECT_TRUE(has(run.err, "[launch] talker-1 ended\n")) << run.err;
}

TEST_F(Runner, WritesALiveLineOnceWhenPiped)
{
  prefix_.program("talker", "printf 'a\\rab\\rabc\\n'; printf '\\r1'; printf '\\r12'; echo; "
                            "printf 'x\\r\\n'");
  LaunchRun run(prefix_, {prefix_.launch(node("talker"))});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(run.out, "[talker-1] abc\n[talker-1] 12\n[talker-1] x\n");
}

TEST_F(Runner, CutsAnEndlessLineIntoPieces)
{
  prefix_.program("talker", "head -c 40000 /dev/zero | tr '\\0' x");
  LaunchRun run(prefix_, {prefix_.launch(node("talker"))});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(count_of(run.out, "[talker-1] "), 3u);
  EXPECT_EQ(run.out.size(), 40000 + 3 * std::string("[talker-1] \n").size());
}

TEST_F(Runner, GivesANodeItsArgumentsParametersEnvironmentAndDirectory)
{
  prefix_.program("talker", "echo \"$@\"; cat \"$5\"; echo \"$A\" \"${B-unset}\"; pwd; cat");
  setenv("B", "outside", 1);
  LaunchRun run(prefix_, {prefix_.launch(R"(<unset_env name="B"/>
    <node pkg="robot" exec="talker" name="n" cwd="/" output="screen">
      <param name="p" value="y" type="str"/><env name="A" value="first"/>
      <env name="A" value="second"/></node>)")});
  EXPECT_EQ(run.finish(), 0);
  unsetenv("B");
  EXPECT_TRUE(has(run.out, "[talker-1] --ros-args -r __node:=n --params-file "));
  EXPECT_TRUE(has(run.out, "[talker-1]     p: 'y'\n[talker-1] second unset\n[talker-1] /\n"))
      << run.out;
}

TEST_F(Runner, LetsANodeThinkThatItWritesToATerminal)
{
  prefix_.program("talker", "test -t 1 && test -t 2 && echo terminal || echo pipe\n"
                            "echo 'no change' >&2; printf last");
  LaunchRun run(prefix_, {prefix_.launch(node("talker", "emulate_tty='true'") + node("talker"))});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_TRUE(has(run.out, "[talker-1] terminal\n")) << run.out;
  EXPECT_TRUE(has(run.out, "[talker-1] last\n")) << run.out;
  EXPECT_TRUE(has(run.err, "[talker-1] no change\n")) << run.err;
  EXPECT_TRUE(has(run.out, "[talker-2] pipe\n")) << run.out;
}

TEST_F(Runner, RunsACommandInAShell)
{
  LaunchRun run(prefix_, {prefix_.launch("<executable cmd='cd / ; pwd' shell='true' "
                                         "output='screen'/>")});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(run.out, "[cd-1] /\n");
}

TEST_F(Runner, StopsAllInReverseOrderOnCtrlC)
{
  prefix_.program("talker", WAITER);
  LaunchRun run(prefix_,
                {prefix_.launch(node("talker", "exec_name='a'") + node("talker", "exec_name='b'") +
                                node("talker", "exec_name='c'"))});
  for (const char *label : {"[a-1] ready", "[b-2] ready", "[c-3] ready"}) {
    ASSERT_TRUE(run.sees(label));
  }
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_TRUE(has(run.err, "[launch] SIGINT: stopping c-3, b-2, a-1\n")) << run.err;
  EXPECT_EQ(count_of(run.out, "interrupted\n"), 3u) << run.out;
}

TEST_F(Runner, TakesSigtermForCtrlC)
{
  prefix_.program("talker", WAITER);
  LaunchRun run(prefix_, {prefix_.launch(node("talker"))});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGTERM);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_TRUE(has(run.out, "interrupted"));
}

TEST_F(Runner, CallsANodeWithoutHandlersWellEndedWhenItWasStopped)
{
  prefix_.program("talker", "echo ready; exec sleep 60");
  LaunchRun run(prefix_, {prefix_.launch(node("talker"))});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0) << run.err;
}

TEST_F(Runner, StopsNodesEvenWhereTheLauncherWasStartedWithSignalsIgnored)
{
  prefix_.program("talker", "echo ready; exec sleep 60");
  LaunchRun::Options options;
  options.ignores_signals = true;
  LaunchRun run(prefix_, {prefix_.launch(node("talker", "sigterm_timeout='60'"))}, options);
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0) << run.err;
}

TEST_F(Runner, SendsSigtermToANodeThatIgnoresSigint)
{
  prefix_.program("talker", DEAF_WAITER);
  LaunchRun run(prefix_, {prefix_.launch(node("talker", "sigterm_timeout='0.1'"))});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_TRUE(has(run.err, "talker-1 did not end 0.1 s after SIGINT: sending SIGTERM")) << run.err;
  EXPECT_TRUE(has(run.out, "terminated"));
}

TEST_F(Runner, KillsANodeThatIgnoresEverythingAndCallsThatAFailure)
{
  prefix_.program("talker", DEAFEST_WAITER);
  LaunchRun run(prefix_,
                {prefix_.launch(node("talker", "sigterm_timeout='0.05' sigkill_timeout='0.1'"))});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(run.err, "talker-1 did not end 0.1 s after SIGTERM: sending SIGKILL")) << run.err;
  EXPECT_TRUE(has(run.err, "talker-1 was ended by SIGKILL")) << run.err;
}

TEST_F(Runner, WaitsNoLongerWhenCtrlCComesAgain)
{
  prefix_.program("talker", DEAF_WAITER);
  LaunchRun run(prefix_, {prefix_.launch(node("talker", "sigterm_timeout='600'"))});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGINT);
  ASSERT_TRUE(run.sees("stopping talker-1"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_TRUE(has(run.out, "terminated"));
}

TEST_F(Runner, GivesNodesTheirTimeWhenTheTerminalIsClosed)
{
  const fs::path done = prefix_.root / "done";
  prefix_.program("talker",
                  "trap 'echo asked' INT\ntrap 'echo terminated; exit 1' TERM\necho ready\n"
                  "until test -e '" +
                      done.string() + "'; do sleep 0.02; done");
  LaunchRun run(prefix_, {prefix_.launch(node("talker", "sigterm_timeout='600'"))});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGHUP); // from the shell
  ASSERT_TRUE(run.sees("asked"));
  run.signal(SIGHUP); // from the kernel
  std::ofstream(done).close();
  EXPECT_EQ(run.finish(), 0);
  EXPECT_FALSE(has(run.out, "terminated")) << run.out;
}

TEST_F(Runner, EndsWithTheNodeWhoseEndIsShutdown)
{
  prefix_.program("talker", WAITER);
  prefix_.program("listener", "while ! [ -e \"$1\" ]; do sleep 0.02; done; echo done");
  const std::string flag = (prefix_.root / "flag").string();
  LaunchRun run(prefix_,
                {prefix_.launch(node("talker") +
                                node("listener", "args='" + flag + "' on_exit='shutdown'"))});
  ASSERT_TRUE(run.sees("[talker-1] ready"));
  Prefix::write(flag, "");
  EXPECT_EQ(run.finish(), 0);
  EXPECT_TRUE(has(run.err, "listener-2 ended, and ends the launch: stopping talker-1\n"))
      << run.err;
  EXPECT_TRUE(has(run.out, "[talker-1] interrupted"));
}

TEST_F(Runner, FailsWithTheNodeWhoseEndIsShutdown)
{
  prefix_.program("talker", "exit 3");
  prefix_.program("listener", WAITER);
  LaunchRun run(prefix_, {prefix_.launch(node("listener") + node("talker", "on_exit='shutdown'"))});
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(
      run.err, "[launch] talker-2 exited with code 3, and ends the launch: stopping listener-1\n"))
      << run.err;
}

TEST_F(Runner, GoesOnWithoutAFailedNodeAndSaysSoInTheEnd)
{
  prefix_.program("talker", "kill -SEGV $$");
  prefix_.program("listener", WAITER);
  LaunchRun run(prefix_, {prefix_.launch(node("talker") + node("listener"))});
  ASSERT_TRUE(run.sees("[launch] talker-1 was ended by SIGSEGV"));
  ASSERT_TRUE(run.sees("[listener-2] ready"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 1);
}

TEST_F(Runner, CallsAFailureDuringTheStopAFailure)
{
  prefix_.program("talker", "trap 'exit 7' INT\necho ready\nwhile :; do sleep 0.02; done");
  LaunchRun run(prefix_, {prefix_.launch(node("talker"))});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(run.err, "talker-1 exited with code 7")) << run.err;
}

TEST_F(Runner, StartsANodeAgainAsOftenAsAllowed)
{
  prefix_.program("talker", "echo run");
  LaunchRun run(prefix_, {prefix_.launch(node("talker", "respawn='true' respawn_max_retries='2' "
                                                        "respawn_delay='0.01'"))});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(run.out, "[talker-1] run\n[talker-1] run\n[talker-1] run\n");
}

TEST_F(Runner, DoesNotStartANodeAgainWhileStopping)
{
  prefix_.program("talker", "echo run");
  LaunchRun run(prefix_, {prefix_.launch(node("talker", "respawn='true' respawn_delay='600'"))});
  ASSERT_TRUE(run.sees("talker-1 ended"));
  run.signal(SIGINT);
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(run.out, "[talker-1] run\n");
}

TEST_F(Runner, StopsWhatADyingNodeLeavesBehind)
{
  prefix_.program("listener", "trap '' INT\necho $$ > \"$1\"; while :; do sleep 0.02; done");
  prefix_.program("talker", "$(dirname \"$0\")/listener \"$1\" & "
                            "while ! [ -s \"$1\" ]; do sleep 0.02; done");
  const std::string file = (prefix_.root / "pid").string();
  LaunchRun run(prefix_,
                {prefix_.launch(node("talker", "sigterm_timeout='0.05' args='" + file + "'"))});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_TRUE(has(run.err, "talker-1 did not end 0.05 s after SIGINT")) << run.err;
  ASSERT_GT(pid_in(file), 0);
  EXPECT_FALSE(is_alive(pid_in(file)));
}

TEST_F(Runner, EndsWhenNothingRuns)
{
  LaunchRun run(prefix_, {prefix_.launch("<log message='nothing to do'/>")});
  EXPECT_EQ(run.finish(), 0);
  EXPECT_EQ(run.err, "[launch] nothing to do\n");
  EXPECT_EQ(run.out, "");
}

TEST_F(Runner, StopsWhatItStartedWhenAnotherCannotStart)
{
  prefix_.program("talker", WAITER);
  prefix_.program("listener", "");
  Prefix::write(prefix_.root / "lib/robot/listener", "no interpreter line");
  LaunchRun run(prefix_, {prefix_.launch(node("talker") + node("listener"))});
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(run.err, "a node cannot be started: stopping talker-1\n")) << run.err;
  EXPECT_TRUE(has(run.err, "svar launch: listener-2 cannot be started: '")) << run.err;
  EXPECT_TRUE(has(run.err, "Exec format error")) << run.err;
}

TEST_F(Runner, StartsNothingWhenTheFileHasAMistake)
{
  const fs::path flag = prefix_.root / "flag";
  prefix_.program("talker", "touch " + flag.string());
  LaunchRun run(prefix_, {prefix_.launch(node("talker") + "\n<log message='$(var none)'/>")});
  EXPECT_EQ(run.finish(), 1);
  EXPECT_TRUE(has(run.err, "svar launch: ")) << run.err;
  EXPECT_TRUE(has(run.err, "test.launch.xml:3: the variable 'none' is not set")) << run.err;
  EXPECT_FALSE(fs::exists(flag));
}

TEST_F(Runner, StopsEverythingWhenNobodyReadsTheOutput)
{
  const fs::path file = prefix_.root / "pid";
  prefix_.program("talker",
                  "echo $$ > " + file.string() + "; while :; do echo x; sleep 0.02; done");
  LaunchRun run(prefix_, {prefix_.launch(node("talker"))});
  ASSERT_TRUE(run.sees("[talker-1] x"));
  run.close_output();
  EXPECT_EQ(run.finish(), 1);
  EXPECT_FALSE(is_alive(pid_in(file)));
}

TEST(RunnerKilled, LeavesNoNodeRunning)
{
  prctl(PR_SET_CHILD_SUBREAPER, 1); // the orphan becomes this process's child
  Prefix prefix;
  const fs::path file = prefix.root / "pid";
  prefix.program("talker", "echo $$ > " + file.string() + "; echo ready; exec sleep 60");
  LaunchRun run(prefix, {prefix.launch("<node pkg='robot' exec='talker' output='screen'/>")});
  ASSERT_TRUE(run.sees("ready"));
  run.signal(SIGKILL);
  EXPECT_EQ(run.finish(), -1);
  const pid_t node = pid_in(file);
  int status = 0;
  ASSERT_GT(node, 0);
  EXPECT_EQ(waitpid(node, &status, 0), node);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) << status;
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

} // namespace
