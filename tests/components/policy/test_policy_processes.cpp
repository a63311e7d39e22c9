// The main job as it is run: a publisher in one process, a policy in another; with the weights in shared memory, and on
// a GPU of the stand-in driver.
#include <gtest/gtest.h>

#include <unistd.h>

#include <fstream>

#include "archive/safetensors_text.hpp"
#include "components/policy/made_policy.hpp"
#include "components/policy/policy_run_check.hpp"
#include "components/policy/scratch_folder.hpp"
#include "components/policy/subscriber.hpp"
#include "components/process.h"
#include "fakes/scratch.hpp"

namespace
{

class PolicyProcesses : public testing::TestWithParam<const char *>
{
protected:
  using Parameters = std::map<std::string, std::string>;

  PolicyProcesses()
  {
    if (std::string(GetParam()) == "gpu") {
      environment_ = {{"SVAR_GPU_DRIVER", SVAR_STAND_IN_DRIVER}, {"FAKE_DRIVER_DELAY_US", "100"}};
    }
    WriteTables(weights_file_, weights_);
    WriteTables(observations_file_, {{"observations", observations_}});
  }

  static std::vector<std::string> Words(const char *program, const Parameters &parameters)
  {
    std::vector<std::string> words = {program, "--ros-args", "--log-level", "debug"};
    for (const auto &[name, value] : parameters) {
      words.insert(words.end(), {"-p", name + ":=" + value});
    }
    return words;
  }
  std::unique_ptr<Process> Publisher(Parameters parameters)
  {
    parameters.insert({{"watch_period", "0.02"}, {"backing", GetParam()}});
    return std::make_unique<Process>(Words(SVAR_WEIGHTS_PUBLISHER_PROGRAM, parameters),
                                     environment_);
  }
  std::unique_ptr<Process> Policy(Parameters parameters)
  {
    parameters.insert({{"record", record_file_}, {"backing", GetParam()}});
    return std::make_unique<Process>(Words(SVAR_POLICY_CONTROLLER_PROGRAM, parameters),
                                     environment_);
  }
  static std::string Robot(const std::string &robot, const char *what = "")
  {
    return PolicyFile("unitree_" + robot + what + ".safetensors");
  }
  // For a run that is as long as what happens meanwhile.
  std::unique_ptr<Process> PolicyUntilStopped(const char *rate)
  {
    observations_ = MadeObservations(20000, 47);
    WriteTables(observations_file_, {{"observations", observations_}});
    return Policy({{"observations", observations_file_}, {"rate", rate}});
  }
  // In its first step at the latest, which takes the weights, it sleeps.
  static void AwaitFirstStep(Process &policy)
  {
    ASSERT_TRUE(policy.WaitFor("activate: now active"));
    while (!svar_test::is_asleep(policy.Pid())) {
      usleep(1000);
    }
  }
  static void Stop(Process &policy)
  {
    policy.Signal(SIGINT);
    EXPECT_EQ(policy.Wait(), 0) << policy.Errors();
  }
  void StopInOrder(Process &publisher)
  {
    publisher.Signal(SIGINT);
    EXPECT_EQ(publisher.Wait(), 0) << publisher.Errors();
    EXPECT_EQ(segments_.stores(), std::vector<std::string>{});
  }

  svar_test::ScratchDirectory segments_;
  ScratchFolder folder_;
  Process::Environment environment_;
  Tables weights_ = MadeWeights(47, 64, 32, 12);
  Table observations_ = MadeObservations(200, 47);
  std::string weights_file_ = folder_ / "g1.safetensors",
              observations_file_ = folder_ / "observations.safetensors";
  std::string record_file_ = folder_ / "record.safetensors";
};

TEST_P(PolicyProcesses, EqualTheReferenceOfBothRobotsAtEveryStep)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (const char *robot : {"g1", "h1"}) {
    SCOPED_TRACE(robot);
    Tables reference = ReadTables(Robot(robot, "_reference"));
    // The policy first: it waits for its publisher.
    auto policy = Policy({{"observations", Robot(robot, "_reference")}, {"rate", "0"}});
    auto publisher = Publisher({{"file", Robot(robot)}});
    ASSERT_EQ(policy->Wait(), 0) << policy->Errors();
    Tables record = ReadTables(record_file_);
    ASSERT_EQ(record.at("actions").shape, reference.at("actions").shape);
    for (int64_t step = 0; step < record.at("actions").rows(); step++) {
      ASSERT_LE(
          LargestDifference(record.at("actions").row(step), reference.at("actions").row(step)),
          kActionTolerance)
          << "step " << step;
      ASSERT_EQ(record.at("versions").values[step], 1) << "step " << step;
    }
    StopInOrder(*publisher);
  }
}

