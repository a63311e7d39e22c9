// The network on a GPU, on weights that lie there: an observation goes in and an action comes out, nothing else is
// copied. State and scratch are in the memory of its queue.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy_network_impl.h"
#include "shared_variable/gpu_queue.h"

// A vector in the queue's memory.
typedef struct vector {
  DLTensor tensor;
  int64_t length;
} vector_t;

// What check_finite() looks at: each matrix with its bias.
static const struct {
  int weight, bias;
} layers[] = {
    {SVARI_POLICY_WEIGHT_IH, SVARI_POLICY_BIAS_IH},
    {SVARI_POLICY_WEIGHT_HH, SVARI_POLICY_BIAS_HH},
    {SVARI_POLICY_ACTOR_0_WEIGHT, SVARI_POLICY_ACTOR_0_BIAS},
    {SVARI_POLICY_ACTOR_2_WEIGHT, SVARI_POLICY_ACTOR_2_BIAS},
};
enum { LAYER_COUNT = sizeof(layers) / sizeof(layers[0]) };

typedef struct gpu_network {
  svari_policy_network_t base;
  svar_gpu_queue_t *queue;
  vector_t hidden[2], cell[2]; // the state, and where the next step leaves the next
  int now;                     // which of the two is the state
  vector_t observation, actor, action;
  vector_t zeros[LAYER_COUNT],
      sums[LAYER_COUNT]; // of check_finite(): what goes into layers, and comes out
  // Of the host, which the GPU copies from and to.
  vector_t host_observation, host_action, host_sums[LAYER_COUNT];
} gpu_network_t;

// --- steps -----------------------------------------------------------------------------------------

static svar_ret_t
enqueue_step(gpu_network_t *network, const DLTensor *const weights[])
{
  svar_gpu_queue_t *queue = network->queue;
  int now = network->now, next = 1 - now;
  const svar_gpu_lstm_t memory = {.weight_in = weights[SVARI_POLICY_WEIGHT_IH],
                                  .weight_hidden = weights[SVARI_POLICY_WEIGHT_HH],
                                  .bias_in = weights[SVARI_POLICY_BIAS_IH],
                                  .bias_hidden = weights[SVARI_POLICY_BIAS_HH]};
  const svar_gpu_lstm_state_t from = {&network->hidden[now].tensor, &network->cell[now].tensor};
  const svar_gpu_lstm_state_t to = {&network->hidden[next].tensor, &network->cell[next].tensor};
  SVAR_TRY(
      svar_gpu_queue_copy(queue, &network->observation.tensor, &network->host_observation.tensor));
  SVAR_TRY(svar_gpu_queue_lstm(queue, &memory, &network->observation.tensor, &from, &to));
  SVAR_TRY(svar_gpu_queue_dense(queue, weights[SVARI_POLICY_ACTOR_0_WEIGHT],
                                weights[SVARI_POLICY_ACTOR_0_BIAS], SVAR_ACTIVATION_ELU, to.hidden,
                                &network->actor.tensor));
  SVAR_TRY(svar_gpu_queue_dense(queue, weights[SVARI_POLICY_ACTOR_2_WEIGHT],
                                weights[SVARI_POLICY_ACTOR_2_BIAS], SVAR_ACTIVATION_NONE,
                                &network->actor.tensor, &network->action.tensor));
  return svar_gpu_queue_copy(queue, &network->host_action.tensor, &network->action.tensor);
}

// The weights are their owner's again on return: what was enqueued on them is waited for, whatever failed.
static svar_ret_t
finish(gpu_network_t *network, svar_ret_t ret)
{
  svar_ret_t waited = svar_gpu_queue_wait(network->queue);
  return ret != SVAR_OK ? ret : waited;
}

static svar_ret_t
gpu_step(svari_policy_network_t *self, const DLTensor *const weights[], const float *observation,
         float *out_action)
{
  gpu_network_t *network = (gpu_network_t *)self;
  memcpy(network->host_observation.tensor.data, observation,
         (size_t)self->sizes.observation * sizeof(float));
  SVAR_TRY(finish(network, enqueue_step(network, weights)));
  memcpy(out_action, network->host_action.tensor.data, (size_t)self->sizes.action * sizeof(float));
  network->now = 1 - network->now;
  return SVAR_OK;
}

static svar_ret_t
enqueue_reset(gpu_network_t *network)
{
  SVAR_TRY(svar_gpu_queue_zero(network->queue, &network->hidden[network->now].tensor));
  return svar_gpu_queue_zero(network->queue, &network->cell[network->now].tensor);
}

static svar_ret_t
gpu_reset(svari_policy_network_t *self)
{
  gpu_network_t *network = (gpu_network_t *)self;
  return finish(network, enqueue_reset(network));
}

// --- whether weights fit ---------------------------------------------------------------------------

