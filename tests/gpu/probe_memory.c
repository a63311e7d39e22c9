// Memory: what it costs, and what stays of it. The sizes are those of a small layer, a large one, a model.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu/memory.h"
#include "gpu/stream.h"
#include "ipc/service_socket.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

static const uint64_t sizes[] = {UINT64_C(2) << 20, UINT64_C(64) << 20, UINT64_C(1) << 30};
static const uint32_t MARK = 0x5ade11ed; // the maker's last word

static unsigned long long
mib(uint64_t bytes)
{
  return bytes >> 20;
}

static svar_ret_t
last_word(const svari_stream_t *stream, const svari_memory_t *memory, uint64_t size_bytes,
          uint32_t *out_word)
{
  SVAR_TRY(svari_stream_to_host(stream, out_word, memory->address + size_bytes - sizeof(*out_word),
                                sizeof(*out_word)));
  return svari_stream_synchronize(stream);
}

// --- in one process ------------------------------------------------------------------------------------------

static void
probe_costs(svari_device_t *device, uint64_t size_bytes)
{
  svari_memory_t *memory = NULL;
  svari_memory_t *again = NULL;
  int fd = -1;
  double start = report_now_us();
  if (!report_call(svari_memory_create(device, 1, size_bytes, &memory), "making memory")) {
    return;
  }
  double made = report_now_us();
  if (report_call(svari_memory_export(memory, &fd), "a descriptor of memory")) {
    double exported = report_now_us();
    svar_ret_t ret = svari_memory_import(device, fd, 1, size_bytes, SVARI_MEMORY_READ, &again);
    double imported = report_now_us();
    report_fact("make, export, map a second time", "%llu MiB: %.0f us, %.0f us, %.0f us",
                mib(size_bytes), made - start, exported - made, imported - exported);
    report_call(ret, "mapping memory a second time in its maker");
    close(fd);
  }
  svari_memory_destroy(again);
  double before = report_now_us();
  svari_memory_destroy(memory);
  report_fact("give back", "%llu MiB: %.0f us", mib(size_bytes), report_now_us() - before);
}

static void
probe_second_mapping(svari_device_t *device, const svari_stream_t *stream)
{
  svari_memory_t *writers = NULL;
  svari_memory_t *readers = NULL;
  int fd = -1;
  uint32_t word = 0;
  if (report_call(svari_memory_create(device, 1, sizeof(MARK), &writers), "making memory") &&
      report_call(svari_memory_export(writers, &fd), "a descriptor of memory") &&
      report_call(svari_memory_import(device, fd, 1, sizeof(MARK), SVARI_MEMORY_READ, &readers),
                  "mapping it to read") &&
      report_call(svari_stream_to_device(stream, writers->address, &MARK, sizeof(MARK)),
                  "writing it") &&
      report_call(last_word(stream, readers, sizeof(MARK), &word), "reading it")) {
    report_check(word == MARK, "a read-only mapping sees what the other one wrote", "%08x", word);
  }
  close(fd);
  svari_memory_destroy(readers);
  svari_memory_destroy(writers);
}

// --- between processes -----------------------------------------------------------------------------------------

int
probe_maker(int fd, uint64_t size_bytes)
{
  svari_device_t *device = NULL;
  svari_memory_t *memory = NULL;
  svari_stream_t stream = {0};
  int descriptor = -1;
  if (svari_device_open(0, NULL, &device) != SVAR_OK ||
      svari_stream_init(&stream, device) != SVAR_OK ||
      svari_memory_create(device, 1, size_bytes, &memory) != SVAR_OK ||
      svari_stream_to_device(&stream, memory->address + size_bytes - sizeof(MARK), &MARK,
                             sizeof(MARK)) != SVAR_OK ||
      svari_stream_synchronize(&stream) != SVAR_OK ||
      svari_memory_export(memory, &descriptor) != SVAR_OK) {
    fprintf(stderr, "the maker: %s\n", svar_error_message());
    return 1;
  }
  if (svari_packet_send(fd, "", 1, NULL, 0, descriptor, 0) == 0) {
    pause(); // killed, with everything open
  }
  return 1;
}

// What the other process made, or SVARI_NO_FD if it could not.
static int
descriptor_from(int socket)
{
  char byte;
  svari_packet_t packet = {.fd = SVARI_NO_FD};
  bool is_end = false;
  return svari_packet_receive(socket, &byte, 1, 0, &packet, &is_end) == 0 ? packet.fd : SVARI_NO_FD;
}

static void
probe_kept_descriptor(svari_device_t *device, const svari_stream_t *stream, int fd,
                      uint64_t size_bytes)
{
  svari_memory_t *memory = NULL;
  uint32_t word = 0;
  svar_ret_t ret = svari_memory_import(device, fd, 1, size_bytes, SVARI_MEMORY_READ, &memory);
  if (ret == SVAR_OK) {
    ret = last_word(stream, memory, size_bytes, &word);
  }
  report_check(ret == SVAR_OK && word == MARK,
               "a descriptor alone keeps it after its maker's death", "%llu MiB: %s",
               mib(size_bytes), ret == SVAR_OK ? "right" : svar_error_message());
  svari_memory_destroy(memory);
}

