// Modules of the stand-in driver: the text must be PTX that has the kernel, whose source then runs as C++.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fakes/driver/fake_driver.h"

struct CUmod_st {
  char *text;
};

svari_cu_result_t
cuModuleLoadData(svari_cu_module_t *out_module, const void *image)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  if (strncmp(image, ".version 8.0\n", 13) != 0) {
    return SVARI_CU_UNSUPPORTED_PTX_VERSION;
  }
  svari_cu_module_t module = malloc(sizeof(*module));
  char *text = strdup(image);
  if (module == NULL || text == NULL) {
    free(module);
    free(text);
    return SVARI_CU_OUT_OF_MEMORY;
  }
  module->text = text;
  fake_count(1);
  *out_module = module;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuModuleUnload(svari_cu_module_t module)
{
  FAKE_TRY(fake_enter(__func__));
  free(module->text);
  free(module);
  fake_count(-1);
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuModuleGetFunction(svari_cu_function_t *out_function, svari_cu_module_t module, const char *name)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  char entry[128];
  snprintf(entry, sizeof(entry), ".entry %s(", name);
  const fake_kernel_t *kernel = strstr(module->text, entry) != NULL ? fake_kernel_find(name) : NULL;
  if (kernel == NULL) {
    return SVARI_CU_NOT_FOUND;
  }
  *out_function = (svari_cu_function_t)(uintptr_t)kernel;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuLaunchKernel(svari_cu_function_t function, unsigned blocks, unsigned blocks_y, unsigned blocks_z,
               unsigned threads, unsigned threads_y, unsigned threads_z, unsigned shared_bytes,
               svari_cu_stream_t stream, void **parameters, void **extra)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  bool is_line = blocks_y == 1 && blocks_z == 1 && threads_y == 1 && threads_z == 1;
  if (!is_line || blocks == 0 || threads == 0 || threads > 1024 || shared_bytes != 0 ||
      extra != NULL) {
    return SVARI_CU_INVALID_VALUE;
  }
  const fake_kernel_t *kernel = (const fake_kernel_t *)(uintptr_t)function;
  void *copy = kernel->copy(parameters);
  return copy != NULL ? fake_stream_launch(stream, kernel, copy, blocks, threads)
                      : SVARI_CU_OUT_OF_MEMORY;
}
