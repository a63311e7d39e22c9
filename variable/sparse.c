#include "variable/sparse.h"

#include "variable/promotion.h"

svar_source_t
svar_sparse_source(const svar_sparse_t *matrix)
{
  svar_source_t source = {.kind = SVAR_SOURCE_SPARSE, .detail = matrix};
  return source;
}

const char *
svar_sparse_format_name(svar_sparse_format_t format)
{
  switch (format) {
  case SVAR_SPARSE_CSR:
    return "csr";
  case SVAR_SPARSE_CSC:
    return "csc";
  case SVAR_SPARSE_BSR:
    return "bsr";
  case SVAR_SPARSE_COO:
    return "coo";
  case SVAR_SPARSE_NONE:
    break;
  }
  return "unknown format";
}

int64_t
svari_sparse_major(const svar_sparse_t *matrix)
{
  if (matrix->format == SVAR_SPARSE_BSR) {
    return matrix->shape[0] / matrix->block[0];
  }
  return matrix->format == SVAR_SPARSE_CSC ? matrix->shape[1] : matrix->shape[0];
}

// The largest index that `indices` may hold, plus one.
static int64_t
minor_extent(const svar_sparse_t *matrix)
{
  if (matrix->format == SVAR_SPARSE_BSR) {
    return matrix->shape[1] / matrix->block[1];
  }
  return matrix->format == SVAR_SPARSE_CSC ? matrix->shape[0] : matrix->shape[1];
}

// --- checks ----------------------------------------------------------------------------------------

static svar_ret_t
check_kind(const svar_sparse_t *matrix)
{
  svar_dtype_t dtype = matrix->dtype;
  if (!svari_sparse_format_is_stored(matrix->format) && matrix->format != SVAR_SPARSE_COO) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "sparse format %d: the formats are csr, csc and bsr, and coo to be converted",
                     (int)matrix->format);
  }
  bool is_complex_or_float =
      (dtype.code == kDLFloat && dtype.bits >= 32) || svari_dtype_is_complex(dtype);
  if (!svar_dtype_is_known(dtype) || !(is_complex_or_float || svari_dtype_is_integer(dtype))) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "a sparse matrix of %s: its numbers are integers, float32, float64, complex64 "
                     "or complex128",
                     svar_dtype_name(dtype));
  }
  return SVAR_OK;
}

static svar_ret_t
check_block(const svar_sparse_t *matrix)
{
  const int64_t *shape = matrix->shape;
  const int64_t *block = matrix->block;
  int64_t elements;
  if (block[0] <= 0 || block[1] <= 0 || shape[0] % block[0] != 0 || shape[1] % block[1] != 0 ||
      __builtin_mul_overflow(block[0], block[1], &elements)) {
    return svar_fail(SVAR_ERR_VALUE, "blocks of (%lld, %lld) do not divide the shape (%lld, %lld)",
                     (long long)block[0], (long long)block[1], (long long)shape[0],
                     (long long)shape[1]);
  }
  return SVAR_OK;
}

// indptr has one number more than there are rows.
static bool
is_extent(int64_t extent)
{
  return extent >= 0 && extent < INT64_MAX;
}

svar_ret_t
svari_sparse_check_head(const svar_sparse_t *matrix)
{
  SVAR_TRY(check_kind(matrix));
  if (!svar_dtype_equal(matrix->index_dtype, SVAR_INT32) &&
      !svar_dtype_equal(matrix->index_dtype, SVAR_INT64)) {
    return svar_fail(SVAR_ERR_VALUE, "indices of %s: they are int32 or int64",
                     svar_dtype_name(matrix->index_dtype));
  }
  if (!is_extent(matrix->shape[0]) || !is_extent(matrix->shape[1]) || !is_extent(matrix->count)) {
    return svar_fail(
        SVAR_ERR_VALUE, "shape (%lld, %lld) and %lld entries: each is 0 or more, and below 2^63-1",
        (long long)matrix->shape[0], (long long)matrix->shape[1], (long long)matrix->count);
  }
  if (matrix->format == SVAR_SPARSE_BSR) {
    SVAR_TRY(check_block(matrix));
  }
  bool has_rows =
      matrix->indptr != NULL || (matrix->format == SVAR_SPARSE_COO && matrix->count == 0);
  if (!has_rows || (matrix->count > 0 && (matrix->data == NULL || matrix->indices == NULL))) {
    return svar_fail(SVAR_ERR_VALUE, "%lld entries whose %s is NULL", (long long)matrix->count,
                     !has_rows              ? "indptr"
                     : matrix->data == NULL ? "data"
                                            : "indices");
  }
  return SVAR_OK;
}

