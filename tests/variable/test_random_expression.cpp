// Draws as expressions: the numbers of the plain calls, one state after the other.
#include "fakes/arrays.hpp"
#include "fakes/functions.hpp"

namespace
{

using namespace svar_test;
using ::Array;

using Bytes = std::vector<unsigned char>;

Bytes
result_of(const Function &function)
{
  svar_value_t result = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_function_call(function.get(), nullptr, 0, &result, 1));
  Bytes bytes = contents<unsigned char>(result);
  svar_value_release(&result);
  return bytes;
}

// --- Philox ---------------------------------------------------------------------------------------

struct Law {
  svar_random_law_t law;
  svar_dtype_t dtype;
};

class RandomExpression : public testing::Test
{
protected:
  RandomExpression()
  {
    EXPECT_SVAR_OK(svar_random_streams_create(7, nullptr, &streams_));
  }
  ~RandomExpression() override
  {
    svar_random_streams_destroy(streams_);
  }
  Expression draw(const Law &law, std::vector<int64_t> shape)
  {
    svar_expression_t *drawn = nullptr;
    EXPECT_SVAR_OK(svar_random_streams_draw(streams_, &law.law, law.dtype,
                                            static_cast<int32_t>(shape.size()), shape.data(),
                                            nullptr, &drawn));
    return Expression(drawn);
  }
  svar_random_streams_t *streams_ = nullptr;
};

TEST_F(RandomExpression, DrawsTheNumbersOfThePlainCallsCallByCall)
{
  const Law laws[] = {
      {svar_random_uniform(0, 1), SVAR_FLOAT64},  {svar_random_uniform(-1, 3), SVAR_FLOAT32},
      {svar_random_gaussian(1, 2), SVAR_FLOAT64}, {svar_random_gaussian(0, 1), SVAR_FLOAT32},
      {svar_random_whole(-5, 9), SVAR_INT64},     {svar_random_whole(0, 256), SVAR_UINT8}};
  uint64_t site = 0;
  for (const Law &law : laws) {
    for (const std::vector<int64_t> &shape : {std::vector<int64_t>{3, 5}, {}, {0, 2}}) {
      svar_random_state_t state = svar_random_spawned(7, site++);
      Expression drawn = draw(law, shape);
      Function f = Parts().out(drawn).function();
      Array expected(law.dtype, shape);
      DLTensor tensor = expected.source().tensor;
      uint64_t bytes = 0;
      ASSERT_SVAR_OK(svar_shape_bytes(law.dtype, tensor.ndim, shape.data(), &bytes));
      for (int i = 0; i < 3;
           i++) { // an odd number of normal numbers: one is kept for the next call
        ASSERT_SVAR_OK(svar_random_fill(&state, &law.law, &tensor));
        const unsigned char *first = expected.as<unsigned char>();
        EXPECT_EQ(result_of(f), Bytes(first, first + bytes))
            << svar_dtype_name(law.dtype) << ", call " << i;
      }
    }
  }
}

TEST_F(RandomExpression, LeavesNoSiteBehindWhenItIsRefused)
{
  const svar_random_law_t nothing = svar_random_uniform(1, 1);
  const svar_random_law_t uniform = svar_random_uniform(0, 1);
  const int64_t negative = -1;
  svar_expression_t *drawn = nullptr;
  EXPECT_EQ(SVAR_ERR_VALUE, svar_random_streams_draw(streams_, &nothing, SVAR_FLOAT64, 0, nullptr,
                                                     nullptr, &drawn));
  EXPECT_EQ(SVAR_ERR_TYPE,
            svar_random_streams_draw(streams_, &uniform, SVAR_INT64, 0, nullptr, nullptr, &drawn));
  EXPECT_EQ(SVAR_ERR_ARGUMENT, svar_random_streams_draw(streams_, &uniform, SVAR_FLOAT64, 1,
                                                        &negative, nullptr, &drawn));
  EXPECT_EQ(drawn, nullptr);
  EXPECT_EQ(svar_random_streams_count(streams_), 0U);
}

TEST_F(RandomExpression, OfAFunctionOutlivesItsCollection)
{
  Expression drawn = draw({svar_random_uniform(0, 1), SVAR_FLOAT64}, {4});
  Function f = Parts().out(drawn).function();
  drawn.reset();
  svar_random_streams_destroy(streams_);
  streams_ = nullptr;
  Bytes first = result_of(f);
  EXPECT_NE(result_of(f), first);
}

