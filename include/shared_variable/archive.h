// Archives: shared variables in a file, and back.
//
// An archive is a .safetensors file like any other: one tensor for each container, under the variable's name,
// which every program that reads the format can use. What the format has no place for (kind, rules, flags,
// which variables are clones) is kept in the file's metadata under the key "shared_variable". A file without
// that, of any origin, is read as plain tensors.
//
// A library of its own: shared_variable::archive in CMake, shared_variable_archive for pkg-config.
#ifndef SHARED_VARIABLE_ARCHIVE_H
#define SHARED_VARIABLE_ARCHIVE_H

#include "shared_variable/remote.h"
#include "shared_variable/safetensors.h"
#include "shared_variable/shared.h"

SVAR_BEGIN_DECLS

/// Options of svar_archive_save(). Zero means the default, for every member.
typedef struct svar_archive_save_options {
  size_t size_bytes;          ///< sizeof(svar_archive_save_options_t) of the caller's build
  bool refuse_repeated_names; ///< else the second "w" is kept as "w_2", the third as "w_3"
  bool refuse_unnamed; ///< else variables without a name are kept as "array_0", "array_1", ...
  bool skip_unset;     ///< leave variables without a value out; else they are an error
} svar_archive_save_options_t;

#define SVAR_ARCHIVE_SAVE_OPTIONS_INIT                                                             \
  {                                                                                                \
    sizeof(svar_archive_save_options_t), false, false, false                                       \
  }

/// Write the values of variables to a file, those of one store as they are in one version of it. The file
/// is replaced whole or not at all, as by svar_safetensors_write(). Arrays are written from where they
/// are: no copy is made, but of those on a GPU. Kept with each: its name, strict, allow_downcast, and the number of
/// its GPU. Variables of one value (svar_container_cell()) are
/// kept as one tensor, under the first one's name, and come back as clones of each other; one that is given
/// twice comes back as one.
/// A sparse matrix is kept as in a store: "w", and its parts "w.data", "w.indices" and "w.indptr".
/// @param variables of any stores; may be NULL if count is 0
/// @param options NULL: all defaults
/// @contract{allocates: yes; blocks: on the disk; thread: any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_VALUE a name that the format or an option refuses; as svar_safetensors_write()
/// @retval SVAR_ERR_TYPE a kind of value that lives in this process only; a dtype that the format lacks
/// @retval SVAR_ERR_UNSET a variable has no value
/// @retval as svar_snapshot_begin() and svar_safetensors_write()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_archive_save(const char *path,
                                                       svar_variable_t *const *variables,
                                                       size_t count,
                                                       const svar_archive_save_options_t *options);

/// The variables of an archive, in the order they were saved in. Start from {0}.
typedef struct svar_archive_variables {
  size_t count;
  svar_variable_t **variables; ///< a reference of each; one that was saved twice is here twice
} svar_archive_variables_t;

/// Options of svar_archive_load(): start from SVAR_ARCHIVE_LOAD_OPTIONS_INIT.
typedef struct svar_archive_load_options {
  size_t size_bytes; ///< sizeof(svar_archive_load_options_t) of the caller's build
  /// SVAR_TARGET_DEFAULT: each variable on the GPU of the number that it was saved from, if it was on one, else in
  /// host memory, whatever the default GPU. SVAR_TARGET_HOST: all of them in host memory, which takes no GPU.
  /// SVAR_TARGET_GPU: every tensor on options.gpu; sparse matrices and random states, which lie on no GPU, in host
  /// memory.
  svar_target_t target;
  int32_t gpu; ///< of SVAR_TARGET_GPU, as svar_shared_options_t.gpu
} svar_archive_load_options_t;

#define SVAR_ARCHIVE_LOAD_OPTIONS_INIT                                                             \
  {                                                                                                \
    sizeof(svar_archive_load_options_t), SVAR_TARGET_DEFAULT, -1                                   \
  }

