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

#endif
