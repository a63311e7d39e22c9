// Device memory: slots, and descriptors of it in this process; test_processes.cpp has the others.
#include <fcntl.h>
#include <unistd.h>

#include "fakes/failing_heap.hpp"
#include "gpu/stand_in.hpp"

extern "C" {
#include "gpu/host_pages.h"
}

using namespace svar_test;

namespace
{

class Memory : public OnDevice
{
protected:
  svari_memory_t *import(int fd, uint64_t size_bytes, svari_memory_access_t access)
  {
    svari_memory_t *imported = nullptr;
    EXPECT_SVAR_OK(svari_memory_import(device_, fd, 1, size_bytes, access, &imported));
    return keep(imported);
  }

  int export_of(const svari_memory_t *memory)
  {
    int fd = -1;
    EXPECT_SVAR_OK(svari_memory_export(memory, &fd));
    return fd;
  }
};

TEST_F(Memory, HasSlotsThatBeginApartInAWholeNumberOfSteps)
{
  svari_memory_t *memory = nullptr;
  ASSERT_SVAR_OK(svari_memory_create(device_, 3, 1000, &memory));
  keep(memory);
  EXPECT_EQ(memory->stride_bytes, 1024u);
  EXPECT_EQ(memory->total_bytes, device_->granularity_bytes);
  EXPECT_EQ(svari_memory_slot(memory, 0), memory->address);
  EXPECT_EQ(svari_memory_slot(memory, 2), memory->address + 2048);
  ASSERT_SVAR_OK(svari_memory_create(device_, 3, device_->granularity_bytes, &memory));
  EXPECT_EQ(keep(memory)->total_bytes, 3 * device_->granularity_bytes);
  ASSERT_SVAR_OK(svari_memory_create(device_, 2, device_->granularity_bytes - 1, &memory));
  EXPECT_EQ(keep(memory)->total_bytes, 2 * device_->granularity_bytes);
}

TEST_F(Memory, SizesBeyondAnyGpuAreRefusedBeforeTheDriverIsAsked)
{
  svari_memory_t *memory = nullptr;
  for (auto [slots, bytes] : {std::pair<uint32_t, uint64_t>(1, UINT64_MAX),
                              {2, UINT64_C(1) << 63},
                              {1, UINT64_MAX - 1000},
                              {UINT32_MAX, UINT64_C(1) << 40},
                              {0, 8},
                              {1, 0}}) {
    EXPECT_SVAR_FAILS(SVAR_ERR_NO_SPACE, "no GPU has",
                      svari_memory_create(device_, slots, bytes, &memory));
  }
  EXPECT_EQ(memory, nullptr);
}

TEST_F(Memory, ThatTheDeviceHasNotIsToldWithTheNumbers)
{
  svari_memory_t *memory = nullptr;
  stand_in().fail("cuMemCreate", 1, SVARI_CU_OUT_OF_MEMORY);
  EXPECT_SVAR_FAILS(
      SVAR_ERR_NO_SPACE,
      "allocating 6291456 bytes on GPU 0 (stand-in 0) for 3 slots: CUDA_ERROR_OUT_OF_MEMORY (2)",
      svari_memory_create(device_, 3, 2 << 20, &memory));
  EXPECT_EQ(memory, nullptr);
}

TEST_F(Memory, CreateGivesAllBackWhicheverCallFails)
{
  int calls = fail_each_call([this] {
    svari_memory_t *memory = nullptr;
    svar_ret_t ret = svari_memory_create(device_, 3, 1 << 20, &memory);
    EXPECT_EQ(memory != nullptr, ret == SVAR_OK);
    svari_memory_destroy(memory);
    return ret;
  });
  EXPECT_EQ(calls, 4); // create, reserve, map, access
}

TEST_F(Memory, ImportGivesAllBackWhicheverCallFails)
{
  svari_memory_t *whole = memory(1 << 20);
  int fd = export_of(whole);
  int calls = fail_each_call([this, fd] {
    svari_memory_t *imported = nullptr;
    svar_ret_t ret = svari_memory_import(device_, fd, 1, 1 << 20, SVARI_MEMORY_READ, &imported);
    svari_memory_destroy(imported);
    return ret;
  });
  EXPECT_EQ(calls, 4);
  calls = fail_each_call([whole] {
    int exported = -1;
    svar_ret_t ret = svari_memory_export(whole, &exported);
    EXPECT_EQ(exported >= 0, ret == SVAR_OK);
    close(exported);
    return ret;
  });
  EXPECT_EQ(calls, 1);
  close(fd);
}

TEST_F(Memory, CreateSurvivesAFailedAllocation)
{
  EXPECT_EQ(fail_each_allocation([](FailingHeap &heap) {
              svar_allocator_t allocator = heap.allocator();
              svari_device_t *device = nullptr;
              svari_memory_t *memory = nullptr;
              bool went_well = svari_device_open(0, &allocator, &device) == SVAR_OK &&
                               svari_memory_create(device, 1, 1, &memory) == SVAR_OK;
              svari_memory_destroy(memory);
              svari_device_close(device);
              return went_well;
            }),
            3);
}

TEST_F(Memory, DescriptorIsClosedOnExec)
{
  int fd = export_of(memory(64));
  EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  close(fd);
}

TEST_F(Memory, MappedTwiceIsTheSameMemory)
{
  svari_memory_t *writers = memory(4096);
  int fd = export_of(writers);
  svari_memory_t *readers = import(fd, 4096, SVARI_MEMORY_READ);
  close(fd);
  EXPECT_NE(readers->address, writers->address);
  write<int>(writers->address, {1, 2, 3});
  EXPECT_EQ(read<int>(readers->address, 3), (std::vector<int>{1, 2, 3}));
}

TEST_F(Memory, OutlivesItsMakersHandle)
{
  svari_memory_t *writers = nullptr;
  ASSERT_SVAR_OK(svari_memory_create(device_, 1, 4096, &writers));
  write<int>(writers->address, {4, 5});
  int fd = export_of(writers);
  svari_memory_destroy(writers);
  svari_memory_t *readers = import(fd, 4096, SVARI_MEMORY_READ); // the descriptor alone keeps it
  close(fd);
  EXPECT_EQ(read<int>(readers->address, 2), (std::vector<int>{4, 5}));
}

TEST_F(Memory, NumbersThatPromiseMoreThanThereIsAreRefused)
{
  int fd = export_of(memory(4096));
  svari_memory_t *readers = nullptr;
  EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "mapping 4194304 bytes",
                    svari_memory_import(device_, fd, 2, 2 << 20, SVARI_MEMORY_READ, &readers));
  close(fd);
}

