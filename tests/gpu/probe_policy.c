// What a step of a walking policy takes, of the sizes of a Unitree G1's, by the public calls: an observation in, an
// LSTM and two layers, an action out, and waiting for it. Its weights are zeros, which take the same time.
#include <stdlib.h>

#include "shared_variable/gpu_queue.h"
#include "tests/gpu/probe.h"
#include "tests/gpu/report.h"

enum { OBSERVATION = 47, HIDDEN = 64, ACTOR = 32, ACTION = 12, STEPS = 500, WARM_UP = 10 };

// In the order of what a step reads and writes; the last two are the host's.
enum {
  WEIGHT_IN,
  WEIGHT_HIDDEN,
  BIAS_IN,
  BIAS_HIDDEN,
  ACTOR_WEIGHT,
  ACTOR_BIAS,
  ACTION_WEIGHT,
  ACTION_BIAS,
  IN,
  STATE,
  CELL,
  NEXT_STATE,
  NEXT_CELL,
  BETWEEN,
  OUT,
  DEVICE_COUNT,
  HOST_IN = DEVICE_COUNT,
  HOST_OUT,
  COUNT
};
static int64_t shapes[COUNT][2] = {
    [WEIGHT_IN] = {4 * HIDDEN, OBSERVATION},
    [WEIGHT_HIDDEN] = {4 * HIDDEN, HIDDEN},
    [BIAS_IN] = {4 * HIDDEN},
    [BIAS_HIDDEN] = {4 * HIDDEN},
    [ACTOR_WEIGHT] = {ACTOR, HIDDEN},
    [ACTOR_BIAS] = {ACTOR},
    [ACTION_WEIGHT] = {ACTION, ACTOR},
    [ACTION_BIAS] = {ACTION},
    [IN] = {OBSERVATION},
    [STATE] = {HIDDEN},
    [CELL] = {HIDDEN},
    [NEXT_STATE] = {HIDDEN},
    [NEXT_CELL] = {HIDDEN},
    [BETWEEN] = {ACTOR},
    [OUT] = {ACTION},
    [HOST_IN] = {OBSERVATION},
    [HOST_OUT] = {ACTION},
};

typedef struct policy {
  svar_gpu_queue_t *queue;
  DLTensor tensors[COUNT];
} policy_t;

enum { TENSOR_BYTES = 4 * HIDDEN * HIDDEN * 4 }; // room for the largest

static void
place(policy_t *policy)
{
  char *device = svar_gpu_queue_device_memory(policy->queue);
  char *host = svar_gpu_queue_host_memory(policy->queue);
  for (int i = 0; i < COUNT; ++i) {
    bool is_on_host = i >= DEVICE_COUNT;
    policy->tensors[i] = (DLTensor){.data = is_on_host ? host + (i - DEVICE_COUNT) * TENSOR_BYTES
                                                       : device + i * TENSOR_BYTES,
                                    .device = {is_on_host ? kDLCPU : kDLCUDA, 0},
                                    .ndim = shapes[i][1] != 0 ? 2 : 1,
                                    .dtype = SVAR_FLOAT32,
                                    .shape = shapes[i]};
  }
}

static svar_ret_t
clear(policy_t *policy)
{
  for (int i = 0; i < DEVICE_COUNT; ++i) {
    SVAR_TRY(svar_gpu_queue_zero(policy->queue, &policy->tensors[i]));
  }
  return svar_gpu_queue_wait(policy->queue);
}

static svar_ret_t
step(policy_t *policy)
{
  const DLTensor *t = policy->tensors;
  const svar_gpu_lstm_t lstm = {&t[WEIGHT_IN], &t[WEIGHT_HIDDEN], &t[BIAS_IN], &t[BIAS_HIDDEN]};
  const svar_gpu_lstm_state_t from = {&t[STATE], &t[CELL]}, to = {&t[NEXT_STATE], &t[NEXT_CELL]};
  SVAR_TRY(svar_gpu_queue_copy(policy->queue, &t[IN], &t[HOST_IN]));
  SVAR_TRY(svar_gpu_queue_lstm(policy->queue, &lstm, &t[IN], &from, &to));
  SVAR_TRY(svar_gpu_queue_dense(policy->queue, &t[ACTOR_WEIGHT], &t[ACTOR_BIAS],
                                SVAR_ACTIVATION_ELU, &t[NEXT_STATE], &t[BETWEEN]));
  SVAR_TRY(svar_gpu_queue_dense(policy->queue, &t[ACTION_WEIGHT], &t[ACTION_BIAS],
                                SVAR_ACTIVATION_NONE, &t[BETWEEN], &t[OUT]));
  SVAR_TRY(svar_gpu_queue_copy(policy->queue, &t[HOST_OUT], &t[OUT]));
  return svar_gpu_queue_wait(policy->queue);
}

static int
compare(const void *left, const void *right)
{
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static void
measure(policy_t *policy)
{
  static double took_us[STEPS];
  for (int i = -WARM_UP; i < STEPS; ++i) {
    double start = report_now_us();
    if (!report_call(step(policy), "a policy's step")) {
      return;
    }
    took_us[i < 0 ? 0 : i] = report_now_us() - start;
  }
  qsort(took_us, STEPS, sizeof(took_us[0]), compare);
  report_fact("a policy's step, of a Unitree G1's sizes",
              "%.1f us p50, %.1f us p99, %.1f us at most", took_us[STEPS / 2],
              took_us[STEPS - STEPS / 100], took_us[STEPS - 1]);
}

void
probe_policy(void)
{
  policy_t policy = {0};
  if (report_call(svar_gpu_queue_create(0, DEVICE_COUNT * TENSOR_BYTES,
                                        (COUNT - DEVICE_COUNT) * TENSOR_BYTES, &policy.queue),
                  "making a queue of work")) {
    place(&policy);
    if (report_call(clear(&policy), "clearing a policy's memory")) {
      measure(&policy);
    }
  }
  svar_gpu_queue_destroy(policy.queue);
}
