// The manifest: what an archive's metadata say about its variables, as JSON in one text.
//
//   {"format": 3, "variables": [{"tensor": "w_2", "name": "w", "strict": true, "broadcastable": [0], "gpu": 1}, ...]}
//
// A member that is not there has its default: no name, kind "tensor", not strict, allow_downcast unset, no
// flags, on no GPU. Entries with the same tensor are clones of each other; "same": 0 says that one is entry number 0
// itself, the very variable.
#ifndef SVARI_ARCHIVE_MANIFEST_H
#define SVARI_ARCHIVE_MANIFEST_H

#include <jansson.h>

#include "archive/entry.h"

#define SVARI_MANIFEST_KEY "shared_variable"

// "tensor", "random", "sparse". @pre kind is one of an entry's
const char *svari_manifest_kind_name(svar_kind_t kind);

// The text for these entries. @param[out] out_text owned: free()
// SVAR_ERR_VALUE: a name that is not UTF-8; SVAR_ERR_NO_MEMORY
svar_ret_t svari_manifest_write(const svari_entry_t *entries, size_t count, char **out_text);

// The list of entries in a text, each of which svari_manifest_entry() reads. The sentence of a failure does
// not name the file. @param[out] out_manifest owned, with all names: json_decref()
// SVAR_ERR_SYNTAX; SVAR_ERR_UNSUPPORTED: another format; SVAR_ERR_NO_MEMORY
svar_ret_t svari_manifest_parse(const char *text, json_t **out_manifest);
// The list, of a manifest that was parsed: json_array_size(), json_array_get().
json_t *svari_manifest_variables(const json_t *manifest);
// Reads one of them; its `first` and `tensors` are left to the caller. SVAR_ERR_SYNTAX
svar_ret_t svari_manifest_entry(const json_t *json, svari_entry_t *out_entry);

#endif
