// Files of weights on their way to a store in host memory, and to one on a GPU of the stand-in driver.
#include <gtest/gtest.h>

#include "components/policy/made_policy.hpp"
#include "components/policy/policy_places.hpp"
#include "components/policy/scratch_folder.hpp"
#include "weights_file.h"

namespace
{

template <typename Place> class WeightsFile : public OnPlace<Place>
{
protected:
  WeightsFile()
  {
    Require(svar_store_create_private("/weights", nullptr, &store_));
  }
  ~WeightsFile() override
  {
    svar_store_close(store_);
  }

  svar_ret_t Commit(const Tables &tables, DLDevice device = Place::kDevice)
  {
    WriteTables(path_, tables);
    return CommitFile(device);
  }
  svar_ret_t CommitFile(DLDevice device = Place::kDevice)
  {
    svar_safetensors_t *file = nullptr;
    Require(svar_safetensors_open(path_.c_str(), &file));
    svar_ret_t ret = svari_weights_file_commit(file, store_, device, &version_);
    svar_safetensors_close(file);
    return ret;
  }
  // What the store holds, read as one version.
  void ExpectHolds(const Tables &tables)
  {
    svar_snapshot_t snapshot = SVAR_SNAPSHOT_INIT;
    Require(svar_snapshot_begin(store_, &snapshot));
    for (const auto &[name, table] : tables) {
      svar_variable_t *variable = nullptr;
      svar_value_t value = SVAR_VALUE_INIT;
      Require(svar_store_find(store_, name.c_str(), &variable));
      EXPECT_EQ(svar_variable_backing(variable),
                Place::kTarget == SVAR_TARGET_GPU ? SVAR_BACKING_GPU : SVAR_BACKING_CPU);
      Require(svar_snapshot_copy(&snapshot, variable, &value));
      const float *floats = static_cast<const float *>(value.tensor.data);
      EXPECT_EQ(std::vector<double>(floats, floats + svar_value_bytes(&value) / sizeof(float)),
                table.values)
          << name;
      svar_value_release(&value);
      svar_variable_unref(variable);
    }
    svar_snapshot_end(&snapshot);
  }

  ScratchFolder folder_;
  std::string path_ = folder_ / "weights.safetensors";
  svar_store_t *store_ = nullptr;
  uint64_t version_ = 0;
};
TYPED_TEST_SUITE(WeightsFile, Places);

TYPED_TEST(WeightsFile, BecomesOneVersionAtATime)
{
  Tables first = MadeWeights(4, 6, 5, 3), wider = MadeWeights(9, 12, 10, 7);
  first["number"] = {{}, {42}};
  first["nothing"] = {{2, 0}, {}};
  ASSERT_EQ(this->Commit(first), SVAR_OK) << svar_error_message();
  EXPECT_EQ(this->version_, 1u);
  this->ExpectHolds(first);
  wider["number"] = {{}, {43}};
  wider["nothing"] = {{0, 5}, {}};
  ASSERT_EQ(this->Commit(wider), SVAR_OK) << svar_error_message();
  EXPECT_EQ(this->version_, 2u);
  this->ExpectHolds(wider);
}

TYPED_TEST(WeightsFile, ThatIsOfOtherVariablesIsRefusedAsAWhole)
{
  Tables first = MadeWeights(4, 6, 5, 3);
  ASSERT_EQ(this->Commit(first), SVAR_OK) << svar_error_message();
  Tables more = first, fewer = first, flat = first;
  more["one.more"] = {{1}, {1}};
  fewer.erase("actor.0.bias");
  flat["actor.0.weight"] = {{30}, std::vector<double>(30)};
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "'one.more', which store '/weights' does not have",
                    this->Commit(more));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "lacks tensor 'actor.0.bias'", this->Commit(fewer));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "of rank 1, but store '/weights' holds it as float32 of rank 2",
                    this->Commit(flat));
  bool is_gpu = TypeParam::kTarget == SVAR_TARGET_GPU;
  DLDevice elsewhere = is_gpu ? OnHost::kDevice : OnGpu::kDevice;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE,
                    std::string("store '/weights' holds tensor 'actor.0.bias' ") +
                        (is_gpu ? "on a GPU" : "in host memory") +
                        "; give 'backing' as before, or another store name",
                    this->Commit(first, elsewhere));
  EXPECT_EQ(svar_store_version(this->store_), 1u);
  this->ExpectHolds(first);
}

TEST(WeightsFileOnGpu, TellsEachCallThatFailsAndChangesNothing)
{
  use_gpus();
  ScratchFolder folder;
  std::string path = folder / "weights";
  WriteTables(path, MadeWeights(4, 6, 5, 3));
  svar_store_t *store = nullptr;
  svar_safetensors_t *file = nullptr;
  uint64_t version = 0;
  Require(svar_store_create_private("/weights", nullptr, &store));
  Require(svar_safetensors_open(path.c_str(), &file));
  Require(svari_weights_file_commit(file, store, OnGpu::kDevice, &version));
  const fake_driver_control_t &driver = svar_test::stand_in();
  int calls = 0;
  for (bool has_failed = true; has_failed && calls < 100;) {
    driver.fail("*", ++calls, SVARI_CU_LAUNCH_FAILED);
    svar_ret_t ret = svari_weights_file_commit(file, store, OnGpu::kDevice, &version);
    has_failed = driver.has_failed();
    driver.fail(nullptr, 0, 0);
    EXPECT_EQ(ret, has_failed ? SVAR_ERR_DEVICE : SVAR_OK) << calls << svar_error_message();
    EXPECT_EQ(svar_store_version(store), has_failed ? 1u : 2u);
  }
  EXPECT_GT(calls, 16) << "a copy and a wait for each tensor";
  svar_safetensors_close(file);
  svar_store_close(store);
}

} // namespace
