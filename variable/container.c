#include "variable/container.h"
#include "variable/text.h"

#include <assert.h>
#include <string.h>

enum { VALUE_ALIGNMENT = 64 };

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

const void *
svar_container_cell(const svar_container_t *container)
{
  return container != NULL && container->ops->cell != NULL ? container->ops->cell(container)
                                                           : container;
}

bool
svar_container_is_part(const svar_container_t *container)
{
  return container != NULL && container->is_part;
}

svar_ret_t
svari_container_check_writable(const svari_container_t *container)
{
  bool is_readonly = atomic_load_explicit(&container->is_readonly, memory_order_relaxed);
  if (!is_readonly && !container->is_part) {
    return SVAR_OK;
  }
  if (container->is_part) {
    return svar_fail(SVAR_ERR_STATE,
                     "'%s' is a part of a sparse variable, all of which change together: set that "
                     "one (svar_set_value() with svar_sparse_source())",
                     container->name);
  }
  return svar_fail(SVAR_ERR_STATE,
                   "the container of variable %s is read-only: make it writable first",
                   svari_name_text(container->name).text);
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

svar_ret_t
svari_container_view(svari_container_t *self, svar_value_t *out_view)
{
  return self->ops->far != NULL ? self->ops->far->view(self, out_view)
                                : self->ops->borrow(self, out_view);
}

svar_ret_t
svari_container_read(svari_container_t *self, const svar_value_t *view, void *to)
{
  uint64_t bytes = svar_value_bytes(view);
  if (bytes == 0) { // an empty view may have no address
    return SVAR_OK;
  }
  if (self->ops->far != NULL) {
    return self->ops->far->read(self, view, to);
  }
  memcpy(to, view->tensor.data, bytes);
  return SVAR_OK;
}

svar_ret_t
svari_container_fill(svari_container_t *self, const svar_value_t *hole, const DLTensor *from)
{
  uint64_t bytes = svar_value_bytes(hole);
  if (bytes == 0) {
    return SVAR_OK;
  }
  if (self->ops->far != NULL) {
    return self->ops->far->fill(self, hole, from);
  }
  memcpy(hole->tensor.data, from->data, bytes);
  return SVAR_OK;
}

svar_ret_t
svari_container_copy_view(svari_container_t *self, const svar_value_t *view,
                          svar_value_t *out_value)
{
  const svar_allocator_t *allocator = &self->allocator;
  uint64_t bytes = svar_value_bytes(view);
  void *data = allocator->allocate(bytes > 0 ? bytes : 1, VALUE_ALIGNMENT, allocator->state);
  if (data == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "no %llu bytes for a copy of variable %s; a borrowed view needs none",
                     (unsigned long long)bytes, svari_name_text(self->name).text);
  }
  svar_ret_t ret = svari_container_read(self, view, data);
  if (ret != SVAR_OK) {
    allocator->deallocate(data, allocator->state);
    return ret;
  }
  DLTensor tensor = view->tensor;
  tensor.data = data;
  tensor.device = (DLDevice){kDLCPU, 0};
  tensor.shape = out_value->shape;
  *out_value = (svar_value_t){.tensor = tensor, .version = view->version};
  memcpy(out_value->shape, view->shape, sizeof(out_value->shape));
  out_value->internal.allocator = *allocator;
  return SVAR_OK;
}

svar_ret_t
svari_container_copy_bytes(svari_container_t *self, svar_value_t *out_value)
{
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svari_container_view(self, &view));
  svar_ret_t ret = svari_container_copy_view(self, &view, out_value);
  svar_value_release(&view);
  return ret;
}

// --- the same for callers --------------------------------------------------------------------------

svar_container_t *
svar_container_ref(svar_container_t *container)
{
  return container != NULL ? svari_container_ref(container) : NULL;
}

void
svar_container_unref(svar_container_t *container)
{
  svari_container_unref(container);
}

const char *
svar_container_name(const svar_container_t *container)
{
  return container != NULL ? container->name : NULL;
}

svar_type_t
svar_container_type(const svar_container_t *container)
{
  return container != NULL ? container->type : (svar_type_t){0};
}

bool
svar_container_is_strict(const svar_container_t *container)
{
  return container != NULL && container->strict;
}

svar_downcast_t
svar_container_allow_downcast(const svar_container_t *container)
{
  return container != NULL ? container->allow_downcast : SVAR_DOWNCAST_UNSET;
}

void
svar_container_readonly_set(svar_container_t *container, bool is_readonly)
{
  if (container != NULL) {
    atomic_store_explicit(&container->is_readonly, is_readonly, memory_order_relaxed);
    if (container->ops->readonly_set != NULL) {
      container->ops->readonly_set(container, is_readonly);
    }
  }
}

bool
svar_container_is_readonly(const svar_container_t *container)
{
  return container != NULL && atomic_load_explicit(&container->is_readonly, memory_order_relaxed);
}

svar_ret_t
svar_container_get_value(svar_container_t *container, svar_borrow_t borrow, svar_value_t *out_value)
{
  SVAR_REQUIRE(container != NULL && out_value != NULL);
  return borrow == SVAR_BORROW ? container->ops->borrow(container, out_value)
                               : container->ops->copy(container, out_value);
}

svar_ret_t
svar_container_set_value(svar_container_t *container, svar_source_t source, svar_borrow_t borrow)
{
  SVAR_REQUIRE(container != NULL && (borrow == SVAR_COPY || borrow == SVAR_BORROW));
  return container->ops->set(container, &source, borrow);
}
