// Literals and typed scalars into variables: the value decides, compared exactly.
#include <cmath>
#include <limits>
#include <string>

#include "arrays.hpp"

namespace
{

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

svar_ret_t
offer(svar_dtype_t to, const svar_source_t &literal, svar_downcast_t downcast = SVAR_DOWNCAST_UNSET)
{
  return filter(type_of(to, literal.tensor.ndim), literal, downcast).ret;
}

// Every source as a lone literal and as a list of one: both obey the same rule.
struct Offer {
  svar_dtype_t to;
  svar_source_t literal;
  svar_ret_t expected;
};

void
expect_offers(const std::vector<Offer> &offers, svar_downcast_t downcast)
{
  for (const Offer &row : offers) {
    EXPECT_EQ(offer(row.to, row.literal, downcast), row.expected)
        << svar_dtype_name(row.to) << ": " << svar_error_message();
    int64_t one = 1;
    svar_source_t list = svar_literals(row.literal.tensor.dtype, &row.literal.bits, 1, &one);
    EXPECT_EQ(offer(row.to, list, downcast), row.expected)
        << svar_dtype_name(row.to) << ", as a list: " << svar_error_message();
  }
}

const svar_ret_t ok = SVAR_OK;
const svar_ret_t type = SVAR_ERR_TYPE;
const svar_ret_t value = SVAR_ERR_VALUE;
const svar_ret_t range = SVAR_ERR_RANGE;

const std::vector<Offer> &
integer_boundaries()
{
  static const std::vector<Offer> offers = {
      {SVAR_INT8, svar_int(127), ok},
      {SVAR_INT8, svar_int(-128), ok},
      {SVAR_INT8, svar_float(5.0), ok},
      {SVAR_INT8, svar_bool(true), ok},
      {SVAR_INT8, svar_float(-0.0), ok},
      {SVAR_INT8, svar_int(128), type},
      {SVAR_INT8, svar_int(312), type},
      {SVAR_INT8, svar_int(-129), type},
      {SVAR_INT8, svar_float(8.23), type},
      {SVAR_INT8, svar_float(-8.9), type},
      {SVAR_INT8, svar_float(nan), value},
      {SVAR_INT8, svar_float(infinity), range},
      {SVAR_INT8, svar_uint(UINT64_C(1) << 63), range},
      {SVAR_UINT8, svar_int(255), ok},
      {SVAR_UINT8, svar_int(0), ok},
      {SVAR_UINT8, svar_int(256), type},
      {SVAR_UINT8, svar_int(-1), type},
      {SVAR_INT16, svar_int(32767), ok},
      {SVAR_INT16, svar_int(32768), type},
      {SVAR_UINT16, svar_int(65535), ok},
      {SVAR_UINT16, svar_int(65536), type},
      {SVAR_UINT16, svar_int(-1), type},
      {SVAR_INT32, svar_int(INT32_MAX), ok},
      {SVAR_INT32, svar_int(INT64_C(1) << 31), type},
      {SVAR_INT32, svar_float(0x1p31), type},
      {SVAR_INT32, svar_float(-0x1p31), ok},
      {SVAR_UINT32, svar_int(UINT32_MAX), ok},
      {SVAR_UINT32, svar_int(INT64_C(1) << 32), type},
      {SVAR_UINT32, svar_int(-1), type},
      {SVAR_INT64, svar_int(INT64_MIN), ok},
      {SVAR_INT64, svar_int(INT64_MAX), ok},
      {SVAR_INT64, svar_float(1e18), ok},
      {SVAR_INT64, svar_float(-0x1p63), ok},
      {SVAR_INT64, svar_uint(UINT64_C(1) << 63), range},
      {SVAR_INT64, svar_float(0x1p63), range},
      {SVAR_INT64, svar_float(-0x1.8p63), range},
      {SVAR_INT64, svar_float(8.23), type},
      {SVAR_INT64, svar_float(nan), value},
      {SVAR_UINT64, svar_uint(UINT64_MAX), ok},
      {SVAR_UINT64, svar_float(0x1p63), ok},
      {SVAR_UINT64, svar_int(-1), type},
      {SVAR_UINT64, svar_float(-1.0), type},
      {SVAR_UINT64, svar_float(0x1p64), range},
      {SVAR_BOOL, svar_bool(true), ok},
      {SVAR_BOOL, svar_bool(false), ok},
      {SVAR_BOOL, svar_int(0), ok},
      {SVAR_BOOL, svar_int(1), ok},
      {SVAR_BOOL, svar_float(1.0), ok},
      {SVAR_BOOL, svar_int(2), type},
      {SVAR_BOOL, svar_float(0.5), type},
      {SVAR_BOOL, svar_float(nan), type},
  };
  return offers;
}

const std::vector<Offer> &
float_boundaries()
{
  static const std::vector<Offer> offers = {
      {SVAR_FLOAT16, svar_int(2048), ok},
      {SVAR_FLOAT16, svar_int(65504), ok},
      {SVAR_FLOAT16, svar_float(0x1p-24), ok},
      {SVAR_FLOAT16, svar_float(infinity), ok},
      {SVAR_FLOAT16, svar_float(nan), ok},
      {SVAR_FLOAT16, svar_int(2049), type},
      {SVAR_FLOAT16, svar_int(65520), type},
      {SVAR_FLOAT16, svar_float(70000), type},
      {SVAR_FLOAT16, svar_float(1e-8), type},
      {SVAR_FLOAT16, svar_float(0.1), type},
      {SVAR_BFLOAT16, svar_float(0.5), ok},
      {SVAR_BFLOAT16, svar_int(257), type},
      {SVAR_FLOAT32, svar_float(0.5), ok},
      {SVAR_FLOAT32, svar_int(1 << 24), ok},
      {SVAR_FLOAT32, svar_int((1 << 24) + 2), ok},
      {SVAR_FLOAT32, svar_float(infinity), ok},
      {SVAR_FLOAT32, svar_float(-infinity), ok},
      {SVAR_FLOAT32, svar_float(nan), ok},
      {SVAR_FLOAT32, svar_int((1 << 24) + 1), type},
      {SVAR_FLOAT32, svar_float(0.1), type},
      {SVAR_FLOAT32, svar_float(1e300), type},
      {SVAR_FLOAT64, svar_float(0.1), ok},
      {SVAR_FLOAT64, svar_int(INT64_C(1) << 53), ok},
      {SVAR_FLOAT64, svar_int(INT64_MIN), ok},
      {SVAR_COMPLEX64, svar_complex(0.5, 0.25), ok},
      {SVAR_COMPLEX64, svar_complex(1, 2), ok},
      {SVAR_COMPLEX64, svar_float(0.1), type},
      {SVAR_COMPLEX64, svar_complex(1, 0.1), type},
      {SVAR_COMPLEX64, svar_int((1 << 24) + 1), type},
      {SVAR_COMPLEX128, svar_float(2.5), ok},
      {SVAR_FLOAT64, svar_complex(1, 2), type},
      {SVAR_FLOAT64, svar_complex(1, 0), type},
      {SVAR_INT8, svar_complex(1, 0), type},
      {SVAR_BOOL, svar_complex(1, 0), type},
  };
  return offers;
}

// Where a comparison in float64 would see no difference.
const std::vector<Offer> &
beyond_float64()
{
  static const std::vector<Offer> offers = {
      {SVAR_FLOAT64, svar_int((INT64_C(1) << 53) + 1), type},
      {SVAR_FLOAT32, svar_int((INT64_C(1) << 53) + 1), type},
      {SVAR_FLOAT64, svar_int(INT64_MAX), type},
      {SVAR_FLOAT64, svar_uint(UINT64_MAX), type},
      {SVAR_COMPLEX128, svar_uint(UINT64_MAX), type},
      {SVAR_FLOAT64, svar_uint(UINT64_C(1) << 63), ok},
      {SVAR_INT64, svar_float(0x1.fffffffffffffp62), ok},
  };
  return offers;
}

class FilterLiteral : public ::testing::TestWithParam<svar_downcast_t>
{
};

TEST_P(FilterLiteral, IntegerTargetsAcceptWhatSurvives)
{
  expect_offers(integer_boundaries(), GetParam());
}

TEST_P(FilterLiteral, FloatTargetsAcceptWhatSurvives)
{
  expect_offers(float_boundaries(), GetParam());
}

TEST_P(FilterLiteral, ComparisonIsExactBeyondFloat64)
{
  expect_offers(beyond_float64(), GetParam());
}

TEST_P(FilterLiteral, ANanDoesNotExcuseItsNeighbours)
{
  Array fine = vector_of<double>({nan, 0.5});
  Filtered stored = filter(type_of(SVAR_FLOAT32, 1), fine.literals(), GetParam());
  ASSERT_EQ(stored.ret, SVAR_OK);
  EXPECT_TRUE(std::isnan(stored.as<float>()[0]));
  EXPECT_EQ(stored.as<float>()[1], 0.5f);
  EXPECT_EQ(offer(SVAR_FLOAT32, vector_of<double>({nan, 0.1}).literals(), GetParam()), type);
  EXPECT_EQ(offer(SVAR_FLOAT16, vector_of<double>({nan, 70000}).literals(), GetParam()), type);
}

TEST_P(FilterLiteral, ListsAreConvertedWhole)
{
  EXPECT_EQ(
      filter(type_of(SVAR_INT8, 1), vector_of<double>({1, 2}).literals(), GetParam()).as<int8_t>(),
      (std::vector<int8_t>{1, 2}));
  Array flags(SVAR_BOOL, {2});
  flags.as<uint8_t>()[0] = 1;
  EXPECT_EQ(filter(type_of(SVAR_INT8, 1), flags.literals(), GetParam()).as<int8_t>(),
            (std::vector<int8_t>{1, 0}));
  Array matrix(std::vector<int64_t>{1, 2, 3, 4}, {2, 2});
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 2), matrix.literals(), GetParam()).as<float>(),
            (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(offer(SVAR_FLOAT32, vector_of<double>({0.1, 0.2}).literals(), GetParam()), type);
}

