#include "policy_network.h"

#include <stdio.h>

#include "policy_network_impl.h"

const char *const svari_policy_weight_names[SVARI_POLICY_WEIGHT_COUNT] = {
    [SVARI_POLICY_WEIGHT_HH] = "memory.weight_hh_l0",
    [SVARI_POLICY_WEIGHT_IH] = "memory.weight_ih_l0",
    [SVARI_POLICY_BIAS_IH] = "memory.bias_ih_l0",
    [SVARI_POLICY_BIAS_HH] = "memory.bias_hh_l0",
    [SVARI_POLICY_ACTOR_0_WEIGHT] = "actor.0.weight",
    [SVARI_POLICY_ACTOR_0_BIAS] = "actor.0.bias",
    [SVARI_POLICY_ACTOR_2_WEIGHT] = "actor.2.weight",
    [SVARI_POLICY_ACTOR_2_BIAS] = "actor.2.bias",
};

// What an extent has to be. Read from the last axis to the first and in the order of the weights, the
// first use of HIDDEN, OBSERVATION, ACTOR and ACTION defines it, and every other use is checked.
typedef enum extent { HIDDEN, OBSERVATION, ACTOR, ACTION, SIZE_COUNT, FOUR_HIDDEN } extent_t;
enum { RANK_MAX = 2, SIZE_MAX_ELEMENTS = 1 << 24 };

static const struct {
  int32_t ndim;
  extent_t shape[RANK_MAX];
} forms[SVARI_POLICY_WEIGHT_COUNT] = {
    [SVARI_POLICY_WEIGHT_HH] = {2, {FOUR_HIDDEN, HIDDEN}},
    [SVARI_POLICY_WEIGHT_IH] = {2, {FOUR_HIDDEN, OBSERVATION}},
    [SVARI_POLICY_BIAS_IH] = {1, {FOUR_HIDDEN}},
    [SVARI_POLICY_BIAS_HH] = {1, {FOUR_HIDDEN}},
    [SVARI_POLICY_ACTOR_0_WEIGHT] = {2, {ACTOR, HIDDEN}},
    [SVARI_POLICY_ACTOR_0_BIAS] = {1, {ACTOR}},
    [SVARI_POLICY_ACTOR_2_WEIGHT] = {2, {ACTION, ACTOR}},
    [SVARI_POLICY_ACTOR_2_BIAS] = {1, {ACTION}},
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
  int64_t wanted = extent == FOUR_HIDDEN ? SVARI_POLICY_GATES * sizes[HIDDEN] : sizes[extent];
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

// --- where it runs ---------------------------------------------------------------------------------

static const struct {
  DLDeviceType device;
  svar_ret_t (*create)(const svari_policy_sizes_t *sizes, DLDevice device,
                       svari_policy_network_t **out_network);
} kinds[] = {
    {kDLCPU, svari_policy_network_on_host},
    {kDLCUDA, svari_policy_network_on_gpu},
};

svar_ret_t
svari_policy_network_create(const svari_policy_sizes_t *sizes, DLDevice device,
                            svari_policy_network_t **out_network)
{
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (kinds[i].device == device.device_type) {
      return kinds[i].create(sizes, device, out_network);
    }
  }
  return svar_fail(SVAR_ERR_NOT_IMPLEMENTED, "policies run on the host or on a GPU, not on a %d",
                   (int)device.device_type);
}

void
svari_policy_network_destroy(svari_policy_network_t *network)
{
  if (network != NULL) {
    network->ops->destroy(network);
  }
}

const svari_policy_sizes_t *
svari_policy_network_sizes(const svari_policy_network_t *network)
{
  return &network->sizes;
}

svar_ret_t
svari_policy_network_reset(svari_policy_network_t *network)
{
  return network->ops->reset(network);
}

svar_ret_t
svari_policy_network_step(svari_policy_network_t *network,
                          const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT],
                          const float *observation, float *out_action)
{
  return network->ops->step(network, weights, observation, out_action);
}

// --- whether weights fit ---------------------------------------------------------------------------

static const char *
place_text(DLDevice device, char text[16])
{
  if (device.device_type != kDLCUDA) {
    return "in host memory";
  }
  snprintf(text, 16, "on GPU %d", (int)device.device_id);
  return text;
}

static svar_ret_t
check_place(const svari_policy_network_t *network, int weight, const DLTensor *tensor)
{
  char found[16], wanted[16];
  return tensor->device.device_type == network->device.device_type &&
                 tensor->device.device_id == network->device.device_id
             ? SVAR_OK
             : svar_fail(SVAR_ERR_TYPE,
                         "'%s' lies %s, but the policy runs on weights %s: give both sides the "
                         "same 'backing' and 'gpu'",
                         svari_policy_weight_names[weight], place_text(tensor->device, found),
                         place_text(network->device, wanted));
}

static svar_ret_t
check_sizes(const svari_policy_sizes_t *found, const svari_policy_sizes_t *sizes)
{
  if (found->hidden == sizes->hidden && found->observation == sizes->observation &&
      found->actor == sizes->actor && found->action == sizes->action) {
    return SVAR_OK;
  }
  return svar_fail(
      SVAR_ERR_TYPE,
      "the weights make a network of sizes %d, %d, %d, %d, but the one that runs has %d, %d, "
      "%d, %d (observation, hidden, actor, action); restart the policy to use them",
      (int)found->observation, (int)found->hidden, (int)found->actor, (int)found->action,
      (int)sizes->observation, (int)sizes->hidden, (int)sizes->actor, (int)sizes->action);
}

svar_ret_t
svari_policy_network_check(svari_policy_network_t *network,
                           const DLTensor *const weights[SVARI_POLICY_WEIGHT_COUNT])
{
  svari_policy_sizes_t found;
  for (int weight = 0; weight < SVARI_POLICY_WEIGHT_COUNT; weight++) {
    SVAR_TRY(check_place(network, weight, weights[weight]));
  }
  SVAR_TRY(svari_policy_sizes_of(weights, &found));
  SVAR_TRY(check_sizes(&found, &network->sizes));
  return network->ops->check_finite(network, weights);
}
