#include "shared_variable/variable.h"

#include <assert.h>
#include <string.h>

#include "variable/container.h"
#include "variable/layout.h"
#include "variable/source.h"

enum { VALUE_ALIGNMENT = 64 };

static svar_ret_t
allocate_handle(const char *name, const svari_container_t *container,
                svar_variable_t **out_variable)
{
  size_t bytes = sizeof(svar_variable_t) + (name == NULL ? 0 : strlen(name) + 1);
  *out_variable =
      container->allocator.allocate(bytes, _Alignof(svar_variable_t), container->allocator.state);
  return *out_variable != NULL
             ? SVAR_OK
             : svar_fail(SVAR_ERR_NO_MEMORY, "no %zu bytes for a handle of variable '%s'", bytes,
                         name == NULL ? "" : name);
}

svar_ret_t
svari_variable_reserve(const char *name, svari_container_t *container)
{
  return allocate_handle(name, container, &container->reserved_handle);
}

svar_ret_t
svari_variable_create(const char *name, svari_container_t *container,
                      svar_variable_t **out_variable)
{
  assert(container != NULL && out_variable != NULL);
  svar_variable_t *variable = container->reserved_handle;
  if (variable == NULL) {
    SVAR_TRY(allocate_handle(name, container, &variable));
  } else {
    container->reserved_handle = NULL; // the first handle: nobody else knows the container yet
  }
  variable->container = container;
  atomic_init(&variable->reference_count, 1);
  variable->has_name = name != NULL;
  variable->default_update = NULL;
  if (name != NULL) {
    memcpy(variable->name, name, strlen(name) + 1);
  }
  *out_variable = variable;
  return SVAR_OK;
}

svar_variable_t *
svar_variable_ref(svar_variable_t *variable)
{
  if (variable != NULL) {
    atomic_fetch_add_explicit(&variable->reference_count, 1, memory_order_relaxed);
  }
  return variable;
}

void
svar_variable_unref(svar_variable_t *variable)
{
  // The order is that of svari_container_unref(), for the same reason.
  if (variable == NULL ||
      atomic_fetch_sub_explicit(&variable->reference_count, 1, memory_order_acq_rel) != 1) {
    return;
  }
  if (variable->default_update != NULL) {
    variable->default_update_unref(variable->default_update);
  }
  svari_container_t *container = variable->container;
  container->allocator.deallocate(variable, container->allocator.state);
  svari_container_unref(container);
}

const char *
svar_variable_name(const svar_variable_t *variable)
{
  return variable != NULL && variable->has_name ? variable->name : NULL;
}

svar_type_t
svar_variable_type(const svar_variable_t *variable)
{
  return variable != NULL ? variable->container->type : (svar_type_t){0};
}

svar_backing_t
svar_variable_backing(const svar_variable_t *variable)
{
  return variable != NULL ? variable->container->backing : SVAR_BACKING_CPU;
}

svar_store_t *
svar_variable_store(const svar_variable_t *variable)
{
  return variable != NULL ? variable->container->ops->store(variable->container) : NULL;
}

static const char *
printable_name(const svar_variable_t *variable)
{
  return variable->has_name ? variable->name : "";
}

static svar_ret_t
borrow_value(svar_variable_t *variable, svar_value_t *out_value)
{
  return variable->container->ops->borrow(variable->container, out_value);
}

static svar_ret_t
copy_value(svar_variable_t *variable, svar_value_t *out_value)
{
  const svar_allocator_t *allocator = &variable->container->allocator;
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(borrow_value(variable, &view));
  uint64_t bytes = svar_value_bytes(&view);
  void *data = allocator->allocate(bytes > 0 ? bytes : 1, VALUE_ALIGNMENT, allocator->state);
  if (data == NULL) {
    svar_value_release(&view);
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "no %llu bytes for a copy of variable '%s'; SVAR_BORROW reads without one",
                     (unsigned long long)bytes, printable_name(variable));
  }
  if (bytes > 0) { // an empty view may have no address
    memcpy(data, view.tensor.data, bytes);
  }
  svar_value_t copy = {.tensor = view.tensor, .version = view.version};
  memcpy(copy.shape, view.shape, sizeof(copy.shape));
  copy.internal.allocator = *allocator;
  svar_value_release(&view);
  *out_value = copy;
  out_value->tensor.data = data;
  out_value->tensor.shape = out_value->shape;
  return SVAR_OK;
}

svar_ret_t
svar_get_value(svar_variable_t *variable, svar_borrow_t borrow, svar_value_t *out_value)
{
  SVAR_REQUIRE(variable != NULL && out_value != NULL);
  return borrow == SVAR_BORROW ? borrow_value(variable, out_value)
                               : copy_value(variable, out_value);
}

static svar_ret_t
check_destination(const DLTensor *view, const DLTensor *destination)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  char other[SVAR_TYPE_TEXT_BYTES];
  if (!svar_dtype_equal(destination->dtype, view->dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "the value is of %s, the destination of %s",
                     svar_dtype_name(view->dtype), svar_dtype_name(destination->dtype));
  }
  bool same_shape = destination->ndim == view->ndim;
  for (int32_t axis = 0; axis < view->ndim && same_shape; axis++) {
    same_shape = destination->shape[axis] == view->shape[axis];
  }
  if (!same_shape) {
    return svar_fail(SVAR_ERR_TYPE, "the value's shape is %s, the destination's %s",
                     svar_shape_text(view->ndim, view->shape, text, sizeof(text)),
                     svar_shape_text(destination->ndim, destination->shape, other, sizeof(other)));
  }
  return SVAR_OK;
}

static svar_ret_t
copy_into(const svar_value_t *view, DLTensor *destination)
{
  // As an array to be read, the destination passes the checks of every array: rank, extents, strides.
  svar_source_t as_source = svar_array(destination);
  SVAR_TRY(svari_source_check(&as_source));
  SVAR_TRY(check_destination(&view->tensor, destination));
  uint64_t bytes = svar_value_bytes(view);
  if (bytes == 0) {
    return SVAR_OK;
  }
  unsigned char *data = (unsigned char *)destination->data + destination->byte_offset;
  svari_layout_t layout;
  svari_layout_of(destination, data, &layout);
  if (destination->device.device_type != kDLCPU || !svari_layout_is_compact(&layout)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the destination must be compact, row-major and in host memory");
  }
  memcpy(data, view->tensor.data, bytes);
  return SVAR_OK;
}

svar_ret_t
svar_get_value_into(svar_variable_t *variable, DLTensor *destination, uint64_t *out_version)
{
  SVAR_REQUIRE(variable != NULL && destination != NULL);
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(borrow_value(variable, &view));
  uint64_t version = view.version;
  svar_ret_t ret = copy_into(&view, destination);
  svar_value_release(&view);
  if (ret != SVAR_OK) {
    svar_fail_context("reading variable '%s'", printable_name(variable));
    return ret;
  }
  if (out_version != NULL) {
    *out_version = version;
  }
  return SVAR_OK;
}

svar_ret_t
svar_set_value(svar_variable_t *variable, svar_source_t source, svar_borrow_t borrow)
{
  SVAR_REQUIRE(variable != NULL && (borrow == SVAR_COPY || borrow == SVAR_BORROW));
  svari_container_t *container = variable->container;
  return container->ops->set(container, &source, borrow);
}
