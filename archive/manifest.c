#include "archive/manifest.h"

#include <string.h>

#include "archive/text.h"

enum { FORMAT = 3 };

// The kinds that travel, by their names.
static const struct {
  const char *name;
  svar_kind_t kind;
} kinds[] = {
    {"tensor", SVAR_KIND_TENSOR},
    {"random", SVAR_KIND_RANDOM},
    {"sparse", SVAR_KIND_SPARSE},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

static const svar_sparse_format_t formats[] = {SVAR_SPARSE_CSR, SVAR_SPARSE_CSC, SVAR_SPARSE_BSR};
enum { FORMAT_COUNT = sizeof(formats) / sizeof(formats[0]) };

#define COMPLEX128 "complex128"

// --- writing ---------------------------------------------------------------------------------------

const char *
svari_manifest_kind_name(svar_kind_t kind)
{
  size_t i = 0;
  while (kinds[i].kind != kind) {
    i++;
  }
  return kinds[i].name;
}

// jansson's setters and appenders take NULL, what a maker returns without memory, and fail.
static json_t *
axes_of(uint32_t broadcastable)
{
  json_t *axes = json_array();
  for (int32_t axis = 0; axis < SVAR_NDIM_MAX; axis++) {
    bool is_flagged = (broadcastable >> axis & 1) != 0;
    if (is_flagged && json_array_append_new(axes, json_integer(axis)) != 0) {
      json_decref(axes);
      return NULL;
    }
  }
  return axes;
}

// The entry with the members that differ from the defaults. NULL: a name is not UTF-8, or no memory.
static json_t *
describe(const svari_entry_t *entry)
{
  json_t *json = json_pack("{s:s}", "tensor", entry->tensor_name);
  int failures = 0;
  if (entry->name != NULL) {
    failures += json_object_set_new(json, "name", json_string(entry->name));
  }
  if (entry->kind != SVAR_KIND_TENSOR) {
    failures +=
        json_object_set_new(json, "kind", json_string(svari_manifest_kind_name(entry->kind)));
  }
  if (entry->kind == SVAR_KIND_SPARSE) {
    const char *format = svar_sparse_format_name(entry->format);
    failures += json_object_set_new(json, "format", json_string(format));
  }
  if (entry->same != SVARI_ENTRY_NONE) {
    failures += json_object_set_new(json, "same", json_integer((json_int_t)entry->same));
  }
  if (entry->strict) {
    failures += json_object_set_new(json, "strict", json_true());
  }
  if (entry->allow_downcast != SVAR_DOWNCAST_UNSET) {
    failures += json_object_set_new(json, "allow_downcast",
                                    json_boolean(entry->allow_downcast == SVAR_DOWNCAST_TRUE));
  }
  if (entry->is_complex128) {
    failures += json_object_set_new(json, "dtype", json_string(COMPLEX128));
  }
  if (entry->broadcastable != 0) {
    failures += json_object_set_new(json, "broadcastable", axes_of(entry->broadcastable));
  }
  if (entry->gpu != SVARI_ENTRY_ON_HOST) {
    failures += json_object_set_new(json, "gpu", json_integer(entry->gpu));
  }
  if (failures != 0) {
    json_decref(json);
    return NULL;
  }
  return json;
}

svar_ret_t
svari_manifest_write(const svari_entry_t *entries, size_t count, char **out_text)
{
  json_t *list = json_array();
  svar_ret_t ret = SVAR_OK;
  for (size_t i = 0; i < count && ret == SVAR_OK; i++) {
    if (json_array_append_new(list, describe(&entries[i])) != 0) {
      const char *name = entries[i].name;
      ret = svari_text_fail("variable name", name != NULL ? name : entries[i].tensor_name);
    }
  }
  json_t *manifest = json_pack("{s:i, s:o}", "format", FORMAT, "variables", list); // takes list
  if (ret == SVAR_OK && (ret = svari_text_write(manifest, out_text)) != SVAR_OK) {
    svar_fail_context("what the archive says of %zu variables", count);
  }
  json_decref(manifest);
  return ret;
}

// --- reading ---------------------------------------------------------------------------------------

svar_ret_t
svari_manifest_parse(const char *text, json_t **out_manifest)
{
  json_t *manifest;
  SVAR_TRY(
      svari_text_parse("its metadata '" SVARI_MANIFEST_KEY "'", text, strlen(text), &manifest));
  const json_t *format = json_object_get(manifest, "format");
  svar_ret_t ret = SVAR_OK;
  if (!json_is_integer(format) || !json_is_array(svari_manifest_variables(manifest))) {
    ret = svar_fail(SVAR_ERR_SYNTAX,
                    "its metadata '%s' has no number as its \"format\", or no list as its "
                    "\"variables\"",
                    SVARI_MANIFEST_KEY);
  } else if (json_integer_value(format) != FORMAT) {
    ret = svar_fail(SVAR_ERR_UNSUPPORTED,
                    "its metadata '%s' is of format %lld, this library knows %d: use the version "
                    "of it that wrote the file",
                    SVARI_MANIFEST_KEY, (long long)json_integer_value(format), FORMAT);
  }
  if (ret != SVAR_OK) {
    json_decref(manifest);
    return ret;
  }
  *out_manifest = manifest;
  return SVAR_OK;
}

json_t *
svari_manifest_variables(const json_t *manifest)
{
  return json_object_get(manifest, "variables");
}

static svar_ret_t
fail_at(const svari_entry_t *entry, const char *member, const char *expected)
{
  return svar_fail(SVAR_ERR_SYNTAX, "its metadata '%s': variable '%s' has no %s as its \"%s\"",
                   SVARI_MANIFEST_KEY, entry->tensor_name, expected, member);
}

static svar_ret_t
read_name(const json_t *json, svari_entry_t *entry)
{
  entry->name = json_string_value(json);
  return entry->name != NULL ? SVAR_OK : fail_at(entry, "name", "text");
}

static svar_ret_t
read_kind(const json_t *json, svari_entry_t *entry)
{
  const char *name = json_string_value(json);
  for (size_t i = 0; name != NULL && i < KIND_COUNT; i++) {
    if (strcmp(kinds[i].name, name) == 0) {
      entry->kind = kinds[i].kind;
      return SVAR_OK;
    }
  }
  return fail_at(entry, "kind", "known kind");
}

static svar_ret_t
read_format(const json_t *json, svari_entry_t *entry)
{
  const char *name = json_string_value(json);
  for (size_t i = 0; name != NULL && i < FORMAT_COUNT; i++) {
    if (strcmp(svar_sparse_format_name(formats[i]), name) == 0) {
      entry->format = formats[i];
      return SVAR_OK;
    }
  }
  return fail_at(entry, "format", "format of sparse matrices");
}

static svar_ret_t
read_same(const json_t *json, svari_entry_t *entry)
{
  if (!json_is_integer(json) || json_integer_value(json) < 0) {
    return fail_at(entry, "same", "number of a variable");
  }
  entry->same = (size_t)json_integer_value(json);
  return SVAR_OK;
}

static svar_ret_t
read_strict(const json_t *json, svari_entry_t *entry)
{
  entry->strict = json_is_true(json);
  return json_is_boolean(json) ? SVAR_OK : fail_at(entry, "strict", "truth value");
}

static svar_ret_t
read_allow_downcast(const json_t *json, svari_entry_t *entry)
{
  entry->allow_downcast = json_is_true(json) ? SVAR_DOWNCAST_TRUE : SVAR_DOWNCAST_FALSE;
  return json_is_boolean(json) ? SVAR_OK : fail_at(entry, "allow_downcast", "truth value");
}

static svar_ret_t
read_dtype(const json_t *json, svari_entry_t *entry)
{
  const char *name = json_string_value(json);
  entry->is_complex128 = name != NULL && strcmp(name, COMPLEX128) == 0;
  return entry->is_complex128 ? SVAR_OK : fail_at(entry, "dtype", "\"" COMPLEX128 "\"");
}

static svar_ret_t
read_broadcastable(const json_t *json, svari_entry_t *entry)
{
  size_t i;
  const json_t *axis;
  if (!json_is_array(json)) {
    return fail_at(entry, "broadcastable", "list");
  }
  json_array_foreach(json, i, axis)
  {
    json_int_t number = json_integer_value(axis);
    if (!json_is_integer(axis) || number < 0 || number >= SVAR_NDIM_MAX) {
      return fail_at(entry, "broadcastable", "list of axes");
    }
    entry->broadcastable |= UINT32_C(1) << number;
  }
  return SVAR_OK;
}

static svar_ret_t
read_gpu(const json_t *json, svari_entry_t *entry)
{
  json_int_t number = json_integer_value(json);
  if (!json_is_integer(json) || number < 0 || number > INT32_MAX) {
    return fail_at(entry, "gpu", "number of a GPU");
  }
  entry->gpu = (int32_t)number;
  return SVAR_OK;
}

static const struct {
  const char *name;
  svar_ret_t (*read)(const json_t *json, svari_entry_t *entry);
} members[] = {
    {"name", read_name},     {"kind", read_kind},
    {"format", read_format}, {"same", read_same},
    {"strict", read_strict}, {"allow_downcast", read_allow_downcast},
    {"dtype", read_dtype},   {"broadcastable", read_broadcastable},
    {"gpu", read_gpu},
};
enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]) };