struct Reader {
  pid_t pid;
  uint64_t version; // the oldest that it uses; 0: it reads nothing
};

bool
FindReader(const svar_store_reader_t *reader, void *context)
{
  auto *wanted = static_cast<Reader *>(context);
  if (reader->pid == wanted->pid) {
    wanted->version = reader->oldest_version;
  }
  return reader->pid != wanted->pid;
}

// Returns when the policy has taken that version, which the step that it is in uses.
void
AwaitVersion(const Process &policy, uint64_t version)
{
  Subscriber subscriber;
  Reader reader = {policy.Pid(), 1};
  while (reader.version < version) {
    usleep(1000);
    reader.version = 0;
    ASSERT_SVAR_OK(svar_store_readers(subscriber.store(), FindReader, &reader));
    ASSERT_GT(reader.version, 0u) << "the policy has ended";
  }
}

// Lines of the process's memory map that belong to files of the segment folder: permissions and name.
std::vector<std::pair<std::string, std::string>>
SegmentMappings(pid_t pid, const std::string &folder)
{
  std::vector<std::pair<std::string, std::string>> mappings;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    size_t name = line.find(folder);
    if (name != std::string::npos) {
      mappings.emplace_back(line.substr(line.find(' ') + 1, 4), line.substr(name));
    }
  }
  return mappings;
}

TEST_P(PolicyProcesses, UseExactlyOneVersionAStepWhileTheWeightsAreSwapped)
{
  Tables first = weights_, second = Scaled(first, 0.9);
  std::string weights_file = folder_ / "weights.safetensors";
  WriteTables(weights_file, first);
  auto publisher = Publisher({{"file", weights_file}});
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights"));
  auto policy = PolicyUntilStopped("50");
  AwaitFirstStep(*policy);

  bool has_state = false;
  for (const auto &[permissions, file] : SegmentMappings(policy->Pid(), segments_.path())) {
    bool is_state = file.size() > 6 && file.compare(file.size() - 6, 6, ".state") == 0;
    has_state = has_state || is_state;
    EXPECT_EQ(permissions, is_state ? "r--s" : "rw-s") << file;
  }
  EXPECT_TRUE(has_state) << "the policy's process does not map the weights";

  WriteTables(weights_file, second);
  ASSERT_TRUE(publisher->WaitFor("version 2 of /policy/weights"));
  AwaitVersion(*policy, 2);
  Stop(*policy);
  EXPECT_NE(policy->Errors().find("version changes   1"), std::string::npos) << policy->Errors();

  RunSummary run = CheckRun(ReadTables(record_file_), observations_, {{1, first}, {2, second}});
  EXPECT_GT(run.steps_of[1], 0);
  EXPECT_GT(run.steps_of[2], 0);
  StopInOrder(*publisher);
}

// One layer's bias by `svar set`, then a whole file by `svar load`, while the policy runs.
TEST_P(PolicyProcesses, UseWhatAnotherProcessSets)
{
  auto svar = [this](std::vector<std::string> words) {
    words.insert(words.begin(), SVAR_PROGRAM);
    Process process(words, environment_);
    int exit_code = process.Wait();
    return std::to_string(exit_code) + process.Errors();
  };
  Tables first = weights_, second = first, third = Scaled(first, 0.9);
  std::string bias;
  for (double &value : second.at("actor.2.bias").values) {
    value = 0.25;
    bias += (bias.empty() ? "[" : ", ") + std::string("0.25");
  }
  std::string other_file = folder_ / "other.safetensors";
  WriteTables(other_file, third);
  auto publisher = Publisher({{"file", weights_file_}, {"settable", "'*'"}});
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights"));
  auto policy = PolicyUntilStopped("100");
  AwaitFirstStep(*policy);
  EXPECT_EQ(svar({"set", "/policy/weights", "actor.2.bias", bias + "]"}), "0");
  EXPECT_EQ(svar({"load", "/policy/weights", other_file}), "0");
  AwaitVersion(*policy, 3);
  Stop(*policy);
  RunSummary run =
      CheckRun(ReadTables(record_file_), observations_, {{1, first}, {2, second}, {3, third}});
  EXPECT_GT(run.steps_of[1], 0);
  EXPECT_GT(run.steps_of[3], 0);
  StopInOrder(*publisher);
}

