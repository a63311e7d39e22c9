// What the reader and the writer of .safetensors files share: above all the JSON header.
#ifndef SAFETENSORS_HEADER_H
#define SAFETENSORS_HEADER_H

#include <jansson.h>

#include "shared_variable/safetensors.h"

SVAR_BEGIN_DECLS

// The header's length is written in this many bytes before it; the format bounds the header itself.
enum { SVARI_SAFETENSORS_PREFIX_BYTES = 8, SVARI_SAFETENSORS_HEADER_BYTES_MAX = 100000000 };

#define SVARI_SAFETENSORS_METADATA "__metadata__"

typedef struct svari_safetensors_header {
  json_t *json;                       // owns every name and text
  svar_safetensors_tensor_t *tensors; // sorted by offset
  size_t count;
} svari_safetensors_header_t;

// Parses and checks a header for data_bytes bytes of tensors. The sentence of a failure does not name
// the file: the caller puts that around it. Codes as svar_safetensors_open().
svar_ret_t svari_safetensors_header_parse(const char *text, size_t text_bytes, uint64_t data_bytes,
                                          svari_safetensors_header_t *out_header);
void svari_safetensors_header_fini(svari_safetensors_header_t *header);

// SVAR_ERR_VALUE unless name may be a tensor's: 1 to 255 bytes, no control character, not the key of
// the metadata.
svar_ret_t svari_safetensors_check_name(const char *name);
// The format's name of a dtype ("F32"), NULL if it has none.
const char *svari_safetensors_dtype_name(svar_dtype_t dtype);

// The failure that errno stands for, after the system refused an action ("open") on the file.
svar_ret_t svari_safetensors_system_failure(const char *action, const char *path);

SVAR_END_DECLS
#endif
