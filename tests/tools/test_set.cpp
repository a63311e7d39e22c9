// `svar set` and `svar load`: a store that this process holds, set by another.
#include <cmath>
#include <fstream>

#include "components/policy/scratch_folder.hpp"
#include "fakes/scratch.hpp"
#include "shared_variable/archive.h"
#include "tools/process.h"

namespace
{

using namespace svar_test;

class SvarSet : public testing::Test
{
protected:
  SvarSet()
  {
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.settable = "*";
    store_ = create_store("/arm/control", &options);
    const float single = 1;
    gain_ = Share("gain", svar_scalar(SVAR_FLOAT32, &single));
    count_ = Share("count", svar_int(1));
    weights_ = Share("weights", svar_array(&matrix_));
  }
  ~SvarSet() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }

  Variable Share(const char *name, svar_source_t source)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = name;
    options.store = store_.get();
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_OK(svar_shared(source, &options, &variable));
    return Variable(variable);
  }
  Outcome Svar(const std::string &command, const std::vector<std::string> &more)
  {
    std::vector<std::string> arguments = {SVAR_PROGRAM, command, "/arm/control"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunToEnd(arguments);
  }
  void ExpectSet(const std::vector<std::string> &arguments)
  {
    uint64_t before = svar_store_version(store_.get());
    Outcome set = Svar("set", arguments);
    EXPECT_EQ(set.exit_code, 0) << set.err;
    EXPECT_EQ(set.out, std::to_string(before + 1) + "\n");
  }
  void ExpectRefused(const std::string &command, const std::vector<std::string> &arguments,
                     const std::string &reason)
  {
    uint64_t before = svar_store_version(store_.get());
    Outcome outcome = Svar(command, arguments);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find(reason), std::string::npos) << outcome.err;
    EXPECT_EQ(svar_store_version(store_.get()), before);
  }

  float numbers_[4] = {1, 2, 3, 4};
  const int64_t shape_[2] = {2, 2};
  DLTensor matrix_ = svar_tensor(SVAR_FLOAT32, numbers_, 2, shape_);
  ScratchDirectory directory_;
  ScratchFolder folder_;
  Store store_;
  Variable gain_, count_, weights_;
};

TEST_F(SvarSet, ANumberIsRoundedToAVariableOfFloats)
{
  ExpectSet({"gain", "0.1"});
  EXPECT_EQ(get<float>(gain_), std::vector<float>{0.1f});
  ExpectSet({"gain", "nan"});
  EXPECT_TRUE(std::isnan(get<float>(gain_)[0]));
  ExpectSet({"--", "gain", "-2"});
  EXPECT_EQ(get<float>(gain_), std::vector<float>{-2});
}

TEST_F(SvarSet, WholeNumbersAreSetExactlyOrNotAtAll)
{
  ExpectSet({"count", "9223372036854775807"});
  EXPECT_EQ(get<uint64_t>(count_), std::vector<uint64_t>{INT64_MAX});
  ExpectRefused("set", {"count", "1.5"}, "1.5");
  ExpectRefused("set", {"count", "9223372036854775808"}, "9223372036854775808");
}

TEST_F(SvarSet, AListIsAnArrayOfItsShape)
{
  ExpectSet({"weights", "[[5, 6.5, 7]]"});
  EXPECT_EQ(get<float>(weights_), (std::vector<float>{5, 6.5, 7}));
  ExpectRefused("set", {"weights", "[1, 2]"}, "rank");
  ExpectRefused("set", {"weights", "[[1, 2], [3]]"}, "another length");
}

TEST_F(SvarSet, WhatGetWroteAsANumpyFileIsSetAgain)
{
  std::string path = folder_ / "weights.npy";
  ASSERT_EQ(Svar("get", {"weights", "--npy", path}).exit_code, 0);
  ExpectSet({"weights", "[[0]]"});
  ExpectSet({"weights", path});
  EXPECT_EQ(get<float>(weights_), (std::vector<float>{1, 2, 3, 4}));
  ExpectRefused("set", {"count", path}, "float32");
  ExpectRefused("set", {"weights", folder_ / "absent.npy"}, "absent.npy");
}

TEST_F(SvarSet, TheBitsOfWhatNumpyLacksComeBack)
{
  uint16_t bits[] = {0x3f80, 0x4000}; // 1 and 2 as bfloat16
  const int64_t shape = 2;
  DLTensor tensor = svar_tensor(SVAR_BFLOAT16, bits, 1, &shape);
  Variable half = Share("half", svar_array(&tensor));
  std::string path = folder_ / "half.npy";
  ASSERT_EQ(Svar("get", {"half", "--npy", path}).exit_code, 0);
  ExpectSet({"half", "[3, 0.1, 5]"});
  ExpectSet({"half", path});
  svar_value_t value = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(half.get(), SVAR_COPY, &value));
  EXPECT_EQ(memcmp(value.tensor.data, bits, sizeof(bits)), 0);
  svar_value_release(&value);
}

