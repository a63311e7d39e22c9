#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "shared_variable/shared_variable.h"

namespace
{

TEST(Dtype, NamesCodesAndSizesAreThoseOfDLPackAndNumPy)
{
  const struct {
    svar_dtype_t dtype;
    const char *name;
    int code;
    size_t bytes;
  } expected[] = {
      {SVAR_BOOL, "bool", 6, 1},
      {SVAR_INT8, "int8", 0, 1},
      {SVAR_INT16, "int16", 0, 2},
      {SVAR_INT32, "int32", 0, 4},
      {SVAR_INT64, "int64", 0, 8},
      {SVAR_UINT8, "uint8", 1, 1},
      {SVAR_UINT16, "uint16", 1, 2},
      {SVAR_UINT32, "uint32", 1, 4},
      {SVAR_UINT64, "uint64", 1, 8},
      {SVAR_FLOAT16, "float16", 2, 2},
      {SVAR_FLOAT32, "float32", 2, 4},
      {SVAR_FLOAT64, "float64", 2, 8},
      {SVAR_COMPLEX64, "complex64", 5, 8},
      {SVAR_COMPLEX128, "complex128", 5, 16},
      {SVAR_BFLOAT16, "bfloat16", 4, 2},
      {SVAR_FLOAT8_E4M3FN, "float8_e4m3fn", 10, 1},
      {SVAR_FLOAT8_E4M3FNUZ, "float8_e4m3fnuz", 11, 1},
      {SVAR_FLOAT8_E5M2FNUZ, "float8_e5m2fnuz", 13, 1},
      {SVAR_FLOAT8_E5M2, "float8_e5m2", 12, 1},
      {SVAR_FLOAT8_E8M0FNU, "float8_e8m0fnu", 14, 1},
  };
  int known = 0;
#define COUNT(symbol, name, code, bits) known++;
  SVAR_DTYPE_LIST(COUNT)
#undef COUNT
  EXPECT_EQ(std::size(expected), static_cast<size_t>(known));
  for (const auto &row : expected) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(row.dtype.code, row.code);
    EXPECT_EQ(row.dtype.lanes, 1);
    EXPECT_EQ(svar_dtype_bytes(row.dtype), row.bytes);
    EXPECT_STREQ(svar_dtype_name(row.dtype), row.name);
    EXPECT_TRUE(svar_dtype_is_known(row.dtype));
    svar_dtype_t parsed = {};
    ASSERT_EQ(svar_dtype_parse(row.name, &parsed), SVAR_OK);
    EXPECT_TRUE(svar_dtype_equal(parsed, row.dtype));
  }
}

TEST(Dtype, PublicStructsKeepTheirLayout)
{
  EXPECT_EQ(sizeof(svar_dtype_t), 4u);
  EXPECT_EQ(sizeof(svar_type_t), 16u);
  EXPECT_EQ(offsetof(svar_type_t, ndim), 4u);
  EXPECT_EQ(offsetof(svar_type_t, broadcastable), 8u);
  EXPECT_EQ(offsetof(svar_type_t, kind), 12u);
  EXPECT_EQ(sizeof(svar_source_t), 80u);
  EXPECT_EQ(offsetof(svar_source_t, bits), 56u);
  EXPECT_EQ(offsetof(svar_source_t, detail), 72u);
  EXPECT_EQ(sizeof(svar_value_t), 48u + 8u + 8u + 128u + 8u + 24u);
  EXPECT_EQ(offsetof(svar_value_t, version), 48u);
  EXPECT_EQ(offsetof(svar_value_t, is_alias), 56u);
  EXPECT_EQ(offsetof(svar_value_t, shape), 64u);
}

TEST(Dtype, UnknownNamesAreRefusedWithTheNameInTheSentence)
{
  svar_dtype_t dtype = SVAR_INT8;
  for (const char *name : {"float128", "object", "foo", "", "Float32", "float3", "float322"}) {
    EXPECT_EQ(svar_dtype_parse(name, &dtype), SVAR_ERR_TYPE) << name;
    EXPECT_NE(std::string(svar_error_message()).find("'" + std::string(name) + "'"),
              std::string::npos);
  }
  EXPECT_TRUE(svar_dtype_equal(dtype, SVAR_INT8)) << "written only on success";
  EXPECT_EQ(svar_dtype_parse(nullptr, &dtype), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_dtype_parse("int8", nullptr), SVAR_ERR_ARGUMENT);
}

