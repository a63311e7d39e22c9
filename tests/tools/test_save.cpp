// `svar save`: a store that this process holds, written to a file by another.
#include "components/policy/scratch_folder.hpp"
#include "fakes/scratch.hpp"
#include "fakes/sparse.hpp"
#include "shared_variable/archive.h"
#include "tools/process.h"

namespace
{

using svar_test::create_store;
using svar_test::ScratchDirectory;
using svar_test::Store;
using svar_test::Variable;

class SvarSave : public testing::Test
{
protected:
  void TearDown() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }

  Variable Share(const char *name, const svar_source_t &source)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.name = name;
    options.store = store_.get();
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_OK(svar_shared(source, &options, &variable));
    return Variable(variable);
  }

  Outcome Save(const std::vector<std::string> &more = {})
  {
    std::vector<std::string> arguments = {SVAR_PROGRAM, "save", "/arm/control", path_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunToEnd(arguments);
  }

  ScratchDirectory directory_;
  Store store_ = create_store("/arm/control");
  ScratchFolder folder_;
  std::string path_ = folder_ / "control.safetensors";
};

TEST_F(SvarSave, WritesEveryVariableAndTheyCanBeRestored)
{
  Sparse<double> matrix(SVAR_SPARSE_CSR, 1, 2, {5}, {1}, {0, 1});
  Variable gain = Share("gain", svar_float(2.5)), sparse = Share("m", matrix.source());
  Variable lookalike = Share("gain.data", svar_float(7)); // no part of a sparse variable
  Outcome outcome = Save();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out + outcome.err, "");
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"control.safetensors"});
  ASSERT_SVAR_OK(svar_set_value(gain.get(), svar_float(1), SVAR_COPY));
  ASSERT_SVAR_OK(svar_zero(sparse.get(), SVAR_COPY));
  ASSERT_SVAR_OK(svar_archive_restore(path_.c_str(), store_.get(), nullptr, nullptr));
  EXPECT_EQ(svar_test::get<double>(gain), std::vector<double>{2.5});
  EXPECT_EQ(svar_test::get<double>(lookalike), std::vector<double>{7});
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_sparse_get(sparse.get(), SVAR_COPY, &value));
  EXPECT_EQ(dense_of(value.matrix), dense_of(matrix.matrix()));
  svar_sparse_value_release(&value);
  svar_archive_variables_t loaded = {};
  ASSERT_SVAR_OK(svar_archive_load(path_.c_str(), nullptr, nullptr, &loaded));
  EXPECT_EQ(loaded.count, 3u) << "the parts of 'm' are not variables of their own";
  svar_archive_variables_release(&loaded);
}

TEST_F(SvarSave, AVariableWithoutAValueIsLeftOutIfSaidSo)
{
  Variable gain = Share("gain", svar_float(2.5)), unset = Share("unset", svar_float(1));
  ASSERT_SVAR_OK(svar_set_value(unset.get(), svar_none(), SVAR_COPY));
  Outcome refused = Save();
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("'unset'"), std::string::npos) << refused.err;
  EXPECT_EQ(folder_.names(), std::vector<std::string>());
  EXPECT_EQ(Save({"--skip-unset"}).exit_code, 0);
  svar_archive_variables_t loaded = {};
  ASSERT_SVAR_OK(svar_archive_load(path_.c_str(), nullptr, nullptr, &loaded));
  EXPECT_EQ(loaded.count, 1u);
  svar_archive_variables_release(&loaded);
}

TEST_F(SvarSave, FailuresAreOneSentenceAndLeaveNoFile)
{
  Outcome empty = Save();
  EXPECT_EQ(empty.exit_code, 1);
  EXPECT_NE(empty.err.find("nothing to save"), std::string::npos) << empty.err;
  Variable gain = Share("gain", svar_float(2.5));
  path_ = folder_ / "none/control.safetensors";
  Outcome no_folder = Save();
  EXPECT_EQ(no_folder.exit_code, 1);
  EXPECT_NE(no_folder.err.find("check the path"), std::string::npos) << no_folder.err;
  Outcome no_store = RunToEnd({SVAR_PROGRAM, "save", "/arm/contro", path_});
  EXPECT_EQ(no_store.exit_code, 1);
  EXPECT_NE(no_store.err.find("/arm/control"), std::string::npos) << no_store.err;
  EXPECT_EQ(RunToEnd({SVAR_PROGRAM, "save", "/arm/control"}).exit_code, 2);
  EXPECT_EQ(folder_.names(), std::vector<std::string>());
}

} // namespace
