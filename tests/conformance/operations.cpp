#include "operations.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace conformance
{

namespace
{

using Shape = std::vector<int64_t>;

svar_ret_t
run_compute(void *context, const DLTensor *operands, size_t, svar_results_t *results)
{
  return (*static_cast<Compute *>(context))(operands, results);
}

// work(pointer to the elements), for each dtype that the cases compute in.
template <typename Work>
auto
with_elements(const DLTensor &tensor, Work work)
{
  if (svar_dtype_equal(tensor.dtype, SVAR_INT8)) {
    return work(static_cast<int8_t *>(tensor.data));
  }
  if (svar_dtype_equal(tensor.dtype, SVAR_UINT8)) {
    return work(static_cast<uint8_t *>(tensor.data));
  }
  if (svar_dtype_equal(tensor.dtype, SVAR_INT16)) {
    return work(static_cast<int16_t *>(tensor.data));
  }
  if (svar_dtype_equal(tensor.dtype, SVAR_INT64)) {
    return work(static_cast<int64_t *>(tensor.data));
  }
  EXPECT_TRUE(svar_dtype_equal(tensor.dtype, SVAR_FLOAT64)) << "no operation computes in it";
  return work(static_cast<double *>(tensor.data));
}

double
get(const DLTensor &tensor, int64_t i)
{
  return with_elements(tensor, [i](auto *data) { return static_cast<double>(data[i]); });
}

void
put(const DLTensor &tensor, int64_t i, double number)
{
  with_elements(tensor, [i, number](auto *data) {
    using Element = std::remove_reference_t<decltype(*data)>;
    if constexpr (std::is_integral_v<Element>) {
      data[i] = static_cast<Element>(static_cast<int64_t>(number));
    } else {
      data[i] = number;
    }
  });
}

Shape
shape_of_tensor(const DLTensor &tensor)
{
  return Shape(tensor.shape, tensor.shape + tensor.ndim);
}

int64_t
count_of(const Shape &shape)
{
  return std::accumulate(shape.begin(), shape.end(), int64_t(1), std::multiplies<>());
}

// Room of this shape, of which element i is number_at(i).
template <typename NumberAt>
svar_ret_t
fill(svar_results_t *results, const Shape &shape, NumberAt number_at)
{
  DLTensor room;
  SVAR_TRY(svar_results_room(results, 0, shape.data(), &room));
  for (int64_t i = 0; i < count_of(shape); i++) {
    put(room, i, number_at(i));
  }
  return SVAR_OK;
}

svar_ret_t
common_shape(const std::vector<svar_type_t> &types, const DLTensor *operands, size_t ndim,
             Shape *out_shape)
{
  const int64_t unknown = -1;
  Shape shape(ndim, unknown);
  for (size_t k = 0; k < types.size(); k++) {
    for (int32_t axis = 0; axis < operands[k].ndim; axis++) {
      int64_t &common = shape[ndim - static_cast<size_t>(operands[k].ndim - axis)];
      int64_t extent = operands[k].shape[axis];
      if ((types[k].broadcastable >> axis & 1) != 0) {
        continue;
      }
      if (common != unknown && common != extent) {
        return svar_fail(SVAR_ERR_VALUE, "extents %lld and %lld do not agree",
                         static_cast<long long>(common), static_cast<long long>(extent));
      }
      common = extent;
    }
  }
  std::replace(shape.begin(), shape.end(), unknown, int64_t(1));
  *out_shape = shape;
  return SVAR_OK;
}

// Where element i of shape is found in an operand, whose axes are the last ones of shape's.
int64_t
position(const DLTensor &operand, const Shape &shape, int64_t i)
{
  int64_t at = 0;
  int64_t step = 1;
  for (int32_t k = 1; k <= operand.ndim; k++) {
    int64_t extent = operand.shape[operand.ndim - k];
    int64_t common = shape[shape.size() - static_cast<size_t>(k)];
    at += extent == 1 ? 0 : i % common * step;
    i /= common;
    step *= extent;
  }
  return at;
}

// Axes count from the last one: those that an operand lacks are repeated.
svar_type_t
common_type(const std::vector<svar_type_t> &types)
{
  int32_t ndim = 0;
  for (const svar_type_t &type : types) {
    ndim = std::max(ndim, type.ndim);
  }
  uint32_t broadcastable = (1u << ndim) - 1;
  for (const svar_type_t &type : types) {
    int32_t lacking = ndim - type.ndim;
    broadcastable &= type.broadcastable << lacking | ((1u << lacking) - 1);
  }
  return svar_tensor_type(types[0].dtype, ndim, broadcastable);
}

// The same elements as another type.
Expression
retyped(const char *name, const Expression &a, svar_type_t type)
{
  return apply(name, {a}, type, [](const DLTensor *operands, svar_results_t *results) {
    return fill(results, shape_of_tensor(operands[0]),
                [operands](int64_t i) { return get(operands[0], i); });
  });
}

} // namespace

// --- expressions ----------------------------------------------------------------------------------

Expression
own(svar_expression_t *expression)
{
  return Expression(expression, svar_expression_unref);
}

Expression
of(const Variable &variable)
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_of(variable.get(), &expression));
  return own(expression);
}

