// Streams of the stand-in driver: a thread each, which does its work some time after it was enqueued.
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fakes/driver/fake_driver.h"

// --- events ------------------------------------------------------------------------------------------------

// A wait is for the record that was the latest when the wait was enqueued.
struct CUevent_st {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int references; // the handle's, and one for each piece of work that names it
  uint64_t recorded;
  uint64_t done;
};

static void
event_unref(svari_cu_event_t event)
{
  pthread_mutex_lock(&event->lock);
  bool is_last = --event->references == 0;
  pthread_mutex_unlock(&event->lock);
  if (is_last) {
    pthread_cond_destroy(&event->changed);
    pthread_mutex_destroy(&event->lock);
    free(event);
  }
}

svari_cu_result_t
cuEventCreate(svari_cu_event_t *out_event, unsigned flags)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  svari_cu_event_t event = calloc(1, sizeof(*event));
  if (event == NULL || flags != SVARI_CU_EVENT_DISABLE_TIMING) {
    free(event);
    return SVARI_CU_INVALID_VALUE;
  }
  pthread_mutex_init(&event->lock, NULL);
  pthread_cond_init(&event->changed, NULL);
  event->references = 1;
  fake_count(1);
  *out_event = event;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuEventDestroy(svari_cu_event_t event)
{
  FAKE_TRY(fake_enter(__func__));
  event_unref(event);
  fake_count(-1);
  return SVARI_CU_SUCCESS;
}

// --- work --------------------------------------------------------------------------------------------------

typedef enum work_kind {
  TO_DEVICE,
  TO_HOST,
  WITHIN_DEVICE,
  FILL,
  RECORD,
  WAIT,
  CALL,
  LAUNCH
} work_kind_t;

typedef struct work {
  struct work *next;
  work_kind_t kind;
  svari_cu_address_t to, from;
  const void *host_from;
  void *host_to;
  fake_registration_t *held; // of the host's memory
  size_t size_bytes;
  unsigned char byte;
  svari_cu_event_t event;
  uint64_t record;
  svari_cu_host_function_t function;
  void *context;
  const fake_kernel_t *kernel;
  void *parameters;
  unsigned blocks, threads;
} work_t;

struct CUstream_st {
  int device;
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  work_t *first;
  work_t **last;
  uint64_t enqueued, finished;
  bool is_ending;
  unsigned seed;
};

// False: the device may not access the bytes so.
static bool
move(int device, const work_t *work)
{
  bool is_read = work->kind == TO_HOST || work->kind == WITHIN_DEVICE;
  void *to = work->kind == TO_HOST
                 ? work->host_to
                 : fake_memory_find(device, work->to, work->size_bytes, SVARI_CU_READ_WRITE);
  const void *from = is_read ? fake_memory_find(device, work->from, work->size_bytes, SVARI_CU_READ)
                             : work->host_from;
  if (to == NULL || (is_read && from == NULL)) {
    return false;
  }
  if (work->kind == FILL) {
    memset(to, work->byte, work->size_bytes);
  } else {
    memmove(to, from, work->size_bytes);
  }
  return true;
}

static void
record(const work_t *work)
{
  pthread_mutex_lock(&work->event->lock);
  if (work->record > work->event->done) {
    work->event->done = work->record;
  }
  pthread_cond_broadcast(&work->event->changed);
  pthread_mutex_unlock(&work->event->lock);
  event_unref(work->event);
}

static void
wait_for(const work_t *work)
{
  pthread_mutex_lock(&work->event->lock);
  while (work->event->done < work->record) {
    pthread_cond_wait(&work->event->changed, &work->event->lock);
  }
  pthread_mutex_unlock(&work->event->lock);
  event_unref(work->event);
}

// Events go on after an error, so that nobody waits for ever; nothing else does.
static void
run(int device, work_t *work)
{
  if (work->kind == RECORD) {
    record(work);
  } else if (work->kind == WAIT) {
    wait_for(work);
  } else if (fake_device_error(device) != SVARI_CU_SUCCESS) {
    return;
  } else if (work->kind == CALL) {
    fake_device_in_host_function(true);
    work->function(work->context);
    fake_device_in_host_function(false);
  } else if (work->kind == LAUNCH
                 ? !work->kernel->run(device, work->parameters, work->blocks, work->threads)
                 : !move(device, work)) {
    fake_device_break(device, SVARI_CU_ILLEGAL_ADDRESS);
  }
}