TEST_F(RandomExpression, DrawsFromAStateThatAnotherDrawLeft)
{
  svar_random_state_t state = svar_random_seeded(1);
  svar_variable_t *made = nullptr;
  ASSERT_SVAR_OK(svar_shared(svar_random_source(&state), nullptr, &made));
  Variable variable(made);
  Expression from = of(variable);
  const svar_random_law_t law = svar_random_uniform(0, 1);
  svar_expression_t *draws[2], *nexts[2];
  ASSERT_SVAR_OK(
      svar_expression_random(from.get(), &law, SVAR_FLOAT64, 0, nullptr, &draws[0], &nexts[0]));
  ASSERT_SVAR_OK(
      svar_expression_random(nexts[0], &law, SVAR_FLOAT64, 0, nullptr, &draws[1], &nexts[1]));
  Expression one(draws[0]), two(draws[1]), after_one(nexts[0]), after_two(nexts[1]);
  Function f = Parts().out(one).out(two).update(variable, after_two).function();
  svar_value_t results[2] = {};
  ASSERT_SVAR_OK(svar_function_call(f.get(), nullptr, 0, results, 2));
  double expected[2];
  svar_random_float64(&state, 2, expected);
  for (int i = 0; i < 2; i++) {
    EXPECT_EQ(*static_cast<double *>(results[i].tensor.data), expected[i]);
    svar_value_release(&results[i]);
  }
  svar_random_state_t stored = {};
  ASSERT_SVAR_OK(svar_random_get(variable.get(), &stored));
  EXPECT_TRUE(svar_random_state_equal(&stored, &state));
}

TEST_F(RandomExpression, NeedsARandomState)
{
  Expression x = number_input();
  const svar_random_law_t law = svar_random_uniform(0, 1);
  svar_expression_t *drawn = nullptr, *next = nullptr;
  EXPECT_EQ(SVAR_ERR_TYPE,
            svar_expression_random(x.get(), &law, SVAR_FLOAT64, 0, nullptr, &drawn, &next));
  EXPECT_EQ(SVAR_ERR_TYPE, svar_expression_mrg(x.get(), SVAR_FLOAT64, 0, nullptr, &drawn, &next));
}

// --- MRG31k3p -------------------------------------------------------------------------------------

// A variable of three sub-streams' states, and what they are.
class MrgExpression : public testing::Test
{
protected:
  MrgExpression()
  {
    svar_mrg_t streams;
    EXPECT_SVAR_OK(svar_mrg_seed(svar_int(12345), &streams));
    svar_mrg_take(&streams, 3, states_.as<int32_t>());
    svar_variable_t *made = nullptr;
    EXPECT_SVAR_OK(svar_shared(states_.source(), nullptr, &made));
    variable_.reset(made);
    from_ = of(variable_);
  }
  ~MrgExpression() override
  {
    svar_variable_default_update_set(variable_.get(), nullptr);
  }
  Expression draw(svar_dtype_t dtype)
  {
    const int64_t shape[2] = {2, 4}; // no multiple of the sub-streams
    svar_expression_t *drawn = nullptr, *next = nullptr;
    EXPECT_SVAR_OK(svar_expression_mrg(from_.get(), dtype, 2, shape, &drawn, &next));
    svar_variable_default_update_set(variable_.get(), next);
    svar_expression_unref(next);
    return Expression(drawn);
  }
  Array states_{SVAR_INT32, {3, SVAR_MRG_WORDS}};
  Variable variable_;
  Expression from_;
};

TEST_F(MrgExpression, DrawsTheNumbersOfThePlainCallsCallByCall)
{
  Expression doubles = draw(SVAR_FLOAT64);
  Function f = Parts().out(doubles).function();
  Expression floats = draw(SVAR_FLOAT32); // of the same states: it goes on
  Function g = Parts().out(floats).function();
  for (int i = 0; i < 2; i++) {
    double expected[8];
    float narrow[8];
    ASSERT_SVAR_OK(svar_mrg_float64(states_.as<int32_t>(), 3, 8, expected));
    ASSERT_SVAR_OK(svar_mrg_float32(states_.as<int32_t>(), 3, 8, narrow));
    Bytes wide_bytes = result_of(f), narrow_bytes = result_of(g);
    EXPECT_EQ(0, memcmp(wide_bytes.data(), expected, sizeof(expected)));
    EXPECT_EQ(0, memcmp(narrow_bytes.data(), narrow, sizeof(narrow)));
  }
}

TEST_F(MrgExpression, NeedsStatesOfSixNumbers)
{
  Expression drawn = draw(SVAR_FLOAT64);
  Function f = Parts().out(drawn).function();
  svar_value_t result = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_set_value(variable_.get(), Array(SVAR_INT32, {3, 5}).source(), SVAR_COPY));
  EXPECT_EQ(SVAR_ERR_VALUE, svar_function_call(f.get(), nullptr, 0, &result, 1));
  ASSERT_SVAR_OK(svar_set_value(variable_.get(), Array(SVAR_INT32, {0, 6}).source(), SVAR_COPY));
  EXPECT_EQ(SVAR_ERR_VALUE, svar_function_call(f.get(), nullptr, 0, &result, 1));
}

} // namespace
