// Sparse matrices as values and as variables.
#include "case.hpp"
#include "fakes/sparse.hpp"

using conformance::Variable;

namespace
{

// (0 1 0)
// (2 0 3)
// (0 0 4)
struct Csr : Sparse<double> {
  Csr() : Sparse<double>(SVAR_SPARSE_CSR, 3, 3, {1, 2, 3, 4}, {1, 0, 2, 2}, {0, 1, 3, 4}) {}
};
const Dense CSR = {3, 3, {0, 1, 0, 2, 0, 3, 0, 0, 4}};

struct Read {
  svar_sparse_format_t format = SVAR_SPARSE_NONE;
  int64_t count = -1;
  Dense dense = {};
};

// A matrix of float64 by copy and by borrow, which must agree.
Read
read_sparse(svar_variable_t *variable)
{
  Read reads[2];
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
    svar_ret_t ret = svar_sparse_get(variable, borrow, &value);
    EXPECT_EQ(ret, SVAR_OK) << svar_error_message();
    if (ret == SVAR_OK) {
      EXPECT_SVAR_OK(svar_sparse_check(&value.matrix));
      EXPECT_EQ(value.is_alias, borrow == SVAR_BORROW);
      reads[borrow] = {value.matrix.format, value.matrix.count, dense_of(value.matrix)};
    }
    svar_sparse_value_release(&value);
  }
  EXPECT_EQ(reads[SVAR_COPY].dense, reads[SVAR_BORROW].dense);
  return reads[SVAR_COPY];
}

// As read_sparse(), and as another handle of the store sees it.
Read
read_everywhere(const Variable &variable, svar_store_t *reader)
{
  Read here = read_sparse(variable.get());
  if (reader != nullptr) {
    svar_variable_t *found = nullptr;
    EXPECT_SVAR_OK(svar_store_find(reader, svar_variable_name(variable.get()), &found));
    Variable seen(found);
    EXPECT_EQ(read_sparse(seen.get()).dense, here.dense) << "as another handle reads it";
  }
  return here;
}

// The set must fail with this code and change nothing.
void
expect_unchanged(svar_ret_t code, const Variable &variable, const svar_source_t &source)
{
  Dense before = read_sparse(variable.get()).dense;
  uint64_t version = svar_store_version(svar_variable_store(variable.get()));
  EXPECT_EQ(svar_set_value(variable.get(), source, SVAR_COPY), code) << svar_error_message();
  EXPECT_EQ(svar_store_version(svar_variable_store(variable.get())), version);
  EXPECT_EQ(read_sparse(variable.get()).dense, before);
}

} // namespace

SVAR_CASE_OF_NO_ARRAY(214, TheFormatOptionConverts)
{
  Csr csr;
  svar_shared_options_t as_csc = options();
  as_csc.sparse_format = SVAR_SPARSE_CSC;
  Variable variable = shared(csr.source(), as_csc);
  Read read = read_everywhere(variable, reader());
  EXPECT_EQ(read.format, SVAR_SPARSE_CSC);
  EXPECT_EQ(read.dense, CSR);

  svar_shared_options_t strictly = options();
  strictly.sparse_format = SVAR_SPARSE_CSC;
  strictly.strict = true;
  expect_not_shared(SVAR_ERR_TYPE, csr.source(), strictly);

  Array dense(SVAR_FLOAT64, {2, 2});
  svar_shared_options_t of_dense = options();
  of_dense.sparse_format = SVAR_SPARSE_CSR;
  expect_not_shared(SVAR_ERR_TYPE, dense.source(), of_dense);
  expect_not_shared(SVAR_ERR_TYPE, svar_int(7), of_dense);
}

