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
    gpu_ = count - 1;
    ASSERT_SVAR_OK(svar_gpu_queue_create(gpu_, kBytes, kBytes, &queue_));
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
    Place device(data, shape, {kDLCUDA, gpu_});
    EXPECT_SVAR_OK(svar_gpu_queue_copy(queue_, &device, &host));
    EXPECT_SVAR_OK(svar_gpu_queue_wait(queue_));
    return Place(data, std::move(shape), {kDLCUDA, gpu_});
  }
  Floats take(const Place &place)
  {
    Floats values(place.shape[0]);
    Place host(values.data(), place.shape, {kDLCPU, 0});
    EXPECT_SVAR_OK(svar_gpu_queue_copy(queue_, &host, &place));
    EXPECT_SVAR_OK(svar_gpu_queue_wait(queue_));
    return values;
  }

  /// " on GPU 1", as sentences say it.
  std::string on_gpu() const
  {
    return " on GPU " + std::to_string(gpu_);
  }

  int32_t gpu_ = -1; // the last that there is: of the stand-in's two the one whose number is not 0
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
  Place first(room(4), {4}, {kDLCUDA, gpu_}), second(room(4), {4}, {kDLCUDA, gpu_});
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
                    "svar_gpu_queue_dense(): 'in' is float32 of shape (2), compact," + on_gpu() +
                        "; expected: float32 of shape (3), compact," + on_gpu() +
                        " ('weight' has 2 rows and 3 columns)",
                    dense(bias));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "in the host; expected", dense(host));
  Place other(in.tensor.data, {3}, {kDLCUDA, gpu_ + 1});
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "on GPU " + std::to_string(gpu_ + 1) + "; exp", dense(other));
  Place elsewhere(in.tensor.data, {3}, {kDLVulkan, 0});
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "on another device; expected", dense(elsewhere));
  Place halves(in.tensor.data, {3}, {kDLCUDA, gpu_});
  halves.tensor.dtype = SVAR_FLOAT16;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "'in' is float16", dense(halves));
  int64_t strides[] = {2};
  in.tensor.strides = strides;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "not compact", dense(in));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE,
                    "svar_gpu_queue_dense(): 'weight' is float32 of shape (2), compact," +
                        on_gpu() + "; expected: float32 of rank 2, not empty, compact," + on_gpu(),
                    svar_gpu_queue_dense(queue_, &bias, &bias, SVAR_ACTIVATION_NONE, &out, &out));
  EXPECT_SVAR_FAILS(
      SVAR_ERR_ARGUMENT, "svar_gpu_queue_dense(): 'bias' is NULL",
      svar_gpu_queue_dense(queue_, &weight, nullptr, SVAR_ACTIVATION_NONE, &in, &out));
}

TEST_F(GpuQueue, NamesTheCallThatACopyDoesNotFit)
{
  Place out = put({0, 0}, {2}), host(svar_gpu_queue_host_memory(queue_), {3}, {kDLCPU, 0});
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE,
                    "svar_gpu_queue_copy(): 'from' is float32 of shape (3), compact, in the host; "
                    "expected: float32 of shape (2), as the other's, compact," +
                        on_gpu() + " or in the host",
                    svar_gpu_queue_copy(queue_, &out, &host));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "breaks its contract",
                    svar_gpu_queue_copy(queue_, &host, &host));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE,
                    "svar_gpu_queue_zero(): 'to' is float32 of shape (3), compact, in the host; "
                    "expected: compact," +
                        on_gpu(),
                    svar_gpu_queue_zero(queue_, &host));
}

TEST_F(GpuQueue, NamesWhatOfAnLstmDoesNotFit)
{
  Place weight = put(Floats(8, 1), {4, 2}), square = put(Floats(4, 1), {4, 1});
  Place bias = put(Floats(4, 1), {4}), in = put({1, 2}, {2}), one = put({1}, {1});
  auto step = [&](const svar_gpu_lstm_t &weights, const svar_gpu_lstm_state_t &to) {
    const svar_gpu_lstm_state_t from = {&one, &one};
    return svar_gpu_queue_lstm(queue_, &weights, &in, &from, &to);
  };
  const std::string basis = "('in' has 2 inputs and 'from->hidden' 1 units)";
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE,
                    "svar_gpu_queue_lstm(): 'weights->weight_hidden' is float32 of shape (4, 2), "
                    "compact," +
                        on_gpu() + "; expected: float32 of shape (4, 1), compact," + on_gpu() +
                        " " + basis,
                    step({&weight, &weight, &bias, &bias}, {&one, &one}));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "'to->cell' is float32 of shape (2)",
                    step({&weight, &square, &bias, &bias}, {&one, &in}));
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "svar_gpu_queue_lstm(): 'weights->bias_hidden' is NULL",
                    step({&weight, &square, &bias, nullptr}, {&one, &one}));
}

TEST_F(GpuQueue, RefusesAGpuThatIsNotThere)
{
  const int32_t none = gpu_ + 1;
  EXPECT_SVAR_FAILS(SVAR_ERR_ARGUMENT, "breaks its contract",
                    svar_gpu_queue_create(gpu_, 0, 1, &queue_));
  EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, "there is no GPU " + std::to_string(none),
                    svar_gpu_queue_create(none, 1, 1, &queue_));
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
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSUPPORTED, "loading the kernel svari_dense" + on_gpu(), dense());
  stand_in().fail("cuLaunchKernel", 1, SVARI_CU_LAUNCH_FAILED);
  EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "starting the kernel svari_dense with 32 threads", dense());
  stand_in().fail("cuStreamSynchronize", 1, SVARI_CU_LAUNCH_FAILED);
  EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "waiting for the work" + on_gpu(),
                    svar_gpu_queue_wait(queue_));
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
