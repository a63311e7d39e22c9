// Threads of the library's own: they take no signals, and are scheduled as ordinary ones even where a
// real-time thread starts them.
#ifndef SVARI_IPC_ORDINARY_THREAD_H
#define SVARI_IPC_ORDINARY_THREAD_H

#include <pthread.h>

#include "shared_variable/error.h"

// name: at most 15 bytes. SVAR_ERR_SYSTEM
svar_ret_t svari_ordinary_thread_start(const char *name, void *(*body)(void *context),
                                       void *context, pthread_t *out_thread);

#endif