TEST_P(FilterLiteral, AnEmptyListGivesAnExtentOfZero)
{
  int64_t none = 0;
  for (svar_dtype_t to : {SVAR_FLOAT64, SVAR_INT8}) {
    Filtered empty =
        filter(type_of(to, 1), svar_literals(SVAR_FLOAT64, nullptr, 1, &none), GetParam());
    EXPECT_EQ(empty.ret, SVAR_OK);
    EXPECT_EQ(empty.plan.shape[0], 0);
    EXPECT_EQ(empty.plan.size_bytes, 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Downcast, FilterLiteral,
                         ::testing::Values(SVAR_DOWNCAST_UNSET, SVAR_DOWNCAST_FALSE));

template <typename T>
std::vector<T>
cast(svar_dtype_t to, const svar_source_t &literal)
{
  return filter(type_of(to, literal.tensor.ndim), literal, SVAR_DOWNCAST_TRUE).as<T>();
}

TEST(FilterLiteralDowncast, CastsWhateverCanBeRead)
{
  EXPECT_EQ(cast<int8_t>(SVAR_INT8, svar_float(8.23)), std::vector<int8_t>{8});
  EXPECT_EQ(cast<int8_t>(SVAR_INT8, svar_float(-8.9)), std::vector<int8_t>{-8});
  EXPECT_EQ(cast<int8_t>(SVAR_INT8, svar_int(312)), std::vector<int8_t>{56});
  EXPECT_EQ(cast<int8_t>(SVAR_INT8, svar_int(128)), std::vector<int8_t>{-128});
  EXPECT_EQ(cast<int8_t>(SVAR_INT8, svar_float(300.5)), std::vector<int8_t>{127});
  EXPECT_EQ(cast<uint8_t>(SVAR_UINT8, svar_int(-1)), std::vector<uint8_t>{255});
  EXPECT_EQ(cast<uint8_t>(SVAR_UINT8, svar_int(256)), std::vector<uint8_t>{0});
  EXPECT_EQ(cast<float>(SVAR_FLOAT32, svar_float(0.1)), std::vector<float>{0.1f});
  EXPECT_EQ(cast<float>(SVAR_FLOAT32, svar_float(1e300)), std::vector<float>{INFINITY});
  EXPECT_EQ(cast<uint16_t>(SVAR_FLOAT16, svar_int(70000)), std::vector<uint16_t>{0x7c00});
  EXPECT_EQ(cast<uint16_t>(SVAR_FLOAT16, svar_int(2049)), std::vector<uint16_t>{0x6800});
  EXPECT_EQ(cast<uint8_t>(SVAR_BOOL, svar_float(nan)), std::vector<uint8_t>{1});
  EXPECT_EQ(cast<int8_t>(SVAR_INT8, vector_of<int64_t>({312, 128}).literals()),
            (std::vector<int8_t>{56, -128}));
}

TEST(FilterLiteralDowncast, StillRefusesWhatCannotBeRead)
{
  const Offer offers[] = {
      {SVAR_INT8, svar_float(nan), value},
      {SVAR_UINT64, svar_float(0x1p64), range},
      {SVAR_INT64, svar_uint(UINT64_C(1) << 63), range},
      {SVAR_INT8, svar_float(-infinity), range},
      {SVAR_FLOAT64, svar_complex(1, 2), type},
      {SVAR_FLOAT64, svar_complex(1, 0), type},
  };
  expect_offers({std::begin(offers), std::end(offers)}, SVAR_DOWNCAST_TRUE);
  Array list = vector_of<double>({1, 2, nan});
  EXPECT_EQ(offer(SVAR_INT8, list.literals(), SVAR_DOWNCAST_TRUE), value);
  EXPECT_NE(std::string(svar_error_message()).find("element 2: NaN"), std::string::npos)
      << svar_error_message();
  EXPECT_EQ(filter(type_of(SVAR_INT8, 1), svar_int(1), SVAR_DOWNCAST_TRUE).ret, type) << "rank";
}

TEST(FilterScalar, TheValueDecidesNotTheDtype)
{
  int64_t five = 5;
  EXPECT_EQ(filter(type_of(SVAR_INT32, 0), svar_scalar(SVAR_INT64, &five)).as<int32_t>(),
            std::vector<int32_t>{5});
  double tenth = 0.1;
  EXPECT_EQ(offer(SVAR_FLOAT32, svar_scalar(SVAR_FLOAT64, &tenth)), type);
  EXPECT_EQ(cast<float>(SVAR_FLOAT32, svar_scalar(SVAR_FLOAT64, &tenth)), std::vector<float>{0.1f});
  uint16_t half = 0x3800; // 0.5 as float16
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 0), svar_scalar(SVAR_FLOAT16, &half)).as<float>(),
            std::vector<float>{0.5f});
  int64_t most = INT64_MAX;
  EXPECT_EQ(offer(SVAR_FLOAT64, svar_scalar(SVAR_INT64, &most)), type);
  uint64_t large = UINT64_MAX;
  EXPECT_EQ(offer(SVAR_INT64, svar_scalar(SVAR_UINT64, &large)), type) << "wraps to -1";
}

