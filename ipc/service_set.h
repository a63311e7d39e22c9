// Setting variables for another process: a request's values, through the filter of every set, in one commit.
#ifndef SVARI_IPC_SERVICE_SET_H
#define SVARI_IPC_SERVICE_SET_H

#include "ipc/service_request.h"
#include "ipc/service_rules.h"

// What is copied from a body before it is looked at, or converted, lies here if it is short enough. An array of
// any size goes through it piece by piece, or past it.
enum {
  SVARI_SET_BUFFER_BYTES = 256 * 1024,
  SVARI_SET_ALIGNMENT = 64,
  SVARI_SET_LITERAL_BYTES = 4 << 20 // each number is looked at, while other clients wait
};

// All of the request's values become one version of the store, or nothing changes. buffer: of
// SVARI_SET_BUFFER_BYTES, aligned to SVARI_SET_ALIGNMENT.
svar_ret_t svari_service_set(svar_store_t *store, const svari_service_rules_t *rules,
                             const svari_request_t *request, const svari_request_body_t *body,
                             void *buffer, uint64_t *out_version);

#endif
