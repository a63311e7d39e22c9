#include "archive/contents.h"

#include <stdlib.h>
#include <string.h>

// What reading needs beside its result: the tensors by name, which finds one in a single step.
typedef struct reader {
  const svar_safetensors_t *file;
  svari_contents_t *contents;
  json_t *tensors; // name -> index in the file
  json_t *firsts;  // name of a value's tensor -> index of its first entry
  bool *is_used;   // of each tensor: it belongs to an entry
} reader_t;

static svar_ret_t
fail_without_memory(const reader_t *reader)
{
  return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the list of its %zu tensors",
                   svar_safetensors_count(reader->file));
}

static svar_ret_t
index_tensors(reader_t *reader)
{
  for (size_t i = 0; i < svar_safetensors_count(reader->file); i++) {
    const char *name = svar_safetensors_at(reader->file, i)->name;
    if (json_object_set_new(reader->tensors, name, json_integer((json_int_t)i)) != 0) {
      return fail_without_memory(reader);
    }
  }
  return SVAR_OK;
}

static svar_ret_t
find_parts(reader_t *reader, svari_entry_t *entry)
{
  for (int part = 0; part < svari_entry_part_count(entry); part++) {
    char text[SVARI_ENTRY_NAME_BYTES];
    const char *name = svari_entry_part_name(entry->tensor_name, (svari_entry_part_t)part, text);
    const json_t *index = json_object_get(reader->tensors, name);
    if (index == NULL) {
      return svar_fail(SVAR_ERR_CORRUPT, "its metadata name a tensor '%s', which it has not", name);
    }
    entry->tensors[part] = (size_t)json_integer_value(index);
    reader->is_used[entry->tensors[part]] = true;
  }
  return SVAR_OK;
}

// Flags and dtype, which are of tensors only, must be possible for this one.
static svar_ret_t
check_type(const reader_t *reader, const svari_entry_t *entry)
{
  const svar_safetensors_tensor_t *tensor =
      svar_safetensors_at(reader->file, entry->tensors[SVARI_ENTRY_VALUE]);
  if (entry->is_complex128 && (!svar_dtype_equal(tensor->dtype, SVAR_FLOAT64) ||
                               tensor->ndim == 0 || tensor->shape[tensor->ndim - 1] != 2)) {
    return svar_fail(SVAR_ERR_CORRUPT, "tensor '%s' has no pairs of float64 to make complex128 of",
                     entry->tensor_name);
  }
  svar_type_t type = svari_entry_tensor_type(entry, reader->file);
  for (int32_t axis = 0; axis < SVAR_NDIM_MAX; axis++) {
    if (svari_entry_is_broadcastable(entry, axis) &&
        (axis >= type.ndim || tensor->shape[axis] != 1)) {
      return svar_fail(SVAR_ERR_CORRUPT,
                       "axis %d of tensor '%s' is called broadcastable, but has not the extent 1",
                       axis, entry->tensor_name);
    }
  }
  return SVAR_OK;
}

// An entry whose tensor an earlier one has must say the same of it.
static svar_ret_t
find_first(const reader_t *reader, svari_entry_t *entry)
{
  json_t *index = json_object_get(reader->firsts, entry->tensor_name);
  if (index == NULL) {
    entry->first = reader->contents->count;
    index = json_integer((json_int_t)entry->first);
    return json_object_set_new(reader->firsts, entry->tensor_name, index) == 0
               ? SVAR_OK
               : fail_without_memory(reader);
  }
  entry->first = (size_t)json_integer_value(index);
  const svari_entry_t *first = &reader->contents->entries[entry->first];
  if (entry->kind != first->kind || entry->format != first->format ||
      entry->strict != first->strict || entry->allow_downcast != first->allow_downcast ||
      entry->is_complex128 != first->is_complex128 ||
      entry->broadcastable != first->broadcastable || entry->gpu != first->gpu) {
    return svar_fail(SVAR_ERR_CORRUPT, "its metadata describe tensor '%s' in two ways",
                     entry->tensor_name);
  }
  return SVAR_OK;
}

