#include "gateway_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared_variable/gateway.h"
#include "shared_variable/shared_variable.h"

struct svari_gateway_store {
  svar_store_t *store;
  svar_message_sender_t *sender;
  int watch_fd;
  bool has_told;    // an event has been sent
  uint64_t version; // of the latest event
  int64_t created_ns;
  svar_variable_t **variables; // by id; NULL: had no value at the last look
  size_t variable_count;
};

static svar_ret_t
make_sender(const char *name, svar_messages_t *messages, svar_message_sender_t **out_sender)
{
  char topic[SVAR_STORE_NAME_BYTES + sizeof(SVAR_COMMIT_TOPIC_SUFFIX)];
  snprintf(topic, sizeof(topic), "%s" SVAR_COMMIT_TOPIC_SUFFIX, name);
  return svar_message_sender_create_latched(messages, topic, sizeof(svar_commit_event_t),
                                            out_sender);
}

svar_ret_t
svari_gateway_store_open(const char *name, svar_messages_t *messages,
                         svari_gateway_store_t **out_store)
{
  svari_gateway_store_t *store = calloc(1, sizeof(*store));
  if (store == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to follow the store '%s'", name);
  }
  svar_store_info_t info;
  svar_ret_t ret;
  // Watched before the first look, so that no commit falls between the two.
  if ((ret = svar_store_open(name, NULL, &store->store)) != SVAR_OK ||
      (ret = svar_store_info(store->store, &info)) != SVAR_OK ||
      (ret = svar_store_watch_fd(store->store, &store->watch_fd)) != SVAR_OK ||
      (ret = make_sender(name, messages, &store->sender)) != SVAR_OK) {
    svari_gateway_store_close(store);
    return ret;
  }
  store->created_ns = info.created_ns;
  if ((ret = svari_gateway_store_tell(store)) != SVAR_OK) {
    svari_gateway_store_close(store);
    return ret;
  }
  *out_store = store;
  return SVAR_OK;
}

void
svari_gateway_store_close(svari_gateway_store_t *store)
{
  if (store == NULL) {
    return;
  }
  svar_message_sender_destroy(store->sender);
  for (size_t i = 0; i < store->variable_count; i++) {
    svar_variable_unref(store->variables[i]);
  }
  free(store->variables);
  svar_store_close(store->store);
  free(store);
}

int
svari_gateway_store_watch_fd(const svari_gateway_store_t *store)
{
  return store->watch_fd;
}

static svar_ret_t
make_room_for_variables(svari_gateway_store_t *store, size_t count)
{
  svar_variable_t **variables = realloc(store->variables, count * sizeof(svar_variable_t *));
  if (variables == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory to follow the %zu variables of '%s'", count,
                     svar_store_name(store->store));
  }
  memset(variables + store->variable_count, 0,
         (count - store->variable_count) * sizeof(svar_variable_t *));
  store->variables = variables;
  store->variable_count = count;
  return SVAR_OK;
}

// Handles of the variables that got their first value since the last look.
static svar_ret_t
find_variables(svari_gateway_store_t *store)
{
  size_t count = svar_store_count(store->store);
  if (count > store->variable_count) {
    SVAR_TRY(make_room_for_variables(store, count));
  }
  for (size_t i = 0; i < store->variable_count; i++) {
    svar_ret_t ret = store->variables[i] != NULL
                         ? SVAR_OK
                         : svar_store_at(store->store, i, &store->variables[i]);
    if (ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) {
      return ret;
    }
  }
  return SVAR_OK;
}

// A commit does not say what it changed, but each value says by which commit it came.
static svar_ret_t
list_changes(const svari_gateway_store_t *store, const svar_snapshot_t *now,
             svar_commit_event_t *event)
{
  for (size_t i = 0; i < store->variable_count; i++) {
    if (store->variables[i] == NULL) {
      continue;
    }
    svar_value_t view = SVAR_VALUE_INIT;
    svar_ret_t ret = svar_snapshot_describe(now, store->variables[i], &view);
    if (ret != SVAR_OK && ret != SVAR_ERR_UNSET) {
      return ret;
    }
    if (view.version > store->version) {
      if (event->listed_count < SVAR_COMMIT_EVENT_IDS) {
        event->changed[event->listed_count++] = (uint32_t)i;
      }
      event->changed_count++;
    }
  }
  return SVAR_OK;
}

static svar_commit_event_t
make_event(const svari_gateway_store_t *store, svar_commit_event_kind_t kind, uint64_t version)
{
  return (svar_commit_event_t){.layout = SVAR_GATEWAY_LAYOUT,
                               .kind = kind,
                               .version = version,
                               .previous_version = store->version,
                               .committed_ns = svar_store_committed_ns(store->store),
                               .created_ns = store->created_ns,
                               .variable_count = (uint32_t)svar_store_count(store->store)};
}

static svar_ret_t
describe_commit(svari_gateway_store_t *store, const svar_snapshot_t *now,
                svar_commit_event_t *out_event)
{
  *out_event = make_event(store, SVAR_COMMIT_EVENT_COMMIT, now->version);
  SVAR_TRY(find_variables(store));
  return list_changes(store, now, out_event);
}

static svar_ret_t
send_event(svari_gateway_store_t *store, const svar_commit_event_t *event)
{
  void *payload = NULL;
  SVAR_TRY(svar_message_sender_loan(store->sender, &payload));
  memcpy(payload, event, sizeof(*event));
  SVAR_TRY(svar_message_sender_publish(store->sender, payload));
  store->version = event->version;
  store->has_told = true;
  return SVAR_OK;
}

static svar_ret_t
tell_commit(svari_gateway_store_t *store)
{
  svar_snapshot_t now = SVAR_SNAPSHOT_INIT;
  SVAR_TRY(svar_snapshot_begin(store->store, &now));
  svar_commit_event_t event;
  svar_ret_t ret = describe_commit(store, &now, &event);
  svar_snapshot_end(&now);
  return ret == SVAR_OK ? send_event(store, &event) : ret;
}

svar_ret_t
svari_gateway_store_tell_removed(svari_gateway_store_t *store)
{
  svar_commit_event_t event = make_event(store, SVAR_COMMIT_EVENT_REMOVED, store->version);
  return send_event(store, &event);
}

svar_ret_t
svari_gateway_store_tell(svari_gateway_store_t *store)
{
  uint64_t wakes;
  ssize_t ignored = read(store->watch_fd, &wakes, sizeof(wakes)); // before the look: none is lost
  (void)ignored;
  if (!store->has_told || svar_store_version(store->store) > store->version) {
    SVAR_TRY(tell_commit(store));
  }
  svar_ret_t ret = svar_store_wait(store->store, UINT64_MAX, 0, NULL); // just looks
  if (ret == SVAR_ERR_STALE) {
    SVAR_TRY(svari_gateway_store_tell_removed(store));
    return svar_fail(SVAR_ERR_STALE, "the store '%s' was removed", svar_store_name(store->store));
  }
  return ret == SVAR_TIMEOUT ? SVAR_OK : ret;
}
