// The type of a variable comes from the value it is made from.
#include <cstring>

#include "case.hpp"

using conformance::Variable;

namespace
{

::testing::AssertionResult
has_type(const Variable &variable, svar_dtype_t dtype, int32_t ndim)
{
  svar_type_t type = svar_variable_type(variable.get());
  char text[SVAR_TYPE_TEXT_BYTES];
  bool is_so = svar_dtype_equal(type.dtype, dtype) && type.ndim == ndim && type.broadcastable == 0;
  return (is_so ? ::testing::AssertionSuccess() : ::testing::AssertionFailure())
         << svar_type_text(&type, text, sizeof(text));
}

// A compact array whose bytes are all different, so that a swap of any two would be seen.
std::unique_ptr<Array>
counting(svar_dtype_t dtype, std::vector<int64_t> shape)
{
  auto array = std::make_unique<Array>(dtype, std::move(shape));
  uint64_t bytes = 0;
  EXPECT_SVAR_OK(svar_shape_bytes(dtype, array->tensor().ndim, array->tensor().shape, &bytes));
  for (uint64_t i = 0; i < bytes; i++) {
    array->as<uint8_t>()[i] =
        static_cast<uint8_t>(svar_dtype_equal(dtype, SVAR_BOOL) ? i % 2 : i + 1);
  }
  return array;
}

} // namespace

SVAR_CASE_OF_NO_ARRAY(1, AnIntegerBecomesInt64)
{
  Variable s = shared(svar_int(7));
  EXPECT_TRUE(has_type(s, SVAR_INT64, 0));
  EXPECT_EQ(read(s).as<int64_t>(), std::vector<int64_t>{7});
}

SVAR_CASE_OF_NO_ARRAY(2, AFloatBecomesFloat64WhateverFloatXIs)
{
  EXPECT_TRUE(has_type(shared(svar_float(7.0)), SVAR_FLOAT64, 0));
  ASSERT_SVAR_OK(svar_floatx_set(SVAR_FLOAT32));
  Variable s = shared(svar_float(7.0));
  ASSERT_SVAR_OK(svar_floatx_set(SVAR_FLOAT64));
  EXPECT_TRUE(has_type(s, SVAR_FLOAT64, 0));
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{7.0});
}

SVAR_CASE_OF_NO_ARRAY(3, AComplexNumberBecomesComplex128)
{
  Variable s = shared(svar_complex(2, 1));
  EXPECT_TRUE(has_type(s, SVAR_COMPLEX128, 0));
  EXPECT_EQ(read(s).as<std::complex<double>>()[0], std::complex<double>(2, 1));
}

SVAR_CASE_OF_NO_ARRAY(4, ATruthValueBecomesBool)
{
  Variable s = shared(svar_bool(true));
  EXPECT_TRUE(has_type(s, SVAR_BOOL, 0));
  EXPECT_EQ(read(s).bytes, std::vector<unsigned char>{1});
}

SVAR_CASE_OF_NO_ARRAY(6, ATypedTruthValueBecomesBool)
{
  bool yes = true;
  Variable s = shared(svar_scalar(SVAR_BOOL, &yes));
  EXPECT_TRUE(has_type(s, SVAR_BOOL, 0));
  EXPECT_EQ(read(s).bytes, std::vector<unsigned char>{1});
}

SVAR_CASE_OF_NO_ARRAY(7, AnIntegerBeyondInt64BecomesUint64)
{
  Variable s = shared(svar_uint(UINT64_C(1) << 63));
  EXPECT_TRUE(has_type(s, SVAR_UINT64, 0));
  EXPECT_EQ(read(s).as<uint64_t>(), std::vector<uint64_t>{UINT64_C(1) << 63});
  EXPECT_TRUE(has_type(shared(svar_uint(INT64_MAX)), SVAR_INT64, 0));
}

SVAR_NOT_APPLICABLE(8, "svar_uint() takes an uint64_t: a larger integer cannot be written in C")