TEST(FilterScalar, ComplexIntoRealNeedsAZeroImaginaryPartOrDowncast)
{
  std::complex<double> one(1, 0);
  std::complex<double> other(1, 2);
  EXPECT_EQ(filter(type_of(SVAR_FLOAT64, 0), svar_scalar(SVAR_COMPLEX128, &one)).as<double>(),
            std::vector<double>{1.0});
  EXPECT_EQ(offer(SVAR_FLOAT64, svar_scalar(SVAR_COMPLEX128, &other)), type);
  EXPECT_EQ(cast<double>(SVAR_FLOAT64, svar_scalar(SVAR_COMPLEX128, &other)),
            std::vector<double>{1.0});
}

TEST(FilterScalar, ANanIsRefusedByItsValueAndCastLikeAnArrays)
{
  double number = nan;
  EXPECT_EQ(offer(SVAR_INT8, svar_scalar(SVAR_FLOAT64, &number)), type);
  EXPECT_EQ(cast<int8_t>(SVAR_INT8, svar_scalar(SVAR_FLOAT64, &number)), std::vector<int8_t>{0});
}

TEST(FilterStrict, AcceptsNoLiteralAndNoScalar)
{
  int64_t five = 5;
  for (svar_downcast_t downcast : {SVAR_DOWNCAST_UNSET, SVAR_DOWNCAST_TRUE}) {
    for (const svar_source_t &source :
         {svar_int(5), svar_float(8.23), svar_scalar(SVAR_INT64, &five)}) {
      EXPECT_EQ(filter(type_of(SVAR_INT64, 0), source, downcast, true).ret, type);
    }
    EXPECT_EQ(filter(type_of(SVAR_FLOAT64, 0), svar_int(8), downcast, true).ret, type);
    Array list = vector_of<double>({1.0});
    EXPECT_EQ(filter(type_of(SVAR_FLOAT64, 1), list.literals(), downcast, true).ret, type);
    Array array(std::vector<int64_t>{5}, {});
    EXPECT_EQ(filter(type_of(SVAR_INT64, 0), array.source(), downcast, true).ret, ok);
  }
}

