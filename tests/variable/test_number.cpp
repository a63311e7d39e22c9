// True numbers: one number that is no array, and the rules of their own.
#include <cmath>
#include <string>

#include "handle.hpp"

namespace
{

class TrueNumber : public WithFakeContainers
{
protected:
  void make(const svar_source_t &source, Handle &handle,
            svar_downcast_t allow_downcast = SVAR_DOWNCAST_UNSET)
  {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.allow_downcast = allow_downcast;
    ASSERT_EQ(svar_number(source, &options, handle.out()), SVAR_OK) << svar_error_message();
  }
};

TEST_F(TrueNumber, HasTheDtypeOfItsSource)
{
  Handle integer;
  make(svar_int(7), integer);
  svar_type_t type = svar_variable_type(integer);
  svar_type_t expected = svar_number_type(SVAR_INT64);
  EXPECT_TRUE(svar_type_equal(&type, &expected));
  EXPECT_EQ(*Read(integer).data<int64_t>(), 7);
  EXPECT_EQ(Read(integer)->tensor.ndim, 0);
  float half = 0.5f;
  Handle narrow;
  make(svar_scalar(SVAR_FLOAT32, &half), narrow);
  EXPECT_EQ(*Read(narrow).data<float>(), 0.5f);
  char text[SVAR_TYPE_TEXT_BYTES];
  EXPECT_STREQ(svar_variable_text(narrow, text, sizeof(text)), "<Number(float32, ())>");
}

TEST_F(TrueNumber, AStrictOneIsMadeFromALiteralAndThenTakesTypedScalars)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.strict = true;
  Handle s;
  ASSERT_EQ(svar_number(svar_float(1), &options, s.out()), SVAR_OK) << svar_error_message();
  EXPECT_EQ(svar_set_value(s, svar_float(2), SVAR_COPY), SVAR_ERR_TYPE);
  double two = 2;
  EXPECT_EQ(svar_set_value(s, svar_scalar(SVAR_FLOAT64, &two), SVAR_COPY), SVAR_OK);
  float narrow = 3;
  EXPECT_EQ(svar_set_value(s, svar_scalar(SVAR_FLOAT32, &narrow), SVAR_COPY), SVAR_ERR_TYPE);
}

TEST_F(TrueNumber, TakesWhatEqualsWhatItBecomes)
{
  float one = 1;
  Handle s;
  make(svar_scalar(SVAR_FLOAT32, &one), s);
  EXPECT_EQ(svar_set_value(s, svar_float(0.5), SVAR_COPY), SVAR_OK);
  EXPECT_EQ(svar_set_value(s, svar_float(INFINITY), SVAR_COPY), SVAR_OK);
  EXPECT_EQ(svar_set_value(s, svar_float(0.1), SVAR_COPY), SVAR_ERR_TYPE);
  EXPECT_EQ(svar_set_value(s, svar_int((1 << 24) + 1), SVAR_COPY), SVAR_ERR_TYPE);
  Array half(std::vector<double>{0.5}, {});
  EXPECT_EQ(svar_set_value(s, half.source(), SVAR_COPY), SVAR_OK) << "an array of rank 0";
  EXPECT_EQ(*Read(s).data<float>(), 0.5f);
  double real[2] = {2, 0};
  EXPECT_EQ(svar_set_value(s, svar_scalar(SVAR_COMPLEX128, real), SVAR_COPY), SVAR_OK);
  EXPECT_EQ(svar_set_value(s, svar_complex(2, 0), SVAR_COPY), SVAR_ERR_TYPE);
}

TEST_F(TrueNumber, NaNEqualsNothingAndGoesInByACastOnly)
{
  float nan = NAN;
  svar_variable_t *none = nullptr;
  EXPECT_EQ(svar_number(svar_float(NAN), nullptr, &none), SVAR_ERR_TYPE);
  EXPECT_EQ(none, nullptr);
  float one = 1;
  Handle s;
  make(svar_scalar(SVAR_FLOAT32, &one), s);
  EXPECT_EQ(svar_set_value(s, svar_scalar(SVAR_FLOAT32, &nan), SVAR_COPY), SVAR_ERR_TYPE);
  EXPECT_EQ(svar_set_value(s, svar_float(NAN), SVAR_COPY), SVAR_ERR_TYPE);
  Handle cast;
  make(svar_scalar(SVAR_FLOAT32, &one), cast, SVAR_DOWNCAST_TRUE);
  EXPECT_EQ(svar_set_value(cast, svar_float(NAN), SVAR_COPY), SVAR_OK);
  EXPECT_TRUE(std::isnan(*Read(cast).data<float>()));
  Handle floatx;
  make(svar_float(1), floatx); // float64 is floatX: a lone float is cast
  EXPECT_EQ(svar_set_value(floatx, svar_float(NAN), SVAR_COPY), SVAR_OK);
}

TEST_F(TrueNumber, EveryRefusalIsATypeErrorAndKeepsItsSentence)
{
  int64_t one = 1;
  Handle s;
  make(svar_scalar(SVAR_INT64, &one), s, SVAR_DOWNCAST_TRUE);
  EXPECT_EQ(svar_set_value(s, svar_float(NAN), SVAR_COPY), SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("NaN"), std::string::npos);
  EXPECT_EQ(svar_set_value(s, svar_uint(UINT64_MAX), SVAR_COPY), SVAR_ERR_TYPE);
  EXPECT_NE(std::string(svar_error_message()).find("18446744073709551615"), std::string::npos);
}

TEST_F(TrueNumber, IsMadeFromNothingElseThanANumber)
{
  svar_variable_t *none = nullptr;
  EXPECT_EQ(svar_number(Array(SVAR_INT8, {}).source(), nullptr, &none), SVAR_ERR_TYPE);
  EXPECT_EQ(svar_number(svar_none(), nullptr, &none), SVAR_ERR_TYPE);
  bool flag = true;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.broadcastable = &flag;
  EXPECT_EQ(svar_number(svar_int(1), &options, &none), SVAR_ERR_TYPE);
  options.size_bytes = 3;
  EXPECT_EQ(svar_number(svar_int(1), &options, &none), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(svar_number(svar_int(1), nullptr, nullptr), SVAR_ERR_ARGUMENT);
  svar_type_t wrong = svar_number_type(SVAR_INT8);
  wrong.ndim = 1;
  svar_source_t value = svar_int(1);
  svar_variable_options_t given = SVAR_VARIABLE_OPTIONS_INIT;
  given.type = &wrong;
  given.value = &value;
  EXPECT_EQ(svar_variable_create(&given, &none), SVAR_ERR_ARGUMENT);
  EXPECT_EQ(none, nullptr);
}

TEST_F(TrueNumber, OfAGivenDtypeConvertsItsFirstValue)
{
  svar_type_t type = svar_number_type(SVAR_INT8);
  svar_source_t value = svar_float(5);
  svar_variable_options_t given = SVAR_VARIABLE_OPTIONS_INIT;
  given.type = &type;
  given.value = &value;
  Handle s;
  ASSERT_EQ(svar_variable_create(&given, s.out()), SVAR_OK) << svar_error_message();
  EXPECT_EQ(*Read(s).data<int8_t>(), 5);
}

} // namespace
