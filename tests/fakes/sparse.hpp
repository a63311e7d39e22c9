// Sparse matrices that own their arrays, and the dense matrices that they stand for.
#ifndef TESTS_FAKES_SPARSE_HPP
#define TESTS_FAKES_SPARSE_HPP

#include <ostream>
#include <utility>
#include <vector>

#include "fakes/arrays.hpp"

/// Rows of doubles, the common language of every format.
struct Dense {
  int64_t rows, columns;
  std::vector<double> numbers;

  bool operator==(const Dense &other) const
  {
    return rows == other.rows && columns == other.columns && numbers == other.numbers;
  }
  double &at(int64_t row, int64_t column)
  {
    return numbers[static_cast<size_t>(row * columns + column)];
  }
};

inline std::ostream &
operator<<(std::ostream &stream, const Dense &dense)
{
  stream << dense.rows << "x" << dense.columns << ":";
  for (double number : dense.numbers) {
    stream << ' ' << number;
  }
  return stream;
}

/// What a matrix of float64 means: entries at one place add up.
inline Dense
dense_of(const svar_sparse_t &matrix)
{
  Dense dense = {matrix.shape[0], matrix.shape[1], {}};
  dense.numbers.resize(static_cast<size_t>(dense.rows * dense.columns));
  auto index = [&](const void *numbers, int64_t i) {
    return matrix.index_dtype.bits == 32 ? static_cast<const int32_t *>(numbers)[i]
                                         : static_cast<const int64_t *>(numbers)[i];
  };
  const double *data = static_cast<const double *>(matrix.data);
  if (matrix.format == SVAR_SPARSE_COO) {
    for (int64_t i = 0; i < matrix.count; i++) {
      dense.at(index(matrix.indptr, i), index(matrix.indices, i)) += data[i];
    }
    return dense;
  }
  bool is_bsr = matrix.format == SVAR_SPARSE_BSR;
  int64_t block_rows = is_bsr ? matrix.block[0] : 1;
  int64_t block_columns = is_bsr ? matrix.block[1] : 1;
  bool is_csc = matrix.format == SVAR_SPARSE_CSC;
  int64_t major = is_csc ? matrix.shape[1] : matrix.shape[0] / block_rows;
  for (int64_t m = 0; m < major; m++) {
    for (int64_t i = index(matrix.indptr, m); i < index(matrix.indptr, m + 1); i++) {
      for (int64_t r = 0; r < block_rows; r++) {
        for (int64_t c = 0; c < block_columns; c++) {
          int64_t row = is_csc ? index(matrix.indices, i) : m * block_rows + r;
          int64_t column = is_csc ? m : index(matrix.indices, i) * block_columns + c;
          dense.at(row, column) += data[(i * block_rows + r) * block_columns + c];
        }
      }
    }
  }
  return dense;
}

/// A matrix with int32 or int64 indices; COO and CSR and so on differ in what the vectors mean.
template <typename Number, typename Index = int32_t> class Sparse
{
public:
  Sparse(svar_sparse_format_t format, int64_t rows, int64_t columns, std::vector<Number> data,
         std::vector<Index> indices, std::vector<Index> indptr, int64_t block_rows = 1,
         int64_t block_columns = 1)
      : data_(std::move(data)), indices_(std::move(indices)), indptr_(std::move(indptr))
  {
    matrix_.format = format;
    matrix_.dtype = dtype_of<Number>();
    matrix_.index_dtype = dtype_of<Index>();
    matrix_.shape[0] = rows;
    matrix_.shape[1] = columns;
    matrix_.block[0] = block_rows;
    matrix_.block[1] = block_columns;
    matrix_.count = static_cast<int64_t>(indices_.size());
    matrix_.data = data_.data();
    matrix_.indices = indices_.data();
    matrix_.indptr = indptr_.data();
  }
  Sparse(const Sparse &) = delete;
  Sparse &operator=(const Sparse &) = delete;

  svar_sparse_t &matrix()
  {
    return matrix_;
  }
  svar_source_t source() const
  {
    return svar_sparse_source(&matrix_);
  }
  std::vector<Number> &data()
  {
    return data_;
  }

private:
  std::vector<Number> data_;
  std::vector<Index> indices_;
  std::vector<Index> indptr_;
  svar_sparse_t matrix_ = {};
};

#endif
