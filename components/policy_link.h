// A policy's ends of its topics: observations come in, actions go out (policy_protocol.h).
//
// Made for steps in real time: taking an observation and putting an action allocate nothing, and no peer can hold
// them up. iceoryx sends under a lock that receivers which come or go share, and a peer that is killed in there
// leaves locked: so a thread of the link's own, an ordinary one, sends what the steps put, and another looks after RouDi.
#ifndef COMPONENTS_POLICY_LINK_H
#define COMPONENTS_POLICY_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "policy_protocol.h"
#include "shared_variable/error.h"

SVAR_BEGIN_DECLS

typedef struct svari_policy_link svari_policy_link_t;

typedef struct svari_policy_link_options {
  const char *node_name;          ///< borrowed during open
  const char *observations_topic; ///< borrowed during open; "": none
  uint32_t observation_width;
  uint32_t queue;            ///< observations that may wait; more of them push the oldest out
  const char *actions_topic; ///< borrowed during open; "": none
  uint32_t action_width;
} svari_policy_link_options_t;

/// Since the link was opened.
typedef struct svari_policy_link_counts {
  uint64_t missed;  ///< observations that a sender sent, or lost, between two that were taken
  uint64_t senders; ///< senders that observations were taken of, one after the other
  uint64_t refused; ///< messages that were no observations of this width
  uint64_t
      unsent; ///< actions that were put, and lost: nobody released chunks, or the thread fell behind
} svari_policy_link_counts_t;

/// Joins the message plane and opens the topics. Allocates; blocks as svar_messages_create(): not real-time.
/// @param[out] out_link owned: svari_policy_link_close()
/// @retval as svar_messages_create(), svar_message_receiver_create() and svar_message_sender_create()
SVAR_MUST_USE svar_ret_t svari_policy_link_open(const svari_policy_link_options_t *options,
                                                svari_policy_link_t **out_link);
/// Sends what was put before. NULL is a no-op. Not real-time.
void svari_policy_link_close(svari_policy_link_t *link);

/// The oldest observation that waits. Messages that are none are passed over one at a time, and counted.
/// @param wait_ns how long to wait for one; 0: just look
/// @param[out] out_head, out_values written on success only; observation_width numbers
/// @contract{allocates: no; blocks: up to wait_ns; system calls: to wait; thread: that of the steps}
/// @retval SVAR_EMPTY none came. Also where the message plane has failed: svari_policy_link_news() says so.
SVAR_MUST_USE svar_ret_t svari_policy_link_take(svari_policy_link_t *link, int64_t wait_ns,
                                                svari_policy_message_t *out_head,
                                                float *out_values);

/// Leaves an action to be sent; it is counted where it cannot.
/// @param values action_width numbers; copied
/// @contract{allocates: no; blocks: no; system calls: to wake the link's thread; thread: that of the steps}
void svari_policy_link_put(svari_policy_link_t *link, const svari_policy_message_t *head,
                           const float *values);

/// Takes the newest sentence on what went wrong, each kind of which is said once; false: there is none.
/// @contract{allocates: no; blocks: no; system calls: no; thread: that of the steps}
bool svari_policy_link_news(svari_policy_link_t *link, char *out_text, size_t text_bytes);

/// Thread: that of the steps.
svari_policy_link_counts_t svari_policy_link_counts(const svari_policy_link_t *link);

SVAR_END_DECLS
#endif
