// A request as it came in: nothing of it is used before it has been checked here.
#ifndef SVARI_COMPONENTS_CONTROL_REQUEST_H
#define SVARI_COMPONENTS_CONTROL_REQUEST_H

#include "components/control_protocol.h"

SVAR_BEGIN_DECLS

typedef struct svari_control_words {
  svari_control_kind_t kind;
  size_t count;
  const char *words[SVARI_CONTROL_WORDS]; ///< borrowed from the packet
} svari_control_words_t;

/// Checks a packet and finds its words: as many as the kind takes, none that is not ended. SVAR_ERR_SYNTAX;
/// SVAR_ERR_LAYOUT: of another protocol. @param[out] out_kind the head's, as far as it can be read; else 0
svar_ret_t svari_control_request_check(const void *bytes, size_t size_bytes, uint16_t *out_kind,
                                       svari_control_words_t *out_words);

SVAR_END_DECLS
#endif
