#include "policy_network.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  WEIGHT_HH,
  WEIGHT_IH,
  BIAS_IH,
  BIAS_HH,
  ACTOR_0_WEIGHT,
  ACTOR_0_BIAS,
  ACTOR_2_WEIGHT,
  ACTOR_2_BIAS
};

const char *const svari_policy_weight_names[SVARI_POLICY_WEIGHT_COUNT] = {
    [WEIGHT_HH] = "memory.weight_hh_l0", [WEIGHT_IH] = "memory.weight_ih_l0",
    [BIAS_IH] = "memory.bias_ih_l0",     [BIAS_HH] = "memory.bias_hh_l0",
    [ACTOR_0_WEIGHT] = "actor.0.weight", [ACTOR_0_BIAS] = "actor.0.bias",
    [ACTOR_2_WEIGHT] = "actor.2.weight", [ACTOR_2_BIAS] = "actor.2.bias",
};

// What an extent has to be. Read from the last axis to the first and in the order of the weights, the
// first use of HIDDEN, OBSERVATION, ACTOR and ACTION defines it, and every other use is checked.
typedef enum extent { HIDDEN, OBSERVATION, ACTOR, ACTION, SIZE_COUNT, FOUR_HIDDEN } extent_t;
enum { GATE_COUNT = 4, RANK_MAX = 2, SIZE_MAX_ELEMENTS = 1 << 24 };

static const struct {
  int32_t ndim;
  extent_t shape[RANK_MAX];
} forms[SVARI_POLICY_WEIGHT_COUNT] = {
    [WEIGHT_HH] = {2, {FOUR_HIDDEN, HIDDEN}}, [WEIGHT_IH] = {2, {FOUR_HIDDEN, OBSERVATION}},
    [BIAS_IH] = {1, {FOUR_HIDDEN}},           [BIAS_HH] = {1, {FOUR_HIDDEN}},
    [ACTOR_0_WEIGHT] = {2, {ACTOR, HIDDEN}},  [ACTOR_0_BIAS] = {1, {ACTOR}},
    [ACTOR_2_WEIGHT] = {2, {ACTION, ACTOR}},  [ACTOR_2_BIAS] = {1, {ACTION}},
};

static svar_ret_t
check_extent(int weight, const DLTensor *tensor, int32_t axis, int64_t sizes[SIZE_COUNT])
{
  char shape[SVAR_TYPE_TEXT_BYTES];
  const char *name = svari_policy_weight_names[weight];
  int64_t found = tensor->shape[axis];
  extent_t extent = forms[weight].shape[axis];
  if (extent < SIZE_COUNT && sizes[extent] == 0) {
    if (found < 1 || found > SIZE_MAX_ELEMENTS) {
      return svar_fail(SVAR_ERR_TYPE, "'%s' has shape %s; axis %d must be from 1 to %d", name,
                       svar_shape_text(tensor->ndim, tensor->shape, shape, sizeof(shape)),
                       (int)axis, SIZE_MAX_ELEMENTS);
    }
    sizes[extent] = found;
  }
  int64_t wanted = extent == FOUR_HIDDEN ? GATE_COUNT * sizes[HIDDEN] : sizes[extent];
  if (found != wanted) {
    return svar_fail(SVAR_ERR_TYPE,
                     "'%s' has shape %s, but the other weights ask for %lld at axis %d", name,
                     svar_shape_text(tensor->ndim, tensor->shape, shape, sizeof(shape)),
                     (long long)wanted, (int)axis);
  }
  return SVAR_OK;
}

static svar_ret_t
check_weight(int weight, const DLTensor *tensor, int64_t sizes[SIZE_COUNT])
{
  const char *name = svari_policy_weight_names[weight];
  if (!svar_dtype_equal(tensor->dtype, SVAR_FLOAT32)) {
    return svar_fail(SVAR_ERR_TYPE, "'%s' is %s; the policy network runs on float32", name,
                     svar_dtype_name(tensor->dtype));
  }
  if (tensor->ndim != forms[weight].ndim) {
    return svar_fail(SVAR_ERR_TYPE, "'%s' has %d dimensions; the policy network asks for %d", name,
                     (int)tensor->ndim, (int)forms[weight].ndim);
  }
  for (int32_t axis = tensor->ndim - 1; axis >= 0; axis--) {
    SVAR_TRY(check_extent(weight, tensor, axis, sizes));
  }
  return SVAR_OK;
}

