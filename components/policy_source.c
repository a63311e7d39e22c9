#include "policy_source.h"

svar_ret_t
svari_policy_source_init(svar_store_t *store, svari_policy_source_t *out_source)
{
  svari_policy_source_t source = {.store = store};
  for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
    svar_ret_t ret = svar_store_find(store, svari_policy_weight_names[i], &source.variables[i]);
    if (ret != SVAR_OK) {
      svar_fail_context("'%s' does not hold a policy network", svar_store_name(store));
      svari_policy_source_fini(&source);
      return ret;
    }
  }
  *out_source = source;
  return SVAR_OK;
}

void
svari_policy_source_fini(svari_policy_source_t *source)
{
  for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
    svar_variable_unref(source->variables[i]);
  }
  svar_store_close(source->store);
  *source = (svari_policy_source_t){0};
}

svar_ret_t
svari_policy_source_view(const svari_policy_source_t *source, const svar_snapshot_t *snapshot,
                         svar_value_t *out_views)
{
  for (int i = 0; i < SVARI_POLICY_WEIGHT_COUNT; i++) {
    SVAR_TRY(svar_snapshot_get(snapshot, source->variables[i], &out_views[i]));
  }
  return SVAR_OK;
}
