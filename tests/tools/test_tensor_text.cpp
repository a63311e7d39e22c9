#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "shared_variable/source.h"
#include "tools/tensor_text.h"

namespace
{

const svari_tensor_text_options_t kTerminal = SVARI_TENSOR_TEXT_TERMINAL;
const svari_tensor_text_options_t kComplete = SVARI_TENSOR_TEXT_COMPLETE;

template <typename T>
std::string
Text(svar_dtype_t dtype, std::vector<T> numbers, std::vector<int64_t> shape,
     const svari_tensor_text_options_t &options = kTerminal)
{
  DLTensor tensor =
      svar_tensor(dtype, numbers.data(), static_cast<int32_t>(shape.size()), shape.data());
  char *text = nullptr;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  svari_tensor_text_write(&tensor, &options, out);
  fclose(out);
  std::string result(text, length);
  free(text);
  return result;
}

template <typename T>
std::string
Scalar(svar_dtype_t dtype, T number)
{
  return Text<T>(dtype, {number}, {});
}

// All expected texts below are what NumPy 1.24 prints with floatmode='unique'.

TEST(TensorText, IntegersLineUpToTheRight)
{
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, {1, -20, 300}, {3}), "[  1 -20 300]");
  EXPECT_EQ(Text<uint8_t>(SVAR_UINT8, {0, 255}, {2}), "[  0 255]");
}

TEST(TensorText, TheEndsOfEachIntegerTypeAreExact)
{
  EXPECT_EQ(Scalar<int64_t>(SVAR_INT64, INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(Scalar<uint64_t>(SVAR_UINT64, UINT64_MAX), "18446744073709551615");
  EXPECT_EQ(Scalar<int8_t>(SVAR_INT8, -128), "-128");
  EXPECT_EQ(Scalar<int16_t>(SVAR_INT16, -32768), "-32768");
  EXPECT_EQ(Scalar<uint16_t>(SVAR_UINT16, 65535), "65535");
}

TEST(TensorText, BooleansAreWordsOfOneWidth)
{
  EXPECT_EQ(Text<uint8_t>(SVAR_BOOL, {1, 0}, {2}), "[ True False]");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_BOOL, 1), "True");
}

TEST(TensorText, FloatsLineUpAtThePoint)
{
  EXPECT_EQ(Text<float>(SVAR_FLOAT32, {1.0f, 2.5f, -10.25f}, {3}), "[  1.     2.5  -10.25]");
  EXPECT_EQ(Text<double>(SVAR_FLOAT64, {0.0, -0.0, 1.0}, {3}), "[ 0. -0.  1.]");
}

TEST(TensorText, FloatsOfVeryDifferentSizeAreScientific)
{
  EXPECT_EQ(Text<double>(SVAR_FLOAT64, {1e-10, 1.5e10}, {2}), "[1.0e-10 1.5e+10]");
  EXPECT_EQ(Text<double>(SVAR_FLOAT64, {1e-300, 1.0}, {2}), "[1.e-300 1.e+000]");
}

TEST(TensorText, EachFloatTypeTakesTheFewestDigitsThatReadBack)
{
  EXPECT_EQ(Scalar<float>(SVAR_FLOAT32, 0.1f), "0.1");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, static_cast<double>(0.1f)), "0.10000000149011612");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, 5e-324), "5e-324");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, std::numeric_limits<double>::max()),
            "1.7976931348623157e+308");
  EXPECT_EQ(Scalar<float>(SVAR_FLOAT32, std::numeric_limits<float>::max()), "3.4028235e+38");
  EXPECT_EQ(Scalar<uint16_t>(SVAR_FLOAT16, 0x2e66), "0.1");
  EXPECT_EQ(Scalar<uint16_t>(SVAR_FLOAT16, 0x7bff), "65500.0");
  EXPECT_EQ(Scalar<uint16_t>(SVAR_FLOAT16, 0x0001), "6e-08");
  EXPECT_EQ(Scalar<uint16_t>(SVAR_BFLOAT16, 0x3f80), "1.0");
  EXPECT_EQ(Scalar<uint16_t>(SVAR_BFLOAT16, 0x3dcd), "0.1");
}

TEST(TensorText, FloatsOf8BitsAreExact)
{
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E4M3FN, 0x7e), "448.0");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E4M3FN, 0x7f), "nan");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E4M3FN, 0x81), "-0.001953125");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E5M2, 0x7b), "57344.0");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E5M2, 0xfc), "-inf");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E4M3FNUZ, 0x7f), "240.0");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E4M3FNUZ, 0x80), "nan");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E5M2FNUZ, 0x7f), "57344.0");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E5M2FNUZ, 0x80), "nan");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E5M2FNUZ, 0xc0), "-1.0");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E8M0FNU, 137), "1024.0");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E8M0FNU, 0), "5.877472e-39");
  EXPECT_EQ(Scalar<uint8_t>(SVAR_FLOAT8_E8M0FNU, 255), "nan");
}

