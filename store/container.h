// Containers in a store: the cell behind a shared variable is an entry of the directory.
#ifndef SVARI_STORE_CONTAINER_H
#define SVARI_STORE_CONTAINER_H

#include "store/store_impl.h"
#include "variable/container.h"

typedef struct svari_store_container {
  svari_container_t base;
  svar_store_t *store; // shared
  const svari_entry_t *entry;
  svari_space_t *space; // of values in host memory, the store's; NULL: they lie on a GPU
  // What every view of the variable begins with, and the bytes of an element.
  struct {
    DLDevice device;
    int32_t ndim;
    DLDataType dtype;
  } view_head;
  uint32_t element_bytes;
  bool is_anonymous; // made without a store: the entry ends with the container
  // Of values on a GPU: the memory that the last value was found in, which in the holder is its own. NULL: none was yet,
  // and the view head does not know the GPU.
  _Atomic(svari_device_region_t *) device;
  uint64_t index; // in the directory
  char name[SVARI_NAME_BYTES];
} svari_store_container_t;

static_assert(offsetof(svari_store_container_t, element_bytes) + sizeof(uint32_t) <= 128,
              "what a read looks at takes two cache lines");

extern const svari_container_ops_t svari_store_container_ops;
extern const svari_container_ops_t svari_device_container_ops; // device_container.c

static inline bool
svari_store_container_is_on_device(const svari_store_container_t *container)
{
  return container->base.device != 0;
}

// The container behind variable, if it is one of this store; else NULL.
static inline svari_store_container_t *
svari_store_container_of(const svar_store_t *store, const svar_variable_t *variable)
{
  svari_store_container_t *container = (svari_store_container_t *)variable->container;
  bool is_entry = container->base.ops == &svari_store_container_ops ||
                  container->base.ops == &svari_device_container_ops;
  return is_entry && container->store == store ? container : NULL;
}

// The same, if its values lie in host memory; else NULL.
static inline svari_store_container_t *
svari_store_container_here(const svar_store_t *store, const svar_variable_t *variable)
{
  svari_store_container_t *container = (svari_store_container_t *)variable->container;
  bool is_here = container->base.ops == &svari_store_container_ops && container->store == store;
  return is_here ? container : NULL;
}

// A view of the variable's newest value where it lies, with a pin of its own.
// SVAR_ERR_UNSET, SVAR_ERR_CORRUPT, SVAR_ERR_READERS_FULL, SVAR_ERR_FORKED, SVAR_ERR_STATE
svar_ret_t svari_store_container_borrow(svari_container_t *container, svar_value_t *out_view);
// The same on a GPU. And as svari_device_reach()
svar_ret_t svari_store_container_borrow_far(svari_container_t *container, svar_value_t *out_view);

// The parts of the table that containers in host memory and on devices have in common.
svar_ret_t svari_store_container_set(svari_container_t *container, const svar_source_t *source,
                                     svar_borrow_t borrow);
svar_ret_t svari_store_container_set_together(svari_container_t *const *members,
                                              const svar_source_t *sources, size_t count,
                                              svar_transaction_t *transaction);
svar_store_t *svari_store_container_store(svari_container_t *container);
const void *svari_store_container_cell(const svari_container_t *container);
void svari_store_container_destroy(svari_container_t *container);

// Makes a handle that was just found, and that nobody else has yet, as strict, as free to downcast and as
// read-only as the holder's own variable of the name, which svar_shared() gave it, as long as it has one.
// @pre this process holds the store
void svari_store_take_own_rules(svar_variable_t *variable);

#endif
