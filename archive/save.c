#include "shared_variable/archive.h"

#include <stdlib.h>
#include <string.h>

#include "archive/manifest.h"
#include "archive/options.h"
#include "archive/snapshots.h"
#include "archive/tensor_names.h"

// A variable to write, and its value in the snapshot of its store. Not moved once it is viewed: shapes
// point into it.
typedef struct record {
  bool is_saved;
  size_t entry; // its index
  char tensor_name[SVARI_ENTRY_NAME_BYTES];
  char part_names[SVARI_ENTRY_PARTS][SVARI_ENTRY_NAME_BYTES];
  svar_value_t value;         // a tensor, a random state
  int32_t gpu;                // that it lies on
  svar_sparse_value_t matrix; // if it is sparse
  int64_t head[SVARI_ENTRY_HEAD_NUMBERS];
  int64_t shapes[SVARI_ENTRY_PARTS][SVAR_NDIM_MAX];
} record_t;

typedef struct saver {
  svar_archive_save_options_t options;
  svar_variable_t *const *variables; // borrowed
  size_t variable_count;
  size_t *handles; // of each variable: where it is given first
  size_t *cells;   // of each variable: where the first of its value is
  svari_snapshots_t snapshots;
  svari_tensor_names_t names;
  record_t *records; // one a variable; of those given again nothing is used
  svari_entry_t *entries;
  size_t entry_count;
  svar_safetensors_item_t *items;
  size_t item_count;
} saver_t;

// --- what is given more than once ------------------------------------------------------------------

typedef struct place {
  const void *key;
  size_t index;
} place_t;

static int
compare_places(const void *left, const void *right)
{
  const place_t *a = left, *b = right;
  if (a->key != b->key) {
    return (uintptr_t)a->key < (uintptr_t)b->key ? -1 : 1;
  }
  return a->index < b->index ? -1 : a->index > b->index;
}

static const void *
handle_of(const svar_variable_t *variable)
{
  return variable;
}

static const void *
cell_of(const svar_variable_t *variable)
{
  return svar_container_cell(svar_variable_container(variable));
}

// For each variable the index of the first one that has the same of what key_of gives.
static svar_ret_t
find_firsts(const saver_t *saver, const void *(*key_of)(const svar_variable_t *), size_t *firsts)
{
  size_t count = saver->variable_count;
  place_t *places = calloc(count + 1, sizeof(*places));
  if (places == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a list of %zu variables", count);
  }
  for (size_t i = 0; i < count; i++) {
    places[i] = (place_t){key_of(saver->variables[i]), i};
  }
  qsort(places, count, sizeof(*places), compare_places);
  for (size_t i = 0; i < count; i++) {
    bool is_again = i > 0 && places[i].key == places[i - 1].key;
    firsts[places[i].index] = is_again ? firsts[places[i - 1].index] : places[i].index;
  }
  free(places);
  return SVAR_OK;
}

// --- values ----------------------------------------------------------------------------------------

static svar_ret_t
check_kind(const svar_variable_t *variable)
{
  svar_type_t type = svar_variable_type(variable);
  svar_kind_t kind = (svar_kind_t)type.kind;
  if (kind == SVAR_KIND_TENSOR || kind == SVAR_KIND_RANDOM || kind == SVAR_KIND_SPARSE) {
    return SVAR_OK;
  }
  char name[SVAR_TYPE_TEXT_BYTES], text[SVAR_TYPE_TEXT_BYTES];
  return svar_fail(SVAR_ERR_TYPE,
                   "variable '%s' is %s: files keep tensors, random states and sparse matrices; "
                   "leave it out",
                   svar_variable_text(variable, name, sizeof(name)),
                   svar_type_text(&type, text, sizeof(text)));
}

static svar_ret_t
copy_from_gpu(const svar_snapshot_t *snapshot, svar_variable_t *variable, record_t *record)
{
  svar_value_t on_gpu; // ends with the snapshot
  SVAR_TRY(svar_snapshot_get(snapshot, variable, &on_gpu));
  record->gpu = on_gpu.tensor.device.device_id;
  return svar_snapshot_copy(snapshot, variable, &record->value);
}

static svar_ret_t
view(const saver_t *saver, svar_variable_t *variable, record_t *record)
{
  const svar_snapshot_t *snapshot = svari_snapshots_of(&saver->snapshots, variable);
  record->gpu = SVARI_ENTRY_ON_HOST;
  if (svar_variable_type(variable).kind == SVAR_KIND_SPARSE) {
    return svar_snapshot_get_sparse(snapshot, variable, &record->matrix);
  }
  return svar_variable_backing(variable) == SVAR_BACKING_GPU
             ? copy_from_gpu(snapshot, variable, record)
             : svar_snapshot_get(snapshot, variable, &record->value);
}

