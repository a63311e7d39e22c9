// Functions over shared variables: what a call reads, computes and stores.
#include <cstring>
#include <functional>

#include "case.hpp"

using conformance::Contents;
using conformance::Variable;

namespace
{

using Expression = std::unique_ptr<svar_expression_t, decltype(&svar_expression_unref)>;
using Function = std::unique_ptr<svar_function_t, decltype(&svar_function_destroy)>;

using Work = std::function<double(double, double)>;

// One or two int64 or float64 operands of one shape (or one of them a scalar), element by element.
svar_ret_t
compute_elements(void *context, const DLTensor *operands, size_t count, svar_results_t *results)
{
  const DLTensor &first = operands[0];
  const DLTensor &second = operands[count - 1];
  const DLTensor &larger = second.ndim > first.ndim ? second : first;
  DLTensor room;
  SVAR_TRY(svar_results_room(results, 0, larger.shape, &room));
  int64_t elements = 1;
  for (int32_t axis = 0; axis < larger.ndim; axis++) {
    elements *= larger.shape[axis];
  }
  const bool is_float = svar_dtype_equal(first.dtype, SVAR_FLOAT64);
  auto at = [&](const DLTensor &tensor, int64_t i) {
    i = tensor.ndim == 0 ? 0 : i;
    return is_float ? static_cast<double *>(tensor.data)[i]
                    : static_cast<double>(static_cast<int64_t *>(tensor.data)[i]);
  };
  for (int64_t i = 0; i < elements; i++) {
    double y = (*static_cast<Work *>(context))(at(first, i), at(second, i));
    if (is_float) {
      static_cast<double *>(room.data)[i] = y;
    } else {
      static_cast<int64_t *>(room.data)[i] = static_cast<int64_t>(y);
    }
  }
  return SVAR_OK;
}

svar_ret_t
compute_failure(void *, const DLTensor *, size_t, svar_results_t *)
{
  return svar_fail(SVAR_ERR_VALUE, "no such thing");
}

Expression
own(svar_expression_t *expression)
{
  return Expression(expression, svar_expression_unref);
}

Expression
apply(std::vector<svar_expression_t *> operands, Work work)
{
  svar_operation_t operation = {sizeof(operation), "elements", compute_elements,
                                new Work(std::move(work)),
                                [](void *context) { delete static_cast<Work *>(context); }};
  svar_type_t type = svar_expression_type(operands[0]);
  svar_expression_t *result = nullptr;
  EXPECT_SVAR_OK(
      svar_expression_apply(&operation, operands.data(), operands.size(), &type, 1, &result));
  return own(result);
}

Expression
plus(const Expression &a, const Expression &b)
{
  return apply({a.get(), b.get()}, [](double x, double y) { return x + y; });
}

Expression
plus(const Expression &a, double number)
{
  return apply({a.get()}, [number](double x, double) { return x + number; });
}

Expression
failing(const Expression &a)
{
  svar_operation_t operation = {sizeof(operation), "failing", compute_failure, nullptr, nullptr};
  svar_type_t type = svar_expression_type(a.get());
  svar_expression_t *operand = a.get();
  svar_expression_t *result = nullptr;
  EXPECT_SVAR_OK(svar_expression_apply(&operation, &operand, 1, &type, 1, &result));
  return own(result);
}

Expression
of(const Variable &variable)
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_of(variable.get(), &expression));
  return own(expression);
}

Expression
input(svar_type_t type = svar_tensor_type(SVAR_INT64, 0, 0))
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_input("x", type, &expression));
  return own(expression);
}

// The parts of a function; what it refers to must live as long.
struct Parts {
  std::vector<svar_function_input_t> inputs;
  std::vector<svar_function_output_t> outputs;
  std::vector<svar_function_update_t> updates;
  std::vector<svar_function_given_t> givens;
  std::vector<svar_variable_t *> kept;
  bool no_default_updates = false;

