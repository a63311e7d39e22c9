// Variables on a GPU in private stores: the same versions, transactions and snapshots as in host memory. On the
// stand-in driver, whose work waits a random time and whose addresses the host cannot follow.
#include <thread>

#include "fakes/arrays.hpp"
#include "fakes/failing_heap.hpp"
#include "gpu/stand_in.hpp"
#include "shared_variable/shared_variable.h"

using namespace svar_test;

namespace
{

using Floats = std::vector<float>;

class GpuStore : public OnDevice
{
protected:
  void SetUp() override
  {
    devices_ = 2;
    OnDevice::SetUp();
    svar_store_t *store = nullptr;
    ASSERT_SVAR_OK(svar_store_create_private("/gpu", nullptr, &store));
    store_.reset(store);
  }

  void TearDown() override
  {
    store_.reset();
    OnDevice::TearDown();
  }

  svar_shared_options_t options(const char *name, svar_target_t target = SVAR_TARGET_GPU)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.store = store_.get();
    options.name = name;
    options.target = target;
    return options;
  }

  static Variable make(const svar_shared_options_t &options, const svar_source_t &source)
  {
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_OK(svar_shared(source, &options, &variable));
    return Variable(variable);
  }
  Variable make(const char *name, const svar_source_t &source)
  {
    return make(options(name), source);
  }
  Variable make_on_host(const char *name, const Floats &values)
  {
    ::Array array(values, {static_cast<int64_t>(values.size())});
    return make(options(name, SVAR_TARGET_HOST), array.source());
  }
  Variable make(const char *name, const Floats &values)
  {
    return make(name, ::Array(values, {static_cast<int64_t>(values.size())}).source());
  }

  static Floats bytes_of(const svar_value_t &value)
  {
    const float *data = static_cast<const float *>(value.tensor.data);
    return Floats(data, data + svar_value_bytes(&value) / sizeof(float));
  }
  static Floats get(const Variable &variable, svar_borrow_t borrow = SVAR_COPY)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable.get(), borrow, &value));
    EXPECT_EQ(value.tensor.device.device_type, kDLCPU);
    EXPECT_FALSE(value.is_alias);
    Floats values = bytes_of(value);
    svar_value_release(&value);
    return values;
  }
  static svari_cu_address_t address(const svar_value_t &view)
  {
    EXPECT_EQ(view.tensor.device.device_type, kDLCUDA);
    EXPECT_EQ(view.tensor.device.device_id, 0);
    return reinterpret_cast<svari_cu_address_t>(view.tensor.data);
  }
  Floats fetch(const svar_value_t &view)
  {
    return read<float>(address(view), svar_value_bytes(&view) / sizeof(float));
  }
  /// A transaction with a loan of the variable that its stream fills only later.
  void loan_and_fill_late(const Variable &variable, const Floats &values,
                          svar_transaction_t **out_change, svar_value_t *out_hole)
  {
    ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), out_change));
    ASSERT_SVAR_OK(svar_transaction_loan(*out_change, variable.get(), nullptr, false, out_hole));
    stand_in().delay(3000);
    ASSERT_SVAR_OK(svari_stream_to_device(&stream_, address(*out_hole), values.data(),
                                          values.size() * sizeof(float)));
    ASSERT_SVAR_OK(svar_transaction_follow(*out_change, variable.get(), stream_.stream));
  }
  /// By a stream that waits for no other, and at once.
  Floats fetch_apart(const svar_value_t &view)
  {
    svari_stream_t other = {};
    Floats found(svar_value_bytes(&view) / sizeof(float));
    stand_in().delay(0);
    EXPECT_SVAR_OK(svari_stream_init(&other, device_));
    EXPECT_SVAR_OK(
        svari_stream_to_host(&other, found.data(), address(view), svar_value_bytes(&view)));
    EXPECT_SVAR_OK(svari_stream_synchronize(&other));
    svari_stream_fini(&other);
    return found;
  }
  Floats at(const svar_snapshot_t &snapshot, const Variable &variable)
  {
    svar_value_t view = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_snapshot_get(&snapshot, variable.get(), &view));
    return fetch(view);
  }

  /// An array of the caller's on the device.
  template <typename T> DLTensor device_array(const std::vector<T> &values, const int64_t *shape)
  {
    svari_cu_address_t to = svari_memory_slot(memory(values.size() * sizeof(T)), 0);
    write(to, values);
    DLTensor tensor = svar_tensor(dtype_of<T>(), reinterpret_cast<void *>(to), 1, shape);
    tensor.device = {kDLCUDA, 0};
    return tensor;
  }

  Store store_;
};

