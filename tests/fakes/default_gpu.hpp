// The stand-in driver's GPU as the default one: arrays that no other process reads go there.
#ifndef TESTS_FAKES_DEFAULT_GPU_HPP
#define TESTS_FAKES_DEFAULT_GPU_HPP

#include <stdlib.h>

#include "fakes/scratch.hpp"
#include "shared_variable/shared_variable.h"

namespace svar_test
{

/// For as long as it lives. Its program's SVAR_STAND_IN_DRIVER comes from svar_uses_stand_in() of CMake.
class DefaultGpu
{
public:
  DefaultGpu()
  {
    setenv("SVAR_GPU_DRIVER", SVAR_STAND_IN_DRIVER, 1); // before the first use of a GPU
    EXPECT_SVAR_OK(svar_gpu_default_set(0));
  }
  ~DefaultGpu()
  {
    EXPECT_SVAR_OK(svar_gpu_default_set(-1));
  }
  DefaultGpu(const DefaultGpu &) = delete;
  DefaultGpu &operator=(const DefaultGpu &) = delete;
};

} // namespace svar_test

#endif
