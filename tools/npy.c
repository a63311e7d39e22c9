#include "tools/npy.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the descriptors say '<'");

enum {
  ALIGNMENT = 64,    // the elements start at a multiple of it, so that a file can be mapped
  PREFIX_BYTES = 10, // magic, version, and the length of what follows
  HEADER_BYTES =
      64 * 8 // room for SVAR_NDIM_MAX extents of 20 digits: far below version 1.0's 65535
};

typedef struct npy_type {
  svar_dtype_t dtype;
  const char *descriptor;
  bool is_raw;
} npy_type_t;

const char *
svari_npy_descriptor(svar_dtype_t dtype, bool *out_is_raw)
{
  const npy_type_t types[] = {
      {SVAR_BOOL, "|b1", false},           {SVAR_INT8, "|i1", false},
      {SVAR_INT16, "<i2", false},          {SVAR_INT32, "<i4", false},
      {SVAR_INT64, "<i8", false},          {SVAR_UINT8, "|u1", false},
      {SVAR_UINT16, "<u2", false},         {SVAR_UINT32, "<u4", false},
      {SVAR_UINT64, "<u8", false},         {SVAR_FLOAT16, "<f2", false},
      {SVAR_FLOAT32, "<f4", false},        {SVAR_FLOAT64, "<f8", false},
      {SVAR_COMPLEX64, "<c8", false},      {SVAR_COMPLEX128, "<c16", false},
      {SVAR_BFLOAT16, "<u2", true},        {SVAR_FLOAT8_E4M3FN, "|u1", true},
      {SVAR_FLOAT8_E5M2, "|u1", true},     {SVAR_FLOAT8_E8M0FNU, "|u1", true},
      {SVAR_FLOAT8_E4M3FNUZ, "|u1", true}, {SVAR_FLOAT8_E5M2FNUZ, "|u1", true},
  };
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); ++i) {
    if (svar_dtype_equal(types[i].dtype, dtype)) {
      if (out_is_raw != NULL) {
        *out_is_raw = types[i].is_raw;
      }
      return types[i].descriptor;
    }
  }
  assert(!"a dtype that is not known");
  return "|V1";
}

bool
svari_npy_dtype(const char *descriptor, svar_dtype_t *out_dtype)
{
#define DTYPE(symbol, name, dl_code, dl_bits) symbol,
  const svar_dtype_t dtypes[] = {SVAR_DTYPE_LIST(DTYPE)};
#undef DTYPE
  for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); ++i) {
    bool is_raw;
    if (strcmp(svari_npy_descriptor(dtypes[i], &is_raw), descriptor) == 0 && !is_raw) {
      *out_dtype = dtypes[i];
      return true;
    }
  }
  return false;
}

// A Python tuple: "()", "(3,)", "(3, 4)".
static size_t
shape_tuple(const DLTensor *tensor, char *text, size_t size_bytes)
{
  size_t length = (size_t)snprintf(text, size_bytes, "(");
  for (int32_t axis = 0; axis < tensor->ndim; ++axis) {
    const char *separator = axis + 1 < tensor->ndim ? ", " : tensor->ndim == 1 ? "," : "";
    length += (size_t)snprintf(text + length, size_bytes - length, "%" PRId64 "%s",
                               tensor->shape[axis], separator);
  }
  return length + (size_t)snprintf(text + length, size_bytes - length, ")");
}

// Fills header with everything before the elements; returns its length, a multiple of ALIGNMENT.
static size_t
header_text(const DLTensor *tensor, char *header)
{
  size_t length = PREFIX_BYTES;
  length += (size_t)snprintf(header + length, HEADER_BYTES - length,
                             "{'descr': '%s', 'fortran_order': False, 'shape': ",
                             svari_npy_descriptor(tensor->dtype, NULL));
  length += shape_tuple(tensor, header + length, HEADER_BYTES - length);
  length += (size_t)snprintf(header + length, HEADER_BYTES - length, ", }");
  size_t padded = (length + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  memset(header + length, ' ', padded - length);
  header[padded - 1] = '\n';
  size_t after_prefix = padded - PREFIX_BYTES;
  memcpy(header, "\x93NUMPY\x01\x00", 8);
  header[8] = (char)(after_prefix & 0xff);
  header[9] = (char)(after_prefix >> 8);
  return padded;
}

svar_ret_t
svari_npy_write(const DLTensor *tensor, FILE *out)
{
  char header[HEADER_BYTES];
  size_t header_bytes = header_text(tensor, header);
  uint64_t data_bytes;
  SVAR_TRY(svar_shape_bytes(tensor->dtype, tensor->ndim, tensor->shape, &data_bytes));
  const char *data = (const char *)tensor->data + tensor->byte_offset;
  if (fwrite(header, 1, header_bytes, out) != header_bytes ||
      (data_bytes > 0 && fwrite(data, 1, data_bytes, out) != data_bytes)) {
    return svar_fail(SVAR_ERR_SYSTEM, "writing: %s", strerror(errno));
  }
  return SVAR_OK;
}
