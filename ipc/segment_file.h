// One file of a segment: opened, locked, made under no name, mapped. Every failure is a sentence with
// the path and the remedy.
#ifndef SVARI_IPC_SEGMENT_FILE_H
#define SVARI_IPC_SEGMENT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shared_variable/error.h"

// A file without a name in directory, with this mode and group, ready to be filled.
svar_ret_t svari_file_make(const char *directory, mode_t mode, gid_t group, int *out_fd);
// Backs [offset, offset + size_bytes) with memory, extending the file. SVAR_ERR_NO_SPACE
svar_ret_t svari_file_allocate(int fd, const char *path, uint64_t offset, uint64_t size_bytes);
// Names a file made by svari_file_make(). SVAR_ERR_EXISTS
svar_ret_t svari_file_name(int fd, const char *path);
// Opens an existing regular file of user `owner`, never through a symbolic link. SVAR_ERR_NOT_FOUND,
// SVAR_ERR_PERMISSION, SVAR_ERR_CORRUPT
svar_ret_t svari_file_open(const char *path, bool writable, uid_t owner, int *out_fd);
// Maps size_bytes of the file (which may be shorter: bytes beyond its end must not be touched).
svar_ret_t svari_file_map(int fd, const char *path, uint64_t size_bytes, bool writable,
                          void **out_map);
uint64_t svari_file_bytes(int fd);
// Bytes of the file that take memory.
uint64_t svari_file_memory_bytes(int fd);
// True if path names this very file.
bool svari_file_is_named(int fd, const char *path);

// Open-file-description locks on one byte: they end with the descriptor, however the process ended.
bool svari_file_lock(int fd, uint64_t byte);
void svari_file_unlock(int fd, uint64_t byte);
bool svari_file_is_locked(int fd, uint64_t byte); // by somebody else
// The same on every byte at once.
bool svari_file_lock_whole(int fd);
bool svari_file_is_locked_anywhere(int fd);
bool svari_file_is_locked_whole(int fd);

#endif
