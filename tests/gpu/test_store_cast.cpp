// Setting a variable on a GPU from an array there that lies oddly and is of another dtype: the same numbers, bit
// for bit, as the host makes of such an array.
#include "fakes/arrays.hpp"
#include "gpu/stand_in.hpp"
#include "shared_variable/shared_variable.h"
#include "tests/gpu/checks.h"

extern "C" {
#include "variable/convert.h"
}

using namespace svar_test;

namespace
{

enum { ELEMENTS = 64 };

// Where index 0 lies in an array of ELEMENTS, and how the others do, counted in elements.
struct Layout {
  const char *name;
  int64_t origin;
  std::vector<int64_t> shape, strides;
};

const std::vector<Layout> kLayouts = {
    {"transposed", 0, {7, 9}, {1, 7}},
    {"backwards", 63, {64}, {-1}},
    {"every third, from the second", 1, {21}, {3}},
    {"a row again and again", 5, {4, 6}, {0, 1}},
    {"rows with gaps, backwards", 45, {3, 2, 5}, {-20, 10, 1}},
};

// Whole numbers and halves, of both signs, that dtypes round, cut or clamp; as bytes of this dtype.
std::vector<uint8_t>
numbers_of(svar_dtype_t dtype)
{
  std::vector<double> numbers;
  for (int i = 0; i < ELEMENTS; i++) {
    numbers.push_back((i % 2 == 0 ? 1 : -1) * (i * i * 37.25 + i / 7.0));
  }
  std::vector<uint8_t> bytes(ELEMENTS * svar_dtype_bytes(dtype));
  svari_convert_find(SVAR_FLOAT64, dtype)(numbers.data(), bytes.data(), ELEMENTS);
  return bytes;
}

class GpuCast : public OnDevice
{
protected:
  void SetUp() override
  {
    OnDevice::SetUp();
    svar_store_t *store = nullptr;
    ASSERT_SVAR_OK(svar_store_create_private("/gpu/cast", nullptr, &store));
    store_.reset(store);
  }

  void TearDown() override
  {
    store_.reset();
    OnDevice::TearDown();
  }

  // Of one element along each axis, and free to take any number.
  Variable make(svar_target_t target, svar_dtype_t dtype, int32_t ndim)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    std::string name = "v" + std::to_string(made_++);
    options.store = store_.get();
    options.name = name.c_str();
    options.target = target;
    options.allow_downcast = SVAR_DOWNCAST_TRUE;
    svar_variable_t *variable = nullptr;
    ::Array array(dtype, std::vector<int64_t>(static_cast<size_t>(ndim), 1));
    EXPECT_SVAR_OK(svar_shared(array.source(), &options, &variable));
    return Variable(variable);
  }

  static DLTensor tensor(svar_dtype_t dtype, void *data, DLDevice device, const Layout &layout)
  {
    DLTensor tensor =
        svar_tensor(dtype, data, static_cast<int32_t>(layout.shape.size()), layout.shape.data());
    tensor.strides = const_cast<int64_t *>(layout.strides.data());
    tensor.byte_offset = static_cast<uint64_t>(layout.origin) * svar_dtype_bytes(dtype);
    tensor.device = device;
    return tensor;
  }

  static std::vector<uint8_t> bytes_of(const Variable &variable)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_COPY, &value));
    const uint8_t *data = static_cast<const uint8_t *>(value.tensor.data);
    std::vector<uint8_t> bytes(data, data + svar_value_bytes(&value));
    svar_value_release(&value);
    return bytes;
  }

  // Sets both variables from the same array, once on the host and once on the device.
  void expect_same(const Variable &on_host, const Variable &on_gpu, svar_dtype_t from,
                   const Layout &layout, void *on_device)
  {
    std::vector<uint8_t> bytes = numbers_of(from);
    DLTensor here = tensor(from, bytes.data(), {kDLCPU, 0}, layout);
    DLTensor there = tensor(from, on_device, {kDLCUDA, 0}, layout);
    ASSERT_SVAR_OK(svar_set_value(on_host.get(), svar_array(&here), SVAR_COPY));
    ASSERT_SVAR_OK(svar_set_value(on_gpu.get(), svar_array(&there), SVAR_COPY));
    EXPECT_EQ(bytes_of(on_gpu), bytes_of(on_host));
  }

  // An array of that dtype on the device.
  void *upload(svar_dtype_t dtype)
  {
    std::vector<uint8_t> bytes = numbers_of(dtype);
    svari_cu_address_t address = svari_memory_slot(memory(bytes.size()), 0);
    write(address, bytes);
    return reinterpret_cast<void *>(address);
  }

  Store store_;