  Parts &in(const Expression &e)
  {
    inputs.push_back({e.get(), false, SVAR_DOWNCAST_UNSET, false, false});
    return *this;
  }
  Parts &out(const Expression &e, svar_borrow_t borrow = SVAR_COPY)
  {
    outputs.push_back({e.get(), borrow});
    return *this;
  }
  Parts &update(const Variable &v, const Expression &e)
  {
    updates.push_back({v.get(), e.get()});
    return *this;
  }
  Parts &given(const Expression &a, const Expression &b)
  {
    givens.push_back({a.get(), b.get()});
    return *this;
  }
  svar_ret_t make(svar_function_t **out_function) const
  {
    svar_function_options_t options = SVAR_FUNCTION_OPTIONS_INIT;
    options.inputs = inputs.data();
    options.input_count = inputs.size();
    options.outputs = outputs.data();
    options.output_count = outputs.size();
    options.updates = updates.data();
    options.update_count = updates.size();
    options.givens = givens.data();
    options.given_count = givens.size();
    options.kept = kept.data();
    options.kept_count = kept.size();
    options.no_default_updates = no_default_updates;
    return svar_function_create(&options, out_function);
  }
  Function function() const
  {
    svar_function_t *made = nullptr;
    EXPECT_SVAR_OK(make(&made));
    return Function(made, svar_function_destroy);
  }
  void refused(svar_ret_t code) const
  {
    svar_function_t *made = nullptr;
    EXPECT_EQ(code, make(&made)) << svar_error_message();
    svar_function_destroy(made);
  }
};

// Calls with int64 scalars; the first output, or 0.
int64_t
call(const Function &f, std::vector<int64_t> arguments = {}, size_t outputs = 1)
{
  std::vector<svar_source_t> sources;
  for (int64_t argument : arguments) {
    sources.push_back(svar_int(argument));
  }
  std::vector<svar_value_t> results(outputs + 1);
  EXPECT_SVAR_OK(
      svar_function_call(f.get(), sources.data(), sources.size(), results.data(), outputs));
  int64_t first = outputs > 0 ? *static_cast<int64_t *>(results[0].tensor.data) : 0;
  for (svar_value_t &result : results) {
    svar_value_release(&result);
  }
  return first;
}

int64_t
number(const Contents &contents)
{
  return contents.as<int64_t>().at(0);
}

} // namespace

SVAR_CASE(143, AnIndexIsAnExpression)
{
  Variable s = shared(Array(std::vector<double>{1, 2, 3}, {3}).source());
  Expression e = of(s);
  const int64_t indices[2] = {-1, 0};
  svar_expression_t *part = nullptr;
  EXPECT_EQ(SVAR_ERR_INDEX, svar_expression_index(e.get(), indices, 2, &part));
  ASSERT_SVAR_OK(svar_expression_index(e.get(), indices, 1, &part));
  Expression last = own(part);
  Function f = Parts().out(last).function();
  svar_value_t result = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_function_call(f.get(), nullptr, 0, &result, 1));
  EXPECT_EQ(*static_cast<double *>(result.tensor.data), 3);
  svar_value_release(&result);
  set(s, Array(std::vector<double>{}, {0}).source());
  EXPECT_EQ(SVAR_ERR_INDEX, svar_function_call(f.get(), nullptr, 0, &result, 1));
}

SVAR_CASE(148, FunctionsShareTheirVariables)
{
  Variable b = shared(svar_int(1));
  Expression a = input();
  Expression sum = plus(a, of(b));
  Expression next = plus(of(b), 1);
  Function f1 = Parts().in(a).out(sum).function();
  Function f2 = Parts().in(a).out(sum).update(b, next).function();
  EXPECT_EQ(call(f1, {3}), 4);
  EXPECT_EQ(call(f2, {3}), 4);
  EXPECT_EQ(number(read(b)), 2);
  EXPECT_EQ(call(f1, {3}), 5);
  set(b, svar_int(0));
  EXPECT_EQ(call(f1, {3}), 3);
}

SVAR_CASE(150, AnAccumulatorReturnsWhatItHeld)
{
  Variable s = shared(svar_int(0));
  Expression a = input();
  Expression old = of(s);
  Expression more = plus(old, a);
  Expression less = plus(old, -2);
  Function accumulate = Parts().in(a).out(old).update(s, more).function();
  EXPECT_EQ(call(accumulate, {1}), 0);
  EXPECT_EQ(call(accumulate, {300}), 1);
  Function decrement = Parts().out(old).update(s, less).function();
  EXPECT_EQ(call(decrement), 301);
  EXPECT_EQ(number(read(s)), 299);
}

SVAR_CASE(151, ASharedVariableIsNoExplicitInput)
{
  Variable s = shared(svar_int(0));
  Expression e = of(s);
  Parts().in(e).out(e).refused(SVAR_ERR_TYPE);
}

