// What a sparse matrix is: checks, and the position of what is wrong.
#include <gtest/gtest.h>

#include <string>

#include "fakes/sparse.hpp"

namespace
{

void
expect_bad(svar_ret_t code, const svar_sparse_t &matrix, const std::string &text)
{
  EXPECT_EQ(svar_sparse_check(&matrix), code);
  EXPECT_NE(std::string(svar_error_message()).find(text), std::string::npos)
      << svar_error_message();
}

TEST(Sparse, FormatsHaveSciPysNames)
{
  EXPECT_STREQ(svar_sparse_format_name(SVAR_SPARSE_CSR), "csr");
  EXPECT_STREQ(svar_sparse_format_name(SVAR_SPARSE_CSC), "csc");
  EXPECT_STREQ(svar_sparse_format_name(SVAR_SPARSE_BSR), "bsr");
  EXPECT_STREQ(svar_sparse_format_name(SVAR_SPARSE_COO), "coo");
  for (int other : {0, 5, 7}) {
    EXPECT_STREQ(svar_sparse_format_name(static_cast<svar_sparse_format_t>(other)),
                 "unknown format");
  }
}

TEST(Sparse, AcceptsEachFormat)
{
  Sparse<double> csr(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {1, 0, 2}, {0, 1, 3});
  Sparse<float, int64_t> csc(SVAR_SPARSE_CSC, 2, 3, {2, 1, 3}, {1, 0, 1}, {0, 1, 2, 3});
  Sparse<int8_t> bsr(SVAR_SPARSE_BSR, 2, 4, {1, 2, 3, 4}, {1}, {0, 1}, 2, 2);
  Sparse<std::complex<double>> coo(SVAR_SPARSE_COO, 2, 3, {1, 2}, {0, 2}, {1, 1});
  Sparse<double> none(SVAR_SPARSE_CSR, 0, 5, {}, {}, {0});
  for (const svar_sparse_t *matrix :
       {&csr.matrix(), &csc.matrix(), &bsr.matrix(), &coo.matrix(), &none.matrix()}) {
    EXPECT_EQ(svar_sparse_check(matrix), SVAR_OK) << svar_error_message();
  }
}

TEST(Sparse, KnowsTwelveDtypes)
{
  Sparse<double> x(SVAR_SPARSE_CSR, 2, 3, {}, {}, {0, 0, 0});
  int accepted = 0;
  for (svar_dtype_t dtype : theano_dtypes()) {
    x.matrix().dtype = dtype;
    svar_ret_t ret = svar_sparse_check(&x.matrix());
    accepted += ret == SVAR_OK;
    EXPECT_TRUE(ret == SVAR_OK || ret == SVAR_ERR_NOT_IMPLEMENTED);
  }
  EXPECT_EQ(accepted, 12);
  x.matrix().dtype = SVAR_BOOL;
  expect_bad(SVAR_ERR_NOT_IMPLEMENTED, x.matrix(), "a sparse matrix of bool");
  x.matrix().dtype = SVAR_BFLOAT16;
  expect_bad(SVAR_ERR_NOT_IMPLEMENTED, x.matrix(), "a sparse matrix of bfloat16");
}

TEST(Sparse, SaysWhereTheArraysAreWrong)
{
  Sparse<double> column(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {1, 0, 3}, {0, 1, 3});
  expect_bad(SVAR_ERR_VALUE, column.matrix(), "indices[2] is 3, which is not in 0 ... 2");
  Sparse<double> negative(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {1, -1, 2}, {0, 1, 3});
  expect_bad(SVAR_ERR_VALUE, negative.matrix(), "indices[1] is -1");
  Sparse<double> back(SVAR_SPARSE_CSR, 3, 3, {1, 2, 3}, {1, 0, 2}, {0, 2, 1, 3});
  expect_bad(SVAR_ERR_VALUE, back.matrix(), "indptr[2] is 1");
  Sparse<double> first(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {1, 0, 2}, {1, 1, 3});
  expect_bad(SVAR_ERR_VALUE, first.matrix(), "indptr[0] is 1");
  Sparse<double> last(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {1, 0, 2}, {0, 1, 2});
  expect_bad(SVAR_ERR_VALUE, last.matrix(), "indptr[2], the last, is 2, but there are 3 entries");
  Sparse<double> block(SVAR_SPARSE_BSR, 2, 3, {1, 2, 3, 4}, {0}, {0, 1}, 2, 2);
  expect_bad(SVAR_ERR_VALUE, block.matrix(), "blocks of (2, 2) do not divide the shape (2, 3)");
  Sparse<double> row(SVAR_SPARSE_COO, 2, 3, {1}, {0}, {2});
  expect_bad(SVAR_ERR_VALUE, row.matrix(), "indptr[0] is 2, which is not in 0 ... 1");
}

TEST(Sparse, SaysWhatIsMissing)
{
  Sparse<double> x(SVAR_SPARSE_CSR, 2, 3, {1, 2, 3}, {1, 0, 2}, {0, 1, 3});
  svar_sparse_t bad = x.matrix();
  bad.format = static_cast<svar_sparse_format_t>(9);
  expect_bad(SVAR_ERR_NOT_IMPLEMENTED, bad, "sparse format 9");
  bad = x.matrix();
  bad.index_dtype = SVAR_INT16;
  expect_bad(SVAR_ERR_VALUE, bad, "indices of int16");
  bad = x.matrix();
  bad.shape[0] = -1;
  expect_bad(SVAR_ERR_VALUE, bad, "shape (-1, 3)");
  bad = x.matrix();
  bad.indices = nullptr;
  expect_bad(SVAR_ERR_VALUE, bad, "3 entries whose indices is NULL");
  bad = x.matrix();
  bad.indptr = nullptr;
  expect_bad(SVAR_ERR_VALUE, bad, "whose indptr is NULL");
  bad = x.matrix();
  bad.shape[0] = INT64_MAX; // there is no number of rows plus one
  expect_bad(SVAR_ERR_VALUE, bad, "below 2^63-1");
}

} // namespace
