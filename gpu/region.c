// The device region of a store: chunks of device memory, mapped one behind the other into one range of addresses,
// and the stream that the store's own work is enqueued on.
//
// Chunks are only ever added. Giving memory back would make the driver wait for the device, and a process that has
// a chunk mapped would not see it replaced. So the region keeps the most that its store ever needed.
#include "store/device_region.h"

#include <assert.h>
#include <string.h>

#include "gpu/host_pages.h"
#include "gpu/kernels.h"
#include "gpu/lanes.h"
#include "gpu/memory.h"
#include "gpu/stream.h"
#include "store/array.h"

// Each driver call for new memory takes long, and each chunk one descriptor of who shares it.
static const uint64_t GROWTH_BYTES = UINT64_C(16) << 20;

// What the regions that a handle has on one GPU have in common: those of one holder after the other.
typedef struct engine {
  _Atomic uint32_t reference_count;
  svar_allocator_t allocator;
  svari_device_t *device;
  svari_stream_t stream;
  svari_lanes_t lanes;
} engine_t;

typedef struct region {
  svari_device_region_t base;
  svari_grain_t grain;
  svar_allocator_t allocator;
  engine_t *engine;
  svari_memory_t **chunks;
  size_t chunk_count, chunk_room;
} region_t;

static svari_cu_address_t
base_address(const region_t *region)
{
  return (svari_cu_address_t)(uintptr_t)region->base.space.read_base;
}

// --- the space -------------------------------------------------------------------------------------------

// One more chunk, at the end: new memory, or (fd >= 0) the holder's, to be read.
static svar_ret_t
grow(region_t *region, int fd, uint64_t size_bytes)
{
  svari_space_t *space = &region->base.space;
  uint64_t known_bytes = svari_space_known_bytes(space);
  svari_cu_address_t address = base_address(region) + known_bytes;
  SVAR_TRY(svari_array_reserve((void **)&region->chunks, &region->chunk_room,
                               region->chunk_count + 1, sizeof(svari_memory_t *),
                               &region->allocator));
  svari_memory_t **chunk = &region->chunks[region->chunk_count];
  SVAR_TRY(fd < 0 ? svari_memory_create_at(region->engine->device, address, size_bytes, chunk)
                  : svari_memory_import_at(region->engine->device, fd, address, size_bytes, chunk));
  region->chunk_count++;
  atomic_store_explicit(&space->known_bytes, known_bytes + size_bytes, memory_order_release);
  return SVAR_OK;
}

// What the heap asks for begins where the last chunk ends: it never discards.
static svar_ret_t
region_commit(svari_space_t *space, uint64_t offset, uint64_t size_bytes)
{
  (void)offset;
  assert(offset == svari_space_known_bytes(space));
  return grow((region_t *)space, -1, size_bytes);
}

static uint64_t
region_extent_bytes(svari_space_t *space)
{
  return svari_space_known_bytes(space);
}

static const svari_space_ops_t space_ops = {
    .commit = region_commit,
    .extent_bytes = region_extent_bytes,
};

// --- work ------------------------------------------------------------------------------------------------

static const svari_stream_t *
stream_of(const svari_device_region_t *self)
{
  return &((const region_t *)self)->engine->stream;
}

static svar_ret_t
region_copy_in(svari_device_region_t *self, uint64_t to, const void *from, uint64_t size_bytes)
{
  return svari_stream_to_device(stream_of(self), to, from, size_bytes);
}

static svar_ret_t
region_copy_out(svari_device_region_t *self, void *to, uint64_t from, uint64_t size_bytes)
{
  return svari_stream_to_host(stream_of(self), to, from, size_bytes);
}

static svar_ret_t
region_copy(svari_device_region_t *self, uint64_t to, uint64_t from, uint64_t size_bytes)
{
  return svari_stream_within_device(stream_of(self), to, from, size_bytes);
}

static svar_ret_t
region_zero(svari_device_region_t *self, uint64_t to, uint64_t size_bytes)
{
  return svari_stream_zero(stream_of(self), to, size_bytes);
}

static svar_ret_t
region_convert(svari_device_region_t *self, uint64_t to, svar_dtype_t to_dtype, uint64_t from,
               svar_dtype_t from_dtype, uint64_t count)
{
  return svari_kernels_convert(stream_of(self), from_dtype, from, to_dtype, to, count);
}

