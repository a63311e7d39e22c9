// What the device region of a store relies on: addresses without memory, as many as a store can ever need; memory that
// is added behind what is there; values that lie across two pieces of it; and the same pieces in another mapping.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu/kernels.h"
#include "gpu/memory.h"
#include "gpu/stream.h"
#include "store/store_impl.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

static void
probe_addresses(svari_device_t *device)
{
  uint64_t step = device->granularity_bytes;
  uint64_t size_bytes = (svari_default_capacity_bytes() + step - 1) / step * step;
  svari_cu_address_t address = 0;
  double start = report_now_us();
  svar_ret_t ret = svari_addresses_reserve(device, size_bytes, &address);
  report_check(ret == SVAR_OK, "addresses for all that a store can hold", "%llu GiB, %.0f us%s%s",
               (unsigned long long)size_bytes >> 30, report_now_us() - start,
               ret == SVAR_OK ? "" : ": ", ret == SVAR_OK ? "" : svar_error_message());
  svari_addresses_free(device, address, ret == SVAR_OK ? size_bytes : 0);
}

// --- two pieces ----------------------------------------------------------------------------------------------

// Pieces of one step each, one behind the other at `address`, memory of two steps apart from them, and the same of the
// host.
typedef struct pieces {
  svari_device_t *device;
  svari_stream_t stream;
  uint64_t step;
  svari_cu_address_t address;
  svari_memory_t *pieces[2];
  svari_memory_t *apart;
  uint8_t *given, *found;
} pieces_t;

static bool
make_pieces(svari_device_t *device, pieces_t *p)
{
  *p = (pieces_t){.device = device, .step = device->granularity_bytes};
  p->given = malloc(2 * p->step);
  p->found = malloc(2 * p->step);
  for (uint64_t i = 0; i < 2 * p->step; ++i) {
    p->given[i] = (uint8_t)(i * 131 + i / 251);
  }
  bool is_made =
      report_call(svari_stream_init(&p->stream, device), "making a stream") &&
      report_call(svari_memory_create(device, 1, 2 * p->step, &p->apart), "making memory") &&
      report_call(svari_addresses_reserve(device, 2 * p->step, &p->address), "reserving addresses");
  for (int i = 0; i < 2 && is_made; ++i) {
    is_made = report_call(
        svari_memory_create_at(device, p->address + (uint64_t)i * p->step, p->step, &p->pieces[i]),
        "memory behind other memory");
  }
  return is_made;
}

static void
give_back(pieces_t *p)
{
  svari_stream_fini(&p->stream);
  svari_memory_destroy(p->pieces[0]);
  svari_memory_destroy(p->pieces[1]);
  svari_addresses_free(p->device, p->address, 2 * p->step);
  svari_memory_destroy(p->apart);
  free(p->given);
  free(p->found);
}

// What lies in `from`, size_bytes of it, is what `expected` has.
static void
check_bytes(pieces_t *p, const char *what, svari_cu_address_t from, const uint8_t *expected,
            uint64_t size_bytes)
{
  memset(p->found, 0, size_bytes);
  if (report_call(svari_stream_to_host(&p->stream, p->found, from, size_bytes), what) &&
      report_call(svari_stream_synchronize(&p->stream), what)) {
    report_check(memcmp(p->found, expected, size_bytes) == 0, what, "%llu KiB",
                 (unsigned long long)size_bytes >> 10);
  }
}

// Half of it in the first piece and half in the second.
static void
probe_across(pieces_t *p)
{
  svari_cu_address_t value = p->address + p->step / 2;
  svari_cu_address_t apart = p->apart->address;
  if (report_call(svari_stream_to_device(&p->stream, value, p->given, p->step), "a copy in")) {
    check_bytes(p, "a value across two pieces of memory, in and out", value, p->given, p->step);
  }
  if (report_call(svari_stream_within_device(&p->stream, apart, value, p->step), "a copy")) {
    check_bytes(p, "a copy of it on the device", apart, p->given, p->step);
  }
  if (report_call(svari_kernels_convert(&p->stream, SVAR_UINT8, value, SVAR_UINT16, apart, p->step),
                  "a kernel")) {
    uint16_t *wide = malloc(2 * p->step);
    for (uint64_t i = 0; i < p->step; ++i) {
      wide[i] = p->given[i];
    }
    check_bytes(p, "a kernel that reads it", apart, (uint8_t *)wide, 2 * p->step);
    free(wide);
  }
}

// As another process maps a store's pieces: from descriptors, in their order.
static void
probe_imported(pieces_t *p)
{
  svari_memory_t *imported[2] = {NULL, NULL};
  int fds[2] = {-1, -1};
  bool is_imported = true;
  double start = report_now_us();
  for (int i = 0; i < 2 && is_imported; ++i) {
    is_imported = report_call(svari_memory_export(p->pieces[i], &fds[i]), "a descriptor") &&
                  report_call(svari_memory_import(p->device, fds[i], 1, p->step, SVARI_MEMORY_READ,
                                                  &imported[i]),
                              "mapping it to read");
  }
  if (is_imported) {
    report_fact("two pieces from their descriptors", "%.0f us", report_now_us() - start);
    check_bytes(p, "the first piece from its descriptor", imported[0]->address + p->step / 2,
                p->given, p->step / 2);
    check_bytes(p, "the second piece from its descriptor", imported[1]->address,
                p->given + p->step / 2, p->step / 2);
  }
  for (int i = 0; i < 2; ++i) {
    svari_memory_destroy(imported[i]);
    close(fds[i]);
  }
}

void
probe_mappings(svari_device_t *device)
{
  pieces_t p;
  probe_addresses(device);
  if (make_pieces(device, &p)) {
    probe_across(&p);
    probe_imported(&p);
  }
  give_back(&p);
}
