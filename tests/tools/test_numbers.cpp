// Numbers as a person types them.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tools/numbers.h"

namespace
{

struct Parsed {
  explicit Parsed(const std::string &text) : ret(svari_numbers_parse(text.c_str(), &numbers)) {}
  ~Parsed()
  {
    svari_numbers_fini(&numbers);
  }
  Parsed(const Parsed &) = delete;
  Parsed &operator=(const Parsed &) = delete;

  std::vector<int64_t> shape() const
  {
    return std::vector<int64_t>(numbers.shape, numbers.shape + numbers.ndim);
  }
  template <typename T> std::vector<T> elements() const
  {
    const T *data = static_cast<const T *>(numbers.elements);
    return std::vector<T>(data, data + numbers.count);
  }
  svari_numbers_t numbers = SVARI_NUMBERS_INIT;
  svar_ret_t ret;
};

std::string
dtype_of(const std::string &text)
{
  Parsed parsed(text);
  EXPECT_EQ(parsed.ret, SVAR_OK) << text << ": " << svar_error_message();
  return svar_dtype_name(parsed.numbers.dtype);
}

TEST(Numbers, TheDtypeIsTheOneThatHoldsThemAll)
{
  EXPECT_EQ(dtype_of("1"), "int64");
  EXPECT_EQ(dtype_of("-9223372036854775808"), "int64");
  EXPECT_EQ(dtype_of("9223372036854775808"), "uint64");
  EXPECT_EQ(dtype_of("18446744073709551616"), "float64");
  EXPECT_EQ(dtype_of("[-1, 9223372036854775808]"), "float64");
  EXPECT_EQ(dtype_of("1e3"), "float64");
  EXPECT_EQ(dtype_of("[1, 2.]"), "float64");
  EXPECT_EQ(dtype_of("true"), "bool");
  EXPECT_EQ(dtype_of("[true, false]"), "bool");
  EXPECT_EQ(dtype_of("[true, 2]"), "int64");
  EXPECT_EQ(dtype_of("[]"), "int64");
}

TEST(Numbers, ListsAreArrays)
{
  Parsed matrix(" [[1, 2,3] ,[4,5,6]] ");
  ASSERT_EQ(matrix.ret, SVAR_OK) << svar_error_message();
  EXPECT_EQ(matrix.shape(), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(matrix.elements<int64_t>(), (std::vector<int64_t>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(Parsed("[]").shape(), (std::vector<int64_t>{0}));
  EXPECT_EQ(Parsed("[[],[]]").shape(), (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(Parsed("7").shape(), (std::vector<int64_t>{}));
  EXPECT_EQ(Parsed("[[[[7]]]]").shape(), (std::vector<int64_t>{1, 1, 1, 1}));
}

TEST(Numbers, EveryNumberIsReadToItsLastDigit)
{
  EXPECT_EQ(Parsed("[-1, 9223372036854775807, -9223372036854775808]").elements<int64_t>(),
            (std::vector<int64_t>{-1, INT64_MAX, INT64_MIN}));
  EXPECT_EQ(Parsed("18446744073709551615").elements<uint64_t>(),
            (std::vector<uint64_t>{UINT64_MAX}));
  EXPECT_EQ(Parsed("[0.1, -2.5e-3, +4]").elements<double>(),
            (std::vector<double>{0.1, -0.0025, 4}));
  std::vector<double> odd = Parsed("[nan, inf, -inf]").elements<double>();
  EXPECT_TRUE(std::isnan(odd[0]));
  EXPECT_EQ(odd[1], INFINITY);
  EXPECT_EQ(odd[2], -INFINITY);
}

TEST(Numbers, WhatIsNoValueIsRefusedWithItsColumn)
{
  const std::pair<const char *, const char *> cases[] = {
      {"", "column 1"},
      {"[1, 2", "column 6"},
      {"[1 2]", "column 4"},
      {"[1,]", "column 4"},
      {"[,1]", "column 2"},
      {"1]", "column 2"},
      {"one", "no number"},
      {"[[1, 2], [3]]", "another length"},
      {"[[1, 2], 3]", "where a list is expected"},
      {"[1, [2]]", "where a number is expected"},
      {"[[1], []]", "another length"},
      {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "too deep"},
      {"1.2.3", "no number"},
      {"0.0000000000000000000000000000000000000000000000000000000000000000000001", "expected"},
  };
  for (const auto &[text, reason] : cases) {
    Parsed parsed(text);
    EXPECT_EQ(parsed.ret, SVAR_ERR_SYNTAX) << text;
    EXPECT_NE(std::string(svar_error_message()).find(reason), std::string::npos)
        << text << ": " << svar_error_message();
  }
}

} // namespace
