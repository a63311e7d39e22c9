// What `svar component` does with a container that runs.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sched.h>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "components/control_protocol.h"
#include "fakes/scratch.hpp"
#include "tests/components/container_process.hpp"

namespace
{

// `svar component words...`, run to its end.
class Svar : public Process
{
public:
  explicit Svar(const Words &words) : Process(Words{SVAR_PROGRAM, "component"} + words, {})
  {
    code = Wait();
  }
  int code;
};

std::string
Output(const Words &words)
{
  Svar svar(words);
  EXPECT_EQ(svar.code, 0) << svar.Errors();
  return svar.Output();
}

std::string
Refusal(const Words &words)
{
  Svar svar(words);
  EXPECT_EQ(svar.code, 1) << svar.Output();
  return svar.Errors();
}

class ComponentControl : public testing::Test
{
protected:
  void SetUp() override
  {
    directory_.allow_leftovers(); // most containers are killed at their test's end
  }
  // A recorder in the container `box`.
  std::string Load(const std::string &name, const Words &rules = {}, const char *state = "active")
  {
    Words words = {"load", "box", kRecorder, "--state", state};
    return Output(words + Parameters(rules) + Words{"-r", "__node:=" + name});
  }
  std::string State(const std::string &node)
  {
    std::string text = Output({"get-state", node});
    return text.substr(0, text.size() - 1);
  }