// The next piece of work, or NULL when the stream ends and has none.
static work_t *
take(svari_cu_stream_t stream)
{
  pthread_mutex_lock(&stream->lock);
  while (stream->first == NULL && !stream->is_ending) {
    pthread_cond_wait(&stream->changed, &stream->lock);
  }
  work_t *work = stream->first;
  if (work != NULL) {
    stream->first = work->next;
    stream->last = stream->first == NULL ? &stream->first : stream->last;
  }
  pthread_mutex_unlock(&stream->lock);
  return work;
}

static void *
work_through(void *argument)
{
  svari_cu_stream_t stream = argument;
  for (work_t *work = take(stream); work != NULL; work = take(stream)) {
    int most_us = fake_delay_us();
    if (most_us > 0) {
      usleep((useconds_t)(rand_r(&stream->seed) % most_us));
    }
    run(stream->device, work);
    fake_memory_let_go_host(work->held);
    free(work->parameters);
    free(work);
    pthread_mutex_lock(&stream->lock);
    stream->finished++;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->lock);
  }
  return NULL;
}

static svari_cu_result_t
enqueue(svari_cu_stream_t stream, const work_t *work)
{
  work_t *copy = malloc(sizeof(*copy));
  if (stream == NULL || copy == NULL) { // the default stream is nobody's business here
    free(copy);
    return SVARI_CU_INVALID_HANDLE;
  }
  *copy = *work;
  pthread_mutex_lock(&stream->lock);
  *stream->last = copy;
  stream->last = &copy->next;
  stream->enqueued++;
  pthread_cond_broadcast(&stream->changed);
  pthread_mutex_unlock(&stream->lock);
  return SVARI_CU_SUCCESS;
}

// --- streams -----------------------------------------------------------------------------------------------

svari_cu_result_t
cuStreamCreate(svari_cu_stream_t *out_stream, unsigned flags)
{
  static _Atomic unsigned seed = 1;
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  svari_cu_stream_t stream = calloc(1, sizeof(*stream));
  if (stream == NULL || flags != SVARI_CU_STREAM_NON_BLOCKING) {
    free(stream);
    return SVARI_CU_INVALID_VALUE;
  }
  stream->device = device;
  stream->last = &stream->first;
  stream->seed = seed++;
  pthread_mutex_init(&stream->lock, NULL);
  pthread_cond_init(&stream->changed, NULL);
  if (pthread_create(&stream->thread, NULL, work_through, stream) != 0) {
    free(stream);
    return SVARI_CU_OPERATING_SYSTEM;
  }
  fake_count(1);
  *out_stream = stream;
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuStreamDestroy(svari_cu_stream_t stream)
{
  FAKE_TRY(fake_enter(__func__));
  pthread_mutex_lock(&stream->lock);
  stream->is_ending = true;
  pthread_cond_broadcast(&stream->changed);
  pthread_mutex_unlock(&stream->lock);
  pthread_join(stream->thread, NULL);
  pthread_cond_destroy(&stream->changed);
  pthread_mutex_destroy(&stream->lock);
  free(stream);
  fake_count(-1);
  return SVARI_CU_SUCCESS;
}

svari_cu_result_t
cuStreamSynchronize(svari_cu_stream_t stream)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  if (stream == NULL) {
    return SVARI_CU_INVALID_HANDLE;
  }
  pthread_mutex_lock(&stream->lock);
  uint64_t until = stream->enqueued;
  while (stream->finished < until) {
    pthread_cond_wait(&stream->changed, &stream->lock);
  }
  pthread_mutex_unlock(&stream->lock);
  return fake_device_error(device);
}

svari_cu_result_t
cuStreamQuery(svari_cu_stream_t stream)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  if (stream == NULL) {
    return SVARI_CU_INVALID_HANDLE;
  }
  pthread_mutex_lock(&stream->lock);
  bool is_over = stream->finished == stream->enqueued;
  pthread_mutex_unlock(&stream->lock);
  return is_over ? SVARI_CU_SUCCESS : SVARI_CU_NOT_READY;
}

// The default streams, of the device and of the thread, by the numbers that the driver gives them: nobody can enqueue
// work there, so what waits for them need not.
static bool
is_default(svari_cu_stream_t stream)
{
  return (uintptr_t)stream == 1 || (uintptr_t)stream == 2;
}

static _Atomic(const void *) captured;

void
fake_stream_capture(const void *stream)
{
  captured = stream;
}

