// The service of a store that this process holds: a socket beside the store's files, and the thread that
// answers there. service_protocol.h says what.
#ifndef SVARI_IPC_SERVICE_H
#define SVARI_IPC_SERVICE_H

#include "shared_variable/store.h"

// Opens the service of a store, as its holder, and attaches it to the handle, with which it ends. Under
// the birth lock. SVAR_ERR_ARGUMENT, SVAR_ERR_NO_MEMORY, SVAR_ERR_SYSTEM, SVAR_ERR_PERMISSION
svar_ret_t svari_service_open(svar_store_t *store, const svar_store_options_t *options);

#endif