Expression
input(svar_type_t type, const char *name)
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_input(name, type, &expression));
  return own(expression);
}

Expression
constant(const svar_source_t &source)
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_constant(source, nullptr, &expression));
  return own(expression);
}

Expression
constant(const svar_source_t &source, svar_type_t type)
{
  svar_expression_t *expression = nullptr;
  EXPECT_SVAR_OK(svar_expression_constant(source, &type, &expression));
  return own(expression);
}

Expression
apply(const char *name, const std::vector<Expression> &operands, svar_type_t type, Compute compute)
{
  svar_operation_t operation = {sizeof(operation), name, run_compute,
                                new Compute(std::move(compute)),
                                [](void *context) { delete static_cast<Compute *>(context); }};
  std::vector<svar_expression_t *> pointers;
  for (const Expression &operand : operands) {
    pointers.push_back(operand.get());
  }
  svar_expression_t *result = nullptr;
  EXPECT_SVAR_OK(
      svar_expression_apply(&operation, pointers.data(), pointers.size(), &type, 1, &result));
  return own(result);
}

Expression
elements(const std::vector<Expression> &operands, Work work)
{
  std::vector<svar_type_t> types;
  for (const Expression &operand : operands) {
    types.push_back(svar_expression_type(operand.get()));
  }
  svar_type_t type = common_type(types);
  return apply("elements", operands, type,
               [=](const DLTensor *values, svar_results_t *results) -> svar_ret_t {
                 Shape shape;
                 SVAR_TRY(common_shape(types, values, static_cast<size_t>(type.ndim), &shape));
                 const DLTensor &first = values[0];
                 const DLTensor &last = values[types.size() - 1];
                 return fill(results, shape, [&](int64_t i) {
                   return work(get(first, position(first, shape, i)),
                               get(last, position(last, shape, i)));
                 });
               });
}

Expression
plus(const Expression &a, const Expression &b)
{
  return elements({a, b}, std::plus<>());
}

Expression
plus(const Expression &a, double number)
{
  return elements({a}, [number](double x, double) { return x + number; });
}

Expression
minus(const Expression &a, const Expression &b)
{
  return elements({a, b}, std::minus<>());
}

Expression
times(const Expression &a, const Expression &b)
{
  return elements({a, b}, std::multiplies<>());
}

Expression
times(const Expression &a, double number)
{
  return elements({a}, [number](double x, double) { return x * number; });
}

Expression
power(const Expression &a, const Expression &b)
{
  return elements({a, b}, [](double x, double y) { return std::pow(x, y); });
}

Expression
cast(const Expression &a, svar_dtype_t dtype)
{
  svar_type_t type = svar_expression_type(a.get());
  type.dtype = dtype;
  return retyped("cast", a, type);
}

Expression
flagged(const Expression &a, uint32_t broadcastable)
{
  svar_type_t type = svar_expression_type(a.get());
  type.broadcastable = broadcastable;
  return retyped("flagged", a, type);
}

Expression
transpose(const Expression &a)
{
  svar_type_t type = svar_expression_type(a.get());
  type.broadcastable = (type.broadcastable & 1) << 1 | type.broadcastable >> 1;
  return apply("transpose", {a}, type, [](const DLTensor *operands, svar_results_t *results) {
    const DLTensor &whole = operands[0];
    int64_t rows = whole.shape[0];
    int64_t columns = whole.shape[1];
    return fill(results, {columns, rows},
                [&](int64_t i) { return get(whole, i % rows * columns + i / rows); });
  });
}

Expression
reversed(const Expression &a)
{
  return apply("reversed", {a}, svar_expression_type(a.get()),
               [](const DLTensor *operands, svar_results_t *results) {
                 const DLTensor &whole = operands[0];
                 int64_t length = whole.shape[whole.ndim - 1];
                 return fill(results, shape_of_tensor(whole), [&](int64_t i) {
                   return get(whole, i / length * length + length - 1 - i % length);
                 });
               });
}

Expression
concat(const Expression &a, const Expression &b)
{
  return apply("concat", {a, b}, svar_expression_type(a.get()),
               [](const DLTensor *operands, svar_results_t *results) {
                 int64_t length = operands[0].shape[0];
                 return fill(results, {length + operands[1].shape[0]}, [&](int64_t i) {
                   return i < length ? get(operands[0], i) : get(operands[1], i - length);
                 });
               });
}

Expression
dot(const Expression &a, const Expression &b)
{
  return total(times(a, b));
}

Expression
total(const Expression &a)
{
  return apply("total", {a}, svar_tensor_type(svar_expression_type(a.get()).dtype, 0, 0),
               [](const DLTensor *operands, svar_results_t *results) {
                 double sum = 0;
                 for (int64_t i = 0; i < count_of(shape_of_tensor(operands[0])); i++) {
                   sum += get(operands[0], i);
                 }
                 return fill(results, {}, [sum](int64_t) { return sum; });
               });
}