static svar_ret_t
region_pack(svari_device_region_t *self, uint64_t to, const svari_layout_t *from)
{
  static_assert(SVARI_KERNEL_DIMENSIONS >= SVAR_NDIM_MAX, "kernels take arrays of any rank");
  svari_kernel_view_t view = {.ndim = from->ndim};
  for (int32_t axis = 0; axis < from->ndim; axis++) {
    view.shape[axis] = from->shape[axis];
    view.strides[axis] = from->stride_bytes[axis] / (int64_t)from->element_bytes;
  }
  return svari_kernels_pack(stream_of(self), from->element_bytes, &view,
                            (svari_cu_address_t)(uintptr_t)from->data, to);
}

// --- other processes -------------------------------------------------------------------------------------

static svar_ret_t
region_share(svari_device_region_t *self, uint64_t offset, int *out_fd, uint64_t *out_bytes)
{
  const region_t *region = (const region_t *)self;
  uint64_t begin = 0;
  for (size_t i = 0; i < region->chunk_count && begin <= offset; i++) {
    if (begin == offset) {
      *out_bytes = region->chunks[i]->total_bytes;
      return svari_memory_export(region->chunks[i], out_fd);
    }
    begin += region->chunks[i]->total_bytes;
  }
  return svar_fail(SVAR_ERR_INDEX, "no device memory begins at byte %llu",
                   (unsigned long long)offset);
}

static svar_ret_t
region_extend(svari_device_region_t *self, int fd, uint64_t size_bytes)
{
  region_t *region = (region_t *)self;
  const svari_space_t *space = &self->space;
  if (size_bytes == 0 || size_bytes % region->engine->device->granularity_bytes != 0 ||
      size_bytes > space->capacity_bytes - svari_space_known_bytes(space)) {
    return svar_fail(SVAR_ERR_CORRUPT, "the holder hands out device memory of %llu bytes",
                     (unsigned long long)size_bytes);
  }
  return grow(region, fd, size_bytes);
}

static void
region_empty(svari_device_region_t *self)
{
  region_t *region = (region_t *)self;
  while (region->chunk_count > 0) {
    svari_memory_destroy(region->chunks[--region->chunk_count]);
  }
  if (self->space.capacity_bytes > 0) {
    svari_addresses_free(region->engine->device, base_address(region), self->space.capacity_bytes);
  }
  atomic_store_explicit(&self->space.known_bytes, 0, memory_order_relaxed);
  self->space.capacity_bytes = 0; // nothing is mapped there any more
}

// --- order -----------------------------------------------------------------------------------------------

static svar_ret_t
region_follow(svari_device_region_t *self, void *stream)
{
  return svari_stream_follow(stream_of(self), stream);
}

static svar_ret_t
region_wait(svari_device_region_t *self)
{
  return svari_stream_synchronize(stream_of(self));
}

static svar_ret_t
region_know(svari_device_region_t *self, void *start, uint64_t size_bytes)
{
  return svari_host_pages_register(((region_t *)self)->engine->device, start, size_bytes);
}

static void
region_forget(svari_device_region_t *self, void *start)
{
  svari_host_pages_unregister(((region_t *)self)->engine->device, start);
}

static svar_ret_t
region_call_after(svari_device_region_t *self, void *stream, void (*function)(void *context),
                  void *context)
{
  return svari_lanes_call(&((region_t *)self)->engine->lanes, stream, function, context);
}

static void
region_settle(svari_device_region_t *self)
{
  svari_lanes_settle(&((region_t *)self)->engine->lanes);
}

static bool
region_is_lost(svari_device_region_t *self)
{
  return svari_stream_is_lost(stream_of(self));
}

// --- life ------------------------------------------------------------------------------------------------

// Copes with half-built ones.
static void
engine_unref(engine_t *engine)
{
  if (atomic_fetch_sub(&engine->reference_count, 1) == 1) {
    svar_allocator_t allocator = engine->allocator;
    svari_lanes_fini(&engine->lanes);
    svari_stream_fini(&engine->stream);
    svari_device_close(engine->device);
    allocator.deallocate(engine, allocator.state);
  }
}

static svar_ret_t
engine_set_up(engine_t *engine, int32_t ordinal)
{
  SVAR_TRY(svari_device_open(ordinal, &engine->allocator, &engine->device));
  svari_lanes_init(&engine->lanes, engine->device);
  return svari_stream_init(&engine->stream, engine->device);
}

static svar_ret_t
engine_create(int32_t ordinal, const svar_allocator_t *allocator, engine_t **out_engine)
{
  engine_t *engine = allocator->allocate(sizeof(*engine), _Alignof(engine_t), allocator->state);
  if (engine == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a store's use of GPU %d", ordinal);
  }
  *engine = (engine_t){.reference_count = 1, .allocator = *allocator};
  svar_ret_t ret = engine_set_up(engine, ordinal);
  if (ret != SVAR_OK) {
    engine_unref(engine);
    return ret;
  }
  *out_engine = engine;
  return SVAR_OK;
}