static svar_ret_t
check_range(const svar_sparse_t *matrix, const void *numbers, const char *name, int64_t extent)
{
  for (int64_t i = 0; i < matrix->count; i++) {
    int64_t index = svari_sparse_index(matrix, numbers, i);
    if (index < 0 || index >= extent) {
      return svar_fail(SVAR_ERR_VALUE, "%s[%lld] is %lld, which is not in 0 ... %lld", name,
                       (long long)i, (long long)index, (long long)extent - 1);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
check_indptr(const svar_sparse_t *matrix)
{
  int64_t major = svari_sparse_major(matrix);
  int64_t before = 0;
  for (int64_t i = 0; i <= major; i++) {
    int64_t begin = svari_sparse_index(matrix, matrix->indptr, i);
    if (begin < before || (i == 0 && begin != 0)) {
      return svar_fail(SVAR_ERR_VALUE,
                       "indptr[%lld] is %lld: it begins with 0 and never goes back (before: %lld)",
                       (long long)i, (long long)begin, (long long)before);
    }
    before = begin;
  }
  if (before != matrix->count) {
    return svar_fail(SVAR_ERR_VALUE, "indptr[%lld], the last, is %lld, but there are %lld entries",
                     (long long)major, (long long)before, (long long)matrix->count);
  }
  return SVAR_OK;
}

svar_ret_t
svar_sparse_check(const svar_sparse_t *matrix)
{
  SVAR_REQUIRE(matrix != NULL);
  SVAR_TRY(svari_sparse_check_head(matrix));
  if (matrix->format == SVAR_SPARSE_COO) {
    SVAR_TRY(check_range(matrix, matrix->indptr, "indptr", matrix->shape[0]));
  } else {
    SVAR_TRY(check_indptr(matrix));
  }
  return check_range(matrix, matrix->indices, "indices", minor_extent(matrix));
}

// --- entries ---------------------------------------------------------------------------------------

static void
each_of_coo(const svar_sparse_t *matrix, svari_sparse_visit_t visit, void *context)
{
  const unsigned char *element = matrix->data;
  for (int64_t i = 0; i < matrix->count; i++, element += svar_dtype_bytes(matrix->dtype)) {
    visit(context, svari_sparse_index(matrix, matrix->indptr, i),
          svari_sparse_index(matrix, matrix->indices, i), element);
  }
}

// Block row `major`, one row of elements after the other.
static void
each_of_block_row(const svar_sparse_t *matrix, int64_t major, svari_sparse_visit_t visit,
                  void *context)
{
  size_t element_bytes = svar_dtype_bytes(matrix->dtype);
  int64_t begin = svari_sparse_index(matrix, matrix->indptr, major);
  int64_t end = svari_sparse_index(matrix, matrix->indptr, major + 1);
  for (int64_t row = 0; row < matrix->block[0]; row++) {
    for (int64_t i = begin; i < end; i++) {
      int64_t first_column = svari_sparse_index(matrix, matrix->indices, i) * matrix->block[1];
      int64_t first_element = (i * matrix->block[0] + row) * matrix->block[1];
      const unsigned char *element =
          (const unsigned char *)matrix->data + (size_t)first_element * element_bytes;
      for (int64_t column = 0; column < matrix->block[1]; column++, element += element_bytes) {
        visit(context, major * matrix->block[0] + row, first_column + column, element);
      }
    }
  }
}

static void
each_of_major(const svar_sparse_t *matrix, int64_t major, svari_sparse_visit_t visit, void *context)
{
  size_t element_bytes = svar_dtype_bytes(matrix->dtype);
  int64_t begin = svari_sparse_index(matrix, matrix->indptr, major);
  int64_t end = svari_sparse_index(matrix, matrix->indptr, major + 1);
  for (int64_t i = begin; i < end; i++) {
    int64_t minor = svari_sparse_index(matrix, matrix->indices, i);
    bool is_csc = matrix->format == SVAR_SPARSE_CSC;
    visit(context, is_csc ? minor : major, is_csc ? major : minor,
          (const unsigned char *)matrix->data + (size_t)i * element_bytes);
  }
}

void
svari_sparse_each(const svar_sparse_t *matrix, svari_sparse_visit_t visit, void *context)
{
  if (matrix->format == SVAR_SPARSE_COO) {
    each_of_coo(matrix, visit, context);
    return;
  }
  int64_t count = svari_sparse_major(matrix);
  for (int64_t major = 0; major < count; major++) {
    if (matrix->format == SVAR_SPARSE_BSR) {
      each_of_block_row(matrix, major, visit, context);
    } else {
      each_of_major(matrix, major, visit, context);
    }
  }
}
