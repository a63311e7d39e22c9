// How long small things take, and how fast bytes move. Each figure is the best of several, the first left out.
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu/host_pages.h"
#include "gpu/kernels.h"
#include "gpu/memory.h"
#include "gpu/stream.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

enum { ROUNDS = 6, LATENCY_ROUNDS = 200 };

// --- latencies -------------------------------------------------------------------------------------------------

static _Atomic bool was_called;
static double called_at;

static void
note_time(void *context)
{
  (void)context;
  called_at = report_now_us();
  atomic_store(&was_called, true);
}

static void
probe_latencies(const svari_stream_t *stream, const svari_stream_t *other)
{
  double sum = 0, worst = 0;
  for (int i = 0; i < LATENCY_ROUNDS; ++i) {
    atomic_store(&was_called, false);
    double start = report_now_us();
    if (!report_call(svari_stream_call(stream, note_time, NULL), "a function of the host") ||
        !report_call(svari_stream_synchronize(stream), "waiting for it")) {
      return;
    }
    double took = called_at - start;
    sum += took;
    worst = took > worst ? took : worst;
  }
  report_fact("until a function of the host is called", "%.1f us mean, %.1f us at most",
              sum / LATENCY_ROUNDS, worst);
  double start = report_now_us();
  for (int i = 0; i < LATENCY_ROUNDS; ++i) {
    if (!report_call(svari_stream_follow(other, stream->stream), "a stream that follows")) {
      return;
    }
  }
  report_fact("making a stream follow another", "%.2f us",
              (report_now_us() - start) / LATENCY_ROUNDS);
  report_call(svari_stream_synchronize(other), "waiting for it");
}

// --- bytes -----------------------------------------------------------------------------------------------------

typedef struct moved {
  const svari_stream_t *stream;
  void *host;
  svari_cu_address_t from, to;
  uint64_t size_bytes;
  svar_dtype_t from_dtype, to_dtype; // of a kernel, and how many elements it has
  uint64_t count;
} moved_t;

static svar_ret_t
in(const moved_t *moved)
{
  return svari_stream_to_device(moved->stream, moved->to, moved->host, moved->size_bytes);
}

static svar_ret_t
out(const moved_t *moved)
{
  return svari_stream_to_host(moved->stream, moved->host, moved->from, moved->size_bytes);
}

static svar_ret_t
within(const moved_t *moved)
{
  return svari_stream_within_device(moved->stream, moved->to, moved->from, moved->size_bytes);
}

static svar_ret_t
zero(const moved_t *moved)
{
  return svari_stream_zero(moved->stream, moved->to, moved->size_bytes);
}

static svar_ret_t
convert(const moved_t *moved)
{
  return svari_kernels_convert(moved->stream, moved->from_dtype, moved->from, moved->to_dtype,
                               moved->to, moved->count);
}

static svar_ret_t
add_scaled(const moved_t *moved)
{
  return svari_kernels_add_scaled(moved->stream, moved->to_dtype, 0.5, moved->from, moved->to,
                                  moved->count);
}

// A layer whose matrix is all the bytes; its vectors lie in the other slot, where nothing is written that is read.
static svar_ret_t
dense(const moved_t *moved)
{
  enum { COLUMNS = 4096 };
  svari_kernel_dense_t layer = {.weight = moved->from,
                                .bias = moved->to,
                                .rows = moved->size_bytes / sizeof(float) / COLUMNS,
                                .columns = COLUMNS,
                                .activation = SVARI_KERNEL_RELU};
  return svari_kernels_dense(moved->stream, &layer, moved->to, moved->to + moved->size_bytes / 2);
}

// GB/s of everything that is read and written on the device; 0 on failure.
static double
speed(const char *what, svar_ret_t (*work)(const moved_t *moved), const moved_t *moved,
      double bytes_moved)
{
  double best_us = 0;
  for (int i = 0; i < ROUNDS; ++i) {
    double start = report_now_us();
    if (!report_call(work(moved), what) ||
        !report_call(svari_stream_synchronize(moved->stream), what)) {
      return 0;
    }
    double took = report_now_us() - start;
    best_us = i == 1 || (i > 1 && took < best_us) ? took : best_us;
  }
  return bytes_moved / best_us / 1e3;
}

static void
probe_host_copies(svari_device_t *device, const moved_t *moved, probe_ceilings_t *ceilings)
{
  double size = (double)moved->size_bytes;
  double plain_in = speed("copies in", in, moved, size);
  double plain_out = speed("copies out", out, moved, size);
  double start = report_now_us();
  if (!report_call(svari_host_pages_register(device, moved->host, moved->size_bytes),
                   "registering pages of the host")) {
    return;
  }
  report_fact("registering them", "%.1f ms", (report_now_us() - start) / 1e3);
  ceilings->in = speed("copies in", in, moved, size);
  ceilings->out = speed("copies out", out, moved, size);
  report_fact("in, plain and registered", "%.1f and %.1f GB/s", plain_in, ceilings->in);
  report_fact("out, plain and registered", "%.1f and %.1f GB/s", plain_out, ceilings->out);
  svari_host_pages_unregister(device, moved->host);
}

