// Follows the stores of a segment directory as they appear, change and go, and sends the events of each.
#ifndef COMPONENTS_GATEWAY_FOLLOWER_H
#define COMPONENTS_GATEWAY_FOLLOWER_H

#include "gateway_news.h"
#include "shared_variable/messages.h"

typedef struct svari_gateway_follower svari_gateway_follower_t;

typedef struct svari_gateway_follower_options {
  svari_gateway_news_t *news;
  svar_messages_t *messages;
  const char *patterns; // of stores' names: shell patterns, commas between them
  size_t most;          // stores at once
  int64_t scan_ns;      // between two looks at the directory if nothing happens in it
} svari_gateway_follower_options_t;

/// Follows nothing before the first turn. options' pointers must outlive it.
/// @param[out] out_follower owned: svari_gateway_follower_destroy()
/// @retval SVAR_ERR_NO_MEMORY, SVAR_ERR_SYSTEM no descriptor
SVAR_MUST_USE svar_ret_t svari_gateway_follower_create(
    const svari_gateway_follower_options_t *options, svari_gateway_follower_t **out_follower);
/// NULL is a no-op.
void svari_gateway_follower_destroy(svari_gateway_follower_t *follower);

/// Waits until something happens, at most longest_ms, and deals with it. What goes wrong with one store is
/// logged, once, and tried again at each look at the directory.
/// @retval SVAR_ERR_MESSAGES this process can send no more
/// @retval SVAR_ERR_SYSTEM epoll refuses
SVAR_MUST_USE svar_ret_t svari_gateway_follower_turn(svari_gateway_follower_t *follower,
                                                     int longest_ms);

#endif
