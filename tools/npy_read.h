// Reads NumPy's file format for one array (NEP 1, versions 1 to 3). Nothing in the file is believed.
#ifndef SVARI_TOOLS_NPY_READ_H
#define SVARI_TOOLS_NPY_READ_H

#include "shared_variable/source.h"

SVAR_BEGIN_DECLS

typedef struct svari_npy_array {
  DLTensor tensor; // its shape and strides are the members below
  int64_t shape[SVAR_NDIM_MAX];
  int64_t strides[SVAR_NDIM_MAX];
  void *elements; // svari_npy_array_fini()
} svari_npy_array_t;

#define SVARI_NPY_ARRAY_INIT SVAR_ZERO_INIT

// @param[out] out_array stays where it is: it points into itself
// @retval SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM the file cannot be read
// @retval SVAR_ERR_SYNTAX it is no .npy file, or its header makes no sense
// @retval SVAR_ERR_TYPE its elements are of a type that no variable has
// @retval SVAR_ERR_CORRUPT it is shorter than its header says
// @retval SVAR_ERR_NO_MEMORY
svar_ret_t svari_npy_read(const char *path, svari_npy_array_t *out_array);
void svari_npy_array_fini(svari_npy_array_t *array);

SVAR_END_DECLS
#endif