TEST_P(PolicyProcesses, KeepTheWeightsThroughAHalfWrittenFileAndFollowTheNextGoodOne)
{
  std::string weights_file = folder_ / "weights.safetensors", good = ReadFile(weights_file_);
  WriteFile(weights_file, good);
  auto publisher = Publisher({{"file", weights_file}});
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights"));
  WriteFile(weights_file, good.substr(0, good.size() / 2));
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights stays: "));
  EXPECT_EQ(Subscriber().version(), 1u);
  WriteFile(weights_file, good);
  ASSERT_TRUE(publisher->WaitFor("version 2 of /policy/weights"));
  StopInOrder(*publisher);
}

TEST_P(PolicyProcesses, KeepReadingWhenThePublisherIsKilledAndResumeWithTheNextOne)
{
  Tables first = weights_, second = Scaled(first, 0.9);
  std::string weights_file = folder_ / "weights.safetensors";
  WriteTables(weights_file, first);
  auto killed = Publisher({{"file", weights_file}});
  ASSERT_TRUE(killed->WaitFor("version 1 of /policy/weights"));
  auto policy = PolicyUntilStopped("50");
  AwaitFirstStep(*policy);
  killed->Signal(SIGKILL);
  EXPECT_EQ(killed->Wait(), -SIGKILL);
  WriteTables(weights_file, second);
  auto publisher = Publisher({{"file", weights_file}});
  ASSERT_TRUE(publisher->WaitFor("version 2 of /policy/weights"));
  AwaitVersion(*policy, 2);
  Stop(*policy);
  RunSummary run = CheckRun(ReadTables(record_file_), observations_, {{1, first}, {2, second}});
  EXPECT_GT(run.steps_of[2], 0);
  StopInOrder(*publisher);
}

TEST_P(PolicyProcesses, MoveToTheStoreOfTheNextPublisherWhenOneEndsInOrder)
{
  Tables first = MadeWeights(8, 12, 10, 4), second = Scaled(first, 0.8);
  Table observations = MadeObservations(20000, 8); // more than a minute of them
  std::string weights_file = folder_ / "weights.safetensors",
              observations_file = folder_ / "many_observations.safetensors";
  WriteTables(observations_file, {{"observations", observations}});
  WriteTables(weights_file, first);
  auto publisher = Publisher({{"file", weights_file}});
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights"));
  auto policy = Policy({{"observations", observations_file}, {"rate", "200"}});
  ASSERT_TRUE(policy->WaitFor("activate: now active"));
  StopInOrder(*publisher);
  ASSERT_TRUE(policy->WaitFor("the store /policy/weights was removed"));

  WriteTables(weights_file, second);
  publisher = Publisher({{"file", weights_file}});
  ASSERT_TRUE(policy->WaitFor("a new store /policy/weights: from its version 1 on"));
  StopInOrder(*publisher); // noticed some steps later: they used the second weights
  ASSERT_TRUE(policy->WaitFor("the store /policy/weights was removed"));
  policy->Signal(SIGINT);
  EXPECT_EQ(policy->Wait(), 0) << policy->Errors();
  auto steps_of = CheckRunOfSets(ReadTables(record_file_), observations, {first, second});
  EXPECT_GT(steps_of[0], 0);
  EXPECT_GT(steps_of[1], 0);
}

TEST_P(PolicyProcesses, WriteTheRecordOfAnEarlyStopAndEndWithZero)
{
  auto publisher = Publisher({{"file", weights_file_}});
  auto policy = Policy({{"observations", observations_file_}, {"rate", "2"}});
  ASSERT_TRUE(policy->WaitFor("activate: now active"));
  policy->Signal(SIGINT);
  EXPECT_EQ(policy->Wait(), 0) << policy->Errors();
  EXPECT_LT(CheckRun(ReadTables(record_file_), observations_, {{1, weights_}}).steps, 200);
  StopInOrder(*publisher);
}

