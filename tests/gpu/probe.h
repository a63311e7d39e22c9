// The parts of the probe: each prints what it finds (report.h).
#ifndef TESTS_GPU_PROBE_H
#define TESTS_GPU_PROBE_H

#include <sys/types.h>

#include "gpu/device.h"

SVAR_BEGIN_DECLS

/// Another process of the probe, in that role, which has the socket and the size; and its end.
pid_t probe_start(const char *role, int socket, uint64_t size_bytes);
void probe_kill(pid_t process);

/// What a piece of memory of each size costs, and what another process keeps of it when its maker is killed.
void probe_memory(svari_device_t *device);
/// Its other processes: the maker, which is killed in the end, and the offender, which writes what it may only read. fd:
/// their socket.
int probe_maker(int fd, uint64_t size_bytes);
int probe_offender(int fd, uint64_t size_bytes);
/// GB/s that bytes move with at most: from and to registered memory of the host, and read and written on the device.
typedef struct probe_ceilings {
  double in, out, within;
} probe_ceilings_t;
/// Addresses without memory, memory that is mapped one piece behind the other, and what lies across.
void probe_mappings(svari_device_t *device);
/// Latencies, and how fast size_bytes move.
void probe_speed(svari_device_t *device, uint64_t size_bytes, probe_ceilings_t *out_ceilings);
/// The same of values of a store's variables, through the public calls; and what reading and releasing one costs.
void probe_variables(svari_device_t *device, uint64_t size_bytes, const probe_ceilings_t *ceilings);
/// How long a policy's step takes, by the public calls.
void probe_policy(void);
/// A store of another process, the holder: what attaching costs, and what stays of it when that is killed.
void probe_attach(void);
int probe_holder(int fd, uint64_t size_bytes);
/// The kernels beside the CPU.
void probe_kernels(svari_device_t *device);
/// A write through a read-only mapping. The last: the process can use the device no more after it.
void probe_read_only(svari_device_t *device);

SVAR_END_DECLS
#endif
