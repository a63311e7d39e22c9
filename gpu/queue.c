// What the public calls add to streams and kernels: memory to work in, and a look at every tensor.
#include "shared_variable/gpu_queue.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu/host_pages.h"
#include "gpu/kernels.h"
#include "gpu/memory.h"
#include "gpu/stream.h"

struct svar_gpu_queue {
  svari_device_t *device;
  svari_stream_t stream;
  svari_memory_t *memory;
  void *host_memory;
  uint64_t host_bytes; // whole pages
  bool is_host_registered;
};

// --- life ------------------------------------------------------------------------------------------------

// Shared with the children of a fork: of private pages the first of the two that writes one gets another, and the GPU
// would go on with the old.
static svar_ret_t
make_host_memory(svar_gpu_queue_t *queue, uint64_t size_bytes)
{
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  queue->host_bytes = (size_bytes + page - 1) & ~(page - 1);
  void *map = mmap(NULL, queue->host_bytes, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (map == MAP_FAILED) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for %llu bytes that GPU %d copies from and to",
                     (unsigned long long)size_bytes, queue->device->ordinal);
  }
  queue->host_memory = map;
  SVAR_TRY(svari_host_pages_register(queue->device, map, queue->host_bytes));
  queue->is_host_registered = true;
  return SVAR_OK;
}

static svar_ret_t
set_up(svar_gpu_queue_t *queue, int32_t gpu, uint64_t device_bytes, uint64_t host_bytes)
{
  SVAR_TRY(svari_device_open(gpu, NULL, &queue->device));
  SVAR_TRY(svari_stream_init(&queue->stream, queue->device));
  SVAR_TRY(svari_memory_create(queue->device, 1, device_bytes, &queue->memory));
  return make_host_memory(queue, host_bytes);
}

svar_ret_t
svar_gpu_queue_create(int32_t gpu, uint64_t device_bytes, uint64_t host_bytes,
                      svar_gpu_queue_t **out_queue)
{
  SVAR_REQUIRE(device_bytes > 0 && host_bytes > 0 && out_queue != NULL);
  svar_gpu_queue_t *queue = calloc(1, sizeof(*queue));
  if (queue == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a queue of work on GPU %d", gpu);
  }
  svar_ret_t ret = set_up(queue, gpu, device_bytes, host_bytes);
  if (ret != SVAR_OK) {
    svar_gpu_queue_destroy(queue);
    return ret;
  }
  *out_queue = queue;
  return SVAR_OK;
}

// Copes with half-built queues.
void
svar_gpu_queue_destroy(svar_gpu_queue_t *queue)
{
  if (queue == NULL) {
    return;
  }
  svari_stream_fini(&queue->stream);
  svari_memory_destroy(queue->memory);
  if (queue->is_host_registered) {
    svari_host_pages_unregister(queue->device, queue->host_memory);
  }
  if (queue->host_memory != NULL) {
    munmap(queue->host_memory, queue->host_bytes);
  }
  svari_device_close(queue->device);
  free(queue);
}

void *
svar_gpu_queue_device_memory(const svar_gpu_queue_t *queue)
{
  return (void *)(uintptr_t)queue->memory->address;
}

void *
svar_gpu_queue_host_memory(const svar_gpu_queue_t *queue)
{
  return queue->host_memory;
}

// A device that fails for good does no more work. One that only failed to wait may be at it still, and waits now.
svar_ret_t
svar_gpu_queue_wait(svar_gpu_queue_t *queue)
{
  SVAR_REQUIRE(queue != NULL);
  svar_ret_t ret = svari_stream_synchronize(&queue->stream);
  if (ret != SVAR_OK) {
    (void)svari_stream_synchronize(&queue->stream);
  }
  return ret;
}

// --- tensors -----------------------------------------------------------------------------------------------

static bool
is_here(const svar_gpu_queue_t *queue, const DLTensor *tensor)
{
  return tensor->device.device_type == kDLCUDA &&
         tensor->device.device_id == queue->device->ordinal;
}

static bool
is_on_host(const DLTensor *tensor)
{
  return tensor->device.device_type == kDLCPU;
}

static svari_cu_address_t
address_of(const DLTensor *tensor)
{
  return (svari_cu_address_t)(uintptr_t)tensor->data + tensor->byte_offset;
}

static void *
pointer_of(const DLTensor *tensor)
{
  return (char *)tensor->data + tensor->byte_offset;
}

static bool
has_shape(const DLTensor *tensor, int32_t ndim, const int64_t *shape)
{
  return tensor->ndim == ndim &&
         (ndim == 0 || memcmp(tensor->shape, shape, (size_t)ndim * sizeof(*shape)) == 0);
}

static bool
is_compact(const DLTensor *tensor)
{
  int64_t step = 1;
  for (int32_t axis = tensor->ndim - 1; tensor->strides != NULL && axis >= 0; axis--) {
    if (tensor->shape[axis] != 1 && tensor->strides[axis] != step) {
      return false;
    }
    step *= tensor->shape[axis];
  }
  return true;
}

