// RouDi, iceoryx's daemon, as the message plane sees it: is it there, is it still the one that this
// process signed on with, and requests to it that come to an end whatever it does. Private.
#ifndef IPC_MESSAGES_ROUDI_H
#define IPC_MESSAGES_ROUDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared_variable/messages.h"

/// A call of iceoryx that sends RouDi a request and waits for the answer, without limit. It is run in
/// a thread of its own and left to itself when it takes too long: so it owns what it works on.
typedef struct svari_roudi_request {
  void (*run)(struct svari_roudi_request *request); ///< makes the call, fills handle
  char name[SVAR_TOPIC_NAME_BYTES];                 ///< of the runtime or topic
  uint32_t queue;                                   ///< of a receiver: its length
  uint32_t
      history;  ///< messages that a sender keeps for later receivers, and that a receiver asks for
  void *handle; ///< what the call made
} svari_roudi_request_t;

/// Probe RouDi, run the request, and hand out its handle if iceoryx reported no error.
/// @param what for messages: "joining the message plane", "creating a sender"
/// @retval SVAR_ERR_NO_ROUDI, SVAR_ERR_PERMISSION as svar_messages_probe(), or no answer within 5 s
/// @retval SVAR_ERR_STATE another RouDi runs than the one this process signed on with
/// @retval SVAR_ERR_MESSAGES iceoryx reported an error
svar_ret_t svari_roudi_ask(const svari_roudi_request_t *request, const char *what,
                           void **out_handle);

/// What svari_roudi_ask() finds out before it asks: RouDi is there, and the one known here.
svar_ret_t svari_roudi_check_known(void);

/// Makes iceoryx's runtime by call, and sees to it that signing off at the process's end takes at most
/// 3 s if RouDi hangs. To be called in a request.
void svari_roudi_sign_on(void (*call)(const char *name), const char *name);
/// Removes the files that an attempt to sign on left behind.
void svari_roudi_sign_on_failed(const char *name);

/// iceoryx's error handler: keeps the name for svari_roudi_error_take().
void svari_roudi_on_error(const char *name, bool is_fatal);
/// The first error that iceoryx reported in this thread since the last call; NULL: none. Static text.
const char *svari_roudi_error_take(void);

/// Fails with SVAR_ERR_MESSAGES if iceoryx must not be called any more: after a fatal error, or a
/// request that was never answered. One atomic load.
svar_ret_t svari_roudi_check(void);
/// The same question for teardown, which must not fail.
bool svari_roudi_is_usable(void);

#endif
