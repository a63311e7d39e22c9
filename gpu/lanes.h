// Lanes: streams of ours that follow those of callers, so that a function is called when a caller's work is over
// without holding up what the caller enqueues next.
#ifndef SVARI_GPU_LANES_H
#define SVARI_GPU_LANES_H

#include <pthread.h>

#include "gpu/stream.h"

SVAR_BEGIN_DECLS

enum { SVARI_LANES = 8 };

typedef struct svari_lane {
  svari_stream_t stream;
  svari_cu_stream_t followed; // what it followed last; only compared, for it may be gone
} svari_lane_t;

typedef struct svari_lanes {
  const svari_device_t *device;
  pthread_mutex_t lock;
  svari_lane_t lanes[SVARI_LANES];
  uint32_t count; // that have a stream
  uint32_t turn;
} svari_lanes_t;

void svari_lanes_init(svari_lanes_t *lanes, const svari_device_t *device);
// Waits as settle does. {0} is a no-op; leaves {0}.
void svari_lanes_fini(svari_lanes_t *lanes);

// Calls function in a thread of the driver's when everything that is enqueued on stream so far is done; never, if
// the device fails before. It must not call the driver. stream does not wait for it, and may be destroyed at once.
// Functions of one stream are called in order. Those of more than SVARI_LANES streams that are all at work may wait
// for each other's work, too.
// As svari_stream_follow(); then function will not be called.
svar_ret_t svari_lanes_call(svari_lanes_t *lanes, svari_cu_stream_t stream,
                            svari_cu_host_function_t function, void *context);
// Waits until the functions have returned. Those that have not been called by then will never be: the device has
// failed. Of no effect in a forked child.
void svari_lanes_settle(svari_lanes_t *lanes);

SVAR_END_DECLS
#endif