// Sets floatX for one test.
struct FloatX {
  explicit FloatX(svar_dtype_t dtype)
  {
    EXPECT_EQ(svar_floatx_set(dtype), SVAR_OK);
  }
  ~FloatX()
  {
    EXPECT_EQ(svar_floatx_set(SVAR_FLOAT64), SVAR_OK);
  }
};

TEST(FilterFloatX, ALoneFloatRoundsIntoFloatX)
{
  FloatX setting(SVAR_FLOAT32);
  svar_type_t target = type_of(SVAR_FLOAT32, 0);
  EXPECT_EQ(filter(target, svar_float(0.1)).as<float>(), std::vector<float>{0.1f});
  EXPECT_EQ(filter(target, svar_float(1e300)).as<float>(), std::vector<float>{INFINITY});
  EXPECT_EQ(offer(SVAR_FLOAT32, svar_float(0.1), SVAR_DOWNCAST_FALSE), type);
  EXPECT_EQ(offer(SVAR_FLOAT32, svar_float(1e300), SVAR_DOWNCAST_FALSE), type);
}

TEST(FilterFloatX, IsNoExcuseForListsScalarsIntegersAndOtherDtypes)
{
  FloatX setting(SVAR_FLOAT32);
  double tenth = 0.1;
  EXPECT_EQ(offer(SVAR_FLOAT32, vector_of<double>({0.1}).literals()), type);
  EXPECT_EQ(offer(SVAR_FLOAT16, svar_float(0.1)), type);
  EXPECT_EQ(offer(SVAR_FLOAT32, svar_scalar(SVAR_FLOAT64, &tenth)), type);
  EXPECT_EQ(offer(SVAR_FLOAT32, svar_int((1 << 24) + 1)), type);
  EXPECT_EQ(filter(type_of(SVAR_FLOAT32, 1), svar_float(0.1)).ret, type) << "rank";
}

