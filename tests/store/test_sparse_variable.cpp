// Sparse variables: four tensors that change in one commit, in private memory and in a store.
#include <random>

#include "fakes/failing_heap.hpp"
#include "fakes/scratch.hpp"
#include "fakes/sparse.hpp"

namespace
{

using svar_test::Child;
using svar_test::create_store;
using svar_test::find;
using svar_test::open_store;
using svar_test::ScratchDirectory;
using svar_test::Store;
using svar_test::Variable;

// A matrix that was read, released at the end of the scope.
class Matrix
{
public:
  explicit Matrix(const Variable &variable, svar_borrow_t borrow = SVAR_BORROW)
  {
    EXPECT_SVAR_OK(svar_sparse_get(variable.get(), borrow, &value_));
  }
  ~Matrix()
  {
    svar_sparse_value_release(&value_);
  }
  Matrix(const Matrix &) = delete;
  Matrix &operator=(const Matrix &) = delete;

  const svar_sparse_t *operator->() const
  {
    return &value_.matrix;
  }
  const svar_sparse_value_t &value() const
  {
    return value_;
  }
  Dense dense() const
  {
    EXPECT_SVAR_OK(svar_sparse_check(&value_.matrix));
    return dense_of(value_.matrix);
  }

private:
  svar_sparse_value_t value_ = SVAR_SPARSE_VALUE_INIT;
};

Variable
make(const svar_source_t &source, const svar_shared_options_t &options)
{
  svar_variable_t *variable = nullptr;
  EXPECT_SVAR_OK(svar_shared(source, &options, &variable));
  return Variable(variable);
}

Variable
make(const Store &store, const char *name, const svar_source_t &source)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store.get();
  options.name = name;
  return make(source, options);
}

// (0 1 0)
// (2 0 3)
struct Small : Sparse<double> {
  Small() : Sparse<double>(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {1, 0, 2}, {0, 1, 3}) {}
};
const Dense SMALL = {2, 3, {0, 1, 0, 2, 0, 3}};

// A store of its own for each test; removed at the end.
class SparseVariable : public ::testing::Test
{
protected:
  void TearDown() override
  {
    ASSERT_SVAR_OK(svar_store_remove(store_.get()));
  }
  ScratchDirectory directory_;
  Store store_ = create_store("/sparse");
};

TEST_F(SparseVariable, AnotherProcessFindsIt)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  Child child([] {
    Store reader = open_store("/sparse");
    Variable found = find(reader, "w");
    svar_type_t type = svar_variable_type(found.get());
    Matrix matrix(found);
    bool is_right = type.kind == SVAR_KIND_SPARSE && type.format == SVAR_SPARSE_CSR &&
                    svar_dtype_equal(type.dtype, SVAR_FLOAT64) && type.ndim == 2 &&
                    matrix.dense() == SMALL && matrix.value().is_alias;
    svar_variable_t *data = nullptr;
    is_right = is_right && svar_store_find(reader.get(), "w.data", &data) == SVAR_OK;
    svar_variable_unref(data);
    return is_right ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(SparseVariable, FourPartsChangeInOneCommit)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  EXPECT_EQ(svar_store_version(store_.get()), 1u);
  Sparse<double> other(SVAR_SPARSE_CSR, 4, 2, {5}, {1}, {0, 0, 0, 0, 1});
  Matrix before(w);
  ASSERT_SVAR_OK(svar_set_value(w.get(), other.source(), SVAR_COPY));
  EXPECT_EQ(svar_store_version(store_.get()), 2u);
  EXPECT_EQ(before.dense(), SMALL); // a view is of one version, whatever comes after
  EXPECT_EQ(before.value().version, 1u);
  Matrix after(w);
  EXPECT_EQ(after.dense(), (Dense{4, 2, {0, 0, 0, 0, 0, 0, 0, 5}}));
  EXPECT_EQ(after.value().version, 2u);
}

TEST_F(SparseVariable, ABorrowTakesOnePin)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  Matrix view(w);
  uint32_t pins = 0;
  ASSERT_SVAR_OK(svar_store_readers(
      store_.get(),
      [](const svar_store_reader_t *reader, void *context) {
        *static_cast<uint32_t *>(context) += reader->pin_count;
        return true;
      },
      &pins));
  EXPECT_EQ(pins, 1u);
}