static void
add_item(saver_t *saver, record_t *record, svari_entry_part_t part, DLTensor tensor)
{
  const char *name = svari_entry_part_name(record->tensor_name, part, record->part_names[part]);
  saver->items[saver->item_count++] = (svar_safetensors_item_t){name, tensor};
}

static svar_ret_t
add_tensor(saver_t *saver, const svar_variable_t *variable, record_t *record, svari_entry_t *entry)
{
  DLTensor tensor = record->value.tensor;
  entry->is_complex128 = svar_dtype_equal(tensor.dtype, SVAR_COMPLEX128);
  if (entry->is_complex128) {
    if (tensor.ndim == SVAR_NDIM_MAX) {
      char name[SVAR_TYPE_TEXT_BYTES];
      return svar_fail(
          SVAR_ERR_TYPE,
          "variable '%s' is complex128 of rank %d: a file keeps such numbers as pairs, "
          "and there is no axis left for them",
          svar_variable_text(variable, name, sizeof(name)), tensor.ndim);
    }
    int64_t *shape = record->shapes[SVARI_ENTRY_VALUE];
    memcpy(shape, record->value.shape, sizeof(record->value.shape));
    shape[tensor.ndim] = 2;
    tensor = svar_tensor(SVAR_FLOAT64, tensor.data, tensor.ndim + 1, shape);
  }
  add_item(saver, record, SVARI_ENTRY_VALUE, tensor);
  return SVAR_OK;
}

static void
add_matrix(saver_t *saver, record_t *record)
{
  static const int64_t head_shape[1] = {SVARI_ENTRY_HEAD_NUMBERS};
  const svar_sparse_t *matrix = &record->matrix.matrix;
  bool is_bsr = matrix->format == SVAR_SPARSE_BSR;
  int64_t major = matrix->format == SVAR_SPARSE_CSC ? matrix->shape[1] : matrix->shape[0];
  record->head[0] = matrix->shape[0];
  record->head[1] = matrix->shape[1];
  record->head[2] = is_bsr ? matrix->block[0] : 1;
  record->head[3] = is_bsr ? matrix->block[1] : 1;
  int64_t(*shapes)[SVAR_NDIM_MAX] = record->shapes;
  shapes[SVARI_ENTRY_DATA][0] = shapes[SVARI_ENTRY_INDICES][0] = matrix->count;
  shapes[SVARI_ENTRY_DATA][1] = record->head[2];
  shapes[SVARI_ENTRY_DATA][2] = record->head[3];
  shapes[SVARI_ENTRY_INDPTR][0] = major / record->head[2] + 1;
  add_item(saver, record, SVARI_ENTRY_VALUE, svar_tensor(SVAR_INT64, record->head, 1, head_shape));
  add_item(
      saver, record, SVARI_ENTRY_DATA,
      svar_tensor(matrix->dtype, (void *)matrix->data, is_bsr ? 3 : 1, shapes[SVARI_ENTRY_DATA]));
  add_item(
      saver, record, SVARI_ENTRY_INDICES,
      svar_tensor(matrix->index_dtype, (void *)matrix->indices, 1, shapes[SVARI_ENTRY_INDICES]));
  add_item(saver, record, SVARI_ENTRY_INDPTR,
           svar_tensor(matrix->index_dtype, (void *)matrix->indptr, 1, shapes[SVARI_ENTRY_INDPTR]));
}

// --- variables -------------------------------------------------------------------------------------

static void
add_entry(saver_t *saver, record_t *record, svari_entry_t entry)
{
  record->is_saved = true;
  record->entry = saver->entry_count;
  saver->entries[saver->entry_count++] = entry;
}

static svar_ret_t
add_value(saver_t *saver, svar_variable_t *variable, record_t *record)
{
  svar_type_t type = svar_variable_type(variable);
  const svar_container_t *container = svar_variable_container(variable);
  svari_entry_t entry = {.name = svar_variable_name(variable),
                         .kind = (svar_kind_t)type.kind,
                         .format = (svar_sparse_format_t)type.format,
                         .same = SVARI_ENTRY_NONE,
                         .strict = svar_container_is_strict(container),
                         .allow_downcast = svar_container_allow_downcast(container),
                         .broadcastable = type.broadcastable,
                         .gpu = record->gpu};
  SVAR_TRY(svari_tensor_names_take(&saver->names, &entry, record->tensor_name));
  if (entry.kind == SVAR_KIND_SPARSE) {
    add_matrix(saver, record);
  } else {
    SVAR_TRY(add_tensor(saver, variable, record, &entry));
  }
  add_entry(saver, record, entry);
  return SVAR_OK;
}