TEST(FilterFloatX, Float16CanBeFloatX)
{
  FloatX setting(SVAR_FLOAT16);
  EXPECT_EQ(offer(SVAR_FLOAT16, svar_float(0.1)), ok);
  EXPECT_EQ(offer(SVAR_FLOAT32, svar_float(0.1)), type);
}

TEST(FilterSentence, SaysWhatTheNumberWouldBecome)
{
  EXPECT_EQ(offer(SVAR_FLOAT32, svar_float(0.1)), type);
  EXPECT_STREQ(svar_error_message(),
               "variable 'wts', Tensor(float32, ()), refuses the literal 0.1: 0.1 would become "
               "0.10000000149011612; round it first or set allow_downcast");
  int16_t number = -300;
  EXPECT_EQ(offer(SVAR_INT8, svar_scalar(SVAR_INT16, &number)), type);
  EXPECT_STREQ(svar_error_message(),
               "variable 'wts', Tensor(int8, ()), refuses the int16 scalar -300: -300 would become "
               "-44; round it first or set allow_downcast");
  EXPECT_EQ(offer(SVAR_COMPLEX64, svar_complex(0.5, -0.1)), type);
  EXPECT_NE(std::string(svar_error_message()).find("the literal 0.5-0.1j"), std::string::npos)
      << svar_error_message();
  EXPECT_EQ(offer(SVAR_INT8, vector_of<int64_t>({1, 2, 300}).literals()), type);
  EXPECT_NE(std::string(svar_error_message()).find("a list of literals, shape (3): element 2: 300"),
            std::string::npos)
      << svar_error_message();
  svari_filter_plan_t plan;
  svar_type_t unnamed = type_of(SVAR_BOOL, 0);
  svar_source_t two = svar_int(2);
  EXPECT_EQ(svari_filter_check(&unnamed, false, SVAR_DOWNCAST_UNSET, nullptr, &two, &plan), type);
  EXPECT_STREQ(svar_error_message(), "variable without a name, Tensor(bool, ()), refuses the "
                                     "literal 2: 2 would become true; round "
                                     "it first or set allow_downcast");
}

