// One store as the gateway carries it: a reader's handle, and the iceoryx topic of its commits.
#ifndef COMPONENTS_GATEWAY_STORE_H
#define COMPONENTS_GATEWAY_STORE_H

#include "shared_variable/messages.h"
#include "shared_variable/store.h"

typedef struct svari_gateway_store svari_gateway_store_t;

/// Opens the store of this user, and sends its first event, of what is there already.
/// @param[out] out_store owned: svari_gateway_store_close()
/// and what svar_store_open(), svar_store_watch_fd() and svar_message_sender_create_latched() fail with
SVAR_MUST_USE svar_ret_t svari_gateway_store_open(const char *name, svar_messages_t *messages,
                                                  svari_gateway_store_t **out_store);
/// NULL is a no-op.
void svari_gateway_store_close(svari_gateway_store_t *store);

/// Readable when there is something to send. Borrowed.
int svari_gateway_store_watch_fd(const svari_gateway_store_t *store);

/// Sends an event if there was a commit since the last one. Allocates for variables that are new.
/// @retval SVAR_ERR_STALE the store is gone: its last event was sent. Close it.
/// @retval SVAR_ERR_MESSAGES this process can send no more
/// and what svar_snapshot_begin(), svar_snapshot_describe() and svar_message_sender_loan() fail with: nothing is
/// lost, the next call tries again
SVAR_MUST_USE svar_ret_t svari_gateway_store_tell(svari_gateway_store_t *store);
/// Sends the last event of a store whose files are gone, without a word of its holder.
SVAR_MUST_USE svar_ret_t svari_gateway_store_tell_removed(svari_gateway_store_t *store);

#endif
