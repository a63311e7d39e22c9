// The caller's memory as a value, the state without one, and zeros.
#include <sys/mman.h>

#include <cmath>
#include <cstdio>
#include <cstring>

#include "case.hpp"
#include "fakes/managed.hpp"

using conformance::Variable;

namespace
{

svar_shared_options_t
borrowing(svar_shared_options_t options)
{
  options.borrow = SVAR_BORROW;
  return options;
}

// The number 7 in a page of a mapped file, which its deleter unmaps.
class Map
{
public:
  Map() : file_(tmpfile())
  {
    EXPECT_EQ(ftruncate(fileno(file_), BYTES), 0);
    memory_ = mmap(nullptr, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file_), 0);
    EXPECT_NE(memory_, MAP_FAILED);
    *static_cast<double *>(memory_) = 7;
    managed_.dl_tensor = svar_tensor(SVAR_FLOAT64, memory_, 1, &length_);
    managed_.manager_ctx = this;
    managed_.deleter = [](DLManagedTensor *managed) {
      Map *self = static_cast<Map *>(managed->manager_ctx);
      EXPECT_TRUE(self->is_mapped_);
      self->is_mapped_ = false;
      munmap(self->memory_, BYTES);
    };
  }
  ~Map()
  {
    fclose(file_);
  }
  Map(const Map &) = delete;
  Map &operator=(const Map &) = delete;

  svar_source_t source()
  {
    return svar_managed(&managed_);
  }
  const void *memory() const
  {
    return memory_;
  }
  bool is_mapped() const
  {
    return is_mapped_;
  }

private:
  static constexpr size_t BYTES = 4096;
  FILE *file_;
  void *memory_ = nullptr;
  int64_t length_ = 1;
  DLManagedTensor managed_ = {};
  bool is_mapped_ = true;
};

} // namespace

// --- the caller's memory ---------------------------------------------------------------------------

SVAR_CASE_ON(CPU, 44, ABorrowedArrayIsTheCellItself)
{
  Managed<double> x(SVAR_FLOAT64, {1, 2});
  Variable s = shared(x.source(), borrowing(options()));
  EXPECT_EQ(cell(s), x.data());
  s.reset();
  EXPECT_EQ(x.deletions(), 1);
}
SVAR_NOT_ON(IPC, 44, "a store of shared memory copies what it did not loan")
SVAR_NOT_ON(GPU, 44, "a GPU copies what lies on the host, borrowed or not")

SVAR_CASE_ON(CPU, 50, ABorrowedSetMakesTheArrayTheCell)
{
  Managed<double> y(SVAR_FLOAT64, {3});
  Variable s = zeros(SVAR_FLOAT64, {2});
  ASSERT_SVAR_OK(svar_set_value(s.get(), y.source(), SVAR_BORROW));
  EXPECT_EQ(cell(s), y.data());
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{3});
  s.reset();
}
SVAR_NOT_ON(IPC, 50, "a store of shared memory copies what it did not loan")
SVAR_NOT_ON(GPU, 50, "a GPU copies what lies on the host, borrowed or not")

SVAR_CASE(59, ABorrowedStridedSourceIsCopied)
{
  Managed<double> x(SVAR_FLOAT64, {1, 9, 2, 9}, {2});
  int64_t stride = 2;
  x.get()->dl_tensor.strides = &stride;
  Variable s = shared(x.source(), borrowing(options()));
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2}));
  EXPECT_NE(cell(s), x.data());
  EXPECT_EQ(x.deletions(), 1);
}

SVAR_CASE(62, TheCopyOfAReadOnlySourceIsWritable)
{
  static const double constants[2] = {1, 2};
  const int64_t length = 2;
  DLTensor tensor = svar_tensor(SVAR_FLOAT64, const_cast<double *>(constants), 1, &length);
  Variable s = shared(svar_array(&tensor));
  svar_value_t copy = SVAR_VALUE_INIT;
  ASSERT_SVAR_OK(svar_get_value(s.get(), SVAR_COPY, &copy));
  static_cast<double *>(copy.tensor.data)[0] = 5;
  svar_value_release(&copy);
  EXPECT_EQ(read(s).as<double>(), (std::vector<double>{1, 2}));
}

