// Who shares memory with whom, and who never does.
#include <cmath>

#include "case.hpp"
#include "fakes/managed.hpp"

using conformance::Child;
using conformance::Variable;

namespace
{

// A view or a copy, released at the end of the scope.
class Value
{
public:
  Value(const Variable &variable, svar_borrow_t borrow)
  {
    EXPECT_SVAR_OK(svar_get_value(variable.get(), borrow, &value_));
  }
  ~Value()
  {
    svar_value_release(&value_);
  }
  Value(const Value &) = delete;
  Value &operator=(const Value &) = delete;

  const svar_value_t *operator->() const
  {
    return &value_;
  }
  template <typename T> T *data() const
  {
    return static_cast<T *>(value_.tensor.data);
  }

private:
  svar_value_t value_ = SVAR_VALUE_INIT;
};

Array
matrix_of(const std::vector<double> &values, int64_t rows, int64_t columns)
{
  return Array(values, {rows, columns});
}

// A source of columns 0, 2, 4 ... of x, whose rank is 2.
struct EverySecondColumn {
  explicit EverySecondColumn(Array &x)
      : shape{x.tensor().shape[0], (x.tensor().shape[1] + 1) / 2}, strides{x.tensor().shape[1], 2},
        tensor(x.tensor())
  {
    tensor.shape = shape;
    tensor.strides = strides;
  }
  int64_t shape[2];
  int64_t strides[2];
  DLTensor tensor;
};

} // namespace

SVAR_CASE(43, CopyAtConstructionDetachesTheSource)
{
  Array x = vector_of<float>({1, 1});
  Array before = vector_of<float>({1, 1});
  svar_shared_options_t copy = options();
  copy.borrow = SVAR_COPY;
  Variable a = shared(x.source());
  Variable b = shared(x.source(), copy);
  x.as<float>()[0] = 2;
  EXPECT_VALUE(a, before);
  EXPECT_VALUE(b, before);
}

SVAR_NOT_ON(CPU, 46, "a view is not to be written; private memory does not enforce it")
SVAR_NOT_ON(GPU, 46, "a view is not to be written; private memory does not enforce it")

SVAR_CASE_ON(IPC, 46, NoViewCanBeWrittenNotEvenTheHolders)
{
  Variable s = shared(vector_of<double>({1, 2}).source(), options("w"));
  svar_variable_t *found = nullptr;
  ASSERT_SVAR_OK(svar_store_find(reader(), "w", &found));
  Variable seen(found);
  for (const Variable *variable : {&s, &seen}) {
    Value view(*variable, SVAR_BORROW);
    Child child([&view] {
      signal(SIGSEGV, [](int) { _exit(7); });
      *view.data<volatile double>() = 3;
      return 0;
    });
    EXPECT_EQ(child.wait(), 7) << "the mapping can be written";
  }
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2}));
}

SVAR_CASE_ON_HOST(47, BorrowedReadsOfOneVersionAreTheStoredBytes)
{
  Variable s = shared(vector_of<double>({1, 2}).source());
  Value first(s, SVAR_BORROW);
  Value second(s, SVAR_BORROW);
  EXPECT_TRUE(first->is_alias);
  EXPECT_TRUE(second->is_alias);
  EXPECT_EQ(first->tensor.data, second->tensor.data);
  EXPECT_EQ(first->version, second->version);
}

SVAR_CASE(47, CopiesAreTheCallersOwn)
{
  Variable s = shared(vector_of<double>({1, 2}).source());
  Value view(s, SVAR_BORROW);
  Value copy(s, SVAR_COPY);
  EXPECT_FALSE(copy->is_alias);
  EXPECT_NE(copy->tensor.data, view->tensor.data);
  copy.data<double>()[0] = 9;
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2}));
}

SVAR_CASE(48, EveryRankComesBackAsItWentIn)
{
  std::vector<int64_t> shape;
  for (int64_t rank = 0; rank <= 4; rank++) {
    SCOPED_TRACE(rank);
    Array x(SVAR_INT16, shape);
    x.as<int16_t>()[0] = static_cast<int16_t>(rank);
    Variable s = shared(x.source());
    EXPECT_VALUE(s, x);
    shape.push_back(rank + 1);
  }
}

SVAR_CASE(49, CopyAtSetDetachesTheSource)
{
  Variable s = zeros(SVAR_FLOAT64, {3});
  Array y = vector_of<double>({1, 2, 3});
  ASSERT_SVAR_OK(svar_set_value(s.get(), y.source(), SVAR_COPY));
  y.as<double>()[0] = 9;
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2, 3}));
}