  svar_test::ScratchDirectory directory_;
  Container box_{{"--ros-args", "-r", "__node:=box"}};
  bool is_up_ = WaitUntilUp();

private:
  // A container that has nothing to say yet: it is up when its socket has its name.
  bool WaitUntilUp()
  {
    while (directory_.files().empty() || directory_.files()[0].find(".new") != std::string::npos) {
      sched_yield();
    }
    return true;
  }
};

TEST_F(ComponentControl, ALoadWaitsForAContainerThatComesUp)
{
  Process loading(Words{SVAR_PROGRAM, "component", "load", "late", kRecorder}, {});
  ASSERT_TRUE(loading.WaitFor("svar: no container 'late' runs: waiting 5 s for it"));
  Container late({"--ros-args", "-r", "__node:=late"});
  EXPECT_EQ(loading.Wait(), 0) << loading.Errors();
  EXPECT_TRUE(Contains(Output({"list"}), kRecorder)) << late.Errors();
}

TEST_F(ComponentControl, WhatWasAskedForFromOutsideIsInTheLogOfItsNode)
{
  Load("n");
  Output({"set-state", "/n", "deactivate"});
  Output({"set-parameter", "/n", "period_ms:=5"});
  Refusal({"set-parameter", "/n", "serial:=8"});
  ASSERT_TRUE(box_.WaitFor("was asked to set"));
  std::string lines = LinesOf(box_, "n");
  EXPECT_TRUE(Contains(lines, "was asked to deactivate, and is inactive|")) << lines;
  EXPECT_TRUE(Contains(lines, "was asked to set 'period_ms', which is 5 now|")) << lines;
  EXPECT_FALSE(Contains(lines, "serial")) << lines;
}

TEST_F(ComponentControl, LoadsListsAndUnloads)
{
  std::string pid = std::to_string(box_.Pid());
  EXPECT_EQ(Output({"list"}), "/box\t" + pid + "\t-\t-\t-\t-\n");
  EXPECT_EQ(Load("a"), "1\t/a\n");
  EXPECT_EQ(Load("b", {}, "inactive"), "2\t/b\n");
  EXPECT_EQ(Output({"load", "/box", "test::Least", "--state", "unconfigured", "--ros-args", "-r",
                    "__ns:=/robot"}),
            "3\t/robot/least\n");
  EXPECT_EQ(Output({"list", "box"}),
            "/box\t" + pid + "\t1\t/a\ttest::RecorderOfHTTPCalls2\tactive\n/box\t" + pid +
                "\t2\t/b\ttest::RecorderOfHTTPCalls2\tinactive\n/box\t" + pid +
                "\t3\t/robot/least\ttest::Least\tunconfigured\n");
  EXPECT_EQ(Output({"unload", "box", "1", "/robot/least"}), "");
  EXPECT_EQ(Output({"list", pid}),
            "/box\t" + pid + "\t2\t/b\ttest::RecorderOfHTTPCalls2\tinactive\n");
  EXPECT_EQ(Load("a"), "4\t/a\n") << "a number is never used again, a name is";
  box_.Signal(SIGINT);
  EXPECT_EQ(box_.Wait(), 0);
  EXPECT_EQ(LinesOf(box_, "a"), "create|configure|activate|deactivate|cleanup|shutdown|destroy|"
                                "create|configure|activate|deactivate|cleanup|shutdown|destroy|");
  EXPECT_EQ(LinesOf(box_, "b"), "create|configure|cleanup|shutdown|destroy|");
  EXPECT_EQ(directory_.files(), Words{}) << "left behind";
}

TEST_F(ComponentControl, WhatCannotBeLoadedIsSaidAndLeavesNothing)
{
  const struct {
    Words words;
    const char *sentence;
  } cases[] = {
      {{"test::Unknown"}, "no component 'test::Unknown'; there are: "},
      {{"test::FaultyAbi"}, "was built for component ABI 99"},
      {{kRecorder, "--ros-args", "-p", "steps:=-1"}, "must lie between 0 and 1e+06"},
      {{kRecorder, "--ros-args", "-p", "stepz:=1"}, "has no parameter 'stepz'"},
      {{kRecorder, "--ros-args", "-r", "__node:=9"}, "a node's name is one word"},
      {{kRecorder, "--ros-args", "--what"}, "unknown ROS argument '--what'"},
      {{kRecorder, "--ros-args", "--", "user"}, "'user' is no ROS argument"},
      {{kRecorder, "--ros-args", "--log-level", "debug"}, "--log-level is the process's"},
      {{kRecorder, "--ros-args", "--params-file", "/nowhere.yaml"}, "'/nowhere.yaml'"},
      {{kRecorder, "--state", "finalized"}, "unconfigured, inactive or active, not to 'finalized'"},
      {{kRecorder, "--ros-args", "-p", "fail_in:=create"},
       "svar: node '/recorder_of_http_calls2': create failed: create does not feel like it\n"},
      {{kRecorder, "--ros-args", "-p", "fail_in:=configure"}, "configure failed: configure does"},
      {{kRecorder, "--ros-args", "-p", "fail_in:=activate", "-p", "fail_as:=error"},
       "activate ended in an error: activate does not feel like it\n"},
      {{kRecorder, "--ros-args", "-p", "realtime.cpus:=[1000]", "-p", "realtime.required:=true"},
       "realtime.required: realtime.cpus asks for CPU 1000"},
  };
  for (const auto &c : cases) {
    std::string refusal = Refusal(Words{"load", "box"} + c.words);
    EXPECT_TRUE(Contains(refusal, c.sentence)) << refusal;
  }
  Load("here");
  EXPECT_TRUE(
      Contains(Refusal({"load", "box", kRecorder, "--ros-args", "-r", "__node:=here"}),
               "two components would be called '/here': name one of them, with -r __node:="));
  EXPECT_TRUE(Contains(Refusal({"load", "bix", kRecorder, "--timeout", "1"}),
                       "no container 'bix' runs (did you mean '/box'?)"));
  std::string list = Output({"list"});
  EXPECT_TRUE(Contains(list, "/here")) << list;
  EXPECT_EQ(list.find('\n'), list.size() - 1) << list;
  box_.Signal(SIGINT);
  EXPECT_EQ(box_.Wait(), 0) << "a load that failed is no failure of the container";
}

TEST_F(ComponentControl, ContainersOfAnotherUserThatRefuseAreSaidInOneSentence)
{
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can be another user";
  }
  const Words as_stranger = {"/usr/bin/setpriv", "--reuid",   "65534", "--regid", "65534",
                             "--clear-groups",   SVAR_PROGRAM};
  if (Process(as_stranger + Words{"--help"}, {}).Wait() != 0) {
    GTEST_SKIP() << "another user cannot run svar where it was built";
  }
  ASSERT_EQ(chmod(directory_.path().c_str(), 0755), 0);
  for (const Words &words : {Words{"list"}, Words{"set-state", "/n", "activate"}}) {
    Process stranger(as_stranger + Words{"component"} + words + Words{"--owner", "0"}, {});
    EXPECT_EQ(stranger.Wait(), 1);
    EXPECT_EQ(stranger.Output(), "");
    EXPECT_EQ(stranger.Errors(), "svar: the containers of user 0 cannot be asked by user 65534: "
                                 "ask as the user that runs them, or as root\n");
  }
}

