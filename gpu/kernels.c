#include "gpu/kernels.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/kernels_text.h"
#include "variable/promotion.h"

// --- the kernels of a device ---------------------------------------------------------------------------

// One module for each kernel: a driver translates whole modules, and no process uses more than a few kernels.
typedef struct loaded_kernel {
  svari_cu_module_t module; // NULL: not asked for yet
  svari_cu_function_t function;
} loaded_kernel_t;

struct svari_kernel_cache {
  pthread_mutex_t lock;
  loaded_kernel_t kernels[]; // as svari_kernel_texts
};

svar_ret_t
svari_kernel_cache_create(const svar_allocator_t *allocator, svari_kernel_cache_t **out_cache)
{
  size_t bytes = sizeof(svari_kernel_cache_t) + svari_kernel_text_count * sizeof(loaded_kernel_t);
  svari_kernel_cache_t *cache =
      allocator->allocate(bytes, _Alignof(svari_kernel_cache_t), allocator->state);
  if (cache == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for the list of a GPU's kernels");
  }
  memset(cache, 0, bytes);
  pthread_mutex_init(&cache->lock, NULL);
  *out_cache = cache;
  return SVAR_OK;
}

void
svari_kernel_cache_destroy(svari_device_t *device)
{
  svari_kernel_cache_t *cache = device->kernels;
  if (cache == NULL) {
    return;
  }
  if (device->context != NULL && svari_device_try_enter(device)) {
    for (size_t i = 0; i < svari_kernel_text_count; ++i) {
      if (cache->kernels[i].module != NULL) {
        device->driver->calls.cuModuleUnload(cache->kernels[i].module);
      }
    }
    svari_device_leave(device);
  }
  pthread_mutex_destroy(&cache->lock);
  device->allocator.deallocate(cache, device->allocator.state);
  device->kernels = NULL;
}

static int
compare_names(const void *name, const void *text)
{
  return strcmp(name, ((const svari_kernel_text_t *)text)->name);
}

// In the device's context.
static svari_cu_result_t
load(const svari_driver_calls_t *calls, const svari_kernel_text_t *text, loaded_kernel_t *kernel)
{
  svari_cu_module_t module = NULL;
  svari_cu_result_t result = calls->cuModuleLoadData(&module, text->ptx);
  if (result != SVARI_CU_SUCCESS) {
    return result;
  }
  result = calls->cuModuleGetFunction(&kernel->function, module, text->name);
  if (result != SVARI_CU_SUCCESS) {
    calls->cuModuleUnload(module);
    return result;
  }
  kernel->module = module;
  return SVARI_CU_SUCCESS;
}

static svar_ret_t
find(const svari_device_t *device, const char *name, svari_cu_function_t *out_function)
{
  const svari_kernel_text_t *text = bsearch(name, svari_kernel_texts, svari_kernel_text_count,
                                            sizeof(svari_kernel_texts[0]), compare_names);
  if (text == NULL) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED, "there is no kernel %s", name);
  }
  svari_kernel_cache_t *cache = device->kernels;
  loaded_kernel_t *kernel = &cache->kernels[text - svari_kernel_texts];
  pthread_mutex_lock(&cache->lock);
  svari_cu_result_t result =
      kernel->module != NULL ? SVARI_CU_SUCCESS : load(&device->driver->calls, text, kernel);
  *out_function = kernel->function;
  pthread_mutex_unlock(&cache->lock);
  return svari_driver_result(device->driver, result,
                             "loading the kernel %s on GPU %d (%s), driver CUDA %d.%d", name,
                             device->ordinal, device->name, device->driver->version / 1000,
                             device->driver->version % 1000 / 10);
}

// --- starting one --------------------------------------------------------------------------------------

// Up to what keeps the device busy: a kernel's threads take turns.
static unsigned
block_count(const svari_device_t *device, uint64_t threads)
{
  enum { BLOCKS_PER_PROCESSOR = 32 };
  uint64_t most = (uint64_t)device->processor_count * BLOCKS_PER_PROCESSOR;
  uint64_t blocks = (threads + SVARI_KERNEL_THREADS - 1) / SVARI_KERNEL_THREADS;
  return (unsigned)(blocks < most ? blocks : most);
}

static svar_ret_t
launch_in_context(const svari_stream_t *stream, const char *name, uint64_t threads,
                  void **parameters)
{
  const svari_device_t *device = stream->device;
  svari_cu_function_t function = NULL;
  SVAR_TRY(find(device, name, &function));
  svari_cu_result_t result = device->driver->calls.cuLaunchKernel(
      function, block_count(device, threads), 1, 1, SVARI_KERNEL_THREADS, 1, 1, 0, stream->stream,
      parameters, NULL);
  return svari_driver_result(device->driver, result,
                             "starting the kernel %s with %llu threads on GPU %d (%s)", name,
                             (unsigned long long)threads, device->ordinal, device->name);
}

