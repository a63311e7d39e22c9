#include "archive/entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARRAY_ALIGNMENT = 64 };

int
svari_entry_part_count(const svari_entry_t *entry)
{
  return entry->kind == SVAR_KIND_SPARSE ? SVARI_ENTRY_PARTS : 1;
}

const char *
svari_entry_part_name(const char *tensor_name, svari_entry_part_t part,
                      char text[SVARI_ENTRY_NAME_BYTES])
{
  static const char *const suffixes[SVARI_ENTRY_PARTS] = {"", ".data", ".indices", ".indptr"};
  snprintf(text, SVARI_ENTRY_NAME_BYTES, "%s%s", tensor_name, suffixes[part]);
  return text;
}

static const svar_safetensors_tensor_t *
part_of(const svari_entry_t *entry, const svar_safetensors_t *file, svari_entry_part_t part)
{
  return svar_safetensors_at(file, entry->tensors[part]);
}

svar_type_t
svari_entry_tensor_type(const svari_entry_t *entry, const svar_safetensors_t *file)
{
  const svar_safetensors_tensor_t *tensor = part_of(entry, file, SVARI_ENTRY_VALUE);
  return entry->is_complex128
             ? svar_tensor_type(SVAR_COMPLEX128, tensor->ndim - 1, entry->broadcastable)
             : svar_tensor_type(tensor->dtype, tensor->ndim, entry->broadcastable);
}

svar_ret_t
svari_entry_read_tensor(const svari_entry_t *entry, const svar_safetensors_t *file,
                        DLTensor *out_value, void **out_memory)
{
  const svar_safetensors_tensor_t *tensor = part_of(entry, file, SVARI_ENTRY_VALUE);
  const svar_type_t type = svari_entry_tensor_type(entry, file);
  void *memory = malloc(tensor->size_bytes + 1); // not of 0 bytes
  if (memory == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no %llu bytes to read it to",
                     (unsigned long long)tensor->size_bytes);
  }
  svar_ret_t ret = svar_safetensors_read(file, entry->tensors[SVARI_ENTRY_VALUE], memory);
  if (ret != SVAR_OK) {
    free(memory);
    return ret;
  }
  *out_value = svar_tensor(type.dtype, memory, type.ndim, tensor->shape);
  *out_memory = memory;
  return SVAR_OK;
}

static bool
is_vector(const svar_safetensors_tensor_t *tensor, svar_dtype_t dtype, int64_t count)
{
  return svar_dtype_equal(tensor->dtype, dtype) && tensor->ndim == 1 && tensor->shape[0] == count;
}

svar_ret_t
svari_entry_read_state(const svari_entry_t *entry, const svar_safetensors_t *file,
                       svar_random_state_t *out_state)
{
  if (!is_vector(part_of(entry, file, SVARI_ENTRY_VALUE), SVAR_UINT64, SVAR_RANDOM_WORDS)) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "'%s' calls tensor '%s' a random state, which has %d words of uint64",
                     svar_safetensors_path(file), entry->tensor_name, SVAR_RANDOM_WORDS);
  }
  svar_random_state_t state;
  SVAR_TRY(svar_safetensors_read(file, entry->tensors[SVARI_ENTRY_VALUE], &state));
  svar_ret_t ret = svar_random_state_check(&state);
  if (ret != SVAR_OK) {
    svar_fail_context("'%s': tensor '%s'", svar_safetensors_path(file), entry->tensor_name);
    return ret;
  }
  *out_state = state;
  return SVAR_OK;
}

// --- sparse matrices -------------------------------------------------------------------------------

// Rows of a CSR matrix, columns of a CSC one, block rows of a BSR one; -1: there is no such number.
static int64_t
major_of(const svar_sparse_t *matrix)
{
  switch (matrix->format) {
  case SVAR_SPARSE_CSR:
    return matrix->shape[0];
  case SVAR_SPARSE_CSC:
    return matrix->shape[1];
  case SVAR_SPARSE_BSR:
    return matrix->block[0] > 0 ? matrix->shape[0] / matrix->block[0] : -1;
  case SVAR_SPARSE_NONE:
  case SVAR_SPARSE_COO:
    break;
  }
  return -1;
}