// The table of ros.md, asked for at run time: from each state every transition, with each result.
TEST_F(ComponentControl, EveryTransitionWithEveryResultLeadsWhereRos2Says)
{
  const struct {
    const char *transition, *from, *success, *failure;
  } edges[] = {
      {"configure", "unconfigured", "inactive", "unconfigured"},
      {"activate", "inactive", "active", "inactive"},
      {"deactivate", "active", "inactive", "active"},
      {"cleanup", "inactive", "unconfigured", "inactive"},
      {"shutdown", "unconfigured", "finalized", "finalized"},
      {"shutdown", "inactive", "finalized", "finalized"},
      {"shutdown", "active", "finalized", "finalized"},
  };
  for (const auto &edge : edges) {
    const struct {
      Words rules;
      const char *to;
    } results[] = {
        {{}, edge.success},
        {{"fail_as:=failure"}, edge.failure},
        {{"fail_as:=error"}, "finalized"},
        {{"fail_as:=nonsense"}, "finalized"},
        {{"fail_as:=error", "recovers:=true"}, "unconfigured"},
        {{"fail_as:=error", "fail_in:=on_error"}, "finalized"},
    };
    for (const auto &result : results) {
      SCOPED_TRACE(std::string(edge.transition) + " from " + edge.from + " to " + result.to);
      Load("n", result.rules, edge.from);
      bool fails = !result.rules.empty();
      if (fails) {
        Output({"set-parameter", "/n", "fail_in:=" + std::string(edge.transition)});
        EXPECT_TRUE(Contains(Refusal({"set-state", "/n", edge.transition}),
                             std::string(edge.transition) + " does not feel like it"));
      } else {
        EXPECT_EQ(Output({"set-state", "/n", edge.transition}), std::string(edge.success) + "\n");
      }
      EXPECT_EQ(State("/n"), result.to);
      Output({"unload", "box", "/n"});
    }
  }
}

TEST_F(ComponentControl, ATransitionThatDoesNotBeginHereIsRefusedAndChangesNothing)
{
  const struct {
    const char *state;
    Words refused;
  } cases[] = {
      {"unconfigured", {"cleanup", "activate", "deactivate"}},
      {"inactive", {"configure", "deactivate"}},
      {"active", {"configure", "cleanup", "activate"}},
  };
  for (const auto &c : cases) {
    Load("n", {}, c.state);
    for (const std::string &transition : c.refused) {
      EXPECT_TRUE(Contains(Refusal({"set-state", "/n", transition}),
                           "the transition '" + transition + "' does not begin in the state '" +
                               c.state + "'"));
      EXPECT_EQ(State("/n"), c.state);
    }
    Output({"set-state", "/n", "shutdown"});
    for (const char *transition : {"configure", "cleanup", "activate", "deactivate", "shutdown"}) {
      EXPECT_TRUE(Contains(Refusal({"set-state", "/n", transition}), "in the state 'finalized'"));
    }
    Output({"unload", "box", "/n"});
  }
  Load("n");
  EXPECT_TRUE(
      Contains(Refusal({"set-state", "/n", "explode"}), "there is no transition 'explode'"));
  EXPECT_TRUE(Contains(Refusal({"set-state", "/m", "configure"}),
                       "no container has a node '/m' (did you mean '/n'?)"));
}