TEST_F(SparseVariable, ACopyIsTheCallersOwn)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  Matrix copy(w, SVAR_COPY);
  Matrix view(w);
  EXPECT_FALSE(copy.value().is_alias);
  EXPECT_NE(copy->data, view->data);
  EXPECT_EQ(copy.dense(), SMALL);
  for (const void *array : {copy->data, copy->indices, copy->indptr}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array) % 64, 0u);
  }
}

TEST_F(SparseVariable, ChangesWithALargerTransaction)
{
  Small small;
  Variable bias = svar_test::make_variable<double>(store_, "b", {1});
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store_.get();
  options.name = "w";
  options.transaction = change;
  Variable w = make(small.source(), options);
  svar_test::Array<double> two({2});
  ASSERT_SVAR_OK(svar_transaction_set(change, bias.get(), two.source()));
  svar_variable_t *early = nullptr;
  EXPECT_EQ(svar_store_find(store_.get(), "w", &early), SVAR_ERR_NOT_FOUND);
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(svar_store_version(store_.get()), 2u);
  EXPECT_EQ(Matrix(w).dense(), SMALL);

  Sparse<double> other(SVAR_SPARSE_CSR, 1, 1, {7}, {0}, {0, 1});
  Sparse<double> third(SVAR_SPARSE_CSR, 1, 2, {7, 8}, {0, 1}, {0, 2});
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_set(change, w.get(), other.source()));
  ASSERT_SVAR_OK(svar_transaction_set(change, w.get(), third.source()));   // replaces the first
  EXPECT_EQ(svar_transaction_set(change, w.get(), two.source()), SVAR_OK); // a row of one
  svar_random_state_t state = svar_random_seeded(1);
  EXPECT_EQ(svar_transaction_set(change, w.get(), svar_random_source(&state)),
            SVAR_ERR_TYPE); // changes nothing
  EXPECT_EQ(Matrix(w).dense(), SMALL);
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(Matrix(w).dense(), (Dense{1, 1, {2}}));

  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_set(change, w.get(), small.source()));
  svar_transaction_abort(change);
  EXPECT_EQ(Matrix(w).dense(), (Dense{1, 1, {2}}));
}

TEST_F(SparseVariable, ASnapshotHoldsItBesideTensors)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  Variable bias = svar_test::make_variable<double>(store_, "b", {1});
  svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
  ASSERT_SVAR_OK(svar_snapshot_begin(store_.get(), &now));
  Sparse<double> other(SVAR_SPARSE_CSR, 1, 1, {7}, {0}, {0, 1});
  ASSERT_SVAR_OK(svar_set_value(w.get(), other.source(), SVAR_COPY));
  svar_sparse_value_t matrix = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_snapshot_get_sparse(&now, w.get(), &matrix));
  EXPECT_EQ(dense_of(matrix.matrix), SMALL);
  EXPECT_EQ(matrix.version, 1u);
  EXPECT_TRUE(matrix.is_alias);
  svar_sparse_value_release(&matrix); // the snapshot still holds it
  svar_value_t view = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "svar_snapshot_get_sparse() views a sparse matrix",
                    svar_snapshot_get(&now, w.get(), &view));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "variable 'b' is Tensor(float64, (?)), not a sparse matrix",
                    svar_snapshot_get_sparse(&now, bias.get(), &matrix));
  svar_snapshot_end(&now);
}

TEST_F(SparseVariable, IsNoTensor)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  svar_value_t value = SVAR_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "variable 'w' is sparse",
                    svar_get_value(w.get(), SVAR_COPY, &value));
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "it can be set, but not loaned",
                    svar_transaction_loan(change, w.get(), nullptr, false, &value));
  Store other = create_store("/other");
  Variable stranger = make(other, "w", small.source());
  EXPECT_EQ(svar_transaction_set(change, stranger.get(), small.source()), SVAR_ERR_ARGUMENT);
  svar_transaction_abort(change);
  ASSERT_SVAR_OK(svar_store_remove(other.get()));
}

