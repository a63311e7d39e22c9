#include "store_attach.h"

#include <math.h>
#include <stddef.h>
#include <time.h>

enum { POLL_MS = 10 };

svar_ret_t
svari_store_look(const char *name, svar_store_t **store)
{
  svar_ret_t ret = SVAR_OK;
  if (*store == NULL) {
    ret = svar_store_open(name, NULL, store);
  }
  if (ret == SVAR_OK) {
    ret = svar_store_wait(*store, 0, 0, NULL); // just looks
  }
  switch (ret) {
  case SVAR_ERR_STALE: // its holder removed it; the next one makes another
    svar_store_close(*store);
    *store = NULL;
    return SVAR_EMPTY;
  case SVAR_ERR_NOT_FOUND:
  case SVAR_TIMEOUT:
  case SVAR_INTERRUPTED:
    return SVAR_EMPTY;
  default:
    return ret;
  }
}

svar_ret_t
svari_store_attach(const svar_component_host_t *host, const char *name, double timeout_s,
                   svar_store_t **out_store)
{
  svar_store_t *store = NULL;
  svar_ret_t ret;
  double looks_left = ceil(timeout_s * 1000.0 / POLL_MS);
  while ((ret = svari_store_look(name, &store)) == SVAR_EMPTY) {
    if (host->is_stopping(host)) {
      ret = svar_fail(SVAR_ERR_STATE, "stopped while waiting for the store '%s'", name);
      break;
    }
    if (looks_left-- <= 0) {
      ret = svar_fail(SVAR_ERR_NOT_FOUND,
                      "the store '%s' has no %s after %g s: start its publisher, or give it more "
                      "time with -p store_timeout:=SECONDS",
                      name, store == NULL ? "holder" : "version", timeout_s);
      break;
    }
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
  }
  if (ret != SVAR_OK) {
    svar_store_close(store);
    return ret;
  }
  *out_store = store;
  return SVAR_OK;
}
