// The variables of an archive that is being read: those that its metadata name, then every other tensor.
#ifndef SVARI_ARCHIVE_CONTENTS_H
#define SVARI_ARCHIVE_CONTENTS_H

#include "archive/entry.h"
#include "archive/manifest.h"

typedef struct svari_contents {
  svari_entry_t *entries;
  size_t count;
  json_t *manifest; // owns the names; NULL: the file has none
} svari_contents_t;

// Reads what an open file says of itself. Each entry has the tensors that its kind asks for; whether these
// make a value is for those who read it. The sentence of a failure names the file.
// @param[out] out_contents svari_contents_fini(), before the file is closed
// SVAR_ERR_CORRUPT: metadata name a tensor that is not there, or one container, or variable, in two ways
// SVAR_ERR_SYNTAX, SVAR_ERR_UNSUPPORTED as svari_manifest_parse()
svar_ret_t svari_contents_read(const svar_safetensors_t *file, svari_contents_t *out_contents);
void svari_contents_fini(svari_contents_t *contents);

#endif