// A call as its sentences tell of it.
typedef struct call {
  const svar_gpu_queue_t *queue;
  const char *name;
  char basis[128]; // of which of its arguments the shapes of the others follow, and how
} call_t;

// The argument is the caller's name of the tensor; the format tells what would have been taken.
static svar_ret_t refuse(const call_t *call, const char *argument, const DLTensor *tensor,
                         const char *format, ...) SVAR_PRINTF(4, 5);

static svar_ret_t
refuse(const call_t *call, const char *argument, const DLTensor *tensor, const char *format, ...)
{
  char wanted[2 * SVAR_TYPE_TEXT_BYTES], shape[SVAR_TYPE_TEXT_BYTES];
  char place[32] = "on another device";
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(wanted, sizeof(wanted), format, arguments);
  va_end(arguments);
  if (is_on_host(tensor)) {
    snprintf(place, sizeof(place), "in the host");
  } else if (tensor->device.device_type == kDLCUDA) {
    snprintf(place, sizeof(place), "on GPU %d", tensor->device.device_id);
  }
  return svar_fail(SVAR_ERR_TYPE, "%s(): '%s' is %s of shape %s, %s, %s; expected: %s", call->name,
                   argument, svar_dtype_name(tensor->dtype),
                   svar_shape_text(tensor->ndim, tensor->shape, shape, sizeof(shape)),
                   is_compact(tensor) ? "compact" : "not compact", place, wanted);
}

static svar_ret_t
check_given(const call_t *call, const char *argument, const DLTensor *tensor)
{
  return tensor != NULL ? SVAR_OK
                        : svar_fail(SVAR_ERR_ARGUMENT, "%s(): '%s' is NULL", call->name, argument);
}

static bool
is_floats(const svar_gpu_queue_t *queue, const DLTensor *tensor)
{
  return is_here(queue, tensor) && svar_dtype_equal(tensor->dtype, SVAR_FLOAT32) &&
         is_compact(tensor);
}

// Float32 on the queue's GPU, of a shape that the others follow from: of that rank, and not empty.
static svar_ret_t
check_basis(const call_t *call, const char *argument, const DLTensor *tensor, int32_t ndim)
{
  SVAR_TRY(check_given(call, argument, tensor));
  bool fits = tensor->ndim == ndim && is_floats(call->queue, tensor);
  for (int32_t axis = 0; fits && axis < ndim; axis++) {
    fits = tensor->shape[axis] > 0;
  }
  return fits ? SVAR_OK
              : refuse(call, argument, tensor, "float32 of rank %d, not empty, compact, on GPU %d",
                       ndim, call->queue->device->ordinal);
}

// A vector (columns 0) or a matrix of float32 on the queue's GPU.
static svar_ret_t
check_floats(const call_t *call, const char *argument, const DLTensor *tensor, int64_t rows,
             int64_t columns)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  const int64_t shape[] = {rows, columns};
  int32_t ndim = columns == 0 ? 1 : 2;
  SVAR_TRY(check_given(call, argument, tensor));
  return is_floats(call->queue, tensor) && has_shape(tensor, ndim, shape)
             ? SVAR_OK
             : refuse(call, argument, tensor, "float32 of shape %s, compact, on GPU %d (%s)",
                      svar_shape_text(ndim, shape, text, sizeof(text)),
                      call->queue->device->ordinal, call->basis);
}

// --- work --------------------------------------------------------------------------------------------------

static svar_ret_t
check_copy(const call_t *call, const char *argument, const DLTensor *tensor, const DLTensor *like)
{
  char text[SVAR_TYPE_TEXT_BYTES];
  return (is_here(call->queue, tensor) || is_on_host(tensor)) && is_compact(tensor) &&
                 svar_dtype_equal(tensor->dtype, like->dtype) &&
                 has_shape(tensor, like->ndim, like->shape)
             ? SVAR_OK
             : refuse(call, argument, tensor,
                      "%s of shape %s, as the other's, compact, on GPU %d or in the host",
                      svar_dtype_name(like->dtype),
                      svar_shape_text(like->ndim, like->shape, text, sizeof(text)),
                      call->queue->device->ordinal);
}

svar_ret_t
svar_gpu_queue_copy(svar_gpu_queue_t *queue, const DLTensor *to, const DLTensor *from)
{
  SVAR_REQUIRE(queue != NULL && to != NULL && from != NULL);
  uint64_t size_bytes;
  const call_t call = {.queue = queue, .name = __func__};
  SVAR_TRY(check_copy(&call, "from", from, to));
  SVAR_TRY(check_copy(&call, "to", to, from));
  SVAR_TRY(svar_shape_bytes(to->dtype, to->ndim, to->shape, &size_bytes));
  SVAR_REQUIRE(!is_on_host(from) || !is_on_host(to));
  if (is_on_host(from)) {
    return svari_stream_to_device(&queue->stream, address_of(to), pointer_of(from), size_bytes);
  }
  return is_on_host(to)
             ? svari_stream_to_host(&queue->stream, pointer_of(to), address_of(from), size_bytes)
             : svari_stream_within_device(&queue->stream, address_of(to), address_of(from),
                                          size_bytes);
}

