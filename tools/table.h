// A table of text: aligned columns under a header for a person, bare tab-separated rows with raw
// numbers for a program.
#ifndef SVARI_TOOLS_TABLE_H
#define SVARI_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct svari_table {
  const char *const *header; // borrowed; column_count titles
  size_t column_count;
  bool for_person;
  char **cells; // row after row; owned
  size_t cell_count, cell_capacity;
  bool is_incomplete; // memory ran out: said by svari_table_write()
} svari_table_t;

// @param header borrowed until svari_table_fini()
svari_table_t svari_table_init(const char *const *header, size_t column_count, bool for_person);
void svari_table_fini(svari_table_t *table);

// Each adds the next cell. Control characters in a text become \xNN, so that a name cannot break the
// table or the terminal. NULL is "-".
void svari_table_add(svari_table_t *table, const char *text);
void svari_table_add_number(svari_table_t *table, uint64_t number);
void svari_table_add_bytes(svari_table_t *table, uint64_t bytes);
void svari_table_add_duration(svari_table_t *table, int64_t duration_ns);

// Writes every full row.
// @retval SVAR_ERR_NO_MEMORY a cell could not be kept; nothing is written
svar_ret_t svari_table_write(const svari_table_t *table, FILE *out);

// Writes text with its control characters as \xNN.
void svari_write_escaped(const char *text, FILE *out);

SVAR_END_DECLS
#endif