SVAR_CASE(9, AnArrayGivesDtypeAndRank)
{
  Array x(SVAR_INT32, {5, 5});
  Variable s = shared(x.source());
  EXPECT_TRUE(has_type(s, SVAR_INT32, 2));
  EXPECT_VALUE(s, x);
}

SVAR_CASE(10, AnAxisOfExtentOneIsNotBroadcastable)
{
  Array x(SVAR_FLOAT64, {5, 1, 2});
  EXPECT_TRUE(has_type(shared(x.source()), SVAR_FLOAT64, 3));
}

SVAR_CASE(11, EachOfTheFourteenDtypesKeepsItsBytes)
{
  for (svar_dtype_t dtype : theano_dtypes()) {
    SCOPED_TRACE(svar_dtype_name(dtype));
    std::unique_ptr<Array> x = counting(dtype, {2});
    Variable s = shared(x->source());
    EXPECT_TRUE(has_type(s, dtype, 1));
    EXPECT_VALUE(s, *x);
  }
}

SVAR_CASE(12, AnArrayOfRankZeroStaysOne)
{
  Array x(std::vector<double>{2.5}, {});
  Variable s = shared(x.source());
  EXPECT_TRUE(has_type(s, SVAR_FLOAT64, 0));
  EXPECT_VALUE(s, x);
}

SVAR_NOT_APPLICABLE(15, "DLPack has no byte order: every array is of the machine's own")

SVAR_CASE_OF_NO_ARRAY(16, TheNameIsKeptAndNoNameIsNoEmptyName)
{
  Variable named = shared(svar_int(1), options("w"));
  EXPECT_STREQ(svar_variable_name(named.get()), "w");
  if (is_ipc()) {
    svar_shared_options_t unnamed = options();
    unnamed.name = nullptr; // readers find a variable by its name
    expect_not_shared(SVAR_ERR_ARGUMENT, svar_int(1), unnamed);
    expect_not_shared(SVAR_ERR_ARGUMENT, svar_int(1), options(""));
    return;
  }
  EXPECT_EQ(svar_variable_name(shared(svar_int(1)).get()), nullptr);
  EXPECT_STREQ(svar_variable_name(shared(svar_int(1), options("")).get()), "");
}

SVAR_CASE_IN_PROCESS(17, TwoVariablesMayHaveOneNameAndAreIndependent)
{
  Variable a = shared(vector_of<int64_t>({1}).source(), options("w"));
  Variable b = shared(vector_of<int64_t>({2}).source(), options("w"));
  ASSERT_SVAR_OK(svar_set_value(a.get(), vector_of<int64_t>({3}).source(), SVAR_COPY));
  EXPECT_EQ(read(b).as<int64_t>(), std::vector<int64_t>{2});
}

SVAR_CASE_ON(IPC, 17, TheNameIsTheKeyInAStore)
{
  Variable a = shared(svar_int(1), options("w"));
  expect_not_shared(SVAR_ERR_EXISTS, svar_int(2), options("w"));
  EXPECT_EQ(read(a).as<int64_t>(), std::vector<int64_t>{1});
}

SVAR_NOT_APPLICABLE(18, "a name is a `const char *`: the compiler refuses anything else")

SVAR_CASE_ON(PROCESS, 22, DtypeNamesAndFloatX)
{
  svar_dtype_t dtype = SVAR_INT8;
  ASSERT_SVAR_OK(svar_dtype_parse("floatX", &dtype));
  EXPECT_TRUE(svar_dtype_equal(dtype, SVAR_FLOAT64));
  ASSERT_SVAR_OK(svar_floatx_set(SVAR_FLOAT32));
  ASSERT_SVAR_OK(svar_dtype_parse("floatX", &dtype));
  ASSERT_SVAR_OK(svar_floatx_set(SVAR_FLOAT64));
  EXPECT_TRUE(svar_dtype_equal(dtype, SVAR_FLOAT32));
  for (const char *name : {"float128", "object", "foo"}) {
    EXPECT_EQ(svar_dtype_parse(name, &dtype), SVAR_ERR_TYPE);
    EXPECT_MESSAGE(name);
  }
}
