#include "archive/safetensors_header.h"

#include <stdlib.h>
#include <string.h>

#include "archive/text.h"

// The dtypes of the format that are whole bytes.
static const struct {
  const char *name;
  svar_dtype_t dtype;
} dtypes[] = {
    {"BOOL", {SVAR_DL_BOOL, 8, 1}},
    {"U8", {kDLUInt, 8, 1}},
    {"I8", {kDLInt, 8, 1}},
    {"F8_E5M2", {SVAR_DL_FLOAT8_E5M2, 8, 1}},
    {"F8_E4M3", {SVAR_DL_FLOAT8_E4M3FN, 8, 1}},
    {"F8_E4M3FNUZ", {SVAR_DL_FLOAT8_E4M3FNUZ, 8, 1}},
    {"F8_E5M2FNUZ", {SVAR_DL_FLOAT8_E5M2FNUZ, 8, 1}},
    {"F8_E8M0", {SVAR_DL_FLOAT8_E8M0FNU, 8, 1}},
    {"I16", {kDLInt, 16, 1}},
    {"U16", {kDLUInt, 16, 1}},
    {"F16", {kDLFloat, 16, 1}},
    {"BF16", {kDLBfloat, 16, 1}},
    {"I32", {kDLInt, 32, 1}},
    {"U32", {kDLUInt, 32, 1}},
    {"F32", {kDLFloat, 32, 1}},
    {"C64", {kDLComplex, 64, 1}},
    {"F64", {kDLFloat, 64, 1}},
    {"I64", {kDLInt, 64, 1}},
    {"U64", {kDLUInt, 64, 1}},
};
enum { DTYPE_COUNT = sizeof(dtypes) / sizeof(dtypes[0]) };

// Known to the format, but packed below a byte: elements of shared variables have addresses.
static const char *const unsupported_dtypes[] = {"F4", "F6_E2M3", "F6_E3M2"};
enum { UNSUPPORTED_COUNT = sizeof(unsupported_dtypes) / sizeof(unsupported_dtypes[0]) };

const char *
svari_safetensors_dtype_name(svar_dtype_t dtype)
{
  for (size_t i = 0; i < DTYPE_COUNT; i++) {
    if (svar_dtype_equal(dtypes[i].dtype, dtype)) {
      return dtypes[i].name;
    }
  }
  return NULL;
}

svar_ret_t
svari_safetensors_check_name(const char *name)
{
  size_t length = strlen(name);
  if (length == 0 || length >= SVAR_SAFETENSORS_NAME_BYTES) {
    return svar_fail(SVAR_ERR_VALUE, "the tensor name '%.32s%s' has %zu bytes; 1 to %d are allowed",
                     name, length > 32 ? "..." : "", length, SVAR_SAFETENSORS_NAME_BYTES - 1);
  }
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)name[i];
    if (byte < 0x20 || byte == 0x7f) {
      return svar_fail(SVAR_ERR_VALUE, "a tensor name has the control character 0x%02x at byte %zu",
                       byte, i);
    }
  }
  if (strcmp(name, SVARI_SAFETENSORS_METADATA) == 0) {
    return svar_fail(SVAR_ERR_VALUE, "'%s' cannot be the name of a tensor", name);
  }
  return SVAR_OK;
}

static svar_ret_t
parse_dtype(const char *name, const json_t *json, svar_dtype_t *out_dtype)
{
  const char *text = json_string_value(json);
  if (text == NULL) {
    return svar_fail(SVAR_ERR_SYNTAX, "tensor '%s' has no text as its \"dtype\"", name);
  }
  for (size_t i = 0; i < DTYPE_COUNT; i++) {
    if (strcmp(dtypes[i].name, text) == 0) {
      *out_dtype = dtypes[i].dtype;
      return SVAR_OK;
    }
  }
  for (size_t i = 0; i < UNSUPPORTED_COUNT; i++) {
    if (strcmp(unsupported_dtypes[i], text) == 0) {
      return svar_fail(SVAR_ERR_UNSUPPORTED,
                       "tensor '%s' has dtype %s, which is not supported: convert it to F8_E4M3, "
                       "F16, BF16 or F32",
                       name, text);
    }
  }
  return svar_fail(SVAR_ERR_TYPE, "tensor '%s' has the unknown dtype '%.32s'", name, text);
}

