// Containers in a store: the cell behind a shared variable is an entry of the directory.
#ifndef SVARI_STORE_CONTAINER_H
#define SVARI_STORE_CONTAINER_H

#include "store/store_impl.h"
#include "variable/container.h"

typedef struct svari_store_container {
  svari_container_t base;
  svar_store_t *store; // shared
  const svari_entry_t *entry;
  uint64_t index;    // in the directory
  bool is_anonymous; // made without a store: the entry ends with the container
  char name[SVARI_NAME_BYTES];
} svari_store_container_t;

// The container behind variable, if it is one of this store; else NULL.
svari_store_container_t *svari_store_container_of(const svar_store_t *store,
                                                  const svar_variable_t *variable);

// Fills a view of the value that the variable has in `version`, which the caller has pinned.
// SVAR_ERR_UNSET, SVAR_ERR_CORRUPT
svar_ret_t svari_view(const svari_store_container_t *container, uint64_t version,
                      svar_value_t *out_view);

#endif
