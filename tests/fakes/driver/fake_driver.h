// The stand-in driver's parts. TEST ONLY: it is never installed, and says nothing about what a real one does.
//
// It is made to find faults rather than to please:
//   - device memory is a memfd: what a descriptor keeps, and what dies with a process, is the kernel's doing;
//   - device addresses are ranges without access: code of the host that follows one crashes;
//   - streams are threads with a random delay: who does not wait reads stale bytes;
//   - read-only mappings are enforced when the work runs: 700, after which the device does no work at all and
//     calls no function of the host;
//   - while a stream is captured, no thread gets work done that has not relaxed its mode of capture;
//   - nothing works before cuInit, without a current context, or inside a function of the host; the default
//     stream is refused; a call in a forked child, and a kernel's access across its alignment, end the process.
#ifndef TESTS_FAKES_DRIVER_FAKE_DRIVER_H
#define TESTS_FAKES_DRIVER_FAKE_DRIVER_H

#include <stdbool.h>

#include "gpu/driver_calls.h"

SVAR_BEGIN_DECLS

#define FAKE_EXPORT __attribute__((visibility("default")))
#define FAKE_DECLARE(name, version, parameters) FAKE_EXPORT svari_cu_result_t name parameters;
SVARI_DRIVER_CALLS(FAKE_DECLARE)
#undef FAKE_DECLARE

enum { FAKE_DEVICES_MAX = 4, FAKE_GRANULARITY = 2 << 20 };

/// Begins a call: whether it may go on, or what it returns. Every call that needs no context begins so.
svari_cu_result_t fake_enter(const char *call);
/// The same for calls that need a context; out_device is the current one's, untouched on failure.
svari_cu_result_t fake_enter_context(const char *call, int *out_device);
#define FAKE_TRY(call)                                                                             \
  do {                                                                                             \
    svari_cu_result_t fake_try_result = (call);                                                    \
    if (fake_try_result != SVARI_CU_SUCCESS) {                                                     \
      return fake_try_result;                                                                      \
    }                                                                                              \
  } while (0)

/// The number in an environment variable, or otherwise.
int fake_option(const char *name, int otherwise);
/// Counts what is made (1) and given back (-1).
void fake_count(int change);
/// Microseconds that work waits at most.
int fake_delay_us(void);

int fake_device_count(void);
/// The device's sticky error, 0 while it works.
svari_cu_result_t fake_device_error(int device);
void fake_device_break(int device, svari_cu_result_t error);
/// Set in a stream's thread while it calls a function of the host.
void fake_device_in_host_function(bool is_in);

/// Where the bytes [address, address + size_bytes) of a device lie, or NULL if the device may not access them so
/// (SVARI_CU_READ, SVARI_CU_READ_WRITE). They stay there until the range is unmapped.
void *fake_memory_find(int device, svari_cu_address_t address, size_t size_bytes, int access);

/// A kernel as C++ knows it: run() calls it for one thread with parameters of the host.
typedef struct fake_kernel {
  const char *name;
  /// Copies the parameters, as a launch does; to be given back with free().
  void *(*copy)(void **parameters);
  /// Runs all threads. False: an address is not the device's to access so.
  bool (*run)(int device, const void *copy, unsigned blocks, unsigned threads);
  const struct fake_kernel *next;
} fake_kernel_t;
/// Those of gpu/kernels.cu.
const fake_kernel_t *fake_kernel_find(const char *name);

typedef struct fake_registration fake_registration_t;
/// Begins a copy that reads or writes these bytes of the host. The driver refuses one that spans memory that is
/// registered and other memory. out_held: what to let go of when it is done; NULL: nothing.
svari_cu_result_t fake_memory_hold_host(const void *start, size_t size_bytes,
                                        fake_registration_t **out_held);
void fake_memory_let_go_host(fake_registration_t *held);
/// Bytes of the host that are registered now, and how many copies were from or to such.
size_t fake_memory_registered(void);
int fake_memory_fast_copies(void);
/// The stream that is said to be captured; NULL: none.
void fake_stream_capture(const void *stream);
const void *fake_stream_captured(void);
/// Enqueues the launch. Takes copy over, also on failure.
svari_cu_result_t fake_stream_launch(svari_cu_stream_t stream, const fake_kernel_t *kernel,
                                     void *copy, unsigned blocks, unsigned threads);

SVAR_END_DECLS
#endif
