// What iceoryx's C API does not offer, in C: its error handler, and the size of a chunk. Private.
#ifndef IPC_MESSAGES_SHIM_H
#define IPC_MESSAGES_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "shared_variable/export.h"

SVAR_BEGIN_DECLS

/// Called in the thread that met the error. name: iceoryx's own, static text. A fatal error leaves
/// iceoryx in a state that it was not written for, so what follows it must not be trusted.
typedef void (*svari_iceoryx_on_error_t)(const char *name, bool is_fatal);

/// Replace iceoryx's error handler, which ends the process at a fatal error and, as Debian builds it
/// (with assertions), also at a severe one, by on_error, which may return. For the process's life.
void svari_iceoryx_errors_install(svari_iceoryx_on_error_t on_error);

/// Bytes of user payload in the chunk that payload belongs to.
uint32_t svari_iceoryx_payload_bytes(const void *payload);

SVAR_END_DECLS
#endif
