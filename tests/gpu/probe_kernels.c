// What the kernels compute, beside the CPU.
#include <stdio.h>

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
    check_all(&bench);
  }
  svari_stream_fini(&bench.stream);
  svari_memory_destroy(bench.memory);
}