TEST(TensorText, ScalarsAreBareNumbersAsPythonPrintsThem)
{
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, 2.0), "2.0");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, 1e15), "1000000000000000.0");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, 1e16), "1e+16");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, 0.0001), "0.0001");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, 0.00001), "1e-05");
  EXPECT_EQ(Scalar<double>(SVAR_FLOAT64, -INFINITY), "-inf");
}

TEST(TensorText, WordsForNonNumbersEndWhereTheColumnEnds)
{
  EXPECT_EQ(Text<double>(SVAR_FLOAT64, {NAN, 1.0, -INFINITY}, {3}), "[ nan   1. -inf]");
  EXPECT_EQ(Text<double>(SVAR_FLOAT64, {NAN, INFINITY}, {2}), "[nan inf]");
  EXPECT_EQ(Text<double>(SVAR_FLOAT64, {NAN, 1.25}, {2}), "[ nan 1.25]");
}

TEST(TensorText, ComplexNumbersHaveBothHalvesInColumns)
{
  EXPECT_EQ(Text<double>(SVAR_COMPLEX128, {1, 2.5, -10.5, -3}, {2}), "[  1. +2.5j -10.5-3.j ]");
  EXPECT_EQ(Text<float>(SVAR_COMPLEX64, {1, 2}, {}), "(1+2j)");
  EXPECT_EQ(Text<float>(SVAR_COMPLEX64, {0.1f, -0.5f}, {}), "(0.1-0.5j)");
  EXPECT_EQ(Text<double>(SVAR_COMPLEX128, {NAN, NAN}, {1}), "[nan+nanj]");
}

TEST(TensorText, RowsAndBlocksAreNested)
{
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, {1, 2, 3, 4}, {2, 2}), "[[1 2]\n [3 4]]");
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, {1, 2, 3, 4, 5, 6, 7, 8}, {2, 2, 2}),
            "[[[1 2]\n  [3 4]]\n\n [[5 6]\n  [7 8]]]");
}

TEST(TensorText, AnEmptyTensorIsEmptyBrackets)
{
  EXPECT_EQ(Text<float>(SVAR_FLOAT32, {}, {0}), "[]");
  EXPECT_EQ(Text<float>(SVAR_FLOAT32, {}, {3, 0}), "[]");
}

TEST(TensorText, LongRowsAreBrokenAtTheLineWidthOnlyIfThereIsOne)
{
  std::vector<int32_t> numbers(30);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, numbers, {30}),
            "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n"
            " 24 25 26 27 28 29]");
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, numbers, {30}, kComplete).find('\n'), std::string::npos);
}

TEST(TensorText, MoreThanAThousandElementsAreSummarisedAtATerminal)
{
  std::vector<int32_t> numbers(1001);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, numbers, {1001}), "[   0    1    2 ...  998  999 1000]");
  numbers.resize(1000);
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, numbers, {1000}).find("..."), std::string::npos);
}

TEST(TensorText, ASummaryCutsEveryLongAxis)
{
  std::vector<int32_t> numbers(40 * 40);
  std::iota(numbers.begin(), numbers.end(), 0);
  EXPECT_EQ(Text<int32_t>(SVAR_INT32, numbers, {40, 40}), "[[   0    1    2 ...   37   38   39]\n"
                                                          " [  40   41   42 ...   77   78   79]\n"
                                                          " [  80   81   82 ...  117  118  119]\n"
                                                          " ...\n"
                                                          " [1480 1481 1482 ... 1517 1518 1519]\n"
                                                          " [1520 1521 1522 ... 1557 1558 1559]\n"
                                                          " [1560 1561 1562 ... 1597 1598 1599]]");
}

TEST(TensorText, CompleteTextHoldsEveryElement)
{
  std::vector<int32_t> numbers(2000, 7);
  std::string text = Text<int32_t>(SVAR_INT32, numbers, {2000}, kComplete);
  EXPECT_EQ(static_cast<size_t>(std::count(text.begin(), text.end(), '7')), numbers.size());
}

TEST(TensorText, EveryFloat32AndFloat64ReadsBackAsItWas)
{
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) {
    uint64_t bits = random();
    double wide;
    std::memcpy(&wide, &bits, sizeof(wide));
    float narrow;
    std::memcpy(&narrow, &bits, sizeof(narrow));
    if (std::isfinite(wide)) {
      ASSERT_EQ(std::strtod(Scalar(SVAR_FLOAT64, wide).c_str(), nullptr), wide);
    }
    if (std::isfinite(narrow)) {
      ASSERT_EQ(std::strtof(Scalar(SVAR_FLOAT32, narrow).c_str(), nullptr), narrow);
    }
  }
}

TEST(TensorText, AnEmptyTensorIsEmptyWhateverItsOtherExtentsAre)
{
  const int64_t huge = int64_t{1} << 62;
  EXPECT_EQ(Text<float>(SVAR_FLOAT32, {}, {0, huge, huge}), "[]");
  EXPECT_EQ(Text<float>(SVAR_FLOAT32, {}, {huge, huge, 0}), "[]");
}

} // namespace
