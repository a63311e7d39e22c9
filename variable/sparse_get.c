// Reading sparse variables: views of one version, and copies.
#include <string.h>

#include "variable/sparse_variable.h"
#include "variable/text.h"

// True if the lengths of the parts fit each other. The arrays' own bounds are what the store checked.
static bool
is_consistent(const svar_sparse_t *matrix, const svar_value_t views[SVARI_SPARSE_PARTS])
{
  bool is_bsr = matrix->format == SVAR_SPARSE_BSR;
  if (views[SVARI_SPARSE_INDICES].shape[0] != matrix->count ||
      svari_sparse_check_head(matrix) != SVAR_OK ||
      (is_bsr && (views[SVARI_SPARSE_DATA].shape[1] != matrix->block[0] ||
                  views[SVARI_SPARSE_DATA].shape[2] != matrix->block[1]))) {
    return false;
  }
  int64_t major = svari_sparse_major(matrix);
  return views[SVARI_SPARSE_INDPTR].shape[0] == major + 1 &&
         svari_sparse_index(matrix, matrix->indptr, 0) == 0 &&
         svari_sparse_index(matrix, matrix->indptr, major) == matrix->count;
}

static svar_ret_t
view_matrix(const svar_snapshot_t *snapshot, const svari_sparse_container_t *sparse,
            svar_sparse_value_t *out_view)
{
  svar_value_t views[SVARI_SPARSE_PARTS];
  for (int part = 0; part < SVARI_SPARSE_PARTS; part++) {
    SVAR_TRY(svar_snapshot_get(snapshot, sparse->parts[part], &views[part]));
  }
  svar_sparse_t matrix = {.format = (svar_sparse_format_t)sparse->base.type.format,
                          .dtype = sparse->base.type.dtype,
                          .index_dtype = sparse->index_dtype,
                          .count = views[SVARI_SPARSE_DATA].shape[0],
                          .data = views[SVARI_SPARSE_DATA].tensor.data,
                          .indices = views[SVARI_SPARSE_INDICES].tensor.data,
                          .indptr = views[SVARI_SPARSE_INDPTR].tensor.data};
  bool has_head = views[SVARI_SPARSE_HEAD].shape[0] == SVARI_SPARSE_HEAD_NUMBERS;
  if (has_head) {
    const int64_t *head = views[SVARI_SPARSE_HEAD].tensor.data;
    memcpy(matrix.shape, head, sizeof(matrix.shape));
    memcpy(matrix.block, head + 2, sizeof(matrix.block));
  }
  if (!has_head || !is_consistent(&matrix, views)) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "sparse variable %s: its parts contradict each other in version %llu: its "
                     "store was written by something else than this library",
                     svari_name_text(sparse->base.name).text,
                     (unsigned long long)snapshot->version);
  }
  out_view->matrix = matrix;
  out_view->version = views[SVARI_SPARSE_HEAD].version;
  return SVAR_OK;
}

static svar_ret_t
require_sparse(svar_variable_t *variable, svari_sparse_container_t **out_sparse)
{
  *out_sparse = svari_sparse_container_of(variable);
  if (*out_sparse == NULL) {
    char text[SVAR_TYPE_TEXT_BYTES];
    svar_type_t type = svar_variable_type(variable);
    return svar_fail(SVAR_ERR_TYPE, "variable %s is %s, not a sparse matrix",
                     svari_name_text(variable->container->name).text,
                     svar_type_text(&type, text, sizeof(text)));
  }
  return SVAR_OK;
}

svar_ret_t
svar_snapshot_get_sparse(const svar_snapshot_t *snapshot, svar_variable_t *variable,
                         svar_sparse_value_t *out_view)
{
  SVAR_REQUIRE(snapshot != NULL && snapshot->store != NULL && variable != NULL && out_view != NULL);
  svari_sparse_container_t *sparse;
  SVAR_TRY(require_sparse(variable, &sparse));
  svar_sparse_value_t view = {.is_alias = true}; // the snapshot's pin holds it
  SVAR_TRY(view_matrix(snapshot, sparse, &view));
  *out_view = view;
  return SVAR_OK;
}

// --- copies ----------------------------------------------------------------------------------------

enum { ALIGNMENT = 64 };

// Bytes of one array in a copy, so that the next one is aligned.
static size_t
padded(size_t bytes)
{
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static const void *
append_copy(unsigned char **at, const void *bytes, size_t size_bytes)
{
  void *copy = *at;
  if (size_bytes > 0) {
    memcpy(copy, bytes, size_bytes);
  }
  *at += padded(size_bytes);
  return copy;
}

// One allocation for the three arrays.
static svar_ret_t
copy_matrix(const svar_sparse_t *view, const svar_allocator_t *allocator, svar_sparse_t *out_matrix,
            void **out_memory)
{
  size_t index_bytes = svar_dtype_bytes(view->index_dtype);
  size_t entry_bytes = svar_dtype_bytes(view->dtype) * (size_t)svari_sparse_entry_elements(view);
  size_t data_bytes = (size_t)view->count * entry_bytes;
  size_t indices_bytes = (size_t)view->count * index_bytes;
  size_t indptr_bytes = (size_t)(svari_sparse_major(view) + 1) * index_bytes;
  size_t bytes = padded(data_bytes) + padded(indices_bytes) + padded(indptr_bytes);
  unsigned char *memory = allocator->allocate(bytes, ALIGNMENT, allocator->state);
  if (memory == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "no %zu bytes for a copy of a sparse matrix; SVAR_BORROW reads without one",
                     bytes);
  }
  *out_memory = memory;
  *out_matrix = *view;
  out_matrix->data = append_copy(&memory, view->data, data_bytes);
  out_matrix->indices = append_copy(&memory, view->indices, indices_bytes);
  out_matrix->indptr = append_copy(&memory, view->indptr, indptr_bytes);
  return SVAR_OK;
}

svar_ret_t
svar_sparse_get(svar_variable_t *variable, svar_borrow_t borrow, svar_sparse_value_t *out_value)
{
  SVAR_REQUIRE(variable != NULL && out_value != NULL);
  svari_sparse_container_t *sparse;
  SVAR_TRY(require_sparse(variable, &sparse));
  svar_sparse_value_t value = {.is_alias = borrow == SVAR_BORROW};
  SVAR_TRY(svar_snapshot_begin(svar_variable_store(variable), &value.internal.snapshot));
  svar_ret_t ret = view_matrix(&value.internal.snapshot, sparse, &value);
  if (ret == SVAR_OK && borrow != SVAR_BORROW) {
    value.internal.allocator = sparse->base.allocator;
    ret = copy_matrix(&value.matrix, &sparse->base.allocator, &value.matrix, &value.internal.copy);
  }
  if (ret != SVAR_OK || borrow != SVAR_BORROW) {
    svar_snapshot_end(&value.internal.snapshot);
  }
  if (ret == SVAR_OK) {
    *out_value = value;
  }
  return ret;
}

void
svar_sparse_value_release(svar_sparse_value_t *value)
{
  if (value == NULL) {
    return;
  }
  svar_snapshot_end(&value->internal.snapshot);
  if (value->internal.copy != NULL) {
    value->internal.allocator.deallocate(value->internal.copy, value->internal.allocator.state);
  }
  *value = (svar_sparse_value_t){0};
}