// --- reading -----------------------------------------------------------------------------------------

TEST_F(GpuStore, HoldsWhatItIsMadeFrom)
{
  Variable w = make("w", {1, 2, 3});
  EXPECT_EQ(svar_variable_backing(w.get()), SVAR_BACKING_GPU);
  EXPECT_EQ(svar_store_backing(store_.get()), SVAR_BACKING_CPU);
  EXPECT_EQ(get(w, SVAR_COPY), Floats({1, 2, 3}));
  EXPECT_EQ(get(w, SVAR_BORROW), Floats({1, 2, 3}));
  Floats into(3);
  const int64_t shape = 3;
  DLTensor destination = svar_tensor(SVAR_FLOAT32, into.data(), 1, &shape);
  ASSERT_SVAR_OK(svar_get_value_into(w.get(), &destination, nullptr));
  EXPECT_EQ(into, Floats({1, 2, 3}));
}

TEST_F(GpuStore, ViewsOnTheDeviceCostNoCallAndKeepTheirVersion)
{
  Variable w = make("w", {1, 2, 3});
  svar_value_t view = SVAR_VALUE_INIT;
  stand_in().fail("*", 1, SVARI_CU_OUT_OF_MEMORY); // the first call of the driver
  ASSERT_SVAR_OK(svar_get_device_view(w.get(), &view));
  EXPECT_FALSE(stand_in().has_failed());
  stand_in().fail(nullptr, 0, 0);
  EXPECT_TRUE(view.is_alias);
  EXPECT_EQ(address(view) % 256, 0u);
  for (float x = 0; x < 40; x++) { // more versions than a ring has, and buffers are used again
    ASSERT_SVAR_OK(svar_set_value(w.get(), ::Array(Floats{x, x, x}, {3}).source(), SVAR_COPY));
  }
  EXPECT_EQ(fetch(view), Floats({1, 2, 3}));
  EXPECT_EQ(get(w), Floats({39, 39, 39}));
  svar_value_release(&view);
}

TEST_F(GpuStore, ASnapshotHoldsBothKindsOfOneVersion)
{
  Variable on_gpu = make("gpu", {0, 0});
  Variable on_host = make_on_host("host", {0, 0});
  stand_in().delay(200);
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    for (float x = 1; x <= 60; x++) {
      svar_transaction_t *change = nullptr;
      ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
      ::Array value(Floats{x, -x}, {2});
      ASSERT_SVAR_OK(svar_transaction_set(change, on_gpu.get(), value.source()));
      ASSERT_SVAR_OK(svar_transaction_set(change, on_host.get(), value.source()));
      ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
    }
    is_over = true;
  });
  while (!is_over) {
    svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
    svar_value_t view = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_snapshot_begin(store_.get(), &now));
    ASSERT_SVAR_OK(svar_snapshot_get(&now, on_host.get(), &view));
    ASSERT_EQ(at(now, on_gpu), bytes_of(view));
    svar_snapshot_end(&now);
  }
  writer.join();
}

TEST_F(GpuStore, SnapshotsCopyToTheHost)
{
  Variable w = make("w", {1, 2});
  svar_snapshot_t then = SVAR_SNAPSHOT_INIT;
  svar_value_t value = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_snapshot_begin(store_.get(), &then));
  ASSERT_SVAR_OK(svar_set_value(w.get(), ::Array(Floats{3}, {1}).source(), SVAR_COPY));
  ASSERT_SVAR_OK(svar_snapshot_copy(&then, w.get(), &value));
  svar_snapshot_end(&then);
  EXPECT_EQ(bytes_of(value), Floats({1, 2}));
  svar_value_release(&value);
}

TEST_F(GpuStore, HostVariablesHaveNoViewOnADevice)
{
  Variable variable = make_on_host("h", {1});
  svar_value_t view = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "on no GPU", svar_get_device_view(variable.get(), &view));
}

// --- setting -----------------------------------------------------------------------------------------