TEST_F(ComponentControl, StepsRunWhileActiveOnlyAndCountFromEachActivation)
{
  Load("n", {"period_ms:=1.0"}, "inactive");
  for (int round = 0; round < 2; ++round) {
    Output({"set-state", "/n", "activate"});
    ASSERT_TRUE(box_.WaitFor("[n]: step"));
    Output({"set-state", "/n", "deactivate"});
  }
  Output({"set-parameter", "/n", "fail_in:=deactivate"});
  Output({"set-state", "/n", "activate"});
  Refusal({"set-state", "/n", "deactivate"});
  EXPECT_EQ(State("/n"), "active");
  box_.Signal(SIGINT);
  EXPECT_EQ(box_.Wait(), 1) << "it fails once more on its way down";
  EXPECT_FALSE(Contains(box_.Errors(), "out of order"));
}

TEST_F(ComponentControl, ParametersAreShownAndSetWithinWhatIsDeclared)
{
  Load("n", {"steps:=3", "fail_as:=\"a\\tb\""});
  std::string shown = Output({"parameters", "/n"});
  EXPECT_TRUE(Contains(shown, "steps\tinteger\t3\t0\t0 to 1000000\tno\tDone after so many; 0: "
                              "never\n"))
      << shown;
  EXPECT_TRUE(Contains(shown, "fail_as\tstring\t'a\\x09b'\t'failure'\t")) << shown;
  EXPECT_TRUE(Contains(shown, "serial\tinteger\t7\t7\t-\tyes\t-\n")) << shown;
  EXPECT_TRUE(Contains(shown, "gains\tdouble array\t[]\t[]\t-1 to 1\tno\t-\n")) << shown;
  EXPECT_TRUE(Contains(shown, "realtime.scheduler\tstring\t''\t''\t-\tyes\t")) << shown;

  Output({"set-parameter", "/n", "steps:=0x10"});
  Output({"set-parameter", "/n", "period_ms:=5"});
  shown = Output({"parameters", "/n"});
  EXPECT_TRUE(Contains(shown, "steps\tinteger\t16\t0\t")) << shown;
  EXPECT_TRUE(Contains(shown, "period_ms\tdouble\t5\t-1\t")) << shown;

  const struct {
    const char *rule, *sentence;
  } refused[] = {
      {"steps:=-1", "must lie between 0 and 1e+06, but was given the integer -1"},
      {"steps:=a", "is declared as integer, but was given the string 'a'"},
      {"stepz:=1", "has no parameter 'stepz'"},
      {"steps", "steps"},
      {"serial:=8", "parameter 'serial' of node '/n' is read-only"},
      {"realtime.priority:=8", "parameter 'realtime.priority' of node '/n' is read-only"},
      {"topic:=/x", "node '/n': the topic is in use"},
      {"gains:=[0.5]", "node '/n': it gave no reason"},
  };
  for (const auto &c : refused) {
    std::string refusal = Refusal({"set-parameter", "/n", c.rule});
    EXPECT_TRUE(Contains(refusal, c.sentence)) << refusal;
  }
  EXPECT_EQ(Output({"parameters", "/n"}), shown);
}

TEST_F(ComponentControl, AComponentThatTakesNoPartIsSetWhileItIsUnconfigured)
{
  Output({"load", "box", "test::Least", "--state", "inactive"});
  EXPECT_TRUE(Contains(Refusal({"set-parameter", "/least", "only_here:=2"}),
                       "it reads its parameters when it is configured, and is inactive"));
  Output({"set-state", "/least", "cleanup"});
  Output({"set-parameter", "/least", "only_here:=2"});
  EXPECT_TRUE(Contains(Output({"parameters", "/least"}), "only_here\tdouble\t2\t1\t"));
}