TEST(Dtype, AnythingOutsideTheListIsUnknown)
{
  for (svar_dtype_t dtype : {svar_dtype_t{0, 24, 1}, svar_dtype_t{kDLFloat, 32, 4},
                             svar_dtype_t{kDLFloat, 80, 1}, svar_dtype_t{3, 64, 1}}) {
    EXPECT_FALSE(svar_dtype_is_known(dtype));
    EXPECT_STREQ(svar_dtype_name(dtype), "unknown dtype");
  }
}

TEST(FloatX, IsFloat64UntilSetAndTakesOnlyIeeeFloats)
{
  EXPECT_TRUE(svar_dtype_equal(svar_floatx(), SVAR_FLOAT64));
  for (svar_dtype_t dtype : {SVAR_FLOAT16, SVAR_FLOAT32, SVAR_FLOAT64}) {
    EXPECT_EQ(svar_floatx_set(dtype), SVAR_OK);
    svar_dtype_t parsed = {};
    EXPECT_EQ(svar_dtype_parse("floatX", &parsed), SVAR_OK);
    EXPECT_TRUE(svar_dtype_equal(parsed, dtype));
  }
  for (svar_dtype_t dtype : {SVAR_INT64, SVAR_BOOL, SVAR_COMPLEX64, SVAR_BFLOAT16, SVAR_FLOAT8_E5M2,
                             svar_dtype_t{kDLFloat, 80, 1}}) {
    EXPECT_EQ(svar_floatx_set(dtype), SVAR_ERR_TYPE);
    EXPECT_TRUE(svar_dtype_equal(svar_floatx(), SVAR_FLOAT64));
  }
}

TEST(Type, TextNamesDtypeAndAxes)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  svar_type_t matrix = svar_tensor_type(SVAR_FLOAT32, 2, 2u);
  EXPECT_STREQ(svar_type_text(&matrix, text, sizeof(text)), "Tensor(float32, (?, 1))");
  svar_type_t scalar = svar_tensor_type(SVAR_BOOL, 0, 0);
  EXPECT_STREQ(svar_type_text(&scalar, text, sizeof(text)), "Tensor(bool, ())");
  EXPECT_STREQ(svar_type_text(&matrix, text, 8), "Tensor(");
  svar_type_t largest = svar_tensor_type(SVAR_FLOAT8_E8M0FNU, SVAR_NDIM_MAX, 0xffff);
  std::string whole = svar_type_text(&largest, text, sizeof(text));
  EXPECT_EQ(whole.substr(whole.size() - 5), ", 1))");
  scalar.kind = SVAR_KIND_NUMBER;
  EXPECT_STREQ(svar_type_text(&scalar, text, sizeof(text)), "Number(bool, ())");
  scalar.kind = 200;
  EXPECT_STREQ(svar_type_text(&scalar, text, sizeof(text)), "Unknown(bool, ())");
  char untouched = 'x';
  svar_type_text(&matrix, &untouched, 0);
  EXPECT_EQ(untouched, 'x');
}

TEST(Type, ShapeTextHoldsTheLargestShape)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  int64_t shape[SVAR_NDIM_MAX] = {256, 47};
  EXPECT_STREQ(svar_shape_text(2, shape, text, sizeof(text)), "(256, 47)");
  EXPECT_STREQ(svar_shape_text(0, nullptr, text, sizeof(text)), "()");
  for (int64_t &extent : shape) {
    extent = INT64_MIN;
  }
  std::string whole = svar_shape_text(SVAR_NDIM_MAX, shape, text, sizeof(text));
  EXPECT_EQ(whole.back(), ')');
}

