// The stand-in driver, and a device of it, for tests.
#ifndef TESTS_GPU_STAND_IN_HPP
#define TESTS_GPU_STAND_IN_HPP

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "fakes/scratch.hpp"
#include "tests/fakes/driver/control.h"

extern "C" {
#include "gpu/device.h"
#include "gpu/memory.h"
#include "gpu/stream.h"
}

namespace svar_test
{

/// True if the tests are to run on this machine's GPU (tests/gpu/run), not on the stand-in.
inline bool
is_on_gpu()
{
  return getenv("SVAR_TEST_ON_GPU") != nullptr;
}

/// The library will load the stand-in, with so many devices; call it before the first use of a GPU.
inline void
use_stand_in(int devices = 1)
{
  if (!is_on_gpu()) {
    setenv("SVAR_GPU_DRIVER", SVAR_STAND_IN_DRIVER, 1);
    setenv("FAKE_DRIVER_DEVICES", std::to_string(devices).c_str(), 1);
  }
}

/// Ends the running test, from whatever it has called, as one that was skipped.
[[noreturn]] inline void
skip_on_gpu()
{
  using Result = ::testing::TestPartResult;
  const char *reason = "only the stand-in driver does this when it is told to";
  GTEST_MESSAGE_(reason, Result::kSkip);
  throw ::testing::AssertionException(Result(Result::kSkip, __FILE__, __LINE__, reason));
}

/// What a GPU can be told: nothing. Work takes as long as it takes there, and what is not given back is not counted.
inline const fake_driver_control_t &
no_control()
{
  static const fake_driver_control_t control = {
      [](const char *name, int, int) {
        if (name != nullptr) {
          skip_on_gpu();
        }
      },
      [] { return 0; },
      [](int) {},
      [](const void *stream) {
        if (stream != nullptr) {
          skip_on_gpu();
        }
      },
      []() -> size_t { skip_on_gpu(); },
      []() -> int { skip_on_gpu(); },
      [] { return 0; },
  };
  return control;
}

inline const fake_driver_control_t &
stand_in()
{
  if (is_on_gpu()) {
    return no_control();
  }
  void *library = dlopen(SVAR_STAND_IN_DRIVER, RTLD_NOW | RTLD_NOLOAD);
  void *symbol = library != nullptr ? dlsym(library, "fake_driver_control") : nullptr;
  if (symbol == nullptr) {
    ADD_FAILURE() << "the stand-in driver is not loaded: " << dlerror();
    abort();
  }
  dlclose(library);
  return *reinterpret_cast<fake_driver_control_get_t>(symbol)();
}

/// Runs use with one call of the driver failing after the other, until none is left to fail. Each time
/// that the driver fails use must say so, and give everything back. Returns how many calls use makes.
inline int
fail_each_call(const std::function<svar_ret_t()> &use)
{
  const int most = 200;
  int nth = 0;
  bool has_failed = true;
  while (has_failed && nth < most && !::testing::Test::HasFailure()) {
    int live = stand_in().live();
    stand_in().fail("*", ++nth, SVARI_CU_OUT_OF_MEMORY);
    svar_ret_t ret = use();
    has_failed = stand_in().has_failed();
    stand_in().fail(nullptr, 0, 0);
    EXPECT_EQ(ret, has_failed ? SVAR_ERR_NO_SPACE : SVAR_OK)
        << "call " << nth << ": " << svar_error_message();
    EXPECT_EQ(stand_in().live(), live) << "after failing call " << nth;
  }
  EXPECT_FALSE(has_failed);
  return nth - 1;
}

/// A device, a stream on it, and memory, for as long as a test runs; all is given back at its end.
class OnDevice : public ::testing::Test
{
protected:
  void SetUp() override
  {
    use_stand_in(devices_);
    ASSERT_SVAR_OK(svari_device_open(0, nullptr, &device_));
    ASSERT_SVAR_OK(svari_stream_init(&stream_, device_));
  }

  void TearDown() override
  {
    svari_stream_fini(&stream_);
    for (svari_memory_t *memory : memories_) {
      svari_memory_destroy(memory);
    }
    svari_device_close(device_);
    stand_in().delay(0);
    EXPECT_EQ(stand_in().live(), 0) << "not given back to the driver";
  }

  bool has_devices(int count) const
  {
    return device_->driver->device_count >= count;
  }

  /// Memory that lives as long as the test.
  svari_memory_t *keep(svari_memory_t *memory)
  {
    memories_.push_back(memory);
    return memory;
  }

  svari_memory_t *memory(uint64_t size_bytes)
  {
    svari_memory_t *made = nullptr;
    EXPECT_SVAR_OK(svari_memory_create(device_, 1, size_bytes, &made));
    return keep(made);
  }

  template <typename T> void write(svari_cu_address_t to, const std::vector<T> &values)
  {
    EXPECT_SVAR_OK(svari_stream_to_device(&stream_, to, values.data(), values.size() * sizeof(T)));
    EXPECT_SVAR_OK(svari_stream_synchronize(&stream_));
  }

  template <typename T> std::vector<T> read(svari_cu_address_t from, size_t count)
  {
    std::vector<T> values(count);
    EXPECT_SVAR_OK(svari_stream_to_host(&stream_, values.data(), from, count * sizeof(T)));
    EXPECT_SVAR_OK(svari_stream_synchronize(&stream_));
    return values;
  }

  int devices_ = 1; // of the stand-in; a test that needs more than one asks has_devices()
  svari_device_t *device_ = nullptr;
  svari_stream_t stream_ = {};

private:
  std::vector<svari_memory_t *> memories_;
};

/// For what ends the device's use for its process: runs body in a child. The body's failures are the test's, and if
/// skip_on_gpu() ends it, it ends the test, too.
inline void
in_a_child(const std::function<void()> &body)
{
  const int skipped = 77;
  Child child([&body] {
    int unless_failed = 0;
    try {
      body();
    } catch (const ::testing::AssertionException &) {
      unless_failed = skipped;
    }
    return ::testing::Test::HasFailure() ? 1 : unless_failed;
  });
  const int exit_code = child.wait();
  if (exit_code == skipped) {
    skip_on_gpu();
  }
  EXPECT_EQ(exit_code, 0) << "in a child process";
}

} // namespace svar_test

#endif