static void
probe_death(svari_device_t *device, const svari_stream_t *stream, uint64_t size_bytes)
{
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) != 0) {
    report_check(false, "a pair of sockets", "none");
    return;
  }
  fcntl(sockets[0], F_SETFD, FD_CLOEXEC);
  pid_t maker = probe_start("maker", sockets[1], size_bytes);
  close(sockets[1]);
  int fd = descriptor_from(sockets[0]);
  close(sockets[0]);
  svari_memory_t *memory = NULL;
  uint32_t before = 0, after = 0;
  double start = report_now_us();
  if (fd != SVARI_NO_FD &&
      report_call(svari_memory_import(device, fd, 1, size_bytes, SVARI_MEMORY_READ, &memory),
                  "taking another process's memory")) {
    report_fact("import and map another process's", "%llu MiB: %.0f us", mib(size_bytes),
                report_now_us() - start);
    report_call(last_word(stream, memory, size_bytes, &before), "reading it");
    report_check(before == MARK, "what its maker wrote before it sent it is there", "%08x", before);
    probe_kill(maker);
    report_call(last_word(stream, memory, size_bytes, &after),
                "reading it after its maker's death");
    report_check(after == MARK, "a mapping keeps it after its maker's death", "%08x", after);
    svari_memory_destroy(memory);
    probe_kept_descriptor(device, stream, fd, size_bytes);
  } else {
    probe_kill(maker);
    report_check(fd != SVARI_NO_FD, "another process makes memory", "it does not");
  }
  close(fd);
}

// A reader of another process that writes where it may only read.
int
probe_offender(int fd, uint64_t size_bytes)
{
  svari_device_t *device = NULL;
  svari_memory_t *memory = NULL;
  svari_stream_t stream = {0};
  int descriptor = descriptor_from(fd);
  if (svari_device_open(0, NULL, &device) != SVAR_OK ||
      svari_stream_init(&stream, device) != SVAR_OK ||
      svari_memory_import(device, descriptor, 1, size_bytes, SVARI_MEMORY_READ, &memory) !=
          SVAR_OK) {
    fprintf(stderr, "the offender: %s\n", svar_error_message());
    return 1;
  }
  svar_ret_t enqueued = svari_stream_zero(&stream, memory->address, size_bytes);
  svar_ret_t done = svari_stream_synchronize(&stream);
  svari_stream_fini(&stream);
  svari_memory_destroy(memory);
  svari_device_close(device);
  close(descriptor);
  return enqueued == SVAR_OK && done == SVAR_OK ? 1 : 0;
}

// True if its write was refused.
static bool
is_offender_refused(int fd, uint64_t size_bytes)
{
  int sockets[2], status = -1;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) != 0) {
    return false;
  }
  fcntl(sockets[0], F_SETFD, FD_CLOEXEC);
  pid_t offender = probe_start("offender", sockets[1], size_bytes);
  close(sockets[1]);
  bool is_sent = svari_packet_send(sockets[0], "", 1, NULL, 0, fd, 0) == 0;
  waitpid(offender, &status, 0);
  close(sockets[0]);
  return is_sent && status == 0;
}

static void
probe_offence(svari_device_t *device, const svari_stream_t *stream)
{
  svari_memory_t *memory = NULL;
  int fd = -1;
  uint32_t word = 0;
  if (report_call(svari_memory_create(device, 1, sizeof(MARK), &memory), "making memory") &&
      report_call(svari_stream_to_device(stream, memory->address, &MARK, sizeof(MARK)),
                  "writing it") &&
      report_call(svari_stream_synchronize(stream), "writing it") &&
      report_call(svari_memory_export(memory, &fd), "a descriptor of memory")) {
    report_check(is_offender_refused(fd, sizeof(MARK)), "a reader's process cannot write it", "%s",
                 "its work ends with an error");
    svar_ret_t ret = last_word(stream, memory, sizeof(MARK), &word);
    report_check(ret == SVAR_OK && word == MARK, "and harms itself alone", "%s",
                 ret == SVAR_OK ? "the maker goes on" : svar_error_message());
  }
  close(fd);
  svari_memory_destroy(memory);
}

void
probe_memory(svari_device_t *device)
{
  svari_stream_t stream = {0};
  if (!report_call(svari_stream_init(&stream, device), "making a stream")) {
    return;
  }
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); ++i) {
    probe_costs(device, sizes[i]);
  }
  probe_second_mapping(device, &stream);
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); ++i) {
    probe_death(device, &stream, sizes[i]);
  }
  probe_offence(device, &stream);
  svari_stream_fini(&stream);
}

// --- the last --------------------------------------------------------------------------------------------------

static void
write_read_only(const svari_stream_t *stream, const svari_memory_t *writers,
                const svari_memory_t *readers)
{
  svar_ret_t enqueued = svari_stream_zero(stream, readers->address, sizeof(MARK));
  svar_ret_t done = svari_stream_synchronize(stream);
  report_check(enqueued != SVAR_OK || done != SVAR_OK, "a write to a read-only mapping is refused",
               "%s; call: %s, work: %s", svar_error_message(), svar_ret_name(enqueued),
               svar_ret_name(done));
  uint32_t word = 0;
  svar_ret_t after = last_word(stream, writers, sizeof(MARK), &word);
  report_fact("the device after it", "%s", after == SVAR_OK ? "goes on" : svar_error_message());
}

void
probe_read_only(svari_device_t *device)
{
  svari_stream_t stream = {0};
  svari_memory_t *writers = NULL;
  svari_memory_t *readers = NULL;
  int fd = -1;
  if (report_call(svari_stream_init(&stream, device), "making a stream") &&
      report_call(svari_memory_create(device, 1, sizeof(MARK), &writers), "making memory") &&
      report_call(svari_memory_export(writers, &fd), "a descriptor of memory") &&
      report_call(svari_memory_import(device, fd, 1, sizeof(MARK), SVARI_MEMORY_READ, &readers),
                  "mapping it to read")) {
    write_read_only(&stream, writers, readers);
  }
  close(fd);
  svari_stream_fini(&stream);
  svari_memory_destroy(readers);
  svari_memory_destroy(writers);
}
