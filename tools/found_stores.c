#include "tools/found_stores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct search {
  svari_found_stores_t stores;
  uid_t owner; // whose stores are wanted
  bool all_users;
  bool is_incomplete;
} search_t;

static bool
keep_store(const char *name, uid_t owner, void *context)
{
  search_t *search = context;
  svari_found_stores_t *stores = &search->stores;
  if (!search->all_users && owner != search->owner) {
    return true;
  }
  svari_found_store_t *items = reallocarray(stores->items, stores->count + 1, sizeof(*items));
  if (items == NULL) {
    search->is_incomplete = true;
    return false;
  }
  stores->items = items;
  svari_found_store_t *store = &items[stores->count++];
  snprintf(store->name, sizeof(store->name), "%s", name);
  store->owner = owner;
  return true;
}

static int
by_name(const void *a, const void *b)
{
  const svari_found_store_t *left = a;
  const svari_found_store_t *right = b;
  int order = strcmp(left->name, right->name);
  return order != 0 ? order : (left->owner > right->owner) - (left->owner < right->owner);
}

svar_ret_t
svari_found_stores_read(const svari_arguments_t *arguments, bool all_users,
                        svari_found_stores_t *out_stores)
{
  search_t search = {.all_users = all_users,
                     .owner = arguments->owner == (uid_t)-1 ? geteuid() : arguments->owner};
  svar_ret_t ret = svar_store_list(arguments->directory, keep_store, &search);
  if (ret == SVAR_OK && search.is_incomplete) {
    ret = svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the names of %zu stores",
                    search.stores.count + 1);
  }
  if (ret != SVAR_OK) {
    svari_found_stores_fini(&search.stores);
    return ret;
  }
  if (search.stores.count > 0) {
    qsort(search.stores.items, search.stores.count, sizeof(*search.stores.items), by_name);
  }
  *out_stores = search.stores;
  return SVAR_OK;
}

void
svari_found_stores_fini(svari_found_stores_t *stores)
{
  free(stores->items);
  *stores = (svari_found_stores_t){0};
}

bool
svari_refuse_two_owners(const svari_command_t *command, const svari_arguments_t *arguments,
                        bool all_users)
{
  if (all_users && arguments->owner != (uid_t)-1) {
    svari_usage_error(command, "--all-users and --owner exclude each other");
    return true;
  }
  return false;
}