static bool
are_lengths_right(const svar_sparse_t *matrix, const svar_safetensors_tensor_t *data,
                  const svar_safetensors_tensor_t *indptr)
{
  int64_t major = major_of(matrix);
  bool is_bsr = matrix->format == SVAR_SPARSE_BSR;
  return major >= 0 && major < INT64_MAX && is_vector(indptr, matrix->index_dtype, major + 1) &&
         data->ndim == (is_bsr ? 3 : 1) && data->shape[0] == matrix->count &&
         (!is_bsr || (data->shape[1] == matrix->block[0] && data->shape[2] == matrix->block[1]));
}

// Everything but the arrays themselves.
static svar_ret_t
read_head(const svari_entry_t *entry, const svar_safetensors_t *file, svar_sparse_t *matrix)
{
  const svar_safetensors_tensor_t *value = part_of(entry, file, SVARI_ENTRY_VALUE);
  const svar_safetensors_tensor_t *data = part_of(entry, file, SVARI_ENTRY_DATA);
  const svar_safetensors_tensor_t *indices = part_of(entry, file, SVARI_ENTRY_INDICES);
  const svar_safetensors_tensor_t *indptr = part_of(entry, file, SVARI_ENTRY_INDPTR);
  int64_t head[SVARI_ENTRY_HEAD_NUMBERS] = {-1, -1, 0, 0};
  bool has_head = is_vector(value, SVAR_INT64, SVARI_ENTRY_HEAD_NUMBERS);
  if (has_head) {
    SVAR_TRY(svar_safetensors_read(file, entry->tensors[SVARI_ENTRY_VALUE], head));
  }
  *matrix = (svar_sparse_t){.format = entry->format,
                            .dtype = data->dtype,
                            .index_dtype = indices->dtype,
                            .shape = {head[0], head[1]},
                            .block = {head[2], head[3]},
                            .count = indices->ndim == 1 ? indices->shape[0] : -1};
  if (has_head && are_lengths_right(matrix, data, indptr)) {
    return SVAR_OK;
  }
  return svar_fail(
      SVAR_ERR_CORRUPT,
      "'%s' calls tensor '%s' a sparse matrix, but the lengths of its parts contradict "
      "each other",
      svar_safetensors_path(file), entry->tensor_name);
}

// Each array at an aligned place, one after the other.
static size_t
place_after(size_t end)
{
  return (end + ARRAY_ALIGNMENT - 1) / ARRAY_ALIGNMENT * ARRAY_ALIGNMENT;
}

// Memory for the three arrays. What they take is less than the file has, so no sum overflows.
static svar_ret_t
allocate_arrays(const svari_entry_t *entry, const svar_safetensors_t *file,
                size_t places[SVARI_ENTRY_PARTS], char **out_memory)
{
  size_t end = 0;
  for (svari_entry_part_t part = SVARI_ENTRY_DATA; part < SVARI_ENTRY_PARTS; part++) {
    places[part] = place_after(end);
    end = places[part] + part_of(entry, file, part)->size_bytes;
  }
  *out_memory = aligned_alloc(ARRAY_ALIGNMENT, place_after(end + 1)); // never of 0 bytes
  return *out_memory != NULL
             ? SVAR_OK
             : svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for the sparse matrix '%s' of '%s'", end,
                         entry->tensor_name, svar_safetensors_path(file));
}

svar_ret_t
svari_entry_read_matrix(const svari_entry_t *entry, const svar_safetensors_t *file,
                        svar_sparse_t *out_matrix, void **out_memory)
{
  svar_sparse_t matrix;
  size_t places[SVARI_ENTRY_PARTS];
  char *memory;
  SVAR_TRY(read_head(entry, file, &matrix));
  SVAR_TRY(allocate_arrays(entry, file, places, &memory));
  for (svari_entry_part_t part = SVARI_ENTRY_DATA; part < SVARI_ENTRY_PARTS; part++) {
    svar_ret_t ret = svar_safetensors_read(file, entry->tensors[part], memory + places[part]);
    if (ret != SVAR_OK) {
      free(memory);
      return ret;
    }
  }
  matrix.data = memory + places[SVARI_ENTRY_DATA];
  matrix.indices = memory + places[SVARI_ENTRY_INDICES];
  matrix.indptr = memory + places[SVARI_ENTRY_INDPTR];
  *out_matrix = matrix;
  *out_memory = memory;
  return SVAR_OK;
}
