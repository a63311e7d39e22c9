// Typed arrays into variables: the dtype decides, the data never.
#include <cmath>
#include <string>

#include "arrays.hpp"

namespace
{

// Row: the variable's dtype; column: the array's; both in the order of theano_dtypes().
const char *const accepted[14] = {
    // b1 i1 i2 i4 i8 u1 u2 u4 u8 f2 f4 f8 c8 c16
    "Y.............", // bool
    "YY............", // int8
    "YYY..Y........", // int16
    "YYYY.YY.......", // int32
    "YYYYYYYY......", // int64
    "Y....Y........", // uint8
    "Y....YY.......", // uint16
    "Y....YYY......", // uint32
    "Y....YYYY.....", // uint64
    "YY...Y...Y....", // float16
    "YYY..YY..YY...", // float32
    "YYYYYYYYYYYY..", // float64
    "YYY..YY..YY.Y.", // complex64
    "YYYYYYYYYYYYYY", // complex128
};

// Puts [1, 1] of one dtype into a vector of another; the reading back is in complex128, which holds it.
bool
accepts_ones(svar_dtype_t to, svar_dtype_t from, svar_downcast_t downcast, bool strict)
{
  Array ones(from, {2});
  svar_type_t source_type = type_of(from, 1);
  const bool both[2] = {true, true};
  int64_t shape[1] = {2};
  Filtered made = filter(source_type, svar_literals(SVAR_BOOL, both, 1, shape));
  EXPECT_EQ(made.ret, SVAR_OK);
  std::memcpy(ones.as<char>(), made.bytes.data(), made.bytes.size());

  Filtered stored = filter(type_of(to, 1), ones.source(), downcast, strict);
  if (stored.ret != SVAR_OK) {
    EXPECT_EQ(stored.ret, SVAR_ERR_TYPE);
    return false;
  }
  EXPECT_TRUE(svar_dtype_equal(stored.plan.to, to));
  EXPECT_EQ(stored.plan.shape[0], 2);
  EXPECT_EQ(stored.bytes.size(), 2 * svar_dtype_bytes(to));
  Array result(to, {2});
  std::memcpy(result.as<char>(), stored.bytes.data(), stored.bytes.size());
  using Complex = std::complex<double>;
  EXPECT_EQ(filter(type_of(SVAR_COMPLEX128, 1), result.source()).as<Complex>(),
            (std::vector<Complex>{1.0, 1.0}));
  return true;
}

template <typename Expected>
void
expect_matrix(svar_downcast_t downcast, bool strict, Expected expected)
{
  for (size_t to = 0; to < 14; to++) {
    for (size_t from = 0; from < 14; from++) {
      svar_dtype_t target = theano_dtypes()[to];
      svar_dtype_t source = theano_dtypes()[from];
      EXPECT_EQ(accepts_ones(target, source, downcast, strict), expected(to, from))
          << svar_dtype_name(source) << " into " << svar_dtype_name(target);
    }
  }
}

bool
is_in_table(size_t to, size_t from)
{
  return accepted[to][from] == 'Y';
}

TEST(FilterArray, PromotionDecidesWhenDowncastIsUnset)
{
  expect_matrix(SVAR_DOWNCAST_UNSET, false, is_in_table);
}

TEST(FilterArray, PromotionDecidesWhenDowncastIsFalse)
{
  expect_matrix(SVAR_DOWNCAST_FALSE, false, is_in_table);
}

TEST(FilterArray, EveryPairIsCastWhenDowncastIsTrue)
{
  expect_matrix(SVAR_DOWNCAST_TRUE, false, [](size_t, size_t) { return true; });
}

TEST(FilterArray, OnlyTheSameDtypeEntersAStrictVariable)
{
  for (svar_downcast_t downcast : {SVAR_DOWNCAST_UNSET, SVAR_DOWNCAST_FALSE, SVAR_DOWNCAST_TRUE}) {
    expect_matrix(downcast, true, [](size_t to, size_t from) { return to == from; });
  }
}

TEST(FilterArray, ExactDataDoNotHelpAWiderDtype)
{
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), vector_of<double>({0.5}).source()).ret, SVAR_ERR_TYPE);
  EXPECT_EQ(filter(type_of(SVAR_INT32, 1), vector_of<int64_t>({5}).source()).ret, SVAR_ERR_TYPE);
  Array half(std::vector<double>{0.5}, {});
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 0), half.source()).ret, SVAR_ERR_TYPE);
}

TEST(FilterArray, LargeIntegersRoundIntoFloat64)
{
  Array large = vector_of<int64_t>({(INT64_C(1) << 53) + 1});
  EXPECT_EQ(filter(type_of(SVAR_FLOAT64, 1), large.source()).as<double>(),
            std::vector<double>{0x1p53});
}

TEST(FilterArray, ComplexIntoRealNeedsDowncastAndLosesTheImaginaryPart)
{
  Array value = vector_of<std::complex<double>>({{1, 2}});
  EXPECT_EQ(filter(type_of(SVAR_FLOAT64, 1), value.source()).ret, SVAR_ERR_TYPE);
  EXPECT_EQ(filter(type_of(SVAR_FLOAT64, 1), value.source(), SVAR_DOWNCAST_TRUE).as<double>(),
            std::vector<double>{1.0});
}

