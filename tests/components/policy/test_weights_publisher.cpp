#include <gtest/gtest.h>

#include <deque>

#include "archive/safetensors_text.hpp"
#include "components/policy/fake_host.hpp"
#include "components/policy/made_policy.hpp"
#include "components/policy/scratch_folder.hpp"
#include "components/policy/subscriber.hpp"
#include "fakes/scratch.hpp"

namespace
{

class WeightsPublisher : public testing::Test
{
protected:
  WeightsPublisher()
  {
    segments_.allow_leftovers(); // of publishers that end without cleanup, as if they were killed
  }

  Settings With(Settings extra = {})
  {
    extra.insert({"file", Setting(file_)});
    return extra;
  }
  std::string Configure(Component &publisher)
  {
    return publisher.Configure() == SVAR_TRANSITION_SUCCESS ? "" : svar_error_message();
  }
  // Under another name first, as a careful writer does.
  void Replace(const std::string &bytes)
  {
    WriteOldFile(folder_ / "next", bytes);
    std::filesystem::rename(folder_ / "next", file_);
  }
  static std::string Pair(char a, char b)
  {
    std::string header = R"({"a":)" + Tensor("U8", "[2]", "[0,2]") + R"(,"b":)" +
                         Tensor("I16", "[2,1]", "[2,6]") + "}";
    return Length(header.size()) + header + std::string(2, a) + std::string(4, b);
  }
  static std::vector<std::string> Warnings(const Component &publisher)
  {
    std::vector<std::string> texts;
    for (const FakeHost::Line &line : publisher.host.lines) {
      if (line.level >= SVAR_LOG_WARN) {
        texts.push_back(line.text);
      }
    }
    return texts;
  }