static svar_ret_t
read_member(const char *name, const json_t *json, svari_entry_t *entry)
{
  for (size_t i = 0; i < MEMBER_COUNT; i++) {
    if (strcmp(members[i].name, name) == 0) {
      return members[i].read(json, entry);
    }
  }
  // One that is not understood may change what the bytes mean.
  return svar_fail(SVAR_ERR_SYNTAX,
                   "its metadata '%s': variable '%s' has the unknown member '%.32s'",
                   SVARI_MANIFEST_KEY, entry->tensor_name, name);
}

svar_ret_t
svari_manifest_entry(const json_t *json, svari_entry_t *out_entry)
{
  svari_entry_t entry = {.tensor_name = json_string_value(json_object_get(json, "tensor")),
                         .same = SVARI_ENTRY_NONE,
                         .gpu = SVARI_ENTRY_ON_HOST};
  if (entry.tensor_name == NULL) {
    return svar_fail(SVAR_ERR_SYNTAX,
                     "its metadata '%s' has a variable without a text as its \"tensor\"",
                     SVARI_MANIFEST_KEY);
  }
  const char *name;
  json_t *member;
  json_object_foreach((json_t *)json, name, member)
  {
    if (strcmp(name, "tensor") != 0) {
      SVAR_TRY(read_member(name, member, &entry));
    }
  }
  if ((entry.kind == SVAR_KIND_SPARSE) != (entry.format != SVAR_SPARSE_NONE)) {
    return fail_at(&entry, "format", "format that goes with its kind");
  }
  if (entry.kind != SVAR_KIND_TENSOR &&
      (entry.is_complex128 || entry.broadcastable != 0 || entry.gpu != SVARI_ENTRY_ON_HOST)) {
    return fail_at(&entry, "kind", "kind that has a dtype, flags or a GPU");
  }
  *out_entry = entry;
  return SVAR_OK;
}