Expression
shape_of(const Expression &a)
{
  return apply("shape", {a}, svar_tensor_type(SVAR_INT64, 1, 0),
               [](const DLTensor *operands, svar_results_t *results) {
                 return fill(results, {operands[0].ndim}, [operands](int64_t i) {
                   return static_cast<double>(operands[0].shape[i]);
                 });
               });
}

Expression
specify_shape(const Expression &a, Shape shape)
{
  return apply("specify shape", {a}, svar_expression_type(a.get()),
               [shape](const DLTensor *operands, svar_results_t *results) {
                 if (shape_of_tensor(operands[0]) != shape) {
                   return svar_fail(SVAR_ERR_ASSERTION, "it has another shape than specified");
                 }
                 return fill(results, shape, [operands](int64_t i) { return get(operands[0], i); });
               });
}

Expression
failing(const Expression &a)
{
  return apply("failing", {a}, svar_expression_type(a.get()),
               [](const DLTensor *, svar_results_t *) {
                 return svar_fail(SVAR_ERR_VALUE, "no such thing");
               });
}

// --- functions ------------------------------------------------------------------------------------

Results::~Results()
{
  for (svar_value_t &value : values_) {
    svar_value_release(&value);
  }
}

Shape
Results::shape(size_t index) const
{
  return shape_of_tensor(tensor(index));
}

Results
Function::operator()(const std::vector<svar_source_t> &arguments) const
{
  Results results(outputs_);
  EXPECT_SVAR_OK(
      svar_function_call(get(), arguments.data(), arguments.size(), results.values(), outputs_));
  return results;
}

void
Function::expect_failure(svar_ret_t code, const std::vector<svar_source_t> &arguments) const
{
  Results results(outputs_);
  EXPECT_EQ(code, svar_function_call(get(), arguments.data(), arguments.size(), results.values(),
                                     outputs_))
      << svar_error_message();
  for (size_t i = 0; i < outputs_; i++) {
    EXPECT_EQ(results.tensor(i).data, nullptr) << "a result of a failed call";
  }
}

svar_expression_t *
Parts::hold(const Expression &expression)
{
  held_.push_back(expression);
  return expression.get();
}

Parts &
Parts::in(const Expression &expression)
{
  svar_function_input_t input = {};
  input.expression = hold(expression);
  parts_.inputs.push_back(input);
  return *this;
}

Parts &
Parts::strict()
{
  parts_.inputs.back().strict = true;
  return *this;
}

Parts &
Parts::casting()
{
  parts_.inputs.back().allow_downcast = SVAR_DOWNCAST_TRUE;
  return *this;
}

Parts &
Parts::borrowed()
{
  parts_.inputs.back().borrow = true;
  return *this;
}

Parts &
Parts::overwritable()
{
  parts_.inputs.back().is_mutable = true;
  return *this;
}

Parts &
Parts::valued(const svar_source_t &value, const Expression &update)
{
  values_.push_back(std::make_shared<svar_source_t>(value));
  parts_.inputs.back().value = values_.back().get();
  parts_.inputs.back().update = update ? hold(update) : nullptr;
  return *this;
}

Parts &
Parts::out(const Expression &expression, svar_borrow_t borrow)
{
  parts_.outputs.push_back({hold(expression), borrow});
  return *this;
}

Parts &
Parts::update(const Variable &variable, const Expression &expression)
{
  parts_.updates.push_back({variable.get(), hold(expression)});
  return *this;
}

Parts &
Parts::given(const Expression &replaced, const Expression &replacement)
{
  givens_.push_back({hold(replaced), hold(replacement)});
  return *this;
}

Parts &
Parts::allow_given_types()
{
  allow_given_types_ = true;
  return *this;
}

Parts &
Parts::no_default_updates()
{
  no_default_updates_ = true;
  return *this;
}

Parts &
Parts::keep(const std::vector<const Variable *> &variables)
{
  for (const Variable *variable : variables) {
    kept_.push_back(variable->get());
  }
  return *this;
}

svar_ret_t
Parts::make(svar_function_t **out_function) const
{
  svar_function_options_t options = parts_.options();
  options.givens = givens_.data();
  options.given_count = givens_.size();
  options.kept = kept_.data();
  options.kept_count = kept_.size();
  options.allow_given_types = allow_given_types_;
  options.no_default_updates = no_default_updates_;
  return svar_function_create(&options, out_function);
}

Function
Parts::function() const
{
  svar_function_t *made = nullptr;
  EXPECT_SVAR_OK(make(&made));
  return Function(made, parts_.outputs.size());
}

void
Parts::expect_refused(svar_ret_t code) const
{
  svar_function_t *made = nullptr;
  EXPECT_EQ(code, make(&made)) << svar_error_message();
  EXPECT_EQ(made, nullptr);
  svar_function_destroy(made);
}

} // namespace conformance