SVAR_CASE_OF_NO_ARRAY(214, OtherFormatsAndDtypesAreNotImplemented)
{
  Csr csr;
  csr.matrix().format = SVAR_SPARSE_COO;
  Sparse<double> coo(SVAR_SPARSE_COO, 1, 1, {1}, {0}, {0});
  expect_not_shared(SVAR_ERR_NOT_IMPLEMENTED, coo.source(), options());
  csr.matrix().format = static_cast<svar_sparse_format_t>(7);
  expect_not_shared(SVAR_ERR_NOT_IMPLEMENTED, csr.source(), options());
  csr.matrix().format = SVAR_SPARSE_CSR;
  csr.matrix().dtype = SVAR_FLOAT16;
  expect_not_shared(SVAR_ERR_NOT_IMPLEMENTED, csr.source(), options());
}

SVAR_CASE_OF_NO_ARRAY(215, TheVariableAndTheSourceShareNothing)
{
  for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
    Csr csr;
    svar_shared_options_t given = options();
    given.borrow = borrow;
    Variable variable = shared(csr.source(), given);
    csr.data()[0] = 100;
    EXPECT_EQ(read_everywhere(variable, reader()).dense, CSR);

    ASSERT_SVAR_OK(svar_set_value(variable.get(), csr.source(), borrow));
    csr.data()[0] = 200;
    EXPECT_EQ(read_everywhere(variable, reader()).dense.numbers[1], 100);

    svar_sparse_value_t copy = SVAR_SPARSE_VALUE_INIT;
    ASSERT_SVAR_OK(svar_sparse_get(variable.get(), SVAR_COPY, &copy));
    const_cast<double *>(static_cast<const double *>(copy.matrix.data))[0] = 300;
    svar_sparse_value_release(&copy);
    EXPECT_EQ(read_everywhere(variable, reader()).dense.numbers[1], 100);
  }
}

SVAR_CASE_OF_NO_ARRAY(216, AMatrixMayChangeItsShape)
{
  Csr csr;
  Variable variable = shared(csr.source());
  Sparse<double> other(SVAR_SPARSE_CSR, 2, 5, {1, 2}, {4, 0}, {0, 1, 2});
  ASSERT_SVAR_OK(svar_set_value(variable.get(), other.source(), SVAR_COPY));
  EXPECT_EQ(read_everywhere(variable, reader()).dense,
            (Dense{2, 5, {0, 0, 0, 0, 1, 2, 0, 0, 0, 0}}));
}

SVAR_CASE_OF_NO_ARRAY(217, WhatIsNotOfTheFormatIsConverted)
{
  Csr csr;
  Variable variable = shared(csr.source());
  auto expect_converted = [&](const svar_source_t &source, const Dense &expected) {
    EXPECT_SVAR_OK(svar_set_value(variable.get(), source, SVAR_COPY));
    Read read = read_everywhere(variable, reader());
    EXPECT_EQ(read.format, SVAR_SPARSE_CSR);
    EXPECT_EQ(read.dense, expected);
  };
  const Dense expected = {2, 2, {0, 1.5, 2, 0}};
  Array dense(expected.numbers, {2, 2});
  expect_converted(dense.source(), expected);
  Sparse<double, int64_t> csc(SVAR_SPARSE_CSC, 2, 2, {2, 1.5}, {1, 0}, {0, 1, 2});
  expect_converted(csc.source(), expected);
  Sparse<double> coo(SVAR_SPARSE_COO, 2, 2, {2, 1.5}, {0, 1}, {1, 0});
  expect_converted(coo.source(), expected);
  const int64_t shape[2] = {2, 2};
  expect_converted(svar_literals(SVAR_FLOAT64, expected.numbers.data(), 2, shape), expected);
  const int64_t two = 2;
  expect_converted(svar_literals(SVAR_FLOAT64, expected.numbers.data(), 1, &two),
                   (Dense{1, 2, {0, 1.5}})); // a row
}