const void *
fake_stream_captured(void)
{
  return captured;
}

svari_cu_result_t
cuStreamIsCapturing(svari_cu_stream_t stream, svari_cu_capture_t *out_capture)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  if (captured != NULL && (uintptr_t)stream == 1) { // as if the default stream waited for that one
    return SVARI_CU_CAPTURE_IMPLICIT;
  }
  *out_capture = stream != NULL && captured == stream;
  return SVARI_CU_SUCCESS;
}

static svari_cu_result_t
submit(const char *call, svari_cu_stream_t stream, const work_t *work)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(call, &device));
  return enqueue(stream, work);
}

// Of a copy between the device and the host.
static svari_cu_result_t
submit_host(const char *call, svari_cu_stream_t stream, work_t *work, const void *host)
{
  FAKE_TRY(fake_memory_hold_host(host, work->size_bytes, &work->held));
  svari_cu_result_t result = submit(call, stream, work);
  if (result != SVARI_CU_SUCCESS) {
    fake_memory_let_go_host(work->held);
  }
  return result;
}

svari_cu_result_t
cuMemcpyHtoDAsync(svari_cu_address_t to, const void *from, size_t size_bytes,
                  svari_cu_stream_t stream)
{
  work_t work = {.kind = TO_DEVICE, .to = to, .host_from = from, .size_bytes = size_bytes};
  return submit_host(__func__, stream, &work, from);
}

svari_cu_result_t
cuMemcpyDtoHAsync(void *to, svari_cu_address_t from, size_t size_bytes, svari_cu_stream_t stream)
{
  work_t work = {.kind = TO_HOST, .host_to = to, .from = from, .size_bytes = size_bytes};
  return submit_host(__func__, stream, &work, to);
}

svari_cu_result_t
cuMemcpyDtoDAsync(svari_cu_address_t to, svari_cu_address_t from, size_t size_bytes,
                  svari_cu_stream_t stream)
{
  return submit(__func__, stream,
                &(work_t){.kind = WITHIN_DEVICE, .to = to, .from = from, .size_bytes = size_bytes});
}

svari_cu_result_t
cuMemsetD8Async(svari_cu_address_t to, unsigned char byte, size_t size_bytes,
                svari_cu_stream_t stream)
{
  return submit(__func__, stream,
                &(work_t){.kind = FILL, .to = to, .byte = byte, .size_bytes = size_bytes});
}

svari_cu_result_t
cuLaunchHostFunc(svari_cu_stream_t stream, svari_cu_host_function_t function, void *context)
{
  return submit(__func__, stream,
                &(work_t){.kind = CALL, .function = function, .context = context});
}

// Takes a reference to the event for the work, which may be done, and have given it back, on return.
static svari_cu_result_t
submit_event(svari_cu_stream_t stream, svari_cu_event_t event, work_kind_t kind)
{
  pthread_mutex_lock(&event->lock);
  if (kind == RECORD && is_default(stream)) {
    event->done = ++event->recorded;
    pthread_mutex_unlock(&event->lock);
    return SVARI_CU_SUCCESS;
  }
  event->references++;
  event->recorded += kind == RECORD;
  uint64_t number = event->recorded;
  pthread_mutex_unlock(&event->lock);
  svari_cu_result_t result =
      enqueue(stream, &(work_t){.kind = kind, .event = event, .record = number});
  if (result != SVARI_CU_SUCCESS) {
    event_unref(event);
  }
  return result;
}

svari_cu_result_t
cuEventRecord(svari_cu_event_t event, svari_cu_stream_t stream)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  return submit_event(stream, event, RECORD);
}

svari_cu_result_t
cuStreamWaitEvent(svari_cu_stream_t stream, svari_cu_event_t event, unsigned flags)
{
  int device = 0;
  FAKE_TRY(fake_enter_context(__func__, &device));
  return flags == 0 ? submit_event(stream, event, WAIT) : SVARI_CU_INVALID_VALUE;
}

svari_cu_result_t
fake_stream_launch(svari_cu_stream_t stream, const fake_kernel_t *kernel, void *copy,
                   unsigned blocks, unsigned threads)
{
  svari_cu_result_t result = enqueue(stream, &(work_t){.kind = LAUNCH,
                                                       .kernel = kernel,
                                                       .parameters = copy,
                                                       .blocks = blocks,
                                                       .threads = threads});
  if (result != SVARI_CU_SUCCESS) {
    free(copy);
  }
  return result;
}