// --- bad input: one sentence, exit code 1, nothing left behind -------------------------------------

TEST_P(PolicyProcesses, EndWithOneSentenceOnBadInput)
{
  std::string cut = folder_ / "cut", lying = folder_ / "lying", unknown = folder_ / "unknown";
  WriteOldFile(cut, ReadFile(weights_file_).substr(0, 100000));
  WriteOldFile(lying, File(R"({"x":)" + Tensor("F32", "[3]", "[0,4]") + "}", 4));
  WriteOldFile(unknown, File(R"({"x":)" + Tensor("Q7", "[4]", "[0,4]") + "}", 4));
  const char *publisher = SVAR_WEIGHTS_PUBLISHER_PROGRAM, *policy = SVAR_POLICY_CONTROLLER_PROGRAM;
  struct {
    const char *program;
    Parameters parameters;
    std::string sentence;
  } cases[] = {
      {publisher, {{"file", "/nowhere/w"}}, "cannot open '/nowhere/w'"},
      {publisher, {{"file", cut}}, "follow the header"},
      {publisher, {{"file", lying}}, "tensor 'x' has 4 bytes between its data_offsets"},
      {publisher, {{"file", unknown}}, "tensor 'x' has the unknown dtype 'Q7'"},
      {policy,
       {{"observations", observations_file_}, {"store_timeout", "0"}},
       "store '/policy/weights' has no holder"},
      {policy, {{"observations", "/nowhere/o"}}, "cannot open '/nowhere/o'"},
  };
  for (const auto &bad : cases) {
    Process process(Words(bad.program, bad.parameters), {});
    EXPECT_EQ(process.Wait(), 1) << bad.sentence;
    const std::string &errors = process.Errors();
    EXPECT_NE(errors.find(bad.sentence), std::string::npos) << errors;
    EXPECT_EQ(errors.find("[ERROR]"), errors.rfind("[ERROR]")) << errors;
    EXPECT_NE(errors.find("[ERROR]"), std::string::npos) << errors;
    EXPECT_EQ(segments_.files(), std::vector<std::string>{}) << bad.sentence;
  }
}

TEST_P(PolicyProcesses, RefuseAHeldStoreAndObservationsOfAnotherRobot)
{
  std::string others = folder_ / "others";
  WriteTables(others, {{"observations", MadeObservations(2, 41)}});
  auto holder = Publisher({{"file", weights_file_}});
  ASSERT_TRUE(holder->WaitFor("version 1 of /policy/weights"));
  auto second = Publisher({{"file", weights_file_}});
  EXPECT_EQ(second->Wait(), 1);
  EXPECT_NE(second->Errors().find(std::to_string(holder->Pid())), std::string::npos)
      << "names the holder: " << second->Errors();
  auto policy = Policy({{"observations", others}});
  EXPECT_EQ(policy->Wait(), 1);
  EXPECT_NE(policy->Errors().find("the observations have 41 numbers a step, but the network of "
                                  "'/policy/weights' takes 47"),
            std::string::npos)
      << policy->Errors();
  EXPECT_EQ(Subscriber().version(), 1u);
  StopInOrder(*holder);
}

INSTANTIATE_TEST_SUITE_P(Backings, PolicyProcesses, testing::Values("ipc", "gpu"),
                         [](const auto &info) { return std::string(info.param); });

// --- a GPU that is not there, or fails -------------------------------------------------------------

class PolicyProcessesOnGpu : public PolicyProcesses
{
};
INSTANTIATE_TEST_SUITE_P(Backings, PolicyProcessesOnGpu, testing::Values("gpu"),
                         [](const auto &info) { return std::string(info.param); });

TEST_P(PolicyProcessesOnGpu, EndsThePolicyWhoseGpuFailsAndNoOther)
{
  auto publisher = Publisher({{"file", weights_file_}});
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights"));
  environment_.emplace_back("FAKE_DRIVER_FAIL", "cuLaunchKernel:100:719");
  auto policy = Policy({{"observations", observations_file_}, {"rate", "0"}});
  EXPECT_EQ(policy->Wait(), 1);
  EXPECT_NE(policy->Errors().find("starting the kernel svari_"), std::string::npos)
      << policy->Errors();
  EXPECT_NE(policy->Errors().find("CUDA_ERROR_LAUNCH_FAILED (719)"), std::string::npos)
      << policy->Errors();
  int64_t steps = CheckRun(ReadTables(record_file_), observations_, {{1, weights_}}).steps;
  EXPECT_GT(steps, 10) << "the record keeps what was right";
  EXPECT_LT(steps, 40);
  environment_.pop_back();
  auto next = Policy({{"observations", observations_file_}, {"rate", "0"}});
  EXPECT_EQ(next->Wait(), 0) << next->Errors();
  EXPECT_EQ(CheckRun(ReadTables(record_file_), observations_, {{1, weights_}}).steps, 200);
  StopInOrder(*publisher);
}

