// One variable of an archive: what its file says about it, and the values that are not plain tensors.
#ifndef SVARI_ARCHIVE_ENTRY_H
#define SVARI_ARCHIVE_ENTRY_H

#include "shared_variable/container.h"
#include "shared_variable/random.h"
#include "shared_variable/safetensors.h"
#include "shared_variable/sparse.h"

// A sparse matrix is four tensors, as in a store; every other value is the first alone.
typedef enum svari_entry_part {
  SVARI_ENTRY_VALUE, // of a sparse matrix: {rows, columns, rows of a block, columns of a block}
  SVARI_ENTRY_DATA,
  SVARI_ENTRY_INDICES,
  SVARI_ENTRY_INDPTR,
  SVARI_ENTRY_PARTS
} svari_entry_part_t;

enum { SVARI_ENTRY_HEAD_NUMBERS = 4 };

#define SVARI_ENTRY_NONE SIZE_MAX
enum { SVARI_ENTRY_ON_HOST = -1 };

// Enough for the name of a part.
enum { SVARI_ENTRY_NAME_BYTES = SVAR_SAFETENSORS_NAME_BYTES + 16 };

typedef struct svari_entry {
  const char *tensor_name; // of the value; the parts' are made of it
  const char *name;        // of the variable; NULL: none
  svar_kind_t kind;        // TENSOR, RANDOM or SPARSE
  svar_sparse_format_t format;
  size_t same; // the earlier entry that is this very variable, or SVARI_ENTRY_NONE
  bool strict;
  svar_downcast_t allow_downcast;
  bool is_complex128;     // kept as float64, real and imaginary part by turns along one more axis
  uint32_t broadcastable; // as svar_type_t
  int32_t gpu;            // that it was saved from; SVARI_ENTRY_ON_HOST: none
  // of a file that is read:
  size_t first;                      // the first entry with this tensor: they have one container
  size_t tensors[SVARI_ENTRY_PARTS]; // indices in the file
} svari_entry_t;

static inline bool
svari_entry_is_broadcastable(const svari_entry_t *entry, int32_t axis)
{
  return (entry->broadcastable >> axis & 1) != 0;
}

// How many of the parts there are.
int svari_entry_part_count(const svari_entry_t *entry);
// Writes "w.indptr" to text, cut at its end, and returns text.
const char *svari_entry_part_name(const char *tensor_name, svari_entry_part_t part,
                                  char text[SVARI_ENTRY_NAME_BYTES]);

// The type of the tensors' elements, and the rank, as the variable has them.
svar_type_t svari_entry_tensor_type(const svari_entry_t *entry, const svar_safetensors_t *file);

// Reads a tensor to memory of its own, for values that are not read to where they belong.
// @param[out] out_value of that memory, and of the file's shape
// @param[out] out_memory owned: free(). SVAR_ERR_NO_MEMORY, and as svar_safetensors_read()
svar_ret_t svari_entry_read_tensor(const svari_entry_t *entry, const svar_safetensors_t *file,
                                   DLTensor *out_value, void **out_memory);
// Reads a random state. SVAR_ERR_CORRUPT, SVAR_ERR_VALUE: it is none
svar_ret_t svari_entry_read_state(const svari_entry_t *entry, const svar_safetensors_t *file,
                                  svar_random_state_t *out_state);
// Reads a sparse matrix and checks its arrays' lengths; what their numbers say is for svar_sparse_check().
// @param[out] out_memory owned, what the matrix's arrays lie in: free()
// SVAR_ERR_CORRUPT: the parts contradict each other
svar_ret_t svari_entry_read_matrix(const svari_entry_t *entry, const svar_safetensors_t *file,
                                   svar_sparse_t *out_matrix, void **out_memory);

#endif