SVAR_CASE(51, AConversionVoidsBorrow)
{
  Variable s = zeros(SVAR_FLOAT64, {2});
  Array y = vector_of<float>({1, 2});
  ASSERT_SVAR_OK(svar_set_value(s.get(), y.source(), SVAR_BORROW));
  y.as<float>()[0] = 9;
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2}));
  Managed<float> z(SVAR_FLOAT32, {3, 4}); // not even its owner's deleter makes it the value
  ASSERT_SVAR_OK(svar_set_value(s.get(), z.source(), SVAR_BORROW));
  EXPECT_EQ(z.deletions(), 1);
  z.data()[0] = 9;
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{3, 4}));
}

SVAR_CASE(52, LiteralsBecomeAFreshValueOfTheVariablesDtype)
{
  Variable s = zeros(SVAR_FLOAT32, {3});
  Array numbers = vector_of<int64_t>({5, 6, 7});
  ASSERT_SVAR_OK(svar_set_value(s.get(), numbers.literals(), SVAR_BORROW));
  numbers.as<int64_t>()[0] = 9;
  EXPECT_VALUE(s, vector_of<float>({5, 6, 7}));
}

SVAR_CASE_ON_HOST(54, ALoanFilledWithTheValueIsUpdatedInPlace)
{
  Variable s = shared(vector_of<double>({1, 2}).source());
  Value before(s, SVAR_BORROW);
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(svar_variable_store(s.get()), &change));
  svar_value_t hole = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_transaction_loan(change, s.get(), nullptr, true, &hole));
  static_cast<double *>(hole.tensor.data)[1] += 5;
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 7}));
  EXPECT_EQ(before.data<double>()[1], 2) << "a published version is never written again";
}

SVAR_NOT_ON(GPU, 54, "a loan is an address on the GPU, which the host cannot fill")

SVAR_CASE(55, ARefusedValueChangesNothing)
{
  Variable s = shared(vector_of<int32_t>({1, 2}).source());
  const void *before = cell(s);
  expect_refused(SVAR_ERR_TYPE, s, vector_of<double>({1, 2}).source());
  expect_refused(SVAR_ERR_TYPE, s, Array(SVAR_INT32, {2, 2}).source());
  expect_refused(SVAR_ERR_TYPE, s, vector_of<double>({1.5}).literals());
  expect_refused(SVAR_ERR_VALUE, s, vector_of<double>({NAN}).literals());
  expect_refused(SVAR_ERR_RANGE, s, vector_of<double>({1e300}).literals());
  EXPECT_EQ(cell(s), before);
}

SVAR_NOT_APPLICABLE(57, "a source cannot hold a variable: the compiler refuses")

SVAR_CASE(58, StridedSourcesAreStoredCompact)
{
  Array x = matrix_of({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, 2, 3);
  EverySecondColumn columns(x);
  Variable s = shared(svar_array(&columns.tensor));
  Array expected = matrix_of({1.0, 3.0, 4.0, 6.0}, 2, 2);
  EXPECT_VALUE(s, expected);
  EXPECT_EQ(set(s, svar_array(&columns.tensor)), conformance::contents_of(expected));
  EXPECT_EQ(Value(s, SVAR_BORROW)->tensor.strides, nullptr);
}

SVAR_CASE(60, ColumnMajorSourcesAreStoredRowMajor)
{
  Array columns = matrix_of({1.0, 4.0, 2.0, 5.0, 3.0, 6.0}, 2, 3);
  int64_t strides[2] = {1, 2};
  columns.tensor().strides = strides;
  Variable s = shared(columns.source());
  Array rows = matrix_of({1.0, 2.0, 3.0, 4.0, 5.0, 6.0}, 2, 3);
  EXPECT_VALUE(s, rows);
}

SVAR_CASE(68, TwoVariablesOfOneSourceAreIndependent)
{
  Array x = vector_of<double>({1, 2});
  Variable a = shared(x.source());
  Variable b = shared(x.source());
  EXPECT_NE(Value(a, SVAR_BORROW)->tensor.data, Value(b, SVAR_BORROW)->tensor.data);
  ASSERT_SVAR_OK(svar_set_value(a.get(), vector_of<double>({8, 9}).source(), SVAR_COPY));
  EXPECT_VALUE(b, x);
}