TEST_F(ComponentControl, OneThatTakesLongKeepsNobodyWaitingAndIsInterruptedByItsUnloading)
{
  Process loading(Words{SVAR_PROGRAM, "component", "load", "box", kRecorder, "--ros-args", "-r",
                        "__node:=slow", "-p", "waits:=true"},
                  {});
  ASSERT_TRUE(box_.WaitFor("[slow]: configure"));
  EXPECT_EQ(State("/slow"), "configuring");
  Load("quick");
  EXPECT_TRUE(Contains(Refusal({"set-state", "/slow", "activate"}),
                       "node '/slow' is configuring: ask again when it is done"));
  EXPECT_TRUE(Contains(Refusal({"set-parameter", "/slow", "steps:=1"}), "is configuring"));
  EXPECT_TRUE(Contains(Output({"parameters", "/slow"}), "waits\tbool\ttrue"));
  EXPECT_TRUE(Contains(
      Refusal({"load", "box", kRecorder, "--timeout", "1", "--ros-args", "-r", "__node:=late", "-p",
               "waits:=true"}),
      "the container did not answer in time (--timeout); what it was asked to do goes on"));
  EXPECT_EQ(Output({"unload", "box", "/slow", "/late"}), "");
  EXPECT_EQ(loading.Wait(), 1);
  EXPECT_TRUE(Contains(loading.Errors(), "node '/slow': configure was interrupted: nobody came"))
      << loading.Errors();
  EXPECT_EQ(State("/quick"), "active");
}

TEST_F(ComponentControl, ASlowCallbackOfAnyKindHoldsUpNobodyElse)
{
  Load("other", {"period_ms:=1.0"});
  for (const std::string callback : {"create", "configure", "activate", "step", "deactivate"}) {
    const std::string name = "slow_in_" + callback; // a line of an earlier one is not waited for
    const std::string node = "/" + name;
    Process slow(Words{SVAR_PROGRAM, "component", "load", "box", kRecorder} +
                     Parameters({"slow_in:=" + callback, "period_ms:=0"}) +
                     Words{"-r", "__node:=" + name},
                 {});
    if (callback == "deactivate") {
      EXPECT_EQ(slow.Wait(), 0) << slow.Errors();
      Svar change({"set-state", node, "deactivate", "--timeout", "1"});
      EXPECT_EQ(change.code, 1);
    }
    ASSERT_TRUE(box_.WaitFor("[" + name + "]: " + callback));
    EXPECT_EQ(State("/other"), "active") << callback;
    EXPECT_TRUE(Contains(Output({"parameters", node}), "slow_in\tstring\t'")) << callback;
    EXPECT_EQ(Output({"unload", "box", node}), "") << callback;
  }
  EXPECT_EQ(State("/other"), "active");
}

TEST_F(ComponentControl, OneThatFailsInAStepGoesDownAloneAndIsListedUntilItIsUnloaded)
{
  Load("good");
  Load("bad", {"period_ms:=0", "fail_in:=step"});
  ASSERT_TRUE(box_.WaitFor("[bad]: destroy"));
  while (State("/bad") != "finalized") {
    sched_yield();
  }
  EXPECT_TRUE(Contains(Output({"list"}), "/bad\ttest::RecorderOfHTTPCalls2\tfinalized (failed)"));
  EXPECT_EQ(State("/good"), "active");
  EXPECT_TRUE(Contains(Refusal({"set-state", "/bad", "configure"}), "in the state 'finalized'"));
  Output({"unload", "box", "/bad"});
}

TEST_F(ComponentControl, AStopInterruptsALoad)
{
  Process loading(
      Words{SVAR_PROGRAM, "component", "load", "box", kRecorder, "--ros-args", "-p", "waits:=true"},
      {});
  ASSERT_TRUE(box_.WaitFor("configure"));
  box_.Signal(SIGTERM);
  EXPECT_EQ(box_.Wait(), 0);
  EXPECT_EQ(loading.Wait(), 1);
  // Whichever the container comes to first: its own end, or the component that gave up.
  EXPECT_TRUE(Contains(loading.Errors(), "ended the connection, before it answered") ||
              Contains(loading.Errors(), "configure was interrupted: nobody came"))
      << loading.Errors();
}

