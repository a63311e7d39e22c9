#include "shared_variable/snapshot.h"

#include "store/device_attach.h"
#include "store/device_view.h"
#include "store/slot.h"

static __attribute__((noinline)) svar_ret_t
begin_fenced(svar_store_t *store, svar_snapshot_t *out_snapshot)
{
  uint64_t version;
  svari_pin_t *pin;
  SVAR_TRY(svari_pin_fenced(store, &version, &pin));
  *out_snapshot = (svar_snapshot_t){store, version, pin};
  return SVAR_OK;
}

svar_ret_t
svar_snapshot_begin(svar_store_t *store, svar_snapshot_t *out_snapshot)
{
  SVAR_REQUIRE(store != NULL && out_snapshot != NULL);
  uint64_t version;
  svari_pin_t *pin;
  if (__builtin_expect(svari_pin_resume(store, &version, &pin), 1)) {
    *out_snapshot = (svar_snapshot_t){store, version, pin};
    return SVAR_OK;
  }
  return begin_fenced(store, out_snapshot);
}

static __attribute__((noinline)) svar_ret_t
get_slowly(const svar_snapshot_t *snapshot, svar_variable_t *variable, svar_value_t *out_view)
{
  SVAR_TRY(svari_store_check(snapshot->store));
  svari_store_container_t *container = svari_store_container_of(snapshot->store, variable);
  if (container == NULL && svar_variable_store(variable) == snapshot->store) {
    return svar_fail(SVAR_ERR_TYPE,
                     "the variable is no tensor: svar_snapshot_get_sparse() views a sparse matrix");
  }
  if (container == NULL) {
    return svar_fail(SVAR_ERR_ARGUMENT,
                     "the variable is of another handle than the snapshot, which is of one of "
                     "store '%s': svar_store_find() with that handle gives it",
                     snapshot->store->name);
  }
  if (svari_store_container_is_on_device(container)) {
    svari_device_tidy(snapshot->store);
    if (svari_device_view(container, snapshot->version, out_view)) {
      return SVAR_OK;
    }
  }
  return svari_view_search(container, snapshot->version, out_view);
}

svar_ret_t
svar_snapshot_get(const svar_snapshot_t *snapshot, svar_variable_t *variable,
                  svar_value_t *out_view)
{
  SVAR_REQUIRE(snapshot != NULL && snapshot->store != NULL && variable != NULL && out_view != NULL);
  const svari_store_container_t *container = svari_store_container_here(snapshot->store, variable);
  out_view->internal.pin = NULL; // the snapshot's holds it
  if (__builtin_expect(container != NULL && svari_store_is_open(snapshot->store) &&
                           svari_view(container, snapshot->version, out_view),
                       1)) {
    return SVAR_OK;
  }
  return get_slowly(snapshot, variable, out_view);
}

svar_ret_t
svar_snapshot_describe(const svar_snapshot_t *snapshot, svar_variable_t *variable,
                       svar_value_t *out_description)
{
  SVAR_REQUIRE(snapshot != NULL && snapshot->store != NULL && variable != NULL &&
               out_description != NULL);
  const svari_store_container_t *container = svari_store_container_of(snapshot->store, variable);
  if (container == NULL || !svari_store_container_is_on_device(container)) {
    return svar_snapshot_get(snapshot, variable, out_description);
  }
  out_description->internal.pin = NULL;
  SVAR_TRY(svari_store_check(snapshot->store));
  return svari_device_describe(container, snapshot->version, out_description);
}

svar_ret_t
svar_snapshot_copy(const svar_snapshot_t *snapshot, svar_variable_t *variable,
                   svar_value_t *out_value)
{
  SVAR_REQUIRE(out_value != NULL);
  svar_value_t view;
  SVAR_TRY(svar_snapshot_get(snapshot, variable, &view));
  return svari_container_copy_view(variable->container, &view, out_value);
}

void
svar_snapshot_end(svar_snapshot_t *snapshot)
{
  if (snapshot == NULL) {
    return;
  }
  if (snapshot->pin != NULL) {
    svari_unpin(snapshot->pin);
  }
  *snapshot = (svar_snapshot_t){0};
}
