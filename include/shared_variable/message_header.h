// What every message of this library looks like on iceoryx, for programs that link iceoryx_binding_c alone. The
// header needs no library. Who links shared_variable::messages uses messages.h, which writes and checks it.
//
// The topic "/cartpole/returns" is iceoryx's {SVAR_MESSAGE_SERVICE, "/cartpole/returns", SVAR_MESSAGE_EVENT}.
// A chunk is one svar_message_header_t and, right behind it, the payload.
#ifndef SHARED_VARIABLE_MESSAGE_HEADER_H
#define SHARED_VARIABLE_MESSAGE_HEADER_H

#include <assert.h>
#include <stdint.h>

#define SVAR_MESSAGE_SERVICE "shared_variable"
#define SVAR_MESSAGE_EVENT "message"

#define SVAR_MESSAGE_MAGIC UINT32_C(0x4d535653) // "SVSM"
#define SVAR_MESSAGE_LAYOUT 1
/// Of a chunk, and so of the payload: ask iceoryx for it where you send (iox_pub_loan_aligned_chunk(), ...).
#define SVAR_MESSAGE_ALIGNMENT 32

/// Constant once the message was sent. Who receives it copies it, compares magic and layout, and believes
/// nothing else before: any process may send on any topic.
typedef struct svar_message_header {
  uint32_t magic;         ///< SVAR_MESSAGE_MAGIC
  uint32_t layout;        ///< SVAR_MESSAGE_LAYOUT
  uint64_t payload_bytes; ///< the chunk's, less this header
  uint64_t sender; ///< tells the senders of a topic apart: its process's id, then its number there
  uint64_t sequence; ///< 1, 2, 3, ... of this sender; a gap is what the receiver lost
} svar_message_header_t;

static_assert(sizeof(svar_message_header_t) == SVAR_MESSAGE_ALIGNMENT,
              "the payload is aligned as the chunk is");

#endif
