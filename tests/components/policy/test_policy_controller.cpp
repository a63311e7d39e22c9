#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <future>
#include <thread>

#include "components/policy/fake_host.hpp"
#include "components/policy/made_policy.hpp"
#include "components/policy/policy_run_check.hpp"
#include "components/policy/scratch_folder.hpp"
#include "components/policy/subscriber.hpp"
#include "fakes/scratch.hpp"

namespace
{

class PolicyController : public testing::Test
{
protected:
  PolicyController()
  {
    segments_.allow_leftovers(); // of publishers that end without cleanup, as if they were killed
    weights_ = MadeWeights(47, 64, 32, 12);
    observations_ = MadeObservations(200, 47);
    WriteTables(weights_file_, weights_);
    WriteTables(observations_file_, {{"observations", observations_}});
  }

  // A publisher that holds weights_file_, in this process.
  std::unique_ptr<Component> Publish()
  {
    auto publisher = std::make_unique<Component>(SVAR_WEIGHTS_PUBLISHER,
                                                 Settings{{"file", Setting(weights_file_)}});
    if (publisher->Configure() != SVAR_TRANSITION_SUCCESS) {
      throw std::runtime_error(svar_error_message());
    }
    return publisher;
  }
  Settings With(Settings extra = {})
  {
    extra.insert({"observations", Setting(observations_file_)});
    extra.insert({"record", Setting(record_file_)});
    extra.insert({"store_timeout", 0.0});
    return extra;
  }
  std::string Configure(Component &controller)
  {
    return controller.Configure() == SVAR_TRANSITION_SUCCESS ? "" : svar_error_message();
  }
  svar_step_result_t Steps(Component &controller, int count)
  {
    svar_step_result_t result = SVAR_STEP_CONTINUE;
    for (int i = 0; i < count && result == SVAR_STEP_CONTINUE; i++) {
      result = controller.Step();
    }
    return result;
  }
  // Steps, not too fast for its observations, until the controller has said that many lines.
  void StepsUntilLines(Component &controller, size_t count)
  {
    while (controller.host.lines.size() < count) {
      ASSERT_EQ(controller.Step(), SVAR_STEP_CONTINUE) << svar_error_message();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void Swap(Component &publisher, const Tables &tables)
  {
    WriteTables(weights_file_, tables);
    publisher.Step();
  }

  svar_test::ScratchDirectory segments_;
  ScratchFolder folder_;
  Tables weights_;
  Table observations_;
  std::string weights_file_ = folder_ / "weights.safetensors",
              observations_file_ = folder_ / "observations.safetensors",
              record_file_ = folder_ / "record.safetensors";
};

TEST_F(PolicyController, RunsEveryObservationOnBorrowedWeightsAndReportsOnce)
{
  auto publisher = Publish();
  Component controller(SVAR_POLICY_CONTROLLER, With());
  ASSERT_EQ(Configure(controller), "");
  EXPECT_EQ(controller.host.period_ns, 20000000);
  size_t lines = controller.host.lines.size();
  ASSERT_EQ(controller.Activate(), SVAR_TRANSITION_SUCCESS);
  EXPECT_EQ(Steps(controller, 199), SVAR_STEP_CONTINUE);
  EXPECT_EQ(controller.host.lines.size(), lines) << "steps do not log";
  EXPECT_EQ(controller.Step(3), SVAR_STEP_DONE);
  EXPECT_EQ(controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
  EXPECT_EQ(controller.Cleanup(), SVAR_TRANSITION_SUCCESS);

  Tables record = ReadTables(record_file_);
  EXPECT_EQ(record.at("actions").shape, (std::vector<int64_t>{200, 12}));
  EXPECT_EQ(CheckRun(record, observations_, {{1, weights_}}).steps_of[1], 200);
  ASSERT_EQ(controller.host.lines.size(), lines + 4) << "one report";
  EXPECT_EQ(controller.host.lines[lines].text, "steps             200 of 200");
  EXPECT_EQ(controller.host.lines[lines + 1].text, "missed deadlines  3");
  EXPECT_EQ(controller.host.lines[lines + 2].text, "version changes   0");
  EXPECT_EQ(controller.host.lines[lines + 3].text.rfind("step latency      p50 ", 0), 0u);
  EXPECT_EQ(publisher->Cleanup(), SVAR_TRANSITION_SUCCESS);
}

TEST_F(PolicyController, EqualsTheReferenceOfBothRobotsOnBorrowedWeights)
{
  SVAR_SKIP_WITHOUT_ROBOTS();
  for (std::string robot : {"unitree_g1", "unitree_h1"}) {
    SCOPED_TRACE(robot);
    observations_file_ = PolicyFile(robot + "_reference.safetensors");
    Tables reference = ReadTables(observations_file_);
    weights_file_ = PolicyFile(robot + ".safetensors");
    auto publisher = Publish();
    Component controller(SVAR_POLICY_CONTROLLER, With());
    ASSERT_EQ(Configure(controller), "");
    controller.Activate();
    EXPECT_EQ(Steps(controller, 200), SVAR_STEP_DONE);
    EXPECT_EQ(controller.Cleanup(), SVAR_TRANSITION_SUCCESS);
    EXPECT_LE(LargestDifference(ReadTables(record_file_).at("actions").values,
                                reference.at("actions").values),
              kActionTolerance);
    EXPECT_EQ(publisher->Cleanup(), SVAR_TRANSITION_SUCCESS);
  }
}

TEST_F(PolicyController, UsesOneVersionAStepAndKeepsItsStateAcrossSwaps)
{
  auto publisher = Publish();
  Component controller(SVAR_POLICY_CONTROLLER, With());
  ASSERT_EQ(Configure(controller), "");
  controller.Activate();
  Tables second = Scaled(weights_, 0.9), third = Scaled(weights_, 0.8);
  EXPECT_EQ(Steps(controller, 70), SVAR_STEP_CONTINUE);
  Swap(*publisher, second);
  EXPECT_EQ(Steps(controller, 50), SVAR_STEP_CONTINUE);
  Swap(*publisher, third);
  EXPECT_EQ(Steps(controller, 80), SVAR_STEP_DONE);
  Tables record = ReadTables(record_file_);
  RunSummary run = CheckRun(record, observations_, {{1, weights_}, {2, second}, {3, third}});
  EXPECT_EQ(run.steps_of, (std::map<uint64_t, int64_t>{{1, 70}, {2, 50}, {3, 80}}));
}

TEST_F(PolicyController, TakesObservationsInFloat64)
{
  Table observations = observations_;
  svar_safetensors_item_t item = {
      "observations",
      svar_tensor(SVAR_FLOAT64, observations.values.data(), 2, observations.shape.data())};
  observations_file_ = folder_ / "observations64";
  Require(svar_safetensors_write(observations_file_.c_str(), &item, 1, nullptr, 0));
  auto publisher = Publish();
  Component controller(SVAR_POLICY_CONTROLLER, With({{"rate", 0.0}}));
  ASSERT_EQ(Configure(controller), "");
  EXPECT_EQ(controller.host.period_ns, 0);
  controller.Activate();
  EXPECT_EQ(Steps(controller, 200), SVAR_STEP_DONE);
  EXPECT_EQ(CheckRun(ReadTables(record_file_), observations, {{1, weights_}}).steps, 200);
}

TEST_F(PolicyController, WritesWhatItHasWhenItIsStoppedEarlyAndBeginsAnewWhenActivatedAgain)
{
  auto publisher = Publish();
  Component controller(SVAR_POLICY_CONTROLLER, With());
  ASSERT_EQ(Configure(controller), "");
  for (int steps : {0, 5, 7}) {
    EXPECT_EQ(controller.Activate(), SVAR_TRANSITION_SUCCESS);
    EXPECT_EQ(Steps(controller, steps), SVAR_STEP_CONTINUE);
    EXPECT_EQ(controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
    EXPECT_EQ(CheckRun(ReadTables(record_file_), observations_, {{1, weights_}}).steps, steps);
  }
}

TEST_F(PolicyController, NeedsNoRecord)
{
  auto publisher = Publish();
  Component controller(SVAR_POLICY_CONTROLLER, {{"observations", Setting(observations_file_)}});
  ASSERT_EQ(Configure(controller), "");
  controller.Activate();
  EXPECT_EQ(Steps(controller, 200), SVAR_STEP_DONE);
  EXPECT_EQ(folder_.names().size(), 2u) << "the weights and the observations alone";
}

TEST_F(PolicyController, FailsTheLastStepIfItCannotWriteTheRecord)
{
  auto publisher = Publish();
  record_file_ = folder_ / "records/record.safetensors";
  std::filesystem::create_directory(folder_ / "records");
  Component controller(SVAR_POLICY_CONTROLLER, With());
  ASSERT_EQ(Configure(controller), "");
  std::filesystem::remove(folder_ / "records"); // as bad as a disk that has filled meanwhile
  controller.Activate();
  EXPECT_EQ(Steps(controller, 200), SVAR_STEP_FAILED);
  EXPECT_NE(std::string(svar_error_message()).find("'" + record_file_ + "'"), std::string::npos);
  EXPECT_EQ(controller.Deactivate(), SVAR_TRANSITION_SUCCESS) << "the failure is told once";
}

TEST_F(PolicyController, RefusesARecordThatCannotBeWrittenBeforeItRuns)
{
  WriteFile(folder_ / "file", "");
  auto publisher = Publish();
  const std::pair<std::string, std::string> cases[] = {
      {"/nowhere/record", "its folder '/nowhere': No such file or directory"},
      {folder_ / "file/record", "its folder '" + (folder_ / "file") + "': Not a directory"},
      {folder_.path(), "'" + folder_.path() + "' is not a regular file"},
      {"/dev/null", "/dev"},
      {std::string(5000, 'x'), "is too long to write to"},
  };
  for (const auto &[path, sentence] : cases) {
    record_file_ = path;
    Component controller(SVAR_POLICY_CONTROLLER, With());
    EXPECT_NE(Configure(controller).find(sentence), std::string::npos) << svar_error_message();
  }
  record_file_ = folder_ / "file"; // replaced
  Component controller(SVAR_POLICY_CONTROLLER, With());
  EXPECT_EQ(Configure(controller), "");
}

// --- the store -------------------------------------------------------------------------------------

TEST_F(PolicyController, WaitsForThePublisherToAppear)
{
  Component controller(SVAR_POLICY_CONTROLLER, With({{"store_timeout", 60.0}}));
  auto configured = std::async(std::launch::async, [&] { return Configure(controller); });
  auto publisher = Publish();
  EXPECT_EQ(configured.get(), "");
}

TEST_F(PolicyController, StopsWaitingWhenShutdownIsAskedFor)
{
  Component controller(SVAR_POLICY_CONTROLLER, With({{"store_timeout", 60.0}}));
  controller.host.is_stopping = true;
  EXPECT_EQ(Configure(controller), "stopped while waiting for the store '/policy/weights'");
}

TEST_F(PolicyController, NamesTheStoreThatDoesNotComeInTime)
{
  Component controller(SVAR_POLICY_CONTROLLER, With({{"store_timeout", 0.03}}));
  EXPECT_EQ(Configure(controller), "the store '/policy/weights' has no holder after 0.03 s: start "
                                   "its publisher, or give it more time "
                                   "with -p store_timeout:=SECONDS");
  svar_store_t *empty = nullptr;
  ASSERT_EQ(svar_store_create("/policy/weights", nullptr, &empty), SVAR_OK);
  EXPECT_NE(Configure(controller).find("has no version after 0.03 s"), std::string::npos);
  EXPECT_EQ(svar_store_remove(empty), SVAR_OK);
  svar_store_close(empty);
}

TEST_F(PolicyController, RefusesAStoreThatIsNoPolicy)
{
  struct {
    void (*spoil)(Tables &weights);
    const char *sentence;
  } cases[] = {
      {[](Tables &weights) { weights.erase("actor.0.bias"); }, "actor.0.bias"},
      {[](Tables &weights) {
         weights["actor.2.bias"] = {{2}, {0, 0}};
       },
       "'actor.2.bias' has shape (2), but the other weights ask for 12 at axis 0"},
  };
  for (const auto &bad : cases) {
    Tables spoiled = weights_;
    bad.spoil(spoiled);
    WriteTables(weights_file_, spoiled);
    auto publisher = Publish();
    Component controller(SVAR_POLICY_CONTROLLER, With());
    std::string sentence = Configure(controller);
    EXPECT_NE(sentence.find("'/policy/weights' does not hold a policy network"), std::string::npos)
        << sentence;
    EXPECT_NE(sentence.find(bad.sentence), std::string::npos) << sentence;
    publisher->Cleanup();
  }
}

TEST_F(PolicyController, StaysOnTheLastGoodVersionUntilThereIsAnother)
{
  auto publisher = Publish();
  observations_ = MadeObservations(2000, 47);
  WriteTables(observations_file_, {{"observations", observations_}});
  Component controller(SVAR_POLICY_CONTROLLER, With());
  ASSERT_EQ(Configure(controller), "");
  controller.Activate();
  const std::vector<FakeHost::Line> &lines = controller.host.lines;
  size_t said = lines.size();
  EXPECT_EQ(Steps(controller, 10), SVAR_STEP_CONTINUE);
  Tables infinite = Scaled(weights_, 0.5), last = Scaled(weights_, 0.8);
  infinite.at("actor.0.weight").values[3 * 64 + 5] = INFINITY;

  Swap(*publisher, MadeWeights(41, 64, 32, 10));
  StepsUntilLines(controller, said + 1);
  EXPECT_EQ(lines.back().level, SVAR_LOG_WARN);
  EXPECT_EQ(lines.back().text,
            "the policy stays on version 1 of /policy/weights: version 2 of '/policy/weights': the "
            "weights make a network of sizes 41, 64, 32, 10, but the one that runs has 47, 64, 32, "
            "12 (observation, hidden, actor, action); restart the policy to use them");
  for (int i = 0; i < 3; i++) { // more than a holder keeps buffers of by itself
    Swap(*publisher, infinite);
  }
  StepsUntilLines(controller, said + 2);
  EXPECT_EQ(lines.back().text,
            "the policy stays on version 1 of /policy/weights: version 5 of '/policy/weights': "
            "'actor.0.weight' has a number in row 3 that is not finite");
  Swap(*publisher, last);
  EXPECT_EQ(Steps(controller, 20), SVAR_STEP_CONTINUE);
  Swap(*publisher, infinite);
  EXPECT_EQ(Steps(controller, 5), SVAR_STEP_CONTINUE);
  EXPECT_EQ(controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
  EXPECT_NE(
      lines[said + 2].text.find("the policy stays on version 6 of /policy/weights: version 7"),
      std::string::npos)
      << "what no look has told is told at the end: " << lines[said + 2].text;
  RunSummary run = CheckRun(ReadTables(record_file_), observations_, {{1, weights_}, {6, last}});
  EXPECT_EQ(run.steps_of[6], 25);
  EXPECT_GT(run.steps_of[1], 10);
}

TEST_F(PolicyController, StaysOnItsVersionWhenAVariableIsUnset)
{
  auto publisher = std::make_unique<Component>(
      SVAR_WEIGHTS_PUBLISHER, Settings{{"file", Setting(weights_file_)}, {"settable", "*"}});
  ASSERT_EQ(publisher->Configure(), SVAR_TRANSITION_SUCCESS) << svar_error_message();
  Component controller(SVAR_POLICY_CONTROLLER, With());
  ASSERT_EQ(Configure(controller), "");
  controller.Activate();
  svar_remote_t *remote = nullptr;
  Require(svar_remote_open("/policy/weights", nullptr, &remote));
  Require(svar_remote_set(remote, "actor.2.bias", svar_none(), nullptr));
  svar_remote_close(remote);
  EXPECT_EQ(Steps(controller, 10), SVAR_STEP_CONTINUE);
  EXPECT_EQ(controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
  EXPECT_EQ(CheckRun(ReadTables(record_file_), observations_, {{1, weights_}}).steps, 10);
  bool has_told = false;
  for (const FakeHost::Line &line : controller.host.lines) {
    has_told |= line.text.find("stays on version 1 of /policy/weights: version 2 of "
                               "'/policy/weights': ") != std::string::npos &&
                line.text.find("actor.2.bias") != std::string::npos;
  }
  EXPECT_TRUE(has_told);
}

TEST_F(PolicyController, RefusesAFirstVersionThatIsNotFinite)
{
  weights_.at("memory.bias_hh_l0").values[7] = NAN;
  WriteTables(weights_file_, weights_);
  auto publisher = Publish();
  Component controller(SVAR_POLICY_CONTROLLER, With());
  EXPECT_EQ(Configure(controller), "version 1 of '/policy/weights': 'memory.bias_hh_l0' has a "
                                   "number in row 7 that is not finite");
}

TEST_F(PolicyController, GoesOnWithoutItsStoreUntilThereIsANewOneThatFits)
{
  Tables first = MadeWeights(8, 12, 10, 4), second = Scaled(first, 0.8);
  Table observations = MadeObservations(20000, 8);
  observations_file_ = folder_ / "observations.safetensors";
  WriteTables(observations_file_, {{"observations", observations}});
  WriteTables(weights_file_, first);
  auto publisher = Publish();
  Component controller(SVAR_POLICY_CONTROLLER, With());
  ASSERT_EQ(Configure(controller), "");
  controller.Activate();
  const std::vector<FakeHost::Line> &lines = controller.host.lines;
  size_t said = lines.size();
  EXPECT_EQ(publisher->Cleanup(), SVAR_TRANSITION_SUCCESS);
  StepsUntilLines(controller, said + 1);
  EXPECT_EQ(lines.back().text,
            "the store /policy/weights was removed: the policy goes on with its version 1 until "
            "there is a new store of that name");

  WriteTables(weights_file_, MadeWeights(8, 12, 10, 5));
  publisher = Publish();
  StepsUntilLines(controller, said + 2);
  EXPECT_NE(lines.back().text.find("the new store /policy/weights is not used: version 1 of "
                                   "'/policy/weights': the weights make a network of sizes 8, 12, "
                                   "10, 5"),
            std::string::npos)
      << lines.back().text;
  EXPECT_EQ(publisher->Cleanup(), SVAR_TRANSITION_SUCCESS);
  WriteTables(weights_file_, second);
  publisher = Publish();
  StepsUntilLines(controller, said + 3);
  EXPECT_EQ(lines.back().text,
            "a new store /policy/weights: from its version 1 on, after 1 of the old");
  EXPECT_EQ(Steps(controller, 5), SVAR_STEP_CONTINUE);
  EXPECT_EQ(controller.Deactivate(), SVAR_TRANSITION_SUCCESS);
  auto steps_of = CheckRunOfSets(ReadTables(record_file_), observations, {first, second});
  EXPECT_GT(steps_of[0], 0);
  EXPECT_EQ(steps_of[1], 5);
}

// --- the observations ------------------------------------------------------------------------------

TEST_F(PolicyController, RefusesObservationsThatItCannotRunOn)
{
  auto publisher = Publish();
  std::string made = folder_ / "observations";
  auto table = [&](const char *name, std::vector<int64_t> shape) {
    std::vector<double> values(shape.size() == 2 ? shape[0] * shape[1] : shape[0]);
    WriteTables(made, {{name, {std::move(shape), std::move(values)}}});
    return made;
  };
  struct {
    std::function<std::string()> file;
    const char *sentence;
  } cases[] = {
      {[] { return std::string(); }, "the parameter 'observations' is empty"},
      {[] { return std::string("/nowhere/o"); }, "cannot open '/nowhere/o'"},
      {[&] {
         return table("other", {2, 47});
       },
       "has no tensor 'observations'"},
      {[&] { return table("observations", {47}); }, "of shape (47); give (steps, width)"},
      {[&] {
         return table("observations", {0, 47});
       },
       "has no step"},
      {[&] {
         return table("observations", {2, 41});
       },
       "the observations have 41 numbers a step, but the network of '/policy/weights' takes 47"},
      {[&] {
         int64_t shape[] = {1, 47};
         std::vector<int32_t> numbers(47);
         svar_safetensors_item_t item = {"observations",
                                         svar_tensor(SVAR_INT32, numbers.data(), 2, shape)};
         Require(svar_safetensors_write(made.c_str(), &item, 1, nullptr, 0));
         return made;
       },
       "as int32; give float32 or float64"},
  };
  for (const auto &bad : cases) {
    observations_file_ = bad.file();
    Component controller(SVAR_POLICY_CONTROLLER, With());
    std::string sentence = Configure(controller);
    EXPECT_NE(sentence.find(bad.sentence), std::string::npos) << sentence;
  }
}

// --- borrowed views --------------------------------------------------------------------------------

// The permissions ("r--s") and file of the mapping that the address lies in.
std::pair<std::string, std::string>
MappingOf(const void *address)
{
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    uintptr_t begin = 0, end = 0;
    char permissions[8] = "";
    int path = 0;
    sscanf(line.c_str(), "%lx-%lx %7s %*s %*s %*s %n", &begin, &end, permissions, &path);
    uintptr_t at = reinterpret_cast<uintptr_t>(address);
    if (at >= begin && at < end) {
      return {permissions, line.substr(path)};
    }
  }
  return {"unmapped", ""};
}

TEST_F(PolicyController, ViewsOfASubscriberLieInTheReadOnlyMappingAndWritingThemFaults)
{
  auto publisher = Publish();
  Subscriber subscriber;
  subscriber.Pin();
  for (const auto &[name, table] : weights_) {
    auto view = subscriber.View(name);
    EXPECT_TRUE(view->is_alias);
    auto [permissions, file] = MappingOf(view->tensor.data);
    EXPECT_EQ(permissions, "r--s") << name;
    EXPECT_EQ(file.rfind(segments_.path(), 0), 0u) << file;
    auto [last_permissions, last_file] =
        MappingOf(static_cast<char *>(view->tensor.data) + svar_value_bytes(view.get()) - 1);
    EXPECT_EQ(last_permissions, "r--s") << name;
    EXPECT_EQ(last_file, file);
    EXPECT_EXIT(
        {
          std::signal(SIGSEGV, SIG_DFL); // a sanitizer's own handler would report and exit
          *static_cast<volatile float *>(view->tensor.data) = 1.0f;
        },
        testing::KilledBySignal(SIGSEGV), "");
  }
}

} // namespace