TEST(Type, EqualityIncludesEveryMember)
{
  svar_type_t plain = svar_tensor_type(SVAR_INT8, 1, 0);
  svar_type_t flagged = svar_tensor_type(SVAR_INT8, 1, 1);
  svar_type_t deeper = svar_tensor_type(SVAR_INT8, 2, 0);
  svar_type_t other = svar_tensor_type(SVAR_UINT8, 1, 0);
  EXPECT_TRUE(svar_type_equal(&plain, &plain));
  EXPECT_FALSE(svar_type_equal(&plain, &flagged));
  EXPECT_FALSE(svar_type_equal(&plain, &deeper));
  EXPECT_FALSE(svar_type_equal(&plain, &other));
  svar_type_t number = plain;
  number.kind = SVAR_KIND_NUMBER;
  EXPECT_FALSE(svar_type_equal(&plain, &number));
  svar_type_t formatted = plain;
  formatted.format = 1;
  EXPECT_FALSE(svar_type_equal(&plain, &formatted));
}

TEST(Type, ShapeBytesChecksEveryProduct)
{
  uint64_t bytes = 0;
  int64_t matrix[] = {256, 47};
  ASSERT_EQ(svar_shape_bytes(SVAR_FLOAT32, 2, matrix, &bytes), SVAR_OK);
  EXPECT_EQ(bytes, 256u * 47 * 4);
  ASSERT_EQ(svar_shape_bytes(SVAR_COMPLEX128, 0, nullptr, &bytes), SVAR_OK);
  EXPECT_EQ(bytes, 16u);
  int64_t largest[] = {INT64_MAX};
  ASSERT_EQ(svar_shape_bytes(SVAR_INT8, 1, largest, &bytes), SVAR_OK);
  EXPECT_EQ(bytes, static_cast<uint64_t>(INT64_MAX));

  EXPECT_EQ(svar_shape_bytes(SVAR_INT16, 1, largest, &bytes), SVAR_ERR_ARGUMENT);
  int64_t product[] = {INT64_C(1) << 32, INT64_C(1) << 31};
  EXPECT_EQ(svar_shape_bytes(SVAR_INT8, 2, product, &bytes), SVAR_ERR_ARGUMENT);
  int64_t negative[] = {3, -1};
  EXPECT_EQ(svar_shape_bytes(SVAR_INT8, 2, negative, &bytes), SVAR_ERR_ARGUMENT);
  int64_t hidden[] = {0, -1};
  EXPECT_EQ(svar_shape_bytes(SVAR_INT8, 2, hidden, &bytes), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_shape_bytes(SVAR_INT8, SVAR_NDIM_MAX + 1, matrix, &bytes), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_shape_bytes(SVAR_INT8, -1, matrix, &bytes), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_shape_bytes(SVAR_INT8, 1, nullptr, &bytes), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(bytes, static_cast<uint64_t>(INT64_MAX)) << "written only on success";
}

TEST(Type, AnExtentOfZeroMakesAPossibleShapeEmpty)
{
  uint64_t bytes = 1;
  const int64_t empty[] = {INT64_MAX, 0, 1};
  ASSERT_EQ(svar_shape_bytes(SVAR_INT8, 3, empty, &bytes), SVAR_OK);
  EXPECT_EQ(bytes, 0u);
  const int64_t impossible[] = {INT64_MAX, 4, 0};
  EXPECT_EQ(svar_shape_bytes(SVAR_INT8, 3, impossible, &bytes), SVAR_ERR_ARGUMENT);
}

TEST(Allocator, TheDefaultGivesAlignedMemoryEvenForNothing)
{
  svar_allocator_t heap = svar_allocator_default();
  for (size_t alignment : {1u, 8u, 64u, 4096u}) {
    for (size_t size : {0u, 1u, 1000u}) {
      void *memory = heap.allocate(size, alignment, heap.state);
      ASSERT_NE(memory, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignment, 0u);
      heap.deallocate(memory, heap.state);
    }
  }
  EXPECT_EQ(heap.allocate(SIZE_MAX / 2, 64, heap.state), nullptr);
  heap.deallocate(nullptr, heap.state);
}

} // namespace