SVAR_CASE_ON_HOST(63, MisalignedSourcesCanBeCopiedButNotBorrowed)
{
  Array bytes(SVAR_UINT8, {24});
  const double number = 2.5;
  memcpy(bytes.as<uint8_t>() + 4, &number, sizeof(number));
  const int64_t length = 1;
  DLTensor tensor = svar_tensor(SVAR_FLOAT64, bytes.as<uint8_t>() + 4, 1, &length);
  Variable s = zeros(SVAR_FLOAT64, {1});
  EXPECT_EQ(SVAR_ERR_TYPE, svar_set_value(s.get(), svar_array(&tensor), SVAR_BORROW));
  EXPECT_MESSAGE("not aligned");
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{0});
  ASSERT_SVAR_OK(svar_set_value(s.get(), svar_array(&tensor), SVAR_COPY));
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{2.5});
  expect_not_shared(SVAR_ERR_TYPE, svar_array(&tensor), borrowing(options()));
  EXPECT_MESSAGE("not aligned");
  EXPECT_EQ(read(shared(svar_array(&tensor))).as<double>(), std::vector<double>{2.5});
}

SVAR_NOT_ON(GPU, 63, "a GPU copies what lies on the host, borrowed or not")

SVAR_CASE_ON_HOST(64, AMappedFileIsAdoptedOrCopied)
{
  Map map;
  svar_shared_options_t strict = options();
  strict.strict = true;
  Variable s = shared(map.source(), strict);
  EXPECT_NE(cell(s), map.memory());
  ASSERT_SVAR_OK(svar_set_value(s.get(), map.source(), SVAR_BORROW));
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{7});
  EXPECT_EQ(cell(s) == map.memory(), !is_ipc());
  EXPECT_EQ(map.is_mapped(), !is_ipc());
  ASSERT_SVAR_OK(svar_set_value(s.get(), Array(SVAR_FLOAT64, {2}).source(), SVAR_COPY));
  EXPECT_FALSE(map.is_mapped());
}

SVAR_CASE_ON_HOST(64, AMappedFileIsAdoptedOrCopiedAtConstruction)
{
  Map map;
  Variable s = shared(map.source(), borrowing(options()));
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{7});
  EXPECT_EQ(cell(s) == map.memory(), !is_ipc());
  EXPECT_EQ(map.is_mapped(), !is_ipc());
  s.reset();
  EXPECT_FALSE(map.is_mapped());
}

SVAR_NOT_ON(GPU, 64, "a GPU copies what lies on the host, borrowed or not")

SVAR_CASE_ON(CPU, 67, ASecondAdoptionIsRefused)
{
  Managed<double> x(SVAR_FLOAT64, {1, 2});
  Variable a = shared(x.source(), borrowing(options()));
  expect_not_shared(SVAR_ERR_STATE, x.source(), borrowing(options()));
  EXPECT_EQ(read(a).as<double>(), (std::vector<double>{1, 2}));
  a.reset();
  EXPECT_EQ(x.deletions(), 1);
}
SVAR_NOT_ON(IPC, 67, "a store of shared memory copies what it did not loan")
SVAR_NOT_ON(GPU, 67, "a GPU copies what lies on the host, borrowed or not")

// --- the state without a value ---------------------------------------------------------------------

SVAR_CASE(56, NoValueIsAStateThatTheNextSetEnds)
{
  Variable s = zeros(SVAR_FLOAT64, {2});
  ASSERT_SVAR_OK(svar_set_value(s.get(), svar_none(), SVAR_COPY));
  svar_value_t value = SVAR_VALUE_INIT;
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    EXPECT_EQ(SVAR_ERR_UNSET, svar_get_value(s.get(), borrow, &value));
  }
  if (reader() != nullptr) {
    svar_variable_t *found = nullptr;
    ASSERT_SVAR_OK(svar_store_find(reader(), svar_variable_name(s.get()), &found));
    Variable seen(found);
    EXPECT_EQ(SVAR_ERR_UNSET, svar_get_value(seen.get(), SVAR_BORROW, &value));
  }
  set(s, Array(std::vector<double>{4}, {1}).source());
  EXPECT_EQ(read(s).as<double>(), std::vector<double>{4});
}