// A product with zeros is the bias, unless a factor is infinite or not a number: then it is none.
static svar_ret_t
enqueue_check(gpu_network_t *network, const DLTensor *const weights[])
{
  for (int i = 0; i < LAYER_COUNT; i++) {
    SVAR_TRY(svar_gpu_queue_zero(network->queue, &network->zeros[i].tensor));
    SVAR_TRY(svar_gpu_queue_dense(network->queue, weights[layers[i].weight],
                                  weights[layers[i].bias], SVAR_ACTIVATION_NONE,
                                  &network->zeros[i].tensor, &network->sums[i].tensor));
    SVAR_TRY(svar_gpu_queue_copy(network->queue, &network->host_sums[i].tensor,
                                 &network->sums[i].tensor));
  }
  return SVAR_OK;
}

static svar_ret_t
gpu_check_finite(svari_policy_network_t *self, const DLTensor *const weights[])
{
  gpu_network_t *network = (gpu_network_t *)self;
  SVAR_TRY(finish(network, enqueue_check(network, weights)));
  for (int i = 0; i < LAYER_COUNT; i++) {
    const float *sums = network->host_sums[i].tensor.data;
    for (int64_t row = 0; row < network->host_sums[i].length; row++) {
      if (!isfinite(sums[row])) {
        return svar_fail(SVAR_ERR_VALUE, "'%s' or '%s' has a number in row %lld that is not finite",
                         svari_policy_weight_names[layers[i].weight],
                         svari_policy_weight_names[layers[i].bias], (long long)row);
      }
    }
  }
  return SVAR_OK;
}

// --- life ------------------------------------------------------------------------------------------

// Vectors are laid out one behind the other; at first to know how much there is of them, from address 0.
typedef struct room {
  uintptr_t memory;
  DLDevice device;
  uint64_t used_bytes;
} room_t;

static void
place(room_t *room, vector_t *vector, int64_t length)
{
  enum { ALIGNMENT = 64 };
  vector->length = length;
  vector->tensor = (DLTensor){.data = (void *)(room->memory + room->used_bytes),
                              .device = room->device,
                              .ndim = 1,
                              .dtype = SVAR_FLOAT32,
                              .shape = &vector->length};
  uint64_t bytes = (uint64_t)length * sizeof(float);
  room->used_bytes += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void
place_on_device(gpu_network_t *network, room_t *room)
{
  const svari_policy_sizes_t *sizes = &network->base.sizes;
  const int64_t inputs[LAYER_COUNT] = {sizes->observation, sizes->hidden, sizes->hidden,
                                       sizes->actor};
  for (int i = 0; i < 2; i++) {
    place(room, &network->hidden[i], sizes->hidden);
    place(room, &network->cell[i], sizes->hidden);
  }
  place(room, &network->observation, sizes->observation);
  place(room, &network->actor, sizes->actor);
  place(room, &network->action, sizes->action);
  for (int i = 0; i < LAYER_COUNT; i++) {
    place(room, &network->zeros[i], inputs[i]);
  }
}

static void
place_sums(const svari_policy_sizes_t *sizes, room_t *room, vector_t sums[LAYER_COUNT])
{
  const int64_t outputs[LAYER_COUNT] = {SVARI_POLICY_GATES * (int64_t)sizes->hidden,
                                        SVARI_POLICY_GATES * (int64_t)sizes->hidden, sizes->actor,
                                        sizes->action};
  for (int i = 0; i < LAYER_COUNT; i++) {
    place(room, &sums[i], outputs[i]);
  }
}

static void
place_all(gpu_network_t *network, room_t *device, room_t *host)
{
  const svari_policy_sizes_t *sizes = &network->base.sizes;
  place_on_device(network, device);
  place_sums(sizes, device, network->sums);
  place(host, &network->host_observation, sizes->observation);
  place(host, &network->host_action, sizes->action);
  place_sums(sizes, host, network->host_sums);
}

static void
gpu_destroy(svari_policy_network_t *self)
{
  svar_gpu_queue_destroy(((gpu_network_t *)self)->queue);
  free(self);
}

static svar_ret_t
set_up(gpu_network_t *network)
{
  DLDevice gpu = network->base.device;
  room_t device = {.device = gpu}, host = {.device = {kDLCPU, 0}};
  place_all(network, &device, &host);
  SVAR_TRY(
      svar_gpu_queue_create(gpu.device_id, device.used_bytes, host.used_bytes, &network->queue));
  device = (room_t){(uintptr_t)svar_gpu_queue_device_memory(network->queue), gpu, 0};
  host = (room_t){(uintptr_t)svar_gpu_queue_host_memory(network->queue), {kDLCPU, 0}, 0};
  place_all(network, &device, &host);
  return gpu_reset(&network->base);
}

static const svari_policy_network_ops_t gpu_ops = {
    .check_finite = gpu_check_finite,
    .reset = gpu_reset,
    .step = gpu_step,
    .destroy = gpu_destroy,
};

svar_ret_t
svari_policy_network_on_gpu(const svari_policy_sizes_t *sizes, DLDevice device,
                            svari_policy_network_t **out_network)
{
  gpu_network_t *network = calloc(1, sizeof(*network));
  if (network == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a policy network on GPU %d",
                     (int)device.device_id);
  }
  network->base = (svari_policy_network_t){&gpu_ops, *sizes, device};
  svar_ret_t ret = set_up(network);
  if (ret != SVAR_OK) {
    gpu_destroy(&network->base);
    return ret;
  }
  *out_network = &network->base;
  return SVAR_OK;
}
