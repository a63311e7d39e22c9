// Releases that come when work on a GPU is over: the driver calls a function of ours then, in a thread of its own,
// which may not call the driver but may well end a pin: that is one store to memory.
//
// Why not look at events when this process reads the next time, which would need no other thread: a reader that waits
// for a newer version would keep the room that the newer version needs, and both would wait.
//
// Who takes the pin out of a release ends its use: the driver's thread, or, once the device has failed and calls
// nothing any more, whoever finds that out.
#include "shared_variable/gpu.h"

#include "store/store_impl.h"

// One pin. They are used again, and freed with the handle's end: nobody knows before that the driver is done with one.
typedef struct svari_release {
  struct svari_release *next;
  int32_t gpu;                // that the work is on
  _Atomic(svari_pin_t *) pin; // NULL: of no use now
} svari_release_t;

// In a thread of the driver's, too. The exchange's release: whoever uses this again comes after it.
static void
end_use(void *context)
{
  svari_release_t *release = context;
  svari_pin_t *pin = atomic_exchange_explicit(&release->pin, NULL, memory_order_acq_rel);
  if (pin != NULL) {
    svari_unpin(pin);
  }
}

// --- the list ----------------------------------------------------------------------------------------

static svar_ret_t
add_locked(svar_store_t *store, svari_release_t **out_release)
{
  svari_release_t *release = store->allocator.allocate(sizeof(*release), _Alignof(svari_release_t),
                                                       store->allocator.state);
  if (release == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY,
                     "no memory to release a value of store '%s' when work on a GPU is over",
                     store->name);
  }
  *release = (svari_release_t){.next = store->releases};
  store->releases = release;
  *out_release = release;
  return SVAR_OK;
}

static svar_ret_t
take_locked(svar_store_t *store, int32_t gpu, svari_pin_t *pin, svari_release_t **out_release)
{
  svari_release_t *release = store->releases;
  while (release != NULL && atomic_load_explicit(&release->pin, memory_order_acquire) != NULL) {
    release = release->next;
  }
  if (release == NULL) {
    SVAR_TRY(add_locked(store, &release));
  }
  release->gpu = gpu;
  atomic_store_explicit(&release->pin, pin, memory_order_release);
  *out_release = release;
  return SVAR_OK;
}

// The GPU reads nothing any more, of whichever holder's memory there, and calls nobody.
static void
end_lost_locked(svar_store_t *store, int32_t gpu)
{
  for (svari_release_t *release = store->releases; release != NULL; release = release->next) {
    if (release->gpu == gpu) {
      end_use(release);
    }
  }
}

static void
settle(svar_store_t *store)
{
  for (svari_device_region_t *device = svari_store_devices(store); device != NULL;
       device = device->next) {
    device->ops->settle(device);
    pthread_mutex_lock(&store->release_lock);
    end_lost_locked(store, device->device.device_id); // what is left now, if any
    pthread_mutex_unlock(&store->release_lock);
  }
}

// A child of a fork has nothing to wait for: it frees its own copy.
void
svari_releases_end(svar_store_t *store)
{
  if (atomic_load(&store->state) != SVARI_STORE_FORKED) {
    settle(store);
  }
  svari_release_t *next;
  for (svari_release_t *release = store->releases; release != NULL; release = next) {
    next = release->next;
    store->allocator.deallocate(release, store->allocator.state);
  }
  store->releases = NULL;
}

// --- the calls ---------------------------------------------------------------------------------------

// Until it is enqueued, the pin may be the caller's again: whoever ends what is lost must not find it.
static svar_ret_t
enqueue_locked(svar_store_t *store, svari_device_region_t *device, svari_pin_t *pin, void *stream)
{
  svari_release_t *release;
  SVAR_TRY(take_locked(store, device->device.device_id, pin, &release));
  svar_ret_t ret = device->ops->call_after(device, stream, end_use, release);
  if (ret != SVAR_OK) {
    atomic_store_explicit(&release->pin, NULL, memory_order_release); // the caller's again
    if (device->ops->is_lost(device)) {
      end_lost_locked(store, device->device.device_id);
    }
  }
  return ret;
}

static svar_ret_t
release_after(svar_store_t *store, svari_pin_t *pin, int32_t gpu, void *stream)
{
  SVAR_TRY(svari_store_check(store));
  svari_device_region_t *device = svari_store_device_find(store, gpu);
  if (device == NULL) {
    return svar_fail(SVAR_ERR_CONTEXT,
                     "store '%s' has no variable on GPU %d in this process, so nothing there can "
                     "read its values: give the number of the GPU that its views name",
                     store->name, gpu);
  }
  pthread_mutex_lock(&store->release_lock);
  svar_ret_t ret = enqueue_locked(store, device, pin, stream);
  pthread_mutex_unlock(&store->release_lock);
  return ret;
}

svar_ret_t
svar_value_release_after(svar_value_t *view, void *stream)
{
  SVAR_REQUIRE(view != NULL);
  svari_pin_t *pin = view->internal.pin;
  if (pin == NULL) {
    return view->tensor.data == NULL
               ? SVAR_OK
               : svar_fail(SVAR_ERR_ARGUMENT,
                           "the value has no pin of its own: a view of a snapshot ends with that "
                           "(svar_snapshot_end_after()), and copies are the caller's");
  }
  if (view->tensor.device.device_type != kDLCUDA) {
    return svar_fail(SVAR_ERR_TYPE,
                     "the view is of host memory: what a GPU reads there is released "
                     "with a snapshot (svar_snapshot_end_after())");
  }
  svar_store_t *store = svari_store_of_pin(pin);
  if (store == NULL) {
    return svar_fail(SVAR_ERR_STATE, "the view's store has been closed");
  }
  SVAR_TRY(release_after(store, pin, view->tensor.device.device_id, stream));
  view->internal.pin = NULL; // the work's now
  svar_value_release(view);
  return SVAR_OK;
}

svar_ret_t
svar_snapshot_end_after(svar_snapshot_t *snapshot, int32_t gpu, void *stream)
{
  if (snapshot != NULL && snapshot->pin != NULL) {
    SVAR_TRY(release_after(snapshot->store, snapshot->pin, gpu, stream));
    snapshot->pin = NULL; // the work's now
  }
  svar_snapshot_end(snapshot);
  return SVAR_OK;
}