TEST_F(ComponentControl, TheThreadThatServesIsAnOrdinaryOne)
{
  const sched_param high = {5};
  if (sched_setscheduler(0, SCHED_FIFO, &high) != 0) {
    GTEST_SKIP() << "this user may not use SCHED_FIFO";
  }
  Container started({"--ros-args", "-r", "__node:=started"});
  const sched_param ordinary = {0};
  sched_setscheduler(0, SCHED_OTHER, &ordinary);
  while (!Contains(Output({"list"}), "/started\t")) {
    sched_yield();
  }
  EXPECT_EQ(sched_getscheduler(started.Pid()), SCHED_OTHER);
}

TEST_F(ComponentControl, AProgramOfOneComponentIsAContainerToo)
{
  Process program({PROGRAM, "--ros-args", "-r", "__node:=policy"}, {{"AMENT_PREFIX_PATH", ""}});
  ASSERT_TRUE(program.WaitFor("activate"));
  EXPECT_TRUE(Contains(Output({"list", "policy"}), "\t1\t/policy\ttest::Recorder"));
  EXPECT_EQ(Output({"set-state", "/policy", "deactivate"}), "inactive\n");
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 0);
}

TEST_F(ComponentControl, ALaunchFileLoadsIntoAContainerThatRuns)
{
  std::string file = directory_.path() + "/late.launch.xml";
  std::ofstream(file) << R"(<launch>
      <load_composable_node target="box">
        <composable_node pkg="svar_test_parts" plugin="test::Least" name="late" namespace="arm">
          <param name="only_here" value="7"/>
        </composable_node>
      </load_composable_node>
    </launch>)";
  Process launch({SVAR_PROGRAM, "launch", file}, {{"AMENT_PREFIX_PATH", PREFIX}});
  EXPECT_EQ(launch.Wait(), 0) << launch.Errors() << launch.Output();
  EXPECT_EQ(State("/arm/late"), "active");
  EXPECT_TRUE(Contains(Output({"parameters", "/arm/late"}), "only_here\tdouble\t7\t1\t"));
}

TEST_F(ComponentControl, TwoContainersOfOneNameAreToldApartByTheirProcesses)
{
  Container other({"test::Least", "--ros-args", "-r", "__node:=box"});
  ASSERT_TRUE(other.WaitFor("least create"));
  EXPECT_TRUE(Contains(Refusal({"load", "box", kRecorder}), "two containers are called 'box'"));
  EXPECT_EQ(Output({"load", std::to_string(other.Pid()), kRecorder}),
            "2\t/recorder_of_http_calls2\n");
}

TEST_F(ComponentControl, WhatAKilledContainerLeavesIsRemovedByTheNext)
{
  box_.Signal(SIGKILL);
  box_.Wait();
  EXPECT_EQ(directory_.files().size(), 1U);
  EXPECT_EQ(Output({"list"}), "");
  Container next({"test::Least"});
  ASSERT_TRUE(next.WaitFor("least create"));
  EXPECT_EQ(directory_.files().size(), 1U);
}

TEST_F(ComponentControl, WhatAKilledContainerLeavesIsRemovedBySvarClean)
{
  Container other({"test::Least", "--ros-args", "-r", "__node:=other"});
  ASSERT_TRUE(other.WaitFor("least create"));
  box_.Signal(SIGKILL);
  box_.Wait();
  EXPECT_EQ(directory_.files().size(), 2U);
  Process rehearsal({SVAR_PROGRAM, "clean", "--dry-run"}, {});
  EXPECT_EQ(rehearsal.Wait(), 0);
  EXPECT_EQ(directory_.files().size(), 2U);
  Process clean({SVAR_PROGRAM, "clean"}, {});
  EXPECT_EQ(clean.Wait(), 0);
  EXPECT_EQ(directory_.files().size(), 1U);
  EXPECT_TRUE(Contains(Output({"list"}), "/other\t"));
}

// --- clients that do not behave --------------------------------------------------------------------

