#include "tools/store_lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/suggestion.h"

enum { SUGGESTION_TEXT_BYTES = 1024 };

svar_store_options_t
svari_store_options(const svari_arguments_t *arguments)
{
  svar_store_options_t options = SVAR_STORE_OPTIONS_INIT;
  options.directory = arguments->directory;
  options.owner = arguments->owner;
  return options;
}

typedef struct store_offer {
  svari_suggestion_t suggestion;
  uid_t owner;
} store_offer_t;

static bool
offer_store(const char *name, uid_t owner, void *context)
{
  store_offer_t *offer = context;
  if (owner == offer->owner) {
    svari_suggestion_offer(&offer->suggestion, name);
  }
  return true;
}

// Puts the nearest names behind the sentence, keeping its code.
static svar_ret_t
fail_with_suggestion(svar_ret_t code, const svari_suggestion_t *suggestion)
{
  char nearest[SUGGESTION_TEXT_BYTES];
  svari_suggestion_text(suggestion, nearest, sizeof(nearest));
  return svar_fail(code, "%s%s", svar_error_message(), nearest);
}

static svar_ret_t
suggest_stores(const svari_arguments_t *arguments, const char *name)
{
  char sentence[SUGGESTION_TEXT_BYTES]; // the list may fail, and overwrite what matters
  snprintf(sentence, sizeof(sentence), "%s", svar_error_message());
  uid_t owner = arguments->owner == (uid_t)-1 ? geteuid() : arguments->owner;
  store_offer_t offer = {svari_suggestion_begin(name), owner};
  (void)!svar_store_list(arguments->directory, offer_store, &offer);
  (void)svar_fail(SVAR_ERR_NOT_FOUND, "%s", sentence);
  return fail_with_suggestion(SVAR_ERR_NOT_FOUND, &offer.suggestion);
}

svar_ret_t
svari_store_lookup(const svari_arguments_t *arguments, const char *name, svar_store_t **out_store)
{
  char absolute[SVAR_STORE_NAME_BYTES + 1];
  if (name[0] != '/') {
    if (strlen(name) + 1 >= sizeof(absolute)) {
      return svar_fail(SVAR_ERR_ARGUMENT, "a store's name has at most %d characters, this one %zu",
                       SVAR_STORE_NAME_BYTES - 1, strlen(name) + 1);
    }
    snprintf(absolute, sizeof(absolute), "/%s", name);
    name = absolute;
  }
  svar_store_options_t options = svari_store_options(arguments);
  svar_ret_t ret = svar_store_open(name, &options, out_store);
  return ret == SVAR_ERR_NOT_FOUND ? suggest_stores(arguments, name) : ret;
}

svar_ret_t
svari_variable_lookup(svar_store_t *store, const char *name, svar_variable_t **out_variable)
{
  svar_ret_t ret = svar_store_find(store, name, out_variable);
  if (ret != SVAR_ERR_NOT_FOUND) {
    return ret;
  }
  svari_suggestion_t suggestion = svari_suggestion_begin(name);
  svari_variable_list_t list = SVARI_VARIABLE_LIST_INIT;
  SVAR_TRY(svari_variable_list_refresh(&list, store));
  for (size_t i = 0; i < list.count; ++i) {
    if (list.items[i] != NULL) {
      svari_suggestion_offer(&suggestion, svar_variable_name(list.items[i]));
    }
  }
  svari_variable_list_fini(&list);
  (void)svar_fail(SVAR_ERR_NOT_FOUND, "store '%s' has no variable '%s'", svar_store_name(store),
                  name);
  return fail_with_suggestion(SVAR_ERR_NOT_FOUND, &suggestion);
}

svar_ret_t
svari_variable_list_refresh(svari_variable_list_t *list, svar_store_t *store)
{
  size_t count = svar_store_count(store);
  if (count > list->count) {
    svar_variable_t **items = reallocarray(list->items, count, sizeof(svar_variable_t *));
    if (items == NULL) {
      return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the names of %zu variables", count);
    }
    memset(items + list->count, 0, (count - list->count) * sizeof(svar_variable_t *));
    list->items = items;
    list->count = count;
  }
  for (size_t i = 0; i < list->count; ++i) {
    if (list->items[i] == NULL) {
      svar_ret_t ret = svar_store_at(store, i, &list->items[i]);
      if (ret != SVAR_OK && ret != SVAR_ERR_NOT_FOUND) { // not found: not committed yet
        return ret;
      }
    }
  }
  return SVAR_OK;
}

void
svari_variable_list_fini(svari_variable_list_t *list)
{
  for (size_t i = 0; i < list->count; ++i) {
    svar_variable_unref(list->items[i]);
  }
  free(list->items);
  *list = (svari_variable_list_t)SVARI_VARIABLE_LIST_INIT;
}

svar_ret_t
svari_snapshot_view(const svar_snapshot_t *snapshot, svar_variable_t *variable,
                    svari_view_t *out_view)
{
  *out_view = (svari_view_t)SVAR_ZERO_INIT;
  if (variable == NULL) {
    return SVAR_EMPTY;
  }
  out_view->is_sparse = svar_variable_type(variable).kind == SVAR_KIND_SPARSE;
  svar_ret_t ret = out_view->is_sparse
                       ? svar_snapshot_get_sparse(snapshot, variable, &out_view->matrix)
                       : svar_snapshot_describe(snapshot, variable, &out_view->value);
  out_view->has_value = ret == SVAR_OK;
  out_view->version = out_view->is_sparse ? out_view->matrix.version : out_view->value.version;
  return ret == SVAR_ERR_UNSET ? SVAR_EMPTY : ret;
}