// Here the address range for the next publisher's memory, the third after those of the first one's and the network's.
TEST_P(PolicyProcessesOnGpu, KeepsTheWeightsItHasWhenItCannotMapTheNext)
{
  Tables second = Scaled(weights_, 0.9), third = Scaled(weights_, 0.8);
  std::string weights_file = folder_ / "weights.safetensors";
  WriteTables(weights_file, weights_);
  auto killed = Publisher({{"file", weights_file}});
  ASSERT_TRUE(killed->WaitFor("version 1 of /policy/weights"));
  environment_.emplace_back("FAKE_DRIVER_FAIL", "cuMemAddressReserve:3:2");
  auto policy = PolicyUntilStopped("50");
  environment_.pop_back();
  AwaitFirstStep(*policy);
  killed->Signal(SIGKILL);
  EXPECT_EQ(killed->Wait(), -SIGKILL);
  WriteTables(weights_file, second);
  auto publisher = Publisher({{"file", weights_file}});
  ASSERT_TRUE(policy->WaitFor("the policy stays on version 1 of /policy/weights: "));
  EXPECT_NE(policy->Errors().find("CUDA_ERROR_OUT_OF_MEMORY (2)"), std::string::npos)
      << policy->Errors();
  WriteTables(weights_file, third);
  ASSERT_TRUE(publisher->WaitFor("version 3 of /policy/weights"));
  AwaitVersion(*policy, 3);
  Stop(*policy);
  RunSummary run = CheckRun(ReadTables(record_file_), observations_, {{1, weights_}, {3, third}});
  EXPECT_GT(run.steps_of[3], 0);
  StopInOrder(*publisher);
}

TEST_P(PolicyProcessesOnGpu, RefuseTheOtherBacking)
{
  auto publisher = Publisher({{"file", weights_file_}});
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights"));
  auto policy = Policy({{"observations", observations_file_}, {"backing", "ipc"}});
  EXPECT_EQ(policy->Wait(), 1);
  EXPECT_NE(policy->Errors().find("'memory.weight_hh_l0' lies on GPU 0, but the policy runs on "
                                  "weights in host memory: give both sides the same 'backing'"),
            std::string::npos)
      << policy->Errors();
  StopInOrder(*publisher);
  publisher = Publisher({{"file", weights_file_}, {"backing", "ipc"}});
  ASSERT_TRUE(publisher->WaitFor("version 1 of /policy/weights"));
  policy = Policy({{"observations", observations_file_}});
  EXPECT_EQ(policy->Wait(), 1);
  EXPECT_NE(policy->Errors().find("'memory.weight_hh_l0' lies in host memory, but the policy runs "
                                  "on weights on GPU 0"),
            std::string::npos)
      << policy->Errors();
  StopInOrder(*publisher);
}

TEST_P(PolicyProcessesOnGpu, SayWhatIsMissing)
{
  environment_ = {{"SVAR_GPU_DRIVER", "/nowhere/libcuda.so.1"}};
  auto policy = Policy({{"observations", observations_file_}});
  EXPECT_EQ(policy->Wait(), 1);
  EXPECT_NE(policy->Errors().find("backing:=gpu asks for GPU 0"), std::string::npos)
      << policy->Errors();
  environment_ = {{"SVAR_GPU_DRIVER", SVAR_STAND_IN_DRIVER}};
  auto publisher = Publisher({{"file", weights_file_}, {"gpu", "1"}});
  EXPECT_EQ(publisher->Wait(), 1);
  EXPECT_NE(publisher->Errors().find("this process sees 1, numbered from 0: set the parameter"),
            std::string::npos)
      << publisher->Errors();
  EXPECT_EQ(segments_.files(), std::vector<std::string>{});
}

} // namespace
