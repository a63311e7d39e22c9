// One lane would do, if streams did not differ: what follows a stream that works for seconds would hold up the end of
// every small piece of work on another one. And a function enqueued on the caller's own stream would hold that up,
// for as long as the driver takes to wake a thread.
#include "gpu/lanes.h"

void
svari_lanes_init(svari_lanes_t *lanes, const svari_device_t *device)
{
  *lanes = (svari_lanes_t){.device = device};
  pthread_mutex_init(&lanes->lock, NULL);
}

void
svari_lanes_fini(svari_lanes_t *lanes)
{
  if (lanes->device == NULL) {
    return;
  }
  for (uint32_t i = 0; i < lanes->count; i++) {
    svari_stream_fini(&lanes->lanes[i].stream);
  }
  pthread_mutex_destroy(&lanes->lock);
  *lanes = (svari_lanes_t){0};
}

static svari_lane_t *
find_following(svari_lanes_t *lanes, svari_cu_stream_t stream)
{
  for (uint32_t i = 0; i < lanes->count; i++) {
    if (lanes->lanes[i].followed == stream) {
      return &lanes->lanes[i];
    }
  }
  return NULL;
}

static svari_lane_t *
find_idle(svari_lanes_t *lanes)
{
  for (uint32_t i = 0; i < lanes->count; i++) {
    if (svari_stream_is_idle(&lanes->lanes[i].stream)) {
      return &lanes->lanes[i];
    }
  }
  return NULL;
}

static svar_ret_t
choose(svari_lanes_t *lanes, svari_cu_stream_t stream, svari_lane_t **out_lane)
{
  if ((*out_lane = find_following(lanes, stream)) != NULL ||
      (*out_lane = find_idle(lanes)) != NULL) {
    return SVAR_OK;
  }
  if (lanes->count == SVARI_LANES) {
    *out_lane = &lanes->lanes[lanes->turn++ % SVARI_LANES];
    return SVAR_OK;
  }
  *out_lane = &lanes->lanes[lanes->count];
  SVAR_TRY(svari_stream_init(&(*out_lane)->stream, lanes->device));
  lanes->count++;
  return SVAR_OK;
}

static svar_ret_t
call_locked(svari_lanes_t *lanes, svari_cu_stream_t stream, svari_cu_host_function_t function,
            void *context)
{
  svari_lane_t *lane;
  SVAR_TRY(choose(lanes, stream, &lane));
  SVAR_TRY(svari_stream_follow(&lane->stream, stream));
  lane->followed = stream;
  return svari_stream_call(&lane->stream, function, context);
}

svar_ret_t
svari_lanes_call(svari_lanes_t *lanes, svari_cu_stream_t stream, svari_cu_host_function_t function,
                 void *context)
{
  pthread_mutex_lock(&lanes->lock);
  svar_ret_t ret = call_locked(lanes, stream, function, context);
  pthread_mutex_unlock(&lanes->lock);
  return ret;
}

// A forked child's copy of the lock may be held by a thread that it has not.
void
svari_lanes_settle(svari_lanes_t *lanes)
{
  if (!svari_device_try_enter(lanes->device)) {
    return;
  }
  pthread_mutex_lock(&lanes->lock);
  for (uint32_t i = 0; i < lanes->count; i++) {
    svari_stream_settle(&lanes->lanes[i].stream);
  }
  pthread_mutex_unlock(&lanes->lock);
  svari_device_leave(lanes->device);
}
