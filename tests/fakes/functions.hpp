// Expressions over int64 numbers, and functions of them; all of it must succeed.
#ifndef TESTS_FAKES_FUNCTIONS_HPP
#define TESTS_FAKES_FUNCTIONS_HPP

#include <numeric>

#include "fakes/function_parts.hpp"
#include "fakes/scratch.hpp"

namespace svar_test
{

struct ExpressionUnref {
  void operator()(svar_expression_t *expression) const
  {
    svar_expression_unref(expression);
  }
};
struct FunctionDestroy {
  void operator()(svar_function_t *function) const
  {
    svar_function_destroy(function);
  }
};
using Expression = std::unique_ptr<svar_expression_t, ExpressionUnref>;
using Function = std::unique_ptr<svar_function_t, FunctionDestroy>;

inline svar_type_t
int64_number()
{
  return svar_tensor_type(SVAR_INT64, 0, 0);
}

inline Variable
shared_number(int64_t value, svar_store_t *store = nullptr, const char *name = nullptr)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store;
  options.name = name;
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_shared(svar_int(value), &options, &variable));
  return Variable(variable);
}

inline int64_t
number(const Variable &variable)
{
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(svar_get_value(variable.get(), SVAR_COPY, &value));
  int64_t found = value.tensor.data ? *static_cast<int64_t *>(value.tensor.data) : -1;
  svar_value_release(&value);
  return found;
}

inline Expression
of(const Variable &variable)
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_of(variable.get(), &expression));
  return Expression(expression);
}

inline Expression
number_input(const char *name = "x")
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_input(name, int64_number(), &expression));
  return Expression(expression);
}

inline Expression
constant(int64_t number)
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_constant(svar_int(number), nullptr, &expression));
  return Expression(expression);
}

/// An operation with one result, an int64 number.
inline Expression
apply(const svar_operation_t &operation, std::vector<svar_expression_t *> operands)
{
  svar_type_t type = int64_number();
  svar_expression_t *result = nullptr;
  EXPECT_SVAR_OK(
      svar_expression_apply(&operation, operands.data(), operands.size(), &type, 1, &result));
  return Expression(result);
}

/// The operands' sum.
inline svar_operation_t
sum_operation()
{
  svar_operation_t operation = {};
  operation.size_bytes = sizeof(operation);
  operation.name = "sum";
  operation.compute = [](void *, const DLTensor *operands, size_t count, svar_results_t *results) {
    DLTensor room;
    SVAR_TRY(svar_results_room(results, 0, nullptr, &room));
    *static_cast<int64_t *>(room.data) =
        std::accumulate(operands, operands + count, int64_t{0}, [](int64_t sum, const DLTensor &t) {
          return sum + *static_cast<int64_t *>(t.data);
        });
    return SVAR_OK;
  };
  return operation;
}

inline Expression
sum(const Expression &a, const Expression &b)
{
  return apply(sum_operation(), {a.get(), b.get()});
}

/// What a function is made of; the expressions must live as long.
struct Parts : FunctionParts {
  Parts &in(const Expression &e, const svar_source_t *value = nullptr,
            const Expression &update = nullptr)
  {
    svar_function_input_t input = {};
    input.expression = e.get();
    input.value = value;
    input.update = update.get();
    inputs.push_back(input);
    return *this;
  }
  Parts &out(const Expression &e, svar_borrow_t borrow = SVAR_COPY)
  {
    outputs.push_back({e.get(), borrow});
    return *this;
  }
  Parts &update(const Variable &variable, const Expression &e)
  {
    updates.push_back({variable.get(), e.get()});
    return *this;
  }
  svar_ret_t make(svar_function_t **out_function) const
  {
    svar_function_options_t all = options();
    return svar_function_create(&all, out_function);
  }
  Function function() const
  {
    svar_function_t *function = nullptr;
    EXPECT_SVAR_OK(make(&function));
    return Function(function);
  }
};

/// Calls with these arguments; the only output, a number.
inline int64_t
call(const Function &function, std::vector<svar_source_t> arguments = {})
{
  svar_value_t result = SVAR_VALUE_INIT;
  EXPECT_SVAR_OK(
      svar_function_call(function.get(), arguments.data(), arguments.size(), &result, 1));
  int64_t found = result.tensor.data ? *static_cast<int64_t *>(result.tensor.data) : -1;
  svar_value_release(&result);
  return found;
}

} // namespace svar_test

#endif