TEST(FilterArray, DowncastWrapsIntegersAndSaturatesFloats)
{
  auto cast = [](svar_dtype_t to, Array &&from) {
    return filter(type_of(to, 1), from.source(), SVAR_DOWNCAST_TRUE);
  };
  EXPECT_EQ(cast(SVAR_INT16, vector_of<int32_t>({1 << 20})).as<int16_t>(), std::vector<int16_t>{0});
  EXPECT_EQ(cast(SVAR_INT8, vector_of<int16_t>({312, 128})).as<int8_t>(),
            (std::vector<int8_t>{56, -128}));
  EXPECT_EQ(cast(SVAR_INT8, vector_of<double>({8.23, -8.9, 1e300, -INFINITY, NAN})).as<int8_t>(),
            (std::vector<int8_t>{8, -8, 127, -128, 0}));
  EXPECT_EQ(cast(SVAR_UINT64, vector_of<float>({-1.5f, 0x1p64f})).as<uint64_t>(),
            (std::vector<uint64_t>{0, UINT64_MAX}));
  EXPECT_EQ(cast(SVAR_BOOL, vector_of<double>({0, 0.5, NAN, -0.0})).as<uint8_t>(),
            (std::vector<uint8_t>{0, 1, 1, 0}));
}

TEST(FilterArray, BoolEntersEveryDtypeAsOneAndZero)
{
  Array flags(SVAR_BOOL, {2});
  flags.as<uint8_t>()[0] = 1;
  EXPECT_EQ(filter(type_of(SVAR_INT64, 1), flags.source()).as<int64_t>(),
            (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), flags.source()).as<float>(),
            (std::vector<float>{1, 0}));
}

TEST(FilterArray, BFloat16WidensByItselfAndNarrowsOnlyWhenTold)
{
  Array brain(SVAR_BFLOAT16, {2});
  brain.as<uint16_t>()[0] = 0x3fc0; // 1.5
  brain.as<uint16_t>()[1] = 0xff80; // -inf
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), brain.source()).as<float>(),
            (std::vector<float>{1.5f, -INFINITY}));
  EXPECT_EQ(filter(type_of(SVAR_FLOAT16, 1), brain.source()).ret, SVAR_ERR_TYPE);
  Array plain = vector_of<float>({1.5f});
  EXPECT_EQ(filter(type_of(SVAR_BFLOAT16, 1), plain.source()).ret, SVAR_ERR_TYPE);
  EXPECT_EQ(filter(type_of(SVAR_BFLOAT16, 1), plain.source(), SVAR_DOWNCAST_TRUE).as<uint16_t>(),
            std::vector<uint16_t>{0x3fc0});
}

TEST(FilterArray, Float8IsStoredAsItIsAndNeverConverted)
{
  Array eight(SVAR_FLOAT8_E5M2, {3});
  eight.as<uint8_t>()[1] = 0x3c;
  for (bool strict : {false, true}) {
    Filtered stored =
        filter(type_of(SVAR_FLOAT8_E5M2, 1), eight.source(), SVAR_DOWNCAST_UNSET, strict);
    EXPECT_EQ(stored.as<uint8_t>(), (std::vector<uint8_t>{0, 0x3c, 0}));
  }
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), eight.source(), SVAR_DOWNCAST_TRUE).ret,
            SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("float8"), std::string::npos);
  EXPECT_EQ(filter(type_of(SVAR_FLOAT8_E4M3FN, 1), eight.source(), SVAR_DOWNCAST_TRUE).ret,
            SVAR_ERR_TYPE);
  EXPECT_EQ(filter(type_of(SVAR_FLOAT8_E5M2, 0), svar_float(1), SVAR_DOWNCAST_TRUE).ret,
            SVAR_ERR_TYPE);
  uint8_t one = 0x3c;
  EXPECT_EQ(filter(type_of(SVAR_FLOAT8_E5M2, 0), svar_scalar(SVAR_FLOAT8_E5M2, &one)).as<uint8_t>(),
            std::vector<uint8_t>{0x3c});
}

TEST(FilterArray, AnUnknownDtypeIsRefusedWithItsNumbers)
{
  Array value(SVAR_FLOAT32, {4});
  value.tensor().dtype = {kDLFloat, 32, 4};
  value.tensor().shape[0] = 1;
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), value.source(), SVAR_DOWNCAST_TRUE).ret,
            SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("4 lanes"), std::string::npos);
}

TEST(FilterArray, AnArrayOnADeviceIsRefused)
{
  Array value = vector_of<float>({1});
  value.tensor().device = {kDLCUDA, 0};
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), value.source()).ret, SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("host"), std::string::npos);
}

TEST(FilterArray, TheSentenceNamesVariableTypesAndReason)
{
  Array value(SVAR_FLOAT64, {2, 2});
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), value.source()).ret, SVAR_ERR_TYPE);
  EXPECT_STREQ(svar_error_message(),
               "variable 'wts', Tensor(float32, (?)), refuses an array of float64, shape (2, 2): "
               "float32 does not hold every float64, and an array's dtype decides, not its data; "
               "convert it first or set allow_downcast");
}

} // namespace
