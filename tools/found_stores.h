// The stores of a segment directory: those of one user, or of all.
#ifndef SVARI_TOOLS_FOUND_STORES_H
#define SVARI_TOOLS_FOUND_STORES_H

#include "shared_variable/store.h"
#include "tools/arguments.h"

typedef struct svari_found_store {
  char name[SVAR_STORE_NAME_BYTES];
  uid_t owner;
} svari_found_store_t;

typedef struct svari_found_stores {
  svari_found_store_t *items; // by name; owned
  size_t count;
} svari_found_stores_t;

// Finds the stores where and of whom the arguments say. SVAR_ERR_SYSTEM, SVAR_ERR_PERMISSION,
// SVAR_ERR_NO_MEMORY
// @param[out] out_stores svari_found_stores_fini() it
svar_ret_t svari_found_stores_read(const svari_arguments_t *arguments, bool all_users,
                                   svari_found_stores_t *out_stores);
void svari_found_stores_fini(svari_found_stores_t *stores);

// Says that --all-users and --owner exclude each other, if both were given. True if so.
bool svari_refuse_two_owners(const svari_command_t *command, const svari_arguments_t *arguments,
                             bool all_users);

#endif
