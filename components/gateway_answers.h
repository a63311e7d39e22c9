// The gateway's server: answers requests, and meanwhile watches over RouDi.
#ifndef COMPONENTS_GATEWAY_ANSWERS_H
#define COMPONENTS_GATEWAY_ANSWERS_H

#include "gateway_news.h"
#include "gateway_operations.h"
#include "shared_variable/messages.h"

typedef struct svari_gateway_answers svari_gateway_answers_t;

typedef struct svari_gateway_answers_options {
  svari_gateway_news_t *news;
  svar_messages_t *messages;
  const char *topic; // "": none is served, RouDi is watched all the same
  svari_gateway_rules_t rules;
} svari_gateway_answers_options_t;

/// Makes the server; messages must outlive it.
/// @param[out] out_answers owned: svari_gateway_answers_destroy()
/// @retval SVAR_ERR_NO_MEMORY, and what svar_message_server_create() fails with
SVAR_MUST_USE svar_ret_t svari_gateway_answers_create(
    const svari_gateway_answers_options_t *options, svari_gateway_answers_t **out_answers);
/// NULL is a no-op.
void svari_gateway_answers_destroy(svari_gateway_answers_t *answers);

/// Waits for a request, at most 100 ms, and answers it.
/// @retval SVAR_ERR_MESSAGES, SVAR_ERR_STATE this process can neither answer nor send any more
SVAR_MUST_USE svar_ret_t svari_gateway_answers_turn(svari_gateway_answers_t *answers);

#endif
