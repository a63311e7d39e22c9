#include "variable/layout.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 4096, LARGEST_ALIGNMENT = 8 }; // a complex128 is two doubles
enum { LINE_BYTES = 64, TILE_COLUMNS = 64 };

void
svari_layout_of(const DLTensor *tensor, const unsigned char *data, svari_layout_t *out_layout)
{
  // Axes that do not exist stay unset: a set of a small value would spend most of its time on them.
  int64_t *shape = out_layout->shape, *stride_bytes = out_layout->stride_bytes;
  int64_t bytes = (int64_t)svar_dtype_bytes(tensor->dtype);
  // From the last axis to the first, so that compact strides build up; then reversed in place.
  int32_t ndim = 1;
  shape[0] = 1;
  stride_bytes[0] = bytes;
  int64_t compact_stride = bytes;
  for (int32_t axis = tensor->ndim - 1; axis >= 0; axis--) {
    int64_t extent = tensor->shape[axis];
    if (extent == 1) { // its stride means nothing
      continue;
    }
    int64_t stride = tensor->strides == NULL ? compact_stride : tensor->strides[axis] * bytes;
    compact_stride *= extent;
    int32_t inner = ndim - 1;
    if (shape[inner] == 1) {
      shape[inner] = extent;
      stride_bytes[inner] = stride;
    } else if (stride == stride_bytes[inner] * shape[inner]) {
      shape[inner] *= extent;
    } else {
      shape[ndim] = extent;
      stride_bytes[ndim] = stride;
      ndim++;
    }
  }
  for (int32_t low = 0, high = ndim - 1; low < high; low++, high--) {
    int64_t extent = shape[low];
    int64_t stride = stride_bytes[low];
    shape[low] = shape[high];
    stride_bytes[low] = stride_bytes[high];
    shape[high] = extent;
    stride_bytes[high] = stride;
  }
  out_layout->data = data;
  out_layout->element_bytes = (size_t)bytes;
  out_layout->ndim = ndim;
}

bool
svari_layout_is_compact(const svari_layout_t *layout)
{
  return layout->ndim == 1 && layout->stride_bytes[0] == (int64_t)layout->element_bytes;
}

// Copies count elements that lie stride_bytes apart, at any address, one behind the other.
static void
gather(const unsigned char *from, int64_t stride_bytes, size_t element_bytes, int64_t count,
       unsigned char *to)
{
  if (stride_bytes == (int64_t)element_bytes) {
    memcpy(to, from, (size_t)count * element_bytes);
    return;
  }
#define GATHER(size)                                                                               \
  case size:                                                                                       \
    for (int64_t i = 0; i < count; i++) {                                                          \
      memcpy(to + i * (size), from + i * stride_bytes, (size));                                    \
    }                                                                                              \
    break
  switch (element_bytes) {
    GATHER(1);
    GATHER(2);
    GATHER(4);
    GATHER(8);
    GATHER(16);
  }
#undef GATHER
}

static bool
is_aligned(const unsigned char *data, size_t element_bytes)
{
  size_t alignment = element_bytes < LARGEST_ALIGNMENT ? element_bytes : LARGEST_ALIGNMENT;
  return (uintptr_t)data % alignment == 0;
}

// Converts one run of elements. Those that are not compact and aligned are first gathered, block by
// block, in memory that stays in the cache, so that there is one loop for each pair of dtypes.
static void
convert_run(const unsigned char *from, int64_t stride_bytes, size_t element_bytes, int64_t count,
            svari_convert_t convert, size_t to_bytes, unsigned char *to)
{
  if (stride_bytes == (int64_t)element_bytes && is_aligned(from, element_bytes)) {
    convert(from, to, (size_t)count);
    return;
  }
  _Alignas(64) unsigned char block[BLOCK_BYTES];
  int64_t most = (int64_t)(BLOCK_BYTES / element_bytes);
  while (count > 0) {
    int64_t some = count < most ? count : most;
    gather(from, stride_bytes, element_bytes, some, block);
    convert(block, to, (size_t)some);
    from += some * stride_bytes;
    to += (size_t)some * to_bytes;
    count -= some;
  }
}

