// A queue of work for a device, done in order: copies, zeros, kernels, and functions of the host in between.
//
// What is enqueued runs some time after the call has returned. Memory of the host that it reads or writes stays
// as it is until then; a stream's end waits for it. No work follows work that failed.
#ifndef SVARI_GPU_STREAM_H
#define SVARI_GPU_STREAM_H

#include "gpu/device.h"

SVAR_BEGIN_DECLS

typedef struct svari_stream {
  const svari_device_t *device;
  svari_cu_stream_t stream;
} svari_stream_t;

// All of these: SVAR_ERR_FORKED, SVAR_ERR_DEVICE. An earlier failure of the device may be told by any.
svar_ret_t svari_stream_init(svari_stream_t *stream, const svari_device_t *device);
// Waits for what is enqueued. {0} and one that init refused are no-ops; leaves {0}.
void svari_stream_fini(svari_stream_t *stream);
// Until everything enqueued so far is done. Only now are the results there, and known to be right.
svar_ret_t svari_stream_synchronize(const svari_stream_t *stream);

// The same for a teardown, which says nothing: afterwards everything is done, or will never be.
void svari_stream_settle(const svari_stream_t *stream);

svar_ret_t svari_stream_to_device(const svari_stream_t *stream, svari_cu_address_t to,
                                  const void *from, uint64_t size_bytes);
svar_ret_t svari_stream_to_host(const svari_stream_t *stream, void *to, svari_cu_address_t from,
                                uint64_t size_bytes);
svar_ret_t svari_stream_within_device(const svari_stream_t *stream, svari_cu_address_t to,
                                      svari_cu_address_t from, uint64_t size_bytes);
svar_ret_t svari_stream_zero(const svari_stream_t *stream, svari_cu_address_t to,
                             uint64_t size_bytes);
// Calls function in a thread of the driver's when everything enqueued before is done, unless some of it
// failed: then never. It must not call the driver, and blocks the stream, but no other, while it runs.
svar_ret_t svari_stream_call(const svari_stream_t *stream, svari_cu_host_function_t function,
                             void *context);
// What is enqueued here from now on waits for what is enqueued on other, any stream of the device, so far.
// other does not wait. 1 and 2 name the default streams, as for the driver and DLPack.
// SVAR_ERR_ARGUMENT: NULL, which is the one or the other by how its user was compiled. SVAR_ERR_STATE: other is being
// captured into a graph.
svar_ret_t svari_stream_follow(const svari_stream_t *stream, svari_cu_stream_t other);

// True if all that is enqueued is done. False, too, if that cannot be told.
bool svari_stream_is_idle(const svari_stream_t *stream);
// True if the device has failed for good: of what is enqueued, nothing runs any more, or ever will.
bool svari_stream_is_lost(const svari_stream_t *stream);

SVAR_END_DECLS
#endif
