// The gateway's server: a thread that answers requests, and meanwhile watches over RouDi.
#ifndef COMPONENTS_GATEWAY_ANSWERS_H
#define COMPONENTS_GATEWAY_ANSWERS_H

#include "gateway_operations.h"
#include "shared_variable/component.h"
#include "shared_variable/messages.h"

typedef struct svari_gateway_answers svari_gateway_answers_t;

typedef struct svari_gateway_answers_options {
  svar_messages_t *messages;
  const char *topic; // "": none is served, RouDi is watched all the same
  svari_gateway_rules_t rules;
} svari_gateway_answers_options_t;

/// Makes the server; messages must outlive it.
/// @param[out] out_answers owned: svari_gateway_answers_destroy()
/// @retval SVAR_ERR_NO_MEMORY, and what svar_message_server_create() fails with
SVAR_MUST_USE svar_ret_t svari_gateway_answers_create(
    const svari_gateway_answers_options_t *options, svari_gateway_answers_t **out_answers);
/// Stops it first. NULL is a no-op.
void svari_gateway_answers_destroy(svari_gateway_answers_t *answers);

/// Begins to answer. @retval SVAR_ERR_SYSTEM no thread
SVAR_MUST_USE svar_ret_t svari_gateway_answers_start(svari_gateway_answers_t *answers);
/// Ends; waits for the request under way. A no-op if it does not run.
void svari_gateway_answers_stop(svari_gateway_answers_t *answers);

/// Logs what the thread has to say, which may not log itself.
/// @retval SVAR_ERR_MESSAGES, SVAR_ERR_STATE it has ended: this process can neither answer nor send (the
/// message says why)
SVAR_MUST_USE svar_ret_t svari_gateway_answers_poll(svari_gateway_answers_t *answers,
                                                    const svar_component_host_t *host);

#endif
