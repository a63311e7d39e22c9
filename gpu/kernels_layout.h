// What the host gives to the kernels (gpu/kernels.cu), and with how many threads it starts them.
#ifndef SVARI_GPU_KERNELS_LAYOUT_H
#define SVARI_GPU_KERNELS_LAYOUT_H

#include <stdint.h>

enum { SVARI_KERNEL_THREADS = 256, SVARI_KERNEL_LANES = 32, SVARI_KERNEL_DIMENSIONS = 16 };

// What a layer does to its sums.
enum { SVARI_KERNEL_LINEAR, SVARI_KERNEL_RELU, SVARI_KERNEL_ELU, SVARI_KERNEL_TANH };

// How the elements of an array lie, counted in elements.
typedef struct svari_kernel_view {
  int32_t ndim;
  int64_t shape[SVARI_KERNEL_DIMENSIONS];
  int64_t strides[SVARI_KERNEL_DIMENSIONS];
} svari_kernel_view_t;

#endif
