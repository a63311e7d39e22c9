#include "variable/sparse_filter.h"

#include "variable/source.h"
#include "variable/sparse_compress.h"
#include "variable/text.h"

// The order of the decisions, after Theano's SparseType.filter:
//   1 what is no matrix, and a sparse one whose arrays contradict each other, is refused
//   2 a sparse matrix of the variable's format and dtype is accepted as it is
//   3 a strict variable accepts nothing else
//   4 the dtype must be the variable's, for nothing is upcast; unless allow_downcast is true
//   5 any other format, and dense arrays up to rank 2, are converted

static svar_ret_t
check_dtype(const svari_sparse_target_t *target, svar_dtype_t dtype)
{
  if (svar_dtype_equal(dtype, target->dtype) || target->allow_downcast == SVAR_DOWNCAST_TRUE) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                   "%s is not %s, and a sparse variable upcasts nothing; convert it first or set "
                   "allow_downcast",
                   svar_dtype_name(dtype), svar_dtype_name(target->dtype));
}

static svar_ret_t
refuse_strictly(const svari_sparse_target_t *target)
{
  return svar_fail(SVAR_ERR_TYPE, "it is strict: only %s matrices of exactly %s are accepted",
                   svar_sparse_format_name(target->format), svar_dtype_name(target->dtype));
}

static svar_ret_t
filter_sparse(const svari_sparse_target_t *target, const svar_sparse_t *matrix,
              const svar_allocator_t *allocator, svari_sparse_filtered_t *out_filtered)
{
  SVAR_TRY(svar_sparse_check(matrix));
  bool is_same_format = matrix->format == target->format;
  if (target->strict && !(is_same_format && svar_dtype_equal(matrix->dtype, target->dtype))) {
    return refuse_strictly(target);
  }
  SVAR_TRY(check_dtype(target, matrix->dtype));
  if (!is_same_format) {
    return svari_sparse_compress(matrix, target->format, allocator, out_filtered);
  }
  *out_filtered = (svari_sparse_filtered_t){.matrix = *matrix, .allocator = *allocator};
  return SVAR_OK;
}

static svar_ret_t
filter_dense(const svari_sparse_target_t *target, const svar_source_t *source,
             const svar_allocator_t *allocator, svari_sparse_filtered_t *out_filtered)
{
  const DLTensor *tensor = &source->tensor;
  if (target->strict) {
    return refuse_strictly(target);
  }
  if (!svar_dtype_is_known(tensor->dtype) || tensor->ndim > 2 ||
      tensor->device.device_type != kDLCPU) {
    return svar_fail(SVAR_ERR_TYPE, "it has rank 2, and is converted from host memory only; rank 1 "
                                    "becomes a row, rank 0 one entry");
  }
  SVAR_TRY(check_dtype(target, tensor->dtype));
  return svari_dense_compress(source, target->format, allocator, out_filtered);
}

// Every index, and every number of indptr, must be one of the variable's.
static svar_ret_t
check_index_dtype(const svari_sparse_target_t *target, const svar_sparse_t *matrix)
{
  bool is_large = matrix->count > INT32_MAX || matrix->shape[0] - 1 > INT32_MAX ||
                  matrix->shape[1] - 1 > INT32_MAX;
  if (target->index_dtype.bits == 64 || !is_large) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_RANGE,
                   "shape (%lld, %lld) with %lld entries is beyond its int32 indices; make the "
                   "variable from a matrix with int64 ones",
                   (long long)matrix->shape[0], (long long)matrix->shape[1],
                   (long long)matrix->count);
}

static svar_ret_t
decide(const svari_sparse_target_t *target, const svar_source_t *source,
       const svar_allocator_t *allocator, svari_sparse_filtered_t *out_filtered)
{
  switch (source->kind) {
  case SVAR_SOURCE_SPARSE:
    return filter_sparse(target, source->detail, allocator, out_filtered);
  case SVAR_SOURCE_ARRAY:
  case SVAR_SOURCE_SCALAR:
  case SVAR_SOURCE_LITERAL:
    return filter_dense(target, source, allocator, out_filtered);
  case SVAR_SOURCE_NONE:
  case SVAR_SOURCE_RANDOM:
  case SVAR_SOURCE_OBJECT:
    break;
  }
  return svar_fail(SVAR_ERR_TYPE, "that is no matrix");
}

svar_ret_t
svari_sparse_filter(const svari_sparse_target_t *target, const svar_source_t *source,
                    const svar_allocator_t *allocator, svari_sparse_filtered_t *out_filtered)
{
  SVAR_TRY(svari_source_check(source));
  svari_sparse_filtered_t filtered = {.allocator = *allocator};
  svar_ret_t ret = decide(target, source, allocator, &filtered);
  if (ret == SVAR_OK) {
    ret = check_index_dtype(target, &filtered.matrix);
  }
  if (ret != SVAR_OK) {
    char text[SVARI_SOURCE_TEXT_BYTES];
    svari_sparse_filtered_release(&filtered);
    svar_fail_context("variable %s, %s of %s, refuses %s", svari_name_text(target->name).text,
                      svar_sparse_format_name(target->format), svar_dtype_name(target->dtype),
                      svari_source_text(source, text, sizeof(text)));
    return ret;
  }
  *out_filtered = filtered;
  return SVAR_OK;
}

void
svari_sparse_filtered_release(svari_sparse_filtered_t *filtered)
{
  const svar_allocator_t *allocator = &filtered->allocator;
  if (filtered->indptr_memory != NULL) {
    allocator->deallocate(filtered->indptr_memory, allocator->state);
  }
  if (filtered->entry_memory != NULL) {
    allocator->deallocate(filtered->entry_memory, allocator->state);
  }
  *filtered = (svari_sparse_filtered_t){0};
}
