// The constructor of variables on a GPU, the last of those that svar_shared() knows from the start and so the first
// that it tries; and the default GPU. It is there on every machine, and declines without asking for a
// driver unless a GPU was asked for: loading one takes long, and most programs want none.
#include "shared_variable/gpu.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "gpu/device.h"
#include "variable/constructors.h"
#include "variable/container.h"

enum { NO_GPU = -1 };

static _Atomic int32_t default_gpu = NO_GPU;

svar_ret_t
svar_gpu_count(int32_t *out_count)
{
  SVAR_REQUIRE(out_count != NULL);
  const svari_driver_t *driver;
  SVAR_TRY(svari_driver_get(&driver));
  *out_count = driver->device_count;
  return SVAR_OK;
}

svar_ret_t
svar_variable_gpu_name(const svar_variable_t *variable, char out_name[SVAR_GPU_NAME_BYTES])
{
  static_assert((int)SVAR_GPU_NAME_BYTES == (int)SVARI_UUID_TEXT_BYTES, "its name fits");
  SVAR_REQUIRE(variable != NULL && out_name != NULL);
  const svari_container_t *container = variable->container;
  svari_cu_uuid_t uuid;
  if (container->ops->far == NULL) {
    return svar_fail(SVAR_ERR_TYPE, "the variable is on no GPU: its values lie in host memory");
  }
  memcpy(&uuid, container->ops->far->uuid(container), sizeof(uuid));
  (void)svari_uuid_text(&uuid, out_name);
  return SVAR_OK;
}

int32_t
svar_gpu_default(void)
{
  return atomic_load(&default_gpu);
}

svar_ret_t
svar_gpu_default_set(int32_t gpu)
{
  if (gpu != NO_GPU) {
    const svari_driver_t *driver;
    SVAR_TRY(svari_driver_get(&driver));
    SVAR_TRY(svari_driver_check_number(driver, gpu));
  }
  atomic_store(&default_gpu, gpu);
  return SVAR_OK;
}

// Theano's conditions for a value that nobody asked to be on a GPU, and one more: its store can have it there.
static svar_ret_t
check_default(const svar_source_t *source, const svar_shared_options_t *options)
{
  svar_dtype_t dtype = source->tensor.dtype;
  if (options->store != NULL && svar_store_backing(options->store) != SVAR_BACKING_CPU) {
    return svar_fail(SVAR_ERR_TYPE, "the default GPU is for variables that no other process reads");
  }
  if (source->kind != SVAR_SOURCE_ARRAY || source->tensor.ndim == 0 || dtype.code == kDLComplex) {
    return svar_fail(SVAR_ERR_TYPE, "unless options.target is SVAR_TARGET_GPU, it takes arrays of "
                                    "rank 1 or more of real numbers");
  }
  return SVAR_OK;
}

// The GPU that the variable goes to. SVAR_ERR_TYPE: to none.
static svar_ret_t
choose(const svar_source_t *source, const svar_shared_options_t *options, int32_t *out_gpu)
{
  int32_t gpu = svar_gpu_default();
  if (options->target == SVAR_TARGET_GPU) {
    *out_gpu = options->gpu != NO_GPU ? options->gpu : gpu != NO_GPU ? gpu : 0;
    return SVAR_OK;
  }
  if (options->target == SVAR_TARGET_HOST) {
    return svar_fail(SVAR_ERR_TYPE, "host memory is asked for");
  }
  if (gpu == NO_GPU) {
    return svar_fail(SVAR_ERR_TYPE, "there is no default GPU, and options.target names none");
  }
  *out_gpu = gpu;
  return check_default(source, options);
}

static svar_ret_t
construct(const svar_source_t *source, const svar_shared_options_t *options, void *context,
          svar_variable_t **out_variable)
{
  (void)context;
  svar_shared_options_t chosen = *options;
  SVAR_TRY(choose(source, options, &chosen.gpu));
  chosen.target = SVAR_TARGET_GPU;
  return svari_construct_array(source, &chosen, out_variable);
}

static __attribute__((constructor)) void
offer_constructor(void)
{
  svar_ret_t ret = svar_constructor_register("gpu tensor", construct, NULL);
  assert(ret == SVAR_OK); // the table is as good as empty
  (void)ret;
}
