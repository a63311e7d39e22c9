#include "gpu/stream.h"

// --- life ------------------------------------------------------------------------------------------------

// Non-blocking: work that somebody enqueues on the device's default stream does not wait for ours, nor ours for
// it.
svar_ret_t
svari_stream_init(svari_stream_t *stream, const svari_device_t *device)
{
  SVAR_TRY(svari_device_enter(device));
  svari_cu_stream_t made = NULL;
  svari_cu_result_t result =
      device->driver->calls.cuStreamCreate(&made, SVARI_CU_STREAM_NON_BLOCKING);
  svari_device_leave(device);
  SVAR_TRY(svari_driver_result(device->driver, result, "making a stream on GPU %d (%s)",
                               device->ordinal, device->name));
  *stream = (svari_stream_t){.device = device, .stream = made};
  return SVAR_OK;
}

void
svari_stream_settle(const svari_stream_t *stream)
{
  const svari_device_t *device = stream->device;
  if (svari_device_try_enter(device)) {
    if (device->driver->calls.cuStreamSynchronize(stream->stream) != SVARI_CU_SUCCESS) {
      device->driver->calls.cuStreamSynchronize(stream->stream); // that one only failed to wait?
    }
    svari_device_leave(device);
  }
}

void
svari_stream_fini(svari_stream_t *stream)
{
  const svari_device_t *device = stream->device;
  if (device != NULL && svari_device_try_enter(device)) {
    svari_stream_settle(stream);
    device->driver->calls.cuStreamDestroy(stream->stream);
    svari_device_leave(device);
  }
  *stream = (svari_stream_t){0};
}

svar_ret_t
svari_stream_synchronize(const svari_stream_t *stream)
{
  const svari_device_t *device = stream->device;
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result = device->driver->calls.cuStreamSynchronize(stream->stream);
  svari_device_leave(device);
  return svari_driver_result(device->driver, result, "waiting for the work on GPU %d (%s)",
                             device->ordinal, device->name);
}

// --- copies ----------------------------------------------------------------------------------------------

static svar_ret_t
copy_result(const svari_device_t *device, svari_cu_result_t result, const char *what,
            uint64_t size_bytes)
{
  svari_device_leave(device);
  return svari_driver_result(device->driver, result, "%s %llu bytes on GPU %d (%s)", what,
                             (unsigned long long)size_bytes, device->ordinal, device->name);
}

svar_ret_t
svari_stream_to_device(const svari_stream_t *stream, svari_cu_address_t to, const void *from,
                       uint64_t size_bytes)
{
  const svari_device_t *device = stream->device;
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result =
      device->driver->calls.cuMemcpyHtoDAsync(to, from, size_bytes, stream->stream);
  return copy_result(device, result, "copying in", size_bytes);
}

svar_ret_t
svari_stream_to_host(const svari_stream_t *stream, void *to, svari_cu_address_t from,
                     uint64_t size_bytes)
{
  const svari_device_t *device = stream->device;
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result =
      device->driver->calls.cuMemcpyDtoHAsync(to, from, size_bytes, stream->stream);
  return copy_result(device, result, "copying out", size_bytes);
}

svar_ret_t
svari_stream_within_device(const svari_stream_t *stream, svari_cu_address_t to,
                           svari_cu_address_t from, uint64_t size_bytes)
{
  const svari_device_t *device = stream->device;
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result =
      device->driver->calls.cuMemcpyDtoDAsync(to, from, size_bytes, stream->stream);
  return copy_result(device, result, "copying", size_bytes);
}

svar_ret_t
svari_stream_zero(const svari_stream_t *stream, svari_cu_address_t to, uint64_t size_bytes)
{
  const svari_device_t *device = stream->device;
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result =
      device->driver->calls.cuMemsetD8Async(to, 0, size_bytes, stream->stream);
  return copy_result(device, result, "zeroing", size_bytes);
}

// --- order -----------------------------------------------------------------------------------------------

svar_ret_t
svari_stream_call(const svari_stream_t *stream, svari_cu_host_function_t function, void *context)
{
  const svari_device_t *device = stream->device;
  SVAR_TRY(svari_device_enter(device));
  svari_cu_result_t result =
      device->driver->calls.cuLaunchHostFunc(stream->stream, function, context);
  svari_device_leave(device);
  return svari_driver_result(device->driver, result, "enqueuing a function on GPU %d (%s)",
                             device->ordinal, device->name);
}

// What is asked of a stream that is being captured joins the capture: ours would be lost to it, and what comes after
// would run at each launch of the graph. (Of the default stream, which waits for others, the driver says that it
// would join implicitly.)
static svar_ret_t
check_caller_stream(const svari_device_t *device, svari_cu_stream_t stream)
{
  svari_cu_capture_t capture = SVARI_CU_CAPTURE_NONE;
  if (stream == NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "NULL names no stream of GPU %d (%s) for sure: pass 1 for the default stream "
                     "(cudaStreamLegacy), or 2 for the thread's own (cudaStreamPerThread)",
                     device->ordinal, device->name);
  }
  svari_cu_result_t result = device->driver->calls.cuStreamIsCapturing(stream, &capture);
  bool is_captured = result == SVARI_CU_CAPTURE_IMPLICIT ||
                     (result == SVARI_CU_SUCCESS && capture != SVARI_CU_CAPTURE_NONE);
  if (!is_captured) {
    return svari_driver_result(device->driver, result,
                               "asking whether a stream of GPU %d (%s) is being captured",
                               device->ordinal, device->name);
  }
  return svar_fail(SVAR_ERR_STATE,
                   "a stream of GPU %d (%s) is being captured into a graph: nothing that it is "
                   "given runs now; call again after the capture, and the graph's launch",
                   device->ordinal, device->name);
}

// The event may be given back at once: the driver keeps it until what waits for it has gone on.
static svari_cu_result_t
wait_for(const svari_driver_calls_t *calls, svari_cu_stream_t stream, svari_cu_stream_t other)
{
  svari_cu_event_t event = NULL;
  svari_cu_result_t result = calls->cuEventCreate(&event, SVARI_CU_EVENT_DISABLE_TIMING);
  if (result != SVARI_CU_SUCCESS) {
    return result;
  }
  result = calls->cuEventRecord(event, other);
  if (result == SVARI_CU_SUCCESS) {
    result = calls->cuStreamWaitEvent(stream, event, 0);
  }
  calls->cuEventDestroy(event);
  return result;
}

svar_ret_t
svari_stream_follow(const svari_stream_t *stream, svari_cu_stream_t other)
{
  const svari_device_t *device = stream->device;
  SVAR_TRY(svari_device_enter(device));
  svar_ret_t ret = check_caller_stream(device, other);
  if (ret == SVAR_OK) {
    ret = svari_driver_result(
        device->driver, wait_for(&device->driver->calls, stream->stream, other),
        "making a stream of GPU %d (%s) wait for another", device->ordinal, device->name);
  }
  svari_device_leave(device);
  return ret;
}

// --- state -----------------------------------------------------------------------------------------------

static svari_cu_result_t
query(const svari_stream_t *stream)
{
  const svari_device_t *device = stream->device;
  svari_cu_result_t result = SVARI_CU_NOT_READY;
  if (svari_device_try_enter(device)) {
    result = device->driver->calls.cuStreamQuery(stream->stream);
    svari_device_leave(device);
  }
  return result;
}

bool
svari_stream_is_idle(const svari_stream_t *stream)
{
  return query(stream) == SVARI_CU_SUCCESS;
}

bool
svari_stream_is_lost(const svari_stream_t *stream)
{
  return svari_driver_is_final(query(stream));
}
