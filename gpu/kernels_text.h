// The kernels as PTX, which the driver translates for its device.
#ifndef SVARI_GPU_KERNELS_TEXT_H
#define SVARI_GPU_KERNELS_TEXT_H

#include <stddef.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

typedef struct svari_kernel_text {
  const char *name;
  const char *ptx; // a module of this one kernel
} svari_kernel_text_t;

extern const svari_kernel_text_t svari_kernel_texts[]; // by name, as strcmp() orders them
extern const size_t svari_kernel_text_count;

SVAR_END_DECLS
#endif