  svar_test::ScratchDirectory segments_;
  ScratchFolder folder_;
  std::string file_ = folder_ / "weights.safetensors";
};

TEST_F(WeightsPublisher, PublishesEveryTensorOfAPolicyInOneVersion)
{
  WriteTables(file_, MadeWeights(47, 64, 32, 12));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  EXPECT_EQ(publisher.host.period_ns, 200000000);
  Subscriber subscriber;
  EXPECT_EQ(subscriber.version(), 1u);
  Tables weights = ReadTables(file_);
  ASSERT_EQ(subscriber.count(), weights.size());
  std::string bytes = ReadFile(file_);
  for (const auto &[name, table] : weights) {
    std::string held = subscriber.Bytes(name);
    EXPECT_EQ(held.size(), table.values.size() * sizeof(float)) << name;
    EXPECT_NE(bytes.find(held), std::string::npos) << name;
    auto view = subscriber.View(name);
    EXPECT_EQ(std::vector<int64_t>(view->shape, view->shape + view->tensor.ndim), table.shape)
        << name;
  }
  ASSERT_EQ(publisher.host.lines.size(), 1u);
  EXPECT_EQ(publisher.host.lines[0].text,
            "version 1 of /policy/weights: 8 tensors, 125616 bytes from '" + file_ + "'");
}

TEST_F(WeightsPublisher, PublishesEveryDtypeScalarsAndEmptyTensors)
{
  const svar_dtype_t dtypes[] = {
      SVAR_BOOL,          SVAR_UINT8,           SVAR_INT8,           SVAR_FLOAT8_E5M2,
      SVAR_FLOAT8_E4M3FN, SVAR_FLOAT8_E8M0FNU,  SVAR_INT16,          SVAR_UINT16,
      SVAR_FLOAT16,       SVAR_BFLOAT16,        SVAR_INT32,          SVAR_UINT32,
      SVAR_FLOAT32,       SVAR_COMPLEX64,       SVAR_FLOAT64,        SVAR_INT64,
      SVAR_UINT64,        SVAR_FLOAT8_E4M3FNUZ, SVAR_FLOAT8_E5M2FNUZ};
  const int64_t shape[] = {3}, none[] = {4, 0};
  std::string bytes(3 * 16, '\1');
  std::deque<std::string> names;
  std::vector<svar_safetensors_item_t> items;
  for (svar_dtype_t dtype : dtypes) {
    names.push_back(svar_dtype_name(dtype));
    items.push_back({names.back().c_str(), svar_tensor(dtype, bytes.data(), 1, shape)});
  }
  items.push_back({"scalar", svar_tensor(SVAR_FLOAT64, bytes.data(), 0, nullptr)});
  items.push_back({"empty", svar_tensor(SVAR_FLOAT32, bytes.data(), 2, none)});
  Require(svar_safetensors_write(file_.c_str(), items.data(), items.size(), nullptr, 0));

  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  Subscriber subscriber;
  EXPECT_EQ(subscriber.version(), 1u);
  for (svar_dtype_t dtype : dtypes) {
    EXPECT_EQ(subscriber.Bytes(svar_dtype_name(dtype)),
              std::string(3 * svar_dtype_bytes(dtype), '\1'));
    EXPECT_TRUE(svar_dtype_equal(subscriber.View(svar_dtype_name(dtype))->tensor.dtype, dtype));
  }
  EXPECT_EQ(subscriber.Bytes("scalar"), std::string(8, '\1'));
  EXPECT_EQ(subscriber.Bytes("empty"), "");
  EXPECT_EQ(subscriber.View("empty")->shape[0], 4);
}

TEST_F(WeightsPublisher, MakesEachNewFileOneVersionAndAnUntouchedOneNone)
{
  Replace(Pair(1, 1));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  Subscriber subscriber;
  EXPECT_EQ(publisher.Step(), SVAR_STEP_CONTINUE);
  EXPECT_EQ(subscriber.version(), 1u);
  Replace(Pair(2, 3));
  EXPECT_EQ(publisher.Step(), SVAR_STEP_CONTINUE);
  EXPECT_EQ(publisher.Step(), SVAR_STEP_CONTINUE);
  EXPECT_EQ(subscriber.version(), 2u);
  EXPECT_EQ(subscriber.Bytes("a"), std::string(2, 2));
  EXPECT_EQ(subscriber.Bytes("b"), std::string(4, 3));
  WriteFile(file_, Pair(4, 5)); // in place, just now
  publisher.Step();
  EXPECT_EQ(subscriber.version(), 3u);
  EXPECT_EQ(subscriber.Bytes("b"), std::string(4, 5));
  EXPECT_TRUE(Warnings(publisher).empty());
}

TEST_F(WeightsPublisher, LetsShapesChange)
{
  auto table = [](const char *rows, const char *offsets, size_t bytes) {
    return File(R"({"t":)" + Tensor("U8", std::string("[") + rows + ",2]", offsets) + "}", bytes);
  };
  Replace(table("1", "[0,2]", 2));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  Subscriber subscriber;
  for (const auto &[rows, offsets, bytes] :
       {std::tuple{"1000", "[0,2000]", 2000}, std::tuple{"0", "[0,0]", 0},
        std::tuple{"3", "[0,6]", 6}}) {
    Replace(table(rows, offsets, bytes));
    publisher.Step();
    EXPECT_EQ(subscriber.Bytes("t"), std::string(bytes, '\1')) << rows;
    EXPECT_EQ(std::to_string(subscriber.View("t")->shape[0]), rows);
  }
  EXPECT_EQ(subscriber.version(), 4u);
}

// What a running publisher refuses: each once, with its reason, and the old weights stay.
TEST_F(WeightsPublisher, KeepsTheWeightsAndSaysOnceWhyAFileIsRefused)
{
  std::string good = Pair(1, 1);
  const std::pair<std::string, const char *> refused[] = {
      {good.substr(0, good.size() - 1), "only 5 bytes follow the header"},
      {good.substr(0, 60), "is it complete?"},
      {"", "has 0 bytes"},
      {File("{}", 0), "has no tensors"},
      {File(R"({"a":)" + Tensor("U8", "[2]", "[0,2]") + "}", 2), "lacks tensor 'b'"},
      {File(R"({"a":)" + Tensor("U8", "[2]", "[0,2]") + R"(,"b":)" +
                Tensor("I16", "[2,1]", "[2,6]") + R"(,"c":)" + Tensor("U8", "[1]", "[6,7]") + "}",
            7),
       "has tensor 'c', which store '/policy/weights' does not have"},
      {File(R"({"a":)" + Tensor("I8", "[2]", "[0,2]") + R"(,"b":)" +
                Tensor("I16", "[2,1]", "[2,6]") + "}",
            6),
       "has tensor 'a' as int8 of rank 1, but store '/policy/weights' holds it as uint8 of rank 1"},
      {File(R"({"a":)" + Tensor("U8", "[2]", "[0,2]") + R"(,"b":)" + Tensor("I16", "[2]", "[2,6]") +
                "}",
            6),
       "has tensor 'b' as int16 of rank 1, but store '/policy/weights' holds it as int16 of rank "
       "2"},
  };
  Replace(good);
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  Subscriber subscriber;
  size_t warnings = 0;
  for (const auto &[bytes, sentence] : refused) {
    Replace(bytes);
    for (int step = 0; step < 3; step++) {
      EXPECT_EQ(publisher.Step(), SVAR_STEP_CONTINUE);
    }
    ASSERT_EQ(Warnings(publisher).size(), ++warnings) << sentence;
    std::string said = Warnings(publisher).back();
    EXPECT_EQ(said.rfind("version 1 of /policy/weights stays: ", 0), 0u) << said;
    EXPECT_NE(said.find(sentence), std::string::npos) << said;
    EXPECT_EQ(subscriber.version(), 1u);
    EXPECT_EQ(subscriber.Bytes("a"), std::string(2, 1));
  }
  Replace(Pair(2, 2));
  publisher.Step();
  EXPECT_EQ(subscriber.version(), 2u);
  EXPECT_EQ(Warnings(publisher).size(), warnings);
}

TEST_F(WeightsPublisher, SaysOnceThatTheFileIsGoneAndFollowsItWhenItIsBack)
{
  Replace(Pair(1, 1));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  for (size_t round = 1; round <= 2; round++) {
    std::filesystem::remove(file_);
    publisher.Step();
    publisher.Step();
    ASSERT_EQ(Warnings(publisher).size(), 1u) << "round " << round;
    EXPECT_NE(Warnings(publisher).back().find("cannot look at '" + file_), std::string::npos);
    Replace(Pair(static_cast<char>(round + 1), 1));
    publisher.Step();
    EXPECT_EQ(Subscriber().version(), round + 1);
    publisher.host.lines.clear();
  }
}

TEST_F(WeightsPublisher, TriesAgainWhenReadersHeldEveryVersion)
{
  Replace(Pair(0, 0));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  Subscriber reader; // one for all pins: each handle maps all that its store may ever take
  std::deque<svar_snapshot_t> pins;
  char content = 0;
  while (Warnings(publisher).empty()) {
    ASSERT_LT(++content, 100) << "a store has no room for this many pinned versions";
    Require(svar_snapshot_begin(reader.store(),
                                &pins.emplace_back(svar_snapshot_t SVAR_SNAPSHOT_INIT)));
    Replace(Pair(content, content));
    publisher.Step();
  }
  uint64_t version = reader.version();
  publisher.Step();
  EXPECT_EQ(Warnings(publisher).size(), 1u)
      << "the same file failed again: no need to say it again";
  for (svar_snapshot_t &pin : pins) {
    svar_snapshot_end(&pin);
  }
  publisher.Step();
  EXPECT_EQ(reader.version(), version + 1);
  EXPECT_EQ(reader.Bytes("a"), std::string(2, content));
}

TEST_F(WeightsPublisher, RemovesItsStoreAtCleanupUnlessItKeepsIt)
{
  Replace(Pair(1, 1));
  {
    Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
    ASSERT_EQ(Configure(publisher), "");
    EXPECT_FALSE(segments_.files().empty());
    EXPECT_EQ(publisher.Cleanup(), SVAR_TRANSITION_SUCCESS);
  }
  EXPECT_TRUE(segments_.files().empty());
  {
    Component publisher(SVAR_WEIGHTS_PUBLISHER, With({{"keep", true}}));
    ASSERT_EQ(Configure(publisher), "");
    EXPECT_EQ(publisher.Cleanup(), SVAR_TRANSITION_SUCCESS);
  }
  EXPECT_EQ(Subscriber().version(), 1u);
}

TEST_F(WeightsPublisher, ResumesTheStoreThatAnEarlierOneLeft)
{
  Replace(Pair(1, 1));
  {
    Component killed(SVAR_WEIGHTS_PUBLISHER, With());
    ASSERT_EQ(Configure(killed), "");
  }
  Subscriber subscriber;
  Replace(Pair(2, 2));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(publisher), "");
  EXPECT_EQ(subscriber.version(), 2u);
  EXPECT_EQ(subscriber.Bytes("b"), std::string(4, 2));
}

