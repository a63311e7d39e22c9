// Reads and writes .safetensors files: named tensors behind a JSON header.
// The format: 8 bytes (little-endian length of the header), the header, the bytes of the tensors.
//
// The reader believes nothing: every length, offset, size and overlap is checked before a tensor is
// shown. It does not map the file (a file cut short under a mapping is SIGBUS) but reads each tensor
// straight to where the caller wants it, a loaned buffer of a store for instance.
//
// A library of its own: shared_variable::archive in CMake, shared_variable_archive for pkg-config.
#ifndef SHARED_VARIABLE_SAFETENSORS_H
#define SHARED_VARIABLE_SAFETENSORS_H

#include "shared_variable/dtype.h"
#include "shared_variable/error.h"
#include "shared_variable/type.h"

SVAR_BEGIN_DECLS

/// Longest name of a tensor, its final NUL included.
#define SVAR_SAFETENSORS_NAME_BYTES 256

/// Identifies one state of a file: writing or replacing the file changes it.
typedef struct svar_safetensors_stamp {
  uint64_t device;
  uint64_t inode;
  int64_t size_bytes;
  int64_t modified_ns; ///< CLOCK_REALTIME
} svar_safetensors_stamp_t;

/// One tensor of an open file.
typedef struct svar_safetensors_tensor {
  const char *name; ///< borrowed from the open file
  svar_dtype_t dtype;
  int32_t ndim;
  int64_t shape[SVAR_NDIM_MAX];
  uint64_t offset_bytes; ///< from the end of the header; any alignment
  uint64_t size_bytes;
} svar_safetensors_tensor_t;

/// An open file whose header has been checked. Used by one thread at a time.
typedef struct svar_safetensors svar_safetensors_t;

/// The state that the file at path is in now.
/// @contract{allocates: no; blocks: on the disk; thread: any}
/// @retval SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t
svar_safetensors_take_stamp(const char *path, svar_safetensors_stamp_t *out_stamp);
/// True if a and b are the same state of the same file. @pre neither is NULL
SVAR_PUBLIC bool svar_safetensors_stamp_equal(const svar_safetensors_stamp_t *a,
                                              const svar_safetensors_stamp_t *b);

/// Open the file and check its header.
/// @contract{allocates: yes, in proportion to the header, which has at most 100 MB; blocks: on the disk,
/// and up to 20 ms if the file was written just now; thread: any}
/// @param[out] out_file owned: svar_safetensors_close()
/// @retval SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION, SVAR_ERR_SYSTEM the file cannot be read
/// @retval SVAR_ERR_STATE somebody is writing it right now: try again
/// @retval SVAR_ERR_SYNTAX the header is not the JSON that the format asks for
/// @retval SVAR_ERR_CORRUPT sizes, offsets and the file's length contradict each other
/// @retval SVAR_ERR_TYPE a dtype that the format does not know
/// @retval SVAR_ERR_UNSUPPORTED a dtype of less than a byte, or more than SVAR_NDIM_MAX dimensions
/// @retval SVAR_ERR_NO_MEMORY
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_safetensors_open(const char *path,
                                                           svar_safetensors_t **out_file);
/// NULL is a no-op.
SVAR_PUBLIC void svar_safetensors_close(svar_safetensors_t *file);

// --- an open file; file is never NULL ------------------------------------------------------------

/// As it was given to svar_safetensors_open(). Borrowed.
SVAR_PUBLIC const char *svar_safetensors_path(const svar_safetensors_t *file);
/// The state of the file when it was opened.
SVAR_PUBLIC svar_safetensors_stamp_t svar_safetensors_opened_stamp(const svar_safetensors_t *file);
SVAR_PUBLIC size_t svar_safetensors_count(const svar_safetensors_t *file);
/// Tensor 0 .. count-1, in the order of their bytes in the file. Borrowed. NULL: out of range.
SVAR_PUBLIC const svar_safetensors_tensor_t *svar_safetensors_at(const svar_safetensors_t *file,
                                                                 size_t index);
/// The index of the tensor of that name.
/// @contract{allocates: no; blocks: no; time: as many steps as there are tensors}
/// @retval SVAR_ERR_NOT_FOUND
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_safetensors_find(const svar_safetensors_t *file,
                                                           const char *name, size_t *out_index);
/// The text of a key of the file's metadata, or NULL. Borrowed.
SVAR_PUBLIC const char *svar_safetensors_metadata(const svar_safetensors_t *file, const char *key);

/// Read the tensor's size_bytes bytes, as they are in the file, to destination (any alignment).
/// @contract{allocates: no; blocks: on the disk}
/// @retval SVAR_ERR_CORRUPT the file has become shorter
/// @retval SVAR_ERR_SYSTEM, SVAR_ERR_INDEX
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_safetensors_read(const svar_safetensors_t *file,
                                                           size_t index, void *destination);
/// Call it after the last read: what was read is of one state of the file only if it returns SVAR_OK.
/// @retval SVAR_ERR_STATE the file was written since it was opened
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t
svar_safetensors_check_unchanged(const svar_safetensors_t *file);

// --- writing -------------------------------------------------------------------------------------

/// A tensor to write: compact, row-major (strides NULL), in host memory. All borrowed.
typedef struct svar_safetensors_item {
  const char *name;
  DLTensor tensor;
} svar_safetensors_item_t;

/// One entry of a file's metadata. All borrowed.
typedef struct svar_safetensors_pair {
  const char *key;
  const char *text;
} svar_safetensors_pair_t;

/// Write a whole file: under a temporary name beside path, synced, then renamed, so that a reader of
/// path sees the old file or the new one. On failure path is as it was. (A process that is killed
/// leaves its temporary file, "<path>.<pid>.<n>.tmp".)
/// @param items may be NULL if count is 0
/// @param metadata may be NULL if metadata_count is 0: the file then has none
/// @contract{allocates: yes; blocks: on the disk; thread: any}
/// @retval SVAR_ERR_VALUE a name that is no name, or given twice; a text that is not UTF-8; a path
/// that is something else than a regular file, or too long
/// @retval SVAR_ERR_TYPE a dtype that the format does not have
/// @retval SVAR_ERR_RANGE more than 2^63 bytes of tensors, or 100 MB of names
/// @retval SVAR_ERR_NOT_FOUND, SVAR_ERR_PERMISSION, SVAR_ERR_NO_SPACE, SVAR_ERR_SYSTEM
/// @retval SVAR_ERR_NO_MEMORY
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_safetensors_write(const char *path,
                                                            const svar_safetensors_item_t *items,
                                                            size_t count,
                                                            const svar_safetensors_pair_t *metadata,
                                                            size_t metadata_count);

SVAR_END_DECLS
#endif
