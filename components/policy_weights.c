#include "policy_weights.h"

// Passes on a failure with the version that it is about.
static svar_ret_t
with_version(svar_ret_t ret, const svari_policy_source_t *source,
             const svari_policy_version_t *version)
{
  if (ret != SVAR_OK) {
    svar_fail_context("version %llu of '%s'", (unsigned long long)version->snapshot.version,
                      svar_store_name(source->store));
  }
  return ret;
}

// A version whose weights could not be viewed is pinned all the same.
static svar_ret_t
pin(const svari_policy_source_t *source, svari_policy_version_t *version)
{
  SVAR_TRY(svar_snapshot_begin(source->store, &version->snapshot));
  for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
    version->tensors[i] = &version->views[i].tensor;
  }
  return with_version(svari_policy_source_view(source, &version->snapshot, version->views), source,
                      version);
}

static svar_ret_t
check(const svari_policy_source_t *source, const svari_policy_version_t *version,
      svari_policy_network_t *network)
{
  return with_version(svari_policy_network_check(network, version->tensors), source, version);
}

svar_ret_t
svari_policy_weights_open(svar_store_t *store, svari_policy_weights_t *out_weights)
{
  svari_policy_weights_t weights = {0};
  SVAR_TRY(svari_policy_source_init(store, &weights.source));
  *out_weights = weights; // views point into themselves
  svar_ret_t ret = pin(&out_weights->source, &out_weights->versions[0]);
  if (ret != SVAR_OK) {
    svari_policy_weights_close(out_weights);
  }
  return ret;
}

void
svari_policy_weights_close(svari_policy_weights_t *weights)
{
  svar_snapshot_end(&weights->versions[weights->good].snapshot);
  svari_policy_source_fini(&weights->source);
  *weights = (svari_policy_weights_t){0};
}

const DLTensor *const *
svari_policy_weights_tensors(const svari_policy_weights_t *weights)
{
  return weights->versions[weights->good].tensors;
}

uint64_t
svari_policy_weights_version(const svari_policy_weights_t *weights)
{
  return weights->versions[weights->good].snapshot.version;
}

svar_ret_t
svari_policy_weights_check(const svari_policy_weights_t *weights, svari_policy_network_t *network)
{
  return check(&weights->source, &weights->versions[weights->good], network);
}

// Pins the source's newest version in the place of what there is, if the network takes it; out_refused: else.
static svar_ret_t
take(svari_policy_weights_t *weights, const svari_policy_source_t *source,
     svari_policy_network_t *network, uint64_t *out_refused)
{
  svari_policy_version_t *next = &weights->versions[1 - weights->good];
  svar_ret_t ret = pin(source, next);
  if (ret == SVAR_OK) {
    ret = check(source, next, network);
  }
  if (ret != SVAR_OK) {
    *out_refused = next->snapshot.version;
    svar_snapshot_end(&next->snapshot);
    return ret;
  }
  svar_snapshot_end(&weights->versions[weights->good].snapshot);
  weights->good = 1 - weights->good;
  return SVAR_OK;
}

svar_ret_t
svari_policy_weights_renew(svari_policy_weights_t *weights, svari_policy_network_t *network)
{
  uint64_t newest = svar_store_version(weights->source.store);
  return newest == svari_policy_weights_version(weights) || newest == weights->refused
             ? SVAR_OK
             : take(weights, &weights->source, network, &weights->refused);
}

svar_ret_t
svari_policy_weights_move(svari_policy_weights_t *weights, svar_store_t *store,
                          svari_policy_network_t *network)
{
  uint64_t refused;
  svari_policy_source_t source, unused;
  SVAR_TRY(svari_policy_source_init(store, &source));
  svar_ret_t ret = take(weights, &source, network, &refused);
  unused = ret == SVAR_OK ? weights->source : source;
  svari_policy_source_fini(&unused);
  if (ret == SVAR_OK) {
    weights->source = source;
    weights->refused = 0;
  }
  return ret;
}

bool
svari_policy_weights_are_refused(svar_ret_t ret)
{
  switch (ret) {
  case SVAR_ERR_TYPE:
  case SVAR_ERR_VALUE:
  case SVAR_ERR_UNSET:
  case SVAR_ERR_SYSTEM: // a holder that does not hand its memory on a GPU out
  case SVAR_ERR_NO_SPACE:
  case SVAR_ERR_NO_MEMORY:
    return true;
  default:
    return false;
  }
}
