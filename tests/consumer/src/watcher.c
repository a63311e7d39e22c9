// stranger::Watcher: reads the counter's store until the number is large enough; each time the square must fit
// the number, and neither may have gone back.
#include <stdlib.h>
#include <time.h>

#include <shared_variable/component.h>
#include <shared_variable/shared_variable.h>

typedef struct watcher {
  const svar_component_host_t *host;
  svar_store_t *store;
  svar_variable_t *number, *square;
  int64_t until, last, seen;
} watcher_t;

static svar_ret_t
watcher_create(const svar_component_host_t *host, void **out_self)
{
  watcher_t *watcher = calloc(1, sizeof(*watcher));
  if (watcher == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a watcher");
  }
  watcher->host = host;
  *out_self = watcher;
  return SVAR_OK;
}

// The publisher may come later: looks again until it is there, or the work is to end.
static svar_ret_t
wait_for_store(watcher_t *watcher, const char *name)
{
  const struct timespec pause = {.tv_nsec = 2000000};
  for (;;) {
    svar_ret_t ret = svar_store_open(name, NULL, &watcher->store);
    if (ret == SVAR_OK && svar_store_find(watcher->store, "number", &watcher->number) == SVAR_OK &&
        svar_store_find(watcher->store, "square", &watcher->square) == SVAR_OK) {
      return SVAR_OK;
    }
    if (ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) {
      return ret;
    }
    svar_variable_unref(watcher->number);
    svar_store_close(watcher->store);
    watcher->number = NULL;
    watcher->store = NULL;
    if (watcher->host->is_stopping(watcher->host)) {
      return svar_fail(SVAR_ERR_STATE, "no counter came");
    }
    nanosleep(&pause, NULL);
  }
}

static svar_ret_t
find_store(watcher_t *watcher)
{
  svar_parameter_value_t store, until;
  char name[SVAR_STORE_NAME_BYTES];
  SVAR_TRY(watcher->host->parameter(watcher->host, "store", &store));
  SVAR_TRY(watcher->host->parameter(watcher->host, "until", &until));
  SVAR_TRY(watcher->host->resolve_name(watcher->host, store.as.string, name, sizeof(name)));
  watcher->until = until.as.integer;
  return wait_for_store(watcher, name);
}

static svar_transition_result_t
watcher_configure(void *self)
{
  return find_store(self) == SVAR_OK ? SVAR_TRANSITION_SUCCESS : SVAR_TRANSITION_FAILURE;
}

static svar_transition_result_t
watcher_activate(void *self)
{
  watcher_t *watcher = self;
  watcher->host->set_period(watcher->host, 100000);
  return SVAR_TRANSITION_SUCCESS;
}

static svar_ret_t
look(watcher_t *watcher)
{
  svar_snapshot_t now;
  svar_value_t number = SVAR_VALUE_INIT;
  svar_value_t square = SVAR_VALUE_INIT;
  SVAR_TRY(svar_snapshot_begin(watcher->store, &now));
  svar_ret_t ret;
  if ((ret = svar_snapshot_get(&now, watcher->number, &number)) == SVAR_OK &&
      (ret = svar_snapshot_get(&now, watcher->square, &square)) == SVAR_OK) {
    int64_t n = *(const int64_t *)number.tensor.data;
    int64_t s = *(const int64_t *)square.tensor.data;
    if (s != n * n || n < watcher->last) {
      ret = svar_fail(SVAR_ERR_VALUE, "torn or stale: %lld, %lld after %lld", (long long)n,
                      (long long)s, (long long)watcher->last);
    }
    watcher->last = n;
    ++watcher->seen;
  }
  svar_snapshot_end(&now);
  return ret;
}

static svar_step_result_t
watcher_step(void *self, const svar_tick_t *tick)
{
  watcher_t *watcher = self;
  (void)tick;
  if (look(watcher) != SVAR_OK) {
    return SVAR_STEP_FAILED;
  }
  if (watcher->last < watcher->until) {
    return SVAR_STEP_CONTINUE;
  }
  watcher->host->log(watcher->host, SVAR_LOG_INFO, "the number reached %lld, every look was whole",
                     (long long)watcher->until);
  return SVAR_STEP_DONE;
}

static svar_transition_result_t
watcher_cleanup(void *self)
{
  watcher_t *watcher = self;
  svar_variable_unref(watcher->number);
  svar_variable_unref(watcher->square);
  svar_store_close(watcher->store);
  watcher->number = watcher->square = NULL;
  watcher->store = NULL;
  return SVAR_TRANSITION_SUCCESS;
}

static void
watcher_destroy(void *self)
{
  (void)watcher_cleanup(self);
  free(self);
}

static const svar_parameter_descriptor_t parameters[] = {
    {.name = "store",
     .default_value = {SVAR_PARAMETER_STRING, {.string = "count"}},
     .description = "The store to watch",
     .is_read_only = true},
    {.name = "until",
     .default_value = {SVAR_PARAMETER_INTEGER, {.integer = 100}},
     .description = "Done when the number is there",
     .minimum = 1,
     .maximum = 1e15},
};

const svar_component_descriptor_t *
svar_component_entry(uint32_t index)
{
  static const svar_component_descriptor_t watcher = {
      .abi_version = SVAR_COMPONENT_ABI_VERSION,
      .size_bytes = sizeof(svar_component_descriptor_t),
      .type_name = "stranger::Watcher",
      .description = "Watches a counter, and fails if it ever sees it half changed",
      .parameters = parameters,
      .parameter_count = sizeof(parameters) / sizeof(parameters[0]),
      .create = watcher_create,
      .configure = watcher_configure,
      .activate = watcher_activate,
      .step = watcher_step,
      .cleanup = watcher_cleanup,
      .destroy = watcher_destroy,
  };
  return index == 0 ? &watcher : NULL;
}