class Client
{
public:
  explicit Client(const std::string &path) : fd_(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0))
  {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    is_connected_ = connect(fd_, reinterpret_cast<sockaddr *>(&address), sizeof(address)) == 0;
  }
  Client(Client &&other) noexcept : fd_(other.fd_), is_connected_(other.is_connected_)
  {
    other.fd_ = -1;
  }
  ~Client()
  {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  bool Send(const std::string &bytes) const
  {
    return is_connected_ && send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0;
  }
  // The code of an answer; -1: the connection ended.
  int Answer() const
  {
    static char bytes[SVAR_ENDPOINT_PACKET_BYTES];
    ssize_t size = recv(fd_, bytes, sizeof(bytes), 0);
    return size > 0 ? reinterpret_cast<svari_control_answer_t *>(bytes)->ret : -1;
  }

private:
  int fd_;
  bool is_connected_;
};

std::string
Request(uint16_t kind, const Words &words, int word_count = -1)
{
  svari_control_request_t head = {
      SVARI_CONTROL_REQUEST_MAGIC, SVARI_CONTROL_PROTOCOL, kind,
      word_count < 0 ? static_cast<uint32_t>(words.size()) : static_cast<uint32_t>(word_count), 0};
  std::string bytes(reinterpret_cast<const char *>(&head), sizeof(head));
  for (const std::string &word : words) {
    bytes += word + std::string(1, '\0');
  }
  return bytes;
}

TEST_F(ComponentControl, AClientThatDoesNotBehaveHarmsNobody)
{
  Load("n", {"period_ms:=1.0"});
  std::string path = directory_.path() + "/" + directory_.files()[0];
  for (const std::string &nonsense :
       {std::string("x"), std::string(60000, 'x'), Request(99, {}),
        Request(SVARI_CONTROL_CHANGE, {}), Request(SVARI_CONTROL_UNLOAD, {"/n"}, 0),
        Request(SVARI_CONTROL_UNLOAD, {}, 1), Request(SVARI_CONTROL_LOAD, {"active"}),
        Request(SVARI_CONTROL_LOAD, {"active"}, 1 << 30)}) {
    Client client(path);
    ASSERT_TRUE(client.Send(nonsense));
    EXPECT_EQ(client.Answer(), SVAR_ERR_SYNTAX);
  }
  Client oversized(path);
  EXPECT_FALSE(oversized.Send(std::string(SVAR_ENDPOINT_PACKET_BYTES + 1, 'x')) &&
               oversized.Answer() != -1);

  // Asks again before it is answered.
  Client impatient(path);
  std::string load = Request(SVARI_CONTROL_LOAD, {"active", kRecorder, "-p", "waits:=true"});
  ASSERT_TRUE(impatient.Send(load));
  ASSERT_TRUE(impatient.Send(load));
  EXPECT_EQ(impatient.Answer(), -1);

  // More than there is room for, none of which says anything; and some that never read their answers.
  std::vector<Client> silent;
  for (int i = 0; i < 300; ++i) {
    silent.emplace_back(path);
    if (i % 3 == 0) {
      silent.back().Send(Request(SVARI_CONTROL_LIST, {}));
    }
  }
  EXPECT_EQ(State("/n"), "active");
  EXPECT_EQ(Output({"unload", "box", "/n"}), "");
}

TEST_F(ComponentControl, CommandsThatAreWrongAreSaid)
{
  const struct {
    Words words;
    const char *sentence;
  } cases[] = {
      {{}, "usage: svar component COMMAND"},
      {{"lst"}, "there is no command 'component lst' (did you mean 'list'?)"},
      {{"load", "box"}, "svar component load needs CONTAINER TYPE"},
      {{"unload", "box"}, "svar component unload needs CONTAINER ID|NODE..."},
      {{"set-state", "/n"}, "svar component set-state needs NODE TRANSITION"},
  };
  for (const auto &c : cases) {
    Svar svar(c.words);
    EXPECT_EQ(svar.code, 2);
    EXPECT_TRUE(Contains(svar.Errors(), c.sentence)) << svar.Errors();
  }
  EXPECT_TRUE(Contains(Output({"--help"}), "svar component set-state NODE TRANSITION"));
  EXPECT_TRUE(Contains(Output({"load", "--help"}), "-r __node:=NAME"));
}

} // namespace