SVAR_CASE(152, UpdatesSwap)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Expression ea = of(a);
  Expression eb = of(b);
  Function f = Parts().update(a, eb).update(b, ea).function();
  for (int64_t i = 0; i < 4; i++) {
    call(f, {}, 0);
    EXPECT_EQ(number(read(a)), i % 2 == 0 ? 2 : 1);
    EXPECT_EQ(number(read(b)), i % 2 == 0 ? 1 : 2);
    EXPECT_NE(cell(a), cell(b));
  }
}

SVAR_CASE(153, UpdatesUseOldValues)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Expression ea = of(a);
  Expression sum = plus(ea, of(b));
  Function f = Parts().update(a, sum).update(b, ea).function();
  Function g = Parts().update(b, ea).update(a, sum).function();
  call(f, {}, 0);
  EXPECT_EQ(number(read(a)), 3);
  EXPECT_EQ(number(read(b)), 1);
  call(g, {}, 0);
  EXPECT_EQ(number(read(a)), 4);
  EXPECT_EQ(number(read(b)), 3);
}

SVAR_CASE(156, AValueThatStaysIsCopied)
{
  Variable a = shared(svar_int(1));
  Variable b = shared(svar_int(2));
  Expression eb = of(b);
  Function f = Parts().update(a, eb).function();
  call(f, {}, 0);
  EXPECT_EQ(number(read(a)), 2);
  EXPECT_NE(cell(a), cell(b));
}

SVAR_CASE(160, OneUpdateForATarget)
{
  Variable a = shared(svar_int(1));
  Expression ea = of(a);
  Parts().update(a, ea).update(a, ea).refused(SVAR_ERR_VALUE);
}

SVAR_CASE(161, AnUpdateIsOfItsTargetsType)
{
  Variable a = shared(svar_int(1));
  Variable b = zeros(SVAR_FLOAT64, {});
  Variable c = zeros(SVAR_INT64, {2});
  Expression eb = of(b);
  Expression ec = of(c);
  Parts().update(a, eb).refused(SVAR_ERR_TYPE);
  Parts().update(a, ec).refused(SVAR_ERR_TYPE);
}

SVAR_CASE(162, AConstantIsOfItsTargetsType)
{
  Variable a = shared(svar_int(1));
  svar_type_t type = svar_variable_type(a.get());
  svar_type_t small = svar_tensor_type(SVAR_INT8, 0, 0);
  svar_expression_t *constant = nullptr;
  EXPECT_EQ(SVAR_ERR_TYPE, svar_expression_constant(svar_float(3.5), &type, &constant));
  EXPECT_EQ(SVAR_ERR_TYPE, svar_expression_constant(svar_int(300), &small, &constant));
  for (svar_source_t source : {svar_int(3), svar_float(3.0)}) {
    ASSERT_SVAR_OK(svar_expression_constant(source, &type, &constant));
    Expression three = own(constant);
    set(a, svar_int(1));
    Function f = Parts().update(a, three).function();
    call(f, {}, 0);
    EXPECT_EQ(number(read(a)), 3);
  }
}

SVAR_CASE(168, EqualOutputsAreDisjointUnlessBorrowed)
{
  Variable s = shared(svar_int(1));
  Expression e = plus(of(s), 1);
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Function f = Parts().out(e, borrow).out(e, borrow).function();
    svar_value_t results[2] = {};
    ASSERT_SVAR_OK(svar_function_call(f.get(), nullptr, 0, results, 2));
    EXPECT_EQ(results[0].tensor.data == results[1].tensor.data, borrow == SVAR_BORROW);
    svar_value_release(&results[0]);
    svar_value_release(&results[1]);
  }
}

SVAR_CASE(177, AFailingOperationStoresNothing)
{
  Variable u = shared(svar_int(0));
  Variable k = shared(svar_int(5));
  Expression next = plus(of(u), 1);
  Expression bad = failing(of(k));
  Function f = Parts().update(u, next).update(k, bad).function();
  EXPECT_EQ(SVAR_ERR_VALUE, svar_function_call(f.get(), nullptr, 0, nullptr, 0));
  EXPECT_MESSAGE("operation 'failing'");
  EXPECT_EQ(number(read(u)), 0);
  EXPECT_EQ(number(read(k)), 5);
}

