// Queues of work, as programs without CUDA use them: the public calls alone, on the stand-in driver.
#include <cmath>

#include "gpu/stand_in.hpp"
#include "shared_variable/gpu_queue.h"

using namespace svar_test;

namespace
{

using Floats = std::vector<float>;

/// Floats somewhere: their tensor and its shape.
struct Place {
  Place(void *data, std::vector<int64_t> extents, DLDevice device)
      : shape(std::move(extents)),
        tensor{data,    device, static_cast<int32_t>(shape.size()), SVAR_FLOAT32, shape.data(),
               nullptr, 0}
  {
  }
  Place(const Place &) = delete;
  const DLTensor *operator&() const
  {
    return &tensor;
  }

  std::vector<int64_t> shape;
  DLTensor tensor;
};

class GpuQueue : public ::testing::Test
{
protected:
  static constexpr uint64_t kBytes = 1 << 16;

  void SetUp() override
  {
    use_stand_in(2);
    int32_t count = 0;
    ASSERT_SVAR_OK(svar_gpu_count(&count));
    if (count < 2) {
      GTEST_SKIP() << "on the second of two GPUs";
    }
    ASSERT_SVAR_OK(svar_gpu_queue_create(1, kBytes, kBytes, &queue_));
    stand_in().delay(200);
  }
  void TearDown() override
  {
    svar_gpu_queue_destroy(queue_);
    stand_in().delay(0);
    EXPECT_EQ(stand_in().live(), 0) << "not given back to the driver";
  }

  /// The next floats of the queue's memory on the GPU.
  void *room(size_t count)
  {
    char *memory = static_cast<char *>(svar_gpu_queue_device_memory(queue_)) + used_;
    used_ += count * sizeof(float);
    return memory;
  }
  /// On the GPU, with these values.
  Place put(Floats values, std::vector<int64_t> shape)
  {
    void *data = room(values.size());
    Place host(values.data(), shape, {kDLCPU, 0});
    Place device(data, shape, {kDLCUDA, 1});
    EXPECT_SVAR_OK(svar_gpu_queue_copy(queue_, &device, &host));
    EXPECT_SVAR_OK(svar_gpu_queue_wait(queue_));
    return Place(data, std::move(shape), {kDLCUDA, 1});
  }
  Floats take(const Place &place)
  {
    Floats values(place.shape[0]);
    Place host(values.data(), place.shape, {kDLCPU, 0});
    EXPECT_SVAR_OK(svar_gpu_queue_copy(queue_, &host, &place));
    EXPECT_SVAR_OK(svar_gpu_queue_wait(queue_));
    return values;
  }

