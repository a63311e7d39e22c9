// YAML events, with every failure a sentence that begins "source:line:".
#ifndef SVARI_COMPONENTS_PARAMETER_YAML_H
#define SVARI_COMPONENTS_PARAMETER_YAML_H

#include <stdio.h>

#include <yaml.h>

#include "components/parameter_value.h"

SVAR_BEGIN_DECLS

/// A text being read. Holds one event at a time; its strings are valid until the next one.
typedef struct svari_yaml {
  const char *source; ///< borrowed: what sentences call the text
  yaml_parser_t parser;
  yaml_event_t event;
} svari_yaml_t;

/// Reads from text, or from file; source and they are borrowed until fini.
svar_ret_t svari_yaml_init_text(svari_yaml_t *yaml, const char *source, const char *text);
svar_ret_t svari_yaml_init_file(svari_yaml_t *yaml, const char *source, FILE *file);
void svari_yaml_fini(svari_yaml_t *yaml);

/// Replaces yaml->event by the next one. SVAR_ERR_SYNTAX: it is no YAML, or it is an alias, which
/// neither parameter nor launch files may use.
svar_ret_t svari_yaml_next(svari_yaml_t *yaml);

/// svar_fail() with "source:line: " of the current event before the sentence.
svar_ret_t svari_yaml_fail(const svari_yaml_t *yaml, svar_ret_t code, const char *format, ...)
    SVAR_PRINTF(3, 4);

/// The current event as a parameter's value: a scalar, or a flat sequence, which is read to its end.
/// SVAR_ERR_SYNTAX: no value, a mapping, an empty or nested sequence. SVAR_ERR_TYPE: mixed kinds.
svar_ret_t svari_yaml_read_value(svari_yaml_t *yaml, svari_parameter_value_t *out_value);

/// text as one YAML document that is a value: what follows ":=" in a parameter rule.
svar_ret_t svari_yaml_parse_value(const char *source, const char *text,
                                  svari_parameter_value_t *out_value);

SVAR_END_DECLS
#endif
