// What the kernels compute, beside the CPU.
#include <stdio.h>

#include "gpu/kernels_text.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

static void
report_finding(check_text_t text, const char *what, const char *of)
{
  bool is_right = text[0] == '\0';
  report_check(is_right, what, "%s%s%s", of, is_right ? "" : ": ", text);
}

static void
check_all(const check_bench_t *bench)
{
  svar_dtype_t dtypes[CHECK_DTYPES_MAX];
  size_t count = check_dtypes(dtypes);
  for (size_t from = 0; from < count; ++from) {
    check_text_t text = "";
    for (size_t to = 0; to < count && text[0] == '\0'; ++to) {
      text = check_convert(bench, dtypes[from], dtypes[to]);
    }
    report_finding(text, "conversions as the CPU's, from", svar_dtype_name(dtypes[from]));
  }
  const svar_dtype_t floats[] = {SVAR_FLOAT16, SVAR_BFLOAT16, SVAR_FLOAT32, SVAR_FLOAT64};
  for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); ++i) {
    report_finding(check_add_scaled(bench, floats[i]), "y += a * x as the CPU's, of",
                   svar_dtype_name(floats[i]));
  }
  for (uint64_t bytes = 1; bytes <= 16; bytes *= 2) {
    char size[8];
    snprintf(size, sizeof(size), "%u", (unsigned)bytes);
    report_finding(check_pack(bench, bytes), "packing as the CPU's, bytes of an element", size);
  }
  report_finding(check_dense(bench), "layers of networks as the CPU's", "dense");
  report_finding(check_lstm(bench), "layers of networks as the CPU's", "LSTM");
}

// Each kernel is a module of its own, which the driver translates.
static void
load_all(const svari_device_t *device)
{
  const svari_driver_calls_t *calls = &device->driver->calls;
  size_t taken = 0;
  double start = report_now_us();
  if (!report_call(svari_device_enter(device), "entering the context")) {
    return;
  }
  for (size_t i = 0; i < svari_kernel_text_count; ++i) {
    svari_cu_module_t module = NULL;
    svari_cu_function_t function = NULL;
    svari_cu_result_t result = calls->cuModuleLoadData(&module, svari_kernel_texts[i].ptx);
    if (result == SVARI_CU_SUCCESS) {
      result = calls->cuModuleGetFunction(&function, module, svari_kernel_texts[i].name);
      calls->cuModuleUnload(module);
    }
    if (result == SVARI_CU_SUCCESS) {
      ++taken;
    } else {
      report_check(false, "the driver takes the kernel", "%s: %s", svari_kernel_texts[i].name,
                   svari_driver_result_name(device->driver, result));
    }
  }
  svari_device_leave(device);
  report_check(taken == svari_kernel_text_count, "kernels that the driver takes",
               "%zu of %zu, %.0f ms", taken, svari_kernel_text_count,
               (report_now_us() - start) / 1e3);
}

void
probe_kernels(svari_device_t *device)
{
  check_bench_t bench = {0};
  if (report_call(svari_stream_init(&bench.stream, device), "making a stream") &&
      report_call(svari_memory_create(device, 2, CHECK_SLOT_BYTES, &bench.memory),
                  "making memory")) {
    double start = report_now_us();
    check_text_t text = check_convert(&bench, SVAR_INT8, SVAR_FLOAT64);
    report_fact("loading a kernel, and its first use", "%.1f ms %s",
                (report_now_us() - start) / 1e3, text);
    load_all(device);
    check_all(&bench);
  }
  svari_stream_fini(&bench.stream);
  svari_memory_destroy(bench.memory);
}