SVAR_CASE(56, AStrictVariableAlwaysHasAValue)
{
  Variable s = zeros(SVAR_FLOAT64, {2}, SVAR_DOWNCAST_UNSET, true);
  expect_refused(SVAR_ERR_TYPE, s, svar_none());
}

// --- zero ------------------------------------------------------------------------------------------

SVAR_CASE(130, ZeroKeepsShapeAndDtypeOfEveryDtype)
{
  const std::vector<std::vector<int64_t>> shapes = {{}, {2, 3}, {0, 3}};
  for (svar_dtype_t dtype : theano_dtypes()) {
    for (const std::vector<int64_t> &shape : shapes) {
      Array x(dtype, shape);
      uint64_t bytes = 0;
      ASSERT_SVAR_OK(svar_shape_bytes(dtype, x.tensor().ndim, x.tensor().shape, &bytes));
      for (uint64_t i = 0; i < bytes; i += svar_dtype_bytes(dtype)) {
        x.as<uint8_t>()[i] = 1;
      }
      Variable s = shared(x.source());
      ASSERT_SVAR_OK(svar_zero(s.get(), SVAR_BORROW));
      EXPECT_VALUE(s, Array(dtype, shape));
    }
  }
}

SVAR_CASE(131, ZeroLeavesEarlierViewsAlone)
{
  for (svar_dtype_t dtype : theano_dtypes()) {
    Array x(dtype, {3});
    x.as<uint8_t>()[0] = 1;
    Variable s = shared(x.source());
    svar_value_t before = SVAR_VALUE_INIT;
    ASSERT_SVAR_OK(svar_get_value(s.get(), SVAR_BORROW, &before));
    ASSERT_SVAR_OK(svar_zero(s.get(), SVAR_COPY));
    EXPECT_VALUE(s, Array(dtype, {3}));
    EXPECT_NE(cell(s), before.tensor.data);
    EXPECT_EQ(static_cast<uint8_t *>(before.tensor.data)[0], 1);
    svar_value_release(&before);
  }
}

SVAR_CASE(132, ZeroIsZeroWhateverTheValueWas)
{
  const std::vector<double> odd = {NAN, INFINITY, -INFINITY, -2};
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Variable s = shared(Array(odd, {4}).source());
    ASSERT_SVAR_OK(svar_zero(s.get(), borrow));
    EXPECT_VALUE(s, Array(SVAR_FLOAT64, {4}));
  }
}

SVAR_CASE(132, ZeroTakesStrictNumbersAndRefusesWhatHasNoZero)
{
  Variable strict = zeros(SVAR_FLOAT64, {}, SVAR_DOWNCAST_UNSET, true);
  EXPECT_SVAR_OK(svar_zero(strict.get(), SVAR_COPY));
  Variable unset = zeros(SVAR_FLOAT64, {});
  ASSERT_SVAR_OK(svar_set_value(unset.get(), svar_none(), SVAR_COPY));
  EXPECT_EQ(SVAR_ERR_UNSET, svar_zero(unset.get(), SVAR_COPY));
  Variable exponent = shared(Array(SVAR_FLOAT8_E8M0FNU, {2}).source());
  EXPECT_EQ(SVAR_ERR_TYPE, svar_zero(exponent.get(), SVAR_COPY));
  EXPECT_MESSAGE("has no zeros");
}

SVAR_CASE_ON(CPU, 134, ZeroNeverWritesAnAdoptedArray)
{
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Managed<double> x(SVAR_FLOAT64, {1, 2});
    Variable s = shared(x.source(), borrowing(options()));
    ASSERT_SVAR_OK(svar_zero(s.get(), borrow));
    EXPECT_EQ(x.deletions(), 1);
    EXPECT_EQ(x.data()[0], 1);
    EXPECT_VALUE(s, Array(SVAR_FLOAT64, {2}));
  }
}
SVAR_NOT_ON(IPC, 134, "a store of shared memory has no buffer of a caller's")
SVAR_NOT_ON(GPU, 134, "a GPU copies what lies on the host, borrowed or not")
