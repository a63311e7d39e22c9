// The parameters given to a process: from every file and every rule of its command line, in one table.
//
// The table is keyed by the section's text ("/**", "/robot1/policy", "policy") and keeps a section where it
// first appeared. Within a section the last write of a name wins. For a node every matching section
// applies, in the table's order, later ones over earlier ones. That is rcl's order, surprise included:
// after a file with the sections "/**" and "/policy", `-p rate:=3` goes into the "/**" that is there, and
// the file's "/policy: rate" still wins.
#ifndef SVARI_COMPONENTS_PARAMETER_TABLE_H
#define SVARI_COMPONENTS_PARAMETER_TABLE_H

#include <stdio.h>

#include "components/parameter_value.h"

SVAR_BEGIN_DECLS

typedef struct svari_parameter {
  char *name;
  svari_parameter_value_t value;
} svari_parameter_t;

typedef struct svari_parameter_section {
  char *pattern; ///< as written
  svari_parameter_t *parameters;
  size_t count;
} svari_parameter_section_t;

/// {0} is empty.
typedef struct svari_parameter_table {
  svari_parameter_section_t *sections;
  size_t count;
} svari_parameter_table_t;

/// Sets section/name; value moves in on SVAR_OK.
svar_ret_t svari_parameter_table_set(svari_parameter_table_t *table, const char *section,
                                     const char *name, svari_parameter_value_t *value);
void svari_parameter_table_fini(svari_parameter_table_t *table);

/// The value that counts for this node, NULL if none was given. Borrowed from the table.
const svari_parameter_value_t *svari_parameter_table_find(const svari_parameter_table_t *table,
                                                          const char *node_full_name,
                                                          const char *name);

/// A pattern's '/'-words are "*" (one word), "**" (any number) or identifiers. SVAR_ERR_SYNTAX otherwise.
svar_ret_t svari_section_check(const char *pattern);
/// Whether a checked pattern (a '/' is put before it if it has none) matches the whole full name.
bool svari_section_matches(const char *pattern, const char *node_full_name);

/// Reads "[node:]name:=value" into the table: under "node", or under "/**" without one.
/// SVAR_ERR_SYNTAX or SVAR_ERR_TYPE names the rule and what is wrong.
svar_ret_t svari_parameter_rule_parse(const char *text, svari_parameter_table_t *table);
/// Reads a parameter file into the table. SVAR_ERR_NOT_FOUND or SVAR_ERR_SYSTEM: it cannot be read;
/// SVAR_ERR_SYNTAX and SVAR_ERR_TYPE begin "path:line:". On failure the table holds what came before.
svar_ret_t svari_parameter_file_read(const char *path, svari_parameter_table_t *table);
/// The same of a stream that is open, and stays so; path is for sentences.
svar_ret_t svari_parameter_stream_read(const char *path, FILE *file,
                                       svari_parameter_table_t *table);

SVAR_END_DECLS
#endif