TEST_F(SparseVariable, TheNextHolderGoesOnWithIt)
{
  Sparse<float> bsr(SVAR_SPARSE_BSR, 4, 4, {1, 2, 3, 4}, {1}, {0, 1, 1}, 2, 2);
  make(store_, "w", bsr.source());
  store_.reset();
  store_ = create_store("/sparse");
  Variable w = find(store_, "w");
  Matrix before(w);
  EXPECT_EQ(before->format, SVAR_SPARSE_BSR);
  EXPECT_EQ(before->block[0], 2);
  EXPECT_EQ(before->count, 1);
  Sparse<float, int64_t> wide(SVAR_SPARSE_BSR, 4, 6, {1, 2, 3, 4, 5, 6}, {1}, {0, 0, 1}, 2, 3);
  ASSERT_SVAR_OK(svar_set_value(w.get(), wide.source(), SVAR_COPY)); // narrows its indices
  Matrix after(w);
  EXPECT_TRUE(svar_dtype_equal(after->index_dtype, SVAR_INT32));
  EXPECT_EQ(after->block[1], 3);
  EXPECT_EQ(static_cast<const float *>(after->data)[5], 6);
  Sparse<double> doubles(SVAR_SPARSE_CSR, 1, 1, {1}, {0}, {0, 1});
  EXPECT_EQ(svar_set_value(w.get(), doubles.source(), SVAR_COPY), SVAR_ERR_NOT_IMPLEMENTED);
}

TEST_F(SparseVariable, WhatTheIndicesCannotHoldIsRefused)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  const int64_t columns = (INT64_C(1) << 31) + 1;
  Sparse<double, int64_t> wide(SVAR_SPARSE_CSR, 1, columns, {1}, {columns - 1}, {0, 1});
  EXPECT_SVAR_FAILS(SVAR_ERR_RANGE, "beyond its int32 indices",
                    svar_set_value(w.get(), wide.source(), SVAR_COPY));
  Variable v = make(store_, "v", wide.source());
  Matrix matrix(v);
  EXPECT_EQ(static_cast<const int64_t *>(matrix->indices)[0], columns - 1);
}

TEST_F(SparseVariable, ANameThatAPartNeedsIsTaken)
{
  Small small;
  Variable taken = svar_test::make_variable<double>(store_, "w.indices", {1});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store_.get();
  options.name = "w";
  svar_variable_t *none = nullptr;
  EXPECT_EQ(svar_shared(small.source(), &options, &none), SVAR_ERR_EXISTS);
  Variable w = svar_test::make_variable<double>(store_, "w", {1}); // nothing was left of it
  Variable data = svar_test::make_variable<double>(store_, "w.data", {1});
  data = find(store_, "w.data");
  EXPECT_SVAR_OK(svar_test::set<double>(data, {1, 2})); // it is no part, for 'w' is not sparse
}

