#include "variable/sparse_compress.h"

#include <string.h>

#include "variable/layout.h"
#include "variable/promotion.h"
#include "variable/source.h"

enum { ALIGNMENT = 64 };

// A matrix to be compressed: sparse, or dense and row-major.
typedef struct input {
  const svar_sparse_t *sparse; // NULL: dense
  const unsigned char *dense;
  int64_t shape[2];
  svar_dtype_t dtype;
} input_t;

// --- dense entries ---------------------------------------------------------------------------------

// An element is one or two numbers; `mask` leaves out the sign of a float, for -0 is zero too.
typedef struct zero_test {
  size_t number_bytes;
  size_t element_bytes;
  uint64_t mask;
} zero_test_t;

static zero_test_t
zero_test_of(svar_dtype_t dtype)
{
  size_t element_bytes = svar_dtype_bytes(dtype);
  bool is_complex = svari_dtype_is_complex(dtype);
  bool has_sign_bit = !svari_dtype_is_integer(dtype) && dtype.code != SVAR_DL_BOOL;
  size_t number_bytes = is_complex ? element_bytes / 2 : element_bytes;
  uint64_t sign = has_sign_bit ? UINT64_C(1) << (8 * number_bytes - 1) : 0;
  return (zero_test_t){number_bytes, element_bytes, ~sign};
}

static bool
is_zero(const zero_test_t *test, const unsigned char *element)
{
  for (size_t at = 0; at < test->element_bytes; at += test->number_bytes) {
    uint64_t bits = 0;
    memcpy(&bits, element + at, test->number_bytes);
    if ((bits & test->mask) != 0) {
      return false;
    }
  }
  return true;
}

static void
each_entry(const input_t *input, svari_sparse_visit_t visit, void *context)
{
  if (input->sparse != NULL) {
    svari_sparse_each(input->sparse, visit, context);
    return;
  }
  const zero_test_t test = zero_test_of(input->dtype);
  const unsigned char *element = input->dense;
  for (int64_t row = 0; row < input->shape[0]; row++) {
    for (int64_t column = 0; column < input->shape[1]; column++, element += test.element_bytes) {
      if (!is_zero(&test, element)) {
        visit(context, row, column, element);
      }
    }
  }
}

// --- counting sort ---------------------------------------------------------------------------------

typedef struct builder {
  bool by_column;
  size_t element_bytes;
  int64_t *indptr;
  int64_t *indices;
  unsigned char *data;
} builder_t;

static void
count_entry(void *context, int64_t row, int64_t column, const unsigned char *element)
{
  builder_t *builder = context;
  (void)element;
  builder->indptr[1 + (builder->by_column ? column : row)]++;
}

// indptr[k] is where the next entry of row k goes.
static void
place_entry(void *context, int64_t row, int64_t column, const unsigned char *element)
{
  builder_t *builder = context;
  int64_t at = builder->indptr[builder->by_column ? column : row]++;
  builder->indices[at] = builder->by_column ? row : column;
  memcpy(builder->data + (size_t)at * builder->element_bytes, element, builder->element_bytes);
}

// After the last entry each indptr[k] is where row k ends: where row k + 1 begins.
static void
shift_indptr(int64_t *indptr, int64_t major)
{
  memmove(indptr + 1, indptr, (size_t)major * sizeof(*indptr));
  indptr[0] = 0;
}

static svar_ret_t
allocate(const svar_allocator_t *allocator, int64_t count, size_t each_bytes, void **out_memory)
{
  size_t bytes;
  if (__builtin_mul_overflow((size_t)count, each_bytes, &bytes) ||
      (*out_memory = allocator->allocate(bytes > 0 ? bytes : 1, ALIGNMENT, allocator->state)) ==
          NULL) {
    *out_memory = NULL;
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to convert a matrix: %lld times %zu bytes",
                     (long long)count, each_bytes);
  }
  return SVAR_OK;
}

