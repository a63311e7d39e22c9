// Where the elements of a tensor lie, and the one walk through them that every copy takes.
#ifndef SVARI_VARIABLE_LAYOUT_H
#define SVARI_VARIABLE_LAYOUT_H

#include "shared_variable/type.h"
#include "variable/convert.h"

// Axes of extent one are dropped and axes that can be walked as one are merged, so that a compact
// tensor of any rank is one axis whose stride is the element's size.
typedef struct svari_layout {
  const unsigned char *data;
  size_t element_bytes;
  int32_t ndim; // at least one axis
  int64_t shape[SVAR_NDIM_MAX];
  int64_t stride_bytes[SVAR_NDIM_MAX];
} svari_layout_t;

// data: of the first element. The tensor has at least one, is of a known dtype, and its strides have
// been checked (svari_source_check).
void svari_layout_of(const DLTensor *tensor, const unsigned char *data, svari_layout_t *out_layout);

// True if the elements lie one behind the other in row-major order.
bool svari_layout_is_compact(const svari_layout_t *layout);

// Writes the elements, compact and row-major, to destination, converted by convert (NULL: copied as
// they are) to to_bytes each. destination is aligned for its elements; data need not be.
void svari_layout_write(const svari_layout_t *layout, svari_convert_t convert, size_t to_bytes,
                        void *destination);

#endif