SVAR_CASE_OF_NO_ARRAY(218, NothingIsUpcast)
{
  Csr csr;
  Variable variable = shared(csr.source());
  Sparse<float> narrow(SVAR_SPARSE_CSR, 1, 2, {0.5f}, {1}, {0, 1});
  Sparse<int32_t> whole(SVAR_SPARSE_CSR, 1, 2, {5}, {1}, {0, 1});
  expect_unchanged(SVAR_ERR_NOT_IMPLEMENTED, variable, narrow.source());
  EXPECT_MESSAGE("a sparse variable upcasts nothing");
  expect_unchanged(SVAR_ERR_NOT_IMPLEMENTED, variable, whole.source());

  svar_shared_options_t given = options();
  given.allow_downcast = SVAR_DOWNCAST_TRUE;
  Variable casting = shared(csr.source(), given);
  ASSERT_SVAR_OK(svar_set_value(casting.get(), narrow.source(), SVAR_COPY));
  EXPECT_EQ(read_everywhere(casting, reader()).dense, (Dense{1, 2, {0, 0.5}}));
  ASSERT_SVAR_OK(svar_set_value(casting.get(), whole.source(), SVAR_COPY));
  EXPECT_EQ(read_everywhere(casting, reader()).dense, (Dense{1, 2, {0, 5}}));

  svar_shared_options_t down = options();
  down.allow_downcast = SVAR_DOWNCAST_TRUE;
  Variable single = shared(narrow.source(), down);
  ASSERT_SVAR_OK(svar_set_value(single.get(), csr.source(), SVAR_COPY));
  svar_sparse_value_t value = SVAR_SPARSE_VALUE_INIT;
  ASSERT_SVAR_OK(svar_sparse_get(single.get(), SVAR_BORROW, &value));
  EXPECT_TRUE(svar_dtype_equal(value.matrix.dtype, SVAR_FLOAT32));
  EXPECT_EQ(static_cast<const float *>(value.matrix.data)[3], 4.0f);
  svar_sparse_value_release(&value);
}

SVAR_CASE_OF_NO_ARRAY(219, AStrictVariableTakesItsOwnFormatAndDtypeOnly)
{
  Csr csr;
  svar_shared_options_t strictly = options();
  strictly.strict = true;
  Variable variable = shared(csr.source(), strictly);
  Array dense(SVAR_FLOAT64, {2, 2});
  Sparse<double> csc(SVAR_SPARSE_CSC, 1, 1, {1}, {0}, {0, 1});
  Sparse<float> narrow(SVAR_SPARSE_CSR, 1, 1, {1}, {0}, {0, 1});
  expect_unchanged(SVAR_ERR_TYPE, variable, dense.source());
  expect_unchanged(SVAR_ERR_TYPE, variable, csc.source());
  expect_unchanged(SVAR_ERR_TYPE, variable, narrow.source());
  EXPECT_MESSAGE("it is strict: only csr matrices of exactly float64 are accepted");
  Sparse<double, int64_t> same(SVAR_SPARSE_CSR, 1, 1, {1}, {0}, {0, 1});
  EXPECT_SVAR_OK(svar_set_value(variable.get(), same.source(), SVAR_COPY));
  EXPECT_EQ(read_everywhere(variable, reader()).dense, (Dense{1, 1, {1}}));
}

SVAR_CASE_OF_NO_ARRAY(220, ZeroLeavesNoEntry)
{
  Csr csr;
  Sparse<double> bsr(SVAR_SPARSE_BSR, 2, 4, {1, 2, 3, 4}, {1}, {0, 1}, 2, 2);
  for (const svar_source_t &source : {csr.source(), bsr.source()}) {
    for (svar_borrow_t borrow : {SVAR_COPY, SVAR_BORROW}) {
      Variable variable = shared(source);
      Read before = read_everywhere(variable, reader());
      uint64_t version = svar_store_version(svar_variable_store(variable.get()));
      ASSERT_SVAR_OK(svar_zero(variable.get(), borrow));
      EXPECT_EQ(svar_store_version(svar_variable_store(variable.get())), version + 1);
      Read after = read_everywhere(variable, reader());
      EXPECT_EQ(after.format, before.format);
      EXPECT_EQ(after.count, 0);
      for (double &number : before.dense.numbers) {
        number = 0;
      }
      EXPECT_EQ(after.dense, before.dense);
    }
  }
}