static svar_ret_t
build(const input_t *input, svari_sparse_filtered_t *filtered)
{
  svar_sparse_t *matrix = &filtered->matrix;
  int64_t major = svari_sparse_major(matrix);
  builder_t builder = {.by_column = matrix->format == SVAR_SPARSE_CSC,
                       .element_bytes = svar_dtype_bytes(input->dtype)};
  SVAR_TRY(allocate(&filtered->allocator, major + 1, sizeof(int64_t), &filtered->indptr_memory));
  builder.indptr = filtered->indptr_memory;
  memset(builder.indptr, 0, (size_t)(major + 1) * sizeof(int64_t));
  each_entry(input, count_entry, &builder);
  for (int64_t i = 0; i < major; i++) {
    builder.indptr[i + 1] += builder.indptr[i];
  }
  matrix->count = builder.indptr[major];
  SVAR_TRY(allocate(&filtered->allocator, matrix->count, sizeof(int64_t) + builder.element_bytes,
                    &filtered->entry_memory));
  // Numbers of at most 8 bytes behind numbers of 8 bytes: both are aligned.
  builder.indices = filtered->entry_memory;
  builder.data = (unsigned char *)(builder.indices + matrix->count);
  each_entry(input, place_entry, &builder);
  shift_indptr(builder.indptr, major);
  matrix->data = builder.data;
  matrix->indices = builder.indices;
  matrix->indptr = builder.indptr;
  return SVAR_OK;
}

static svar_ret_t
compress(const input_t *input, svar_sparse_format_t format, const svar_allocator_t *allocator,
         svari_sparse_filtered_t *out_filtered)
{
  svari_sparse_filtered_t filtered = {.matrix = {.format = format,
                                                 .dtype = input->dtype,
                                                 .index_dtype = SVAR_INT64,
                                                 .shape = {input->shape[0], input->shape[1]},
                                                 .block = {1, 1}},
                                      .allocator = *allocator};
  svar_ret_t ret = build(input, &filtered);
  if (ret != SVAR_OK) {
    svari_sparse_filtered_release(&filtered);
    return ret;
  }
  *out_filtered = filtered;
  return SVAR_OK;
}

svar_ret_t
svari_sparse_compress(const svar_sparse_t *matrix, svar_sparse_format_t format,
                      const svar_allocator_t *allocator, svari_sparse_filtered_t *out_filtered)
{
  input_t input = {
      .sparse = matrix, .shape = {matrix->shape[0], matrix->shape[1]}, .dtype = matrix->dtype};
  return compress(&input, format, allocator, out_filtered);
}

// --- dense arrays ----------------------------------------------------------------------------------

// The elements in row-major order: where they are, or copied to *out_memory.
static svar_ret_t
line_up(const svar_source_t *source, const svar_allocator_t *allocator,
        const unsigned char **out_data, void **out_memory)
{
  uint64_t count = svari_source_count(source);
  *out_data = svari_source_data(source);
  if (count == 0) {
    return SVAR_OK;
  }
  svari_layout_t layout;
  svari_layout_of(&source->tensor, *out_data, &layout);
  if (svari_layout_is_compact(&layout)) {
    return SVAR_OK;
  }
  SVAR_TRY(allocate(allocator, (int64_t)count, layout.element_bytes, out_memory));
  svari_layout_write(&layout, NULL, layout.element_bytes, *out_memory);
  *out_data = *out_memory;
  return SVAR_OK;
}

svar_ret_t
svari_dense_compress(const svar_source_t *source, svar_sparse_format_t format,
                     const svar_allocator_t *allocator, svari_sparse_filtered_t *out_filtered)
{
  const DLTensor *tensor = &source->tensor;
  input_t input = {.shape = {1, 1}, .dtype = tensor->dtype};
  for (int32_t axis = 0; axis < tensor->ndim; axis++) {
    input.shape[2 - tensor->ndim + axis] = tensor->shape[axis];
  }
  void *memory = NULL;
  SVAR_TRY(line_up(source, allocator, &input.dense, &memory));
  svar_ret_t ret = compress(&input, format, allocator, out_filtered);
  allocator->deallocate(memory, allocator->state);
  return ret;
}