TEST_F(GpuStore, TakesEveryLayoutAndDtypeOfTheHost)
{
  Variable w = make("w", {0});
  const int16_t small[] = {1, -1, 2, -2};
  const int64_t shape = 2;
  const int64_t stride = 2;
  DLTensor every_second = svar_tensor(SVAR_INT16, const_cast<int16_t *>(small), 1, &shape);
  every_second.strides = const_cast<int64_t *>(&stride);
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_array(&every_second), SVAR_BORROW));
  EXPECT_EQ(get(w), Floats({1, 2}));
  ::Array doubles(std::vector<double>{1}, {1});
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "float64", svar_set_value(w.get(), doubles.source(), SVAR_COPY));
  EXPECT_EQ(get(w), Floats({1, 2}));
}

TEST_F(GpuStore, TakesArraysOfTheDevice)
{
  Variable w = make("w", {0});
  const int64_t four = 4;
  DLTensor floats = device_array<float>({1, 2, 3, 4}, &four);
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_array(&floats), SVAR_COPY));
  write(reinterpret_cast<svari_cu_address_t>(floats.data), Floats{9, 9, 9, 9});
  EXPECT_EQ(get(w), Floats({1, 2, 3, 4}));

  DLTensor bytes = device_array<int8_t>({-1, 0, 1, 127}, &four);
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_array(&bytes), SVAR_COPY));
  EXPECT_EQ(get(w), Floats({-1, 0, 1, 127}));

  DLTensor backwards = device_array<float>({5, 6, 7, 8}, &four);
  const int64_t minus_one = -1;
  backwards.strides = const_cast<int64_t *>(&minus_one);
  backwards.byte_offset = 3 * sizeof(float);
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_array(&backwards), SVAR_COPY));
  EXPECT_EQ(get(w), Floats({8, 7, 6, 5}));

  floats.device.device_id = 1;
  EXPECT_SVAR_FAILS(SVAR_ERR_VALUE, "GPU 1",
                    svar_set_value(w.get(), svar_array(&floats), SVAR_COPY));
}

TEST_F(GpuStore, AdoptsArraysOfTheDevice)
{
  Variable w = make("w", {0});
  const int64_t two = 2;
  int deletions = 0;
  DLManagedTensor managed = {};
  managed.dl_tensor = device_array<float>({1, 2}, &two);
  managed.manager_ctx = &deletions;
  managed.deleter = [](DLManagedTensor *self) { ++*static_cast<int *>(self->manager_ctx); };
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_managed(&managed), SVAR_BORROW));
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_device_view(w.get(), &view));
  EXPECT_EQ(view.tensor.data, managed.dl_tensor.data);
  svar_value_release(&view);
  EXPECT_EQ(get(w), Floats({1, 2}));
  Variable found = find(store_, "w"); // which has seen no value yet
  ASSERT_SVAR_OK(svar_get_device_view(found.get(), &view));
  EXPECT_EQ(view.tensor.device.device_id, 0);
  EXPECT_EQ(view.tensor.data, managed.dl_tensor.data);
  svar_value_release(&view);
  EXPECT_EQ(deletions, 0);
  ASSERT_SVAR_OK(svar_set_value(w.get(), ::Array(Floats{3}, {1}).source(), SVAR_COPY));
  EXPECT_EQ(deletions, 1);
}

TEST_F(GpuStore, AStrictVariableTakesArraysOfItsDeviceOnly)
{
  svar_shared_options_t strict = options("s");
  strict.strict = true;
  Variable s = make(strict, ::Array(Floats{1, 2}, {2}).source());
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "strict",
                    svar_set_value(s.get(), ::Array(Floats{3, 4}, {2}).source(), SVAR_COPY));
  const int64_t two = 2;
  DLTensor bytes = device_array<int8_t>({3, 4}, &two);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "strict",
                    svar_set_value(s.get(), svar_array(&bytes), SVAR_COPY));
  EXPECT_EQ(get(s), Floats({1, 2}));
  DLTensor floats = device_array<float>({3, 4}, &two);
  ASSERT_SVAR_OK(svar_set_value(s.get(), svar_array(&floats), SVAR_COPY));
  EXPECT_EQ(get(s), Floats({3, 4}));
}

