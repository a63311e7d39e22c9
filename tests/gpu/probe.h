// The parts of the probe: each prints what it finds (report.h).
#ifndef TESTS_GPU_PROBE_H
#define TESTS_GPU_PROBE_H

#include "gpu/device.h"

SVAR_BEGIN_DECLS

/// What a piece of memory of each size costs, and what another process keeps of it when its maker is killed.
void probe_memory(svari_device_t *device);
/// The maker: another process of the probe, which is killed in the end. fd: its socket.
int probe_maker(int fd, uint64_t size_bytes);
/// Latencies, and how fast bytes move, up to most_bytes of them.
void probe_speed(svari_device_t *device, uint64_t most_bytes);
/// The kernels beside the CPU.
void probe_kernels(svari_device_t *device);
/// A write through a read-only mapping. The last: the process can use the device no more after it.
void probe_read_only(svari_device_t *device);

SVAR_END_DECLS
#endif
