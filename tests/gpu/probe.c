// probe [MOST_MIB]: prints what only a GPU can tell: the facts that the design of gpu/ relies on, what its parts cost,
// and whether its kernels compute what the CPU does. Exit code 77 where there is no GPU. It works on whatever driver
// the library loads, so on the stand-in too, where its times mean nothing.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

static void
introduce(const svari_device_t *device)
{
  const svari_driver_t *driver = device->driver;
  char uuid[SVARI_UUID_TEXT_BYTES];
  int value = 0;
  report_fact("GPU", "%s, %s", device->name, svari_uuid_text(&device->uuid, uuid));
  report_fact("driver", "CUDA %d.%d", driver->version / 1000, driver->version % 1000 / 10);
  report_fact("processors", "%u", device->processor_count);
  report_fact("memory comes in steps of", "%llu KiB",
              (unsigned long long)device->granularity_bytes >> 10);
  driver->calls.cuDeviceGetAttribute(&value, SVARI_CU_HAS_READ_ONLY_HOST, device->device);
  report_fact("takes read-only pages of the host", "%s", value ? "yes" : "no");
}

pid_t
probe_start(const char *role, int socket, uint64_t size_bytes)
{
  char fd[16], size[32];
  snprintf(fd, sizeof(fd), "%d", socket);
  snprintf(size, sizeof(size), "%llu", (unsigned long long)size_bytes);
  pid_t process = fork();
  if (process == 0) {
    execl("/proc/self/exe", "probe", role, fd, size, (char *)NULL);
    _exit(127);
  }
  return process;
}

void
probe_kill(pid_t process)
{
  kill(process, SIGKILL);
  waitpid(process, NULL, 0);
}

// In a process that probe_start() made.
static int
play(const char *role, int socket, uint64_t size_bytes)
{
  return strcmp(role, "maker") == 0      ? probe_maker(socket, size_bytes)
         : strcmp(role, "offender") == 0 ? probe_offender(socket, size_bytes)
                                         : probe_holder(socket, size_bytes);
}

int
main(int argc, char **argv)
{
  if (argc == 4) {
    return play(argv[1], atoi(argv[2]), strtoull(argv[3], NULL, 10));
  }
  uint64_t most_bytes = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1024) << 20;
  uint64_t size_bytes = most_bytes / 4; // of what is moved: two on the device, two on the host
  probe_ceilings_t ceilings = {0};
  double start = report_now_us();
  if (svari_driver_state() != SVARI_DRIVER_READY) {
    const svari_driver_t *none = NULL;
    (void)svari_driver_get(&none);
    printf("no GPU: %s\n", svar_error_message());
    return 77;
  }
  double loaded = report_now_us();
  svari_device_t *device = NULL;
  if (report_call(svari_device_open(0, NULL, &device), "opening GPU 0")) {
    double opened = report_now_us();
    introduce(device);
    report_fact("loading the driver", "%.1f ms", (loaded - start) / 1e3);
    report_fact("making the context", "%.1f ms", (opened - loaded) / 1e3);
    probe_memory(device);
    probe_mappings(device);
    probe_speed(device, size_bytes, &ceilings);
    probe_variables(device, size_bytes, &ceilings);
    probe_attach();
    probe_kernels(device);
    probe_policy();
    probe_read_only(device);
    svari_device_close(device);
  }
  return report_end();
}
