#include "tools/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tools/quantity.h"

svari_table_t
svari_table_init(const char *const *header, size_t column_count, bool for_person)
{
  return (svari_table_t){.header = header, .column_count = column_count, .for_person = for_person};
}

void
svari_table_fini(svari_table_t *table)
{
  for (size_t i = 0; i < table->cell_count; ++i) {
    free(table->cells[i]);
  }
  free(table->cells);
  *table = (svari_table_t){0};
}

void
svari_write_escaped(const char *text, FILE *out)
{
  for (const char *at = text; *at != '\0'; ++at) {
    unsigned char byte = (unsigned char)*at;
    if (byte < 0x20 || byte == 0x7f) {
      fprintf(out, "\\x%02x", byte);
    } else {
      fputc(byte, out);
    }
  }
}

static char *
escaped_copy(const char *text)
{
  char *copy = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&copy, &length);
  if (stream == NULL) {
    return NULL;
  }
  svari_write_escaped(text, stream);
  if (fclose(stream) != 0) {
    free(copy);
    return NULL;
  }
  return copy;
}

void
svari_table_add(svari_table_t *table, const char *text)
{
  if (table->cell_count == table->cell_capacity) {
    size_t capacity = table->cell_capacity == 0 ? 64 : table->cell_capacity * 2;
    char **cells = reallocarray(table->cells, capacity, sizeof(*cells));
    if (cells == NULL) {
      table->is_incomplete = true;
      return;
    }
    table->cells = cells;
    table->cell_capacity = capacity;
  }
  char *cell = escaped_copy(text == NULL ? "-" : text);
  if (cell == NULL) {
    table->is_incomplete = true;
    return;
  }
  table->cells[table->cell_count++] = cell;
}

void
svari_table_add_number(svari_table_t *table, uint64_t number)
{
  char text[SVARI_QUANTITY_TEXT_BYTES];
  snprintf(text, sizeof(text), "%" PRIu64, number);
  svari_table_add(table, text);
}

void
svari_table_add_bytes(svari_table_t *table, uint64_t bytes)
{
  char text[SVARI_QUANTITY_TEXT_BYTES];
  if (table->for_person) {
    svari_table_add(table, svari_bytes_text(bytes, text));
  } else {
    svari_table_add_number(table, bytes);
  }
}

void
svari_table_add_duration(svari_table_t *table, int64_t duration_ns)
{
  char text[SVARI_QUANTITY_TEXT_BYTES];
  if (table->for_person) {
    svari_table_add(table, svari_duration_text(duration_ns, text));
  } else {
    svari_table_add_number(table, duration_ns < 0 ? 0 : (uint64_t)duration_ns);
  }
}

static size_t
column_width(const svari_table_t *table, size_t column)
{
  size_t width = strlen(table->header[column]);
  for (size_t i = column; i < table->cell_count; i += table->column_count) {
    size_t length = strlen(table->cells[i]);
    width = length > width ? length : width;
  }
  return width;
}

static void
write_row(const svari_table_t *table, const char *const *row, const size_t *widths, FILE *out)
{
  for (size_t column = 0; column < table->column_count; ++column) {
    bool is_last = column + 1 == table->column_count;
    if (!table->for_person) {
      fprintf(out, "%s%s", row[column], is_last ? "\n" : "\t");
    } else if (is_last) {
      fprintf(out, "%s\n", row[column]);
    } else {
      fprintf(out, "%-*s  ", (int)widths[column], row[column]);
    }
  }
}

svar_ret_t
svari_table_write(const svari_table_t *table, FILE *out)
{
  size_t *widths = calloc(table->column_count, sizeof(*widths));
  if (table->is_incomplete || widths == NULL) {
    free(widths);
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a table of %zu cells", table->cell_count);
  }
  if (table->for_person) {
    for (size_t column = 0; column < table->column_count; ++column) {
      widths[column] = column_width(table, column);
    }
    write_row(table, table->header, widths, out);
  }
  for (size_t i = 0; i + table->column_count <= table->cell_count; i += table->column_count) {
    write_row(table, (const char *const *)&table->cells[i], widths, out);
  }
  free(widths);
  return SVAR_OK;
}