// An entry that is an earlier one's variable must have the same tensor, and call it the same.
static svar_ret_t
check_same(const reader_t *reader, const svari_entry_t *entry)
{
  if (entry->same == SVARI_ENTRY_NONE) {
    return SVAR_OK;
  }
  const svari_contents_t *contents = reader->contents;
  const svari_entry_t *same =
      entry->same < contents->count ? &contents->entries[entry->same] : NULL;
  bool is_same = same != NULL && same->first == entry->first &&
                 (same->name == NULL || entry->name == NULL ? same->name == entry->name
                                                            : strcmp(same->name, entry->name) == 0);
  return is_same ? SVAR_OK
                 : svar_fail(SVAR_ERR_CORRUPT,
                             "its metadata say that a variable of tensor '%s' is the same as "
                             "number %zu, which is another one",
                             entry->tensor_name, entry->same);
}

static svar_ret_t
add_entry(reader_t *reader, svari_entry_t entry)
{
  SVAR_TRY(find_parts(reader, &entry));
  SVAR_TRY(check_type(reader, &entry));
  SVAR_TRY(find_first(reader, &entry));
  SVAR_TRY(check_same(reader, &entry));
  reader->contents->entries[reader->contents->count++] = entry;
  return SVAR_OK;
}

static svar_ret_t
allocate(reader_t *reader)
{
  size_t tensors = svar_safetensors_count(reader->file);
  size_t named = json_array_size(svari_manifest_variables(reader->contents->manifest));
  reader->contents->entries = calloc(named + tensors + 1, sizeof(svari_entry_t)); // not of 0 bytes
  reader->is_used = calloc(tensors + 1, sizeof(bool));
  reader->tensors = json_object();
  reader->firsts = json_object();
  return reader->contents->entries != NULL && reader->is_used != NULL && reader->tensors != NULL &&
                 reader->firsts != NULL
             ? SVAR_OK
             : fail_without_memory(reader);
}

static svar_ret_t
read_all(reader_t *reader)
{
  const char *text = svar_safetensors_metadata(reader->file, SVARI_MANIFEST_KEY);
  if (text != NULL) {
    SVAR_TRY(svari_manifest_parse(text, &reader->contents->manifest));
  }
  SVAR_TRY(allocate(reader));
  SVAR_TRY(index_tensors(reader));
  const json_t *named = svari_manifest_variables(reader->contents->manifest);
  for (size_t i = 0; i < json_array_size(named); i++) {
    svari_entry_t entry;
    SVAR_TRY(svari_manifest_entry(json_array_get(named, i), &entry));
    SVAR_TRY(add_entry(reader, entry));
  }
  for (size_t i = 0; i < svar_safetensors_count(reader->file); i++) {
    if (!reader->is_used[i]) {
      const char *name = svar_safetensors_at(reader->file, i)->name;
      SVAR_TRY(add_entry(reader, (svari_entry_t){.tensor_name = name,
                                                 .name = name,
                                                 .same = SVARI_ENTRY_NONE,
                                                 .gpu = SVARI_ENTRY_ON_HOST}));
    }
  }
  return SVAR_OK;
}

svar_ret_t
svari_contents_read(const svar_safetensors_t *file, svari_contents_t *out_contents)
{
  svari_contents_t contents = {0};
  reader_t reader = {.file = file, .contents = &contents};
  svar_ret_t ret = read_all(&reader);
  json_decref(reader.tensors);
  json_decref(reader.firsts);
  free(reader.is_used);
  if (ret != SVAR_OK) {
    svari_contents_fini(&contents);
    svar_fail_context("cannot use '%s'", svar_safetensors_path(file));
    return ret;
  }
  *out_contents = contents;
  return SVAR_OK;
}

void
svari_contents_fini(svari_contents_t *contents)
{
  free(contents->entries);
  json_decref(contents->manifest);
  *contents = (svari_contents_t){0};
}
