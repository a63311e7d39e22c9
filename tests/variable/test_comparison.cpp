// Comparing values, memory that may be shared, and what is a value of a type.
#include <cmath>
#include <string>

#include "fakes/arrays.hpp"
#include "gtest/gtest.h"

namespace
{

bool
equal(const DLTensor &a, const DLTensor &b, bool ignore_dtype = false)
{
  bool is_equal = false;
  EXPECT_EQ(svar_values_equal(&a, &b, ignore_dtype, &is_equal), SVAR_OK) << svar_error_message();
  return is_equal;
}

TEST(ValuesEqual, LooksAtEveryElementOfEveryDtype)
{
  for (svar_dtype_t dtype : theano_dtypes()) {
    SCOPED_TRACE(svar_dtype_name(dtype));
    Array a(dtype, {2, 3});
    Array b(dtype, {2, 3});
    EXPECT_TRUE(equal(a.tensor(), b.tensor()));
    Array ones(std::vector<int8_t>(6, 1), {2, 3});
    EXPECT_FALSE(equal(a.tensor(), ones.tensor(), true));
    for (size_t i = 0; i < 6; i++) {
      Array c(dtype, {2, 3});
      // The lowest byte of an element: a small number of any dtype.
      c.as<uint8_t>()[i * svar_dtype_bytes(dtype)] = 1;
      EXPECT_FALSE(equal(a.tensor(), c.tensor())) << "element " << i;
    }
  }
}

TEST(ValuesEqual, FollowsStrides)
{
  Array a(std::vector<int32_t>{1, 2, 3, 4, 5, 6}, {2, 3});
  Array b(std::vector<int32_t>{1, 4, 2, 5, 3, 6}, {2, 3});
  int64_t transposed[2] = {1, 2};
  EXPECT_FALSE(equal(a.tensor(), b.tensor()));
  b.tensor().strides = transposed;
  EXPECT_TRUE(equal(a.tensor(), b.tensor()));
  Array c(std::vector<int32_t>{3, 2, 1, 6, 5, 4}, {2, 3});
  int64_t backward[2] = {3, -1};
  c.tensor().strides = backward;
  c.tensor().byte_offset = 2 * sizeof(int32_t);
  EXPECT_TRUE(equal(a.tensor(), c.tensor()));
  Array d(std::vector<int32_t>{7}, {2, 3});
  int64_t everywhere[2] = {0, 0};
  d.tensor().strides = everywhere;
  EXPECT_TRUE(equal(d.tensor(), Array(std::vector<int64_t>(6, 7), {2, 3}).tensor(), true));
}

TEST(ValuesEqual, ComparesNumbersAcrossDtypesWithoutRounding)
{
  Array large(std::vector<int64_t>{(INT64_C(1) << 53) + 1}, {});
  Array rounded(std::vector<double>{0x1p53}, {});
  EXPECT_FALSE(equal(large.tensor(), rounded.tensor(), true));
  Array most(std::vector<uint64_t>{UINT64_MAX}, {});
  Array minus_one(std::vector<int64_t>{-1}, {});
  EXPECT_FALSE(equal(most.tensor(), minus_one.tensor(), true));
  Array tenth(std::vector<double>{0.1}, {});
  Array narrow_tenth(std::vector<float>{0.1f}, {});
  EXPECT_FALSE(equal(tenth.tensor(), narrow_tenth.tensor(), true));
  Array complex_nan(std::vector<std::complex<double>>{{NAN, 1}}, {});
  Array other_part(std::vector<std::complex<double>>{{NAN, 2}}, {});
  EXPECT_TRUE(equal(complex_nan.tensor(), complex_nan.tensor()));
  EXPECT_FALSE(equal(complex_nan.tensor(), other_part.tensor()));
}

TEST(ValuesEqual, EmptyValuesOfOneShapeAreEqual)
{
  EXPECT_TRUE(equal(Array(SVAR_INT8, {0, 3}).tensor(), Array(SVAR_INT8, {0, 3}).tensor()));
  EXPECT_FALSE(equal(Array(SVAR_INT8, {0, 3}).tensor(), Array(SVAR_INT8, {3, 0}).tensor()));
}

TEST(ValuesEqual, DtypesThatAreOnlyStoredCompareByTheirBits)
{
  Array a(SVAR_FLOAT8_E4M3FN, {2});
  Array b(SVAR_FLOAT8_E4M3FN, {2});
  EXPECT_TRUE(equal(a.tensor(), b.tensor()));
  b.as<uint8_t>()[1] = 0x80;
  EXPECT_FALSE(equal(a.tensor(), b.tensor()));
  bool is_equal = false;
  EXPECT_EQ(svar_values_equal(&a.tensor(), &Array(SVAR_INT8, {2}).tensor(), true, &is_equal),
            SVAR_ERR_TYPE);
}

TEST(ValuesEqual, TensorsThatMakeNoSenseAreRefused)
{
  Array good(SVAR_INT8, {2});
  bool is_equal = true;
  Array device(SVAR_INT8, {2});
  device.tensor().device.device_type = kDLCUDA;
  EXPECT_EQ(svar_values_equal(&good.tensor(), &device.tensor(), false, &is_equal), SVAR_ERR_TYPE);
  Array unknown(SVAR_INT8, {2});
  unknown.tensor().dtype.bits = 24;
  EXPECT_EQ(svar_values_equal(&unknown.tensor(), &good.tensor(), true, &is_equal), SVAR_ERR_TYPE);
  Array nowhere(SVAR_INT8, {2});
  nowhere.tensor().data = nullptr;
  EXPECT_EQ(svar_values_equal(&good.tensor(), &nowhere.tensor(), false, &is_equal),
            SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_values_equal(&good.tensor(), nullptr, false, &is_equal), SVAR_ERR_ARGUMENT);
  EXPECT_TRUE(is_equal) << "outputs are written only on success";
}

TEST(MayShareMemory, IsAboutAddressesAndDevices)
{
  Array all(SVAR_INT16, {10});
  auto part = [&all](int64_t first, int64_t *shape, int64_t *strides) {
    DLTensor tensor = svar_tensor(SVAR_INT16, all.as<int16_t>() + first, 1, shape);
    tensor.strides = strides;
    return tensor;
  };
  int64_t five = 5;
  int64_t none = 0;
  int64_t two = 2;
  int64_t backward = -1;
  DLTensor low = part(0, &five, nullptr);
  DLTensor high = part(5, &five, nullptr);
  DLTensor middle = part(4, &five, nullptr);
  DLTensor even = part(0, &five, &two);
  DLTensor downward = part(9, &five, &backward);
  DLTensor empty = part(0, &none, nullptr);
  EXPECT_FALSE(svar_may_share_memory(&low, &high));
  EXPECT_TRUE(svar_may_share_memory(&low, &middle));
  EXPECT_TRUE(svar_may_share_memory(&low, &low));
  EXPECT_TRUE(svar_may_share_memory(&high, &even));
  EXPECT_TRUE(svar_may_share_memory(&high, &downward));
  EXPECT_FALSE(svar_may_share_memory(&low, &downward));
  EXPECT_FALSE(svar_may_share_memory(&low, &empty));
  EXPECT_FALSE(svar_may_share_memory(&low, nullptr));
  DLTensor device = low;
  device.device.device_type = kDLCUDA;
  EXPECT_FALSE(svar_may_share_memory(&low, &device));
}

TEST(ValidValue, IsWhatAStrictVariableAccepts)
{
  svar_type_t row = svar_tensor_type(SVAR_FLOAT64, 2, 1u);
  auto is_valid = [](const svar_type_t &type, const svar_source_t &source) {
    return svar_type_is_valid_value(&type, &source);
  };
  EXPECT_TRUE(is_valid(row, Array(SVAR_FLOAT64, {1, 3}).source()));
  EXPECT_FALSE(is_valid(row, Array(SVAR_FLOAT64, {2, 3}).source()));
  EXPECT_NE(std::string(svar_error_message()).find("broadcastable"), std::string::npos);
  EXPECT_FALSE(is_valid(row, Array(SVAR_FLOAT32, {1, 3}).source()));
  EXPECT_FALSE(is_valid(svar_tensor_type(SVAR_INT64, 0, 0), svar_int(5)));
  int8_t five = 5;
  EXPECT_TRUE(is_valid(svar_number_type(SVAR_INT8), svar_scalar(SVAR_INT8, &five)));
  EXPECT_FALSE(is_valid(svar_number_type(SVAR_INT8), svar_int(5)));
  EXPECT_FALSE(is_valid(svar_number_type(SVAR_INT8), svar_none()));
  svar_source_t source = svar_none();
  EXPECT_FALSE(svar_type_is_valid_value(nullptr, &source));
  EXPECT_FALSE(svar_type_is_valid_value(&row, nullptr));
}

TEST(ValidValue, OfASparseTypeHasItsFormatAndDtype)
{
  svar_type_t csr = {SVAR_FLOAT64, 2, 0, SVAR_KIND_SPARSE, SVAR_SPARSE_CSR};
  double data[1] = {1};
  int32_t indices[1] = {0};
  int32_t indptr[3] = {0, 1, 1};
  svar_sparse_t matrix = {};
  matrix.format = SVAR_SPARSE_CSR;
  matrix.dtype = SVAR_FLOAT64;
  matrix.index_dtype = SVAR_INT32;
  matrix.shape[0] = 2;
  matrix.shape[1] = 2;
  matrix.count = 1;
  matrix.data = data;
  matrix.indices = indices;
  matrix.indptr = indptr;
  svar_source_t source = svar_sparse_source(&matrix);
  EXPECT_TRUE(svar_type_is_valid_value(&csr, &source)) << svar_error_message();
  csr.format = SVAR_SPARSE_CSC;
  EXPECT_FALSE(svar_type_is_valid_value(&csr, &source));
  Array dense(SVAR_FLOAT64, {2, 2});
  source = dense.source();
  EXPECT_FALSE(svar_type_is_valid_value(&csr, &source));
}

} // namespace