static void
write_run(const svari_layout_t *layout, const unsigned char *from, int64_t count,
          svari_convert_t convert, size_t to_bytes, unsigned char *to)
{
  int64_t stride_bytes = layout->stride_bytes[layout->ndim - 1];
  if (convert == NULL) {
    gather(from, stride_bytes, layout->element_bytes, count, to);
  } else {
    convert_run(from, stride_bytes, layout->element_bytes, count, convert, to_bytes, to);
  }
}

// True if neighbours in memory are neighbours along the second innermost axis, as in a transpose: then
// a run of the innermost axis takes one element of every line of memory that it touches.
static bool
is_transposed(const svari_layout_t *layout)
{
  if (layout->ndim < 2) {
    return false;
  }
  int64_t inner = llabs(layout->stride_bytes[layout->ndim - 1]);
  int64_t outer = llabs(layout->stride_bytes[layout->ndim - 2]);
  return inner >= LINE_BYTES && outer < LINE_BYTES;
}

// Writes the two innermost axes in tiles, so that a line of memory is still in the cache when its
// next element is taken.
static void
write_tiles(const svari_layout_t *layout, const unsigned char *from, svari_convert_t convert,
            size_t to_bytes, unsigned char *to)
{
  int64_t rows = layout->shape[layout->ndim - 2], columns = layout->shape[layout->ndim - 1];
  int64_t row_stride = layout->stride_bytes[layout->ndim - 2];
  int64_t column_stride = layout->stride_bytes[layout->ndim - 1];
  int64_t tile_rows = LINE_BYTES / (int64_t)layout->element_bytes;
  for (int64_t first_row = 0; first_row < rows; first_row += tile_rows) {
    int64_t end_row = rows - first_row < tile_rows ? rows : first_row + tile_rows;
    for (int64_t column = 0; column < columns; column += TILE_COLUMNS) {
      int64_t count = columns - column < TILE_COLUMNS ? columns - column : TILE_COLUMNS;
      for (int64_t row = first_row; row < end_row; row++) {
        write_run(layout, from + row * row_stride + column * column_stride, count, convert,
                  to_bytes, to + (size_t)(row * columns + column) * to_bytes);
      }
    }
  }
}

// Steps along the first `axes` axes; false after the last step.
static bool
next_run(const svari_layout_t *layout, int32_t axes, int64_t *index, int64_t *offset)
{
  for (int32_t axis = axes - 1; axis >= 0; axis--) {
    *offset += layout->stride_bytes[axis];
    if (++index[axis] < layout->shape[axis]) {
      return true;
    }
    *offset -= layout->stride_bytes[axis] * layout->shape[axis];
    index[axis] = 0;
  }
  return false;
}

void
svari_layout_write(const svari_layout_t *layout, svari_convert_t convert, size_t to_bytes,
                   void *destination)
{
  int64_t index[SVAR_NDIM_MAX]; // of the axes that there are
  memset(index, 0, (size_t)layout->ndim * sizeof(*index));
  int64_t offset = 0;
  unsigned char *to = destination;
  int64_t run = layout->shape[layout->ndim - 1];
  if (is_transposed(layout)) {
    size_t plane = (size_t)(run * layout->shape[layout->ndim - 2]);
    do {
      write_tiles(layout, layout->data + offset, convert, to_bytes, to);
      to += plane * to_bytes;
    } while (next_run(layout, layout->ndim - 2, index, &offset));
    return;
  }
  do {
    write_run(layout, layout->data + offset, run, convert, to_bytes, to);
    to += (size_t)run * to_bytes;
  } while (next_run(layout, layout->ndim - 1, index, &offset));
}