TEST_F(WeightsPublisher, LeavesAStoreOfOtherTensorsToItsReaders)
{
  Replace(Pair(1, 1));
  {
    Component killed(SVAR_WEIGHTS_PUBLISHER, With());
    ASSERT_EQ(Configure(killed), "");
  }
  Replace(File(R"({"a":)" + Tensor("U8", "[2]", "[0,2]") + "}", 2));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  EXPECT_NE(Configure(publisher).find("lacks tensor 'b', which store '/policy/weights' holds"),
            std::string::npos)
      << svar_error_message();
  EXPECT_EQ(Subscriber().Bytes("a"), std::string(2, 1));
}

TEST_F(WeightsPublisher, LetsOthersSetWhatItsParametersSay)
{
  Replace(Pair('x', 'y'));
  for (const char *settable : {"", "a"}) {
    Component publisher(SVAR_WEIGHTS_PUBLISHER,
                        With({{"settable", Setting(std::string(settable))}}));
    ASSERT_EQ(Configure(publisher), "");
    svar_remote_t *remote = nullptr;
    ASSERT_SVAR_OK(svar_remote_open("/policy/weights", nullptr, &remote));
    const uint8_t numbers[] = {7, 8};
    const int64_t shape = 2;
    DLTensor tensor = svar_tensor(SVAR_UINT8, const_cast<uint8_t *>(numbers), 1, &shape);
    svar_ret_t expected = settable[0] == '\0' ? SVAR_ERR_PERMISSION : SVAR_OK;
    EXPECT_EQ(expected, svar_remote_set(remote, "a", svar_array(&tensor), nullptr));
    EXPECT_EQ(SVAR_ERR_PERMISSION, svar_remote_set(remote, "b", svar_array(&tensor), nullptr));
    svar_remote_close(remote);
  }
}

