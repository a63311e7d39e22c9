// Files and variables on a GPU, on the stand-in driver.
#include "archive/archive_fixture.hpp"

namespace
{

class ArchiveGpu : public Archive
{
protected:
  void SetUp() override
  {
    setenv("SVAR_GPU_DRIVER", SVAR_STAND_IN_DRIVER, 1); // before the first use of a GPU
    setenv("FAKE_DRIVER_DEVICES", "2", 1);
    Archive::SetUp();
    store_ = Private("/archive/gpu");
    Make("host", -1, vector_of<double>({4, 5}).source());
    Make("first", 0, vector_of<float>({1, 2, 3}).source());
    Make("second", 1, vector_of<int16_t>({7}).source());
    ASSERT_SVAR_OK(Save(Pointers(variables_)));
  }

  static Store Private(const char *name)
  {
    svar_store_t *store = nullptr;
    EXPECT_SVAR_OK(svar_store_create_private(name, nullptr, &store));
    return Store(store);
  }

  // gpu: or -1.
  svar_shared_options_t Options(const char *name, int32_t gpu)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.store = store_.get();
    options.name = name;
    options.target = gpu < 0 ? SVAR_TARGET_HOST : SVAR_TARGET_GPU;
    options.gpu = gpu;
    return options;
  }

  void Make(const svar_shared_options_t &options, const svar_source_t &source)
  {
    svar_variable_t *variable = nullptr;
    ASSERT_SVAR_OK(svar_shared(source, &options, &variable));
    variables_.emplace_back(variable);
  }
  void Make(const char *name, int32_t gpu, const svar_source_t &source)
  {
    Make(Options(name, gpu), source);
  }

  static svar_archive_load_options_t Onto(svar_target_t target, int32_t gpu = -1)
  {
    svar_archive_load_options_t options = SVAR_ARCHIVE_LOAD_OPTIONS_INIT;
    options.target = target;
    options.gpu = gpu;
    return options;
  }

  // The number of its GPU, or -1.
  static int32_t GpuOf(svar_variable_t *variable)
  {
    if (svar_variable_backing(variable) != SVAR_BACKING_GPU) {
      return -1;
    }
    svar_value_t view = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_device_view(variable, &view));
    int32_t gpu = view.tensor.device.device_id;
    svar_value_release(&view);
    return gpu;
  }

  // The values of the file are those of the variables that it was made of, on these GPUs.
  void ExpectLoaded(const Loaded &loaded, const std::vector<int32_t> &gpus)
  {
    ASSERT_EQ(loaded.count(), gpus.size());
    for (size_t i = 0; i < gpus.size(); i++) {
      EXPECT_EQ(GpuOf(loaded[i]), gpus[i]) << i;
      EXPECT_EQ(Reading(loaded[i]), Reading(variables_[i].get())) << i;
      EXPECT_STREQ(svar_variable_name(loaded[i]), svar_variable_name(variables_[i].get()));
    }
  }

  Store store_;
  std::vector<Variable> variables_;
};

TEST_F(ArchiveGpu, VariablesAreLoadedWhereTheyWereSavedFromWhateverTheDefault)
{
  for (int32_t gpu : {-1, 1}) {
    ASSERT_SVAR_OK(svar_gpu_default_set(gpu));
    ExpectLoaded(Loaded(path_), {-1, 0, 1});
    Store target = Private("/archive/other");
    ExpectLoaded(Loaded(path_, target.get()), {-1, 0, 1});
    EXPECT_EQ(svar_store_version(target.get()), 1u); // both kinds of memory in one commit
    ASSERT_SVAR_OK(svar_gpu_default_set(-1));
  }
}

TEST_F(ArchiveGpu, VariablesAreLoadedOnTheHostOrOntoOneGpuIfThatIsAskedFor)
{
  svar_archive_load_options_t options = Onto(SVAR_TARGET_HOST);
  ExpectLoaded(Loaded(path_, nullptr, &options), {-1, -1, -1});
  options = Onto(SVAR_TARGET_GPU);
  ExpectLoaded(Loaded(path_, nullptr, &options), {0, 0, 0});
  options = Onto(SVAR_TARGET_GPU, 1);
  ExpectLoaded(Loaded(path_, nullptr, &options), {1, 1, 1});
}

TEST_F(ArchiveGpu, WhatLiesOnNoGpuStaysOnTheHost)
{
  svar_random_state_t state = svar_random_seeded(5);
  Make("random", -1, svar_random_source(&state));
  ASSERT_SVAR_OK(Save(Pointers(variables_)));
  svar_archive_load_options_t options = Onto(SVAR_TARGET_GPU);
  ExpectLoaded(Loaded(path_, nullptr, &options), {0, 0, 0, -1});
}