TEST_F(SparseVariable, APartIsNotSetAlone)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  Variable plain = svar_test::make_variable<double>(store_, "plain", {1, 2, 3});
  for (const char *name : {"w.data", "w.indices", "w.indptr"}) {
    SCOPED_TRACE(name);
    Variable part = find(store_, name);
    svar_container_readonly_set(svar_variable_container(part.get()), false);
    svar_test::Array<double> numbers({1, 2, 3});
    svar_value_t hole = SVAR_VALUE_INIT;
    svar_transaction_t *change = nullptr;
    const char *remedy = "is a part of a sparse variable";
    EXPECT_SVAR_FAILS(SVAR_ERR_STATE, remedy,
                      svar_set_value(part.get(), numbers.source(), SVAR_COPY));
    EXPECT_SVAR_FAILS(SVAR_ERR_STATE, remedy, svar_set_value(part.get(), svar_none(), SVAR_BORROW));
    EXPECT_SVAR_FAILS(SVAR_ERR_STATE, remedy, svar_zero(part.get(), SVAR_COPY));
    ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
    EXPECT_SVAR_FAILS(SVAR_ERR_STATE, remedy,
                      svar_transaction_set(change, part.get(), numbers.source()));
    EXPECT_SVAR_FAILS(SVAR_ERR_STATE, remedy,
                      svar_transaction_loan(change, part.get(), nullptr, true, &hole));
    EXPECT_SVAR_FAILS(SVAR_ERR_STATE, remedy,
                      svar_transaction_assign(change, part.get(), plain.get()));
    if (std::string(name) == "w.data") { // what is read of a part is anybody's
      EXPECT_SVAR_OK(svar_transaction_assign(change, plain.get(), part.get()));
    }
    ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  }
  EXPECT_EQ(Matrix(w).dense(), SMALL);
  EXPECT_EQ(svar_test::get<double>(plain), (std::vector<double>{1, 2, 3}));
  store_.reset();
  store_ = create_store("/sparse");
  EXPECT_SVAR_FAILS(SVAR_ERR_STATE, "'w.data' is a part",
                    svar_test::set<double>(find(store_, "w.data"), {1, 2, 3}));
}

// As by an enemy that holds the store: writes number over the last one of the stored `numbers`.
void
scribble(const std::string &path, const std::vector<int32_t> &numbers, int32_t number)
{
  FILE *file = fopen(path.c_str(), "r+");
  ASSERT_NE(file, nullptr) << path;
  std::vector<int32_t> line(16); // values begin at multiples of 64 bytes
  int found = 0;
  for (long at = 0; fread(line.data(), 64, 1, file) == 1; at += 64) {
    if (std::equal(numbers.begin(), numbers.end(), line.begin())) {
      found++;
      ASSERT_EQ(fseek(file, at + static_cast<long>(numbers.size() - 1) * 4, SEEK_SET), 0);
      ASSERT_EQ(fwrite(&number, 4, 1, file), 1u);
      ASSERT_EQ(fseek(file, at + 64, SEEK_SET), 0);
    }
  }
  fclose(file);
  ASSERT_GE(found, 1);
}

TEST_F(SparseVariable, PartsThatContradictEachOtherAreNoMatrix)
{
  Sparse<double> small(SVAR_SPARSE_CSR, 6, 3, {1, 2, 3}, {1, 0, 2}, {0, 1, 1, 2, 2, 2, 3});
  Variable w = make(store_, "w", small.source());
  for (const std::string &file : directory_.files()) {
    if (file.find(".state") != std::string::npos) {
      scribble(directory_.path() + "/" + file, {0, 1, 1, 2, 2, 2, 3}, 4);
    }
  }
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  EXPECT_SVAR_FAILS(SVAR_ERR_CORRUPT, "its parts contradict each other in version 1",
                    svar_sparse_get(w.get(), SVAR_COPY, &value));
  ASSERT_SVAR_OK(svar_set_value(w.get(), small.source(), SVAR_COPY)); // mends it
  EXPECT_EQ(Matrix(w)->count, 3);
}

// --- no value ------------------------------------------------------------------------------------------

svar_ret_t
read_code(const Variable &w)
{
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  svar_ret_t ret = svar_sparse_get(w.get(), SVAR_BORROW, &value);
  svar_sparse_value_release(&value);
  return ret;
}

