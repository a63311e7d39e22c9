// Variables of a store on the device, through the public calls: how fast their values move beside the ceilings that were
// found before, and what a read costs.
#include <string.h>

#include "gpu/stream.h"
#include "shared_variable/shared_variable.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

enum { ROUNDS = 8, READ_ROUNDS = 100000, RELEASE_ROUNDS = 200 };

// Shares of a ceiling mean something from here on.
static const uint64_t LARGE_BYTES = UINT64_C(64) << 20;

typedef struct bench {
  svar_store_t *store;
  svar_variable_t *host, *gpu, *other_gpu;
  uint64_t size_bytes;
} bench_t;

// --- values that move ------------------------------------------------------------------------------------

static svar_ret_t
set_from_view(svar_variable_t *to, svar_value_t *view)
{
  svar_ret_t ret = svar_set_value(to, svar_array(&view->tensor), SVAR_COPY);
  svar_value_release(view);
  return ret;
}

static svar_ret_t
in(const bench_t *bench)
{
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svar_get_value(bench->host, SVAR_BORROW, &view));
  return set_from_view(bench->gpu, &view);
}

static svar_ret_t
within(const bench_t *bench)
{
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svar_get_device_view(bench->gpu, &view));
  return set_from_view(bench->other_gpu, &view);
}

static svar_ret_t
fill_loan(const bench_t *bench, svar_transaction_t *change)
{
  svar_value_t hole = SVAR_VALUE_INIT;
  SVAR_TRY(svar_transaction_loan(change, bench->host, NULL, false, &hole));
  return svar_get_value_into(bench->gpu, &hole.tensor, NULL);
}

static svar_ret_t
out(const bench_t *bench)
{
  svar_transaction_t *change = NULL;
  SVAR_TRY(svar_transaction_begin(bench->store, &change));
  svar_ret_t ret = fill_loan(bench, change);
  if (ret != SVAR_OK) {
    svar_transaction_abort(change);
    return ret;
  }
  return svar_transaction_commit(change, NULL);
}

// The best round: the first ones make the buffers known, of which two take turns.
static void
compare(const char *what, svar_ret_t (*move)(const bench_t *bench), const bench_t *bench,
        double bytes_moved, double ceiling)
{
  double best_us = 0;
  for (int i = 0; i < ROUNDS; ++i) {
    double start = report_now_us();
    if (!report_call(move(bench), what)) {
      return;
    }
    double took = report_now_us() - start;
    best_us = i == 0 || took < best_us ? took : best_us;
  }
  double speed = bytes_moved / best_us / 1e3;
  if (bench->size_bytes < LARGE_BYTES) {
    report_fact(what, "%.1f GB/s", speed);
  } else {
    report_check(speed >= 0.9 * ceiling, what, "%.1f GB/s, %.0f %% of %.1f (at least 90)", speed,
                 100 * speed / ceiling, ceiling);
  }
}

static void
probe_moves(const bench_t *bench, const probe_ceilings_t *ceilings)
{
  double size = (double)bench->size_bytes;
  compare("from a host variable to one on the GPU", in, bench, size, ceilings->in);
  compare("and back, into a loan", out, bench, size, ceilings->out);
  compare("between variables on the GPU, read and written", within, bench, 2 * size,
          ceilings->within);
  svar_store_info_t info;
  if (report_call(svar_store_info(bench->store, &info), "asking the store")) {
    report_check(info.refused_bytes == 0, "host memory that the driver knows of the store",
                 "%llu MiB, and refused %llu", (unsigned long long)info.registered_bytes >> 20,
                 (unsigned long long)info.refused_bytes >> 20);
  }
}

// --- reads -----------------------------------------------------------------------------------------------

// 0 on failure.
static double
read_ns(svar_variable_t *variable,
        svar_ret_t (*get)(svar_variable_t *variable, svar_value_t *out_view))
{
  svar_value_t view = SVAR_VALUE_INIT;
  double start = report_now_us();
  for (int i = 0; i < READ_ROUNDS; ++i) {
    if (get(variable, &view) != SVAR_OK) {
      return 0;
    }
    svar_value_release(&view);
  }
  return (report_now_us() - start) * 1e3 / READ_ROUNDS;
}