static void
region_destroy(svari_device_region_t *self)
{
  region_t *region = (region_t *)self;
  svar_allocator_t allocator = region->allocator;
  svari_lanes_settle(&region->engine->lanes);
  svari_stream_settle(&region->engine->stream);
  region_empty(self);
  engine_unref(region->engine);
  allocator.deallocate(region->chunks, allocator.state);
  allocator.deallocate(region, allocator.state);
}

static const svari_device_region_ops_t region_ops = {
    .copy_in = region_copy_in,
    .copy_out = region_copy_out,
    .copy = region_copy,
    .zero = region_zero,
    .convert = region_convert,
    .pack = region_pack,
    .follow = region_follow,
    .wait = region_wait,
    .know = region_know,
    .forget = region_forget,
    .call_after = region_call_after,
    .settle = region_settle,
    .is_lost = region_is_lost,
    .share = region_share,
    .extend = region_extend,
    .empty = region_empty,
    .destroy = region_destroy,
};

static svar_ret_t
reserve(region_t *region, uint64_t capacity_bytes)
{
  svari_space_t *space = &region->base.space;
  uint64_t step = region->engine->device->granularity_bytes;
  uint64_t capacity = (capacity_bytes + step - 1) & ~(step - 1);
  svari_cu_address_t address;
  SVAR_TRY(svari_addresses_reserve(region->engine->device, capacity, &address));
  space->read_base = (const uint8_t *)(uintptr_t)address;
  space->capacity_bytes = capacity;
  region->grain = (svari_grain_t){
      .alignment = SVARI_SLOT_ALIGNMENT_BYTES,
      .step_bytes = step,
      .growth_bytes = step > GROWTH_BYTES ? step : GROWTH_BYTES,
  };
  space->grain = &region->grain;
  return SVAR_OK;
}

// engine: moved on success.
static svar_ret_t
region_new(engine_t *engine, uint64_t capacity_bytes, svari_device_region_t **out_region)
{
  const svar_allocator_t *allocator = &engine->allocator;
  const svari_device_t *device = engine->device;
  region_t *region = allocator->allocate(sizeof(*region), _Alignof(region_t), allocator->state);
  if (region == NULL) {
    return svar_fail(SVAR_ERR_NO_MEMORY, "no memory for a store's part on GPU %d", device->ordinal);
  }
  *region = (region_t){.base = {.space = {.ops = &space_ops},
                                .ops = &region_ops,
                                .device = {kDLCUDA, device->ordinal}},
                       .allocator = *allocator,
                       .engine = engine};
  memcpy(region->base.uuid, &device->uuid, sizeof(region->base.uuid));
  svar_ret_t ret = reserve(region, capacity_bytes);
  if (ret != SVAR_OK) {
    allocator->deallocate(region, allocator->state);
    return ret;
  }
  *out_region = &region->base;
  return SVAR_OK;
}

// Whatever came of it, the reference is not the caller's any more.
static svar_ret_t
region_of(engine_t *engine, uint64_t capacity_bytes, svari_device_region_t **out_region)
{
  svar_ret_t ret = region_new(engine, capacity_bytes, out_region);
  if (ret != SVAR_OK) {
    engine_unref(engine);
  }
  return ret;
}

static svar_ret_t
region_create(int32_t ordinal, uint64_t capacity_bytes, const svar_allocator_t *allocator,
              svari_device_region_t **out_region)
{
  engine_t *engine = NULL;
  SVAR_TRY(engine_create(ordinal, allocator, &engine));
  return region_of(engine, capacity_bytes, out_region);
}

static svar_ret_t
region_create_after(const svari_device_region_t *self, uint64_t capacity_bytes,
                    svari_device_region_t **out_region)
{
  engine_t *engine = ((const region_t *)self)->engine;
  atomic_fetch_add(&engine->reference_count, 1);
  return region_of(engine, capacity_bytes, out_region);
}

static svar_ret_t
region_find(const uint8_t *uuid, int32_t *out_ordinal)
{
  svari_cu_uuid_t wanted;
  memcpy(&wanted, uuid, sizeof(wanted));
  return svari_device_find(&wanted, out_ordinal);
}

static __attribute__((constructor)) void
offer_source(void)
{
  static const svari_device_source_t source = {
      .find = region_find, .create = region_create, .create_after = region_create_after};
  svari_device_source_set(&source);
}