svar_ret_t
svar_gpu_queue_zero(svar_gpu_queue_t *queue, const DLTensor *to)
{
  SVAR_REQUIRE(queue != NULL && to != NULL);
  uint64_t size_bytes;
  if (!is_here(queue, to) || !is_compact(to)) {
    const call_t call = {.queue = queue, .name = __func__};
    return refuse(&call, "to", to, "compact, on GPU %d", queue->device->ordinal);
  }
  SVAR_TRY(svar_shape_bytes(to->dtype, to->ndim, to->shape, &size_bytes));
  return svari_stream_zero(&queue->stream, address_of(to), size_bytes);
}

svar_ret_t
svar_gpu_queue_dense(svar_gpu_queue_t *queue, const DLTensor *weight, const DLTensor *bias,
                     svar_activation_t activation, const DLTensor *in, const DLTensor *out)
{
  static_assert((int)SVAR_ACTIVATION_NONE == SVARI_KERNEL_LINEAR &&
                    (int)SVAR_ACTIVATION_RELU == SVARI_KERNEL_RELU &&
                    (int)SVAR_ACTIVATION_ELU == SVARI_KERNEL_ELU &&
                    (int)SVAR_ACTIVATION_TANH == SVARI_KERNEL_TANH,
                "the kernels count as the header does");
  SVAR_REQUIRE(queue != NULL && (unsigned)activation <= SVAR_ACTIVATION_TANH);
  call_t call = {.queue = queue, .name = __func__};
  SVAR_TRY(check_basis(&call, "weight", weight, 2));
  int64_t rows = weight->shape[0], columns = weight->shape[1];
  snprintf(call.basis, sizeof(call.basis), "'weight' has %lld rows and %lld columns",
           (long long)rows, (long long)columns);
  SVAR_TRY(check_floats(&call, "bias", bias, rows, 0));
  SVAR_TRY(check_floats(&call, "in", in, columns, 0));
  SVAR_TRY(check_floats(&call, "out", out, rows, 0));
  svari_kernel_dense_t layer = {.weight = address_of(weight),
                                .bias = address_of(bias),
                                .rows = (uint64_t)rows,
                                .columns = (uint64_t)columns,
                                .activation = (int32_t)activation};
  return svari_kernels_dense(&queue->stream, &layer, address_of(in), address_of(out));
}

static svar_ret_t
check_weights(const call_t *call, const svar_gpu_lstm_t *weights, int64_t inputs, int64_t units)
{
  int64_t rows = 4 * units;
  SVAR_TRY(check_floats(call, "weights->weight_in", weights->weight_in, rows, inputs));
  SVAR_TRY(check_floats(call, "weights->weight_hidden", weights->weight_hidden, rows, units));
  SVAR_TRY(check_floats(call, "weights->bias_in", weights->bias_in, rows, 0));
  return check_floats(call, "weights->bias_hidden", weights->bias_hidden, rows, 0);
}

svar_ret_t
svar_gpu_queue_lstm(svar_gpu_queue_t *queue, const svar_gpu_lstm_t *weights, const DLTensor *in,
                    const svar_gpu_lstm_state_t *from, const svar_gpu_lstm_state_t *to)
{
  SVAR_REQUIRE(queue != NULL && weights != NULL && from != NULL && to != NULL);
  call_t call = {.queue = queue, .name = __func__};
  SVAR_TRY(check_basis(&call, "in", in, 1));
  SVAR_TRY(check_basis(&call, "from->hidden", from->hidden, 1));
  int64_t inputs = in->shape[0], units = from->hidden->shape[0];
  SVAR_REQUIRE(units <= INT64_MAX / 4);
  snprintf(call.basis, sizeof(call.basis), "'in' has %lld inputs and 'from->hidden' %lld units",
           (long long)inputs, (long long)units);
  SVAR_TRY(check_weights(&call, weights, inputs, units));
  SVAR_TRY(check_floats(&call, "from->cell", from->cell, units, 0));
  SVAR_TRY(check_floats(&call, "to->hidden", to->hidden, units, 0));
  SVAR_TRY(check_floats(&call, "to->cell", to->cell, units, 0));
  svari_kernel_lstm_t layer = {.weight_in = address_of(weights->weight_in),
                               .weight_hidden = address_of(weights->weight_hidden),
                               .bias_in = address_of(weights->bias_in),
                               .bias_hidden = address_of(weights->bias_hidden),
                               .inputs = (uint64_t)inputs,
                               .units = (uint64_t)units};
  return svari_kernels_lstm(
      &queue->stream, &layer, address_of(in),
      (svari_kernel_lstm_state_t){address_of(from->hidden), address_of(from->cell)},
      (svari_kernel_lstm_state_t){address_of(to->hidden), address_of(to->cell)});
}
