// Texts on their way into JSON, and back.
#ifndef SVARI_ARCHIVE_TEXT_H
#define SVARI_ARCHIVE_TEXT_H

#include <jansson.h>

#include "shared_variable/error.h"

// The sentence for why JSON did not take text, which what names: SVAR_ERR_VALUE, it is not UTF-8, or else
// SVAR_ERR_NO_MEMORY. (jansson does not tell the two apart.)
svar_ret_t svari_text_fail(const char *what, const char *text);

// The text of json, which may be NULL: no memory. @param[out] out_text owned: free()
// SVAR_ERR_NO_MEMORY
svar_ret_t svari_text_write(const json_t *json, char **out_text);

// Reads JSON, which what names, from text. No member may come twice. @param[out] out_json owned: json_decref()
// SVAR_ERR_SYNTAX, SVAR_ERR_NO_MEMORY
svar_ret_t svari_text_parse(const char *what, const char *text, size_t text_bytes,
                            json_t **out_json);

#endif
