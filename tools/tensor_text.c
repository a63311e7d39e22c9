#include "tools/tensor_text.h"

#include <string.h>

#include "tools/element_format.h"

enum { EDGE_ITEMS = 3 }; // shown at each end of a summarised axis, as NumPy

typedef struct printer {
  const DLTensor *tensor;
  const char *data;
  int64_t strides[SVAR_NDIM_MAX]; // bytes
  svari_element_format_t format;
  svari_tensor_text_options_t options;
  FILE *out;
  int32_t column;
  bool summarises;
} printer_t;

static void
put(printer_t *printer, const char *text)
{
  printer->column += fprintf(printer->out, "%s", text);
}

static void
break_lines(printer_t *printer, int32_t lines, int32_t indent)
{
  for (int32_t line = 0; line < lines; ++line) {
    fputc('\n', printer->out);
  }
  fprintf(printer->out, "%*s", (int)indent, "");
  printer->column = indent;
}

static bool
is_cut(const printer_t *printer, int64_t extent)
{
  return printer->summarises && extent > 2 * EDGE_ITEMS;
}

// The index shown after `index` on an axis, which is beyond the gap at the end of the leading edge.
static int64_t
next_shown(const printer_t *printer, int64_t index, int64_t extent)
{
  bool at_gap = is_cut(printer, extent) && index == EDGE_ITEMS - 1;
  return at_gap ? extent - EDGE_ITEMS : index + 1;
}

static void
see_axis(printer_t *printer, int32_t axis, const char *data)
{
  if (axis == printer->tensor->ndim) {
    svari_element_format_see(&printer->format, data);
    return;
  }
  int64_t extent = printer->tensor->shape[axis];
  for (int64_t i = 0; i < extent; i = next_shown(printer, i, extent)) {
    see_axis(printer, axis + 1, data + i * printer->strides[axis]);
  }
}

// Puts one word of a row, on a new line if this one is full.
static void
put_word(printer_t *printer, const char *word, int32_t length, bool is_first)
{
  int32_t indent = printer->tensor->ndim;
  int32_t limit = printer->options.line_width - indent; // room for the brackets that close
  int32_t space = is_first ? 0 : 1;
  bool is_full = printer->options.line_width > 0 && printer->column + space + length > limit;
  if (is_full && printer->column > indent) {
    break_lines(printer, 1, indent);
  } else if (!is_first) {
    put(printer, " ");
  }
  put(printer, word);
}

static void
write_row(printer_t *printer, const char *data)
{
  int32_t axis = printer->tensor->ndim - 1;
  int64_t extent = printer->tensor->shape[axis];
  for (int64_t i = 0; i < extent && !ferror(printer->out); i = next_shown(printer, i, extent)) {
    if (is_cut(printer, extent) && i == extent - EDGE_ITEMS) {
      put_word(printer, "...", 3, false);
    }
    char text[SVARI_ELEMENT_TEXT_BYTES];
    svari_element_text(&printer->format, data + i * printer->strides[axis], text);
    put_word(printer, text, (int32_t)strlen(text), i == 0);
  }
}

static void
write_axis(printer_t *printer, int32_t axis, const char *data)
{
  put(printer, "[");
  int32_t inner = printer->tensor->ndim - 1 - axis;
  int64_t extent = printer->tensor->shape[axis];
  if (inner == 0) {
    write_row(printer, data);
  } else {
    for (int64_t i = 0; i < extent && !ferror(printer->out); i = next_shown(printer, i, extent)) {
      if (is_cut(printer, extent) && i == extent - EDGE_ITEMS) {
        break_lines(printer, inner, axis + 1);
        put(printer, "...");
      }
      if (i > 0) {
        break_lines(printer, inner, axis + 1);
      }
      write_axis(printer, axis + 1, data + i * printer->strides[axis]);
    }
  }
  put(printer, "]");
}

static bool
is_empty(const DLTensor *tensor)
{
  bool has_zero = false;
  for (int32_t axis = 0; axis < tensor->ndim; ++axis) {
    has_zero = has_zero || tensor->shape[axis] == 0;
  }
  return has_zero;
}

// Sets the strides and returns the number of elements. Not of an empty tensor: its other extents may
// be of any size.
static int64_t
measure(printer_t *printer)
{
  const DLTensor *tensor = printer->tensor;
  int64_t stride = (int64_t)svar_dtype_bytes(tensor->dtype);
  int64_t count = 1;
  for (int32_t axis = tensor->ndim - 1; axis >= 0; --axis) {
    printer->strides[axis] = stride * count;
    count *= tensor->shape[axis];
  }
  return count;
}

void
svari_tensor_text_write(const DLTensor *tensor, const svari_tensor_text_options_t *options,
                        FILE *out)
{
  printer_t printer = {.tensor = tensor,
                       .data = (const char *)tensor->data + tensor->byte_offset,
                       .format = svari_element_format_begin(tensor->dtype),
                       .options = *options,
                       .out = out};
  if (tensor->ndim == 0) {
    char text[SVARI_ELEMENT_TEXT_BYTES];
    fputs(svari_element_text_alone(tensor->dtype, printer.data, text), out);
    return;
  }
  if (is_empty(tensor)) {
    fputs("[]", out);
    return;
  }
  int64_t count = measure(&printer);
  printer.summarises = options->threshold > 0 && count > options->threshold;
  see_axis(&printer, 0, printer.data);
  write_axis(&printer, 0, printer.data);
}
