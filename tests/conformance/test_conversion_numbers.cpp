// What a literal or a typed scalar may become is decided by its value.
#include <cmath>

#include "case.hpp"

using conformance::Case;
using conformance::Variable;

namespace
{

constexpr double INFINITE = std::numeric_limits<double>::infinity();

// A list of one number, or the number itself, into a variable of that rank.
struct Literal {
  Literal(double number) : numbers(vector_of<double>({number})), lone(svar_float(number)) {}
  Literal(int64_t number) : numbers(vector_of<int64_t>({number})), lone(svar_int(number)) {}
  Literal(int number) : Literal(static_cast<int64_t>(number)) {}
  Literal(uint64_t number) : numbers(vector_of<uint64_t>({number})), lone(svar_uint(number)) {}
  Literal(bool truth) : numbers(vector_of<bool>({truth})), lone(svar_bool(truth)) {}
  Literal(std::complex<double> number)
      : numbers(vector_of<std::complex<double>>({number})),
        lone(svar_complex(number.real(), number.imag()))
  {
  }

  Array numbers;
  svar_source_t lone;
};

// The variable takes the literal as this number, alone and in a list.
template <typename T>
void
expect_taken(Case &test, svar_dtype_t dtype, const Literal &literal, T number,
             svar_downcast_t allow_downcast = SVAR_DOWNCAST_UNSET)
{
  Variable s = test.zeros(dtype, {1}, allow_downcast);
  EXPECT_EQ(test.set(s, literal.numbers.literals()).as<T>(), std::vector<T>{number});
  Variable lone = test.zeros(dtype, {}, allow_downcast);
  EXPECT_EQ(test.set(lone, literal.lone).as<T>(), std::vector<T>{number});
}

void
expect_refused_both(Case &test, svar_ret_t code, svar_dtype_t dtype, const Literal &literal,
                    svar_downcast_t allow_downcast = SVAR_DOWNCAST_UNSET)
{
  Variable s = test.zeros(dtype, {1}, allow_downcast);
  test.expect_refused(code, s, literal.numbers.literals());
  Variable lone = test.zeros(dtype, {}, allow_downcast);
  test.expect_refused(code, lone, literal.lone);
}

// floatX for the length of a scope.
class FloatX
{
public:
  explicit FloatX(svar_dtype_t dtype)
  {
    EXPECT_SVAR_OK(svar_floatx_set(dtype));
  }
  ~FloatX()
  {
    EXPECT_SVAR_OK(svar_floatx_set(SVAR_FLOAT64));
  }
};

} // namespace

SVAR_CASE(79, AnIntegerThatAFloatWouldRoundIsRefused)
{
  int64_t odd = (INT64_C(1) << 53) + 1;
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT64, odd);
  EXPECT_MESSAGE("9007199254740993 would become 9007199254740992");
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT32, odd);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT64, Literal(UINT64_MAX));
}

SVAR_CASE(80, Float32TakesTheIntegersThatItHas)
{
  expect_taken(*this, SVAR_FLOAT32, 1 << 24, 0x1p24f);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT32, (1 << 24) + 1);
  expect_taken(*this, SVAR_FLOAT32, (1 << 24) + 2, 16777218.0f);
}

SVAR_CASE(81, Float16TakesTheNumbersThatItHas)
{
  expect_taken<uint16_t>(*this, SVAR_FLOAT16, 2048, 0x6800);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT16, 2049);
  expect_taken<uint16_t>(*this, SVAR_FLOAT16, 65504, 0x7bff);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT16, 65520);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT16, 70000);
  expect_taken<uint16_t>(*this, SVAR_FLOAT16, 0x1p-24, 0x0001);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT16, 1e-8);
}

SVAR_CASE(82, Float32TakesExactFloatsAndInfinities)
{
  Variable s = zeros(SVAR_FLOAT32, {2});
  expect_refused(SVAR_ERR_TYPE, s, vector_of<double>({0.1, 0.2}).literals());
  EXPECT_MESSAGE("element 0");
  EXPECT_EQ(set(s, vector_of<double>({0.5, 1.5}).literals()).as<float>(),
            (std::vector<float>{0.5f, 1.5f}));
  expect_refused(SVAR_ERR_TYPE, s, vector_of<double>({1e300}).literals());
  EXPECT_EQ(set(s, vector_of<double>({INFINITE, -INFINITE}).literals()).as<float>(),
            (std::vector<float>{INFINITY, -INFINITY}));
}

SVAR_CASE(83, NaNSurvivesTheConversion)
{
  Variable s = zeros(SVAR_FLOAT32, {2});
  std::vector<float> found = set(s, vector_of<double>({NAN, 0.5}).literals()).as<float>();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(std::isnan(found[0]));
  EXPECT_EQ(found[1], 0.5f);
}