TEST_F(ArchiveGpu, RulesFlagsAndClonesComeBackOntoTheGpu)
{
  const bool flags[] = {true, false};
  svar_shared_options_t row = Options("row", 0);
  row.strict = true;
  row.broadcastable = flags;
  row.broadcastable_count = 2;
  Array matrix(std::vector<float>{1, 2}, {1, 2});
  Make(row, matrix.source());
  svar_variable_t *clone = nullptr;
  ASSERT_SVAR_OK(svar_variable_clone(variables_.back().get(), "clone", &clone));
  variables_.emplace_back(clone);
  Array scalar(std::vector<double>{2.5}, {});
  Make("scalar", 0, scalar.source());
  Make("complex", 0, Array(SVAR_COMPLEX128, {3}).source());
  Make("empty", 0, Array(SVAR_BOOL, {2, 0}).source());
  ASSERT_SVAR_OK(Save(Pointers(variables_)));
  Loaded loaded(path_);
  ExpectLoaded(loaded, {-1, 0, 1, 0, 0, 0, 0, 0});
  EXPECT_TRUE(svar_container_is_strict(svar_variable_container(loaded[3])));
  EXPECT_EQ(svar_variable_container(loaded[3]), svar_variable_container(loaded[4]));
}

TEST_F(ArchiveGpu, ALoadThatFailsLeavesTheStoreAsItWas)
{
  Store target = Private("/archive/other");
  svar_archive_load_options_t options = Onto(SVAR_TARGET_GPU, 2); // there are 0 and 1
  svar_archive_variables_t list = {};
  EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, "GPU 2",
                    svar_archive_load(path_.c_str(), target.get(), &options, &list));
  EXPECT_EQ(list.variables, nullptr);
  EXPECT_EQ(svar_store_version(target.get()), 0u);
  options = Onto(static_cast<svar_target_t>(7));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "target",
                    svar_archive_load(path_.c_str(), target.get(), &options, &list));
}

TEST_F(ArchiveGpu, AVariableOnAGpuIsRestoredThere)
{
  Variable &first = variables_[1];
  ASSERT_SVAR_OK(svar_set_value(first.get(), vector_of<float>({7}).source(), SVAR_COPY));
  ASSERT_SVAR_OK(svar_archive_restore(path_.c_str(), store_.get(), nullptr, nullptr));
  ExpectLoaded(Loaded(path_), {-1, 0, 1});
  EXPECT_EQ(GpuOf(first.get()), 0);
  EXPECT_EQ(svar_test::get<float>(first), (std::vector<float>{1, 2, 3}));
}

// A store that other processes read, with variables of both kinds; large ones, which the host's are read in place.
class ArchiveNamedGpu : public ArchiveGpu
{
protected:
  void SetUp() override
  {
    ArchiveGpu::SetUp();
    variables_.clear();
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.settable = "*";
    store_ = svar_test::create_store("/archive/named", &options);
    Make("host", -1, svar_test::Array<double>(Numbers(1)).source());
    Make("first", 0, svar_test::Array<double>(Numbers(2)).source());
    ASSERT_SVAR_OK(Save(Pointers(variables_)));
  }
  void TearDown() override
  {
    EXPECT_SVAR_OK(svar_store_remove(store_.get()));
  }
  static std::vector<double> Numbers(double number)
  {
    return std::vector<double>(100000, number);
  }
  // As a reader finds them.
  static void ExpectNumbers(const char *name, double host, double first)
  {
    svar_test::Store reader = svar_test::open_store(name);
    EXPECT_EQ(svar_test::get<double>(svar_test::find(reader, "host")), Numbers(host));
    EXPECT_EQ(svar_test::get<double>(svar_test::find(reader, "first")), Numbers(first));
  }

  svar_test::ScratchDirectory directory_;
};

TEST_F(ArchiveNamedGpu, VariablesAreLoadedIntoAStoreThatOthersRead)
{
  svar_test::Store other = svar_test::create_store("/archive/other");
  ExpectLoaded(Loaded(path_, other.get()), {-1, 0});
  ExpectNumbers("/archive/other", 1, 2);
  EXPECT_SVAR_OK(svar_store_remove(other.get()));
}

TEST_F(ArchiveNamedGpu, VariablesAreRestoredByTheHolderForAnotherProcess)
{
  for (const Variable &variable : variables_) {
    ASSERT_SVAR_OK(svar_test::set<double>(variable, {0}));
  }
  svar_test::Store reader = svar_test::open_store("/archive/named");
  svar_remote_t *remote = nullptr;
  ASSERT_SVAR_OK(svar_remote_open("/archive/named", nullptr, &remote));
  EXPECT_SVAR_OK(
      svar_archive_restore_remote(path_.c_str(), reader.get(), remote, nullptr, nullptr));
  svar_remote_close(remote);
  ExpectNumbers("/archive/named", 1, 2);
  EXPECT_EQ(GpuOf(variables_[1].get()), 0);
}

} // namespace