// Without threads nothing is started. The driver copies the parameters.
static svar_ret_t
launch(const svari_stream_t *stream, const char *name, uint64_t threads, void **parameters)
{
  if (threads == 0) {
    return SVAR_OK;
  }
  SVAR_TRY(svari_device_enter(stream->device));
  svar_ret_t ret = launch_in_context(stream, name, threads, parameters);
  svari_device_leave(stream->device);
  return ret;
}

// Enough threads for 16 bytes each. element_bytes: of the wider side.
static uint64_t
threads_for(uint64_t count, uint64_t element_bytes)
{
  return count == 0 ? 0 : count / (16 / element_bytes) + 1;
}

// --- each kernel ---------------------------------------------------------------------------------------

// As the names of kernels have it: "FLOAT32".
static const char *
kernel_dtype(svar_dtype_t dtype)
{
#define NAME(symbol, name, dl_code, dl_bits) &#symbol[sizeof("SVAR_") - 1],
  static const char *const names[] = {SVAR_DTYPE_LIST(NAME)};
#undef NAME
  return names[svari_dtype_index(dtype)];
}

enum { KERNEL_NAME_BYTES = 64 };

svar_ret_t
svari_kernels_convert(const svari_stream_t *stream, svar_dtype_t from, svari_cu_address_t in,
                      svar_dtype_t to, svari_cu_address_t out, uint64_t count)
{
  if (!svari_dtype_is_convertible(from) || !svari_dtype_is_convertible(to)) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "%s is not converted to %s: one of them is only stored", svar_dtype_name(from),
                     svar_dtype_name(to));
  }
  char name[KERNEL_NAME_BYTES];
  snprintf(name, sizeof(name), "svari_convert_%s_%s", kernel_dtype(from), kernel_dtype(to));
  size_t wider =
      svar_dtype_bytes(from) > svar_dtype_bytes(to) ? svar_dtype_bytes(from) : svar_dtype_bytes(to);
  return launch(stream, name, threads_for(count, wider), (void *[]){&out, &in, &count});
}

svar_ret_t
svari_kernels_add_scaled(const svari_stream_t *stream, svar_dtype_t dtype, double a,
                         svari_cu_address_t x, svari_cu_address_t y, uint64_t count)
{
  if (dtype.code != kDLFloat && dtype.code != kDLBfloat) {
    return svar_fail(SVAR_ERR_NOT_IMPLEMENTED,
                     "y += a * x is for float16, bfloat16, float32 and float64, not for %s",
                     svar_dtype_name(dtype));
  }
  char name[KERNEL_NAME_BYTES];
  snprintf(name, sizeof(name), "svari_add_scaled_%s", kernel_dtype(dtype));
  float narrow = (float)a;
  void *scale = dtype.bits == 64 ? (void *)&a : (void *)&narrow;
  return launch(stream, name, threads_for(count, svar_dtype_bytes(dtype)),
                (void *[]){&y, &x, scale, &count});
}

svar_ret_t
svari_kernels_pack(const svari_stream_t *stream, uint64_t element_bytes,
                   const svari_kernel_view_t *view, svari_cu_address_t in, svari_cu_address_t out)
{
  uint64_t count = 1;
  for (int32_t i = 0; i < view->ndim; ++i) {
    count *= (uint64_t)view->shape[i];
  }
  char name[KERNEL_NAME_BYTES];
  snprintf(name, sizeof(name), "svari_pack_%llu", (unsigned long long)element_bytes);
  return launch(stream, name, threads_for(count, element_bytes),
                (void *[]){&out, &in, (void *)view, &count});
}

svar_ret_t
svari_kernels_dense(const svari_stream_t *stream, const svari_kernel_dense_t *layer,
                    svari_cu_address_t in, svari_cu_address_t out)
{
  svari_kernel_dense_t l = *layer;
  return launch(stream, "svari_dense", l.rows * SVARI_KERNEL_LANES,
                (void *[]){&out, &l.weight, &l.bias, &in, &l.rows, &l.columns, &l.activation});
}

svar_ret_t
svari_kernels_lstm(const svari_stream_t *stream, const svari_kernel_lstm_t *layer,
                   svari_cu_address_t in, svari_kernel_lstm_state_t from,
                   svari_kernel_lstm_state_t to)
{
  svari_kernel_lstm_t l = *layer;
  return launch(stream, "svari_lstm", l.units * SVARI_KERNEL_LANES,
                (void *[]){&to.hidden, &to.cell, &l.weight_in, &l.weight_hidden, &l.bias_in,
                           &l.bias_hidden, &in, &from.hidden, &from.cell, &l.inputs, &l.units});
}