  svar_gpu_queue_t *queue_ = nullptr;

private:
  size_t used_ = 0;
};

TEST_F(GpuQueue, CopiesAndZeroesInTheOrderOfTheCalls)
{
  float *host = static_cast<float *>(svar_gpu_queue_host_memory(queue_));
  EXPECT_EQ(host[0], 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(host) % 4096, 0u);
  for (int i = 0; i < 8; i++) {
    host[i] = static_cast<float>(i);
  }
  Place from(host, {4}, {kDLCPU, 0}), to(host + 4, {4}, {kDLCPU, 0});
  Place first(room(4), {4}, {kDLCUDA, 1}), second(room(4), {4}, {kDLCUDA, 1});
  ASSERT_SVAR_OK(svar_gpu_queue_copy(queue_, &first, &from));
  ASSERT_SVAR_OK(svar_gpu_queue_copy(queue_, &second, &first));
  ASSERT_SVAR_OK(svar_gpu_queue_zero(queue_, &first));
  ASSERT_SVAR_OK(svar_gpu_queue_copy(queue_, &to, &second));
  ASSERT_SVAR_OK(svar_gpu_queue_wait(queue_));
  EXPECT_EQ(Floats(host + 4, host + 8), Floats({0, 1, 2, 3}));
  EXPECT_EQ(take(first), Floats({0, 0, 0, 0}));
}

TEST_F(GpuQueue, ComputesADenseLayerWithEveryActivation)
{
  Place weight = put({1, 2, 3, -4, -5, -6}, {2, 3}), bias = put({0.5, 0.25}, {2});
  Place in = put({1, 0.5, 0.25}, {3}), out = put({0, 0}, {2});
  const float sums[] = {3.25f, -7.75f};
  struct {
    svar_activation_t activation;
    Floats expected;
  } cases[] = {
      {SVAR_ACTIVATION_NONE, {sums[0], sums[1]}},
      {SVAR_ACTIVATION_RELU, {sums[0], 0}},
      {SVAR_ACTIVATION_ELU, {sums[0], std::expm1(sums[1])}},
      {SVAR_ACTIVATION_TANH, {std::tanh(sums[0]), std::tanh(sums[1])}},
  };
  for (const auto &c : cases) {
    ASSERT_SVAR_OK(svar_gpu_queue_dense(queue_, &weight, &bias, c.activation, &in, &out));
    EXPECT_EQ(take(out), c.expected) << c.activation;
  }
}

TEST_F(GpuQueue, NoActivationHidesWhatIsNotANumber)
{
  Place weight = put({NAN, 1}, {2, 1}), bias = put({0, NAN}, {2}), in = put({1}, {1});
  Place out = put({0, 0}, {2});
  for (int activation = SVAR_ACTIVATION_NONE; activation <= SVAR_ACTIVATION_TANH; activation++) {
    ASSERT_SVAR_OK(svar_gpu_queue_dense(queue_, &weight, &bias,
                                        static_cast<svar_activation_t>(activation), &in, &out));
    for (float value : take(out)) {
      EXPECT_TRUE(std::isnan(value)) << activation;
    }
  }
}

TEST_F(GpuQueue, TakesAStepOfAnLstm)
{
  Place weight_in = put({1, 2, 3, 4}, {4, 1}), weight_hidden = put({1, 1, 1, 1}, {4, 1});
  Place bias_in = put({0, 0, 0, 1}, {4}), bias_hidden = put({0, 0, 1, 0}, {4});
  Place in = put({0.5}, {1}), hidden = put({0.25}, {1}), cell = put({2}, {1});
  Place next_hidden = put({0}, {1}), next_cell = put({0}, {1});
  svar_gpu_lstm_t weights = {&weight_in, &weight_hidden, &bias_in, &bias_hidden};
  svar_gpu_lstm_state_t from = {&hidden, &cell}, to = {&next_hidden, &next_cell};
  ASSERT_SVAR_OK(svar_gpu_queue_lstm(queue_, &weights, &in, &from, &to));
  auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  double expected = sigmoid(1.25) * 2 + sigmoid(0.75) * std::tanh(2.75);
  EXPECT_NEAR(take(next_cell)[0], expected, 1e-6);
  EXPECT_NEAR(take(next_hidden)[0], sigmoid(3.25) * std::tanh(expected), 1e-6);
  EXPECT_EQ(take(cell), Floats({2})) << "the state before stays";
}

TEST_F(GpuQueue, RefusesTensorsThatDoNotFit)
{
  Place weight = put({1, 2, 3, 4, 5, 6}, {2, 3}), bias = put({1, 2}, {2}), in = put({1, 2, 3}, {3});
  Place out = put({0, 0}, {2}), host(svar_gpu_queue_host_memory(queue_), {3}, {kDLCPU, 0});
  auto dense = [&](const Place &x) {
    return svar_gpu_queue_dense(queue_, &weight, &bias, SVAR_ACTIVATION_NONE, &x, &out);
  };
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE,
                    "a layer's input is float32 of shape (2), compact, on this GPU; work on GPU 1 "
                    "asks for compact float32 of shape (3)",
                    dense(bias));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "in the host", dense(host));
  Place other(in.tensor.data, {3}, {kDLCUDA, 0}), halves(in.tensor.data, {3}, {kDLCUDA, 1});
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "on another device", dense(other));
  halves.tensor.dtype = SVAR_FLOAT16;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "a layer's input is float16", dense(halves));
  int64_t strides[] = {2};
  in.tensor.strides = strides;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "not compact", dense(in));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "what is copied is float32 of shape (3)",
                    svar_gpu_queue_copy(queue_, &out, &host));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "breaks its contract",
                    svar_gpu_queue_copy(queue_, &host, &host));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "what is zeroed", svar_gpu_queue_zero(queue_, &host));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "breaks its contract",
                    svar_gpu_queue_create(0, 0, 1, &queue_));
  EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, "there is no GPU 2", svar_gpu_queue_create(2, 1, 1, &queue_));
}

// Where a child gets pages of its own, so may the parent, of which the GPU does not hear.
TEST_F(GpuQueue, HostMemoryKeepsItsPagesAcrossAFork)
{
  float *host = static_cast<float *>(svar_gpu_queue_host_memory(queue_));
  Signal is_written;
  *host = 1;
  Child child([&] {
    is_written.wait();
    return *host == 2 ? 0 : 1;
  });
  *host = 2;
  is_written.raise();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(GpuQueue, TellsWhatFails)
{
  Place weight = put({1}, {1, 1}), bias = put({1}, {1}), in = put({1}, {1}), out = put({1}, {1});
  auto dense = [&] {
    return svar_gpu_queue_dense(queue_, &weight, &bias, SVAR_ACTIVATION_NONE, &in, &out);
  };
  stand_in().fail("cuModuleLoadData", 1, SVARI_CU_INVALID_PTX);
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSUPPORTED, "loading the kernel svari_dense on GPU 1", dense());
  stand_in().fail("cuLaunchKernel", 1, SVARI_CU_LAUNCH_FAILED);
  EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "starting the kernel svari_dense with 32 threads", dense());
  stand_in().fail("cuStreamSynchronize", 1, SVARI_CU_LAUNCH_FAILED);
  EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "waiting for the work on GPU 1", svar_gpu_queue_wait(queue_));
}

TEST_F(GpuQueue, IsGivenBackWhicheverCallFails)
{
  EXPECT_EQ(fail_each_call([] {
              svar_gpu_queue_t *queue = nullptr;
              svar_ret_t ret = svar_gpu_queue_create(0, 1000, 1000, &queue);
              if (ret == SVAR_OK) {
                stand_in().fail(nullptr, 0, 0); // what is given back fails without a word
              }
              svar_gpu_queue_destroy(queue);
              return ret;
            }),
            14);
}

} // namespace
