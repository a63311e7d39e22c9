// Devices in use: given back whatever fails, shared by handles and kept from forked children.
#include "fakes/failing_heap.hpp"
#include "gpu/stand_in.hpp"

using namespace svar_test;

namespace
{

class OpenDevice : public OnDevice
{
};

TEST_F(OpenDevice, SaysWhichCallFailedAndGivesAllBack)
{
  int calls = fail_each_call([] {
    svari_device_t *device = nullptr;
    svar_ret_t ret = svari_device_open(0, nullptr, &device);
    EXPECT_EQ(device != nullptr, ret == SVAR_OK);
    svari_device_close(device);
    return ret;
  });
  EXPECT_EQ(calls, 8);
}

TEST_F(OpenDevice, SurvivesEveryFailedAllocation)
{
  int allocations = fail_each_allocation([](FailingHeap &heap) {
    svar_allocator_t allocator = heap.allocator();
    svari_device_t *device = nullptr;
    svar_ret_t ret = svari_device_open(0, &allocator, &device);
    EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
    svari_device_close(device);
    return ret == SVAR_OK;
  });
  EXPECT_EQ(allocations, 2);
}

TEST_F(OpenDevice, HandlesShareTheContext)
{
  svari_device_t *second = nullptr;
  ASSERT_SVAR_OK(svari_device_open(0, nullptr, &second));
  EXPECT_EQ(second->context, device_->context);
  svari_device_close(second);
  EXPECT_SVAR_OK(svari_stream_synchronize(&stream_));
}

TEST_F(OpenDevice, LeavesTheThreadsContextAsItWas)
{
  svari_cu_context_t popped = nullptr;
  ASSERT_SVAR_OK(svari_device_enter(device_));
  EXPECT_EQ(device_->driver->calls.cuCtxPopCurrent(&popped), SVARI_CU_SUCCESS);
  EXPECT_EQ(popped, device_->context);
  EXPECT_EQ(device_->driver->calls.cuCtxPopCurrent(&popped), SVARI_CU_INVALID_CONTEXT);
}

TEST_F(OpenDevice, OfTheParentIsRefusedInAChildAndClosedThere)
{
  in_a_child([this] {
    svari_memory_t *memory = nullptr;
    EXPECT_SVAR_FAILS(SVAR_ERR_FORKED, "used the GPU before it forked",
                      svari_memory_create(device_, 1, 1, &memory));
    EXPECT_EQ(svari_stream_synchronize(&stream_), SVAR_ERR_FORKED);
    svari_stream_fini(&stream_);
    svari_device_close(device_);
  });
  EXPECT_SVAR_OK(svari_stream_synchronize(&stream_));
}

TEST_F(OpenDevice, CloseOfNothingIsNothing)
{
  svari_device_close(nullptr);
  svari_memory_destroy(nullptr);
  svari_stream_t none = {};
  svari_stream_fini(&none);
}

} // namespace
