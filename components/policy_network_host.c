#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policy_network_impl.h"

typedef struct host_network {
  svari_policy_network_t base;
  float *hidden, *cell;
  float *gates, *actor;
  float memory[]; // that the others point into
} host_network_t;

static const float *
floats(const DLTensor *tensor)
{
  return (const float *)((const char *)tensor->data + tensor->byte_offset);
}

// --- whether weights fit ---------------------------------------------------------------------------

static bool
are_finite(const float *numbers, int64_t count)
{
  const uint32_t exponent = 0x7f800000; // all ones: infinite, or not a number
  uint32_t is_bad = 0;
  for (int64_t i = 0; i < count; i++) { // to the end, so that it is done many at a time
    uint32_t bits;
    memcpy(&bits, &numbers[i], sizeof(bits));
    is_bad |= (bits & exponent) == exponent;
  }
  return !is_bad;
}

static svar_ret_t
host_check_finite(svari_policy_network_t *self, const DLTensor *const weights[])
{
  (void)self;
  for (int weight = 0; weight < SVARI_POLICY_WEIGHT_COUNT; weight++) {
    const DLTensor *tensor = weights[weight];
    int64_t width = tensor->ndim == 2 ? tensor->shape[1] : 1;
    for (int64_t row = 0; row < tensor->shape[0]; row++) {
      if (!are_finite(floats(tensor) + row * width, width)) {
        return svar_fail(SVAR_ERR_VALUE, "'%s' has a number in row %lld that is not finite",
                         svari_policy_weight_names[weight], (long long)row);
      }
    }
  }
  return SVAR_OK;
}

// --- steps -----------------------------------------------------------------------------------------

// out += matrix input, by the matrix's own rows and columns.
static void
add_product(const DLTensor *matrix, const float *input, float *out)
{
  int rows = (int)matrix->shape[0], columns = (int)matrix->shape[1];
  cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, columns, 1.0f, floats(matrix), columns, input, 1,
              1.0f, out, 1);
}

// out = matrix input + bias
static void
linear(const DLTensor *matrix, const DLTensor *bias, const float *input, float *out)
{
  memcpy(out, floats(bias), (size_t)bias->shape[0] * sizeof(float));
  add_product(matrix, input, out);
}

static float
sigmoid(float x)
{
  return 1.0f / (1.0f + expf(-x));
}

static void
memory_step(host_network_t *network, const DLTensor *const weights[], const float *observation)
{
  size_t count = (size_t)network->base.sizes.hidden;
  float *gates = network->gates, *hidden = network->hidden, *cell = network->cell;
  linear(weights[SVARI_POLICY_WEIGHT_IH], weights[SVARI_POLICY_BIAS_IH], observation, gates);
  const float *bias_hh = floats(weights[SVARI_POLICY_BIAS_HH]);
  for (size_t i = 0; i < SVARI_POLICY_GATES * count; i++) {
    gates[i] += bias_hh[i];
  }
  add_product(weights[SVARI_POLICY_WEIGHT_HH], hidden, gates);
  for (size_t i = 0; i < count; i++) {
    float input = sigmoid(gates[i]), forget = sigmoid(gates[count + i]);
    float candidate = tanhf(gates[2 * count + i]), output = sigmoid(gates[3 * count + i]);
    cell[i] = forget * cell[i] + input * candidate;
    hidden[i] = output * tanhf(cell[i]);
  }
}

static svar_ret_t
host_step(svari_policy_network_t *self, const DLTensor *const weights[], const float *observation,
          float *out_action)
{
  host_network_t *network = (host_network_t *)self;
  memory_step(network, weights, observation);
  float *actor = network->actor;
  linear(weights[SVARI_POLICY_ACTOR_0_WEIGHT], weights[SVARI_POLICY_ACTOR_0_BIAS], network->hidden,
         actor);
  for (int32_t i = 0; i < self->sizes.actor; i++) {
    actor[i] = actor[i] > 0.0f ? actor[i] : expm1f(actor[i]); // ELU
  }
  linear(weights[SVARI_POLICY_ACTOR_2_WEIGHT], weights[SVARI_POLICY_ACTOR_2_BIAS], actor,
         out_action);
  return SVAR_OK;
}

// --- life ------------------------------------------------------------------------------------------

static svar_ret_t
host_reset(svari_policy_network_t *self)
{
  host_network_t *network = (host_network_t *)self;
  memset(network->hidden, 0, (size_t)self->sizes.hidden * sizeof(*network->hidden));
  memset(network->cell, 0, (size_t)self->sizes.hidden * sizeof(*network->cell));
  return SVAR_OK;
}

static void
host_destroy(svari_policy_network_t *self)
{
  free(self);
}

static const svari_policy_network_ops_t host_ops = {
    .check_finite = host_check_finite,
    .reset = host_reset,
    .step = host_step,
    .destroy = host_destroy,
};

svar_ret_t
svari_policy_network_on_host(const svari_policy_sizes_t *sizes, DLDevice device,
                             svari_policy_network_t **out_network)
{
  size_t hidden = (size_t)sizes->hidden, actor = (size_t)sizes->actor;
  // hidden, cell and four gates, then the layer between: each of at most 2^24 numbers.
  size_t count = (2 + SVARI_POLICY_GATES) * hidden + actor;
  host_network_t *network = calloc(1, sizeof(*network) + count * sizeof(float));
  if (network == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a policy network of %d hidden units",
                     (int)sizes->hidden);
  }
  network->base = (svari_policy_network_t){&host_ops, *sizes, device};
  network->hidden = network->memory;
  network->cell = network->hidden + hidden;
  network->gates = network->cell + hidden;
  network->actor = network->gates + SVARI_POLICY_GATES * hidden;
  *out_network = &network->base;
  return SVAR_OK;
}