TEST_F(GpuStore, ZerosAndUnsets)
{
  Variable w = make("w", {1, 2});
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_device_view(w.get(), &view));
  stand_in().delay(2000);
  ASSERT_SVAR_OK(svar_zero(w.get(), SVAR_BORROW));
  stand_in().delay(0);
  EXPECT_EQ(get(w), Floats({0, 0}));
  EXPECT_EQ(fetch(view), Floats({1, 2}));
  svar_value_release(&view);
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_none(), SVAR_COPY));
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_UNSET, "unset", svar_get_value(w.get(), SVAR_COPY, &value));
}

TEST_F(GpuStore, EmptyArraysHaveNoBytes)
{
  Variable w = make("w", ::Array(SVAR_FLOAT32, {0}).source());
  EXPECT_EQ(get(w), Floats());
}

TEST_F(GpuStore, GrowsWithItsValues)
{
  const int64_t many = 9 << 20; // 36 MiB: more than one chunk
  Variable w = make("w", ::Array(SVAR_UINT8, {1}).source());
  Variable large = make("large", ::Array(Floats(static_cast<size_t>(many), 2.5F), {many}).source());
  Floats found = get(large);
  EXPECT_EQ(found.size(), static_cast<size_t>(many));
  EXPECT_EQ(found.front(), 2.5F);
  EXPECT_EQ(found.back(), 2.5F);
}

// --- loans -------------------------------------------------------------------------------------------

TEST_F(GpuStore, ACommitWaitsForTheStreamThatFillsItsLoan)
{
  Variable w = make("w", {0, 0});
  svar_value_t hole = SVAR_VALUE_INIT;
  svar_transaction_t *change = nullptr;
  const Floats values{4, 5};
  for (int i = 0; i < 10; i++) {
    ASSERT_SVAR_OK(svar_set_value(w.get(), ::Array(Floats{0, 0}, {2}).source(), SVAR_COPY));
    ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
    ASSERT_SVAR_OK(svar_transaction_loan(change, w.get(), nullptr, false, &hole));
    stand_in().delay(3000); // of the work that is enqueued from here on
    ASSERT_SVAR_OK(
        svari_stream_to_device(&stream_, address(hole), values.data(), 2 * sizeof(float)));
    ASSERT_SVAR_OK(svar_transaction_follow(change, w.get(), stream_.stream));
    ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
    svar_value_t view = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_device_view(w.get(), &view));
    Floats found = fetch_apart(view);
    svar_value_release(&view);
    ASSERT_EQ(found, values);
  }
}

TEST_F(GpuStore, AnAbortWaitsForTheStreamThatFillsItsLoan)
{
  Variable w = make("w", {1, 2});
  svar_value_t hole = SVAR_VALUE_INIT;
  svar_transaction_t *change = nullptr;
  for (float x = 0; x < 10; x++) {
    const Floats values{x, -1};
    ASSERT_NO_FATAL_FAILURE(loan_and_fill_late(w, values, &change, &hole));
    svar_transaction_abort(change);
    ASSERT_EQ(fetch_apart(hole), values);
    ASSERT_EQ(get(w), Floats({1, 2}));
  }
}

// The room goes back, and whoever takes it next knows of no stream that writes there.
TEST_F(GpuStore, ALoanIsReplacedWhenTheStreamThatFillsItIsDone)
{
  Variable w = make("w", {1, 2});
  svar_value_t hole = SVAR_VALUE_INIT;
  svar_value_t other = SVAR_VALUE_INIT;
  svar_transaction_t *change = nullptr;
  const std::function<svar_ret_t()> ways[] = {
      [&] { return svar_transaction_loan(change, w.get(), nullptr, false, &other); },
      [&] { return svar_transaction_set(change, w.get(), svar_none()); },
      [&] { return svar_transaction_set(change, w.get(), ::Array(Floats{}, {0}).source()); },
  };
  Floats values{0, -1};
  for (int i = 0; i < 10; i++) {
    for (const auto &replace : ways) {
      values[0]++;
      ASSERT_NO_FATAL_FAILURE(loan_and_fill_late(w, values, &change, &hole));
      ASSERT_SVAR_OK(replace());
      EXPECT_EQ(fetch_apart(hole), values);
      svar_transaction_abort(change);
    }
  }
}