static svar_ret_t
parse_shape(const char *name, const json_t *json, svar_safetensors_tensor_t *tensor)
{
  if (!json_is_array(json)) {
    return svar_fail(SVAR_ERR_SYNTAX, "tensor '%s' has no list as its \"shape\"", name);
  }
  size_t ndim = json_array_size(json);
  if (ndim > SVAR_NDIM_MAX) {
    return svar_fail(SVAR_ERR_UNSUPPORTED,
                     "tensor '%s' has %zu dimensions; at most %d are supported", name, ndim,
                     SVAR_NDIM_MAX);
  }
  tensor->ndim = (int32_t)ndim;
  for (size_t axis = 0; axis < ndim; axis++) {
    const json_t *extent = json_array_get(json, axis);
    if (!json_is_integer(extent) || json_integer_value(extent) < 0) {
      return svar_fail(SVAR_ERR_SYNTAX,
                       "tensor '%s' has an extent at axis %zu that is not a "
                       "non-negative integer",
                       name, axis);
    }
    tensor->shape[axis] = json_integer_value(extent);
  }
  return SVAR_OK;
}

static svar_ret_t
parse_offsets(const char *name, const json_t *json, uint64_t data_bytes,
              svar_safetensors_tensor_t *tensor)
{
  const json_t *first = json_array_get(json, 0), *last = json_array_get(json, 1);
  if (json_array_size(json) != 2 || !json_is_integer(first) || !json_is_integer(last)) {
    return svar_fail(SVAR_ERR_SYNTAX, "tensor '%s' has no pair of integers as its \"data_offsets\"",
                     name);
  }
  long long begin = json_integer_value(first), end = json_integer_value(last);
  if (begin < 0 || end < begin) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "tensor '%s' has data_offsets [%lld, %lld], which is no range", name, begin,
                     end);
  }
  if ((uint64_t)end > data_bytes) {
    return svar_fail(
        SVAR_ERR_CORRUPT,
        "tensor '%s' has data_offsets [%lld, %lld], but only %llu bytes follow the header", name,
        begin, end, (unsigned long long)data_bytes);
  }
  tensor->offset_bytes = (uint64_t)begin;
  tensor->size_bytes = (uint64_t)(end - begin);
  return SVAR_OK;
}

static svar_ret_t
parse_tensor(const char *name, json_t *json, uint64_t data_bytes, svar_safetensors_tensor_t *tensor)
{
  if (svari_safetensors_check_name(name) != SVAR_OK) {
    return svar_fail(SVAR_ERR_SYNTAX, "%s", svar_error_message());
  }
  if (!json_is_object(json)) {
    return svar_fail(SVAR_ERR_SYNTAX, "tensor '%s' is not described by a JSON object", name);
  }
  const char *member;
  json_t *ignored;
  json_object_foreach(json, member, ignored)
  {
    // A member that is not understood may change what the bytes mean.
    if (strcmp(member, "dtype") != 0 && strcmp(member, "shape") != 0 &&
        strcmp(member, "data_offsets") != 0) {
      return svar_fail(SVAR_ERR_SYNTAX, "tensor '%s' has the unknown member '%.32s'", name, member);
    }
  }
  tensor->name = name;
  SVAR_TRY(parse_dtype(name, json_object_get(json, "dtype"), &tensor->dtype));
  SVAR_TRY(parse_shape(name, json_object_get(json, "shape"), tensor));
  SVAR_TRY(parse_offsets(name, json_object_get(json, "data_offsets"), data_bytes, tensor));
  uint64_t needed_bytes = 0;
  if (svar_shape_bytes(tensor->dtype, tensor->ndim, tensor->shape, &needed_bytes) != SVAR_OK ||
      needed_bytes != tensor->size_bytes) {
    char shape[SVAR_TYPE_TEXT_BYTES];
    return svar_fail(
        SVAR_ERR_CORRUPT,
        "tensor '%s' has %llu bytes between its data_offsets, which is not what %s %s takes", name,
        (unsigned long long)tensor->size_bytes, svar_dtype_name(tensor->dtype),
        svar_shape_text(tensor->ndim, tensor->shape, shape, sizeof(shape)));
  }
  return SVAR_OK;
}