TEST_F(SparseVariable, IsUnsetAsAWhole)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  Matrix before(w);
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_none(), SVAR_COPY));
  EXPECT_EQ(svar_store_version(store_.get()), 2u);
  EXPECT_EQ(before.dense(), SMALL); // a view is of one version, whatever comes after
  EXPECT_EQ(read_code(w), SVAR_ERR_UNSET);
  EXPECT_EQ(svar_zero(w.get(), SVAR_COPY), SVAR_ERR_UNSET);
  Child child([] {
    Store reader = open_store("/sparse");
    bool is_unset = read_code(find(reader, "w")) == SVAR_ERR_UNSET;
    svar_value_t part = SVAR_VALUE_INIT;
    return is_unset && svar_get_value(find(reader, "w.data").get(), SVAR_BORROW, &part) ==
                           SVAR_ERR_UNSET
               ? 0
               : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  ASSERT_SVAR_OK(svar_set_value(w.get(), small.source(), SVAR_COPY));
  EXPECT_EQ(Matrix(w).dense(), SMALL);
}

TEST_F(SparseVariable, IsUnsetWithALargerTransaction)
{
  Small small;
  Variable w = make(store_, "w", small.source());
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_set(change, w.get(), svar_none()));
  ASSERT_SVAR_OK(svar_transaction_set(change, w.get(), small.source())); // replaces it
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(Matrix(w).dense(), SMALL);
  ASSERT_SVAR_OK(svar_transaction_begin(store_.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_set(change, w.get(), small.source()));
  ASSERT_SVAR_OK(svar_transaction_set(change, w.get(), svar_none()));
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  EXPECT_EQ(read_code(w), SVAR_ERR_UNSET);
  store_.reset();
  store_ = create_store("/sparse"); // the next holder finds it unset
  w = find(store_, "w");
  EXPECT_EQ(read_code(w), SVAR_ERR_UNSET);
  ASSERT_SVAR_OK(svar_set_value(w.get(), small.source(), SVAR_COPY));
  EXPECT_EQ(Matrix(w).dense(), SMALL);
}

TEST_F(SparseVariable, IsNotUnsetIfStrictOrReadOnly)
{
  Small small;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store_.get();
  options.name = "w";
  options.strict = true;
  Variable w = make(small.source(), options);
  EXPECT_SVAR_FAILS(SVAR_ERR_TYPE, "sparse variable 'w' is strict",
                    svar_set_value(w.get(), svar_none(), SVAR_COPY));
  Variable found = find(store_, "w"); // a handle of its own, which is not strict
  svar_container_readonly_set(svar_variable_container(found.get()), true);
  EXPECT_EQ(svar_set_value(found.get(), svar_none(), SVAR_COPY), SVAR_ERR_STATE);
  EXPECT_EQ(Matrix(w).dense(), SMALL);
}

// A store that is too small for the whole keeps the old matrix, and the rest of the transaction.
TEST(SparseVariableFull, AllOrNoneOfItIsSet)
{
  ScratchDirectory directory;
  svar_store_options_t limits = SVAR_STORE_OPTIONS_INIT;
  limits.capacity_bytes = 1 << 20;
  Store store = create_store("/full", &limits);
  Small small;
  Variable w = make(store, "w", small.source());
  Variable bias = svar_test::make_variable<double>(store, "b", {1});
  std::vector<int64_t> zeros(2, 0);
  // indptr alone is beyond the capacity; the other parts would fit.
  Sparse<double, int64_t> tall(SVAR_SPARSE_CSR, 200000, 3, {1}, {0},
                               std::vector<int64_t>(200001, 1));
  const_cast<int64_t *>(static_cast<const int64_t *>(tall.matrix().indptr))[0] = 0;
  svar_test::Array<double> two({2});
  svar_transaction_t *change = nullptr;
  ASSERT_SVAR_OK(svar_transaction_begin(store.get(), &change));
  ASSERT_SVAR_OK(svar_transaction_set(change, bias.get(), two.source()));
  EXPECT_EQ(svar_transaction_set(change, w.get(), tall.source()), SVAR_OK); // int32: 800 KB
  EXPECT_EQ(svar_transaction_set(change, w.get(), tall.source()), SVAR_ERR_NO_SPACE);
  ASSERT_SVAR_OK(svar_transaction_commit(change, nullptr));
  Matrix matrix(w);
  EXPECT_EQ(matrix->shape[0], 200000); // what was set before
  EXPECT_EQ(matrix->count, 1);
  EXPECT_EQ(svar_test::get<double>(bias), std::vector<double>{2});
  ASSERT_SVAR_OK(svar_store_remove(store.get()));
}

// A matrix to be converted, so that every kind of allocation is met.
svar_ret_t
make_and_use(svar_store_t *store)
{
  Sparse<double> coo(SVAR_SPARSE_COO, 2, 3, {1, 2, 3}, {1, 0, 2}, {0, 1, 1});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = store;
  options.name = "w";
  options.sparse_format = SVAR_SPARSE_CSC;
  svar_variable_t *made = nullptr;
  SVAR_TRY(svar_shared(coo.source(), &options, &made));
  Variable w(made);
  Sparse<double> bsr(SVAR_SPARSE_BSR, 2, 2, {1, 2, 3, 4}, {0}, {0, 1}, 2, 2);
  SVAR_TRY(svar_set_value(made, bsr.source(), SVAR_COPY));
  svar_sparse_value_t copy = SVAR_SPARSE_VALUE_INIT;
  SVAR_TRY(svar_sparse_get(made, SVAR_COPY, &copy));
  svar_sparse_value_release(&copy);
  svar_variable_t *found = nullptr;
  SVAR_TRY(svar_store_find(store, "w", &found));
  svar_variable_unref(found);
  return SVAR_OK;
}

TEST(SparseVariableFault, SurvivesEveryFailedAllocation)
{
  svar_ret_t ret = SVAR_ERR_NO_MEMORY;
  for (int nth = 0; ret != SVAR_OK; nth++) {
    ASSERT_LT(nth, 200);
    FailingHeap heap(nth);
    svar_allocator_t allocator = heap.allocator();
    svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
    options.allocator = &allocator;
    svar_store_t *store = nullptr;
    ret = svar_store_create_private("/heap", &options, &store);
    if (ret == SVAR_OK) {
      ret = make_and_use(store);
      svar_store_close(store);
    }
    ASSERT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NO_MEMORY) << svar_error_message();
    ASSERT_EQ(heap.live(), 0) << "after failing allocation " << nth;
  }
}

