#include "variable/constructors.h"

#include "variable/container.h"
#include "variable/source.h"

svar_ret_t
svari_construct(svar_type_t type, const svar_source_t *source, const svar_shared_options_t *options,
                svar_variable_t **out_variable)
{
  if (!svar_dtype_is_known(type.dtype)) {
    return svar_fail(SVAR_ERR_TYPE, "no dtype has code %d, %d bits and %d lanes", type.dtype.code,
                     type.dtype.bits, type.dtype.lanes);
  }
  svari_container_spec_t spec = {type, source, options};
  svari_container_t *container = NULL;
  SVAR_TRY(svari_container_create(&spec, &container));
  svar_ret_t ret = svari_variable_create(options->name, container, out_variable);
  if (ret != SVAR_OK) {
    svari_container_unref(container);
  }
  return ret;
}

svar_ret_t
svari_options_refuse_broadcastable(const svar_shared_options_t *options)
{
  return options->broadcastable == NULL
             ? SVAR_OK
             : svar_fail(SVAR_ERR_TYPE, "it does not take the option broadcastable");
}

svar_ret_t
svari_options_refuse_sparse_format(const svar_shared_options_t *options)
{
  return options->sparse_format == SVAR_SPARSE_NONE
             ? SVAR_OK
             : svar_fail(SVAR_ERR_TYPE, "it does not take the option sparse_format");
}

svar_ret_t
svari_options_refuse_gpu(const svar_shared_options_t *options)
{
  return options->target != SVAR_TARGET_GPU
             ? SVAR_OK
             : svar_fail(SVAR_ERR_TYPE, "its variables are in host memory, and a GPU is asked for");
}

static svar_ret_t
read_broadcastable(const svar_shared_options_t *options, svar_type_t *type)
{
  if (options->broadcastable == NULL) {
    return SVAR_OK;
  }
  if (options->broadcastable_count != type->ndim) {
    return svar_fail(SVAR_ERR_TYPE, "%d broadcastable flags for an array of rank %d",
                     options->broadcastable_count, type->ndim);
  }
  for (int32_t axis = 0; axis < type->ndim; axis++) {
    type->broadcastable |= (uint32_t)options->broadcastable[axis] << axis;
  }
  return SVAR_OK;
}

svar_ret_t
svari_construct_array(const svar_source_t *source, const svar_shared_options_t *options,
                      svar_variable_t **out_variable)
{
  if (source->kind != SVAR_SOURCE_ARRAY) {
    char text[SVARI_SOURCE_TEXT_BYTES];
    return svar_fail(SVAR_ERR_TYPE, "it takes typed arrays (svar_array), not %s",
                     svari_source_text(source, text, sizeof(text)));
  }
  svar_type_t type = svar_tensor_type(source->tensor.dtype, source->tensor.ndim, 0);
  SVAR_TRY(svari_options_refuse_sparse_format(options));
  SVAR_TRY(read_broadcastable(options, &type));
  return svari_construct(type, source, options, out_variable);
}

svar_ret_t
svari_construct_tensor(const svar_source_t *source, const svar_shared_options_t *options,
                       void *context, svar_variable_t **out_variable)
{
  (void)context;
  SVAR_TRY(svari_options_refuse_gpu(options));
  return svari_construct_array(source, options, out_variable);
}

svar_ret_t
svari_construct_scalar(const svar_source_t *source, const svar_shared_options_t *options,
                       void *context, svar_variable_t **out_variable)
{
  (void)context;
  if ((source->kind != SVAR_SOURCE_SCALAR && source->kind != SVAR_SOURCE_LITERAL) ||
      source->tensor.ndim != 0) {
    return svar_fail(SVAR_ERR_TYPE, "it takes single numbers");
  }
  SVAR_TRY(svari_options_refuse_gpu(options));
  SVAR_TRY(svari_options_refuse_broadcastable(options));
  SVAR_TRY(svari_options_refuse_sparse_format(options));
  // As an array of rank 0, so that a strict variable accepts the number it is made from.
  DLTensor tensor = svar_tensor(source->tensor.dtype, (void *)svari_source_data(source), 0, NULL);
  svar_source_t number = svar_array(&tensor);
  svar_type_t type = svar_tensor_type(source->tensor.dtype, 0, 0);
  return svari_construct(type, &number, options, out_variable);
}
