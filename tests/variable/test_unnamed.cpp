// Sentences about variables without a name: they say so, instead of quoting nothing.
#include "fakes/scratch.hpp"
#include "shared_variable/function.h"
#include "shared_variable/object.h"
#include "shared_variable/random.h"
#include "shared_variable/sparse.h"

using namespace svar_test;

namespace
{

class Unnamed : public testing::Test
{
protected:
  static Variable make(svar_source_t source, const svar_shared_options_t *options = nullptr)
  {
    svar_variable_t *variable = nullptr;
    EXPECT_SVAR_OK(svar_shared(source, options, &variable));
    return Variable(variable);
  }
  static Variable floats(const svar_shared_options_t *options = nullptr)
  {
    Array<float> array({1, 2});
    return make(array.source(), options);
  }
  static svar_ret_t get(const Variable &variable)
  {
    svar_value_t value = SVAR_VALUE_INIT;
    return svar_get_value(variable.get(), SVAR_COPY, &value);
  }
  // Fails with that sentence's beginning.
  static void expect_sentence(svar_ret_t ret, const std::string &begin)
  {
    EXPECT_NE(ret, SVAR_OK);
    EXPECT_EQ(std::string(svar_error_message()).substr(0, begin.size()), begin);
    EXPECT_EQ(std::string(svar_error_message()).find("''"), std::string::npos)
        << svar_error_message();
  }
};

TEST_F(Unnamed, TensorsSaySo)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.strict = true;
  Variable x = floats(), strict = floats(&options);
  svar_value_t view = SVAR_VALUE_INIT;
  expect_sentence(svar_set_value(x.get(), svar_int(1), SVAR_COPY),
                  "variable without a name, Tensor(float32, (?)), refuses the literal 1: ");
  expect_sentence(svar_set_value(strict.get(), svar_none(), SVAR_COPY),
                  "variable without a name is strict: ");
  expect_sentence(svar_get_device_view(x.get(), &view), "variable without a name is on no GPU: ");
  ASSERT_SVAR_OK(svar_set_value(x.get(), svar_none(), SVAR_COPY));
  expect_sentence(get(x), "variable without a name of store '");
  svar_container_readonly_set(svar_variable_container(x.get()), true);
  expect_sentence(svar_set_value(x.get(), svar_none(), SVAR_COPY),
                  "the container of variable without a name is read-only: ");
}

TEST_F(Unnamed, TransactionsSaySo)
{
  Variable x = floats(), y = make(svar_float(1));
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(svar_variable_store(x.get()), &change));
  expect_sentence(svar_transaction_assign(change, x.get(), y.get()), "variable without a name, ");
  expect_sentence(svar_transaction_follow(change, x.get(), reinterpret_cast<void *>(1)),
                  "variable without a name is in host memory: ");
  svar_transaction_abort(change);
}

TEST_F(Unnamed, ThatItsNameWasTakenFromToo)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  svar_random_state_t state;
  options.name = "x";
  Variable x = floats(&options);
  expect_sentence(svar_random_get(x.get(), &state), "variable 'x' is ");
  for (const char *name : {"", static_cast<const char *>(nullptr)}) {
    ASSERT_SVAR_OK(svar_variable_rename(x.get(), name));
    expect_sentence(svar_random_get(x.get(), &state), "variable without a name is ");
  }
}

TEST_F(Unnamed, OtherKindsSaySo)
{
  Variable x = floats();
  svar_object_value_t object = SVAR_OBJECT_VALUE_INIT;
  expect_sentence(svar_object_get(x.get(), SVAR_COPY, &object), "variable without a name is ");
  svar_sparse_value_t matrix = SVAR_SPARSE_VALUE_INIT;
  expect_sentence(svar_sparse_get(x.get(), SVAR_COPY, &matrix), "variable without a name is ");
  const double entry = 1;
  const int32_t indices[] = {0}, indptr[] = {0, 1};
  const svar_sparse_t one = {SVAR_SPARSE_CSR, SVAR_FLOAT64, SVAR_INT32, {1, 1}, {}, 1,
                             &entry,          indices,      indptr};
  Variable sparse = make(svar_sparse_source(&one));
  expect_sentence(get(sparse), "variable without a name is sparse, ");
  expect_sentence(svar_set_value(sparse.get(), svar_int(1), SVAR_COPY),
                  "variable without a name, csr of float64, refuses the literal 1: ");
  static const svar_object_class_t none = {sizeof(none), "none", nullptr, nullptr};
  svar_object_t nothing = {&object, &none};
  Variable holder = make(svar_object_source(&nothing));
  expect_sentence(get(holder), "variable without a name holds an object of type 'none', ");
  expect_sentence(svar_set_value(holder.get(), svar_int(1), SVAR_COPY),
                  "object variable without a name refuses the literal 1: ");
}

TEST_F(Unnamed, InputsOfFunctionsSaySo)
{
  svar_expression_t *input = nullptr;
  svar_function_t *function = nullptr;
  svar_function_options_t options = SVAR_FUNCTION_OPTIONS_INIT;
  ASSERT_SVAR_OK(svar_expression_input(nullptr, svar_variable_type(floats().get()), &input));
  const svar_function_output_t output = {input, SVAR_COPY};
  options.outputs = &output;
  options.output_count = 1;
  expect_sentence(svar_function_create(&options, &function), "input without a name is needed, ");
  svar_function_input_t unused = {};
  unused.expression = input;
  options.output_count = 0;
  options.inputs = &unused;
  options.input_count = 1;
  expect_sentence(svar_function_create(&options, &function), "input 0 (without a name) is not ");
  svar_expression_unref(input);
}

TEST_F(Unnamed, IsCutWhereTheNameIsLong)
{
  const std::string name(1000, 'n');
  Variable x = floats();
  svar_random_state_t state;
  ASSERT_SVAR_OK(svar_variable_rename(x.get(), name.c_str()));
  expect_sentence(svar_random_get(x.get(), &state),
                  "variable '" + std::string(257, 'n') + "' is Tensor(");
}

} // namespace
