// What the gateway answers to requests: one function for each, which knows nothing of iceoryx.
#ifndef COMPONENTS_GATEWAY_OPERATIONS_H
#define COMPONENTS_GATEWAY_OPERATIONS_H

#include <stdbool.h>

#include "shared_variable/gateway.h"
#include "shared_variable/remote.h"
#include "shared_variable/shared_variable.h"

typedef struct svari_gateway_rules {
  bool allow_set;     // SET and LOAD are passed on to the holders
  int64_t timeout_ns; // for a holder's answer
} svari_gateway_rules_t;

/// A request that was received: a copy, whose texts end, and the bytes behind it.
typedef struct svari_gateway_question {
  svar_gateway_request_t request;
  const void *data; // request.tensor.data_bytes; others may write there meanwhile
} svari_gateway_question_t;

/// An answer being made; start from {0}, end with svari_gateway_answer_end().
typedef struct svari_gateway_answer {
  svar_gateway_response_t response;
  const void *data; // response.tensor.data_bytes, valid until the end
  svar_store_t *store;
  svar_value_t value;
  union {
    svar_gateway_store_t stores[SVAR_GATEWAY_ENTRIES];
    svar_gateway_variable_t variables[SVAR_GATEWAY_ENTRIES];
  } entries;
} svari_gateway_answer_t;

/// Checks what somebody sent, payload_bytes of it, and makes a question of it.
/// @retval SVAR_ERR_LAYOUT, SVAR_ERR_ARGUMENT it is none (the message says why)
SVAR_MUST_USE svar_ret_t svari_gateway_question_read(const void *payload, uint64_t payload_bytes,
                                                     svari_gateway_question_t *out_question);

/// Answers. Blocks up to the timeout; allocates.
SVAR_MUST_USE svar_ret_t svari_gateway_answer_make(const svari_gateway_question_t *question,
                                                   const svari_gateway_rules_t *rules,
                                                   svari_gateway_answer_t *answer);
/// Makes it say what went wrong, and nothing else: code with this thread's message.
void svari_gateway_answer_fail(svari_gateway_answer_t *answer, svar_ret_t code);
void svari_gateway_answer_end(svari_gateway_answer_t *answer);

#endif
