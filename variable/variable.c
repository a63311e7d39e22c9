#include "shared_variable/variable.h"

#include <string.h>

#include "variable/container.h"
#include "variable/layout.h"
#include "variable/source.h"
#include "variable/text.h"

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

svar_ret_t
svar_get_value(svar_variable_t *variable, svar_borrow_t borrow, svar_value_t *out_value)
{
  SVAR_REQUIRE(variable != NULL && out_value != NULL);
  svari_container_t *container = variable->container;
  return borrow == SVAR_BORROW ? container->ops->borrow(container, out_value)
                               : container->ops->copy(container, out_value);
}

svar_ret_t
svar_get_device_view(svar_variable_t *variable, svar_value_t *out_view)
{
  SVAR_REQUIRE(variable != NULL && out_view != NULL);
  svari_container_t *container = variable->container;
  if (container->ops->far == NULL) {
    return svar_fail(SVAR_ERR_TYPE,
                     "variable %s is on no GPU: svar_get_value() with SVAR_BORROW views it",
                     svari_name_text(svar_variable_name(variable)).text);
  }
  return container->ops->far->view(container, out_view);
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
copy_into(svari_container_t *container, const svar_value_t *view, DLTensor *destination)
{
  // As an array to be read, the destination passes the checks of every array: rank, extents, strides.
  svar_source_t as_source = svar_array(destination);
  SVAR_TRY(svari_source_check(&as_source));
  SVAR_TRY(check_destination(&view->tensor, destination));
  if (svar_value_bytes(view) == 0) {
    return SVAR_OK;
  }
  unsigned char *data = (unsigned char *)destination->data + destination->byte_offset;
  svari_layout_t layout;
  svari_layout_of(destination, data, &layout);
  if (destination->device.device_type != kDLCPU || !svari_layout_is_compact(&layout)) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the destination must be compact, row-major and in host memory");
  }
  return svari_container_read(container, view, data);
}

svar_ret_t
svar_get_value_into(svar_variable_t *variable, DLTensor *destination, uint64_t *out_version)
{
  SVAR_REQUIRE(variable != NULL && destination != NULL);
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svari_container_view(variable->container, &view));
  uint64_t version = view.version;
  svar_ret_t ret = copy_into(variable->container, &view, destination);
  svar_value_release(&view);
  if (ret != SVAR_OK) {
    svar_fail_context("reading variable %s", svari_name_text(svar_variable_name(variable)).text);
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
