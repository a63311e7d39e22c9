#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "shared_variable/source.h"
#include "tools/npy.h"

namespace
{

std::string
Npy(svar_dtype_t dtype, const void *data, std::vector<int64_t> shape)
{
  DLTensor tensor = svar_tensor(dtype, const_cast<void *>(data), static_cast<int32_t>(shape.size()),
                                shape.data());
  char *bytes = nullptr;
  size_t length = 0;
  FILE *out = open_memstream(&bytes, &length);
  EXPECT_EQ(svari_npy_write(&tensor, out), SVAR_OK) << svar_error_message();
  fclose(out);
  std::string file(bytes, length);
  free(bytes);
  return file;
}

// The dictionary, without its padding.
std::string
Header(const std::string &file)
{
  size_t length = static_cast<unsigned char>(file[8]) | static_cast<unsigned char>(file[9]) << 8;
  std::string header = file.substr(10, length);
  return header.substr(0, header.find('}') + 1);
}

TEST(Npy, AFileIsMagicHeaderAndTheBytesThemselves)
{
  const float numbers[] = {1, 2, 3, 4, 5, 6};
  std::string file = Npy(SVAR_FLOAT32, numbers, {2, 3});
  EXPECT_EQ(file.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(Header(file), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  size_t start = file.size() - sizeof(numbers);
  EXPECT_EQ(start % 64, 0u);
  EXPECT_EQ(file[start - 1], '\n');
  EXPECT_EQ(start, 10u + static_cast<unsigned char>(file[8]));
  EXPECT_EQ(std::memcmp(file.data() + start, numbers, sizeof(numbers)), 0);
}

TEST(Npy, ShapesArePythonTuples)
{
  const double number = 1;
  EXPECT_NE(Header(Npy(SVAR_FLOAT64, &number, {})).find("'shape': (), "), std::string::npos);
  EXPECT_NE(Header(Npy(SVAR_FLOAT64, &number, {1})).find("'shape': (1,), "), std::string::npos);
  EXPECT_NE(Header(Npy(SVAR_FLOAT64, nullptr, {0, 7})).find("'shape': (0, 7), "),
            std::string::npos);
}

TEST(Npy, ALargeHeaderFits)
{
  std::vector<int64_t> shape(SVAR_NDIM_MAX, 1);
  shape[0] = 0; // no elements
  shape.back() = INT64_MAX / 16;
  std::string file = Npy(SVAR_COMPLEX128, nullptr, shape);
  EXPECT_EQ(file.size() % 64, 0u);
  EXPECT_EQ(file.back(), '\n');
  EXPECT_NE(file.find("576460752303423487), }"), std::string::npos);
}

TEST(Npy, EveryDtypeHasADescriptorOfItsWidth){
#define CHECK(symbol, name, dl_code, dl_bits)                                                      \
  {                                                                                                \
    std::string descriptor = svari_npy_descriptor(symbol, nullptr);                                \
    EXPECT_EQ(std::stoul(descriptor.substr(2)) * 8, size_t{dl_bits}) << name;                      \
    EXPECT_EQ(descriptor[0], dl_bits == 8 ? '|' : '<') << name;                                    \
  }
    SVAR_DTYPE_LIST(CHECK)
#undef CHECK
}

TEST(Npy, TypesThatNumPyLacksAreStoredAsTheirBits)
{
  bool is_raw = false;
  EXPECT_STREQ(svari_npy_descriptor(SVAR_BFLOAT16, &is_raw), "<u2");
  EXPECT_TRUE(is_raw);
  EXPECT_STREQ(svari_npy_descriptor(SVAR_FLOAT8_E5M2, &is_raw), "|u1");
  EXPECT_TRUE(is_raw);
  EXPECT_STREQ(svari_npy_descriptor(SVAR_FLOAT16, &is_raw), "<f2");
  EXPECT_FALSE(is_raw);
}

TEST(Npy, AFullDeviceIsAnErrorThatKeepsErrno)
{
  std::vector<char> zeros(1 << 20);
  const int64_t shape[] = {static_cast<int64_t>(zeros.size())};
  DLTensor tensor = svar_tensor(SVAR_INT8, zeros.data(), 1, shape);
  FILE *full = fopen("/dev/full", "wb");
  ASSERT_NE(full, nullptr);
  EXPECT_EQ(svari_npy_write(&tensor, full), SVAR_ERR_SYSTEM);
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_STREQ(svar_error_message(), "writing: No space left on device");
  fclose(full);
}

} // namespace
