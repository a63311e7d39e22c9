#include "backing.h"

#include <string.h>

#include "shared_variable/gpu.h"

static svar_ret_t
check_gpu(int64_t gpu)
{
  int32_t count = 0;
  svar_ret_t ret = svar_gpu_count(&count);
  if (ret == SVAR_OK && gpu >= count) {
    ret = svar_fail(SVAR_ERR_CONTEXT,
                    "this process sees %d, numbered from 0: set the parameter 'gpu'", count);
  }
  if (ret != SVAR_OK) {
    svar_fail_context("backing:=gpu asks for GPU %lld (backing:=ipc, in the publisher and in those "
                      "who read it, asks for none)",
                      (long long)gpu);
  }
  return ret;
}

svar_ret_t
svari_backing_read(const svar_component_host_t *host, DLDevice *out_device)
{
  svar_parameter_value_t backing, gpu;
  SVAR_TRY(host->parameter(host, "backing", &backing));
  SVAR_TRY(host->parameter(host, "gpu", &gpu));
  if (strcmp(backing.as.string, "ipc") == 0) {
    *out_device = (DLDevice){kDLCPU, 0};
    return SVAR_OK;
  }
  if (strcmp(backing.as.string, "gpu") != 0) {
    return svar_fail(SVAR_ERR_VALUE,
                     "the parameter 'backing' is '%s': give 'ipc' (shared memory) or 'gpu'",
                     backing.as.string);
  }
  SVAR_TRY(check_gpu(gpu.as.integer));
  *out_device = (DLDevice){kDLCUDA, (int32_t)gpu.as.integer};
  return SVAR_OK;
}
