// Where a policy's weights lie, and its network runs: the tests of either are the same.
#pragma once

#include <gtest/gtest.h>

#include "components/policy/policy_data.hpp"
#include "gpu/stand_in.hpp"
#include "policy_network.h"
#include "shared_variable/shared_variable.h"

// Two GPUs of the stand-in driver.
inline void
use_gpus()
{
  svar_test::use_stand_in();
  setenv("FAKE_DRIVER_DEVICES", "2", 1);
}

// Weights in this process's memory, as the network takes them.
class HeapWeights
{
public:
  explicit HeapWeights(const Tables &tables)
  {
    for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
      const Table &table = tables.at(svari_policy_weight_names[i]);
      values_[i].assign(table.values.begin(), table.values.end());
      shapes_[i] = table.shape;
      tensors[i] = svar_tensor(SVAR_FLOAT32, values_[i].data(),
                               static_cast<int32_t>(shapes_[i].size()), shapes_[i].data());
      pointers[i] = &tensors[i];
    }
  }
  DLTensor tensors[SVARI_POLICY_WEIGHT_COUNT];
  const DLTensor *pointers[SVARI_POLICY_WEIGHT_COUNT];

private:
  std::vector<float> values_[SVARI_POLICY_WEIGHT_COUNT];
  std::vector<int64_t> shapes_[SVARI_POLICY_WEIGHT_COUNT];
};

// A private store with weights in host memory or on GPU 0.
class StoredPolicy
{
public:
  StoredPolicy(svar_target_t target, const Tables &tables)
  {
    HeapWeights heap(tables);
    svar_transaction_t *change = nullptr;
    Require(svar_store_create_private("/policy", nullptr, &store));
    Require(svar_transaction_begin(store, &change));
    for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
      svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
      options.store = store;
      options.name = svari_policy_weight_names[i];
      options.target = target;
      options.transaction = change;
      Require(svar_shared(svar_array(heap.pointers[i]), &options, &variables[i]));
    }
    Require(svar_transaction_commit(change, nullptr));
  }
  ~StoredPolicy()
  {
    for (svar_variable_t *variable : variables) {
      svar_variable_unref(variable);
    }
    svar_store_close(store);
  }
  StoredPolicy(const StoredPolicy &) = delete;

  // All of them together. Returns the version.
  uint64_t Set(const Tables &tables)
  {
    HeapWeights heap(tables);
    svar_transaction_t *change = nullptr;
    uint64_t version = 0;
    Require(svar_transaction_begin(store, &change));
    for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
      Require(svar_transaction_set(change, variables[i], svar_array(heap.pointers[i])));
    }
    Require(svar_transaction_commit(change, &version));
    return version;
  }

  svar_store_t *store = nullptr;
  svar_variable_t *variables[SVARI_POLICY_WEIGHT_COUNT] = {};
};

// Weights on GPU 0, as views of a snapshot.
class GpuWeights
{
public:
  explicit GpuWeights(const Tables &tables) : stored_(SVAR_TARGET_GPU, tables)
  {
    Require(svar_snapshot_begin(stored_.store, &snapshot_));
    for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
      Require(svar_snapshot_get(&snapshot_, stored_.variables[i], &views_[i]));
      pointers[i] = &views_[i].tensor;
    }
  }
  ~GpuWeights()
  {
    svar_snapshot_end(&snapshot_);
  }
  GpuWeights(const GpuWeights &) = delete;
  const DLTensor *pointers[SVARI_POLICY_WEIGHT_COUNT];

private:
  StoredPolicy stored_;
  svar_snapshot_t snapshot_ = SVAR_SNAPSHOT_INIT;
  svar_value_t views_[SVARI_POLICY_WEIGHT_COUNT] = {};
};

struct OnHost {
  using Weights = HeapWeights;
  static constexpr DLDevice kDevice{kDLCPU, 0};
  static constexpr svar_target_t kTarget = SVAR_TARGET_HOST;
};
struct OnGpu {
  using Weights = GpuWeights;
  static constexpr DLDevice kDevice{kDLCUDA, 0};
  static constexpr svar_target_t kTarget = SVAR_TARGET_GPU;
};
using Places = testing::Types<OnHost, OnGpu>;

template <typename Place> class OnPlace : public testing::Test
{
protected:
  using Weights = typename Place::Weights;

  OnPlace()
  {
    use_gpus();
  }
};