enum { KERNEL_PERCENT = 80 }; // of a copy's bytes, both sides counted

// As many elements as the wider side has room for.
static void
probe_conversion(moved_t moved, svar_dtype_t from, svar_dtype_t to,
                 const probe_ceilings_t *ceilings)
{
  char what[64];
  uint64_t from_bytes = svar_dtype_bytes(from), to_bytes = svar_dtype_bytes(to);
  moved.from_dtype = from;
  moved.to_dtype = to;
  moved.count = moved.size_bytes / (from_bytes > to_bytes ? from_bytes : to_bytes);
  snprintf(what, sizeof(what), "%s to %s", svar_dtype_name(from), svar_dtype_name(to));
  report_share(what, speed(what, convert, &moved, (double)(moved.count * (from_bytes + to_bytes))),
               ceilings->within, KERNEL_PERCENT);
}

static void
probe_sum(moved_t moved, svar_dtype_t dtype, const probe_ceilings_t *ceilings)
{
  char what[64];
  moved.to_dtype = dtype;
  moved.count = moved.size_bytes / svar_dtype_bytes(dtype);
  snprintf(what, sizeof(what), "y += a * x of %s", svar_dtype_name(dtype));
  report_share(what, speed(what, add_scaled, &moved, 3 * (double)moved.size_bytes),
               ceilings->within, KERNEL_PERCENT);
}

static void
probe_device_work(const moved_t *moved, probe_ceilings_t *ceilings)
{
  double size = (double)moved->size_bytes;
  ceilings->within = speed("copies", within, moved, 2 * size);
  report_fact("copies within the device, read and written", "%.1f GB/s", ceilings->within);
  report_fact("zeros", "%.1f GB/s", speed("zeros", zero, moved, size));
  probe_conversion(*moved, SVAR_FLOAT32, SVAR_FLOAT16, ceilings);
  probe_conversion(*moved, SVAR_FLOAT16, SVAR_FLOAT32, ceilings);
  probe_conversion(*moved, SVAR_FLOAT32, SVAR_BFLOAT16, ceilings);
  probe_conversion(*moved, SVAR_FLOAT64, SVAR_FLOAT32, ceilings);
  probe_conversion(*moved, SVAR_UINT8, SVAR_FLOAT32, ceilings);
  probe_conversion(*moved, SVAR_FLOAT32, SVAR_INT8, ceilings);
  probe_sum(*moved, SVAR_FLOAT16, ceilings);
  probe_sum(*moved, SVAR_FLOAT32, ceilings);
  probe_sum(*moved, SVAR_FLOAT64, ceilings);
  double layer = speed("a dense layer", dense, moved, size);
  report_fact("a dense layer's matrix", "%.1f GB/s, %.0f %% of a copy's", layer,
              100 * layer / ceilings->within);
}

static void
probe_bytes(svari_device_t *device, const svari_stream_t *stream, svari_memory_t *slots, int fd,
            uint64_t size_bytes, probe_ceilings_t *out_ceilings)
{
  void *host = mmap(NULL, size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (ftruncate(fd, (off_t)size_bytes) != 0 || host == MAP_FAILED) {
    report_check(false, "shared memory of the host", "none");
    return;
  }
  memset(host, 1, size_bytes);
  const moved_t moved = {.stream = stream,
                         .host = host,
                         .from = svari_memory_slot(slots, 0),
                         .to = svari_memory_slot(slots, 1),
                         .size_bytes = size_bytes};
  report_fact("bytes that are moved below", "%llu MiB", (unsigned long long)size_bytes >> 20);
  probe_host_copies(device, &moved, out_ceilings);
  probe_device_work(&moved, out_ceilings);
  munmap(host, size_bytes);
}

void
probe_speed(svari_device_t *device, uint64_t size_bytes, probe_ceilings_t *out_ceilings)
{
  svari_stream_t stream = {0}, other = {0};
  svari_memory_t *slots = NULL;
  int fd = memfd_create("probe", MFD_CLOEXEC);
  if (report_call(svari_stream_init(&stream, device), "making a stream") &&
      report_call(svari_stream_init(&other, device), "making a stream")) {
    probe_latencies(&stream, &other);
    if (report_call(svari_memory_create(device, 2, size_bytes, &slots), "making memory")) {
      probe_bytes(device, &stream, slots, fd, size_bytes, out_ceilings);
    }
  }
  close(fd);
  svari_stream_fini(&stream);
  svari_stream_fini(&other);
  svari_memory_destroy(slots);
}