// --- conversions: every format from every other, on private memory ------------------------------------

Dense
random_dense(std::mt19937 *random, int64_t rows, int64_t columns)
{
  Dense dense = {rows, columns, std::vector<double>(static_cast<size_t>(rows * columns))};
  for (double &number : dense.numbers) {
    number = (*random)() % 4 == 0 ? static_cast<double>((*random)() % 100) + 1 : 0;
  }
  return dense;
}

TEST(SparseConversion, EveryFormatMeansTheSameMatrix)
{
  std::mt19937 random(1);
  const int64_t shapes[][2] = {{1, 1}, {6, 4}, {4, 6}, {8, 2}, {0, 3}, {3, 0}};
  for (const int64_t *shape : shapes) {
    Dense dense = random_dense(&random, shape[0], shape[1]);
    Array array(dense.numbers, {shape[0], shape[1]});
    for (svar_sparse_format_t first : {SVAR_SPARSE_CSR, SVAR_SPARSE_CSC, SVAR_SPARSE_BSR}) {
      for (svar_sparse_format_t second : {SVAR_SPARSE_CSR, SVAR_SPARSE_CSC, SVAR_SPARSE_BSR}) {
        Sparse<double> empty(SVAR_SPARSE_COO, 1, 1, {}, {}, {});
        svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
        options.sparse_format = first;
        Variable from = make(empty.source(), options);
        options.sparse_format = second;
        Variable to = make(empty.source(), options);
        ASSERT_SVAR_OK(svar_set_value(from.get(), array.source(), SVAR_COPY));
        Matrix between(from);
        EXPECT_EQ(between->format, first);
        EXPECT_EQ(between.dense(), dense);
        ASSERT_SVAR_OK(
            svar_set_value(to.get(), svar_sparse_source(&between.value().matrix), SVAR_COPY));
        EXPECT_EQ(Matrix(to)->format, second);
        EXPECT_EQ(Matrix(to).dense(), dense);
        EXPECT_EQ(Matrix(to)->count, between->count);
      }
    }
  }
}

TEST(SparseConversion, BlocksBecomeEntries)
{
  Sparse<double> bsr(SVAR_SPARSE_BSR, 4, 4, {1, 2, 3, 4, 5, 0, 7, 8}, {1, 0}, {0, 1, 2}, 2, 2);
  for (svar_sparse_format_t format : {SVAR_SPARSE_CSR, SVAR_SPARSE_CSC}) {
    svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
    options.sparse_format = format;
    Variable w = make(bsr.source(), options);
    EXPECT_EQ(Matrix(w).dense(), dense_of(bsr.matrix()));
    EXPECT_EQ(Matrix(w)->count, 8); // a block's zeros are entries
  }
}

