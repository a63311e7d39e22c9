// NumPy's file format for one array (NEP 1, version 1.0).
#ifndef SVARI_TOOLS_NPY_H
#define SVARI_TOOLS_NPY_H

#include <stdio.h>

#include "shared_variable/value.h"

SVAR_BEGIN_DECLS

// NumPy's descriptor of a dtype ("<f4", "|b1"). Types that NumPy lacks (bfloat16 and the floats of
// 8 bits) are stored as unsigned integers of their width: the very bits, for view() to reinterpret.
// @param[out] out_is_raw true for those; may be NULL
const char *svari_npy_descriptor(svar_dtype_t dtype, bool *out_is_raw);

// The dtype that NumPy describes so. False: none.
bool svari_npy_dtype(const char *descriptor, svar_dtype_t *out_dtype);

// Writes header and elements, the latter straight from where they are. The caller flushes out.
// @pre tensor is compact, on the host, of a known dtype, with at most SVAR_NDIM_MAX dimensions
// @retval SVAR_ERR_SYSTEM writing failed (errno's text; EPIPE stays in errno)
svar_ret_t svari_npy_write(const DLTensor *tensor, FILE *out);

SVAR_END_DECLS
#endif