TEST_F(WeightsPublisher, RefusesAStoreThatAnotherHolds)
{
  Replace(Pair(1, 1));
  Component holder(SVAR_WEIGHTS_PUBLISHER, With()), second(SVAR_WEIGHTS_PUBLISHER, With());
  ASSERT_EQ(Configure(holder), "");
  EXPECT_NE(Configure(second).find("/policy/weights"), std::string::npos) << svar_error_message();
  EXPECT_EQ(Subscriber().version(), 1u);
}

TEST_F(WeightsPublisher, LeavesNothingBehindWhenItCannotBegin)
{
  struct {
    const char *file, *bytes, *sentence;
  } cases[] = {
      {"", "", "the parameter 'file' is empty"},
      {"/nowhere/w.safetensors", "", "cannot open '/nowhere/w.safetensors'"},
      {file_.c_str(), "cut", "has 3 bytes, too few"},
  };
  for (const auto &bad : cases) {
    WriteOldFile(file_, bad.bytes);
    Component publisher(SVAR_WEIGHTS_PUBLISHER, {{"file", bad.file}});
    EXPECT_NE(Configure(publisher).find(bad.sentence), std::string::npos) << svar_error_message();
    EXPECT_TRUE(segments_.files().empty()) << bad.sentence;
  }
}

TEST_F(WeightsPublisher, RemovesANewStoreThatGotNoVersion)
{
  // A tensor that is larger than any store may become; the file takes no room on the disk.
  std::string header = R"({"x":)" + Tensor("U8", "[1099511627776]", "[0,1099511627776]") + "}";
  WriteOldFile(file_, Length(header.size()) + header);
  std::filesystem::resize_file(file_, 8 + header.size() + 1099511627776); // sparse
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With());
  EXPECT_NE(Configure(publisher), "");
  EXPECT_TRUE(segments_.files().empty()) << svar_error_message();
}

// --- other processes' sets --------------------------------------------------------------------------

TEST_F(WeightsPublisher, LogsTheVersionsThatOthersMake)
{
  Replace(Pair(1, 1));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With({{"settable", "a"}}));
  ASSERT_EQ(Configure(publisher), "");
  std::vector<FakeHost::Line> &lines = publisher.host.lines;
  lines.clear();
  publisher.Step();
  EXPECT_EQ(lines.size(), 0u);
  svar_remote_t *remote = nullptr;
  Require(svar_remote_open("/policy/weights", nullptr, &remote));
  auto set = [&] {
    uint8_t values[2] = {7, 8};
    const int64_t shape = 2;
    DLTensor tensor = svar_tensor(SVAR_UINT8, values, 1, &shape);
    Require(svar_remote_set(remote, "a", svar_array(&tensor), nullptr));
  };
  set();
  publisher.Step();
  publisher.Step();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].level, SVAR_LOG_INFO);
  EXPECT_EQ(lines[0].text, "version 2 of /policy/weights: set by another process");
  set();
  set();
  Replace(Pair(2, 2));
  publisher.Step();
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].text, "versions 3 to 4 of /policy/weights: set by other processes");
  EXPECT_EQ(lines[2].text.rfind("version 5 of /policy/weights: 2 tensors", 0), 0u);
  svar_remote_close(remote);
}

// --- a GPU --------------------------------------------------------------------------------------------

TEST_F(WeightsPublisher, SaysWhatItLacksForAGpu)
{
  setenv("SVAR_GPU_DRIVER", "/nowhere/libcuda.so.1", 1);
  Replace(Pair(1, 1));
  Component publisher(SVAR_WEIGHTS_PUBLISHER, With({{"backing", "gpu"}, {"gpu", 1}}));
  EXPECT_EQ(Configure(publisher),
            "backing:=gpu asks for GPU 1 (backing:=ipc, in the publisher and in those who read it, "
            "asks for none): there is no NVIDIA driver on this machine (/nowhere/libcuda.so.1: "
            "cannot open shared object file: No such file or directory): install driver 525 or a "
            "later one");
  Component other(SVAR_WEIGHTS_PUBLISHER, With({{"backing", "cpu"}}));
  EXPECT_EQ(Configure(other),
            "the parameter 'backing' is 'cpu': give 'ipc' (shared memory) or 'gpu'");
  EXPECT_EQ(segments_.files(), std::vector<std::string>{}) << "nothing is left";
}

} // namespace
