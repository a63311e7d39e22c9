#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>

#include "components/policy/scratch_folder.hpp"
#include "shared_variable/safetensors.h"
#include "shared_variable/source.h"

namespace
{

const int64_t kTwoByThree[] = {2, 3};

svar_ret_t
Write(const std::string &path, const std::vector<svar_safetensors_item_t> &items,
      const std::vector<svar_safetensors_pair_t> &metadata = {})
{
  return svar_safetensors_write(path.c_str(), items.data(), items.size(), metadata.data(),
                                metadata.size());
}

svar_safetensors_item_t
Item(const char *name, svar_dtype_t dtype, void *data)
{
  return {name, svar_tensor(dtype, data, 2, kTwoByThree)};
}

class SafetensorsWrite : public testing::TestWithParam<svar_dtype_t>
{
};

// Between two of one byte, so that it lies at an odd address.
TEST_P(SafetensorsWrite, ReadsBackEveryDtypeAsItWas)
{
  ScratchFolder folder;
  std::string path = folder / "f.safetensors", bytes;
  for (size_t i = 0; i < 6 * svar_dtype_bytes(GetParam()); i++) {
    bytes += static_cast<char>(37 * i + 11);
  }
  char one = 1;
  ASSERT_EQ(Write(path,
                  {{"first", svar_tensor(SVAR_UINT8, &one, 0, nullptr)},
                   Item("x", GetParam(), bytes.data()),
                   {"last", svar_tensor(SVAR_BOOL, &one, 0, nullptr)}},
                  {{"made by", "a \"test\""}}),
            SVAR_OK)
      << svar_error_message();

  svar_safetensors_t *file = nullptr;
  ASSERT_EQ(svar_safetensors_open(path.c_str(), &file), SVAR_OK) << svar_error_message();
  ASSERT_EQ(svar_safetensors_count(file), 3u);
  const svar_safetensors_tensor_t *tensor = svar_safetensors_at(file, 1);
  EXPECT_STREQ(tensor->name, "x");
  EXPECT_TRUE(svar_dtype_equal(tensor->dtype, GetParam()));
  EXPECT_EQ(tensor->ndim, 2);
  EXPECT_EQ(tensor->shape[0], 2);
  EXPECT_EQ(tensor->shape[1], 3);
  EXPECT_EQ(tensor->offset_bytes, 1u);
  ASSERT_EQ(tensor->size_bytes, bytes.size());
  std::string read(bytes.size(), '\0');
  EXPECT_EQ(svar_safetensors_read(file, 1, read.data()), SVAR_OK);
  EXPECT_EQ(read, bytes);
  EXPECT_STREQ(svar_safetensors_metadata(file, "made by"), "a \"test\"");
  svar_safetensors_close(file);
}

std::string
DtypeName(const testing::TestParamInfo<svar_dtype_t> &info)
{
  return svar_dtype_name(info.param);
}

INSTANTIATE_TEST_SUITE_P(Dtype, SafetensorsWrite,
                         testing::Values(SVAR_BOOL, SVAR_UINT8, SVAR_INT8, SVAR_FLOAT8_E5M2,
                                         SVAR_FLOAT8_E4M3FN, SVAR_FLOAT8_E8M0FNU, SVAR_INT16,
                                         SVAR_UINT16, SVAR_FLOAT16, SVAR_BFLOAT16, SVAR_INT32,
                                         SVAR_UINT32, SVAR_FLOAT32, SVAR_COMPLEX64, SVAR_FLOAT64,
                                         SVAR_INT64, SVAR_UINT64, SVAR_FLOAT8_E4M3FNUZ,
                                         SVAR_FLOAT8_E5M2FNUZ),
                         DtypeName);

TEST(SafetensorsWriteFile, HasAnAlignedHeaderAndNothingButWhatTheFormatAsksFor)
{
  ScratchFolder folder;
  uint8_t bytes[6] = {1, 2, 3, 4, 5, 6};
  ASSERT_EQ(Write(folder / "f", {Item("x", SVAR_UINT8, bytes)}), SVAR_OK);
  std::string header = R"({"x":{"dtype":"U8","shape":[2,3],"data_offsets":[0,6]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string length(8, '\0');
  length[0] = static_cast<char>(header.size());
  EXPECT_EQ(ReadFile(folder / "f"), length + header + "\1\2\3\4\5\6");
}

TEST(SafetensorsWriteFile, TakesNoTensorsAndEmptyOnes)
{
  ScratchFolder folder;
  const int64_t empty[] = {0, 7};
  EXPECT_EQ(Write(folder / "none", {}), SVAR_OK) << svar_error_message();
  EXPECT_EQ(Write(folder / "empty", {{"x", svar_tensor(SVAR_FLOAT32, nullptr, 2, empty)}}),
            SVAR_OK);
  svar_safetensors_t *file = nullptr;
  ASSERT_EQ(svar_safetensors_open((folder / "empty").c_str(), &file), SVAR_OK);
  EXPECT_EQ(svar_safetensors_at(file, 0)->size_bytes, 0u);
  EXPECT_EQ(svar_safetensors_at(file, 0)->shape[1], 7);
  svar_safetensors_close(file);
}

TEST(SafetensorsWriteFile, ReplacesAFileAndKeepsToTheUmask)
{
  ScratchFolder folder;
  uint8_t bytes[6] = {};
  WriteFile(folder / "f", "old");
  mode_t umask_before = umask(027);
  svar_ret_t ret = Write(folder / "f", {Item("x", SVAR_UINT8, bytes)});
  umask(umask_before);
  ASSERT_EQ(ret, SVAR_OK) << svar_error_message();
  struct stat status = {};
  ASSERT_EQ(stat((folder / "f").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"});
}

TEST(SafetensorsWriteFile, RefusesWhatTheFormatCannotSayAndLeavesTheOldFile)
{
  ScratchFolder folder;
  uint8_t bytes[6 * 16] = {};
  WriteFile(folder / "f", "old");
  struct {
    std::vector<svar_safetensors_item_t> items;
    svar_ret_t code;
    const char *sentence;
  } cases[] = {
      {{Item("x", SVAR_COMPLEX128, bytes)}, SVAR_ERR_TYPE, "'x' is complex128"},
      {{Item("x", SVAR_UINT8, bytes), Item("x", SVAR_UINT8, bytes)}, SVAR_ERR_VALUE, "given twice"},
      {{Item("", SVAR_UINT8, bytes)}, SVAR_ERR_VALUE, "has 0 bytes"},
      {{Item("a\nb", SVAR_UINT8, bytes)}, SVAR_ERR_VALUE, "control character 0x0a"},
      {{Item("\xff", SVAR_UINT8, bytes)}, SVAR_ERR_VALUE, "not UTF-8"},
      {{Item("__metadata__", SVAR_UINT8, bytes)}, SVAR_ERR_VALUE, "cannot be the name"},
      {{Item("x", SVAR_UINT8, nullptr)}, SVAR_ERR_ARGUMENT, "data != NULL"},
  };
  for (const auto &bad : cases) {
    EXPECT_EQ(Write(folder / "f", bad.items), bad.code) << bad.sentence;
    EXPECT_NE(strstr(svar_error_message(), bad.sentence), nullptr) << svar_error_message();
  }
  EXPECT_EQ(ReadFile(folder / "f"), "old");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"f"}) << "temporary files stayed";
}

TEST(SafetensorsWriteFile, NeverReplacesADeviceOrPipe)
{
  ScratchFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(Write(folder / "fifo", {}), SVAR_ERR_VALUE);
  EXPECT_NE(strstr(svar_error_message(), "is not a regular file"), nullptr) << svar_error_message();
  EXPECT_EQ(folder.names(), std::vector<std::string>{"fifo"});
}

TEST(SafetensorsWriteFile, NamesAMissingFolder)
{
  EXPECT_EQ(Write("/nowhere/f.safetensors", {}), SVAR_ERR_NOT_FOUND);
  EXPECT_NE(strstr(svar_error_message(),
                   "cannot create '/nowhere/f.safetensors': No such file or directory"),
            nullptr)
      << svar_error_message();
}

} // namespace
