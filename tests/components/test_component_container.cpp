#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "tests/components/container_process.hpp"

namespace
{

// Runs one recorder to its end.
std::string
Record(const Words &rules, int *out_code)
{
  Container container(Words{kRecorder} + Parameters(rules));
  *out_code = container.Wait();
  return LinesOf(container, kNode);
}

TEST(ComponentContainer, AComponentLivesThroughItsCallbacksInOrderUntilItIsDone)
{
  int code;
  std::string lines = Record({"period_ms:=1", "steps:=2"}, &code);
  lines.erase(lines.find(", "), strlen(", none missed")); // a machine may be that busy: "some"
  EXPECT_EQ(lines, "create|configure|activate|step|step|done after 2 steps|deactivate|cleanup|"
                   "shutdown|destroy|");
  EXPECT_EQ(code, 0);
}

TEST(ComponentContainer, APeriodOfZeroStepsWithoutAPause)
{
  int code;
  EXPECT_EQ(Record({"period_ms:=0", "steps:=100000"}, &code),
            "create|configure|activate|step|step|step|done after 100000 steps, none missed|"
            "deactivate|cleanup|shutdown|destroy|");
  EXPECT_EQ(code, 0);
}

TEST(ComponentContainer, AStepLongerThanThePeriodMissesDeadlines)
{
  int code;
  std::string lines = Record({"period_ms:=1.0", "step_ms:=5.0", "steps:=4"}, &code);
  EXPECT_TRUE(Contains(lines, "done after 4 steps, some missed|")) << lines;
  EXPECT_EQ(code, 0);
}

TEST(ComponentContainer, WithoutAPeriodItWaitsForASignalAndGoesDownInOrder)
{
  for (int number : {SIGINT, SIGTERM, SIGHUP}) {
    Container container({kRecorder});
    ASSERT_TRUE(container.WaitFor("activate"));
    container.Signal(number);
    EXPECT_EQ(container.Wait(), 0);
    EXPECT_EQ(LinesOf(container, kNode),
              "create|configure|activate|deactivate|cleanup|shutdown|destroy|");
    EXPECT_EQ(LinesOf(container, "component_container"),
              "stopping on SIG" + std::string(sigabbrev_np(number)) + "|");
  }
}

TEST(ComponentContainer, AHangupThatIsIgnoredAtTheStartStaysIgnored)
{
  signal(SIGHUP, SIG_IGN); // as nohup does; a program that is started inherits it
  Container container({kRecorder});
  signal(SIGHUP, SIG_DFL);
  ASSERT_TRUE(container.WaitFor("activate"));
  container.Signal(SIGHUP);
  container.Signal(SIGTERM);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_EQ(LinesOf(container, "component_container"), "stopping on SIGTERM|");
}

TEST(ComponentContainer, ASignalEndsTheSleepBetweenSteps)
{
  Container container(Words{kRecorder} + Parameters({"period_ms:=3.6e6"}));
  ASSERT_TRUE(container.WaitFor("step"));
  container.Signal(SIGINT);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_EQ(LinesOf(container, kNode),
            "create|configure|activate|step|deactivate|cleanup|shutdown|destroy|");
}

TEST(ComponentContainer, ASecondSignalEndsTheProcessAtOnce)
{
  Container container(Words{kRecorder} + Parameters({"period_ms:=0", "step_ms:=3.6e6"}));
  ASSERT_TRUE(container.WaitFor("step"));
  container.Signal(SIGINT);
  ASSERT_TRUE(container.WaitFor("stopping on SIGINT"));
  container.Signal(SIGTERM);
  EXPECT_EQ(container.Wait(), 128 + SIGTERM);
  EXPECT_FALSE(Contains(container.Errors(), "deactivate"));
}

TEST(ComponentContainer, ASecondHangupLetsThemGoDownInOrder)
{
  Container container(Words{kRecorder} + Parameters({"period_ms:=0", "step_ms:=300.0"}));
  ASSERT_TRUE(container.WaitFor("step"));
  container.Signal(SIGHUP);
  ASSERT_TRUE(container.WaitFor("stopping on SIGHUP"));
  container.Signal(SIGHUP);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_TRUE(Contains(LinesOf(container, kNode), "deactivate|cleanup|shutdown|destroy|"))
      << container.Errors();
}

TEST(ComponentContainer, WorkGoesOnWhenNobodyReadsTheLog)
{
  Container container(Words{kRecorder} + Parameters({"period_ms:=20.0", "steps:=4"}));
  ASSERT_TRUE(container.WaitFor("step"));
  container.CloseErrors();
  EXPECT_EQ(container.Wait(), 0);
}

TEST(ComponentContainer, EveryFailingCallbackIsNamedWithItsReasonAndEndsInOrder)
{
  const struct {
    Words rules;
    const char *lines;
  } cases[] = {
      {{"fail_in:=create"}, "create|create failed: create does not feel like it|"},
      {{"fail_in:=configure"},
       "create|configure|configure failed: configure does not feel like it|shutdown|destroy|"},
      {{"fail_in:=configure", "fail_as:=silence"},
       "create|configure|configure failed: it gave no reason|shutdown|destroy|"},
      {{"fail_in:=configure", "fail_as:=error"},
       "create|configure|configure ended in an error: configure does not feel like it|on_error|"
       "destroy|"},
      {{"fail_in:=configure", "fail_as:=nonsense"},
       "create|configure|configure ended in an error: configure does not feel like it|on_error|"
       "destroy|"},
      {{"fail_in:=activate"},
       "create|configure|activate|activate failed: activate does not feel like it|cleanup|"
       "shutdown|destroy|"},
      {{"fail_in:=activate", "fail_as:=error", "recovers:=true"},
       "create|configure|activate|activate ended in an error: activate does not feel like it|"
       "on_error|shutdown|destroy|"},
      {{"fail_in:=step", "period_ms:=0"},
       "create|configure|activate|step|step 0 failed: step does not feel like it|deactivate|"
       "cleanup|shutdown|destroy|"},
      {{"fail_in:=step", "fail_as:=silence", "period_ms:=0"},
       "create|configure|activate|step|step 0 failed: it gave no reason|deactivate|cleanup|"
       "shutdown|destroy|"},
      {{"fail_in:=deactivate", "period_ms:=0", "steps:=1"},
       "create|configure|activate|step|done after 1 steps, none missed|deactivate|deactivate "
       "failed: deactivate does not feel like it|shutdown|destroy|"},
      {{"fail_in:=cleanup", "fail_as:=error", "period_ms:=0", "steps:=1"},
       "create|configure|activate|step|done after 1 steps, none missed|deactivate|cleanup|cleanup "
       "ended in an error: cleanup does not feel like it|on_error|destroy|"},
  };
  for (const auto &c : cases) {
    int code;
    EXPECT_EQ(Record(c.rules, &code), c.lines);
    EXPECT_EQ(code, 1) << c.lines;
  }
}

TEST(ComponentContainer, AConfigureThatWaitsIsInterruptedWithoutAFailure)
{
  Container container(Words{kRecorder} + Parameters({"waits:=true"}));
  ASSERT_TRUE(container.WaitFor("configure"));
  container.Signal(SIGINT);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_EQ(LinesOf(container, kNode),
            "create|configure|configure was interrupted: nobody came|shutdown|destroy|");
}

TEST(ComponentContainer, ManyComeUpInOrderAndGoDownInReverse)
{
  Container container({std::string(kRecorder) + "=left", std::string(kRecorder) + "=right"});
  ASSERT_TRUE(container.WaitFor("[right]: activate"));
  container.Signal(SIGTERM);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_EQ(container.Errors(), "[INFO] [left]: create\n"
                                "[INFO] [left]: configure\n"
                                "[INFO] [left]: activate\n"
                                "[INFO] [right]: create\n"
                                "[INFO] [right]: configure\n"
                                "[INFO] [right]: activate\n"
                                "[INFO] [component_container]: stopping on SIGTERM\n"
                                "[INFO] [right]: deactivate\n"
                                "[INFO] [right]: cleanup\n"
                                "[INFO] [right]: shutdown\n"
                                "[INFO] [right]: destroy\n"
                                "[INFO] [left]: deactivate\n"
                                "[INFO] [left]: cleanup\n"
                                "[INFO] [left]: shutdown\n"
                                "[INFO] [left]: destroy\n");
}

TEST(ComponentContainer, OneThatIsDoneGoesDownWhileTheOthersRun)
{
  Container container({std::string(kRecorder) + "=quick", std::string(kRecorder) + "=slow",
                       "--ros-args", "-p", "quick:steps:=1", "-p", "quick:period_ms:=0"});
  ASSERT_TRUE(container.WaitFor("[slow]: activate"));
  if (!Contains(container.Errors(), "[quick]: destroy")) {
    ASSERT_TRUE(container.WaitFor("[quick]: destroy"));
  }
  container.Signal(SIGINT);
  EXPECT_EQ(container.Wait(), 0);
}

TEST(ComponentContainer, TheFailureOfOneLeavesTheOthersRunning)
{
  for (const char *callback :
       {"create", "configure", "activate", "step", "deactivate", "cleanup", "shutdown"}) {
    Container container({std::string(kRecorder) + "=bad", std::string(kRecorder) + "=good",
                         "--ros-args", "-p", "bad:period_ms:=0", "-p", "bad:steps:=1", "-p",
                         "bad:fail_in:=" + std::string(callback)});
    ASSERT_TRUE(container.WaitFor("[good]: activate")) << callback;
    if (!Contains(container.Errors(), "does not feel like it")) {
      ASSERT_TRUE(container.WaitFor("does not feel like it")) << callback;
    }
    container.Signal(SIGINT);
    EXPECT_EQ(container.Wait(), 1) << callback;
    EXPECT_EQ(LinesOf(container, "good"),
              "create|configure|activate|deactivate|cleanup|shutdown|destroy|")
        << callback;
  }
}

TEST(ComponentContainer, ExitOnFailureTakesTheOthersDown)
{
  Container container({"--exit-on-failure", std::string(kRecorder) + "=good",
                       std::string(kRecorder) + "=waiting", std::string(kRecorder) + "=never",
                       "--ros-args", "-p", "good:period_ms:=0", "-p", "good:fail_in:=step", "-p",
                       "waiting:waits:=true"});
  EXPECT_EQ(container.Wait(), 1);
  EXPECT_TRUE(Contains(LinesOf(container, "good"), "step 0 failed")) << container.Errors();
  EXPECT_TRUE(Contains(LinesOf(container, "good"), "deactivate|cleanup|shutdown|destroy|"));
  EXPECT_FALSE(Contains(LinesOf(container, "waiting"), "activate|"));
  EXPECT_EQ(LinesOf(container, "never"), "");
}

TEST(ComponentContainer, AFinalErrorInEveryCallbackLeavesTheOthersRunning)
{
  for (const char *callback : {"configure", "activate", "deactivate", "cleanup", "shutdown"}) {
    Container container({std::string(kRecorder) + "=bad", std::string(kRecorder) + "=good",
                         "--ros-args", "-p", "bad:period_ms:=0", "-p", "bad:steps:=1", "-p",
                         "bad:fail_as:=error", "-p", "bad:fail_in:=" + std::string(callback)});
    ASSERT_TRUE(container.WaitFor("[good]: activate")) << callback;
    if (!Contains(container.Errors(), "[bad]: on_error")) {
      ASSERT_TRUE(container.WaitFor("[bad]: on_error")) << callback;
    }
    container.Signal(SIGINT);
    EXPECT_EQ(container.Wait(), 1) << callback;
    EXPECT_TRUE(Contains(LinesOf(container, "good"), "deactivate|")) << callback;
  }
}

TEST(ComponentContainer, ACallbackThatTakesLongHoldsUpOnlyWhoCameAfterItInTheOrder)
{
  Container container({std::string(kRecorder) + "=quick", std::string(kRecorder) + "=long",
                       "--ros-args", "-p", "quick:period_ms:=1.0", "-p", "quick:steps:=200", "-p",
                       "long:waits:=true"});
  ASSERT_TRUE(container.WaitFor("[quick]: destroy"));
  container.Signal(SIGINT);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_TRUE(Contains(LinesOf(container, "long"), "configure was interrupted"));
}

// Which thread ran each callback of the nodes, as the kernel calls it.
TEST(ComponentContainer, NodesMayShareOneThread)
{
  Words words = {std::string(kRecorder) + "=left", std::string(kRecorder) + "=right",
                 std::string(kRecorder) + "=alone", "--ros-args"};
  for (const char *rule :
       {"left:realtime.thread:=both", "right:realtime.thread:=both", "period_ms:=1.0",
        "tells_thread:=true", "left:steps:=20", "right:steps:=30", "alone:steps:=20"}) {
    words = words + Words{"-p", rule};
  }
  Container container(words);
  EXPECT_EQ(container.Wait(), 0);
  for (const char *node : {"left", "right"}) {
    EXPECT_TRUE(Contains(LinesOf(container, node), "step: thread both, "));
    EXPECT_TRUE(Contains(LinesOf(container, node), "destroy: thread both, "));
    EXPECT_TRUE(Contains(LinesOf(container, node), "0 steps, ")) << container.Errors();
  }
  EXPECT_TRUE(Contains(LinesOf(container, "alone"), "step: thread alone, "));
}

TEST(ComponentContainer, NodesThatShareAThreadShareItsOptions)
{
  Container container({std::string(kRecorder) + "=left", std::string(kRecorder) + "=right",
                       "--ros-args", "-p", "realtime.thread:=both", "-p",
                       "right:realtime.stack_kib:=100", "-p", "steps:=1", "-p", "period_ms:=0"});
  EXPECT_EQ(container.Wait(), 1);
  EXPECT_TRUE(Contains(container.Errors(),
                       "nodes '/right' and '/left' share the thread 'both' (realtime.thread) but "
                       "not the other parameters realtime.*"))
      << container.Errors();
  EXPECT_TRUE(Contains(LinesOf(container, "left"), "destroy|"));
}

TEST(ComponentContainer, NodesAreNamedByRulesAndMustDiffer)
{
  Container same({kRecorder, kRecorder});
  EXPECT_EQ(same.Wait(), 1);
  EXPECT_TRUE(Contains(same.Errors(), "two components would be called '/recorder_of_http_calls2'"))
      << same.Errors();

  Container named({kRecorder, "test::Least=kept", "--ros-args", "-r", "__node:=new", "-r",
                   "__ns:=/robot", "-r", "out:=/elsewhere", "-r", "~/out:=in", "--log-level",
                   "robot.new:=debug"});
  ASSERT_TRUE(named.WaitFor("[robot.kept]: least create"));
  named.Signal(SIGINT);
  EXPECT_EQ(named.Wait(), 0);
  EXPECT_TRUE(Contains(named.Errors(), "[DEBUG] [robot.new]: topic /robot/in of /robot/new"))
      << named.Errors();
}

TEST(ComponentContainer, BadNamesAreRefused)
{
  for (const Words &arguments :
       std::vector<Words>{{"test::Least=9x"},
                          {"test::Least="},
                          {"test::Least", "--ros-args", "-r", "__ns:=/a/"}}) {
    Container container(arguments);
    EXPECT_EQ(container.Wait(), 1);
    EXPECT_TRUE(Contains(container.Errors(), "[ERROR] [component_container]: '"))
        << container.Errors();
  }
}

TEST(ComponentContainer, FaultyLibrariesAreRefusedWithTheReason)
{
  const struct {
    const char *type, *reason;
  } cases[] = {
      {"test::FaultyAbi", "was built for component ABI 99, this program runs ABI 2"},
      {"test::FaultySize", "has a component descriptor of 8 bytes"},
      {"test::FaultyDefault", "declares a parameter whose default breaks its own limits"},
      {"test::FaultyDestroy", "lacks create, configure or destroy"},
      {"test::FaultyEntry", "does not export svar_component_entry"},
      {"test::FaultyUndefined", "a_symbol_that_nobody_defines"},
      {"test::FaultyPromise", "promises component 'test::FaultyPromise' in '"},
      {"test::FaultyFile", "libnowhere.so"},
      {"test::Absolute", "which has: test::Faulty"},
      {"test::Unknown", "no component 'test::Unknown'; there are: test::RecorderOfHTTPCalls2, "},
  };
  for (const auto &c : cases) {
    Container container({c.type});
    EXPECT_EQ(container.Wait(), 1) << c.type;
    EXPECT_TRUE(Contains(container.Errors(), "[ERROR] [component_container]: ")) << c.type;
    EXPECT_TRUE(Contains(container.Errors(), c.reason)) << container.Errors();
  }
}

TEST(ComponentContainer, ParametersAreCheckedBeforeAnythingRuns)
{
  const struct {
    const char *rule, *reason;
  } cases[] = {
      {"steps:=fast",
       "parameter 'steps' of node '/recorder_of_http_calls2' is declared as integer, but was "
       "given the string 'fast'"},
      {"steps:=1.5", "given the double 1.5"},
      {"steps:=[1]", "given a sequence of 1 integer"},
      {"gains:=0.5", "is declared as double array, but was given the double 0.5; give a sequence"},
      {"gains:=[a]", "is declared as double array, but was given a sequence of 1 string"},
      {"gains:=[0, 2]", "must lie between -1 and 1, but was given the integer array [0, 2]"},
      {"steps:=-1", "must lie between 0 and 1e+06, but was given the integer -1"},
      {"period_ms:=.nan", "must lie between -1 and 3.6e+06, but was given the double nan"},
      {"waits:=1", "is declared as bool, but was given the integer 1"},
      {"topic:=5", "is declared as string, but was given the integer 5; quote it twice"},
      {"step:=1", "has no parameter 'step'; it has: fail_in, fail_as, serial, "},
      {"other:only_here:=1", ""},
  };
  for (const auto &c : cases) {
    Container container(Words{kRecorder, "test::Least=other"} + Parameters({c.rule}));
    if (c.reason[0] == '\0') {
      ASSERT_TRUE(container.WaitFor("[other]: least create"));
      container.Signal(SIGINT);
      EXPECT_EQ(container.Wait(), 0);
      continue;
    }
    EXPECT_EQ(container.Wait(), 1) << c.rule;
    EXPECT_TRUE(Contains(container.Errors(), c.reason)) << container.Errors();
    EXPECT_FALSE(Contains(container.Errors(), "create")) << container.Errors();
  }
}

TEST(ComponentContainer, WhatIsSaidToAllNeedOnlyConcernOne)
{
  Container all(Words{kRecorder, "test::Least=other"} +
                Parameters({"only_here:=2", "steps:=1", "period_ms:=0"}));
  ASSERT_TRUE(all.WaitFor("[other]: least create"));
  all.Signal(SIGINT);
  EXPECT_EQ(all.Wait(), 0);

  Container one(Words{kRecorder, "test::Least=other"} + Parameters({"other:steps:=1"}));
  EXPECT_EQ(one.Wait(), 1);
  EXPECT_TRUE(Contains(one.Errors(), "node '/other' (test::Least) has no parameter 'steps'; it "
                                     "has: only_here"))
      << one.Errors();
}

TEST(ComponentContainer, WrongCommandLinesAreSaid)
{
  const struct {
    Words arguments;
    const char *reason;
  } cases[] = {
      {{"--what"}, "unknown option '--what'"},
      {{"test::Least", "--ros-args", "--what"}, "unknown ROS argument '--what'"},
      {{"test::Least", "--ros-args", "--params-file", "/nowhere.yaml"},
       "cannot open parameter file '/nowhere.yaml'"},
      {{"--help", "test::Unknown"}, "no component 'test::Unknown'"},
  };
  for (const auto &c : cases) {
    Container container(c.arguments);
    EXPECT_EQ(container.Wait(), 1) << c.reason;
    EXPECT_TRUE(Contains(container.Errors(), c.reason)) << container.Errors();
  }
}

TEST(ComponentContainer, ABareRuleIsTakenWithAWarning)
{
  Container container({"test::Least", "__node:=named"});
  ASSERT_TRUE(container.WaitFor("[named]: least create"));
  container.Signal(SIGINT);
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_TRUE(Contains(container.Errors(), "[WARN] [component_container]: '__node:=named' is"));
}

TEST(ComponentContainer, LogLevelsAndTheConsoleCanBeTurnedDown)
{
  int code;
  EXPECT_EQ(Record({"period_ms:=0", "steps:=1"}, &code).substr(0, 7), "create|");
  Container quiet(Words{kRecorder} + Parameters({"period_ms:=0", "steps:=1"}) +
                  Words{"--log-level", "warn"});
  EXPECT_EQ(quiet.Wait(), 0);
  EXPECT_FALSE(Contains(quiet.Errors(), "[INFO]")) << quiet.Errors();
  Container silent(Words{"test::Unknown", "--ros-args", "--disable-stdout-logs"});
  EXPECT_EQ(silent.Wait(), 1);
  EXPECT_EQ(silent.Errors(), "");
}

TEST(ComponentContainer, TheOperatorsLogFormatStays)
{
  Container container(Words{"test::Unknown"},
                      {{"RCUTILS_CONSOLE_OUTPUT_FORMAT", "<{severity}> {message}"}});
  EXPECT_EQ(container.Wait(), 1);
  EXPECT_TRUE(Contains(container.Errors(), "<ERROR> no component")) << container.Errors();
}

TEST(ComponentContainer, HelpAndListAnswerOnStandardOutput)
{
  Container help({"--help"});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_TRUE(Contains(help.Output(), "Usage: component_container [--exit-on-failure] TYPE"))
      << help.Output();

  Container of_type({"--help", kRecorder});
  EXPECT_EQ(of_type.Wait(), 0);
  EXPECT_TRUE(Contains(of_type.Output(), "  steps (integer, default 0, 0 to 1e+06)\n"
                                         "      Done after so many; 0: never\n"))
      << of_type.Output();

  Container list({"--list"}, {{"AMENT_PREFIX_PATH", BROKEN_PREFIX ":" PREFIX}});
  EXPECT_EQ(list.Wait(), 1) << "some libraries of the test's prefix cannot be loaded";
  EXPECT_TRUE(Contains(list.Output(), "test::RecorderOfHTTPCalls2\tLogs its callbacks\n"
                                      "test::Least\t(no description)\n"))
      << list.Output();
  EXPECT_TRUE(Contains(list.Errors(), "component ABI 99")) << list.Errors();
  EXPECT_TRUE(Contains(list.Errors(), "'not an entry' is not of the form")) << list.Errors();
}

TEST(ComponentProgram, FindsItsComponentInItsOwnPrefixAndIsNamedAsItIs)
{
  Process program({PROGRAM, "--ros-args", "-p", "period_ms:=0", "-p", "steps:=1"},
                  {{"AMENT_PREFIX_PATH", ""}});
  EXPECT_EQ(program.Wait(), 0);
  EXPECT_EQ(LinesOf(program, "recorder_program").substr(0, 17), "create|configure|")
      << program.Errors();

  Process help({PROGRAM, "--help"}, {{"AMENT_PREFIX_PATH", ""}});
  EXPECT_EQ(help.Wait(), 0);
  EXPECT_TRUE(Contains(help.Output(), "Usage: recorder_program [--ros-args ...]")) << help.Output();
  EXPECT_TRUE(Contains(help.Output(), "  fail_as (string, default 'failure')")) << help.Output();

  Process wrong({PROGRAM, "user_argument"}, {{"AMENT_PREFIX_PATH", ""}});
  EXPECT_EQ(wrong.Wait(), 1);
  EXPECT_TRUE(Contains(wrong.Errors(), "unexpected argument 'user_argument'")) << wrong.Errors();
}

} // namespace
