// A sparse matrix as the elements of a value in a request's body: a head, then its three arrays.
#ifndef SVARI_IPC_SERVICE_SPARSE_H
#define SVARI_IPC_SERVICE_SPARSE_H

#include <stdint.h>

#include "shared_variable/sparse.h"

// What it takes. @pre svari_sparse_check_head()
// SVAR_ERR_RANGE: more than there are numbers
svar_ret_t svari_sparse_packed_bytes(const svar_sparse_t *matrix, uint64_t *out_bytes);
// Writes it; bytes are aligned to 64. @pre svar_sparse_check()
void svari_sparse_pack(const svar_sparse_t *matrix, uint8_t *bytes);
// The matrix in bytes, which nobody changes any more, and which it points into; they are aligned to 64. Its
// indices are not looked at. SVAR_ERR_SYNTAX, SVAR_ERR_VALUE, SVAR_ERR_NOT_IMPLEMENTED
svar_ret_t svari_sparse_unpack(const uint8_t *bytes, uint64_t size_bytes,
                               svar_sparse_t *out_matrix);

#endif