SVAR_CASE(84, NaNDoesNotExcuseItsNeighbours)
{
  Variable single = zeros(SVAR_FLOAT32, {2});
  expect_refused(SVAR_ERR_TYPE, single, vector_of<double>({NAN, 0.1}).literals());
  EXPECT_MESSAGE("element 1");
  Variable half = zeros(SVAR_FLOAT16, {2});
  expect_refused(SVAR_ERR_TYPE, half, vector_of<double>({NAN, 70000.0}).literals());
}

SVAR_CASE(86, IntegersTakeWholeFloatsAndTruthValues)
{
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT8, 8.23);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT8, -8.9);
  Variable s = zeros(SVAR_INT8, {2});
  EXPECT_EQ(set(s, vector_of<double>({1.0, 2.0}).literals()).as<int8_t>(),
            (std::vector<int8_t>{1, 2}));
  EXPECT_EQ(set(s, vector_of<bool>({true, false}).literals()).as<int8_t>(),
            (std::vector<int8_t>{1, 0}));
  expect_taken<int8_t>(*this, SVAR_INT8, -0.0, 0);
}

SVAR_CASE(87, Uint8TakesItsRangeOnly)
{
  expect_taken<uint8_t>(*this, SVAR_UINT8, 255, 255);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_UINT8, 256);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_UINT8, -1);
}

SVAR_CASE(88, SixteenBitsTakeTheirRangeOnly)
{
  expect_taken<int16_t>(*this, SVAR_INT16, 32767, 32767);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT16, 32768);
  expect_taken<uint16_t>(*this, SVAR_UINT16, 65535, 65535);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_UINT16, 65536);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_UINT16, -1);
}

SVAR_CASE(89, ThirtyTwoBitsTakeTheirRangeOnly)
{
  expect_taken<int32_t>(*this, SVAR_INT32, INT32_MAX, INT32_MAX);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT32, INT64_C(1) << 31);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT32, 2147483648.0);
  expect_taken<uint32_t>(*this, SVAR_UINT32, static_cast<int64_t>(UINT32_MAX), UINT32_MAX);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_UINT32, INT64_C(1) << 32);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_UINT32, -1);
}

SVAR_CASE(90, Int64TakesItsRangeOnly)
{
  expect_taken<int64_t>(*this, SVAR_INT64, INT64_MIN, INT64_MIN);
  expect_taken<int64_t>(*this, SVAR_INT64, INT64_MAX, INT64_MAX);
  expect_taken<int64_t>(*this, SVAR_INT64, 1e18, INT64_C(1000000000000000000));
  expect_refused_both(*this, SVAR_ERR_RANGE, SVAR_INT64, UINT64_C(1) << 63);
  expect_refused_both(*this, SVAR_ERR_RANGE, SVAR_INT64, 0x1p63);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT64, 8.23);
}

SVAR_CASE(91, Uint64TakesItsRangeOnly)
{
  expect_taken<uint64_t>(*this, SVAR_UINT64, UINT64_C(1) << 63, UINT64_C(1) << 63);
  expect_taken<uint64_t>(*this, SVAR_UINT64, UINT64_MAX, UINT64_MAX);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_UINT64, -1);
  expect_refused_both(*this, SVAR_ERR_RANGE, SVAR_UINT64, 0x1p64);
}

SVAR_CASE(92, NoIntegerTakesNaN)
{
  for (svar_dtype_t dtype : {SVAR_INT8, SVAR_INT64}) {
    expect_refused_both(*this, SVAR_ERR_VALUE, dtype, NAN);
    Variable s = zeros(dtype, {2});
    expect_refused(SVAR_ERR_VALUE, s, vector_of<double>({NAN, 1}).literals());
  }
}

SVAR_CASE(94, AComplexLiteralNeverBecomesReal)
{
  std::complex<double> number(1, 2);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT64, number);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT64, number, SVAR_DOWNCAST_TRUE);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_FLOAT64, std::complex<double>(1, 0));
}

SVAR_CASE(95, AComplexScalarBecomesRealIfItIsReal)
{
  std::complex<double> real(1, 0);
  std::complex<double> other(1, 2);
  Variable s = zeros(SVAR_FLOAT64, {});
  EXPECT_EQ(set(s, svar_scalar(SVAR_COMPLEX128, &real)).as<double>(), std::vector<double>{1.0});
  expect_refused(SVAR_ERR_TYPE, s, svar_scalar(SVAR_COMPLEX128, &other));
}