SVAR_CASE(178, ARefusedArgumentStoresNothing)
{
  Variable s = shared(svar_int(0));
  Expression a = input();
  Expression next = plus(of(s), a);
  Function f = Parts().in(a).update(s, next).function();
  svar_source_t half = svar_float(0.5);
  Array vector(SVAR_INT64, {2});
  svar_source_t array = vector.source();
  EXPECT_EQ(SVAR_ERR_TYPE, svar_function_call(f.get(), &half, 1, nullptr, 0));
  EXPECT_EQ(SVAR_ERR_TYPE, svar_function_call(f.get(), &array, 1, nullptr, 0));
  EXPECT_EQ(number(read(s)), 0);
}

SVAR_CASE(180, AReplacedVariableIsNoInput)
{
  Variable s = shared(svar_int(0));
  Expression e = of(s);
  Expression next = plus(e, 1);
  Expression b = input();
  svar_variable_default_update_set(s.get(), next.get());
  Function f = Parts().in(b).out(e).given(e, b).function();
  EXPECT_EQ(svar_function_get_shared(f.get(), nullptr, 0), 0U);
  EXPECT_EQ(call(f, {7}), 7);
  EXPECT_EQ(number(read(s)), 0);
  svar_variable_default_update_set(s.get(), nullptr);
}

SVAR_CASE(182, AGivenIsReplacedInUpdates)
{
  Variable s = shared(svar_int(1));
  Expression e = of(s);
  Expression twice = plus(e, e);
  svar_expression_t *constant = nullptr;
  ASSERT_SVAR_OK(svar_expression_constant(svar_int(10), nullptr, &constant));
  Expression ten = own(constant);
  Function f = Parts().update(s, twice).given(e, ten).function();
  call(f, {}, 0);
  EXPECT_EQ(number(read(s)), 20);
}

SVAR_CASE(184, ADefaultUpdateIsFixedWhenTheFunctionIsMade)
{
  Variable x = shared(svar_int(0));
  Expression e = of(x);
  Expression next = plus(e, 1);
  svar_variable_default_update_set(x.get(), next.get());
  Function f = Parts().out(e).function();
  call(f);
  EXPECT_EQ(number(read(x)), 1);
  svar_variable_default_update_set(x.get(), nullptr);
  call(f);
  EXPECT_EQ(number(read(x)), 2);
  Function later = Parts().out(e).function();
  call(later);
  EXPECT_EQ(number(read(x)), 2);
}

SVAR_CASE(188, DefaultUpdatesAreChained)
{
  Variable x = shared(svar_int(2));
  Variable y = shared(svar_int(1));
  Variable z = shared(svar_int(-1));
  Expression ex = of(x);
  Expression ey = of(y);
  Expression ez = of(z);
  Expression dx = apply({ex.get(), ey.get()}, [](double a, double b) { return a - b; });
  Expression dz = plus(ez, -1);
  svar_variable_default_update_set(x.get(), dx.get());
  svar_variable_default_update_set(y.get(), ez.get());
  svar_variable_default_update_set(z.get(), dz.get());
  auto expect = [&](int64_t a, int64_t b, int64_t c) {
    EXPECT_EQ(number(read(x)), a);
    EXPECT_EQ(number(read(y)), b);
    EXPECT_EQ(number(read(z)), c);
  };
  call(Parts().out(ex).function());
  expect(1, -1, -2);
  call(Parts().out(ex).out(ey).function(), {}, 2);
  expect(2, -2, -3);
  call(Parts().out(ey).function());
  expect(2, -3, -4);
  Parts without_x = Parts().out(ex).out(ey);
  without_x.kept = {x.get()};
  call(without_x.function(), {}, 2);
  expect(2, -4, -5);
  Parts without_z = Parts().out(ex).out(ey).out(ez);
  without_z.kept = {z.get()};
  call(without_z.function(), {}, 3);
  expect(6, -5, -5);
  for (const Variable *variable : {&x, &y, &z}) {
    svar_variable_default_update_set(variable->get(), nullptr);
  }
}

SVAR_CASE(190, ADefaultUpdateMayNeedAnInputThatIsNotListed)
{
  Variable x = shared(svar_int(0));
  Expression e = of(x);
  Expression a = input();
  Expression next = plus(e, a);
  svar_variable_default_update_set(x.get(), next.get());
  Parts().out(e).refused(SVAR_ERR_MISSING);
  Parts without = Parts().out(e);
  without.kept = {x.get()};
  EXPECT_EQ(call(without.function()), 0);
  svar_variable_default_update_set(x.get(), nullptr);
}