static svar_ret_t
check_metadata(json_t *json)
{
  if (!json_is_object(json)) {
    return svar_fail(SVAR_ERR_SYNTAX, "its %s is not a JSON object", SVARI_SAFETENSORS_METADATA);
  }
  const char *key;
  json_t *text;
  json_object_foreach(json, key, text)
  {
    if (!json_is_string(text)) {
      return svar_fail(SVAR_ERR_SYNTAX, "its %s has the key '%.64s', which is not a text",
                       SVARI_SAFETENSORS_METADATA, key);
    }
  }
  return SVAR_OK;
}

static int
compare_offsets(const void *left, const void *right)
{
  const svar_safetensors_tensor_t *a = left, *b = right;
  if (a->offset_bytes != b->offset_bytes) {
    return a->offset_bytes < b->offset_bytes ? -1 : 1;
  }
  if (a->size_bytes != b->size_bytes) { // an empty tensor comes before the one that begins there
    return a->size_bytes < b->size_bytes ? -1 : 1;
  }
  return strcmp(a->name, b->name);
}

// The tensors, one after the other, must be exactly the bytes that follow the header.
static svar_ret_t
check_coverage(const svari_safetensors_header_t *header, uint64_t data_bytes)
{
  uint64_t end = 0;
  for (size_t i = 0; i < header->count; i++) {
    const svar_safetensors_tensor_t *tensor = &header->tensors[i];
    if (tensor->offset_bytes < end) {
      return svar_fail(SVAR_ERR_CORRUPT, "tensors '%s' and '%s' overlap at byte %llu",
                       header->tensors[i - 1].name, tensor->name,
                       (unsigned long long)tensor->offset_bytes);
    }
    if (tensor->offset_bytes > end) {
      return svar_fail(
          SVAR_ERR_CORRUPT, "bytes %llu to %llu, before tensor '%s', belong to no tensor",
          (unsigned long long)end, (unsigned long long)tensor->offset_bytes, tensor->name);
    }
    end += tensor->size_bytes;
  }
  if (end != data_bytes) {
    return svar_fail(SVAR_ERR_CORRUPT,
                     "bytes %llu to %llu, after the last tensor, belong to no tensor",
                     (unsigned long long)end, (unsigned long long)data_bytes);
  }
  return SVAR_OK;
}

static svar_ret_t
parse_tensors(svari_safetensors_header_t *header, uint64_t data_bytes)
{
  // calloc(0) may be NULL; one entry too many does no harm.
  header->tensors = calloc(json_object_size(header->json) + 1, sizeof(*header->tensors));
  if (header->tensors == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the list of its %zu tensors",
                     json_object_size(header->json));
  }
  const char *name;
  json_t *value;
  json_object_foreach(header->json, name, value)
  {
    if (strcmp(name, SVARI_SAFETENSORS_METADATA) == 0) {
      SVAR_TRY(check_metadata(value));
    } else {
      SVAR_TRY(parse_tensor(name, value, data_bytes, &header->tensors[header->count]));
      header->count++;
    }
  }
  qsort(header->tensors, header->count, sizeof(*header->tensors), compare_offsets);
  return check_coverage(header, data_bytes);
}

svar_ret_t
svari_safetensors_header_parse(const char *text, size_t text_bytes, uint64_t data_bytes,
                               svari_safetensors_header_t *out_header)
{
  if (text_bytes == 0 || text[0] != '{') {
    return svar_fail(SVAR_ERR_SYNTAX, "its header does not begin with '{'");
  }
  svari_safetensors_header_t header = {0};
  SVAR_TRY(svari_text_parse("its header", text, text_bytes, &header.json));
  svar_ret_t ret = parse_tensors(&header, data_bytes);
  if (ret != SVAR_OK) {
    svari_safetensors_header_fini(&header);
    return ret;
  }
  *out_header = header;
  return SVAR_OK;
}

void
svari_safetensors_header_fini(svari_safetensors_header_t *header)
{
  free(header->tensors);
  json_decref(header->json);
  *header = (svari_safetensors_header_t){0};
}
