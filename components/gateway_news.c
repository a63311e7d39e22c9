#include "gateway_news.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINES = 64, LINE_BYTES = 512 };

struct svari_gateway_news {
  pthread_mutex_t lock;
  size_t count;
  size_t lost;
  struct {
    svar_log_level_t level;
    char text[LINE_BYTES];
  } lines[LINES];
};

svar_ret_t
svari_gateway_news_create(svari_gateway_news_t **out_news)
{
  svari_gateway_news_t *news = calloc(1, sizeof(*news));
  if (news == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the lines of a gateway's threads");
  }
  pthread_mutex_init(&news->lock, NULL);
  *out_news = news;
  return SVAR_OK;
}

void
svari_gateway_news_destroy(svari_gateway_news_t *news)
{
  if (news != NULL) {
    pthread_mutex_destroy(&news->lock);
    free(news);
  }
}

void
svari_gateway_news_add(svari_gateway_news_t *news, svar_log_level_t level, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  pthread_mutex_lock(&news->lock);
  if (news->count == LINES) {
    news->lost++;
  } else {
    news->lines[news->count].level = level;
    vsnprintf(news->lines[news->count].text, LINE_BYTES, format, arguments);
    news->count++;
  }
  pthread_mutex_unlock(&news->lock);
  va_end(arguments);
}

void
svari_gateway_news_log(svari_gateway_news_t *news, const svar_component_host_t *host)
{
  pthread_mutex_lock(&news->lock); // the threads wait for the log: that is the lesser evil
  for (size_t i = 0; i < news->count; i++) {
    host->log(host, news->lines[i].level, "%s", news->lines[i].text);
  }
  if (news->lost > 0) {
    host->log(host, SVAR_LOG_WARN, "%zu lines more", news->lost);
  }
  news->count = 0;
  news->lost = 0;
  pthread_mutex_unlock(&news->lock);
}
