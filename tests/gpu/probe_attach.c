// A store that another process holds, with a variable on the GPU, by the public calls.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared_variable/shared_variable.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

enum { NAME_BYTES = 64, VALUE_BYTES = 64 << 20, ATTACH_MS = 5 };

static const uint8_t MARK = 0x5a; // each byte of the value

static const char *
name_of(pid_t prober, char name[NAME_BYTES])
{
  snprintf(name, NAME_BYTES, "/svar_probe/p%d", (int)prober);
  return name;
}

// --- the holder ------------------------------------------------------------------------------------------------

static svar_ret_t
hold(uint64_t size_bytes)
{
  char name[NAME_BYTES];
  svar_store_t *store;
  svar_variable_t *variable;
  const int64_t shape = (int64_t)size_bytes;
  svar_shared_options_t options = SVAR_SHARED_OPTIONS_INIT;
  SVAR_TRY(svar_store_create(name_of(getppid(), name), NULL, &store));
  uint8_t *bytes = malloc(size_bytes);
  memset(bytes, MARK, size_bytes);
  DLTensor value = svar_tensor(SVAR_UINT8, bytes, 1, &shape);
  options.store = store;
  options.name = "w";
  options.target = SVAR_TARGET_GPU;
  options.gpu = 0;
  svar_ret_t ret = svar_shared(svar_array(&value), &options, &variable);
  free(bytes);
  return ret;
}

int
probe_holder(int fd, uint64_t size_bytes)
{
  svar_ret_t ret = hold(size_bytes);
  if (ret != SVAR_OK) {
    fprintf(stderr, "the holder: %s\n", svar_error_message());
    return 1;
  }
  if (write(fd, "", 1) == 1) {
    pause(); // killed, with everything open
  }
  return 1;
}

// --- the reader ------------------------------------------------------------------------------------------------

typedef struct reader {
  svar_store_t *store;
  svar_variable_t *variable;
} reader_t;

// Until the value can be read on the device.
static svar_ret_t
attach(reader_t *reader)
{
  char name[NAME_BYTES];
  svar_value_t view = SVAR_VALUE_INIT;
  SVAR_TRY(svar_store_open(name_of(getpid(), name), NULL, &reader->store));
  SVAR_TRY(svar_store_find(reader->store, "w", &reader->variable));
  SVAR_TRY(svar_get_device_view(reader->variable, &view));
  svar_value_release(&view);
  return SVAR_OK;
}

static void
check_value(const reader_t *reader, const char *what)
{
  svar_value_t value = SVAR_VALUE_INIT;
  if (report_call(svar_get_value(reader->variable, SVAR_COPY, &value), what)) {
    const uint8_t *bytes = value.tensor.data;
    uint64_t size_bytes = svar_value_bytes(&value);
    bool is_right = size_bytes == VALUE_BYTES && bytes[0] == MARK &&
                    memcmp(bytes, bytes + 1, size_bytes - 1) == 0;
    report_check(is_right, what, "%d MiB", VALUE_BYTES >> 20);
  }
  svar_value_release(&value);
}

static void
probe_reader(pid_t holder)
{
  reader_t reader = {NULL, NULL};
  double start = report_now_us();
  if (report_call(attach(&reader), "attaching to another process's store")) {
    double ms = (report_now_us() - start) / 1e3;
    report_speed(ms <= ATTACH_MS, "attaching to another process's store", "%.2f ms (at most %d)",
                 ms, ATTACH_MS);
    check_value(&reader, "its value is there");
    probe_kill(holder);
    check_value(&reader, "its value stays when its holder is killed");
  } else {
    probe_kill(holder);
  }
  svar_variable_unref(reader.variable);
  svar_store_close(reader.store);
}

static void
remove_store(void)
{
  char name[NAME_BYTES];
  svar_store_t *store = NULL;
  if (report_call(svar_store_create(name_of(getpid(), name), NULL, &store), "holding it next")) {
    report_call(svar_store_remove(store), "removing it");
  }
  svar_store_close(store);
}

void
probe_attach(void)
{
  int sockets[2];
  char byte;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) {
    report_check(false, "a pair of sockets", "none");
    return;
  }
  fcntl(sockets[0], F_SETFD, FD_CLOEXEC);
  pid_t holder = probe_start("holder", sockets[1], VALUE_BYTES);
  close(sockets[1]);
  if (read(sockets[0], &byte, 1) == 1) {
    probe_reader(holder);
  } else {
    report_check(false, "another process holds a store", "it does not");
    probe_kill(holder);
  }
  close(sockets[0]);
  remove_store();
}