SVAR_CASE(194, ACopySwapsVariables)
{
  Variable s = shared(svar_int(1));
  Variable n = shared(svar_int(10));
  Variable other = zeros(SVAR_FLOAT64, {});
  Expression e = of(s);
  Expression next = plus(e, 1);
  Function f = Parts().out(e).update(s, next).function();
  svar_function_t *made = nullptr;
  svar_function_swap_t swap = {s.get(), n.get()};
  ASSERT_SVAR_OK(svar_function_copy(f.get(), &swap, 1, false, &made));
  Function copy(made, svar_function_destroy);
  EXPECT_EQ(call(copy), 10);
  EXPECT_EQ(number(read(n)), 11);
  EXPECT_EQ(number(read(s)), 1);
  svar_function_swap_t unknown = {other.get(), n.get()};
  EXPECT_EQ(SVAR_ERR_VALUE, svar_function_copy(f.get(), &unknown, 1, false, &made));
  svar_function_swap_t mistyped = {s.get(), other.get()};
  EXPECT_EQ(SVAR_ERR_ASSERTION, svar_function_copy(f.get(), &mistyped, 1, false, &made));
  ASSERT_SVAR_OK(svar_function_copy(f.get(), nullptr, 0, true, &made));
  Function still(made, svar_function_destroy);
  EXPECT_EQ(call(still), 1);
  EXPECT_EQ(number(read(s)), 1);
}

SVAR_CASE(195, ACallForSomeOutputsAppliesAllUpdates)
{
  Variable s = shared(svar_int(1));
  Expression e = of(s);
  Expression next = plus(e, 1);
  Expression bad = failing(e);
  Function f = Parts().out(e).out(bad).update(s, next).function();
  const size_t first = 0;
  svar_value_t result = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_function_call_some(f.get(), nullptr, 0, &first, &result, 1));
  svar_value_release(&result);
  EXPECT_EQ(number(read(s)), 2);
}

SVAR_NOT_APPLICABLE(196, "a function is code; svar_function_copy() binds one to other variables")

SVAR_CASE(155, AVariableUpdatedByItselfStays)
{
  Variable a = shared(svar_int(3));
  Variable b = shared(svar_int(4));
  Expression ea = of(a);
  Expression same = apply({of(b).get()}, [](double x, double) { return 2 * x - x; });
  Function f = Parts().update(a, ea).update(b, same).function();
  call(f, {}, 0);
  EXPECT_EQ(number(read(a)), 3);
  EXPECT_EQ(number(read(b)), 4);
}

SVAR_CASE(175, AStrictTargetTakesAnUpdateOfItsType)
{
  Variable s = zeros(SVAR_INT64, {}, SVAR_DOWNCAST_UNSET, true);
  Expression next = plus(of(s), 1);
  Function f = Parts().update(s, next).function();
  call(f, {}, 0);
  EXPECT_EQ(number(read(s)), 1);
}

SVAR_CASE(186, AnExplicitUpdateWinsOverTheDefaultOne)
{
  Variable x = shared(svar_int(0));
  Expression e = of(x);
  Expression up = plus(e, 2);
  Expression down = plus(e, -1);
  svar_variable_default_update_set(x.get(), up.get());
  for (int64_t i = 0; i < 3; i++) {
    Parts parts = Parts().out(e).update(x, down);
    parts.no_default_updates = i == 1;
    if (i == 2) {
      parts.kept = {x.get()};
    }
    EXPECT_EQ(call(parts.function()), -i);
    EXPECT_EQ(number(read(x)), -i - 1);
  }
  svar_variable_default_update_set(x.get(), nullptr);
}

SVAR_CASE(185, DefaultUpdatesCanBeKeptFromRunning)
{
  Variable x = shared(svar_int(0));
  Variable y = shared(svar_int(0));
  Expression e = of(x);
  Expression next = plus(e, 2);
  svar_variable_default_update_set(x.get(), next.get());
  auto after = [&](Parts parts) {
    call(parts.function());
    return number(read(x));
  };
  Parts parts = Parts().out(e);
  parts.no_default_updates = true;
  EXPECT_EQ(after(parts), 0);
  parts.no_default_updates = false;
  parts.kept = {x.get(), y.get()};
  EXPECT_EQ(after(parts), 0);
  parts.kept = {y.get()};
  EXPECT_EQ(after(parts), 2);
  parts.kept = {};
  EXPECT_EQ(after(parts), 4);
  svar_variable_default_update_set(x.get(), nullptr);
}
