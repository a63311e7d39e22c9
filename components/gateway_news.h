// What the gateway's threads have to say: a component logs only in its own callbacks.
#ifndef COMPONENTS_GATEWAY_NEWS_H
#define COMPONENTS_GATEWAY_NEWS_H

#include "shared_variable/component.h"

typedef struct svari_gateway_news svari_gateway_news_t;

/// @retval SVAR_ERR_NO_MEMORY
SVAR_MUST_USE svar_ret_t svari_gateway_news_create(svari_gateway_news_t **out_news);
void svari_gateway_news_destroy(svari_gateway_news_t *news); // NULL is a no-op

/// Keeps a line. Of too many at once, the later ones are counted only. From any thread.
void svari_gateway_news_add(svari_gateway_news_t *news, svar_log_level_t level, const char *format,
                            ...) SVAR_PRINTF(3, 4);
/// Logs what was kept. In the component's callbacks.
void svari_gateway_news_log(svari_gateway_news_t *news, const svar_component_host_t *host);

#endif