/// Make new variables of an archive's values; nothing is shared with those it was saved from.
/// @param store in one commit of this store, each container under its tensor's name ("w_2"); NULL: in
/// private memory, each variable with the name that it had, if any
/// @param options NULL: all defaults
/// @param[out] out_variables svar_archive_variables_release() it
/// @contract{allocates: yes; blocks: on the disk; thread: any; after fork: SVAR_ERR_FORKED for stores of the parent}
/// @retval SVAR_ERR_EXISTS the store has a variable of such a name (svar_archive_restore() sets it)
/// @retval SVAR_ERR_CORRUPT, SVAR_ERR_SYNTAX, SVAR_ERR_VALUE the metadata, or what they say, make no sense
/// @retval SVAR_ERR_STATE the file was written while it was read
/// @retval SVAR_ERR_CONTEXT, SVAR_ERR_UNSUPPORTED a variable's GPU is not there, or no driver that works: nothing goes
/// into host memory instead
/// @retval as svar_safetensors_open(), svar_shared() and svar_transaction_loan()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t svar_archive_load(const char *path, svar_store_t *store,
                                                       const svar_archive_load_options_t *options,
                                                       svar_archive_variables_t *out_variables);
/// Gives the references back. Leaves {0}; that, or NULL, is a no-op.
SVAR_PUBLIC void svar_archive_variables_release(svar_archive_variables_t *variables);

/// Options of svar_archive_restore(). Zero means the default, for every member.
typedef struct svar_archive_restore_options {
  size_t size_bytes;   ///< sizeof(svar_archive_restore_options_t) of the caller's build
  bool ignore_missing; ///< variables that the file lacks keep their values; else they are an error
  bool ignore_extra;   ///< tensors that the store lacks are left out; else they are an error
} svar_archive_restore_options_t;

#define SVAR_ARCHIVE_RESTORE_OPTIONS_INIT                                                          \
  {                                                                                                \
    sizeof(svar_archive_restore_options_t), false, false                                           \
  }

/// Set the variables of a store to the values of an archive, matched by the tensors' names, in one commit:
/// all of them, or on any failure none. Each passes its variable's filter, as in svar_set_value(); a
/// tensor of its variable's dtype and rank is read to where it belongs, without a copy. What the file says of
/// strict and allow_downcast is not looked at.
/// @param options NULL: all defaults
/// @param[out] out_version the version made; may be NULL
/// @contract{allocates: yes; blocks: on the disk; thread: any; after fork: SVAR_ERR_FORKED}
/// @retval SVAR_ERR_TYPE a variable or a tensor is missing on the other side, is of another kind, or is
/// refused by the filter
/// @retval SVAR_ERR_READ_ONLY this process does not hold the store
/// @retval SVAR_ERR_CORRUPT, SVAR_ERR_SYNTAX, SVAR_ERR_VALUE, SVAR_ERR_STATE as svar_archive_load()
/// @retval as svar_safetensors_open() and svar_transaction_set()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t
svar_archive_restore(const char *path, svar_store_t *store,
                     const svar_archive_restore_options_t *options, uint64_t *out_version);

/// The same for a store that another process holds: the values are read into memory that they are sent in, and the
/// holder sets all of them or none, if it allows that.
/// @param store the store, open for reading: says which variables there are
/// @param remote the connection to its holder
/// @contract{allocates: yes; blocks: on the disk, and as svar_remote_change_commit(); after fork: SVAR_ERR_FORKED}
/// @retval as svar_archive_restore() but for SVAR_ERR_READ_ONLY, and as svar_remote_set()
SVAR_PUBLIC SVAR_MUST_USE svar_ret_t
svar_archive_restore_remote(const char *path, svar_store_t *store, svar_remote_t *remote,
                            const svar_archive_restore_options_t *options, uint64_t *out_version);

SVAR_END_DECLS
#endif
