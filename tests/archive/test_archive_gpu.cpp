// Files and variables on a GPU, on the stand-in driver: a file is read into host memory, wherever its values go.
#include "archive/archive_fixture.hpp"

namespace
{

class ArchiveGpu : public Archive
{
protected:
  void SetUp() override
  {
    setenv("SVAR_GPU_DRIVER", SVAR_STAND_IN_DRIVER, 1); // before the first use of a GPU
    Archive::SetUp();
    svar_store_t *store = nullptr;
    ASSERT_SVAR_OK(svar_store_create_private("/archive/gpu", nullptr, &store));
    store_.reset(store);
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.store = store;
    options.name = "w";
    options.target = SVAR_TARGET_GPU;
    svar_variable_t *variable = nullptr;
    ASSERT_SVAR_OK(svar_shared(vector_of<float>({1, 2, 3}).source(), &options, &variable));
    variables_.emplace_back(variable);
    ASSERT_SVAR_OK(Save(Pointers(variables_)));
  }

  Store store_;
  std::vector<Variable> variables_;
};

TEST_F(ArchiveGpu, ASavedVariableIsLoadedOnTheHostWhateverTheDefault)
{
  for (int32_t gpu : {-1, 0}) {
    ASSERT_SVAR_OK(svar_gpu_default_set(gpu));
    svar_archive_variables_t loaded = {};
    svar_ret_t ret = svar_archive_load(path_.c_str(), nullptr, &loaded);
    ASSERT_SVAR_OK(svar_gpu_default_set(-1));
    ASSERT_SVAR_OK(ret);
    ASSERT_EQ(loaded.count, 1u);
    EXPECT_EQ(svar_variable_backing(loaded.variables[0]), SVAR_BACKING_CPU);
    Variable first(svar_variable_ref(loaded.variables[0]));
    EXPECT_EQ(svar_test::get<float>(first), (std::vector<float>{1, 2, 3}));
    svar_archive_variables_release(&loaded);
  }
}

TEST_F(ArchiveGpu, AVariableOnAGpuIsRestoredThere)
{
  ASSERT_SVAR_OK(svar_set_value(variables_[0].get(), vector_of<float>({7}).source(), SVAR_COPY));
  ASSERT_SVAR_OK(svar_archive_restore(path_.c_str(), store_.get(), nullptr, nullptr));
  EXPECT_EQ(svar_variable_backing(variables_[0].get()), SVAR_BACKING_GPU);
  svar_value_t value = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(variables_[0].get(), SVAR_COPY, &value));
  EXPECT_EQ(svar_test::contents<float>(value), (std::vector<float>{1, 2, 3}));
  svar_value_release(&value);
}

} // namespace
