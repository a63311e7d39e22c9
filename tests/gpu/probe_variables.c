// Variables of a store on the device, through the public calls: how fast their values move beside the ceilings that were
// found before, and what a read costs.
#include <stdlib.h>
#include <string.h>

#include "gpu/stream.h"
#include "shared_variable/shared_variable.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

enum { ROUNDS = 8, READ_ROUNDS = 100000, RELEASE_ROUNDS = 200 };
enum { MOVE_PERCENT = 90, CONVERSION_PERCENT = 80 };

typedef struct bench {
  svar_store_t *store;
  svar_variable_t *host, *gpu, *other_gpu;
  svar_variable_t *halves,
      *singles;   // float16 and float32 on the GPU, half as many bytes and as many
  uint8_t *array; // of the caller's, in ordinary memory
  uint64_t size_bytes;
} bench_t;

// Of the host variable.
static uint8_t
byte_at(uint64_t i)
{
  return (uint8_t)(i * 131 + i / 251);
}

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

static svar_ret_t
in_from_array(const bench_t *bench)
{
  const int64_t shape = (int64_t)bench->size_bytes;
  DLTensor tensor = svar_tensor(SVAR_UINT8, bench->array, 1, &shape);
  return svar_set_value(bench->gpu, svar_array(&tensor), SVAR_COPY);
}

static svar_ret_t
out_to_array(const bench_t *bench)
{
  const int64_t shape = (int64_t)bench->size_bytes;
  DLTensor tensor = svar_tensor(SVAR_UINT8, bench->array, 1, &shape);
  return svar_get_value_into(bench->gpu, &tensor, NULL);
}

static svar_ret_t
converted(const bench_t *bench)
{
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svar_get_device_view(bench->halves, &view));
  return set_from_view(bench->singles, &view);
}

// GB/s of the best round: the first ones make the buffers known, of which two take turns. 0 on failure.
static double
speed(const char *what, svar_ret_t (*move)(const bench_t *bench), const bench_t *bench,
      double bytes_moved)
{
  double best_us = 0;
  for (int i = 0; i < ROUNDS; ++i) {
    double start = report_now_us();
    if (!report_call(move(bench), what)) {
      return 0;
    }
    double took = report_now_us() - start;
    best_us = i == 0 || took < best_us ? took : best_us;
  }
  return bytes_moved / best_us / 1e3;
}

static void
compare(const char *what, svar_ret_t (*move)(const bench_t *bench), const bench_t *bench,
        double bytes_moved, double ceiling)
{
  report_share(what, speed(what, move, bench, bytes_moved), ceiling, MOVE_PERCENT);
}

static void
probe_moves(const bench_t *bench, const probe_ceilings_t *ceilings)
{
  double size = (double)bench->size_bytes;
  compare("from a host variable to one on the GPU", in, bench, size, ceilings->in);
  compare("and back, into a loan", out, bench, size, ceilings->out);
  compare("between variables on the GPU, read and written", within, bench, 2 * size,
          ceilings->within);
  report_share("the same, from float16 to float32",
               speed("converting", converted, bench, 1.5 * size), ceilings->within,
               CONVERSION_PERCENT);
  report_fact("from an array of the caller's, and into one", "%.1f and %.1f GB/s",
              speed("from an array", in_from_array, bench, size),
              speed("into an array", out_to_array, bench, size));
  svar_store_info_t info;
  if (report_call(svar_store_info(bench->store, &info), "asking the store")) {
    report_check(info.refused_bytes == 0, "host memory that the driver knows of the store",
                 "%llu MiB, and refused %llu", (unsigned long long)info.registered_bytes >> 20,
                 (unsigned long long)info.refused_bytes >> 20);
  }
}

// What came from the host last is what goes back there.
static void
probe_round_trip(const bench_t *bench)
{
  memset(bench->array, 0, bench->size_bytes);
  if (report_call(in(bench), "from a host variable") &&
      report_call(within(bench), "between variables on the GPU") &&
      report_call(out(bench), "into a loan") && report_call(out_to_array(bench), "into an array")) {
    bool is_same = true;
    for (uint64_t i = 0; i < bench->size_bytes && is_same; ++i) {
      is_same = bench->array[i] == byte_at(i);
    }
    report_check(is_same, "values that went around are what they were", "%llu MiB",
                 (unsigned long long)bench->size_bytes >> 20);
  }
}

// --- reads -----------------------------------------------------------------------------------------------

static unsigned long calls_made;

static svari_cu_result_t
count_call(void)
{
  ++calls_made;
  return SVARI_CU_SUCCESS;
}

// From here on each call of the driver does nothing but count itself.
static void
watch_calls(svari_driver_calls_t *calls)
{
#define WATCH(name, version, parameters)                                                           \
  calls->name = (__typeof__(calls->name))(void (*)(void))count_call;
  SVARI_DRIVER_CALLS(WATCH)
#undef WATCH
}

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
probe_reads(const bench_t *bench, const svari_device_t *device)
{
  svari_driver_calls_t *calls = (svari_driver_calls_t *)(uintptr_t)&device->driver->calls;
  const svari_driver_calls_t driver = *calls;
  double host = read_ns(bench->host, borrow);
  watch_calls(calls);
  double gpu = read_ns(bench->gpu, svar_get_device_view);
  *calls = driver;
  report_check(gpu > 0 && calls_made == 0, "calls of the driver in reads on the GPU",
               "%lu in %d reads", calls_made, READ_ROUNDS);
  report_speed(gpu > 0 && gpu <= 2 * host, "borrowing, and releasing: on the host, on the GPU",
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
  for (uint64_t i = 0; i < bench->size_bytes; ++i) {
    ((uint8_t *)hole.tensor.data)[i] = byte_at(i);
  }
  return svar_transaction_commit(change, NULL);
}

static svar_ret_t
make_floats(bench_t *bench)
{
  const int64_t shape = (int64_t)bench->size_bytes / 4;
  memset(bench->array, 0, bench->size_bytes);
  DLTensor halves = svar_tensor(SVAR_FLOAT16, bench->array, 1, &shape);
  DLTensor singles = svar_tensor(SVAR_FLOAT32, bench->array, 1, &shape);
  SVAR_TRY(make(bench, "halves", SVAR_TARGET_GPU, svar_array(&halves), &bench->halves));
  return make(bench, "singles", SVAR_TARGET_GPU, svar_array(&singles), &bench->singles);
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
  SVAR_TRY(make_floats(bench));
  return fill_host(bench);
}

void
probe_variables(svari_device_t *device, uint64_t size_bytes, const probe_ceilings_t *ceilings)
{
  bench_t bench = {.size_bytes = size_bytes, .array = malloc(size_bytes)};
  svari_stream_t stream = {0};
  if (report_call(svari_stream_init(&stream, device), "making a stream") &&
      report_call(set_up(&bench), "making variables")) {
    probe_moves(&bench, ceilings);
    probe_round_trip(&bench);
    probe_reads(&bench, device);
    probe_releases(&bench, &stream);
  }
  svar_variable_unref(bench.host);
  svar_variable_unref(bench.gpu);
  svar_variable_unref(bench.other_gpu);
  svar_variable_unref(bench.halves);
  svar_variable_unref(bench.singles);
  svar_store_close(bench.store);
  svari_stream_fini(&stream);
  free(bench.array);
}