TEST_F(Memory, DescriptorsOfOtherThingsAreRefused)
{
  svari_memory_t *readers = nullptr;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "from descriptor",
                    svari_memory_import(device_, ends[0], 1, 64, SVARI_MEMORY_READ, &readers));
  close(ends[0]);
  close(ends[1]);
  EXPECT_EQ(readers, nullptr);
}

TEST_F(Memory, AddressesAreNotTheHosts)
{
  svari_cu_address_t address = memory(64)->address;
  EXPECT_DEATH(*reinterpret_cast<volatile char *>(address) = 1, "");
}

// --- pages of the host ---------------------------------------------------------------------------------------

TEST_F(Memory, HostPagesAreRegisteredOnceAndGivenBack)
{
  std::vector<char> pages(8192);
  ASSERT_SVAR_OK(svari_host_pages_register(device_, pages.data(), pages.size()));
  EXPECT_SVAR_FAILS(SVAR_ERR_DEVICE, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED (712)",
                    svari_host_pages_register(device_, pages.data(), pages.size()));
  EXPECT_EQ(stand_in().registered(), pages.size());
  svari_host_pages_unregister(device_, pages.data());
  EXPECT_EQ(stand_in().registered(), 0u);
  ASSERT_SVAR_OK(svari_host_pages_register(device_, pages.data(), pages.size()));
  svari_host_pages_unregister(device_, pages.data());
  svari_host_pages_unregister(device_, pages.data()); // says nothing
}

TEST_F(Memory, HostPagesAreNotRegisteredWhicheverCallFails)
{
  std::vector<char> pages(4096);
  EXPECT_EQ(fail_each_call([&] {
              svar_ret_t ret = svari_host_pages_register(device_, pages.data(), pages.size());
              if (ret == SVAR_OK) {
                svari_host_pages_unregister(device_, pages.data());
              }
              return ret;
            }),
            1);
}

} // namespace