TEST_F(GpuStore, APrefilledLoanBeginsWithTheCurrentValue)
{
  Variable w = make("w", {1, 2, 3});
  svar_value_t hole = SVAR_VALUE_INIT;
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_loan(change, w.get(), nullptr, true, &hole));
  EXPECT_EQ(fetch(hole), Floats({1, 2, 3}));
  write(address(hole), Floats{7});
  EXPECT_EQ(get(w), Floats({1, 2, 3}));
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(get(w), Floats({7, 2, 3}));
}

TEST_F(GpuStore, AssigningStaysInOneMemory)
{
  Variable a = make("a", {1});
  Variable b = make("b", {2});
  Variable c = make_on_host("c", {3});
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_assign(change, a.get(), b.get()));
  ASSERT_SVAR_OK(svar_transaction_assign(change, b.get(), a.get()));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "other memory",
                    svar_transaction_assign(change, c.get(), b.get()));
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(get(a), Floats({2}));
  EXPECT_EQ(get(b), Floats({1}));
}

// --- stores ------------------------------------------------------------------------------------------

TEST_F(GpuStore, HasVariablesOnSeveralGpus)
{
  if (!has_devices(2)) {
    GTEST_SKIP() << "there is one GPU";
  }
  svar_shared_options_t second = options("second");
  second.gpu = 1;
  Variable w = make("w", {1, 2});
  Variable other = make(second, ::Array(Floats{3, 4}, {2}).source());
  svar_value_t view = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_device_view(other.get(), &view));
  EXPECT_EQ(view.tensor.device.device_id, 1);
  EXPECT_SVAR_FAILS(SVAR_ERR_VALUE, "GPU 1",
                    svar_set_value(w.get(), svar_array(&view.tensor), SVAR_COPY));
  svar_value_release(&view);
  EXPECT_EQ(get(other), Floats({3, 4}));
  EXPECT_EQ(get(w), Floats({1, 2}));
}

TEST_F(GpuStore, TheDefaultGpuIsForVariablesThatNoOtherProcessReads)
{
  ScratchDirectory directory;
  Store shared_store = create_store("/gpu/shared");
  svar_shared_options_t given = options("w", SVAR_TARGET_DEFAULT);
  given.store = shared_store.get();
  ASSERT_SVAR_OK(svar_gpu_default_set(0));
  Variable on_host = make(given, ::Array(Floats{1}, {1}).source());
  EXPECT_EQ(svar_variable_backing(on_host.get()), SVAR_BACKING_IPC);
  ASSERT_SVAR_OK(svar_gpu_default_set(-1));
  EXPECT_SVAR_OK(svar_store_remove(shared_store.get()));
}

TEST_F(GpuStore, SurvivesEveryFailedAllocation)
{
  int allocations = fail_each_allocation([](FailingHeap &heap) {
    svar_allocator_t allocator = heap.allocator();
    svar_store_options_t store_options = SVAR_STORE_OPTIONS_INIT;
    store_options.allocator = &allocator;
    svar_store_t *store = nullptr;
    svar_variable_t *variable = nullptr;
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.target = SVAR_TARGET_GPU;
    options.name = "w";
    ::Array array(std::vector<int16_t>{1, 2}, {2});
    svar_ret_t ret = svar_store_create_private("/failing", &store_options, &store);
    if (ret == SVAR_OK) {
      options.store = store;
      ret = svar_shared(::Array(Floats{1, 2}, {2}).source(), &options, &variable);
    }
    if (ret == SVAR_OK) {
      ret = svar_set_value(variable, array.source(), SVAR_COPY); // in memory for the conversion
    }
    EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
    svar_variable_unref(variable);
    svar_store_close(store);
    return ret == SVAR_OK;
  });
  EXPECT_GT(allocations, 10);
}

// --- failures ----------------------------------------------------------------------------------------

TEST_F(GpuStore, NoFailureOfTheDriverIsPublished)
{
  Variable w = make("w", {1, 2});
  float next = 3;
  fail_each_call([&] {
    uint64_t version = svar_store_version(store_.get());
    svar_ret_t ret = svar_set_value(w.get(), ::Array(Floats{next, next}, {2}).source(), SVAR_COPY);
    if (ret != SVAR_OK) {
      EXPECT_EQ(svar_store_version(store_.get()), version);
    } else {
      next++;
    }
    return ret;
  });
  EXPECT_EQ(get(w), Floats({next - 1, next - 1}));
}

} // namespace
