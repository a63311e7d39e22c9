// The driver in each state that it can be found in. Each is a process of its own: a process loads it once.
#include <thread>

#include "fakes/arrays.hpp"
#include "gpu/stand_in.hpp"

using namespace svar_test;

namespace
{

using Environment = std::vector<std::pair<const char *, std::string>>;

// Body, in a process with these variables.
void
with(const Environment &environment, const std::function<void()> &body)
{
  in_a_child([&] {
    use_stand_in();
    for (const auto &[name, value] : environment) {
      setenv(name, value.c_str(), 1);
    }
    body();
  });
}

// Who asks for a GPU is told why there is none, who does not gets a variable.
void
expect_no_variable(svar_ret_t ret, const std::string &text)
{
  ::Array array(std::vector<float>{1, 2}, {2});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_variable_t *variable = nullptr;
  options.target = SVAR_TARGET_GPU;
  EXPECT_SVAR_FAILS(ret, text, svar_shared(array.source(), &options, &variable));
  EXPECT_SVAR_FAILS(ret, text, svar_gpu_default_set(0));
  EXPECT_SVAR_OK(svar_shared(array.source(), nullptr, &variable));
  EXPECT_EQ(svar_variable_backing(variable), SVAR_BACKING_CPU);
  svar_variable_unref(variable);
}

void
expect_state(const Environment &environment, svari_driver_state_t state, svar_ret_t ret,
             const std::string &text)
{
  with(environment, [&] {
    const svari_driver_t *driver = nullptr;
    EXPECT_EQ(svari_driver_state(), state);
    for (int again = 0; again < 2; again++) {
      EXPECT_SVAR_FAILS(ret, text, svari_driver_get(&driver));
    }
    EXPECT_EQ(driver, nullptr);
    svari_device_t *device = nullptr;
    EXPECT_SVAR_FAILS(ret, text, svari_device_open(0, nullptr, &device));
    svari_cu_uuid_t uuid = {};
    int32_t ordinal = -1;
    EXPECT_SVAR_FAILS(ret, text, svari_device_find(&uuid, &ordinal));
    EXPECT_EQ(device, nullptr);
    expect_no_variable(ret, text);
  });
}

TEST(Driver, IsReadyWithItsVersionAndItsDevices)
{
  with({{"FAKE_DRIVER_DEVICES", "3"}, {"FAKE_DRIVER_VERSION", "12040"}}, [] {
    const svari_driver_t *driver = nullptr;
    ASSERT_SVAR_OK(svari_driver_get(&driver));
    EXPECT_EQ(svari_driver_state(), SVARI_DRIVER_READY);
    EXPECT_EQ(driver->version, 12040);
    EXPECT_EQ(driver->device_count, 3);
  });
}

TEST(Driver, IsLoadedOnceByThreadsThatAskTogether)
{
  with({}, [] {
    std::vector<std::thread> threads;
    std::vector<const svari_driver_t *> found(8, nullptr);
    for (auto &driver : found) {
      threads.emplace_back([&driver] { EXPECT_SVAR_OK(svari_driver_get(&driver)); });
    }
    for (std::thread &thread : threads) {
      thread.join();
    }
    EXPECT_EQ(std::vector<const svari_driver_t *>(8, found[0]), found);
  });
}

TEST(Driver, ThatIsNotThereIsNamed)
{
  expect_state({{"SVAR_GPU_DRIVER", "/nowhere/libcuda.so.1"}}, SVARI_DRIVER_MISSING,
               SVAR_ERR_UNSUPPORTED,
               "there is no NVIDIA driver on this machine (/nowhere/libcuda.so.1: cannot open");
}

TEST(Driver, OfThisMachineIsAskedForByItsOwnName)
{
  Child probe([] { return dlopen("libcuda.so.1", RTLD_NOW) != nullptr ? 1 : 0; });
  if (probe.wait() != 0) {
    GTEST_SKIP() << "this machine has a driver";
  }
  expect_state({{"SVAR_GPU_DRIVER", ""}}, SVARI_DRIVER_MISSING, SVAR_ERR_UNSUPPORTED,
               "libcuda.so.1: cannot open");
}

TEST(Driver, IsNotTheToolkitsStub)
{
  if (std::string(SVAR_CUDA_STUB).empty()) {
    GTEST_SKIP() << "no CUDA toolkit was found";
  }
  expect_state({{"SVAR_GPU_DRIVER", SVAR_CUDA_STUB}}, SVARI_DRIVER_STUB, SVAR_ERR_UNSUPPORTED,
               "the CUDA toolkit's library for linking (stubs/libcuda.so): take its folder out of "
               "LD_LIBRARY_PATH");
}

TEST(Driver, IsNoLibraryOfAnotherKind)
{
  expect_state({{"FAKE_DRIVER_VERSION", "0"}}, SVARI_DRIVER_STUB, SVAR_ERR_UNSUPPORTED,
               "the CUDA toolkit's library for linking");
  expect_state({{"SVAR_GPU_DRIVER", "libm.so.6"}}, SVARI_DRIVER_STUB, SVAR_ERR_UNSUPPORTED,
               "'libm.so.6' is no NVIDIA driver: it has no cuDriverGetVersion; SVAR_GPU_DRIVER or "
               "LD_LIBRARY_PATH leads there");
}

TEST(Driver, OfBeforeCuda12IsTooOld)
{
  expect_state({{"FAKE_DRIVER_VERSION", "11080"}}, SVARI_DRIVER_TOO_OLD, SVAR_ERR_UNSUPPORTED,
               "it offers CUDA 11.8, and 12.0 is needed: install driver 525");
  with({{"FAKE_DRIVER_VERSION", "12000"}},
       [] { EXPECT_EQ(svari_driver_state(), SVARI_DRIVER_READY); });
}

TEST(Driver, ThatLacksAnyOfTheCallsIsIncomplete)
{
#define EXPECT_INCOMPLETE(name, version, parameters)                                               \
  expect_state({{"FAKE_DRIVER_MISSING", #name}}, SVARI_DRIVER_INCOMPLETE, SVAR_ERR_UNSUPPORTED,    \
               "(CUDA 13.0) has no " #name " of CUDA 12.0");
  SVARI_DRIVER_CALLS(EXPECT_INCOMPLETE)
#undef EXPECT_INCOMPLETE
}

TEST(Driver, ThatDoesNotStartTellsItsReason)
{
  expect_state({{"FAKE_DRIVER_FAIL", "cuInit:1:801"}}, SVARI_DRIVER_DOES_NOT_START,
               SVAR_ERR_UNSUPPORTED,
               "does not start: CUDA_ERROR_NOT_SUPPORTED (801); `nvidia-smi` tells");
  expect_state({{"FAKE_DRIVER_FAIL", "cuInit:1:12345"}}, SVARI_DRIVER_DOES_NOT_START,
               SVAR_ERR_UNSUPPORTED, "an error without a name (12345)");
  expect_state({{"FAKE_DRIVER_FAIL", "cuDeviceGetCount:1:2"}}, SVARI_DRIVER_DOES_NOT_START,
               SVAR_ERR_UNSUPPORTED, "CUDA_ERROR_OUT_OF_MEMORY (2)");
}

TEST(Driver, WithoutAVisibleDeviceSaysWhatHidesThem)
{
  expect_state({{"FAKE_DRIVER_DEVICES", "0"}, {"CUDA_VISIBLE_DEVICES", "7"}},
               SVARI_DRIVER_NO_DEVICE, SVAR_ERR_CONTEXT,
               "finds no GPU (CUDA_VISIBLE_DEVICES=7): `nvidia-smi -L` lists those that there are");
  unsetenv("CUDA_VISIBLE_DEVICES");
  expect_state({{"FAKE_DRIVER_DEVICES", "0"}}, SVARI_DRIVER_NO_DEVICE, SVAR_ERR_CONTEXT,
               "(CUDA_VISIBLE_DEVICES is not set): `nvidia-smi -L` lists");
}

TEST(Driver, LoadedBeforeAForkRefusesTheChild)
{
  with({}, [] {
    const svari_driver_t *driver = nullptr;
    ASSERT_SVAR_OK(svari_driver_get(&driver));
    in_a_child([] {
      const svari_driver_t *inherited = nullptr;
      EXPECT_SVAR_FAILS(SVAR_ERR_FORKED, "used the GPU before it forked",
                        svari_driver_get(&inherited));
    });
  });
}

TEST(Driver, ForksBeforeItIsLoadedDoNoHarm)
{
  with({}, [] {
    in_a_child([] { EXPECT_EQ(svari_driver_state(), SVARI_DRIVER_READY); });
    const svari_driver_t *driver = nullptr;
    EXPECT_SVAR_OK(svari_driver_get(&driver));
  });
}

TEST(Driver, ResultsBecomeCodesAndSentences)
{
  with({}, [] {
    const svari_driver_t *driver = nullptr;
    ASSERT_SVAR_OK(svari_driver_get(&driver));
    EXPECT_SVAR_OK(svari_driver_result(driver, SVARI_CU_SUCCESS, "doing %d", 1));
    EXPECT_SVAR_FAILS(SVAR_ERR_NO_SPACE,
                      "doing 2: CUDA_ERROR_OUT_OF_MEMORY (2); `nvidia-smi` shows what uses",
                      svari_driver_result(driver, SVARI_CU_OUT_OF_MEMORY, "doing %d", 2));
    EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, "(46)",
                      svari_driver_result(driver, SVARI_CU_DEVICE_UNAVAILABLE, "x"));
    for (svari_cu_result_t refused : {209, 218, 222}) {
      EXPECT_SVAR_FAILS(SVAR_ERR_UNSUPPORTED, "; kernels need a GPU of compute capability 7.5",
                        svari_driver_result(driver, refused, "x"));
    }
    EXPECT_SVAR_FAILS(SVAR_ERR_UNSUPPORTED, "(221); libnvidia-ptxjitcompiler.so.1 is missing",
                      svari_driver_result(driver, SVARI_CU_JIT_COMPILER_NOT_FOUND, "x"));
    for (svari_cu_result_t lost :
         {214, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911}) {
      EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "this process can use the GPU no more: start it again",
                        svari_driver_result(driver, lost, "x"));
    }
    for (svari_cu_result_t passing : {1, 400, 701, 712, 713, 720}) {
      EXPECT_EQ(svari_driver_result(driver, passing, "x"), SVAR_ERR_DEVICE);
      EXPECT_EQ(std::string(svar_error_message()).find("start it again"), std::string::npos);
    }
  });
}

} // namespace