SVAR_CASE(96, ComplexTakesWhatItsPartsHold)
{
  using Single = std::complex<float>;
  using Double = std::complex<double>;
  expect_taken(*this, SVAR_COMPLEX64, Double(1, 2), Single(1, 2));
  expect_taken(*this, SVAR_COMPLEX64, Double(0.5, 0.25), Single(0.5f, 0.25f));
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_COMPLEX64, 0.1);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_COMPLEX64, (1 << 24) + 1);
  Variable s = zeros(SVAR_COMPLEX128, {2});
  EXPECT_EQ(set(s, vector_of<double>({1, 2.5}).literals()).as<Double>(),
            (std::vector<Double>{{1, 0}, {2.5, 0}}));
  EXPECT_EQ(set(s, vector_of<int64_t>({3}).source()).as<Double>(), (std::vector<Double>{{3, 0}}));
}

SVAR_CASE(97, DowncastTruncatesFloatsAndWrapsIntegers)
{
  expect_taken<int8_t>(*this, SVAR_INT8, 8.23, 8, SVAR_DOWNCAST_TRUE);
  expect_taken<int8_t>(*this, SVAR_INT8, -8.9, -8, SVAR_DOWNCAST_TRUE);
  expect_taken<int8_t>(*this, SVAR_INT8, 312, 56, SVAR_DOWNCAST_TRUE);
  expect_taken<int8_t>(*this, SVAR_INT8, 128, -128, SVAR_DOWNCAST_TRUE);
  expect_taken<uint8_t>(*this, SVAR_UINT8, -1, 255, SVAR_DOWNCAST_TRUE);
  expect_taken<uint8_t>(*this, SVAR_UINT8, 256, 0, SVAR_DOWNCAST_TRUE);
  Variable s = zeros(SVAR_INT16, {1}, SVAR_DOWNCAST_TRUE);
  EXPECT_EQ(set(s, vector_of<int32_t>({1 << 20}).source()).as<int16_t>(), std::vector<int16_t>{0});
}

SVAR_CASE(97, DowncastSaturatesFloatsBeyondAnInteger)
{
  Variable s = zeros(SVAR_INT8, {3}, SVAR_DOWNCAST_TRUE);
  EXPECT_EQ(set(s, vector_of<double>({1e10, -INFINITE, NAN}).source()).as<int8_t>(),
            (std::vector<int8_t>{127, -128, 0}));
}

SVAR_CASE(98, DowncastRoundsToTheNearestFloat)
{
  expect_taken(*this, SVAR_FLOAT32, 0.1, 0.1f, SVAR_DOWNCAST_TRUE);
  expect_taken(*this, SVAR_FLOAT32, 1e300, INFINITY, SVAR_DOWNCAST_TRUE);
  expect_taken<uint16_t>(*this, SVAR_FLOAT16, 70000, 0x7c00, SVAR_DOWNCAST_TRUE);
  expect_taken<uint16_t>(*this, SVAR_FLOAT16, 2049, 0x6800, SVAR_DOWNCAST_TRUE);
}

SVAR_CASE(99, DowncastToBoolAsksWhetherANumberIsNotZero)
{
  Variable s = zeros(SVAR_BOOL, {4}, SVAR_DOWNCAST_TRUE);
  EXPECT_EQ(set(s, vector_of<double>({0, 0.5, NAN, -0.0}).source()).bytes,
            (std::vector<unsigned char>{0, 1, 1, 0}));
}

SVAR_CASE(100, DowncastDoesNotExcuseEverything)
{
  Variable s = zeros(SVAR_FLOAT64, {1}, SVAR_DOWNCAST_TRUE);
  expect_refused(SVAR_ERR_TYPE, s, svar_float(1));
  expect_refused_both(*this, SVAR_ERR_RANGE, SVAR_UINT64, 0x1p64, SVAR_DOWNCAST_TRUE);
  expect_refused_both(*this, SVAR_ERR_VALUE, SVAR_INT8, NAN, SVAR_DOWNCAST_TRUE);
  Array opaque(SVAR_FLOAT64, {1});
  opaque.tensor().dtype = {kDLOpaqueHandle, 64, 1};
  expect_refused(SVAR_ERR_TYPE, s, opaque.source());
}

SVAR_CASE(102, BoolTakesZeroAndOne)
{
  expect_taken<uint8_t>(*this, SVAR_BOOL, true, 1);
  expect_taken<uint8_t>(*this, SVAR_BOOL, false, 0);
  expect_taken<uint8_t>(*this, SVAR_BOOL, 0, 0);
  expect_taken<uint8_t>(*this, SVAR_BOOL, 1.0, 1);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_BOOL, 2);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_BOOL, 0.5);
}

