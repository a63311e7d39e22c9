#include <gtest/gtest.h>

#include <cstring>

#include "fakes/failing_heap.hpp"
#include "shared_variable/value.h"

namespace
{

bool
is_empty(const svar_value_t &value)
{
  return value.tensor.data == nullptr && value.tensor.ndim == 0 && !value.is_alias &&
         value.internal.pin == nullptr;
}

TEST(ValueRelease, ClearsThePinOfAViewAndFreesNothing)
{
  alignas(8) uint64_t pin = 9 << 2 | 1; // version 9, in use
  double bytes[6] = {};
  svar_value_t view = SVAR_VALUE_INIT;
  view.tensor.data = bytes;
  view.tensor.ndim = 2;
  view.tensor.dtype = SVAR_FLOAT64;
  view.tensor.shape = view.shape;
  view.shape[0] = 2;
  view.shape[1] = 3;
  view.version = 9;
  view.is_alias = true;
  view.internal.pin = &pin;
  EXPECT_EQ(svar_value_bytes(&view), sizeof(bytes));
  svar_value_release(&view);
  EXPECT_EQ(pin, 0u);
  EXPECT_TRUE(is_empty(view));
  pin = 8;
  svar_value_release(&view);
  EXPECT_EQ(pin, 8u) << "the second release is a no-op";
}

TEST(ValueRelease, ParksAPinThatIsToBeKept)
{
  alignas(8) uint64_t pin = 9 << 2 | 3; // version 9, in use, to be kept
  svar_value_t view = SVAR_VALUE_INIT;
  view.is_alias = true;
  view.internal.pin = &pin;
  svar_value_release(&view);
  EXPECT_EQ(pin, 9u << 2 | 2u) << "version 9, parked";
}

TEST(ValueRelease, FreesACopyOnceThroughItsAllocator)
{
  FailingHeap heap;
  svar_value_t copy = SVAR_VALUE_INIT;
  copy.internal.allocator = heap.allocator();
  copy.tensor.data = copy.internal.allocator.allocate(64, 64, copy.internal.allocator.state);
  EXPECT_EQ(heap.live(), 1);
  svar_value_release(&copy);
  EXPECT_EQ(heap.live(), 0);
  EXPECT_TRUE(is_empty(copy));
  svar_value_release(&copy);
  EXPECT_EQ(heap.live(), 0);
}

TEST(ValueRelease, LeavesAViewOfASnapshotToTheSnapshot)
{
  double number = 1;
  svar_value_t view = SVAR_VALUE_INIT;
  view.tensor.data = &number;
  view.is_alias = true;
  svar_value_release(&view);
  EXPECT_TRUE(is_empty(view));
}

TEST(ValueRelease, NullAndEmptyAreNoOps)
{
  svar_value_t empty = SVAR_VALUE_INIT;
  svar_value_release(nullptr);
  svar_value_release(&empty);
  EXPECT_TRUE(is_empty(empty));
}

} // namespace
