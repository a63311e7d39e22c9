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

TEST_F(SvarSet, NoneUnsetsAndASeedMakesARandomState)
{
  ExpectSet({"weights", "none"});
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_EQ(svar_get_value(weights_.get(), SVAR_BORROW, &value), SVAR_ERR_UNSET);
  svar_random_state_t state = svar_random_seeded(1);
  Variable random = Share("random", svar_random_source(&state));
  ExpectSet({"random", "18446744073709551615"});
  ASSERT_SVAR_OK(svar_random_get(random.get(), &state));
  svar_random_state_t expected = svar_random_seeded(UINT64_MAX);
  EXPECT_TRUE(svar_random_state_equal(&state, &expected));
  for (const char *text : {"18446744073709551616", "1.5", "x", "", "[1]"}) {
    ExpectRefused("set", {"random", text}, "seed");
  }
}

TEST_F(SvarSet, ASparseVariableTakesAMatrixWithItsZeros)
{
  const double entry = 1;
  const int32_t indices[] = {0, 1};
  svar_sparse_t matrix = {};
  matrix.format = SVAR_SPARSE_CSR;
  matrix.dtype = SVAR_FLOAT64;
  matrix.index_dtype = SVAR_INT32;
  matrix.shape[0] = matrix.shape[1] = matrix.count = 1;
  matrix.data = &entry;
  matrix.indices = indices;
  matrix.indptr = indices;
  Variable w = Share("w", svar_sparse_source(&matrix));
  ExpectSet({"w", "[[0, 2], [0.5, 0]]"});
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_sparse_get(w.get(), SVAR_BORROW, &value));
  EXPECT_EQ(value.matrix.count, 2);
  EXPECT_EQ(value.matrix.shape[1], 2);
  svar_sparse_value_release(&value);
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
  ExpectRefused("load", {path_}, "--ignore-extra");
  ExpectRefused("load", {path_, "--ignore-missing"}, "--ignore-extra");
  ExpectRefused("load", {path_, "--ignore-extra"}, "--ignore-missing");
  Outcome load = Svar("load", {path_, "--ignore-missing", "--ignore-extra"});
  EXPECT_EQ(load.exit_code, 0) << load.err;
  EXPECT_EQ(get<float>(weights_), (std::vector<float>{9, 8}));
  EXPECT_EQ(get<float>(gain_), std::vector<float>{1});
}

// Every kind of value that a file has, and the dtypes that it keeps in its own way.
TEST_F(SvarLoad, WhateverSaveWroteComesBack)
{
  double complex[] = {1, 2, 3, 4};
  const int64_t two = 2;
  DLTensor pairs = svar_tensor(SVAR_COMPLEX128, complex, 1, &two);
  float single[] = {5, 6, 7, 8};
  DLTensor single_pairs = svar_tensor(SVAR_COMPLEX64, single, 1, &two);
  svar_random_state_t state = svar_random_seeded(3);
  const int32_t indices[] = {0, 1};
  const int32_t indptr[] = {0, 1, 2};
  svar_sparse_t matrix = {};
  matrix.format = SVAR_SPARSE_CSC;
  matrix.dtype = SVAR_FLOAT64;
  matrix.index_dtype = SVAR_INT32;
  matrix.shape[0] = matrix.shape[1] = matrix.count = 2;
  matrix.data = complex;
  matrix.indices = indices;
  matrix.indptr = indptr;
  Variable z = Share("z", svar_array(&pairs));
  Variable c = Share("c", svar_array(&single_pairs));
  Variable flag = Share("flag", svar_bool(true));
  Variable random = Share("random", svar_random_source(&state));
  Variable w = Share("w", svar_sparse_source(&matrix));
  ASSERT_EQ(Svar("save", {path_}).exit_code, 0);
  svar_random_state_t later = svar_random_seeded(4);
  matrix.count = 0;
  const int32_t none[] = {0, 0, 0};
  matrix.indptr = none;
  ASSERT_SVAR_OK(svar_zero(z.get(), SVAR_COPY));
  ASSERT_SVAR_OK(svar_zero(c.get(), SVAR_COPY));
  ASSERT_SVAR_OK(svar_set_value(flag.get(), svar_bool(false), SVAR_COPY));
  ASSERT_SVAR_OK(svar_set_value(random.get(), svar_random_source(&later), SVAR_COPY));
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_sparse_source(&matrix), SVAR_COPY));
  uint64_t before = svar_store_version(store_.get());
  Outcome load = Svar("load", {path_});
  ASSERT_EQ(load.exit_code, 0) << load.err;
  EXPECT_EQ(load.out, std::to_string(before + 1) + "\n");
  EXPECT_EQ(get<double>(z), (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(get<float>(c), (std::vector<float>{5, 6, 7, 8}));
  ASSERT_SVAR_OK(svar_random_get(random.get(), &later));
  EXPECT_TRUE(svar_random_state_equal(&later, &state));
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_sparse_get(w.get(), SVAR_BORROW, &value));
  EXPECT_EQ(value.matrix.count, 2);
  svar_sparse_value_release(&value);
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
