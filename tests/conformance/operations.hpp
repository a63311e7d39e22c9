// What the functions of the cases are made of: operations such as a library of them would have, for a
// few dtypes and every shape, and handles that end themselves. All of it must succeed.
#ifndef TESTS_CONFORMANCE_OPERATIONS_HPP
#define TESTS_CONFORMANCE_OPERATIONS_HPP

#include <functional>

#include "case.hpp"
#include "fakes/function_parts.hpp"

namespace conformance
{

// --- expressions ----------------------------------------------------------------------------------

using Expression = std::shared_ptr<svar_expression_t>;

/// Takes the reference over.
Expression own(svar_expression_t *expression);

Expression of(const Variable &variable);
Expression input(svar_type_t type = svar_tensor_type(SVAR_INT64, 0, 0), const char *name = "x");
/// Of the source's own type, or of this one.
Expression constant(const svar_source_t &source);
Expression constant(const svar_source_t &source, svar_type_t type);

/// Makes the one result: asks for room and fills it.
using Compute = std::function<svar_ret_t(const DLTensor *operands, svar_results_t *results)>;
Expression apply(const char *name, const std::vector<Expression> &operands, svar_type_t type,
                 Compute compute);

/// One or two operands, element by element, of the first one's dtype, wrapped if that is an integer's.
/// As in Theano, an axis is repeated if its type says that its extent is 1; all others must agree
/// (SVAR_ERR_VALUE).
using Work = std::function<double(double, double)>;
Expression elements(const std::vector<Expression> &operands, Work work);
Expression plus(const Expression &a, const Expression &b);
Expression plus(const Expression &a, double number);
Expression minus(const Expression &a, const Expression &b);
Expression times(const Expression &a, const Expression &b);
Expression times(const Expression &a, double number);
Expression power(const Expression &a, const Expression &b);

/// The same numbers in another dtype, or with other axes broadcastable.
Expression cast(const Expression &a, svar_dtype_t dtype);
Expression flagged(const Expression &a, uint32_t broadcastable);
/// Of a matrix.
Expression transpose(const Expression &a);
/// The last axis backwards.
Expression reversed(const Expression &a);
/// Of two vectors: one behind the other, and their product.
Expression concat(const Expression &a, const Expression &b);
Expression dot(const Expression &a, const Expression &b);
/// The sum of all elements.
Expression total(const Expression &a);
/// The extents, a vector of int64.
Expression shape_of(const Expression &a);
/// The same, if it has this shape; else SVAR_ERR_ASSERTION.
Expression specify_shape(const Expression &a, std::vector<int64_t> shape);
/// SVAR_ERR_VALUE, always; of a's type.
Expression failing(const Expression &a);

// --- functions ------------------------------------------------------------------------------------

/// What a call gave, released at the end.
class Results
{
public:
  explicit Results(size_t count) : values_(count) {}
  ~Results();
  Results(Results &&) = default;

  svar_value_t *values()
  {
    return values_.data();
  }
  const DLTensor &tensor(size_t index = 0) const
  {
    return values_.at(index).tensor;
  }
  std::vector<int64_t> shape(size_t index = 0) const;
  template <typename T> std::vector<T> as(size_t index = 0) const
  {
    return svar_test::contents<T>(values_.at(index));
  }
  /// The only element, of int64.
  int64_t number(size_t index = 0) const
  {
    return as<int64_t>(index).at(0);
  }

private:
  std::vector<svar_value_t> values_;
};

class Function
{
public:
  Function(svar_function_t *function, size_t outputs) : function_(function), outputs_(outputs) {}

  Results operator()(const std::vector<svar_source_t> &arguments = {}) const;
  void expect_failure(svar_ret_t code, const std::vector<svar_source_t> &arguments = {}) const;
  svar_function_t *get() const
  {
    return function_.get();
  }

private:
  struct Destroy {
    void operator()(svar_function_t *function) const
    {
      svar_function_destroy(function);
    }
  };
  std::unique_ptr<svar_function_t, Destroy> function_;
  size_t outputs_;
};

/// The parts of a function, each call adding one.
class Parts
{
public:
  Parts &in(const Expression &expression);
  /// Of the last input.
  Parts &strict();
  Parts &casting();
  Parts &borrowed();
  Parts &overwritable();
  /// For calls without the argument; with an update it is a state.
  Parts &valued(const svar_source_t &value, const Expression &update = nullptr);
  Parts &out(const Expression &expression, svar_borrow_t borrow = SVAR_COPY);
  Parts &update(const Variable &variable, const Expression &expression);
  Parts &given(const Expression &replaced, const Expression &replacement);
  Parts &allow_given_types();
  Parts &no_default_updates();
  /// No default update of these.
  Parts &keep(const std::vector<const Variable *> &variables);

  Function function() const;
  void expect_refused(svar_ret_t code) const;

private:
  svar_ret_t make(svar_function_t **out_function) const;
  svar_expression_t *hold(const Expression &expression);

  std::vector<Expression> held_;
  std::vector<std::shared_ptr<svar_source_t>> values_;
  svar_test::FunctionParts parts_; // of what held_ and values_ hold
  std::vector<svar_function_given_t> givens_;
  std::vector<svar_variable_t *> kept_;
  bool allow_given_types_ = false;
  bool no_default_updates_ = false;
};

/// A default update for the length of a scope.
class DefaultUpdate
{
public:
  DefaultUpdate(const Variable &variable, const Expression &expression) : variable_(variable)
  {
    svar_variable_default_update_set(variable_.get(), expression.get());
  }
  ~DefaultUpdate()
  {
    svar_variable_default_update_set(variable_.get(), nullptr);
  }
  DefaultUpdate(const DefaultUpdate &) = delete;
  DefaultUpdate &operator=(const DefaultUpdate &) = delete;

private:
  const Variable &variable_;
};

/// The only element of a variable of int64.
inline int64_t
number(const Contents &contents)
{
  return contents.as<int64_t>().at(0);
}

} // namespace conformance

#endif
