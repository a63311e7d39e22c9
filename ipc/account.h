// Users and groups, by name or number.
#ifndef SVARI_IPC_ACCOUNT_H
#define SVARI_IPC_ACCOUNT_H

#include <sys/types.h>

#include "shared_variable/error.h"

// SVAR_ERR_ARGUMENT: there is none of that name, and it is no number.
svar_ret_t svari_account_user(const char *name, uid_t *out_user);
svar_ret_t svari_account_group(const char *name, gid_t *out_group);

#endif
