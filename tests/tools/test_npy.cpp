#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "shared_variable/source.h"
#include "tools/npy.h"
#include "tools/npy_read.h"

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

// A file with this dictionary in its header.
std::string
Handmade(const std::string &dictionary, const std::string &elements, char major = 1)
{
  std::string length = {static_cast<char>(dictionary.size() & 0xff),
                        static_cast<char>(dictionary.size() >> 8)};
  if (major > 1) {
    length += std::string(2, '\0');
  }
  return std::string("\x93NUMPY") + major + '\0' + length + dictionary + elements;
}

class NpyRead : public testing::Test
{
protected:
  ~NpyRead() override
  {
    svari_npy_array_fini(&array_);
    unlink(path_.c_str());
  }
  svar_ret_t Read(const std::string &bytes)
  {
    svari_npy_array_fini(&array_);
    std::ofstream(path_, std::ios::binary) << bytes;
    return svari_npy_read(path_.c_str(), &array_);
  }
  std::vector<int64_t> Shape() const
  {
    return std::vector<int64_t>(array_.shape, array_.shape + array_.tensor.ndim);
  }
  std::string path_ = "/dev/shm/test_npy." + std::to_string(getpid());
  svari_npy_array_t array_ = SVARI_NPY_ARRAY_INIT;
};

TEST_F(NpyRead, WhatWasWrittenIsReadAgain)
{
  const float numbers[] = {1, 2, 3, 4, 5, 6};
  for (const std::vector<int64_t> &shape :
       {std::vector<int64_t>{}, {6}, {2, 3}, {1, 1, 6}, {0, 5}}) {
    ASSERT_EQ(Read(Npy(SVAR_FLOAT32, numbers, shape)), SVAR_OK) << svar_error_message();
    EXPECT_EQ(Shape(), shape);
    EXPECT_TRUE(svar_dtype_equal(array_.tensor.dtype, SVAR_FLOAT32));
    uint64_t bytes = 0;
    ASSERT_EQ(svar_shape_bytes(SVAR_FLOAT32, array_.tensor.ndim, array_.shape, &bytes), SVAR_OK);
    EXPECT_EQ(memcmp(array_.elements, numbers, bytes), 0);
  }
}

TEST_F(NpyRead, HeadersOfOtherWritersAreUnderstood)
{
  const std::string four(4, '\1');
  EXPECT_EQ(Read(Handmade("{\"shape\":(4L,),\"fortran_order\":False,\"descr\":\"|i1\"}\n", four)),
            SVAR_OK)
      << svar_error_message();
  EXPECT_EQ(Shape(), std::vector<int64_t>{4});
  for (char major : {2, 3}) {
    EXPECT_EQ(
        Read(Handmade("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2)}", four, major)),
        SVAR_OK)
        << svar_error_message();
    ASSERT_NE(array_.tensor.strides, nullptr);
    EXPECT_EQ(array_.tensor.strides[0], 1);
    EXPECT_EQ(array_.tensor.strides[1], 2);
  }
}

TEST_F(NpyRead, WhatMakesNoSenseIsRefused)
{
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
  const std::string four(4, '\1');
  ASSERT_EQ(Read(Handmade(good, four)), SVAR_OK) << svar_error_message();
  EXPECT_EQ(Read(""), SVAR_ERR_SYNTAX);
  EXPECT_EQ(Read("\x93NUMPY"), SVAR_ERR_SYNTAX);
  EXPECT_EQ(Read(Handmade(good, four, 9)), SVAR_ERR_SYNTAX);
  EXPECT_EQ(Read(Handmade(good, "123")), SVAR_ERR_CORRUPT);
  EXPECT_EQ(Read(Handmade(good, four).substr(0, 20)), SVAR_ERR_CORRUPT);
  const std::pair<const char *, svar_ret_t> headers[] = {
      {"", SVAR_ERR_SYNTAX},
      {"{}", SVAR_ERR_SYNTAX},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", SVAR_ERR_TYPE},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", SVAR_ERR_TYPE},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", SVAR_ERR_SYNTAX},
      {"{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}", SVAR_ERR_SYNTAX},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", SVAR_ERR_SYNTAX},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
       SVAR_ERR_SYNTAX},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
       SVAR_ERR_ARGUMENT},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,)}", SVAR_ERR_CORRUPT},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
       SVAR_ERR_SYNTAX},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", SVAR_ERR_SYNTAX},
      {"{'descr': '<f4', 'fortran_order': False}", SVAR_ERR_SYNTAX},
  };
  for (const auto &[header, code] : headers) {
    EXPECT_EQ(Read(Handmade(header, four)), code) << header << ": " << svar_error_message();
    EXPECT_EQ(array_.elements, nullptr);
  }
}

} // namespace