private:
  int made_ = 0;
};

std::vector<svar_dtype_t>
converted_dtypes()
{
  svar_dtype_t dtypes[CHECK_DTYPES_MAX];
  return std::vector<svar_dtype_t>(dtypes, dtypes + check_dtypes(dtypes));
}

TEST_F(GpuCast, OddLayoutsOfEveryDtypeAreConvertedAsOnTheHost)
{
  for (const Layout &layout : kLayouts) {
    for (svar_dtype_t to : converted_dtypes()) {
      Variable on_host = make(SVAR_TARGET_HOST, to, static_cast<int32_t>(layout.shape.size()));
      Variable on_gpu = make(SVAR_TARGET_GPU, to, static_cast<int32_t>(layout.shape.size()));
      for (svar_dtype_t from : converted_dtypes()) {
        SCOPED_TRACE(std::string(layout.name) + ", " + svar_dtype_name(from) + " to " +
                     svar_dtype_name(to));
        expect_same(on_host, on_gpu, from, layout, upload(from));
      }
    }
  }
}

TEST_F(GpuCast, ATransactionSetsOneTwice)
{
  DLTensor there = tensor(SVAR_INT16, upload(SVAR_INT16), {kDLCUDA, 0}, kLayouts[1]);
  std::vector<uint8_t> bytes = numbers_of(SVAR_INT16);
  DLTensor here = tensor(SVAR_INT16, bytes.data(), {kDLCPU, 0}, kLayouts[1]);
  Variable on_gpu = make(SVAR_TARGET_GPU, SVAR_FLOAT64, 1);
  Variable on_host = make(SVAR_TARGET_HOST, SVAR_FLOAT64, 1);
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_set(change, on_gpu.get(), svar_array(&there)));
  ASSERT_SVAR_OK(svar_transaction_set(change, on_gpu.get(), svar_array(&there)));
  ASSERT_SVAR_OK(svar_transaction_set(change, on_host.get(), svar_array(&here)));
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(bytes_of(on_gpu), bytes_of(on_host));
}

TEST_F(GpuCast, TheMemoryInBetweenIsGivenBack)
{
  const int64_t count = 3 << 20; // with its copy in between, most of a chunk
  Variable on_gpu = make(SVAR_TARGET_GPU, SVAR_FLOAT32, 1);
  svari_cu_address_t address = svari_memory_slot(memory(2 * count * sizeof(int16_t)), 0);
  EXPECT_SVAR_OK(svari_stream_zero(&stream_, address, 2 * count * sizeof(int16_t)));
  EXPECT_SVAR_OK(svari_stream_synchronize(&stream_));
  const Layout every_second = {"", 0, {count}, {2}};
  DLTensor there =
      tensor(SVAR_INT16, reinterpret_cast<void *>(address), {kDLCUDA, 0}, every_second);
  for (int i = 0; i < 3; i++) { // two versions, and what is in between
    ASSERT_SVAR_OK(svar_set_value(on_gpu.get(), svar_array(&there), SVAR_COPY));
  }
  int live = stand_in().live();
  for (int i = 0; i < 20; i++) {
    ASSERT_SVAR_OK(svar_set_value(on_gpu.get(), svar_array(&there), SVAR_COPY));
  }
  EXPECT_EQ(stand_in().live(), live) << "the store has grown";
}

TEST_F(GpuCast, NoFailureOfTheDriverIsPublishedAndNothingIsLost)
{
  Variable on_gpu = make(SVAR_TARGET_GPU, SVAR_FLOAT32, 1);
  Variable on_host = make(SVAR_TARGET_HOST, SVAR_FLOAT32, 1);
  void *on_device = upload(SVAR_INT16);
  expect_same(on_host, on_gpu, SVAR_INT16, kLayouts[1], on_device); // kernels and memory are there
  DLTensor there = tensor(SVAR_INT16, on_device, {kDLCUDA, 0}, kLayouts[2]);
  fail_each_call([&] {
    uint64_t version = svar_store_version(store_.get());
    svar_ret_t ret = svar_set_value(on_gpu.get(), svar_array(&there), SVAR_COPY);
    EXPECT_EQ(svar_store_version(store_.get()), ret == SVAR_OK ? version + 1 : version);
    return ret;
  });
  expect_same(on_host, on_gpu, SVAR_INT16, kLayouts[2], on_device);
}

} // namespace
