#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/resource.h>

#include "tests/components/container_process.hpp"

namespace
{

// The sanitizers turn mlockall() into nothing: what they map must not be locked.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr bool kCanLockMemory = false;
#else
constexpr bool kCanLockMemory = true;
#endif

bool
MayUseRealtime()
{
  const sched_param high = {50};
  const sched_param ordinary = {0};
  bool may = sched_setscheduler(0, SCHED_FIFO, &high) == 0;
  sched_setscheduler(0, SCHED_OTHER, &ordinary);
  return may;
}

std::string
OneCpu()
{
  cpu_set_t cpus;
  sched_getaffinity(0, sizeof(cpus), &cpus);
  int first = 0;
  while (!CPU_ISSET(first, &cpus)) {
    ++first;
  }
  return "realtime.cpus:=[" + std::to_string(first) + "]";
}

// The container under limits that refuse what root, too, might have.
class Limited : public Process
{
public:
  explicit Limited(const Words &rules)
      : Process(Words{"/usr/bin/prlimit", "--rtprio=0", "--memlock=65536"} +
                    (geteuid() == 0
                         ? Words{"/usr/bin/setpriv", "--bounding-set", "-sys_nice,-ipc_lock"}
                         : Words{}) +
                    Words{CONTAINER, kRecorder} + Parameters(rules),
                {{"AMENT_PREFIX_PATH", PREFIX}})
  {
  }
};

std::string
StatusLine(const Process &process, const std::string &name)
{
  std::ifstream file("/proc/" + std::to_string(process.Pid()) + "/status");
  std::string line;
  while (std::getline(file, line) && line.compare(0, name.size(), name) != 0) {
  }
  return line;
}

TEST(ComponentRealtime, TheSchedulerAndTheCpusHoldFromTheFirstStepToTheLast)
{
  if (!MayUseRealtime()) {
    GTEST_SKIP() << "this user may not use SCHED_FIFO";
  }
  Container container(
      Words{kRecorder} +
      Parameters({"period_ms:=0", "steps:=1", "tells_thread:=true", "realtime.scheduler:=fifo",
                  "realtime.priority:=7", OneCpu(), "realtime.required:=true"}));
  EXPECT_EQ(container.Wait(), 0) << container.Errors();
  std::string lines = LinesOf(container, kNode);
  for (const char *ordinary : {"create", "configure", "activate", "deactivate", "cleanup"}) {
    EXPECT_TRUE(Contains(lines, "|" + std::string(ordinary) +
                                    ": thread recorder_of_htt, policy 0, priority 0, "))
        << lines;
  }
  EXPECT_TRUE(Contains(lines, "|step: thread recorder_of_htt, policy 1, priority 7, one CPU, "))
      << lines;
  EXPECT_FALSE(Contains(lines, "goes on without")) << lines;
}

TEST(ComponentRealtime, EachComponentHasItsOwn)
{
  if (!MayUseRealtime()) {
    GTEST_SKIP() << "this user may not use SCHED_RR";
  }
  Container container({std::string(kRecorder) + "=fast", std::string(kRecorder) + "=slow",
                       "--ros-args", "-p", "tells_thread:=true", "-p", "period_ms:=0", "-p",
                       "steps:=1", "-p", "fast:realtime.scheduler:=rr", "-p",
                       "fast:realtime.priority:=3"});
  EXPECT_EQ(container.Wait(), 0) << container.Errors();
  EXPECT_TRUE(Contains(LinesOf(container, "fast"), "|step: thread fast, policy 2, priority 3, "));
  EXPECT_TRUE(Contains(LinesOf(container, "slow"), "|step: thread slow, policy 0, priority 0, "));
}

TEST(ComponentRealtime, WithoutParametersStepsRunAsTheProgramWasStarted)
{
  if (!MayUseRealtime()) {
    GTEST_SKIP() << "this user may not use SCHED_FIFO";
  }
  Process started({"/usr/bin/chrt", "-f", "5", CONTAINER, kRecorder, "--ros-args", "-p",
                   "tells_thread:=true", "-p", "period_ms:=0", "-p", "steps:=1"},
                  {{"AMENT_PREFIX_PATH", PREFIX}});
  EXPECT_EQ(started.Wait(), 0) << started.Errors();
  EXPECT_TRUE(Contains(LinesOf(started, kNode), "|configure: thread recorder_of_htt, policy 0, "))
      << started.Errors();
  EXPECT_TRUE(
      Contains(LinesOf(started, kNode), "|step: thread recorder_of_htt, policy 1, priority 5, "));
}

TEST(ComponentRealtime, MemoryIsLockedAndTheStackTouchedBeforeTheComponentIsMade)
{
  Container plain(Words{kRecorder} + Parameters({"tells_thread:=true"}));
  ASSERT_TRUE(plain.WaitFor("activate: "));
  EXPECT_EQ(StatusLine(plain, "VmLck"), "VmLck:\t       0 kB");
  EXPECT_TRUE(Contains(LinesOf(plain, kNode), ", stack not touched|")) << plain.Errors();

  Container touched(Words{kRecorder} +
                    Parameters({"tells_thread:=true", "realtime.stack_kib:=600"}));
  ASSERT_TRUE(touched.WaitFor("create: "));
  EXPECT_TRUE(Contains(LinesOf(touched, kNode), ", stack touched|")) << touched.Errors();

  // More than a thread's usual stack: the thread is made with one that holds it.
  Container large(Words{kRecorder} + Parameters({"tells_thread:=true", "period_ms:=0", "steps:=1",
                                                 "realtime.stack_kib:=20000"}));
  EXPECT_EQ(large.Wait(), 0);

  rlimit limit;
  getrlimit(RLIMIT_MEMLOCK, &limit);
  if (!kCanLockMemory || (geteuid() != 0 && limit.rlim_cur != RLIM_INFINITY)) {
    GTEST_SKIP() << "this process may lock little memory";
  }
  Container locked(Words{kRecorder} +
                   Parameters({"realtime.lock_memory:=true", "realtime.required:=true"}));
  ASSERT_TRUE(locked.WaitFor("activate"));
  EXPECT_NE(StatusLine(locked, "VmLck"), "VmLck:\t       0 kB");
}

TEST(ComponentRealtime, WhatIsRefusedIsOneSentenceWithTheRemedyAndTheComponentRuns)
{
  const struct {
    Words rules;
    const char *sentence;
  } cases[] = {
      {{"realtime.scheduler:=fifo", "realtime.priority:=80"},
       "goes on without: SCHED_FIFO with priority 80 was refused (Operation not permitted): this "
       "user's real-time priorities end at 0; raise that with ulimit -r 80, a line 'YOUR_USER - "
       "rtprio 80' in /etc/security/limits.conf (log in again), or docker run --ulimit rtprio=80|"},
      {{"realtime.lock_memory:=true"}, "this user may lock 64 KiB; raise it with ulimit -l"},
      {{"realtime.cpus:=[1000]"}, "realtime.cpus asks for CPU 1000, but the thread may run on "},
      {{"realtime.cpus:=[0, 1000]"}, "realtime.cpus asks for CPU 0,1000, but the thread may run"},
  };
  for (const auto &c : cases) {
    if (!kCanLockMemory && c.rules[0] == "realtime.lock_memory:=true") {
      continue;
    }
    Limited runs(c.rules + Words{"period_ms:=0", "steps:=1"});
    EXPECT_EQ(runs.Wait(), 0) << runs.Errors();
    std::string lines = LinesOf(runs, kNode);
    size_t at = lines.find("goes on without: ");
    EXPECT_EQ(at, 0U) << "not before create: " << lines;
    EXPECT_EQ(lines.find("goes on without: ", at + 1), std::string::npos) << "said twice";
    EXPECT_TRUE(Contains(lines, c.sentence)) << lines;

    Limited fails(c.rules + Words{"realtime.required:=true"});
    EXPECT_EQ(fails.Wait(), 1);
    EXPECT_TRUE(Contains(fails.Errors(), "[ERROR] [recorder_of_http_calls2]: realtime.required: "))
        << fails.Errors();
    EXPECT_FALSE(Contains(fails.Errors(), "create")) << fails.Errors();
  }
}

TEST(ComponentRealtime, OneThingRefusedLeavesTheOthers)
{
  Limited container({"realtime.scheduler:=fifo", "realtime.priority:=80", OneCpu(),
                     "tells_thread:=true", "period_ms:=0", "steps:=1"});
  EXPECT_EQ(container.Wait(), 0);
  EXPECT_TRUE(Contains(LinesOf(container, kNode),
                       "|step: thread recorder_of_htt, policy 0, priority 0, one CPU, "))
      << container.Errors();
}

TEST(ComponentRealtime, ParametersThatMakeNoSenseAreRefusedAtLoad)
{
  const struct {
    Words rules;
    const char *sentence;
  } cases[] = {
      {{"realtime.scheduler:=deadline"}, "is 'other', 'fifo' or 'rr', not 'deadline'"},
      {{"realtime.scheduler:=fifo"}, "'fifo' and 'rr' take a priority of 1 to 99"},
      {{"realtime.scheduler:=other", "realtime.priority:=1"}, "'other' takes 0"},
      {{"realtime.priority:=5"}, "has realtime.scheduler '' and realtime.priority 5"},
      {{"realtime.priority:=100"}, "must lie between 0 and 99, but was given the integer 100"},
      {{"realtime.cpus:=[0, -1]"},
       "must lie between 0 and 1023, but was given the integer array [0, -1]"},
      {{"realtime.cpus:=2"},
       "is declared as integer array, but was given the integer 2; give a "
       "sequence of one: realtime.cpus:=\"[2]\""},
      {{"realtime.lock:=true"}, "topic, realtime.*"},
  };
  for (const auto &c : cases) {
    Container container(Words{kRecorder} + Parameters(c.rules));
    EXPECT_EQ(container.Wait(), 1);
    EXPECT_TRUE(Contains(container.Errors(), c.sentence)) << container.Errors();
    EXPECT_FALSE(Contains(container.Errors(), "create")) << container.Errors();
  }
}

TEST(ComponentRealtime, HelpNamesThem)
{
  for (const Words &arguments : std::vector<Words>{{CONTAINER, "--help"}, {PROGRAM, "--help"}}) {
    Process help(arguments, {{"AMENT_PREFIX_PATH", PREFIX}});
    EXPECT_EQ(help.Wait(), 0);
    EXPECT_TRUE(Contains(help.Output(),
                         "  realtime.cpus (integer array, default [], 0 to 1023, read-only)\n"
                         "      Where it runs while it is active"))
        << help.Output();
  }
}

} // namespace
