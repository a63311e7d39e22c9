// From a store's ROS name to the names of its files, and back.
#ifndef SVARI_IPC_STORE_NAME_H
#define SVARI_IPC_STORE_NAME_H

#include <limits.h>
#include <sys/types.h>

#include "shared_variable/store.h"

// The two files of a store, and its holder's service socket.
typedef struct svari_store_paths {
  char state[PATH_MAX];
  char readers[PATH_MAX];
  char socket[PATH_MAX];
} svari_store_paths_t;

// The segment directory: the argument, else $SVAR_SEGMENT_DIR, else /dev/shm.
const char *svari_segment_directory(const char *directory);
// SVAR_ERR_ARGUMENT unless name is an absolute ROS name of at most 255 bytes.
svar_ret_t svari_store_name_check(const char *name);
// The paths of store `name` of user `owner`. Two names never share a path; a name too long for a file
// name ends in a hash.
svar_ret_t svari_store_paths(const char *directory, const char *name, uid_t owner,
                             svari_store_paths_t *out_paths);
// As svari_store_paths(), for a name from svari_store_name_parse(), whole or cut.
svar_ret_t svari_store_paths_found(const char *directory, const char *name, uid_t owner,
                                   svari_store_paths_t *out_paths);
// Parses the file name of a state file. False if it is not one. A hashed name comes out cut: then
// *out_is_whole is false and the file's header has the whole one.
bool svari_store_name_parse(const char *file_name, char name[SVAR_STORE_NAME_BYTES],
                            uid_t *out_owner, bool *out_is_whole);
// The same for the file name of a service socket.
bool svari_store_socket_parse(const char *file_name, char name[SVAR_STORE_NAME_BYTES],
                              uid_t *out_owner, bool *out_is_whole);
// The same for the file name of a reader table.
bool svari_store_readers_parse(const char *file_name, char name[SVAR_STORE_NAME_BYTES],
                               uid_t *out_owner, bool *out_is_whole);

#endif