TEST(SparseConversion, CooKeepsWhatIsThereTwice)
{
  Sparse<double> coo(SVAR_SPARSE_COO, 2, 3, {1, 2, 4, 8}, {2, 0, 2, 1}, {1, 0, 1, 1});
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.sparse_format = SVAR_SPARSE_CSR;
  Variable w = make(coo.source(), options);
  EXPECT_EQ(Matrix(w)->count, 4);
  EXPECT_EQ(Matrix(w).dense(), (Dense{2, 3, {2, 0, 0, 0, 8, 5}}));
}

TEST(SparseConversion, DenseZerosOfEitherSignAreLeftOut)
{
  Small small;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  Variable w = make(small.source(), options);
  Array numbers = Array(std::vector<double>{0.0, -0.0, NAN, 5e-324}, {2, 2});
  ASSERT_SVAR_OK(svar_set_value(w.get(), numbers.source(), SVAR_COPY));
  EXPECT_EQ(Matrix(w)->count, 2);

  int64_t shape[2] = {3, 2};
  int64_t strides[2] = {1, 3}; // SMALL, turned
  DLTensor turned = svar_tensor(SVAR_FLOAT64, (void *)SMALL.numbers.data(), 2, shape);
  turned.strides = strides;
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_array(&turned), SVAR_COPY));
  EXPECT_EQ(Matrix(w).dense(), (Dense{3, 2, {0, 2, 1, 0, 0, 3}}));

  const double number = 4;
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_scalar(SVAR_FLOAT64, &number), SVAR_COPY));
  EXPECT_EQ(Matrix(w).dense(), (Dense{1, 1, {4}}));
  Array row = Array(std::vector<double>{0, 6}, {2});
  ASSERT_SVAR_OK(svar_set_value(w.get(), row.source(), SVAR_COPY));
  EXPECT_EQ(Matrix(w).dense(), (Dense{1, 2, {0, 6}}));
  Array cube = Array(std::vector<double>{0, 6}, {1, 2, 1});
  EXPECT_EQ(svar_set_value(w.get(), cube.source(), SVAR_COPY), SVAR_ERR_TYPE);
}

TEST(SparseConversion, AnArrayThatIsMovedInIsGivenBack)
{
  Small small;
  Variable w = make(small.source(), SVAR_SHARED_OPTIONS_INIT);
  Array dense(SVAR_FLOAT64, {2, 2});
  int deletions = 0;
  DLManagedTensor managed = {dense.source().tensor, &deletions, [](DLManagedTensor *self) {
                               ++*static_cast<int *>(self->manager_ctx);
                             }};
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_managed(&managed), SVAR_COPY));
  EXPECT_EQ(deletions, 0);
  ASSERT_SVAR_OK(svar_set_value(w.get(), svar_managed(&managed), SVAR_BORROW));
  EXPECT_EQ(deletions, 1);
}

TEST(SparseConversion, ComplexEntriesWithOneHalfStay)
{
  using Complex = std::complex<float>;
  Sparse<Complex> x(SVAR_SPARSE_CSR, 1, 1, {}, {}, {0, 0});
  Variable w = make(x.source(), SVAR_SHARED_OPTIONS_INIT);
  Array numbers = Array(std::vector<Complex>{{0, 0}, {0, 1}, {-0.0f, 0}, {2, 0}}, {2, 2});
  ASSERT_SVAR_OK(svar_set_value(w.get(), numbers.source(), SVAR_COPY));
  Matrix matrix(w);
  ASSERT_EQ(matrix->count, 2);
  EXPECT_EQ(static_cast<const Complex *>(matrix->data)[0], Complex(0, 1));
  EXPECT_EQ(static_cast<const Complex *>(matrix->data)[1], Complex(2, 0));
}

} // namespace
