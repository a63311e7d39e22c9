#include "variable/container.h"

#include <assert.h>

static _Atomic(svari_container_factory_t) factory;

svari_container_t *
svari_container_ref(svari_container_t *container)
{
  // Relaxed: whoever takes a reference holds one already.
  atomic_fetch_add_explicit(&container->reference_count, 1, memory_order_relaxed);
  return container;
}

void
svari_container_unref(svari_container_t *container)
{
  if (container == NULL) {
    return;
  }
  // Release, pairs with the acquire of the thread that finds the last reference: what the others did
  // with the container happened before it is destroyed.
  if (atomic_fetch_sub_explicit(&container->reference_count, 1, memory_order_acq_rel) == 1) {
    container->allocator.deallocate(container->reserved_handle, container->allocator.state);
    container->ops->destroy(container);
  }
}

svar_ret_t
svari_container_check_writable(const svari_container_t *container)
{
  if (!atomic_load_explicit(&container->is_readonly, memory_order_relaxed)) {
    return SVAR_OK;
  }
  return svar_fail(SVAR_ERR_STATE,
                   "the container of variable '%s' is read-only: make it writable first",
                   container->name == NULL ? "" : container->name);
}

void
svari_container_factory_set(svari_container_factory_t new_factory)
{
  atomic_store(&factory, new_factory);
}

svar_ret_t
svari_container_create(const svari_container_spec_t *spec, svari_container_t **out_container)
{
  assert(spec != NULL && out_container != NULL);
  svari_container_factory_t create = atomic_load(&factory);
  if (create == NULL) {
    return svar_fail(SVAR_ERR_STATE, "this build has no storage for shared variables: no container "
                                     "factory was set");
  }
  return create(spec, out_container);
}