TEST_F(SvarSet, WhatIsNotThereIsSaidWithTheNearestNames)
{
  ExpectRefused("set", {"gian", "1"}, "gain");
  Outcome absent = RunToEnd({SVAR_PROGRAM, "set", "/arm/controll", "gain", "1"});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_NE(absent.err.find("/arm/control"), std::string::npos) << absent.err;
  Outcome usage = RunToEnd({SVAR_PROGRAM, "set", "/arm/control", "gain"});
  EXPECT_EQ(usage.exit_code, 2);
}

TEST_F(SvarSet, AHolderThatWasNotToldToDoesNotObey)
{
  Store closed = create_store("/closed");
  make_variable<float>(closed, "gain", {1});
  Outcome refused = RunToEnd({SVAR_PROGRAM, "set", "/closed", "gain", "[1]"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("settable"), std::string::npos) << refused.err;
  std::string path = folder_ / "closed.safetensors";
  ASSERT_EQ(RunToEnd({SVAR_PROGRAM, "save", "/closed", path}).exit_code, 0);
  EXPECT_NE(RunToEnd({SVAR_PROGRAM, "load", "/closed", path}).err.find("settable"),
            std::string::npos);
  closed.reset();
  Outcome nobody = RunToEnd({SVAR_PROGRAM, "set", "/closed", "gain", "[1]"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_NE(nobody.err.find("nobody serves"), std::string::npos) << nobody.err;
  EXPECT_SVAR_OK(svar_store_clean("/closed", nullptr, false, nullptr));
}

class SvarLoad : public SvarSet
{
protected:
  std::string path_ = folder_ / "control.safetensors";
};

TEST_F(SvarLoad, WhatSaveWroteIsOneVersion)
{
  ASSERT_EQ(Svar("save", {path_}).exit_code, 0);
  ExpectSet({"weights", "[[0]]"});
  ExpectSet({"gain", "7"});
  uint64_t before = svar_store_version(store_.get());
  Outcome load = Svar("load", {path_});
  EXPECT_EQ(load.exit_code, 0) << load.err;
  EXPECT_EQ(load.out, std::to_string(before + 1) + "\n");
  EXPECT_EQ(get<float>(weights_), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(get<float>(gain_), std::vector<float>{1});
}

TEST_F(SvarLoad, AFileAndAStoreOfOtherNamesAreRefusedUnlessTold)
{
  float numbers[] = {9, 8};
  const int64_t shape[] = {1, 2};
  const svar_safetensors_item_t items[] = {
      {"other", svar_tensor(SVAR_FLOAT32, numbers, 2, shape)},
      {"weights", svar_tensor(SVAR_FLOAT32, numbers, 2, shape)},
  };
  ASSERT_SVAR_OK(svar_safetensors_write(path_.c_str(), items, 2, nullptr, 0));
  ExpectRefused("load", {path_}, "--ignore-missing");
  ExpectRefused("load", {path_, "--ignore-missing"}, "--ignore-extra");
  ExpectRefused("load", {path_, "--ignore-extra"}, "--ignore-missing");
  Outcome load = Svar("load", {path_, "--ignore-missing", "--ignore-extra"});
  EXPECT_EQ(load.exit_code, 0) << load.err;
  EXPECT_EQ(get<float>(weights_), (std::vector<float>{9, 8}));
  EXPECT_EQ(get<float>(gain_), std::vector<float>{1});
}

TEST_F(SvarLoad, OneTensorThatIsRefusedRefusesTheFile)
{
  double wide = 1;
  float numbers[] = {9, 8};
  const int64_t shape[] = {1, 2};
  const svar_safetensors_item_t items[] = {
      {"weights", svar_tensor(SVAR_FLOAT32, numbers, 2, shape)},
      {"gain", svar_tensor(SVAR_FLOAT64, &wide, 0, nullptr)},
  };
  ASSERT_SVAR_OK(svar_safetensors_write(path_.c_str(), items, 2, nullptr, 0));
  ExpectRefused("load", {path_, "--ignore-missing"}, "float64");
  EXPECT_EQ(get<float>(weights_), (std::vector<float>{1, 2, 3, 4}));
  std::ofstream(path_) << "no tensors";
  ExpectRefused("load", {path_}, "control.safetensors");
}

} // namespace
