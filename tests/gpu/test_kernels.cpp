// The kernels, run by the stand-in driver from their source.
#include "gpu/stand_in.hpp"

extern "C" {
#include "gpu/kernels.h"
#include "gpu/kernels_text.h"
#include "tests/gpu/checks.h"
}

using namespace svar_test;

namespace
{

class Kernels : public OnDevice
{
protected:
  void SetUp() override
  {
    OnDevice::SetUp();
    svari_memory_t *slots = nullptr;
    ASSERT_SVAR_OK(svari_memory_create(device_, 2, CHECK_SLOT_BYTES, &slots));
    bench_ = {stream_, keep(slots)};
  }

  check_bench_t bench_ = {};
};

TEST_F(Kernels, ConvertEveryPairAsTheCpuDoes)
{
  svar_dtype_t dtypes[CHECK_DTYPES_MAX];
  size_t count = check_dtypes(dtypes);
  EXPECT_EQ(count, 15u);
  for (size_t from = 0; from < count; from++) {
    for (size_t to = 0; to < count; to++) {
      ASSERT_EQ(std::string(check_convert(&bench_, dtypes[from], dtypes[to])), "");
    }
  }
}

TEST_F(Kernels, DoNotConvertWhatIsOnlyStored)
{
  svari_cu_address_t address = bench_.memory->address;
  EXPECT_SVAR_FAILS(
      SVAR_ERR_NOT_IMPLEMENTED, "float8_e4m3fn is not converted to float32",
      svari_kernels_convert(&stream_, SVAR_FLOAT8_E4M3FN, address, SVAR_FLOAT32, address, 1));
  EXPECT_SVAR_FAILS(
      SVAR_ERR_NOT_IMPLEMENTED, "float32 is not converted to float8_e5m2",
      svari_kernels_convert(&stream_, SVAR_FLOAT32, address, SVAR_FLOAT8_E5M2, address, 1));
}

TEST_F(Kernels, AddScaledArraysOfEveryFloat)
{
  for (svar_dtype_t dtype : {SVAR_FLOAT16, SVAR_BFLOAT16, SVAR_FLOAT32, SVAR_FLOAT64}) {
    EXPECT_EQ(std::string(check_add_scaled(&bench_, dtype)), "");
  }
  EXPECT_SVAR_FAILS(SVAR_ERR_NOT_IMPLEMENTED, "not for int32",
                    svari_kernels_add_scaled(&stream_, SVAR_INT32, 1, bench_.memory->address,
                                             svari_memory_slot(bench_.memory, 1), 1));
}

TEST_F(Kernels, PackEveryLayoutOfEverySize)
{
  for (uint64_t bytes : {1, 2, 4, 8, 16}) {
    EXPECT_EQ(std::string(check_pack(&bench_, bytes)), "");
  }
}

TEST_F(Kernels, ComputeLayersInTheOrderThatTheHeaderStates)
{
  stand_in().delay(100);
  EXPECT_EQ(std::string(check_dense(&bench_)), "");
  EXPECT_EQ(std::string(check_lstm(&bench_)), "");
}

TEST_F(Kernels, WorkOnNothingNeedsNoKernel)
{
  stand_in().fail("*", 1, SVARI_CU_OUT_OF_MEMORY);
  EXPECT_SVAR_OK(svari_kernels_convert(&stream_, SVAR_INT8, 0, SVAR_INT16, 0, 0));
  EXPECT_FALSE(stand_in().has_failed());
  stand_in().fail(nullptr, 0, 0);
}

TEST_F(Kernels, AreLoadedOnceAndGivenBackWhicheverCallFails)
{
  svari_cu_address_t address = bench_.memory->address;
  auto convert = [&] {
    return svari_kernels_convert(&stream_, SVAR_FLOAT32, address, SVAR_FLOAT64, address + 4096, 1);
  };
  EXPECT_EQ(fail_each_call([&] {
              svari_device_t *second = nullptr;
              svar_ret_t ret = svari_device_open(0, nullptr, &second);
              svari_stream_t stream = {};
              if (ret == SVAR_OK) {
                stream = {second, stream_.stream};
                ret = svari_kernels_convert(&stream, SVAR_FLOAT32, address, SVAR_FLOAT64,
                                            address + 4096, 1);
              }
              svari_device_close(second);
              return ret;
            }),
            8 + 3); // those of opening; load, find, launch
  ASSERT_SVAR_OK(convert());
  int live = stand_in().live();
  stand_in().fail("cuModuleLoadData", 1, SVARI_CU_OUT_OF_MEMORY);
  EXPECT_SVAR_OK(convert());
  EXPECT_FALSE(stand_in().has_failed());
  EXPECT_EQ(stand_in().live(), live);
  stand_in().fail(nullptr, 0, 0);
}

TEST_F(Kernels, ThatTheDriverDoesNotTakeAreUnsupported)
{
  svari_cu_address_t address = bench_.memory->address;
  for (svari_cu_result_t result :
       {SVARI_CU_NO_BINARY_FOR_GPU, SVARI_CU_INVALID_PTX, SVARI_CU_JIT_COMPILER_NOT_FOUND,
        SVARI_CU_UNSUPPORTED_PTX_VERSION}) {
    stand_in().fail("cuModuleLoadData", 1, result);
    EXPECT_SVAR_FAILS(
        SVAR_ERR_UNSUPPORTED,
        "loading the kernel svari_convert_BOOL_INT8 on GPU 0 (stand-in 0), driver CUDA 13.0",
        svari_kernels_convert(&stream_, SVAR_BOOL, address, SVAR_INT8, address + 4096, 1));
  }
}

TEST_F(Kernels, AreInTheOrderOfTheirNames)
{
  for (size_t i = 1; i < svari_kernel_text_count; i++) {
    EXPECT_LT(std::string(svari_kernel_texts[i - 1].name), svari_kernel_texts[i].name);
  }
  EXPECT_EQ(svari_kernel_text_count, 15u * 15 + 4 + 5 + 2);
}

} // namespace