static svar_ret_t
add_variable(saver_t *saver, size_t index)
{
  svar_variable_t *variable = saver->variables[index];
  record_t *record = &saver->records[index];
  svar_ret_t ret = view(saver, variable, record);
  if (ret == SVAR_ERR_UNSET && saver->options.skip_unset) {
    return SVAR_OK;
  }
  if (ret != SVAR_OK) {
    char name[SVAR_TYPE_TEXT_BYTES];
    svar_fail_context("saving variable '%s'", svar_variable_text(variable, name, sizeof(name)));
    return ret;
  }
  return add_value(saver, variable, record);
}

// The variable, or a clone of it, was added before: another entry for the same tensor.
static void
add_again(saver_t *saver, size_t index)
{
  const record_t *first = &saver->records[saver->cells[index]];
  size_t handle = saver->handles[index];
  if (first->is_saved) {
    svari_entry_t entry = saver->entries[first->entry];
    entry.name = svar_variable_name(saver->variables[index]);
    entry.same = handle != index ? saver->records[handle].entry : SVARI_ENTRY_NONE;
    add_entry(saver, &saver->records[index], entry);
  }
}

static svar_ret_t
add_variables(saver_t *saver)
{
  SVAR_TRY(find_firsts(saver, handle_of, saver->handles));
  SVAR_TRY(find_firsts(saver, cell_of, saver->cells));
  SVAR_TRY(svari_snapshots_begin(saver->variables, saver->variable_count, &saver->snapshots));
  SVAR_TRY(svari_tensor_names_init(&saver->options, &saver->names));
  for (size_t i = 0; i < saver->variable_count; i++) {
    if (saver->cells[i] != i) {
      add_again(saver, i);
    } else {
      SVAR_TRY(add_variable(saver, i));
    }
  }
  return SVAR_OK;
}

// --- the file --------------------------------------------------------------------------------------

static svar_ret_t
allocate(saver_t *saver)
{
  size_t room = saver->variable_count + 1; // never of 0 bytes
  saver->handles = calloc(room, sizeof(*saver->handles));
  saver->cells = calloc(room, sizeof(*saver->cells));
  saver->records = calloc(room, sizeof(*saver->records));
  saver->entries = calloc(room, sizeof(*saver->entries));
  saver->items = calloc(room, SVARI_ENTRY_PARTS * sizeof(*saver->items));
  return saver->handles != NULL && saver->cells != NULL && saver->records != NULL &&
                 saver->entries != NULL && saver->items != NULL
             ? SVAR_OK
             : svar_fail(SVAR_ERR_NO_MEMORY, "no memory to save %zu variables",
                         saver->variable_count);
}

static svar_ret_t
write_file(const saver_t *saver, const char *path)
{
  char *manifest = NULL;
  SVAR_TRY(svari_manifest_write(saver->entries, saver->entry_count, &manifest));
  const svar_safetensors_pair_t metadata = {SVARI_MANIFEST_KEY, manifest};
  svar_ret_t ret = svar_safetensors_write(path, saver->items, saver->item_count, &metadata, 1);
  free(manifest);
  return ret;
}

static void
end(saver_t *saver)
{
  svari_snapshots_end(&saver->snapshots);
  svari_tensor_names_fini(&saver->names);
  for (size_t i = 0; saver->records != NULL && i < saver->variable_count; i++) {
    svar_value_release(&saver->records[i].value); // a copy from a GPU
  }
  free(saver->handles);
  free(saver->cells);
  free(saver->records);
  free(saver->entries);
  free(saver->items);
}

static svar_ret_t
read_options(const svar_archive_save_options_t *given, svar_archive_save_options_t *out_options)
{
  *out_options = (svar_archive_save_options_t)SVAR_ARCHIVE_SAVE_OPTIONS_INIT;
  if (given != NULL) {
    SVAR_TRY(svari_options_check_size(given->size_bytes, sizeof(*given)));
    *out_options = *given;
  }
  return SVAR_OK;
}

svar_ret_t
svar_archive_save(const char *path, svar_variable_t *const *variables, size_t count,
                  const svar_archive_save_options_t *options)
{
  SVAR_REQUIRE(path != NULL && (variables != NULL || count == 0));
  for (size_t i = 0; i < count; i++) {
    SVAR_REQUIRE(variables[i] != NULL);
  }
  saver_t saver = {.variables = variables, .variable_count = count};
  SVAR_TRY(read_options(options, &saver.options));
  for (size_t i = 0; i < count; i++) { // before the snapshots: an object is of no store
    SVAR_TRY(check_kind(variables[i]));
  }
  svar_ret_t ret;
  if ((ret = allocate(&saver)) == SVAR_OK && (ret = add_variables(&saver)) == SVAR_OK) {
    ret = write_file(&saver, path);
  }
  end(&saver);
  return ret;
}
