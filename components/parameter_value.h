// The value of a parameter as ROS 2 reads it from text: a scalar or a flat sequence of one kind.
#ifndef SVARI_COMPONENTS_PARAMETER_VALUE_H
#define SVARI_COMPONENTS_PARAMETER_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include "shared_variable/component.h"

SVAR_BEGIN_DECLS

/// A scalar has one item; a sequence one or more, all of the first one's kind. Owns items and their
/// strings. {0} is empty.
typedef struct svari_parameter_value {
  bool is_sequence;
  size_t count;
  svar_parameter_value_t *items;
} svari_parameter_value_t;

/// Types one scalar. is_quoted: it stood in quotes or was tagged !!str, and so is a string. Otherwise
/// the first that fits: bool (y, yes, true, on, ... as YAML 1.1), int64 (strtoll, base 0), double
/// (strtod, or .inf and .nan), string. The caller frees as.string when the kind is STRING.
svar_ret_t svari_parameter_scalar_parse(const char *text, bool is_quoted,
                                        svar_parameter_value_t *out_scalar);

/// Adds a scalar, whose string moves in on SVAR_OK. SVAR_ERR_TYPE: it is not of the first one's kind.
svar_ret_t svari_parameter_value_append(svari_parameter_value_t *value,
                                        svar_parameter_value_t scalar);
void svari_parameter_value_fini(svari_parameter_value_t *value);

/// A copy that owns its string or its items; svari_parameter_free() it.
svar_ret_t svari_parameter_copy(const svar_parameter_value_t *value,
                                svar_parameter_value_t *out_copy);
/// Frees what a copy owns, and leaves {0}. {0} is fine.
void svari_parameter_free(svar_parameter_value_t *copy);

bool svari_parameter_is_array(svar_parameter_kind_t kind);
/// The kind of an array's items; of a scalar its own.
svar_parameter_kind_t svari_parameter_item_kind(svar_parameter_kind_t kind);
/// "bool", "integer", "double", "string", "bool array", ...
const char *svari_parameter_kind_name(svar_parameter_kind_t kind);
/// "the integer 5", "the string 'a'", "a sequence of 3 doubles": for sentences.
void svari_parameter_value_describe(const svari_parameter_value_t *value, char *out_text,
                                    size_t text_bytes);
/// The value alone: "true", "5", "0.5", "'a'", "[1, 2]".
void svari_parameter_print(const svar_parameter_value_t *value, char *out_text, size_t text_bytes);

SVAR_END_DECLS
#endif