svar_ret_t
svari_policy_sizes_of(const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT],
                      svari_policy_sizes_t *out_sizes)
{
  int64_t sizes[SIZE_COUNT] = {0};
  for (int weight = 0; weight < SVARI_POLICY_WEIGHT_COUNT; weight++) {
    SVAR_TRY(check_weight(weight, weights[weight], sizes));
  }
  *out_sizes = (svari_policy_sizes_t){.hidden = (int32_t)sizes[HIDDEN],
                                      .observation = (int32_t)sizes[OBSERVATION],
                                      .actor = (int32_t)sizes[ACTOR],
                                      .action = (int32_t)sizes[ACTION]};
  return SVAR_OK;
}

bool
svari_policy_sizes_equal(const svari_policy_sizes_t *a, const svari_policy_sizes_t *b)
{
  return a->hidden == b->hidden && a->observation == b->observation && a->actor == b->actor &&
         a->action == b->action;
}

svar_ret_t
svari_policy_network_init(const svari_policy_sizes_t *sizes, svari_policy_network_t *out_network)
{
  size_t hidden = (size_t)sizes->hidden, actor = (size_t)sizes->actor;
  // hidden, cell and four gates, then the layer between: each at most SIZE_MAX_ELEMENTS.
  float *memory = calloc((2 + GATE_COUNT) * hidden + actor, sizeof(float));
  if (memory == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a policy network of %d hidden units",
                     (int)sizes->hidden);
  }
  *out_network = (svari_policy_network_t){.sizes = *sizes,
                                          .memory = memory,
                                          .hidden = memory,
                                          .cell = memory + hidden,
                                          .gates = memory + 2 * hidden,
                                          .actor = memory + (2 + GATE_COUNT) * hidden};
  return SVAR_OK;
}

void
svari_policy_network_reset(svari_policy_network_t *network)
{
  memset(network->hidden, 0, (size_t)network->sizes.hidden * sizeof(*network->hidden));
  memset(network->cell, 0, (size_t)network->sizes.hidden * sizeof(*network->cell));
}

void
svari_policy_network_fini(svari_policy_network_t *network)
{
  free(network->memory);
  *network = (svari_policy_network_t){0};
}

static const float *
floats(const DLTensor *tensor)
{
  return (const float *)((const char *)tensor->data + tensor->byte_offset);
}

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
memory_step(svari_policy_network_t *network, const DLTensor *const weights[],
            const float *observation)
{
  size_t count = (size_t)network->sizes.hidden;
  float *gates = network->gates, *hidden = network->hidden, *cell = network->cell;
  linear(weights[WEIGHT_IH], weights[BIAS_IH], observation, gates);
  const float *bias_hh = floats(weights[BIAS_HH]);
  for (size_t i = 0; i < GATE_COUNT * count; i++) {
    gates[i] += bias_hh[i];
  }
  add_product(weights[WEIGHT_HH], hidden, gates);
  for (size_t i = 0; i < count; i++) {
    float input = sigmoid(gates[i]), forget = sigmoid(gates[count + i]);
    float candidate = tanhf(gates[2 * count + i]), output = sigmoid(gates[3 * count + i]);
    cell[i] = forget * cell[i] + input * candidate;
    hidden[i] = output * tanhf(cell[i]);
  }
}

void
svari_policy_network_step(svari_policy_network_t *network,
                          const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT],
                          const float *observation, float *out_action)
{
  memory_step(network, weights, observation);
  float *actor = network->actor;
  linear(weights[ACTOR_0_WEIGHT], weights[ACTOR_0_BIAS], network->hidden, actor);
  for (int32_t i = 0; i < network->sizes.actor; i++) {
    actor[i] = actor[i] > 0.0f ? actor[i] : expm1f(actor[i]); // ELU
  }
  linear(weights[ACTOR_2_WEIGHT], weights[ACTOR_2_BIAS], actor, out_action);
}