TEST(Source, ABrokenOneIsAnArgumentErrorNotACrash)
{
  int64_t one = 1;
  double number = 1;
  svar_source_t odd_kind = svar_int(1);
  odd_kind.kind = static_cast<svar_source_kind_t>(9);
  svar_source_t deep_scalar = svar_scalar(SVAR_FLOAT64, &number);
  deep_scalar.tensor.ndim = 1;
  svar_source_t no_data = svar_literals(SVAR_FLOAT64, nullptr, 1, &one);
  svar_source_t no_shape = svar_literals(SVAR_FLOAT64, &number, 1, nullptr);
  svar_source_t negative_rank = svar_literals(SVAR_FLOAT64, &number, -1, &one);
  svar_source_t strided = svar_literals(SVAR_FLOAT64, &number, 1, &one);
  strided.tensor.strides = &one;
  for (const svar_source_t &broken :
       {odd_kind, deep_scalar, no_data, no_shape, negative_rank, strided,
        svar_scalar(SVAR_INT8, nullptr), svar_scalar({kDLFloat, 255, 1}, &number),
        svar_literals(SVAR_INT64, nullptr, 0, nullptr), svar_literals(SVAR_INT8, &number, 1, &one),
        svar_literals(SVAR_FLOAT32, &number, 0, nullptr)}) {
    EXPECT_EQ(filter(type_of(SVAR_FLOAT64, 0), broken, SVAR_DOWNCAST_TRUE).ret, SVAR_ERR_ARGUMENT);
  }
}

TEST(Source, IntegersTakeTheirNaturalDtype)
{
  EXPECT_TRUE(svar_dtype_equal(svar_int(-1).tensor.dtype, SVAR_INT64));
  EXPECT_TRUE(svar_dtype_equal(svar_uint(7).tensor.dtype, SVAR_INT64));
  EXPECT_TRUE(svar_dtype_equal(svar_uint(UINT64_C(1) << 63).tensor.dtype, SVAR_UINT64));
}

} // namespace
