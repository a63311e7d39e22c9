// What we declare of the driver's interface is what the toolkit declares.
#include <gtest/gtest.h>

#include "tests/gpu/abi.h"

namespace
{

TEST(DriverInterface, SizesOffsetsAndConstantsAreTheToolkits)
{
  if (abi_number_count == 0) {
    GTEST_SKIP() << "built without a CUDA toolkit";
  }
  for (size_t i = 0; i < abi_number_count; i++) {
    EXPECT_EQ(abi_numbers[i].ours, abi_numbers[i].theirs) << abi_numbers[i].what;
  }
}

TEST(DriverInterface, PrototypesAreThoseOfTheVersionThatIsAskedFor)
{
  if (abi_call_count == 0) {
    GTEST_SKIP() << "built without a CUDA toolkit";
  }
  for (size_t i = 0; i < abi_call_count; i++) {
    EXPECT_EQ(abi_calls[i].ours, abi_calls[i].theirs) << abi_calls[i].what;
  }
}

} // namespace
