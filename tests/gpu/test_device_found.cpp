// Devices: found by number and by identity, and refused for every reason there is. As in test_driver.cpp, each is
// a process of its own.
#include "gpu/stand_in.hpp"
#include "shared_variable/gpu.h"

using namespace svar_test;

namespace
{

svari_cu_uuid_t
uuid_of(int ordinal)
{
  svari_cu_uuid_t uuid;
  memset(&uuid, 0x5a, sizeof(uuid));
  uuid.bytes[15] = static_cast<char>(ordinal);
  return uuid;
}

TEST(Device, IsFoundByItsIdentity)
{
  in_a_child([] {
    use_stand_in();
    setenv("FAKE_DRIVER_DEVICES", "3", 1);
    for (int ordinal = 0; ordinal < 3; ordinal++) {
      svari_cu_uuid_t uuid = uuid_of(ordinal);
      svari_device_t *device = nullptr;
      int32_t found = -1;
      ASSERT_SVAR_OK(svari_device_find(&uuid, &found));
      EXPECT_EQ(found, ordinal);
      ASSERT_SVAR_OK(svari_device_open(ordinal, nullptr, &device));
      EXPECT_EQ(device->ordinal, ordinal);
      EXPECT_EQ(memcmp(&device->uuid, &uuid, sizeof(uuid)), 0);
      EXPECT_EQ(std::string(device->name), "stand-in " + std::to_string(ordinal));
      EXPECT_EQ(device->granularity_bytes, UINT64_C(2) << 20);
      svari_device_close(device);
    }
    EXPECT_EQ(stand_in().live(), 0);
  });
}

TEST(Device, ThatIsNotVisibleIsNamed)
{
  in_a_child([] {
    use_stand_in();
    svari_cu_uuid_t uuid = uuid_of(1);
    svari_device_t *device = nullptr;
    int32_t ordinal = -1;
    EXPECT_SVAR_FAILS(
        SVAR_ERR_CONTEXT,
        "GPU-5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a01 is not visible to this process, which "
        "sees 1 other GPUs: `nvidia-smi -L` lists",
        svari_device_find(&uuid, &ordinal));
    EXPECT_SVAR_FAILS(
        SVAR_ERR_CONTEXT,
        "there is no GPU 1: this process sees 1, numbered from 0; `nvidia-smi -L` lists",
        svari_device_open(1, nullptr, &device));
    EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, "there is no GPU -1",
                      svari_device_open(-1, nullptr, &device));
    EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, "there is no GPU 1: this process sees 1, numbered from 0; ",
                      svar_gpu_default_set(1));
    EXPECT_EQ(device, nullptr);
  });
}

TEST(Device, WithoutSharedMemoryIsRefused)
{
  in_a_child([] {
    use_stand_in();
    setenv("FAKE_DRIVER_NO_VMM", "1", 1);
    svari_device_t *device = nullptr;
    EXPECT_SVAR_FAILS(SVAR_ERR_UNSUPPORTED,
                      "GPU 0 (stand-in 0) cannot share memory between processes",
                      svari_device_open(0, nullptr, &device));
    EXPECT_NE(std::string(svar_error_message()).find("(SVAR_TARGET_HOST)"), std::string::npos);
    EXPECT_EQ(stand_in().live(), 0);
  });
}

TEST(Device, WhoseComputeModeKeepsOthersOutIsRefused)
{
  for (const auto &[mode, name] : {std::pair("2", "PROHIBITED"), {"3", "EXCLUSIVE_PROCESS"}}) {
    in_a_child([mode = mode, name = name] {
      use_stand_in();
      setenv("FAKE_DRIVER_COMPUTE_MODE", mode, 1);
      svari_device_t *device = nullptr;
      EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT, std::string("its compute mode is ") + name,
                        svari_device_open(0, nullptr, &device));
      EXPECT_NE(std::string(svar_error_message())
                    .find("(nvidia-smi -i GPU-5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a00 -c DEFAULT)"),
                std::string::npos);
      EXPECT_EQ(stand_in().live(), 0);
    });
  }
}

TEST(Device, ThatIsUnavailableForAnotherReasonSaysWhereToLook)
{
  in_a_child([] {
    use_stand_in();
    setenv("FAKE_DRIVER_FAIL", "cuDevicePrimaryCtxRetain:1:46", 1);
    svari_device_t *device = nullptr;
    EXPECT_SVAR_FAILS(SVAR_ERR_CONTEXT,
                      "though its compute mode is DEFAULT: see its state, MIG mode too, with "
                      "`nvidia-smi -q -i GPU-5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a00`",
                      svari_device_open(0, nullptr, &device));
    EXPECT_EQ(stand_in().live(), 0);
  });
}

} // namespace