static svar_ret_t
borrow(svar_variable_t *variable, svar_value_t *out_view)
{
  return svar_get_value(variable, SVAR_BORROW, out_view);
}

static bool
add_pins(const svar_store_reader_t *reader, void *sum)
{
  *(uint32_t *)sum += reader->pin_count;
  return true;
}

// Behind an idle stream: what the call takes, and how long until the driver's thread has done it.
static svar_ret_t
release_once(const bench_t *bench, const svari_stream_t *stream, double *call_us, double *until_us)
{
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svar_get_device_view(bench->gpu, &view));
  double start = report_now_us();
  SVAR_TRY(svar_value_release_after(&view, stream->stream));
  *call_us += report_now_us() - start;
  uint32_t pins = 1;
  while (pins > 0) {
    pins = 0;
    SVAR_TRY(svar_store_readers(bench->store, add_pins, &pins));
  }
  *until_us += report_now_us() - start;
  return SVAR_OK;
}

static void
probe_releases(const bench_t *bench, const svari_stream_t *stream)
{
  double call_us = 0, until_us = 0;
  for (int i = 0; i < RELEASE_ROUNDS; ++i) {
    if (!report_call(release_once(bench, stream, &call_us, &until_us),
                     "a release in a stream's order")) {
      return;
    }
  }
  report_fact("a release in a stream's order", "%.1f us, done after %.1f us",
              call_us / RELEASE_ROUNDS, until_us / RELEASE_ROUNDS);
}

static void
probe_reads(const bench_t *bench)
{
  double host = read_ns(bench->host, borrow);
  double gpu = read_ns(bench->gpu, svar_get_device_view);
  report_check(gpu > 0 && gpu <= 2 * host, "borrowing, and releasing: on the host, on the GPU",
               "%.1f and %.1f ns (at most twice as long)", host, gpu);
}

// --- life ------------------------------------------------------------------------------------------------

static svar_ret_t
make(bench_t *bench, const char *name, svar_target_t target, svar_source_t source,
     svar_variable_t **out_variable)
{
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  options.store = bench->store;
  options.name = name;
  options.target = target;
  options.gpu = 0;
  return svar_shared(source, &options, out_variable);
}

static svar_ret_t
fill_host(const bench_t *bench)
{
  svar_transaction_t *change = NULL;
  svar_value_t hole = SVAR_VALUE_INIT;
  const int64_t shape = (int64_t)bench->size_bytes;
  SVAR_TRY(svar_transaction_begin(bench->store, &change));
  svar_ret_t ret = svar_transaction_loan(change, bench->host, &shape, false, &hole);
  if (ret != SVAR_OK) {
    svar_transaction_abort(change);
    return ret;
  }
  memset(hole.tensor.data, 1, bench->size_bytes);
  return svar_transaction_commit(change, NULL);
}

static svar_ret_t
set_up(bench_t *bench)
{
  uint8_t byte = 0;
  const int64_t shape = 1;
  DLTensor first = svar_tensor(SVAR_UINT8, &byte, 1, &shape);
  SVAR_TRY(svar_store_create_private("/probe", NULL, &bench->store));
  SVAR_TRY(make(bench, "host", SVAR_TARGET_HOST, svar_array(&first), &bench->host));
  SVAR_TRY(make(bench, "gpu", SVAR_TARGET_GPU, svar_array(&first), &bench->gpu));
  SVAR_TRY(make(bench, "other", SVAR_TARGET_GPU, svar_array(&first), &bench->other_gpu));
  return fill_host(bench);
}

void
probe_variables(svari_device_t *device, uint64_t size_bytes, const probe_ceilings_t *ceilings)
{
  bench_t bench = {.size_bytes = size_bytes};
  svari_stream_t stream = {0};
  if (report_call(svari_stream_init(&stream, device), "making a stream") &&
      report_call(set_up(&bench), "making variables")) {
    probe_moves(&bench, ceilings);
    probe_reads(&bench);
    probe_releases(&bench, &stream);
  }
  svar_variable_unref(bench.host);
  svar_variable_unref(bench.gpu);
  svar_variable_unref(bench.other_gpu);
  svar_store_close(bench.store);
  svari_stream_fini(&stream);
}
