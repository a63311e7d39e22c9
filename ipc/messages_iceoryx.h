// The message plane on iceoryx's C API: what senders, receivers and servers share. That API ends the process
// when it is misused, when RouDi is not there and when a size does not fit. So everything is checked
// before it is called, whatever waits for RouDi goes through svari_roudi_ask(), and what iceoryx still
// reports comes back through svari_roudi_error_take(). The files that include this one are all that include
// iceoryx (and messages_shim.cpp). Private.
#ifndef IPC_MESSAGES_ICEORYX_H
#define IPC_MESSAGES_ICEORYX_H

#include <iceoryx_binding_c/enums.h>
#include <iceoryx_binding_c/wait_set.h>

#include <stdbool.h>
#include <stdint.h>

#include "ipc/messages_roudi.h"
#include "shared_variable/message_header.h"
#include "shared_variable/messages.h"

// ThreadSanitizer does not see how iceoryx, which is not built with it, hands a chunk from one thread to
// another: it is told.
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define SVARI_CHUNK_GIVEN(chunk) __tsan_release((void *)(uintptr_t)(chunk))
#define SVARI_CHUNK_GOT(chunk) __tsan_acquire((void *)(uintptr_t)(chunk))
#else
#define SVARI_CHUNK_GIVEN(chunk) ((void)(chunk))
#define SVARI_CHUNK_GOT(chunk) ((void)(chunk))
#endif

// --- the membership ---------------------------------------------------------------------------------

/// One user of it more, and less: the last one ends it. Thread: any.
svar_messages_t *svari_messages_ref(svar_messages_t *messages);
void svari_messages_unref(svar_messages_t *messages);
/// False in a child of fork(), whose parent joined: it must not call iceoryx.
bool svari_messages_is_own(const svar_messages_t *messages);

// --- ports, chunks and results ----------------------------------------------------------------------

/// What every end of a topic checks and sets before it asks RouDi for its port.
/// @retval SVAR_ERR_FORKED, SVAR_ERR_ARGUMENT
svar_ret_t svari_iceoryx_request_init(svari_roudi_request_t *request,
                                      const svar_messages_t *messages, const char *topic);
/// Fails with SVAR_ERR_MESSAGES if iceoryx reported an error in this thread since the last look.
svar_ret_t svari_iceoryx_check_reported(const char *what, const char *topic);
/// SVAR_ERR_RANGE: more than iceoryx can count.
svar_ret_t svari_iceoryx_check_size(const char *topic, uint64_t payload_bytes);
svar_ret_t svari_iceoryx_check_allocation(enum iox_AllocationResult result, const char *topic,
                                          uint64_t payload_bytes);
/// Of the next sender or server.
uint64_t svari_iceoryx_next_id(void);
svar_message_header_t svari_iceoryx_header_make(uint64_t payload_bytes, uint64_t sender,
                                                uint64_t sequence);

// --- inlets -----------------------------------------------------------------------------------------

/// What receivers and servers have in common: a queue that messages arrive in, and how to wait for them.
typedef struct svari_inlet_kind {
  bool (*has_message)(void *port);
  enum iox_WaitSetResult (*attach)(iox_ws_t wait_set, void *port);
  void (*detach)(iox_ws_t wait_set, void *port);
} svari_inlet_kind_t;

typedef struct svari_inlet {
  const svari_inlet_kind_t *kind;
  svar_messages_t *messages;
  void *port;
  iox_ws_t wait_set; // made by the first wait: one that nobody waits on would count every message
  uint64_t payload_bytes; // of every message; 0: any
  char topic[SVAR_TOPIC_NAME_BYTES];
} svari_inlet_t;

void svari_inlet_init(svari_inlet_t *inlet, const svari_inlet_kind_t *kind,
                      svar_messages_t *messages, void *port, const char *topic);
/// False: iceoryx must not be called any more, not even to give the port back.
bool svari_inlet_stop_waiting(svari_inlet_t *inlet);
/// As svar_message_receiver_wait().
svar_ret_t svari_inlet_wait(svari_inlet_t *inlet, int64_t timeout_ns);
/// What a chunk holds, which anybody may have sent. out_message is written only if its header is sound.
/// @retval SVAR_ERR_CORRUPT
svar_ret_t svari_inlet_read(const svari_inlet_t *inlet, const void *chunk,
                            svar_message_t *out_message);
/// Ends the use of message; returns its chunk, to be given back, or NULL if there is nothing to give.
const void *svari_message_end(svar_message_t *message);

#endif
