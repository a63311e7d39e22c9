// The names that variables get as tensors of one file: each its own, and a later one of the same a suffix.
#ifndef SVARI_ARCHIVE_TENSOR_NAMES_H
#define SVARI_ARCHIVE_TENSOR_NAMES_H

#include <jansson.h>
#include <stdbool.h>

#include "archive/entry.h"
#include "shared_variable/archive.h"

typedef struct svari_tensor_names {
  const svar_archive_save_options_t *options;
  json_t *taken;       // every tensor's name, parts included
  json_t *repetitions; // variable's name -> how often it has come
  json_int_t unnamed;
} svari_tensor_names_t;

// @param[out] out_names svari_tensor_names_fini(), also on failure. options are borrowed.
svar_ret_t svari_tensor_names_init(const svar_archive_save_options_t *options,
                                   svari_tensor_names_t *out_names);
void svari_tensor_names_fini(svari_tensor_names_t *names);

// Finds a free name for entry, of which name and kind are known, and takes it, its parts' with it: "w", then
// "w_2", "w_3"; "array_0", "array_1" for those without one. Writes it to text, and lets entry have that.
// SVAR_ERR_VALUE: an option refuses it, or it is not UTF-8
svar_ret_t svari_tensor_names_take(svari_tensor_names_t *names, svari_entry_t *entry,
                                   char text[SVARI_ENTRY_NAME_BYTES]);

#endif
