#include "ipc/service_sparse.h"

#include <assert.h>
#include <string.h>

#include "variable/sparse.h"

enum { ALIGNMENT = 64 };

typedef struct head {
  uint32_t format;
  svar_dtype_t dtype;
  svar_dtype_t index_dtype;
  uint32_t reserved; // 0
  int64_t shape[2];
  int64_t block[2];
  int64_t count;
  int64_t reserved_too; // 0
} head_t;

static_assert(sizeof(head_t) == ALIGNMENT, "the layout is shared by processes");

typedef struct layout {
  uint64_t data_bytes, indices_bytes, indptr_bytes; // of the arrays
  uint64_t indices_offset, indptr_offset;           // data begin behind the head
  uint64_t size_bytes;
} layout_t;

// Takes count numbers of a size behind *end. False: there is no such number of bytes.
static bool
place(int64_t count, uint64_t number_bytes, uint64_t *end, uint64_t *out_offset,
      uint64_t *out_bytes)
{
  uint64_t padded;
  if (__builtin_mul_overflow((uint64_t)count, number_bytes, out_bytes) ||
      __builtin_add_overflow(*out_bytes, ALIGNMENT - 1, &padded)) {
    return false;
  }
  *out_offset = *end;
  return !__builtin_add_overflow(*end, padded / ALIGNMENT * ALIGNMENT, end);
}

static svar_ret_t
find_layout(const svar_sparse_t *matrix, layout_t *out_layout)
{
  const uint64_t index_bytes = svar_dtype_bytes(matrix->index_dtype);
  const int64_t pointers =
      matrix->format == SVAR_SPARSE_COO ? matrix->count : svari_sparse_major(matrix) + 1;
  uint64_t end = sizeof(head_t);
  uint64_t data_offset;
  uint64_t entry_bytes;
  layout_t layout;
  if (__builtin_mul_overflow((uint64_t)svari_sparse_entry_elements(matrix),
                             svar_dtype_bytes(matrix->dtype), &entry_bytes) ||
      !place(matrix->count, entry_bytes, &end, &data_offset, &layout.data_bytes) ||
      !place(matrix->count, index_bytes, &end, &layout.indices_offset, &layout.indices_bytes) ||
      !place(pointers, index_bytes, &end, &layout.indptr_offset, &layout.indptr_bytes)) {
    return svar_fail(SVAR_ERR_RANGE, "%lld entries of a sparse matrix are more than any memory has",
                     (long long)matrix->count);
  }
  layout.size_bytes = end;
  *out_layout = layout;
  return SVAR_OK;
}

svar_ret_t
svari_sparse_packed_bytes(const svar_sparse_t *matrix, uint64_t *out_bytes)
{
  layout_t layout;
  SVAR_TRY(find_layout(matrix, &layout));
  *out_bytes = layout.size_bytes;
  return SVAR_OK;
}

static void
copy(uint8_t *to, const void *from, uint64_t size_bytes)
{
  if (size_bytes > 0) { // from may be NULL
    memcpy(to, from, size_bytes);
  }
}

void
svari_sparse_pack(const svar_sparse_t *matrix, uint8_t *bytes)
{
  const bool is_bsr = matrix->format == SVAR_SPARSE_BSR;
  const head_t head = {
      .format = matrix->format,
      .dtype = matrix->dtype,
      .index_dtype = matrix->index_dtype,
      .shape = {matrix->shape[0], matrix->shape[1]},
      .block = {is_bsr ? matrix->block[0] : 0, is_bsr ? matrix->block[1] : 0},
      .count = matrix->count,
  };
  layout_t layout;
  svar_ret_t ret = find_layout(matrix, &layout);
  assert(ret == SVAR_OK);
  (void)ret;
  memcpy(bytes, &head, sizeof(head));
  copy(bytes + sizeof(head), matrix->data, layout.data_bytes);
  copy(bytes + layout.indices_offset, matrix->indices, layout.indices_bytes);
  copy(bytes + layout.indptr_offset, matrix->indptr, layout.indptr_bytes);
}

svar_ret_t
svari_sparse_unpack(const uint8_t *bytes, uint64_t size_bytes, svar_sparse_t *out_matrix)
{
  head_t head;
  layout_t layout;
  if (size_bytes < sizeof(head)) {
    return svar_fail(SVAR_ERR_SYNTAX, "no sparse matrix has %llu bytes",
                     (unsigned long long)size_bytes);
  }
  memcpy(&head, bytes, sizeof(head));
  svar_sparse_t matrix = {
      .format = (svar_sparse_format_t)head.format,
      .dtype = head.dtype,
      .index_dtype = head.index_dtype,
      .shape = {head.shape[0], head.shape[1]},
      .block = {head.block[0], head.block[1]},
      .count = head.count,
      .data = bytes, // which the check wants to be there
      .indices = bytes,
      .indptr = bytes,
  };
  SVAR_TRY(svari_sparse_check_head(&matrix));
  SVAR_TRY(find_layout(&matrix, &layout));
  if (layout.size_bytes != size_bytes) {
    return svar_fail(SVAR_ERR_SYNTAX, "a sparse matrix takes %llu bytes, and is said to have %llu",
                     (unsigned long long)layout.size_bytes, (unsigned long long)size_bytes);
  }
  matrix.data = bytes + sizeof(head);
  matrix.indices = bytes + layout.indices_offset;
  matrix.indptr = bytes + layout.indptr_offset;
  *out_matrix = matrix;
  return SVAR_OK;
}