SVAR_CASE(102, Int8TakesItsRangeOnly)
{
  expect_taken<int8_t>(*this, SVAR_INT8, 127, 127);
  expect_taken<int8_t>(*this, SVAR_INT8, -128, -128);
  expect_taken<int8_t>(*this, SVAR_INT8, 5.0, 5);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT8, 128);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT8, 312);
  expect_refused_both(*this, SVAR_ERR_TYPE, SVAR_INT8, -129);
}

SVAR_CASE(102, Float64TakesEveryDouble)
{
  expect_taken(*this, SVAR_FLOAT64, 0.1, 0.1);
  expect_taken(*this, SVAR_FLOAT64, INT64_C(1) << 53, 0x1p53);
}

SVAR_CASE(103, StrictRefusesEveryLoneLiteral)
{
  for (svar_dtype_t dtype : {SVAR_INT64, SVAR_INT32, SVAR_INT16, SVAR_INT8}) {
    expect_refused(SVAR_ERR_TYPE, zeros(dtype, {}, SVAR_DOWNCAST_UNSET, true), svar_float(8.23));
  }
  for (svar_dtype_t dtype : {SVAR_FLOAT64, SVAR_FLOAT32}) {
    expect_refused(SVAR_ERR_TYPE, zeros(dtype, {}, SVAR_DOWNCAST_UNSET, true), svar_int(8));
  }
}

SVAR_CASE_ON_HOST(104, StrictTakesArraysNotScalars)
{
  Variable s = zeros(SVAR_INT64, {}, SVAR_DOWNCAST_UNSET, true);
  int64_t five = 5;
  expect_refused(SVAR_ERR_TYPE, s, svar_scalar(SVAR_INT64, &five));
  Array array(std::vector<int64_t>{5}, {});
  EXPECT_EQ(set(s, array.source()).as<int64_t>(), std::vector<int64_t>{5});
}

SVAR_NOT_ON(GPU, 104, "strict means an array that is on the GPU already: case 239")

SVAR_CASE(106, ALoneFloatIsRoundedIntoFloatX)
{
  FloatX floatx(SVAR_FLOAT32);
  Variable s = zeros(SVAR_FLOAT32, {});
  EXPECT_EQ(set(s, svar_float(0.1)).as<float>(), std::vector<float>{0.1f});
  EXPECT_EQ(set(s, svar_float(1e300)).as<float>(), std::vector<float>{INFINITY});
  Variable exact = zeros(SVAR_FLOAT32, {}, SVAR_DOWNCAST_FALSE);
  expect_refused(SVAR_ERR_TYPE, exact, svar_float(0.1));
  expect_refused(SVAR_ERR_TYPE, exact, svar_float(1e300));
}

SVAR_CASE(107, FloatXIsForLoneFloatsOfItsOwnDtype)
{
  FloatX floatx(SVAR_FLOAT32);
  expect_refused(SVAR_ERR_TYPE, zeros(SVAR_FLOAT32, {1}), vector_of<double>({0.1}).literals());
  expect_refused(SVAR_ERR_TYPE, zeros(SVAR_FLOAT16, {}), svar_float(0.1));
}

SVAR_CASE(108, FloatXIsNotForTypedScalars)
{
  FloatX floatx(SVAR_FLOAT32);
  double number = 0.1;
  expect_refused(SVAR_ERR_TYPE, zeros(SVAR_FLOAT32, {}), svar_scalar(SVAR_FLOAT64, &number));
}

SVAR_CASE(110, FloatXCanBeFloat16)
{
  FloatX floatx(SVAR_FLOAT16);
  Variable half = zeros(SVAR_FLOAT16, {});
  EXPECT_EQ(set(half, svar_float(0.1)).as<uint16_t>(), std::vector<uint16_t>{0x2e66});
  expect_refused(SVAR_ERR_TYPE, zeros(SVAR_FLOAT32, {}), svar_float(0.1));
}

SVAR_CASE(111, FloatXDoesNotChangeARank)
{
  FloatX floatx(SVAR_FLOAT32);
  expect_refused(SVAR_ERR_TYPE, zeros(SVAR_FLOAT32, {1}), svar_float(0.1));
  EXPECT_MESSAGE("rank");
}

SVAR_NOT_APPLICABLE(112, "no source is a text")

SVAR_CASE(113, AnEmptyListHasExtentZeroAndKeepsTheDtype)
{
  Array nothing(SVAR_FLOAT64, {0});
  for (svar_dtype_t dtype : {SVAR_FLOAT64, SVAR_INT8}) {
    EXPECT_EQ(set(zeros(dtype, {2}), nothing.literals()),
              conformance::contents_of(Array(dtype, {0})));
  }
}
